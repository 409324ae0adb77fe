"""Which objects of a list a query asks for."""

from __future__ import annotations

from typing import Any

from ..routes.calls import SandboxCall
from .api_shape import OperationContext

__all__ = ["meets_query", "wanted_of"]


def wanted_of(call: SandboxCall, context: OperationContext) -> dict[str, list[str]]:
    """Return the arguments of the query by which a list is narrowed."""
    required = {each.name for each in context.operation.placed("query") if each.required}
    return {
        name: values
        for name, values in call.pairs.items()
        if name not in required and not name.startswith(("iamTags", "tags"))
    }


def meets_query(item: Any, name: str, values: list[str], noun: str = "") -> bool:
    """Say whether an object has what a query asks for; members that it has not are not asked for.

    Args:
        item: the object.
        name: of the argument; ``resourceType`` is the ``type`` of what ``/resource`` lists.
        values: of the argument.
        noun: the last segment of the list's path.
    """
    short = name.removeprefix(noun)
    if noun and short not in ("", name) and isinstance(item, dict) and name not in item:
        name = short.lower() if short.isupper() else short[0].lower() + short[1:]
    base, _, end = name.rpartition(".")
    bound = end in ("from", "to") and bool(base)
    if not isinstance(item, dict):
        return True
    value: Any = item
    for part in (base if bound else name).split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None or isinstance(value, dict):
        return True
    several = value if isinstance(value, list) else [value]
    texts = [str(each).lower() if isinstance(each, bool) else str(each) for each in several]
    if bound:
        return all(text >= values[0] if end == "from" else text[: len(values[0])] <= values[0] for text in texts)
    return any(text in values for text in texts)
