"""YAML as a JSON document; importing this needs PyYAML."""

from __future__ import annotations

import re
from typing import Any

import yaml

__all__ = ["yaml_value"]


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the fast one, where PyYAML was built with libyaml


class _Loader(_Base):  # type: ignore[misc]
    """A loader that knows the scalars of JSON only: in a list of countries ``NO`` is Norway, and a date is text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as PyYAML has it


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", "n~"),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", "-0123456789"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), [*_first, ""] if _tag == "null" else list(_first)
    )


def yaml_value(data: bytes) -> Any:
    """Return the value of a YAML document. Names of members become text, also numbers such as ``200``.

    Raises:
        ValueError: the document is not YAML.
    """
    try:
        return _with_text_keys(yaml.load(data, Loader=_Loader))
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _with_text_keys(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_text_keys(each) for each in value]
    return value
