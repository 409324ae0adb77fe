"""The pictures of terminals in the documentation: ``python docs/pictures.py`` draws what commands show.

Each is made from a real run on a terminal of its own, against a sandbox that is served.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from ovhcore_transports.sandbox import ACCESS_KEYS, Sandbox, serve

WIDTH: Final = 92
HERE: Final = Path(__file__).resolve().parent / "_static"
COMMAND: Final = [sys.executable, "-c", "from ovhcore_transports.cli import main; main()"]
PICTURES: Final = {
    "bills": [["get", "me/bill"], ["get", "me/bill", "--columns", "billId,date,priceWithTax.text"]],
    "demo": [["demo"]],
    "dns-records": [["get", "/domain/zone/example.com/record"]],
    "first-calls": [
        ["get", "/domain/zone/example.com/record/1002"],
        ["post", "/domain/zone/example.com/record", "fieldType=A", "subDomain=new", "target=192.0.2.1", "ttl=60"],
        ["get", "/me/bills"],
    ],
}
"""The commands of each picture."""


def shown(arguments: list[str], variables: dict[str, str]) -> str:
    """Return what a command shows on a terminal, with its colours."""
    main, follower = pty.openpty()
    running = subprocess.Popen(
        [*COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=follower, stderr=follower, env=variables
    )
    os.close(follower)
    came = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:  # Linux's way to tell the end
            break
        if not piece:
            break
        came += piece
    os.close(main)
    running.wait()
    return came.decode().replace("\r\n", "\n")


def steady(text: str) -> str:
    """Return text without what differs from run to run, or is drawn while something is waited for."""
    text = text.replace("\x1b[?25l", "").replace("\x1b[?25h", "")
    text = re.sub(r"^.*\n\r?\x1b\[1A\r?\x1b\[2K", "", text, flags=re.MULTILINE)  # a bar that is gone at the end
    text = re.sub(r"\x1b\[\d*[AK]|^.*\r", "", text, flags=re.MULTILINE)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8080", text)
    text = re.sub(r"\d:\d\d:\d\d", "0:00:00", text)
    return re.sub(r"(?<=query id: ).*", "SB.ext-1.00000004.1.5a1e0c3d", text)


def runs(commands: list[list[str]]) -> list[tuple[str, str]]:
    """Return commands as they are typed, and what they show."""
    with serve(Sandbox()) as server:
        keys = {f"OVH_{name.upper()}": str(value) for name, value in ACCESS_KEYS.items()}
        variables = {**os.environ, **keys, "OVH_ENDPOINT": server.url, "OVH_PROXY": "none", "COLUMNS": str(WIDTH)}
        variables |= {"LINES": "60", "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        variables.pop("NO_COLOR", None)
        return [
            (" ".join(["ovhcore", *each]).replace("-q demo", "demo"), steady(shown(each, variables)))
            for each in commands
        ]


def drawn(name: str) -> str:
    """Return a picture."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        for typed, text in runs(PICTURES[name]):
            console.print(Text(f"$ {typed}", style="bold"))
            console.print(Text.from_ansi(text.rstrip("\n")))
            console.print()
        picture = console.export_svg(title="ovhcore", unique_id=f"picture-{name}")
    # Its letters would be fetched from another site by whoever looks at it.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in picture.splitlines()) + "\n"


def words_of(picture: str) -> str:
    """Return what can be read in a picture."""
    return "\n".join(re.findall(r"<text [^>]*>(.*?)</text>", picture))


if __name__ == "__main__":
    for each in PICTURES:
        (HERE / f"{each}.svg").write_text(drawn(each), "utf-8")
