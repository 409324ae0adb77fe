"""What several processes share through a store: limits, tokens and the time, and which calls were made.

Clients get all of it from the setting ``limit_store``; nothing here is a promised name.
"""
