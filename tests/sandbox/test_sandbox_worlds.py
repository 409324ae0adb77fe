from __future__ import annotations

import asyncio
import http.client
import threading

import pytest
import urllib3

import ovhcore as ovh
from ovhcore.flows import Sleep, Uniform
from ovhcore.flows.effects import Flow
from ovhcore.protocol.messages import Request
from ovhcore_transports import sandbox as sb
from ovhcore_transports.sandbox import (
    ACCESS_KEYS,
    CLIENT_ID,
    CLIENT_SECRET,
    AsyncSandboxTransport,
    Sandbox,
    SandboxTransport,
    serve,
)

pytestmark = pytest.mark.once


def flow() -> Flow[float]:
    yield Sleep(3600)
    first: float = yield Uniform(0, 1)
    return first


def test_time_passes_when_somebody_sleeps() -> None:
    transport = SandboxTransport(start=1_767_225_600.0)
    client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
    assert 0 <= client.run(flow()) <= 1
    assert transport.clock() == (1_767_229_200.0, 3600.0)
    assert client.get("/auth/time", _need_auth=False) == 1_767_229_200


def test_time_passes_for_tasks_too() -> None:
    async def main() -> None:
        transport = AsyncSandboxTransport(start=0.0)
        async with ovh.AsyncClient("ovh-eu", transport=transport, **ACCESS_KEYS) as client:
            assert 0 <= await client.run(flow()) <= 1
            assert transport.clock().monotonic == 3600.0
            assert (await client.get("/me"))["firstname"] == transport.sandbox.resources["me"]["firstname"]
        await transport.close()
        with pytest.raises(ovh.ClientClosed):
            await transport.send(Request("GET", "https://eu.api.ovh.com/1.0/me"))

    asyncio.run(main())


@pytest.mark.parametrize("skew", [-100_000, -400, 400, 100_000])
def test_a_clock_that_is_wrong_is_corrected(skew: float) -> None:
    transport = SandboxTransport(skew=skew)
    client = ovh.Client("ovh-eu", transport=transport, **ACCESS_KEYS)
    assert client.get("/me")["firstname"] == "Ada"
    assert client.time_delta == pytest.approx(skew, abs=1)


def test_a_closed_transport_says_so() -> None:
    transport = SandboxTransport()
    transport.close()
    transport.close()
    with pytest.raises(ovh.ClientClosed):
        transport.send(Request("GET", "https://eu.api.ovh.com/1.0/me"))


def test_served_on_loopback() -> None:
    with serve() as server:
        assert repr(server) == f"<Server {server.url}>"
        with ovh.Client(server.url, proxy="none", **ACCESS_KEYS) as client:
            assert client.get("/me")["firstname"] == "Ada"
            odd = client.get("/me/bill?date.from=2026%2D01-01", **{"date.to": "2026-02-01"})
            assert odd == ["FR54100002"]
            zone = "/domain/zone/example.com/record"
            odd = client.post(zone, fieldType="A", subDomain="/'&", target="192.0.2.1")["id"]
            assert client.get(f"{zone}?subDomain=%2F%27%26", fieldType="A") == [odd]
            with pytest.raises(ovh.ResourceNotFoundError):
                client.get("/me/bill/{billId}", billId="a/b c'é[%2F]")
            assert client.post("/domain/zone/example.com/record", fieldType="TXT", target="é" * 100_000)["id"] > 2000

        async def main() -> None:
            async with ovh.AsyncClient(server.url, proxy="none", **ACCESS_KEYS) as client:
                names = await asyncio.gather(*[client.get("/me") for _ in range(20)])
                assert {name["firstname"] for name in names} == {"Ada"}

        asyncio.run(main())


def test_service_accounts_on_loopback() -> None:
    with (
        serve(Sandbox()) as server,
        ovh.Client(
            server.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, token_url=server.token_url, proxy="none"
        ) as client,
    ):
        assert client.get("/auth/details")["method"] == "oauth2_client_credentials"
        server.sandbox.revoke_tokens()
        assert client.get("/me")["firstname"] == "Ada"


def test_connections_are_kept_alive_and_nothing_is_added() -> None:
    with serve() as server:
        host = server.origin.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=60)
        for _ in range(3):
            connection.request("GET", "/1.0/auth/time")
            answer = connection.getresponse()
            answer.read()
            assert answer.headers.get_all("Date") is not None
            assert len(answer.headers.get_all("Date", [])) == 1
            assert answer.headers.get("Server") is None
            assert connection.sock is not None
        connection.close()


def test_what_is_too_large_is_refused() -> None:
    with serve() as server:
        body = b"x" * (17 * 1024 * 1024)
        reply = urllib3.request("POST", server.url + "/auth/credential", body=body, retries=False)
        assert reply.status == 413


def test_a_port_of_ones_own_and_stopping() -> None:
    server = serve(port=0)
    with server:
        waiting = threading.Thread(target=server.wait)
        waiting.start()
        server.stop()
        waiting.join(60)
        assert not waiting.is_alive()


def test_without_uvicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uvicorn", None)
    with pytest.raises(ovh.InvalidConfiguration, match=r"ovhcore\[cli\]"):
        serve()


def test_names() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        sb.nothing  # noqa: B018
