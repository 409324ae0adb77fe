"""A server of the Model Context Protocol: assistants look operations up, read, and write what a user allows.

Needs the extra ``mcp``. Keys stay in the server: no tool takes or returns one.
"""
