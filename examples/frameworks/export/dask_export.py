"""The same on a cluster of Dask: give its address as a third argument, or have a process for each core of this machine.

Run it: OVH_TRANSPORT=sandbox python dask_export.py /me/bill bills
"""

import sys
from pathlib import Path

from dask.distributed import Client, LocalCluster, as_completed
from export import __file__ as export_file
from export import fetch, join, missing

if __name__ == "__main__":
    path, folder = sys.argv[1], Path(sys.argv[2]).resolve()
    workers = sys.argv[3] if len(sys.argv) > 3 else LocalCluster(threads_per_worker=1)
    with Client(workers) as cluster:
        cluster.upload_file(export_file)
        pieces = [cluster.submit(fetch, *piece, retries=10, pure=False) for piece in missing(path, folder)]
        for piece in as_completed(pieces):
            piece.result()
    print(join(folder))
