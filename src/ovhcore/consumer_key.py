"""The names of python-ovh's module ``consumer_key``; see :mod:`ovhcore.python_ovh`."""

from .client.consumer_key import API_READ_ONLY, API_READ_WRITE, API_READ_WRITE_SAFE, ConsumerKeyRequest

__all__ = ["API_READ_ONLY", "API_READ_WRITE", "API_READ_WRITE_SAFE", "ConsumerKeyRequest"]
