"""A lean HTTP/1.1 server in a process of its own: it answers every request with the same object."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.utils import formatdate

BODY = json.dumps(
    {
        "firstname": "Ada",
        "name": "Lovelace",
        "email": "ada@example.com",
        "nichandle": "al12345-ovh",
        "currency": {"code": "EUR", "symbol": "€"},
        "address": "12 St James's Square",
        "city": "London",
        "zip": "SW1Y 4JH",
        "country": "GB",
        "language": "en_GB",
        "state": "complete",
        "ovhSubsidiary": "GB",
        "vat": None,
        "spareEmail": None,
    }
).encode()


class Answering(asyncio.Protocol):
    """Takes requests apart by their blank lines and content lengths, no more."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"\r\ncontent-length:")
            length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = b"%d" % int(asyncio.get_running_loop().time()) if b"/auth/time" in head else BODY
            self.buffer = self.buffer[end + 4 + length :]
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self.reply, body)
            else:
                self.reply(body)

    def reply(self, body: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nDate: %b\r\n"
            b"X-OVH-QUERYID: FR.ext-1.0.0.0\r\nCache-Control: no-store\r\nServer: benchmark\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (formatdate(usegmt=True).encode(), len(body), body)
        )


async def listen(protocol: Callable[[], asyncio.Protocol], context: ssl.SSLContext | None = None) -> None:
    """Serve until standard input ends, which it does when the parent process does."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=512, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def serving(delay: float = 0.0, certificate: str = "") -> AbstractContextManager[str]:
    """Run the server; yield its origin. With a file of a certificate and its key it speaks TLS."""
    return serving_with("benchmarks.server", str(delay), certificate)


@contextmanager
def serving_with(module: str, *arguments: str) -> Iterator[str]:
    """Run a module that listens; yield its origin. On machines that can, it gets a core of its own."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
        if len(cores) > 1:
            os.sched_setaffinity(process.pid, {cores[-1]})
            os.sched_setaffinity(0, {cores[0]})
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


if __name__ == "__main__":
    seconds, file = float(sys.argv[1]), sys.argv[2]
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if file else None
    if tls is not None:
        tls.load_cert_chain(file)
    asyncio.run(listen(lambda: Answering(seconds), tls))
