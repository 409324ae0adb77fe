"""``ovhcore completion``, and what shells ask for while somebody types: commands, paths, arguments, values."""
