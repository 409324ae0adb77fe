"""Get credentials from a command that prints them: of a password manager, of a vault.

``OVH_ENDPOINT=ovh-eu python examples/credentials_from_command.py pass show ovh``. The command prints
a JSON object with the names that ``ovh.conf`` has: ``{"application_key": "...", "application_secret":
"...", "consumer_key": "..."}``, or ``client_id`` and ``client_secret``, or ``access_token``. It runs
when a first call needs them, and again when the API refuses what it printed.

Without an account, against a sandbox that ``ovhcore sandbox`` serves: ``OVH_ENDPOINT`` is its URL, and the
command ``cat keys.json``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ovhcore as ovh
from ovhcore.config import Settings
from ovhcore.flows import CredentialsProvider, Flow, Sleep
from ovhcore.plugins import hookimpl
from ovhcore.protocol import AccessToken, ApplicationKey, Credentials, OAuth2Client, Secret, as_secret


class CommandCredentials:
    """A plugin: ``Client(plugins=[CommandCredentials(["pass", "show", "ovh"])])``; for ``AsyncClient``, too.

    Args:
        command: what to run, without a shell.
        timeout: seconds it may take.
    """

    def __init__(self, command: Sequence[str], timeout: float = 30.0) -> None:
        self.command = list(command)
        self.timeout = timeout

    @hookimpl
    def ovhcore_credentials(self, settings: Settings) -> CredentialsProvider:
        """Offer what is asked for credentials; nothing is run yet."""
        return self.supplied

    def supplied(self, refused: Credentials | None) -> Flow[Credentials]:
        """Run the command in a thread and look after it now and then: an event loop goes on meanwhile."""
        pool = ThreadPoolExecutor(1)
        reading = pool.submit(self.read)
        pool.shutdown(wait=False)
        while not reading.done():
            yield Sleep(0.02)
        return reading.result()

    def read(self) -> Credentials:
        """Run the command and return the credentials it prints.

        Raises:
            InvalidConfiguration: it cannot be run, fails, takes too long or prints something else. The
                message does not show what it printed, and neither does the traceback.
        """
        try:
            # Its error output goes where that of this program goes.
            done = subprocess.run(
                self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=self.timeout, check=True
            )
            printed, done.stdout = as_secret(done.stdout), b""
            return credentials_of(printed)
        except subprocess.TimeoutExpired:
            problem = f"did not end within {self.timeout:g} seconds"
        except subprocess.CalledProcessError as error:
            problem = f"ended with status {error.returncode}"
        except OSError as error:
            problem = f"cannot be run: {error.strerror}"
        except ovh.InvalidConfiguration as error:
            problem = f"printed no credentials: {error}"
        # Raised here, not above: those exceptions hold the output.
        raise ovh.InvalidConfiguration(f"The command for credentials, {self.command[0]}, {problem}")


def credentials_of(printed: Secret) -> Credentials:
    """Return the credentials in a JSON object.

    Raises:
        InvalidConfiguration: there are none, or they cannot be used.
    """
    try:
        found: dict[str, Any] = {
            name: as_secret(value) for name, value in json.loads(printed.reveal()).items() if value is not None
        }
    except (ValueError, AttributeError, RecursionError):
        found = {}
    empty = Secret("")
    if "application_key" in found:
        secret = found.get("application_secret", empty)
        return ApplicationKey(found["application_key"], secret, found.get("consumer_key"))
    if "client_id" in found:
        return OAuth2Client(found["client_id"], found.get("client_secret", empty))
    if "access_token" in found:
        return AccessToken(found["access_token"])
    raise ovh.InvalidConfiguration("a JSON object with application_key, client_id or access_token is wanted")


def main(client: ovh.Client) -> None:
    """Greet whoever the credentials belong to."""
    print("Welcome", client.get("/me")["firstname"])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: credentials_from_command.py COMMAND [ARGUMENT...]")
    with ovh.Client(plugins=[CommandCredentials(sys.argv[1:])]) as configured:
        main(configured)
