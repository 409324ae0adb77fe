"""``ovhcore get``, ``post``, ``put``, ``delete``, ``call`` and ``wait``."""
