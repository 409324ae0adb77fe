"""Tornado runs on asyncio, so it takes an AsyncClient. Run it: OVH_TRANSPORT=sandbox python tornado_app.py"""

import asyncio

from tornado.web import Application, HTTPError, RequestHandler

import ovhcore as ovh


class Bill(RequestHandler):
    def initialize(self, client: ovh.AsyncClient) -> None:
        self.client = client

    async def get(self, bill_id: str) -> None:
        try:
            self.write(await self.client.get("/me/bill/{billId}", billId=bill_id))
        except ovh.exceptions.ResourceNotFoundError:
            raise HTTPError(404) from None


async def main(port: int = 8888) -> None:
    async with await ovh.AsyncClient.open() as client:
        server = Application([(r"/bills/(\w+)", Bill, {"client": client})]).listen(port, "127.0.0.1")
        try:
            await asyncio.Event().wait()
        finally:
            server.stop()


if __name__ == "__main__":
    asyncio.run(main())
