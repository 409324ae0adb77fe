"""What a sandbox that is served costs: its start, and a signed call; beside moto's server, if ``MOTO_SERVER`` names it.

``python -m benchmarks.sandbox_serving``; ``MOTO_SERVER=/path/to/bin/moto_server`` adds moto's. Each server is a process
of its own, kept to one core where the system can; what counts is its CPU time for a call, which other programs of the
machine do not change, and how many calls it answers in a second, which they do.
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
from contextlib import contextmanager
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


def measured(process: subprocess.Popen[bytes], call: Callable[[], None]) -> tuple[float, float]:
    """Return the CPU time of a call in microseconds, and calls in a second, one after the other."""
    call()
    costs: list[float] = []
    rates: list[float] = []
    for _ in range(ROUNDS):
        cpu, wall = cpu_of(process), time.perf_counter()
        for _ in range(CALLS):
            call()
        costs.append((cpu_of(process) - cpu) / CALLS * 1e6)
        rates.append(CALLS / (time.perf_counter() - wall))
    return median(costs), median(rates)


def caller(port: int, method: str, path: str, fields: Callable[[], dict[str, str]], body: bytes) -> Callable[[], None]:
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def call() -> None:
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
    """Return the seconds from the start of a server to its first answer, the median of some."""
    found: list[float] = []
    for _ in range(ROUNDS):
        port = free_port()
        with running([*command, port_option, str(port)], port) as (_, seconds):
            begun = time.perf_counter()
            first(port)()
            found.append(seconds + time.perf_counter() - begun)
    return median(found)


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
    rows: list[tuple[str, float, float, float]] = []
    begins = started(command, "--port", lambda port: ours(port, "GET", "/1.0/me"))
    port = free_port()
    with running([*command, "--port", str(port)], port) as (process, _):
        rows.append(("**ovhcore**: `GET /me`", *measured(process, ours(port, "GET", "/1.0/me")), begins))
        changing = ours(port, "PUT", "/1.0/domain/zone/example.com/record/1002", record)
        rows.append(("**ovhcore**: a changed DNS record", *measured(process, changing), begins))
        reading = ours(port, "GET", "/1.0/vps/vps-1a2b3c4d.vps.ovh.net")
        rows.append(("**ovhcore**: `GET /vps/{serviceName}`, made up", *measured(process, reading), begins))
        making = ours(port, "POST", "/1.0/ipLoadbalancing/loadbalancer-0a1b2c3d4e5f/http/farm", b'{"zone": "gra"}')
        rows.append(("**ovhcore**: a new farm of a load balancer", *measured(process, making), begins))
    server = os.environ.get("MOTO_SERVER")
    if server:
        begins, port = started([server], "-p", who_am_i), free_port()
        with running([server, "-p", str(port)], port) as (process, _):
            rows.append(("moto: STS `GetCallerIdentity`", *measured(process, who_am_i(port)), begins))
            changing = moto(port, "route53", "POST", zone_of(port), change)
            rows.append(("moto: Route 53, a DNS record", *measured(process, changing), begins))
    print("| | CPU us of the server | calls a second, in turn | start, s |\n| --- | ---: | ---: | ---: |")
    for name, cost, rate, seconds in rows:
        print(f"| {name} | {cost:,.0f} | {rate:,.0f} | {seconds:.2f} |")


if __name__ == "__main__":
    main()
