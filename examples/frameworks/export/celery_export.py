"""The same by workers of Celery, on as many machines as have the folder.

Run workers:  celery -A celery_export worker
and this:     python celery_export.py /me/bill /shared/bills
"""

import os
import sys
import time
from pathlib import Path

from celery import Celery
from export import fetch, join, missing

app = Celery("celery_export", broker=os.environ.get("CELERY_BROKER", "redis://127.0.0.1"))
app.conf.update(
    task_acks_late=True,  # a piece leaves the queue when it is written, not when it is begun
    task_reject_on_worker_lost=True,  # that of a process which was killed goes back into the queue at once,
    broker_transport_options={"visibility_timeout": 600},  # and that of a machine which is gone in 10 minutes
    worker_prefetch_multiplier=1,
)


@app.task(autoretry_for=(Exception,), retry_backoff=True, max_retries=10)  # beyond the client's own retries
def piece(path: str, ids: list[object], file: str) -> None:
    fetch(path, ids, file)


if __name__ == "__main__":
    path, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    for each in missing(path, folder):
        piece.delay(*each)
    while missing(path, folder):
        time.sleep(1)
    print(join(folder))
