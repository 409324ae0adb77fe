"""What type checkers and editors know of the clients, where that is more than what runs says."""
