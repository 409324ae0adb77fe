"""Exchanges of threads that are cut short when nobody waits for them any more."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.plugins import TransportSettings
from ovhcore.protocol.messages import Request, Timeout
from ovhcore_transports.sandbox import ACCESS_KEYS
from ovhcore_transports.urllib3.blocking import Urllib3Transport
from tests.threads import threads_of_test


class Silent:
    """Answers some paths at once, and others never; counts the connections that are open."""

    def __init__(self, answered: dict[str, bytes]) -> None:
        self._answered = answered
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.waiting = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)
        self.asked: list[str] = []

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            while line := lines.readline():
                path = line.split()[1].decode()
                while lines.readline().strip():
                    pass
                self.asked.append(path)
                body = self._answered.get(path)
                if body is not None:
                    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    connection.sendall(head % len(body) + body)
                    continue
                self.waiting.release()
                assert lines.readline() == b""  # until the other end has gone
                self.ended.release()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@contextmanager
def serving(**answered: bytes) -> Iterator[Silent]:
    server = Silent({f"/1.0/{path}": body for path, body in answered.items()})
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(60)


def workers() -> list[threading.Thread]:
    return threads_of_test("ovhcore-")


@pytest.mark.parametrize("transport", ["urllib3", "stdlib"])
@pytest.mark.parametrize("timeout", [(5, 60), (5, 60, 60)])
def test_leaving_the_loop_ends_what_is_under_way(timeout: Any, transport: str) -> None:
    with serving(list=b"[1, 2, 3, 4, 5, 6]", **{"list/1": b'{"id": 1}'}) as server:
        options: Any = {"transport": transport, "proxy": "none", "timeout": timeout, **ACCESS_KEYS}
        with ovh.Client(server.url + "/1.0", **options) as client:
            for each in client.iterate("/list", _mode="single", _concurrency=3):
                assert each == {"id": 1}
                for _ in range(3):
                    assert server.waiting.acquire(timeout=60)
                break
            for _ in range(3):
                assert server.ended.acquire(timeout=60)
            for thread in workers():
                thread.join(60)
            assert not workers()
            assert len(server.asked) == 5
            assert client.get("/list/1") == {"id": 1}


def test_a_failure_ends_the_other_calls() -> None:
    with serving(bad=b"this is no JSON") as server:
        options: Any = {"transport": "urllib3", "proxy": "none", "timeout": (5, 60), **ACCESS_KEYS}
        with ovh.Client(server.url + "/1.0", **options) as client:

            def calls() -> Iterator[str]:
                yield "/slow"
                assert server.waiting.acquire(timeout=60)
                yield "/bad"

            with pytest.raises(ovh.InvalidResponse):
                client.gather(calls(), _concurrency=2)
            assert server.ended.acquire(timeout=60)


def test_nothing_is_sent_once_it_is_cancelled() -> None:
    with serving(a=b"1") as server:
        transport = Urllib3Transport(TransportSettings(timeout=Timeout(60, 60), proxy="none"))
        sending = transport.cancellable()
        request = Request("GET", server.url + "/1.0/a")
        assert sending.send(request).body == b"1"
        sending.cancel()
        with pytest.raises(ovh.ConnectError, match="Nobody waits"):
            sending.send(request)
        assert len(server.asked) == 1
        transport.close()
