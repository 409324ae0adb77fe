"""A miss compares and shows what counts, and in pytest it is what is read first."""

from __future__ import annotations

import pytest

from ovhcore.exceptions import NoRecording
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports.recording import Cassette, Interaction, ReplayTransport
from ovhcore_transports.recording.blocking import Options
from ovhcore_transports.recording.pytest.plugin import _without_ours
from tests.recording.test_pytest_plugin import outcome, run

pytestmark = pytest.mark.once

EU = "https://eu.api.ovh.com/1.0"
CA = "https://ca.api.ovh.com/1.0"


def miss(asked: str, *recorded: str, **options: object) -> str:
    chosen: Options = options  # type: ignore[assignment] # by name
    cassette = Cassette([Interaction.of(Request("GET", url), Response(200)) for url in recorded])
    with pytest.raises(NoRecording) as caught:
        ReplayTransport(cassette, **chosen).send(Request("GET", asked))
    return str(caught.value).partition("Nearest: ")[2]


def test_a_host_that_does_not_count_is_not_shown() -> None:
    assert miss(f"{EU}/me?a=2", f"{CA}/me?a=1") == "GET /1.0/me?a=1 (number 1): query a was 1, is 2"
    assert miss(f"{EU}/me?a=2", f"{EU}/me?a=1") == f"GET {EU}/me?a=1 (number 1): query a was 1, is 2"
    assert miss(f"{EU}/me?a=2", "http://eu.api.ovh.com/1.0/me?a=1").startswith("GET /1.0/me?a=1 (number 1)")
    assert miss(f"{EU}/me", "https://other") == "GET / (number 1): path was , is /1.0/me"


def test_a_host_that_counts_is() -> None:
    for name in ("host", "scheme"):
        found = miss(f"{EU}/me?a=2", "http://ca.api.ovh.com/1.0/me?a=2", match_on=[name, "path"])
        assert found.startswith(f"GET http://ca.api.ovh.com/1.0/me?a=2 (number 1): {name} was ")
        assert "query" not in found


def test_what_does_not_count_does_not_make_it_near() -> None:
    # The second differs in less of what is compared, though its host is a long way off.
    found = miss(f"{EU}/me/bills", f"{EU}/domain/zone", "https://a-long-name.of.another.example/1.0/me/bill")
    assert found == "GET /1.0/me/bill (number 2): path was /1.0/me/bill, is /1.0/me/bills"
    found = miss(
        f"{EU}/me/bills",
        f"{EU}/domain/zone",
        "https://a-long-name.of.another.example/1.0/me/bill",
        match_on=["method", "host", "path"],
    )
    assert found.startswith(f"GET {EU}/domain/zone (number 1)")


TEST = """
import asyncio

import ovhcore as ovh
import pytest
from ovhcore_transports.recording import AsyncReplayTransport, Cassette, ReplayTransport

KEYS = {"application_key": "A" * 16, "application_secret": "s" * 32, "consumer_key": "c" * 32}


def program(client):
    return client.get("/me", a=2)


def test_fixture(ovh_client):
    program(ovh_client)


def test_transport():
    program(ovh.Client("ovh-eu", transport=ReplayTransport(Cassette()), **KEYS))


def test_asynchronous():
    async def main():
        async with ovh.AsyncClient("ovh-eu", transport=AsyncReplayTransport(Cassette()), **KEYS) as client:
            await client.get("/me", a=2)

    asyncio.run(main())


def test_cassette():
    ReplayTransport("none.cassette")


@pytest.fixture
def opened():
    return ReplayTransport("none.cassette")


def test_set_up(opened):
    pass
"""


def test_pytest_shows_where_it_was_asked_and_the_message(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    result = run(pytester)
    shown = outcome(result, failed=4, errors=1)
    assert "ovhcore_transports/recording" not in shown
    assert "ovhcore/flows" not in shown
    for source in ('return client.get("/me", a=2)', 'await client.get("/me", a=2)', 'ReplayTransport("none.cassette")'):
        lines = result.outlines
        found = next(n for n, line in enumerate(lines) if line.startswith(">") and source in line)
        message = next(n for n, line in enumerate(lines) if n > found and line.startswith("E  "))
        assert message - found <= 2  # the carets that mark the call are all there is between
    assert "NoRecording: GET https://eu.api.ovh.com/1.0/me?a=2 was not recorded in" in shown


def test_pytest_shows_all_of_it_on_demand(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)
    shown = outcome(run(pytester, "--full-trace", "-k", "fixture"), failed=1)
    assert "raise self._missing(request)" in shown


def test_what_no_line_of_the_test_is_in_is_shown_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        exec("1 / 0", {"__name__": "_pytest.runner"})
    assert _without_ours(caught.value.__traceback__) is None
    assert _without_ours(None) is None


def test_other_failures_are_shown_as_they_are(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import ovhcore as ovh

        def test_other():
            ovh.Client("ovh-nowhere")
        """
    )
    assert "ovhcore/client/base.py" in outcome(run(pytester), failed=1)
