"""List the bills with their details, fetched side by side: the same as ``bills.py`` for asyncio."""

from __future__ import annotations

import asyncio
from typing import Any

import ovhcore as ovh


async def main(client: ovh.AsyncClient) -> None:
    """Print one line for each bill."""
    some = asyncio.Semaphore(5)

    async def fetch(bill_id: str) -> Any:
        async with some:
            return await client.get("/me/bill/{billId}", billId=bill_id)

    for bill in await asyncio.gather(*[fetch(bill_id) for bill_id in await client.get("/me/bill")]):
        print(f"{bill['billId']:<12} {bill['date'][:10]}  {bill['priceWithTax']['text']:>12}  {bill['pdfUrl']}")


async def run() -> None:
    """Make the client inside the loop, and close it."""
    async with ovh.AsyncClient() as configured:
        await main(configured)


if __name__ == "__main__":
    asyncio.run(run())
