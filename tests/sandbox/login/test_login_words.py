"""Access rules in words: nothing that is granted is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore_transports.sandbox.login.words import duration, rights

pytestmark = pytest.mark.once

RULES = st.lists(
    st.builds(
        lambda method, path: {"method": method, "path": path},
        st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "get", "BREW"]),
        st.sampled_from(["/*", "/", "/me", "/me/*", "/sms/*", "/cloud/project/*/kube/*", "/a/*/b", "", "*"]),
    ),
    max_size=12,
)


@given(RULES)
def test_every_rule_is_part_of_one_right(rules: list[dict[str, str]]) -> None:
    named = [rule for right in rights(rules) for rule in right.rules]
    assert sorted(named) == sorted({f"{rule['method'].upper()} {rule['path']}" for rule in rules})
    for right in rights(rules):
        methods = {rule.partition(" ")[0] for rule in right.rules}
        assert right.dangerous == (methods != {"GET"} and right.what == "everything in your account")


@pytest.mark.parametrize(
    ("rules", "verbs", "what"),
    [
        ("GET /*", "Read", "everything in your account"),
        ("GET /* POST /* PUT /* DELETE /*", "Read, create, change, run and delete", "everything in your account"),
        ("GET /me", "Read", "/me, and nothing below it"),
        ("DELETE /sms/* PUT /sms/*", "Change and delete", "everything below /sms"),
        ("BREW /tea PATCH /tea GET /tea", "Read, change parts of and BREW", "/tea, and nothing below it"),
        ("GET /a/*/b", "Read", "/a/*/b (where * stands for anything), and nothing below it"),
        ("GET /a/*/b/*", "Read", "everything below /a/*/b (where * stands for anything)"),
    ],
)
def test_words(rules: str, verbs: str, what: str) -> None:
    words = rules.split()
    [right] = rights([{"method": m, "path": p} for m, p in zip(words[::2], words[1::2], strict=True)])
    assert (right.verbs, right.what) == (verbs, what)


def test_durations() -> None:
    assert [duration(seconds) for seconds in (3600, 7200, None)] == [
        "for 1 hour",
        "for 7200 seconds",
        "until you revoke it",
    ]
