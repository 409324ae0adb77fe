"""The catalogue needs nothing but what is in the package."""

from __future__ import annotations

from ovhcore import schema
from ovhcore.exceptions import SchemaError


def test_the_catalogue_is_there() -> None:
    assert str(schema.catalogue().operation("GET", "/me/bill/FR1").answer) == "billing.Bill"
    assert issubclass(SchemaError, Exception)
