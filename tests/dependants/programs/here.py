"""What every program begins with: ``ovh``, whichever it is, is led to the server that the command line names."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import ovh

URL = sys.argv[1]
KEYS: dict[str, str] = json.loads(os.environ["KEYS"])
ovh.client.ENDPOINTS["ovh-eu"] = URL


def said(steps: dict[str, Callable[[], Any]]) -> None:
    """Print what each step returned, or the kind and the text of what it raised."""
    outcomes: dict[str, Any] = {}
    for name, step in steps.items():
        try:
            outcomes[name] = step()
        except (Exception, SystemExit) as error:
            kind = "APIError" if isinstance(error, ovh.exceptions.APIError) else type(error).__name__
            outcomes[name] = [kind, str(error).partition(" \nOVH-Query-ID")[0]]
    print(json.dumps({"outcomes": outcomes, "ovh": ovh.__name__}, default=str))
