"""What a sandbox that is served costs: its start, and a signed call; beside moto's server, if ``MOTO_SERVER`` names it.

``python -m benchmarks.sandbox_serving``; ``MOTO_SERVER=/path/to/bin/moto_server`` adds moto's. Each server is a process
of its own, kept to one core where the system can; what counts is its CPU time for a call, which other programs of the
machine do not change, and how many calls it answers in a second, which they do. The rounds of all take turns.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any

from ovhcore.protocol import ApplicationKey, Request, sign_request
from ovhcore_transports.sandbox import ACCESS_KEYS

ROUNDS, CALLS = 7, 1000
KEYS = ApplicationKey(**ACCESS_KEYS)
AWS = "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], port: int) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Start a server; yields it and the seconds until it took a connection."""
    begun = time.perf_counter()
    keep = ["taskset", "-c", "0"] if os.path.exists("/usr/bin/taskset") else []
    process = subprocess.Popen([*keep, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.002)
        yield process, time.perf_counter() - begun
    finally:
        process.terminate()
        process.wait()


def cpu_of(process: subprocess.Popen[bytes]) -> float:
    with open(f"/proc/{process.pid}/stat") as stream:
        fields = stream.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Row:
    """A call of a server, and what it was measured to cost."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], call: Callable[[], None]) -> None:
        self.name, self.process, self.call = name, process, call
        self.costs: list[float] = []
        self.rates: list[float] = []

    def measure(self) -> None:
        """Call some times, one after the other; keep microseconds of CPU for a call, and calls in a second."""
        self.call()
        cpu, wall = cpu_of(self.process), time.perf_counter()
        for _ in range(CALLS):
            self.call()
        self.costs.append((cpu_of(self.process) - cpu) / CALLS * 1e6)
        self.rates.append(CALLS / (time.perf_counter() - wall))


def caller(port: int, method: str, path: str, fields: Callable[[], dict[str, str]], body: bytes) -> Callable[[], None]:
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def call() -> None:
        try:
            connection.request(method, path, body or None, fields())
            answer = connection.getresponse()
        except ConnectionError:  # while others were measured, the server ended it
            connection.close()
            connection.request(method, path, body or None, fields())
            answer = connection.getresponse()
        answer.read()
        assert answer.status in (200, 201), answer.status

    return call


def ours(port: int, method: str, path: str, body: bytes = b"") -> Callable[[], None]:
    def fields() -> dict[str, str]:
        # A second's requests are the same, and signed once: the client is not what is measured.
        second = int(time.time())
        if second != known[0]:
            signed = sign_request(Request(method, f"http://127.0.0.1:{port}{path}", {}, body), KEYS, second)
            known[:] = [second, dict(signed.headers)]
        found: dict[str, str] = known[1]
        return found

    known: list[Any] = [0, {}]
    return caller(port, method, path, fields, body)


def moto(port: int, service: str, method: str, path: str, body: bytes) -> Callable[[], None]:
    kind = "application/x-www-form-urlencoded" if service == "sts" else "application/xml"
    fields = {"Authorization": AWS.format(service), "Content-Type": kind, "X-Amz-Date": "20260101T000000Z"}
    return caller(port, method, path, lambda: fields, body)


def zone_of(port: int) -> str:
    """Make a zone in moto; return the path of its records."""
    asked = b"<Name>example.com</Name><CallerReference>1</CallerReference>"
    body = b"<CreateHostedZoneRequest>" + asked + b"</CreateHostedZoneRequest>"
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/2013-04-01/hostedzone", body, {"Authorization": AWS.format("route53")})
    text = connection.getresponse().read().decode()
    return f"/2013-04-01{text.partition('<Id>')[2].partition('</Id>')[0]}/rrset"


def started(command: list[str], port_option: str, first: Callable[[int], Callable[[], None]]) -> float:
    """Return the seconds from the start of a server to its first answer."""
    port = free_port()
    with running([*command, port_option, str(port)], port) as (_, seconds):
        begun = time.perf_counter()
        first(port)()
        return seconds + time.perf_counter() - begun


def who_am_i(port: int) -> Callable[[], None]:
    return moto(port, "sts", "POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15")


def main() -> None:
    record = json.dumps({"subDomain": "www", "target": "192.0.2.1"}).encode()
    change = (
        b'<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes>'
        b"<Change><Action>UPSERT</Action><ResourceRecordSet><Name>www.example.com</Name><Type>A</Type><TTL>60</TTL>"
        b"<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>"
        b"</ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
    )
    command = [sys.executable, "-m", "ovhcore", "sandbox"]
    server = os.environ.get("MOTO_SERVER")
    starts: dict[str, list[float]] = {"ovhcore": [], "moto": []}
    for _ in range(ROUNDS):
        starts["ovhcore"].append(started(command, "--port", lambda port: ours(port, "GET", "/1.0/me")))
        if server:
            starts["moto"].append(started([server], "-p", who_am_i))
    with ExitStack() as stack:
        port = free_port()
        process, _ = stack.enter_context(running([*command, "--port", str(port)], port))
        reading, making = (
            "/1.0/vps/vps-1a2b3c4d.vps.ovh.net",
            "/1.0/ipLoadbalancing/loadbalancer-0a1b2c3d4e5f/http/farm",
        )
        rows = [
            Row("**ovhcore**: `GET /me`", process, ours(port, "GET", "/1.0/me")),
            Row(
                "**ovhcore**: a changed DNS record",
                process,
                ours(port, "PUT", "/1.0/domain/zone/example.com/record/1002", record),
            ),
            Row("**ovhcore**: `GET /vps/{serviceName}`, made up", process, ours(port, "GET", reading)),
            Row("**ovhcore**: a new farm of a load balancer", process, ours(port, "POST", making, b'{"zone": "gra"}')),
        ]
        if server:
            port = free_port()
            process, _ = stack.enter_context(running([server, "-p", str(port)], port))
            rows.append(Row("moto: STS `GetCallerIdentity`", process, who_am_i(port)))
            changing = moto(port, "route53", "POST", zone_of(port), change)
            rows.append(Row("moto: Route 53, a DNS record", process, changing))
        for _ in range(ROUNDS):  # in turn, so that what else the machine does meets all of them
            for each in rows:
                each.measure()
    print("| | CPU us of the server | calls a second, in turn | start, s |\n| --- | ---: | ---: | ---: |")
    for each in rows:
        begins = median(starts["moto" if each.name.startswith("moto") else "ovhcore"])
        print(f"| {each.name} | {median(each.costs):,.0f} | {median(each.rates):,.0f} | {begins:.2f} |")


if __name__ == "__main__":
    main()
