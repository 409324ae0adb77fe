"""Authentication: how requests are signed, where tokens and credentials come from, which time is signed."""

from .schemes import Authentication, BearerAuthentication, KeyAuthentication, as_application, authentication

__all__ = ["Authentication", "BearerAuthentication", "KeyAuthentication", "as_application", "authentication"]
