"""trio, by the transport on httpx. Run it with keys: OVH_TRANSPORT=httpx python trio_bills.py"""

import trio

import ovhcore as ovh


async def main() -> None:
    async with ovh.AsyncClient(transport="httpx") as client:
        with trio.move_on_after(60):
            me, bills = await client.gather(["/me", "/me/bill"])
            print(me["firstname"], len(bills))


trio.run(main)
