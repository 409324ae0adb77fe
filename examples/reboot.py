"""Reboot a dedicated server and wait until that is done, with a line on the terminal that tells how far it is.

``python examples/reboot.py ns1.ip-192-0-2.eu``; without an account: ``OVH_TRANSPORT=sandbox``. Needs rich.
"""

from __future__ import annotations

import sys

from rich.console import Console

import ovhcore as ovh
from ovhcore.flows import Waiting


def main(client: ovh.Client, server: str) -> None:
    """Start the task, and wait for it."""
    task = client.post("/dedicated/server/{serviceName}/reboot", serviceName=server)
    console = Console(stderr=True)
    with console.status(f"{server}: {task['status']}") as line:

        def tell(waiting: Waiting) -> None:
            line.update(f"{server}: {waiting.status or 'not to be seen yet'}, after {waiting.elapsed:.0f} s")

        done = client.wait(
            "/dedicated/server/{serviceName}/task/{taskId}",
            serviceName=server,
            taskId=task["taskId"],
            _deadline=1800,
            _progress=tell,
        )
    print(f"{server}: {done['function']} is {done['status']}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: reboot.py SERVER")
    with ovh.Client() as configured:
        try:
            main(configured, sys.argv[1])
        except ovh.APIError as error:  # also OperationFailed, WaitTimeout
            sys.exit(f"{sys.argv[1]} was not rebooted, or not seen to be: {error}")
