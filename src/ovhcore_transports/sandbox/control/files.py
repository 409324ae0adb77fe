"""Files of a sandbox: settings, resources and snapshots, as JSON or YAML."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from ovhcore.exceptions import InvalidConfiguration

__all__ = ["read_mapping", "write_json"]


def read_mapping(file: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a file holds: JSON, or YAML where its name ends with ``.yaml`` or ``.yml``.

    Raises:
        InvalidConfiguration: it cannot be read, is neither, or no mapping; YAML needs PyYAML.
    """
    path = Path(file)
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise InvalidConfiguration(f"sandbox: {path} cannot be read: {error}") from None
    value = _yaml(text, path) if path.suffix.lower() in (".yaml", ".yml") else _json(text, path)
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise InvalidConfiguration(f"sandbox: {path} must hold a mapping with names, not {type(value).__name__}")
    return value


def _json(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidConfiguration(f"sandbox: {path} is not JSON: {error}") from None


def _yaml(text: str, path: Path) -> Any:
    try:
        import yaml
    except ModuleNotFoundError:
        raise InvalidConfiguration(
            f'sandbox: {path} is YAML, which needs PyYAML: pip install "ovhcore[vcr]"; or write JSON'
        ) from None
    try:
        # Dates as JSON has them: as text.
        return json.loads(json.dumps(yaml.safe_load(text), default=str))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        problem = " ".join(str(error).split())
    raise InvalidConfiguration(f"sandbox: {path} is not YAML that JSON could hold: {problem}")


def write_json(file: str | os.PathLike[str], value: Any) -> None:
    """Write a file, whole or not at all; nobody else can read it, as it holds keys.

    Raises:
        OSError: it cannot be written.
    """
    path = Path(file)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:
            json.dump(value, stream, ensure_ascii=False, indent=1)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
