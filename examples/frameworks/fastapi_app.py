"""A web service that shows bills: one client for all requests, which lives as long as the application.

Run it: OVH_TRANSPORT=sandbox uvicorn fastapi_app:app
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request

import ovhcore as ovh


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with await ovh.AsyncClient.open() as client:
        app.state.ovh = client
        yield


def get_client(request: Request) -> ovh.AsyncClient:
    return request.app.state.ovh


Client = Annotated[ovh.AsyncClient, Depends(get_client)]
app = FastAPI(lifespan=lifespan)


@app.get("/bills")
async def bills(client: Client, since: str = "2000-01-01") -> list[dict[str, Any]]:
    return [bill async for bill in client.iterate("/me/bill", **{"date.from": since})]


@app.get("/bills/{bill_id}")
async def bill(client: Client, bill_id: str) -> dict[str, Any]:
    try:
        return await client.get("/me/bill/{billId}", billId=bill_id)
    except ovh.exceptions.ResourceNotFoundError:
        raise HTTPException(404, f"There is no bill {bill_id}") from None
