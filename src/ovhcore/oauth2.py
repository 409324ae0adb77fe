"""The names of python-ovh's module ``oauth2``; see :mod:`ovhcore.python_ovh`."""

from .python_ovh.oauth2 import OAuth2, OAuth2FailureError

__all__ = ["OAuth2", "OAuth2FailureError"]
