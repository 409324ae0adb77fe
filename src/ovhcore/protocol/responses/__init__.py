"""Responses, decoded to values, exceptions and statuses."""
