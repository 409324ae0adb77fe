"""``ovhcore demo``, ``sandbox`` and ``cassette``: the API without a network, and what was recorded of it."""
