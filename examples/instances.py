"""List cloud instances in a table, at the endpoint runabove-ca.

RunAbove is retired; the program shows a call at an endpoint other than the configured one.
Without an account: ``OVH_TRANSPORT=sandbox python examples/instances.py``.
"""

from __future__ import annotations

import ovhcore as ovh


def main(client: ovh.Client) -> None:
    """Print a table."""
    rows = [("Name", "Region", "IP", "Status")]
    for instance in client.get("/instance"):
        rows.append((instance["name"], instance["region"], instance["ip"], instance["status"]))  # noqa: PERF401
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    with ovh.Client(endpoint="runabove-ca") as configured:
        main(configured)
