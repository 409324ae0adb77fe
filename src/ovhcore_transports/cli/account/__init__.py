"""``ovhcore login``, ``logout`` and ``whoami``: keys, where they are kept, and what they may do."""
