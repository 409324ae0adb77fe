"""Let processes share limits, tokens, the API's time, and which calls were made, through a store.

Clients get all of it from the setting ``limit_store``; nothing here is a promised name.
"""
