"""What a sandbox holds: the data that it begins with, and what calls made, changed and deleted, in little room."""
