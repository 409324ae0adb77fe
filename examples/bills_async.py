"""List the bills with their details: the same as ``bills.py`` for asyncio."""

from __future__ import annotations

import asyncio

import ovhcore as ovh


async def main(client: ovh.AsyncClient) -> None:
    """Print one line for each bill."""
    async for bill in client.iterate("/me/bill"):
        print(f"{bill['billId']:<12} {bill['date'][:10]}  {bill['priceWithTax']['text']:>12}  {bill['pdfUrl']}")


async def run() -> None:
    """Make the client inside the loop, and close it."""
    async with ovh.AsyncClient() as configured:
        await main(configured)


if __name__ == "__main__":
    asyncio.run(run())
