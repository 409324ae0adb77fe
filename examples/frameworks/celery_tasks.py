"""Tasks that call the API, in the forked workers of Celery.

Run it:   OVH_TRANSPORT=sandbox celery -A celery_tasks worker --pool prefork --concurrency 2
Give it:  celery -A celery_tasks call celery_tasks.prices
"""

import os
from functools import cache

from celery import Celery

import ovhcore as ovh

app = Celery(broker=os.environ.get("CELERY_BROKER", "redis://127.0.0.1"), backend=os.environ.get("CELERY_BACKEND"))


@cache
def client() -> ovh.Client:
    # Also a client that was made before the fork may be used after it: locks and connections are made anew.
    return ovh.Client()


@app.task(
    autoretry_for=(ovh.exceptions.HTTPError, ovh.exceptions.TooManyRequests),  # beyond the client's own retries
    retry_backoff=True,
    max_retries=5,
)
def price(bill_id: str) -> dict[str, object]:
    bill = client().get("/me/bill/{billId}", billId=bill_id)
    return {"bill": bill_id, "price": bill["priceWithTax"]["value"], "worker": os.getpid()}


@app.task
def prices() -> list[str]:
    """Give every bill to some worker; return the ids of the tasks."""
    return [price.delay(bill_id).id for bill_id in client().get("/me/bill")]
