"""CPU time of whole processes: ``python -m benchmarks.startup``.

First those that import and make a client, less the interpreter's own time; then those that
also make one signed GET to a server on loopback, from beginning to end, beside the least that such a process takes
on pyreqwest; and the same over HTTPS, with the certificates of certifi and one more to trust. Last the command
``ovhcore``, on a sandbox that is served.
"""

from __future__ import annotations

import compileall
import os
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import certifi
import trustme

import ovhcore
import ovhcore_transports
from benchmarks.measure import table
from benchmarks.server import serving
from ovhcore_transports import sandbox

CLIENT = "Client('ovh-eu', 'application-key', 'application-secret', 'consumer-key')"
PROGRAMS = {
    "import ovh": "import ovh",
    "import ovh, Client": f"import ovh; ovh.{CLIENT}",
    "import ovhcore": "import ovhcore",
    "import ovhcore, Client": f"import ovhcore; ovhcore.{CLIENT}",
    "import ovhcore, Client, urllib3 loaded": f"import ovhcore; ovhcore.{CLIENT}._ovhcore.transport",
}
FLOOR = "import hashlib, json, pluggy"
"""What a signed call and a plugin cannot do without."""
BARE = FLOOR + (
    "; from datetime import timedelta; from pyreqwest.client import SyncClientBuilder; "
    "c = SyncClientBuilder().no_proxy().timeout(timedelta(seconds=60)){}.build(); "
    "json.loads(bytes(c.get({!r}).build().send().bytes()))"
)
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
COMMAND = "import sys; sys.argv = ['ovhcore', *{}]; from ovhcore_transports.cli import main; main()"


def spent(code: str) -> float:
    """Return the CPU time of one process in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def medians(programs: dict[str, str], rounds: int) -> dict[str, float]:
    """Return the median CPU time of each program in milliseconds; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, code in programs.items():
            times[name].append(spent(code))
    return {name: median(values) for name, values in times.items()}


def first_calls(base: str, bundle: str | None = None) -> dict[str, str]:
    """Return programs that make one signed GET; python-ovh takes the bundle of trusted certificates from a variable."""
    more = f", ca_bundle={bundle!r}" if bundle else ""
    ours = (
        f"import ovhcore; c = ovhcore.Client({{!r}}, 'k', 's', 'c', transport={{!r}}, proxy='none'{more}); c.get('/me')"
    )
    theirs = f"import ovh; ovh.client.ENDPOINTS[{base!r}] = {base!r}; ovh.Client({base!r}, 'k', 's', 'c').get('/me')"
    names = ("pyreqwest", "stdlib", "urllib3", "httpx", "httpx2")
    trusted = (
        f".add_root_certificate_pem(open({bundle!r}, 'rb').read())" if bundle else ".danger_accept_invalid_certs(True)"
    )
    floors = {
        "an empty process": "pass",
        "json, hashlib and pluggy imported": FLOOR,
        "the same, and an unsigned GET on bare pyreqwest": BARE.format(trusted, f"{base}/me"),
    }
    return {"python-ovh": theirs} | {f"ovhcore on {name}": ours.format(base, name) for name in names} | floors


def commands() -> None:
    """Measure ``ovhcore get /me`` beside a script on python-ovh, and ``ovhcore --help`` beside click."""
    with sandbox.serve(sandbox.Sandbox()) as server:
        os.environ |= {f"OVH_{name.upper()}": str(value) for name, value in sandbox.ACCESS_KEYS.items()}
        os.environ["OVH_ENDPOINT"] = server.url
        base = server.url
        theirs = (
            f"import json, ovh; ovh.client.ENDPOINTS[{base!r}] = {base!r}; print(json.dumps(ovh.Client().get('/me')))"
        )
        calls = {"a script on python-ovh": theirs, "ovhcore get /me": COMMAND.format(["get", "/me"])}
        print("\nThe command:\n\n" + table(medians(calls, 25), "a script on python-ovh", "CPU ms"))
    helped = {"import click": "import click", "ovhcore --help": COMMAND.format(["--help"])}
    print("\n" + table(medians(helped, 25), "import click", "CPU ms"))


def main() -> None:
    """Measure and print."""
    for name in ("PYTHONDONTWRITEBYTECODE", *BUNDLES):  # what this machine sets is not what others do
        os.environ.pop(name, None)
    for package in (ovhcore, ovhcore_transports):  # as an installation does
        compileall.compile_dir(Path(str(package.__file__)).parent, quiet=2)
    figures = medians({"": "pass", **PROGRAMS}, 25)
    interpreter = figures.pop("")
    print(table({name: value - interpreter for name, value in figures.items()}, "import ovh", "CPU ms"))
    with serving() as origin:
        print("\n" + table(medians(first_calls(f"{origin}/1.0"), 25), "python-ovh", "CPU ms"))
    with TemporaryDirectory() as directory:
        authority = trustme.CA()
        bundle, certificate = Path(directory, "trusted.pem"), Path(directory, "server.pem")
        bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
        os.environ["REQUESTS_CA_BUNDLE"] = str(bundle)
        with serving(certificate=str(certificate)) as origin:
            base = f"https://{origin.partition('//')[2]}/1.0"
            print("\nOver HTTPS:\n\n" + table(medians(first_calls(base, str(bundle)), 25), "python-ovh", "CPU ms"))
        del os.environ["REQUESTS_CA_BUNDLE"]
    commands()


if __name__ == "__main__":
    main()
