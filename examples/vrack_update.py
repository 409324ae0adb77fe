"""Rename a vRack Services, whatever others change in it meanwhile, and wait until that is so.

``python examples/vrack_update.py vrs-demo-1 "A new name"``; without an account: ``OVH_TRANSPORT=sandbox``.
"""

from __future__ import annotations

import sys
from typing import Any

import ovhcore as ovh


def main(client: ovh.Client, resource_id: str, name: str) -> None:
    """Change the target; the function is called again if somebody else was faster."""

    def rename(target: dict[str, Any]) -> None:
        print(f"from {target['displayName']!r} to {name!r}")
        target["displayName"] = name

    resource = client.update(
        "/v2/vrackServices/resource/{id}",
        rename,
        id=resource_id,
        _progress=lambda waiting: print(f"{waiting.elapsed:4.0f} s  {waiting.status}"),
    )
    print("now", repr(resource["currentState"]["displayName"]))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: vrack_update.py ID NAME")
    with ovh.Client() as configured:
        main(configured, sys.argv[1], sys.argv[2])
