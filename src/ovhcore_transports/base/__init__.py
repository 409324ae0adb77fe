"""The bases of transports: everything but ``send``."""
