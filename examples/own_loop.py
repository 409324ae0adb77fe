"""Call the API from a loop of your own: ovhcore's flows say what to do, asyncio streams do it.

No client, no transport, no HTTP library. Against a sandbox that ``ovhcore sandbox`` serves::

    python examples/own_loop.py http://127.0.0.1:8080/1.0
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from typing import Any, TypeVar

from ovhcore.exceptions import ConnectionLost
from ovhcore.flows import Clock, Effect, Flow, Gather, Once, Send, Sleep, Uniform, pipeline
from ovhcore.protocol import ApplicationKey, Now, Request, Response, build_request, decode, resolve_endpoint, split_url

T = TypeVar("T")

KEYS = ApplicationKey("sandbox-application-key", "sandbox-application-secret", "sandbox-consumer-key")


async def send(request: Request) -> Response:
    """Exchange one request for one response, on a connection of its own."""
    origin, target = split_url(request.url)
    host, _, port = origin.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port or 80))
    fields = [*request.headers.pairs, ("Host", f"{host}:{port}"), ("Content-Length", str(len(request.body)))]
    lines = [
        f"{request.method} {target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in fields),
        "Connection: close",
    ]
    writer.write("\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + request.body)
    received = await reader.read()
    writer.close()
    await writer.wait_closed()
    answered, blank, body = received.partition(b"\r\n\r\n")
    if not blank:
        raise ConnectionLost(f"{origin}: the connection ended before the answer was complete")
    status, *rest = answered.decode("latin-1").split("\r\n")
    names = (line.partition(":") for line in rest)
    return Response(int(status.split()[1]), [(name, value.strip()) for name, _, value in names], body)


async def perform(effect: Effect) -> Any:
    """Do what a flow asks for: there are six kinds of effects, and no others."""
    match effect:
        case Send():
            return await send(effect.request)
        case Sleep():
            return await asyncio.sleep(effect.seconds)
        case Clock():
            return Now(time.time(), time.monotonic())
        case Uniform():
            return random.uniform(effect.low, effect.high)
        case Once():  # one flow at a time is driven here, so nobody else can be waiting for it
            return await drive(effect.flow)
        case Gather():
            return [await drive(flow) for flow in effect.flows]


async def drive(flow: Flow[T]) -> T:
    """Run a flow to its end: a generator that is resumed with what each of its effects brought."""
    try:
        effect = next(flow)
        while True:
            try:
                brought = await perform(effect)
            except Exception as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(brought)
    except StopIteration as stop:
        found: T = stop.value
        return found


async def main(url: str) -> None:
    """Print who the keys belong to, and a bill."""
    endpoint = resolve_endpoint(url)
    api = pipeline(endpoint, KEYS)
    for path in ("/me", "/me/bill/FR54100001"):
        request = build_request(endpoint, "GET", path)
        answer = decode(await drive(api.handle(request)), request)
        print(answer.get("firstname") or f"{answer['billId']} {answer['priceWithTax']['text']}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
