"""What processes share: what it costs a call, and whether it holds with many processes at once."""
