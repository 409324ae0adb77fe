"""The part of the conformance kit that compares bytes: what is asked for is what is sent and received."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from ...exceptions import ClientClosed, InvalidRequest
from ...protocol.messages import Request
from ...protocol.requests.verifying import verify_request
from .. import strategies
from ..server import Received, WireServer, answer
from .suite import Opener, Suite

__all__ = ["WireConformance"]

T = TypeVar("T")

_KEYS: Final = {
    "application_key": "application-key",
    "application_secret": "application-secret",
    "consumer_key": "consumer",
}
# Header fields that HTTP needs and no request has.
_ADDED: Final = {"host", "content-length", "accept-encoding", "connection"}
# Each is left alone by some HTTP libraries and rewritten by others.
_ODD: Final = (
    *("/a/../b", "/a/./b", "/a/%2e%2e/b", "/%7Euser", "/a%2fb", "/a'b", "/[x]", "/{x}", "/a|b", '/"', "/^`", "//x"),
    *("/a?'&[]={}", "/a?b|c", "/a?%7e", "/a;b=c?d;e", "/?", "/a?", "/a?b?c", "/%zz", "/%"),
)


class WireConformance(Suite):
    """Tests that requests go out as they are, and answers come in as they are."""

    def test_requests_go_out_as_they_are(self, opened: Opener) -> None:
        """Method, target, fields and body of generated requests arrive byte for byte, and little else."""
        transport = opened()
        with WireServer() as server:

            def check(request: Request) -> None:
                server.received.clear()
                transport.send(request)
                (received,) = server.received
                assert received.head.startswith(f"{request.method} {_target(request)} HTTP/1.1\r\n".encode("ascii"))
                assert received.body == request.body
                _check_fields(received, request)

            _check_many(self.examples, strategies.requests(server.url), check)
            transport.close()
            assert server.all_closed()

    def test_what_is_received_is_what_was_signed(self, opened: Opener) -> None:
        """The signature of generated calls is right for what the socket received."""
        transport = opened()
        with WireServer() as server:
            client = transport.client(server.url, time_sync="off", **_KEYS)

            def check(call: strategies.GeneratedCall) -> None:
                server.received.clear()
                transport.run(client.call, call.method, call.path, call.data)
                (received,) = server.received
                found = verify_request(
                    Request(received.method, server.origin + received.target, received.fields, received.body),
                    application_secret="application-secret",
                    consumer_key="consumer",
                )
                assert found.signature, received

            _check_many(self.examples, strategies.calls(), check)

    @pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PUT"])
    def test_a_request_without_body(self, opened: Opener, method: str) -> None:
        """An empty body has a length where one is expected, and no type."""
        transport = opened()
        with WireServer() as server:
            transport.send(Request(method, f"{server.url}/me"))
        (received,) = server.received
        assert received.fields.get("content-length", "none") in (("0",) if method[0] == "P" else ("0", "none"))
        assert "content-type" not in received.fields
        assert "transfer-encoding" not in received.fields

    def test_the_callers_accept_encoding_is_the_only_one(self, opened: Opener) -> None:
        """The transport asks for the codings it can decompress, unless the caller asks for some."""
        transport = opened()
        with WireServer() as server:
            transport.send(Request("GET", f"{server.url}/me", {"accept-encoding": "identity"}))
            transport.send(Request("GET", f"{server.url}/me"))
        own, usual = ([v for n, v in each.pairs if n == "accept-encoding"] for each in server.received)
        assert own == ["identity"]
        assert [coding.strip() for coding in usual[0].split(",")] == ["gzip", "deflate"]
        assert len(usual) == 1

    def test_fields_of_an_answer_are_kept(self, opened: Opener) -> None:
        """Every field, also repeated ones; and no cookie is sent back."""
        transport = opened()
        fields = ("Set-Cookie: a=1; Path=/", "Set-Cookie: b=2", "Via: x", "via:  y  ", "X-Empty:")
        with WireServer(answer(b"1", "200 OK", *fields)) as server:
            response = transport.send(Request("GET", f"{server.url}/me"))
            transport.send(Request("GET", f"{server.url}/me"))
        headers = response.headers
        pairs = [(name.lower(), value) for name, value in headers.pairs]
        assert [value for name, value in pairs if name == "set-cookie"] == ["a=1; Path=/", "b=2"]
        assert headers["Via"] == "x, y"
        assert headers["x-empty"] == ""
        assert "cookie" not in server.received[-1].fields

    def test_fields_that_are_not_ascii(self, opened: Opener) -> None:
        """The bytes of such fields are read as Latin-1."""
        self.needs("fields that are not ASCII")
        with WireServer(answer(b"1", "200 OK", "X-Name: caf\xe9")) as server:
            assert opened().send(Request("GET", f"{server.url}/me")).headers["x-name"] == "caf\xe9"

    def test_requests_that_its_library_would_change(self, opened: Opener) -> None:
        """A URL in another spelling is sent as it is, or refused; never sent changed."""
        transport = opened()
        with WireServer() as server:
            for target in _ODD:
                server.received.clear()
                try:
                    transport.send(Request("GET", server.origin + target))
                except InvalidRequest:
                    assert not server.received
                else:
                    (received,) = server.received
                    assert received.head.decode("latin-1").startswith(f"GET {target} HTTP/1.1\r\n"), received

    def test_a_closed_transport_says_so(self, opened: Opener) -> None:
        """Closing may be repeated; requests after it are refused."""
        transport = opened()
        with WireServer() as server:
            transport.send(Request("GET", f"{server.url}/me"))
            transport.close()
            transport.close()
            with pytest.raises(ClientClosed):
                transport.send(Request("GET", f"{server.url}/me"))
            assert server.all_closed()
        assert len(server.received) == 1


def _check_many(examples: int, strategy: SearchStrategy[T], check: Callable[[T], None]) -> None:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    profile = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=slow)
    profile(given(strategy)(check))()


def _target(request: Request) -> str:
    return "/" + request.url.split("/", 3)[3]


def _check_fields(received: Received, request: Request) -> None:
    sent = [(name.lower(), value) for name, value in request.headers.pairs]
    found = received.pairs
    # Order says nothing in HTTP between fields of different names.
    assert sorted(pair for pair in found if pair[0] not in _ADDED) == sorted(sent)
    assert len({name for name, _ in found}) == len(found)
    if request.body:
        assert received.fields["content-length"] == str(len(request.body))
    assert received.fields["host"] == request.url.split("/")[2]
