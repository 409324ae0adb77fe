"""Write all bills to a CSV file, with a progress bar on the terminal. Needs rich.

``python examples/export_bills.py bills.csv``; without an account: ``OVH_TRANSPORT=sandbox``. The file
appears, or is replaced, when it is complete: a program that is interrupted leaves what was there.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import ovhcore as ovh


@contextmanager
def replacing(target: Path) -> Iterator[TextIO]:
    """Open a file beside another, which takes the place of that once all is written, and not before."""
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def main(client: ovh.Client, target: Path) -> None:
    """Export the bills. How many there are is known at once, or at the end, as the API has it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress, replacing(target) as file:
        bar = progress.add_task("Bills", total=None)
        rows = csv.writer(file)
        rows.writerow(["bill", "date", "order", "without tax", "tax", "with tax", "currency"])
        bills = client.iterate("/me/bill", _progress=lambda done, total: progress.update(bar, total=total))
        for bill in bills:
            net, tax, price = bill["priceWithoutTax"], bill["tax"], bill["priceWithTax"]
            amounts = [net["value"], tax["value"], price["value"], price["currencyCode"]]
            rows.writerow([bill["billId"], bill["date"][:10], bill["orderId"], *amounts])
            progress.advance(bar)
        progress.update(bar, total=bills.done)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: export_bills.py FILE")
    with ovh.Client() as configured:
        main(configured, Path(sys.argv[1]))
