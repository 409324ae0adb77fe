"""The sandbox on loopback, by uvicorn: for programs that are to use real sockets.

Its failures are real, too: connections end before the answer, or nothing comes until the
client gives up. A connection cannot be refused once it is there; it ends at once instead.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self

from ovhcore.exceptions import InvalidConfiguration, NetworkError, ReadTimeout
from ovhcore.protocol import Request, Response

from ..api import Sandbox
from ..control.admin import ADMIN
from .certificates import Tls, encrypting
from .origin_guard import OriginGuard, refused
from .site import Site

__all__ = ["Server", "serve"]

_MAX_BODY: Final = 16 * 1024 * 1024
_MAX_HELD: Final = 4 * _MAX_BODY
"""What all bodies that are coming may hold together."""
_PATIENCE: Final = 10.0
_LOOK_AGAIN: Final = 0.02


class _App:
    """The sandbox as an ASGI application.

    Args:
        site: what answers.
        connections: what is open, by the address of the other end: only there a connection can be ended.
        stopping: says whether the server is about to stop.
    """

    def __init__(
        self,
        site: Site,
        connections: dict[tuple[str, int], asyncio.BaseTransport],
        stopping: Callable[[], bool],
    ) -> None:
        self._site = site
        self._connections = connections
        self._stopping = stopping
        self._held = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            body = await self._body(receive)
        except EOFError:
            return  # half a request is none
        if body is None:
            await self._send(send, refused("bodies are too large, this one or all that are coming", 413))
        else:
            await self._answer(scope, body, receive, send)

    async def _body(self, receive: Any) -> bytes | None:
        """Return the body of a request, None if it is too large.

        Raises:
            EOFError: its end does not come.
        """
        body, more, fits = bytearray(), True, True
        try:
            while more:
                event = await receive()
                if event["type"] == "http.disconnect":
                    raise EOFError
                part = event.get("body", b"")
                fits = fits and len(body) + len(part) <= _MAX_BODY and self._held + len(part) <= _MAX_HELD
                if fits:
                    body += part
                    self._held += len(part)
                more = event.get("more_body", False)
            return bytes(body) if fits else None
        finally:
            self._held -= len(body)

    async def _answer(self, scope: dict[str, Any], body: bytes, receive: Any, send: Any) -> None:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        host = next((value for name, value in headers if name == "host"), "")
        url = f"{scope['scheme']}://{host}{target.decode('latin-1')}"
        try:
            response, seconds = self._site.answer(Request(scope["method"], url, headers, body))
        except NetworkError as failure:
            await self._hang_up(tuple(scope["client"]), receive, silent=isinstance(failure, ReadTimeout))
            return
        if seconds:
            await asyncio.sleep(seconds)
        await self._send(send, response)

    @staticmethod
    async def _send(send: Any, response: Response) -> None:
        fields = [*response.headers.pairs, ("Content-Length", str(len(response.body)))]
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        await send({"type": "http.response.start", "status": response.status, "headers": encoded})
        await send({"type": "http.response.body", "body": response.body})

    async def _hang_up(self, client: tuple[str, int], receive: Any, *, silent: bool) -> None:
        """End a connection without an answer: at once, or when the client has, if the sandbox is to be silent."""
        while silent and client in self._connections and not self._stopping():
            await asyncio.sleep(_LOOK_AGAIN)
        if client in self._connections:
            self._connections[client].close()
        # Only when uvicorn knows does it expect no answer any more.
        while (await receive())["type"] != "http.disconnect":
            pass  # pragma: no cover - what was still coming of a body that was cut off


def _protocol(connections: dict[tuple[str, int], asyncio.BaseTransport]) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol that keeps a list of the connections that are open."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            self.peer = tuple(transport.get_extra_info("peername")[:2])
            connections[self.peer] = transport
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.pop(self.peer, None)
            super().connection_lost(exc)

    return Protocol


class Server:
    """A sandbox that is served for as long as the ``with`` block lasts.

    Attributes:
        sandbox: what answers.
        origin: as ``"http://127.0.0.1:43210"``.
        url: what to give to a client as its endpoint.
        token_url: where service accounts fetch their tokens.
        page_url: a page that shows what is in the sandbox.
        ca_bundle: the file to trust a certificate that was made up by, which is there until the end; None for none.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        tls: Tls = False,
        allow_hosts: Iterable[str] = (),
        allow_origins: Iterable[str] = (),
    ) -> None:
        try:
            import uvicorn
        except ModuleNotFoundError:
            raise InvalidConfiguration(
                'Serving the sandbox needs uvicorn, which is not installed: pip install "ovhcore[cli]"'
            ) from None
        self.sandbox = sandbox
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
        guard = OriginGuard((host, *allow_hosts), allow_origins)
        context, self.ca_bundle = encrypting(tls, sorted({shown, "localhost", *allow_hosts}))
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        # Connections have it from here; else each answer would wait for an acknowledgement, some 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = f"[{shown}]" if ":" in shown else shown
        scheme = "http" if context is None else "https"
        self.origin = f"{scheme}://{name}:{self._socket.getsockname()[1]}"
        self.url = f"{self.origin}/1.0"
        self.token_url = f"{self.origin}/auth/oauth2/token"
        self.page_url = f"{self.origin}/{ADMIN}/"
        connections: dict[tuple[str, int], asyncio.BaseTransport] = {}
        config = uvicorn.Config(
            _App(Site(sandbox, guard), connections, lambda: self._server.should_exit),
            http=_protocol(connections),
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = context
        self._server = uvicorn.Server(config)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ovhcore-sandbox", daemon=True)

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._ended.set()

    def wait(self) -> None:
        """Wait until the server is stopped, or the program interrupted."""
        # CPython takes a thread for ended if an interrupt meets its join().
        while not self._ended.wait(0.5):
            pass  # pragma: no cover - by chance of when it ends

    def stop(self) -> None:
        """Stop; takes no longer than a few seconds."""
        self._server.should_exit = True
        self._thread.join(_PATIENCE)
        self._socket.close()
        if self.ca_bundle is not None:
            shutil.rmtree(self.ca_bundle.parent, ignore_errors=True)

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + _PATIENCE
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Server {self.url}>"


def serve(
    sandbox: Sandbox | None = None,
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    tls: Tls = False,
    allow_hosts: Iterable[str] = (),
    allow_origins: Iterable[str] = (),
) -> Server:
    """Put a sandbox on loopback.

    ``with serve() as server:`` brings ``server.url``, the endpoint to give to a client.

    Args:
        sandbox: which one; a new one by default.
        port: 0 for a free one.
        host: where it listens; ``"0.0.0.0"`` lets other machines in, which know the sandbox's keys as everybody does.
        tls: whether to encrypt; True with a certificate that is made up, see ``Server.ca_bundle``; or the files of a
            certificate and of its key.
        allow_hosts: names under which clients reach it, besides ``localhost``, addresses and ``host``. Others are
            refused: a page of the web could have given itself a name that leads here.
        allow_origins: pages whose scripts may call it, as ``"http://localhost:3000"``; other pages are refused.

    Raises:
        InvalidConfiguration: uvicorn is not installed, or there is something wrong with an argument.
        OSError: the port is taken.
    """
    box = Sandbox() if sandbox is None else sandbox
    return Server(box, port, host=host, tls=tls, allow_hosts=allow_hosts, allow_origins=allow_origins)
