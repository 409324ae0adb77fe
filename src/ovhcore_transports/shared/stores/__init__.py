"""Stores that processes share: a server or a file, and how a URL names one."""
