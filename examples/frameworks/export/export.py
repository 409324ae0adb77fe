"""Export all objects of a list in pieces, by several processes. Run again after a crash, it goes on where it was.

Run it: OVH_TRANSPORT=sandbox python export.py /me/bill bills
"""

import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from uuid import uuid4

import ovhcore as ovh

SIZE = 500  # objects of a piece, which a worker that is killed loses: 10 batches


@cache
def client() -> ovh.Client:
    return ovh.Client()


def write(file: Path, content: object) -> None:
    """Write a file as a whole or not at all, whoever else writes it and whenever this process ends."""
    part = file.with_name(f"{file.name}.{uuid4().hex}.part")
    with part.open("w", encoding="utf-8") as stream:
        json.dump(content, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)


def missing(path: str, folder: Path) -> list[tuple[str, list[object], str]]:
    """Return what is still to be fetched: for each piece the path, the ids and the file."""
    manifest = folder / "manifest.json"
    if not manifest.exists():
        folder.mkdir(parents=True, exist_ok=True)
        ids = list(dict.fromkeys(client().get(path)))
        write(manifest, {"path": path, "pieces": [ids[at : at + SIZE] for at in range(0, len(ids), SIZE)]})
    plan = json.loads(manifest.read_text("utf-8"))
    if plan["path"] != path:
        sys.exit(f"{folder} holds an export of {plan['path']}")
    pieces = [(path, ids, str(folder / f"{number:06}.json")) for number, ids in enumerate(plan["pieces"])]
    return [piece for piece in pieces if not Path(piece[2]).exists()]


def fetch(path: str, ids: list[object], file: str) -> None:
    """Fetch a piece, unless it is there."""
    if Path(file).exists():
        return
    found = client().batch(path + "/{id}", ids, _errors="return")
    kept: dict[str, list[object]] = {"ids": ids, "objects": [], "gone": []}
    for each, result in zip(ids, found, strict=True):
        if isinstance(result, ovh.exceptions.ResourceNotFoundError):  # deleted since the list was read
            kept["gone"].append(each)
        elif isinstance(result, Exception):
            raise result
        else:
            kept["objects"].append(result)
    write(Path(file), kept)


def join(folder: Path) -> str:
    """Write all objects into one file, one a line, in the order of the list; return how many there are."""
    plan = json.loads((folder / "manifest.json").read_text("utf-8"))
    written = gone = 0
    part = folder / "objects.jsonl.part"
    with part.open("w", encoding="utf-8") as stream:
        for number, ids in enumerate(plan["pieces"]):
            kept = json.loads((folder / f"{number:06}.json").read_text("utf-8"))
            if kept["ids"] != ids:
                sys.exit(f"{number:06}.json is of another export: delete it, and run this again")
            stream.writelines(json.dumps(each) + "\n" for each in kept["objects"])
            written += len(kept["objects"])
            gone += len(kept["gone"])
    part.replace(folder / "objects.jsonl")
    return f"{written} objects, {gone} deleted meanwhile"


if __name__ == "__main__":
    path, folder = sys.argv[1], Path(sys.argv[2])
    with ProcessPoolExecutor(int(sys.argv[3]) if len(sys.argv) > 3 else 4) as pool:
        for piece in [pool.submit(fetch, *piece) for piece in missing(path, folder)]:
            piece.result()
    print(join(folder))
