"""What a transport inherits: everything but ``send``."""
