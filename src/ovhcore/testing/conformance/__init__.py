"""The conformance kit: one test class that holds a transport to its contract."""

from .kit import TransportConformance

__all__ = ["TransportConformance"]
