"""Spellings of secrets that a reader found, one by one."""

from __future__ import annotations

import pytest

from ovhcore.protocol import redact_json, redact_text, redact_url
from ovhcore.protocol.redaction import REDACTED, redactor

SECRET = "Zq7Xw9Kp3Lm5"


@pytest.mark.parametrize("name", ["password[]", "password[0]", "password%5B%5D", "token[a]", "X-Ovh-Consumer"])
def test_names_in_queries(name: str) -> None:
    assert redact_url(f"https://h/?{name}={SECRET}&a=1") == f"https://h/?{name}={REDACTED}&a=1"
    assert SECRET not in redact_text(f"a=1&{name}={SECRET}")


@pytest.mark.parametrize(
    "name",
    ["X-Ovh-Application", "eppCode", "two_factor_code", "codeSMS", "pswd", "securityAnswer", "transferCode"],
)
def test_names_anywhere(name: str) -> None:
    assert redact_json({name: SECRET}) == {name: REDACTED}
    assert SECRET not in redact_text(f"{name}: {SECRET}")


@pytest.mark.parametrize("said", ["PÄSSWÖRD-1234", "pässwörd-1234", "Pässwörd-1234"])
def test_known_values_in_upper_and_lower_case(said: str) -> None:
    assert redactor(["Pässwörd-1234"])(f"not good: {said} İ x") == f"not good: {REDACTED} İ x"
