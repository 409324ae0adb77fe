"""A sandbox for others on this machine: who may ask, TLS, the admin path, the page of what is in it."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.exceptions import InvalidConfiguration
from ovhcore.protocol import Request, Response
from ovhcore_transports.sandbox import ACCESS_KEYS, CONSUMER_KEY, Controls, Sandbox, Server, serve
from ovhcore_transports.sandbox.control.admin import answer_admin
from ovhcore_transports.sandbox.serving.origin_guard import OriginGuard
from tests.sandbox.login.test_login_pages import ask, call
from tests.sandbox.person import Page

pytestmark = pytest.mark.once

HERE = "http://127.0.0.1:8080"


def request(url: str = f"{HERE}/1.0/auth/time", method: str = "GET", **headers: str) -> Request:
    return Request(method, url, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8080/", "http://localhost:8080/x", "http://LOCALHOST./x", "http://[::1]:8080/", "http://api.localhost",
     "http://192.0.2.7/", "http://box.example:80/", "http://Box.Example/?x=/"],
)  # fmt: skip
def test_names_that_are_known(url: str) -> None:
    assert OriginGuard(["box.example."]).refusal(request(url)) is None


@pytest.mark.parametrize(
    "url",
    ["http://evil.example/", "http:///1.0/me", "http://127.0.0.1.evil.example/", "http://evil.example:127.0.0.1/",
     "http://localhost.evil.example/", "http://127.1/", "http://0x7f000001/", "http://[evil.example]/",
     "http://evil.example@127.0.0.1/", "http://127.0.0.1@evil.example/", "http://::1:80/"],
)  # fmt: skip
def test_names_that_could_be_anybodys(url: str) -> None:
    refusal = OriginGuard(["box.example"]).refusal(request(url))
    assert refusal is not None
    assert refusal.status == 421
    assert "--allow-host" in refusal.json()["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:8081"},
        {"Origin": "https://127.0.0.1:8080"},
        {"Origin": "http://localhost:8080"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_pages_of_other_sites_may_not_call(headers: dict[str, str]) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        refusal = OriginGuard().refusal(Request(method, f"{HERE}/_sandbox/reset", headers))
        assert refusal is not None
        assert refusal.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": HERE},
        {"Origin": "HTTP://127.0.0.1:8080"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_who_may(headers: dict[str, str]) -> None:
    assert OriginGuard(origins=["http://localhost:3000/"]).refusal(Request("POST", f"{HERE}/1.0/me", headers)) is None


def test_scripts_of_a_page_that_may_call() -> None:
    guard = OriginGuard(origins=["http://localhost:3000"])
    asked = request(
        method="OPTIONS",
        Origin="http://localhost:3000",
        Access_Control_Request_Method="PUT",
        Access_Control_Request_Headers="x-ovh-consumer",
    )
    answer = guard.preflight(asked)
    assert answer is not None
    assert guard.shared(asked, answer).headers["access-control-allow-origin"] == "http://localhost:3000"
    assert answer.headers["access-control-allow-headers"] == "x-ovh-consumer"
    assert guard.preflight(request(method="OPTIONS", Origin="http://localhost:3000")) is None
    assert guard.preflight(request(Access_Control_Request_Method="PUT")) is None
    own = guard.shared(request(Origin=HERE), Response(200, {}, b""))
    assert "access-control-allow-origin" not in own.headers
    with pytest.raises(InvalidConfiguration, match="an origin is as http://localhost:3000, not '\\*'"):
        OriginGuard(origins=["*"])


def admin(box: Sandbox, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """Ask the admin path; return the value, or the status and what is said."""
    sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Type": "application/json", **headers}
    response = answer_admin(box, Request(method, f"{HERE}/_sandbox/{path}", fields, sent))
    value = response.json()
    return value if response.status == 200 else (response.status, value["message"])


def test_settings_and_time_from_outside() -> None:
    box = Sandbox()
    assert admin(box, "GET", "settings") == box.settings()
    assert admin(box, "PATCH", "settings", {"latency": 0.5})["latency"] == 0.5
    assert box.controls.latency == 0.5
    assert admin(box, "POST", "clock", {"advance": 60}) == {"offset": 60.0, "frozen": None}
    assert admin(box, "POST", "clock", {"freeze": "2026-01-01T00:00:00Z"})["frozen"] == 1767225600
    assert admin(box, "POST", "clock", {"resume": True})["frozen"] is None
    assert admin(box, "POST", "clock", {"reset": True}) == {"offset": 0.0, "frozen": None}
    assert admin(box, "POST", "clock", {"freeze": True})["frozen"] == 0
    assert admin(box, "GET", "clock")["frozen"] == 0


def test_snapshots_and_resources_from_outside() -> None:
    box = Sandbox()
    assert admin(box, "PUT", "snapshots/a%20b") == ["a b"]
    assert admin(box, "GET", "snapshots") == ["a b"]
    kept = admin(box, "GET", "snapshot")
    assert admin(box, "PATCH", "resources", {"me": {"firstname": "Grace"}}) is None
    assert admin(box, "GET", "resources")["me"]["firstname"] == "Grace"
    assert admin(box, "POST", "snapshots/a%20b/load") is None
    assert admin(box, "GET", "resources")["me"]["firstname"] == "Ada"
    admin(box, "POST", "reset")
    assert admin(box, "GET", "resources")["me"]["firstname"] == "Grace"
    assert admin(box, "PUT", "snapshot", kept) is None
    assert admin(box, "GET", "resources")["me"]["firstname"] == "Ada"


def test_keys_from_outside() -> None:
    box = Sandbox()
    asked = ask(box)
    shown = admin(box, "GET", "credentials")
    assert [each["status"] for each in shown] == ["validated", "pendingValidation"]
    number = shown[1]["credentialId"]
    assert admin(box, "POST", f"credentials/{number}/validate")["status"] == "validated"
    assert call(box, "GET", "/1.0/me", asked["consumerKey"])["firstname"] == "Ada"
    assert admin(box, "POST", f"credentials/{asked['consumerKey']}/expire")["status"] == "expired"
    assert admin(box, "POST", f"credentials/{number}/refuse")["status"] == "refused"
    assert admin(box, "POST", "credentials/1/refuse")[0] == 404
    log = admin(box, "GET", "log?last=1")
    assert [entry["path"] for entry in log] == ["/1.0/me"]
    assert asked["consumerKey"] not in json.dumps(admin(box, "GET", "log"))


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "nothing", None, 404, "There is no such path; there are /_sandbox/ (a page), /_sandbox/clock"),
        ("POST", "", None, 404, "There is no such path"),
        ("DELETE", "settings", None, 405, "takes GET, PATCH, not DELETE"),
        ("PATCH", "settings", b"{", 400, "not JSON"),
        ("PATCH", "settings", b"[" * 9999, 400, "not JSON"),
        ("PATCH", "settings", [], 400, "must be a JSON object"),
        ("PATCH", "settings", None, 400, "must be a JSON object"),
        ("PATCH", "settings", {"latency": -1}, 400, "latency must be"),
        ("POST", "clock", {"advance": 1, "reset": True}, 400, "The body has one of advance, freeze, resume, reset"),
        ("POST", "clock", {"stop": 1}, 400, "The body has one of"),
        ("POST", "clock", {"advance": "x"}, 400, "seconds must be"),
        ("GET", "log?last=-1", None, 400, "last must be a whole number"),
        ("GET", "log?last=" + "9" * 10, None, 400, "last must be a whole number"),
        ("PUT", "snapshot", {}, 400, "this is no snapshot"),
        ("POST", "snapshots/x/load", None, 400, "there is no snapshot 'x'"),
        ("PATCH", "resources", {"cars": 1}, 400, "there are no resources 'cars'"),
    ],
)
def test_what_is_wrong_is_said(method: str, path: str, body: Any, status: int, said: str) -> None:
    answer = admin(Sandbox(), method, path, body)
    assert answer[0] == status
    assert said in answer[1]


def test_forms_of_pages_do_not_steer() -> None:
    box = Sandbox()
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = admin(box, "PATCH", "settings", b'{"latency": 9}', **{"Content-Type": kind})
        assert answer[0] == 415
    assert box.controls == Controls()


def overview(box: Sandbox, query: str = "") -> tuple[Page, Response]:
    response = answer_admin(box, Request("GET", f"{HERE}/_sandbox/{query}", {}))
    return Page(response.text), response


def test_the_page_of_what_is_in_it() -> None:
    box = Sandbox()
    page, _ = overview(box)
    assert f"endpoint = {HERE}/1.0" in page.text
    assert "Nothing was called yet." in page.text
    ask(box, [{"method": "GET", "path": "/<script>"}], redirection="https://app.example.com/")
    call(box, "PUT", "/1.0/me", CONSUMER_KEY, {"firstname": "<script>" * 5000})
    page, response = overview(box)
    assert "script" not in page.tags
    assert "Read /<script>, and nothing below it" in page.text
    assert "pendingValidation" in page.text
    assert "Sandbox account" in page.text
    assert "bills" in page.text
    assert page.text.count(CONSUMER_KEY) == 1  # in the lines of ovh.conf
    assert len(response.body) < 200_000
    page, _ = overview(box, "?resource=bills")
    assert "FR54100001" in page.text
    page, _ = overview(box, "?resource=me")
    assert page.text.rstrip().partition("\n...")[1] == "\n..."
    page, response = overview(box, "?resource=<b>")
    assert response.status == 404
    box.resources["text"] = "plain"
    box.resources["records"].clear()
    assert "plain" in overview(box, "?resource=text")[0].text
    key = next(each for each in box._state.keys.credentials.values() if each["state"] == "pendingValidation")
    key["applicationId"] = 5
    assert "(deleted)" in overview(box)[0].text
    box._state.keys.clients.clear()
    assert "There are none." in overview(box)[0].text


def raw(server: Server, text: str) -> str:
    """Send bytes to a server; return what comes until it ends the connection."""
    with socket.create_connection(server._socket.getsockname()[:2]) as connection:
        connection.sendall(text.replace("\n", "\r\n").encode())
        received = b""
        while data := connection.recv(65536):
            received += data
    return received.decode()


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


def test_the_wire(server: Server) -> None:
    refused = raw(server, "GET /1.0/auth/time HTTP/1.1\nHost: evil.example\nConnection: close\n\n")
    assert refused.startswith("HTTP/1.1 421 ")
    refused = raw(server, "POST /_sandbox/reset HTTP/1.1\nHost: localhost\nOrigin: null\nConnection: close\n\n")
    assert refused.startswith("HTTP/1.1 403 ")
    assert server.sandbox.received.total() == 0
    answered = raw(server, "GET /_sandbox/settings HTTP/1.1\nHost: localhost\nConnection: close\n\n")
    assert answered.startswith("HTTP/1.1 200 ")
    page = raw(server, "GET /_sandbox HTTP/1.1\nHost: localhost\nConnection: close\n\n")
    assert "What is in this sandbox" in page
    # The admin path is not the API's, and the API has none of its own there.
    assert raw(server, "GET /1.0/_sandbox HTTP/1.1\nHost: localhost\nConnection: close\n\n").startswith("HTTP/1.1 404 ")
    cut = raw(server, "GET /_sandboxes HTTP/1.1\nHost: localhost\nConnection: close\n\n")
    assert "is not among the calls that the sandbox imitates" in cut


def test_bodies_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ovhcore_transports.sandbox.serving.server._MAX_BODY", 1000)
    monkeypatch.setattr("ovhcore_transports.sandbox.serving.server._MAX_HELD", 1500)
    with serve() as server:
        head = "POST /1.0/me HTTP/1.1\nHost: localhost\nConnection: close\nContent-Length: "
        assert raw(server, f"{head}1000\n\n{'x' * 1000}").startswith("HTTP/1.1 404 ")
        assert raw(server, f"{head}1001\n\n{'x' * 1001}").startswith("HTTP/1.1 413 ")
        address = server._socket.getsockname()[:2]
        with socket.create_connection(address) as waiting:
            # What is held is known once the server has read it: its answer to an expectation says so.
            begun = f"{head}1000\nExpect: 100-continue\n\n".replace("\n", "\r\n")
            waiting.sendall(begun.encode())
            assert waiting.recv(100).startswith(b"HTTP/1.1 100 ")
            waiting.sendall(b"x" * 999)
            while not raw(server, f"{head}600\n\n{'x' * 600}").startswith("HTTP/1.1 413 "):
                pass
        # Whose end did not come is not held for ever, and no request.
        while not raw(server, f"{head}1000\n\n{'x' * 1000}").startswith("HTTP/1.1 404 "):
            pass
        assert {entry["length"] for entry in server.sandbox.log()} <= {600, 1000}


def test_scripts_of_a_page_on_the_wire() -> None:
    with serve(allow_origins=["http://localhost:3000"]) as server:
        head = "HTTP/1.1\nHost: localhost\nOrigin: http://localhost:3000\nConnection: close"
        asked = raw(server, f"OPTIONS /1.0/me {head}\nAccess-Control-Request-Method: GET\n\n")
        assert asked.startswith("HTTP/1.1 204 ")
        assert "access-control-allow-origin: http://localhost:3000" in asked.lower()
        answered = raw(server, f"GET /1.0/auth/time {head}\n\n")
        assert "access-control-allow-origin: http://localhost:3000" in answered.lower()


def test_answers_that_are_late_arrive_late() -> None:
    # No clock is looked at: only that the answer comes.
    with serve(Sandbox(controls=Controls(latency=0.01))) as server:
        client = ovh.Client(server.url, proxy="none", **ACCESS_KEYS)
        assert client.get("/me")["firstname"] == "Ada"


@pytest.mark.parametrize("transport", ["urllib3", "httpx", "stdlib"])
def test_encrypted(transport: str) -> None:
    with serve(tls=True) as server:
        assert server.url.startswith("https://127.0.0.1:")
        assert server.ca_bundle is not None
        options: dict[str, Any] = {"proxy": "none", "ca_bundle": str(server.ca_bundle), "transport": transport}
        client = ovh.Client(server.url, **ACCESS_KEYS, **options)
        assert client.get("/me")["firstname"] == "Ada"
        asked = client.request_consumerkey([{"method": "GET", "path": "/*"}])
        assert asked["validationUrl"].startswith(f"{server.origin}/auth/?credentialToken=")
        client.close()
    assert not server.ca_bundle.parent.exists()


def test_encrypted_by_files(tmp_path: Path) -> None:
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with serve(tls=(tmp_path / "both.pem", tmp_path / "both.pem")) as server:
        assert server.ca_bundle is None
        client = ovh.Client(server.url, proxy="none", ca_bundle=str(tmp_path / "ca.pem"), **ACCESS_KEYS)
        assert client.get("/me")["firstname"] == "Ada"
        client.close()
    with pytest.raises(InvalidConfiguration, match=r"none\.pem .* are no certificate and key"):
        serve(tls=(tmp_path / "none.pem", tmp_path / "both.pem"))
    with pytest.raises(InvalidConfiguration, match=r"are no certificate and key"):
        serve(tls=(tmp_path / "ca.pem", tmp_path / "ca.pem"))


def test_encrypted_without_what_makes_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "trustme", None)
    with pytest.raises(InvalidConfiguration, match="is made up by trustme"):
        serve(tls=True)


def test_where_it_listens() -> None:
    with serve(host="0.0.0.0", allow_hosts=["box.example"]) as server:
        assert server.origin.startswith("http://127.0.0.1:")
        head = "GET /1.0/auth/time HTTP/1.1\nConnection: close\nHost: "
        assert raw(server, f"{head}box.example:80\n\n").startswith("HTTP/1.1 200 ")
        assert raw(server, f"{head}other.example\n\n").startswith("HTTP/1.1 421 ")
    with serve() as server:
        assert server._socket.getsockname()[0] == "127.0.0.1"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 on this machine")
def test_where_it_listens_in_ipv6() -> None:
    try:
        server = serve(host="::1")
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with server:
        assert server.origin.startswith("http://[::1]:")
        client = ovh.Client(server.url, proxy="none", **ACCESS_KEYS)
        assert client.get("/me")["firstname"] == "Ada"
        client.close()


def test_many_clients_at_once(server: Server) -> None:
    def work(number: int) -> list[Any]:
        with ovh.Client(server.url, proxy="none", **ACCESS_KEYS) as client:
            made = client.post(
                "/domain/zone/example.com/record", fieldType="A", subDomain=f"n{number}", target="192.0.2.1"
            )
            for _ in range(5):
                client.get("/me")
            return [client.get(f"/domain/zone/example.com/record/{made['id']}")["subDomain"]]

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(work, range(20))) == [[f"n{number}"] for number in range(20)]
    assert server.sandbox.executed["GET", "/me"] == 100


def test_context_of_the_made_up_certificate_is_a_modern_one() -> None:
    from ovhcore_transports.sandbox.serving.certificates import encrypting

    context, bundle = encrypting(True, ["127.0.0.1", "localhost"])
    assert context is not None
    assert bundle is not None
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
