"""``ovhcore sandbox``: its options, and what it does and prints."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from ovhcore.exceptions import InvalidConfiguration

__all__ = ["run_sandbox", "with_options"]

F = TypeVar("F", bound=Callable[..., Any])

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_SETTINGS: Final = ("latency", "jitter", "rate_limit", "skew", "token_lifetime", "task_seconds")


def with_options(command: F) -> F:
    """Give a command the options of ``ovhcore sandbox``, which it hands to :func:`run_sandbox`."""
    import click

    seconds, file = click.FloatRange(0), click.Path(exists=True, dir_okay=False, path_type=Path)
    port = click.IntRange(0, 65535)
    fails, ways = click.FloatRange(0, 1), click.Choice(["cursors", "pages", "batch", "filters"])
    options = [
        click.option("--port", type=port, default=0, show_default="a free one", help="The port."),
        click.option("--host", default="127.0.0.1", help="Where to listen; 0.0.0.0 lets other machines in."),
        click.option("--allow-host", multiple=True, help="A name that leads here, besides localhost; may be repeated."),
        click.option("--allow-origin", multiple=True, help="A web page whose scripts may call; may be repeated."),
        click.option("--tls", is_flag=True, help="Encrypt, with a certificate that is made up."),
        click.option("--certificate", type=file, help="Encrypt with this certificate; --key is its key."),
        click.option("--key", type=file, help="The key of the certificate."),
        click.option("--oauth2", is_flag=True, help="Print the variables of a service account, not an application."),
        click.option("--settings", type=file, help="A file with settings, JSON or YAML; options go before it."),
        click.option("--resources", type=file, multiple=True, help="A file with resources, JSON or YAML."),
        click.option(
            "--schema", type=click.Path(exists=True, path_type=Path), help="Schemas to answer by: a file or folder."
        ),
        click.option("--seed", type=int, default=0, help="Another one, other made-up data."),
        click.option("--load", type=file, help="A snapshot to begin with."),
        click.option("--save", type=click.Path(path_type=Path), help="Write a snapshot to this file at the end."),
        click.option("--auto-validate", is_flag=True, help="New consumer keys are valid at once."),
        click.option("--latency", type=seconds, help="Seconds that each answer takes."),
        click.option("--jitter", type=seconds, help="Seconds that it may take longer."),
        click.option("--rate-limit", metavar="N/UNIT", help="Calls that each key may make, as 60/minute."),
        click.option("--skew", type=float, help="Seconds that the sandbox's clock is ahead."),
        click.option("--token-lifetime", type=click.IntRange(1), help="Seconds that an access token lives."),
        click.option("--task-seconds", type=seconds, help="Seconds that a task takes."),
        click.option("--fail-rate", type=fails, default=0.0, help="Share of answers that fail, in mixed ways; 0 to 1."),
        click.option("--lacks", type=ways, multiple=True, help="A way of listing it does not know; may be repeated."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def run_sandbox(**options: Any) -> None:
    """Serve a sandbox until interrupted, and say on standard output how to use it.

    Raises:
        InvalidConfiguration: an option or a file is wrong.
        OSError: the port is taken, or the snapshot cannot be written.
    """
    import click

    from ..control.overview import conf_lines, variables
    from .server import serve

    box = _sandbox(options)
    server = serve(
        box,
        port=options["port"],
        host=options["host"],
        tls=_tls(options),
        allow_hosts=options["allow_host"],
        allow_origins=options["allow_origin"],
    )
    with server:
        bundle = None if server.ca_bundle is None else str(server.ca_bundle)
        lead = variables(server.url, server.token_url, oauth2=options["oauth2"], ca_bundle=bundle)
        for name, value in lead.items():
            click.echo(f"export OVH_{name.upper()}={value}")
        lines = ["Or in ovh.conf:", *(f"  {line}".rstrip() for line in conf_lines(lead))]
        lines += [f"What is in it: {server.page_url}", f"Make keys: {server.origin}/createToken/?GET=/*"]
        if options["host"] not in _LOOPBACK:
            lines.append("Other machines can reach it: whoever does can change what it holds.")
        with suppress(KeyboardInterrupt), _ending_at_sigterm():
            for line in [*lines, "Serving; press Ctrl+C to stop."]:
                click.echo(f"# {line}".rstrip(), err=True)
            sys.stdout.flush()
            server.wait()
        click.echo("# Stopped.", err=True)
    if options["save"] is not None:
        box.save(options["save"])


@contextmanager
def _ending_at_sigterm() -> Generator[None]:
    """Let SIGTERM, as containers get it, be what Ctrl+C is."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    # Only there can signals be handled.
    handled = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, interrupt) if handled else None
    try:
        yield
    finally:
        if handled:
            signal.signal(signal.SIGTERM, before)


def _sandbox(options: dict[str, Any]) -> Any:
    from ..api import Sandbox
    from ..control.files import read_mapping

    box = Sandbox(schemas=options["schema"], seed=options["seed"])
    if options["settings"] is not None:
        box.configure(read_mapping(options["settings"]))
    box.configure({name: options[name] for name in _SETTINGS if options[name] is not None})
    if options["auto_validate"]:
        box.configure({"auto_validate": True})
    if options["fail_rate"]:
        box.configure({"faults": {"rate": options["fail_rate"]}})
    if options["lacks"]:
        box.configure({"modes": dict.fromkeys(options["lacks"], "ignored")})
    if options["load"] is not None:
        box.load(options["load"])
    for file in options["resources"]:
        box.add_file(file)
    return box


def _tls(options: dict[str, Any]) -> Any:
    certificate, key = options["certificate"], options["key"]
    if (certificate is None) != (key is None):
        raise InvalidConfiguration("sandbox: --certificate and --key belong together")
    return options["tls"] if certificate is None else (certificate, key)
