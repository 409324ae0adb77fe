"""What calls made, changed and deleted, held in little room."""
