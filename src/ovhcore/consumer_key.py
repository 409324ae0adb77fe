"""Where python-ovh has :class:`ConsumerKeyRequest`."""

from .client.consumer_key import ConsumerKeyRequest

__all__ = ["ConsumerKeyRequest"]
