"""What the API says: pure functions and frozen data, on the standard library alone."""
