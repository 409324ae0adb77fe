"""A lean server of bills in a process of its own: their ids, one, so many at once, pages, cursors.

The base path of a client says what the server can, and how many bills there are:
``/all/1000/1.0`` has everything, ``/batch/1000/1.0`` no expanded lists, ``/plain/1000/1.0``
neither these nor batches. ``/v2/me/bill`` below ``/all/1000`` has cursors.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from contextlib import AbstractContextManager
from email.utils import formatdate
from functools import lru_cache
from typing import Final

from benchmarks.server import listen, serving_with

__all__ = ["DELAY", "bill", "bill_id", "serving_bills"]

DELAY: Final = 0.02
"""Seconds that every answer takes."""

_LONGEST_PAGE: Final = 1000


def bill_id(number: int) -> str:
    """Return the id of a bill."""
    return f"FR{number:08d}"


@lru_cache(10_000)
def bill(number: int) -> bytes:
    """Return a bill as JSON, of about 700 bytes."""
    name = bill_id(number)
    day = f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}T04:11:{number % 60:02d}+02:00"
    price = {"currencyCode": "EUR", "text": f"{number / 100:.2f} €", "value": number / 100}
    return json.dumps(
        {
            "billId": name,
            "category": "autorenew",
            "date": day,
            "orderId": 200_000_000 + number,
            "password": "Lw3e",
            "url": f"https://www.ovh.com/cgi-bin/order/bill.cgi?reference={name}&passwd=Lw3e",
            "pdfUrl": f"https://www.ovh.com/cgi-bin/order/bill.pdf?reference={name}&passwd=Lw3e",
            "priceWithoutTax": price,
            "priceWithTax": price,
            "tax": {"currencyCode": "EUR", "text": "0.00 €", "value": 0},
            "paymentType": "paypal",
            "customer": {"nichandle": "al12345-ovh", "country": "GB", "city": "London", "state": "complete"},
        }
    ).encode()


@lru_cache(32)
def _ids(count: int) -> bytes:
    return json.dumps([bill_id(number) for number in range(count)]).encode()


@lru_cache(32)
def _page(start: int, end: int) -> bytes:
    return b"[%b]" % b", ".join(map(bill, range(start, end)))


@lru_cache(1000)
def _batch(names: bytes) -> bytes:
    entries = (b'{"key": "%b", "value": %b, "error": null}' % (name, bill(_number(name))) for name in names.split(b","))
    return b"[%b]" % b", ".join(entries)


def _number(name: bytes) -> int:
    return int(name[2:])


def _field(head: bytes, name: bytes) -> bytes:
    """Return the value of a field of a request's head in lower case."""
    _, found, rest = head.partition(b"\r\n%b:" % name)
    return rest.partition(b"\r\n")[0].strip() if found else b""


def _listed(head: bytes, kind: bytes, count: int, version: bytes) -> bytes:
    """Return what a list answers: further fields, then its body."""
    head = head.lower()
    mode = b"cursor" if version == b"v2" else _field(head, b"x-pagination-mode").rpartition(b"-")[2]
    if kind != b"all" or mode not in (b"pages", b"cursor"):
        return _answer(_ids(count))
    size = min(int(_field(head, b"x-pagination-size") or 100), _LONGEST_PAGE)
    if mode == b"pages":
        number = int(_field(head, b"x-pagination-number") or 1)
        start = (number - 1) * size
        told = b"X-Pagination-Elements: %d\r\nX-Pagination-Number: %d\r\nX-Pagination-Size: %d\r\n" % (
            count,
            number,
            size,
        )
    else:
        start = int(_field(head, b"x-pagination-cursor") or 0)
        told = b"X-Pagination-Cursor-Next: %d\r\n" % (start + size) if start + size < count else b""
    return _answer(_page(start, min(start + size, count)), told)


def _answer(body: bytes, fields: bytes = b"", status: bytes = b"200 OK") -> bytes:
    return (
        b"HTTP/1.1 %b\r\nContent-Type: application/json; charset=utf-8\r\nX-OVH-QUERYID: FR.ext-1.0.0.0\r\n"
        b"Cache-Control: no-store\r\nServer: benchmark\r\nDate: %b\r\n%bContent-Length: %d\r\n\r\n%b"
        % (status, _date(int(time.time())), fields, len(body), body)
    )


@lru_cache(2)
def _date(now: int) -> bytes:
    return formatdate(now, usegmt=True).encode()


_UNKNOWN: Final = json.dumps({"class": "Client::NotFound", "message": "The requested object does not exist"}).encode()


def _answered(head: bytes) -> bytes:
    """Return the answer to a request."""
    path = head.split(b" ", 2)[1]
    match path.split(b"/"):
        case [_, b"all" | b"batch" | b"plain" as kind, count, version, b"me", b"bill", *rest]:
            if not rest:
                return _listed(head, kind, int(count), version)
            if b"," not in rest[0]:
                return _answer(bill(_number(rest[0])))
            if kind != b"plain" and b"\r\nx-ovh-batch:" in head.lower():
                return _answer(_batch(rest[0]))
        case [*_, b"auth", b"time"]:
            return _answer(b"%d" % time.time())
    return _answer(_UNKNOWN, status=b"404 Not Found")


class Billing(asyncio.Protocol):
    """Takes requests apart by their blank lines, for none has a body; answers those of a connection in order."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.buffer = b""
        self.waiting: deque[bytes] = deque()
        self.loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self.buffer = (self.buffer + data).split(b"\r\n\r\n")
        for head in heads:
            self.waiting.append(head)
            if self.delay:
                self.loop.call_later(self.delay, self.reply)
            else:
                self.reply()

    def reply(self) -> None:
        self.transport.write(_answered(self.waiting.popleft()))


def serving_bills(delay: float = DELAY) -> AbstractContextManager[str]:
    """Run the server; yield its origin."""
    return serving_with("benchmarks.bills_server", str(delay))


def _prepare(count: int) -> None:
    _ids(count)
    _page(0, count)
    names = [bill_id(number).encode() for number in range(count)]
    for start in range(0, count, 50):
        _batch(b",".join(names[start : start + 50]))


if __name__ == "__main__":
    seconds = float(sys.argv[1])
    _prepare(1000)
    asyncio.run(listen(lambda: Billing(seconds)))
