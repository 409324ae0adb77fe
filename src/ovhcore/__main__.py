"""``python -m ovhcore``: the command ``ovhcore``, where its script is not on the path."""

from __future__ import annotations

import sys
from importlib import import_module

__all__ = ["main"]


def main() -> None:
    """Run the command; exits with one line that says what to install if it is not there."""
    try:
        # By its name: nothing here needs what sends. It has the same prefix in a copy with another name.
        command = import_module(f"{__package__}_transports.cli")
    except ModuleNotFoundError:
        sys.exit('The command is not part of this copy of ovhcore: pip install "ovhcore[cli]"')
    command.main()


if __name__ == "__main__":
    main()
