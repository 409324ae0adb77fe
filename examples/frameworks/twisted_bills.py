"""Twisted on asyncio's loop: Deferreds of an AsyncClient. Run it: OVH_TRANSPORT=sandbox python twisted_bills.py"""

import asyncio

from twisted.internet import asyncioreactor

loop = asyncio.new_event_loop()
asyncioreactor.install(loop)  # before anything else imports a reactor

from twisted.internet.defer import Deferred
from twisted.internet.task import react

import ovhcore as ovh


async def print_bills() -> None:
    async with ovh.AsyncClient() as client:
        me, bills = await client.gather(["/me", "/me/bill"])
        print(me["firstname"], len(bills))


def main(reactor: object) -> Deferred[None]:
    # What is awaited is a coroutine of asyncio, which needs a task of its loop.
    return Deferred.fromFuture(loop.create_task(print_bills()))


react(main)
