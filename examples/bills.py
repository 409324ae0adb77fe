"""List the bills with their details. Tries without an account: ``OVH_TRANSPORT=sandbox python examples/bills.py``."""

from __future__ import annotations

import ovhcore as ovh


def main(client: ovh.Client) -> None:
    """Print one line for each bill."""
    for bill in client.iterate("/me/bill"):
        print(f"{bill['billId']:<12} {bill['date'][:10]}  {bill['priceWithTax']['text']:>12}  {bill['pdfUrl']}")


if __name__ == "__main__":
    with ovh.Client() as configured:
        main(configured)
