"""Who calls: how requests are authenticated, where tokens and credentials come from, which time is signed."""

from .schemes import Authentication, BearerAuthentication, KeyAuthentication, as_application, authentication

__all__ = ["Authentication", "BearerAuthentication", "KeyAuthentication", "as_application", "authentication"]
