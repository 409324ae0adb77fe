"""Responses: what they say, as values, exceptions and statuses."""
