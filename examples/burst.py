"""Enable network burst on the dedicated servers of one datacenter.

``python examples/burst.py sbg1``; without an account: ``OVH_TRANSPORT=sandbox``.
"""

from __future__ import annotations

import sys

import ovhcore as ovh


def main(client: ovh.Client, datacenter: str) -> None:
    """Switch burst on where it is off."""
    for name in client.get("/dedicated/server"):
        server = client.get("/dedicated/server/{serviceName}", serviceName=name)
        if server["datacenter"] != datacenter:
            continue
        burst = client.get("/dedicated/server/{serviceName}/burst", serviceName=name)
        if burst["status"] == "active":
            print(name, "has it already")
            continue
        client.put("/dedicated/server/{serviceName}/burst", serviceName=name, status="active")
        print(name, "has it now")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: burst.py DATACENTER")
    with ovh.Client() as configured:
        main(configured, sys.argv[1])
