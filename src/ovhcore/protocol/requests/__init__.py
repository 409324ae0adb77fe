"""Requests: how they are described, and how their arguments, filters and access rules are written."""
