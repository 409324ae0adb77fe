"""Signatures of the clients' methods for type checkers and editors, more exact than the methods that run."""
