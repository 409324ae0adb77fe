"""``ovhcore mcp``, ``types`` and ``plugins``: what assistants, programs and their authors need."""
