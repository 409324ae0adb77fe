"""Advice of the catalogue on an error of the API: the path, rule or argument that may have been meant."""

from __future__ import annotations

import re
from typing import Final

from ...exceptions import APIError, InvalidRequest, NotGrantedCall, ResourceNotFoundError
from ...protocol.responses.decoding import is_no_route, may_be_misspelt
from ..model import Operation
from ..rules import access_rule_for
from .catalogue import Catalogue

__all__ = ["advice"]

_ABOUT_ARGUMENTS = re.compile(r"parameter|argument|propert|field|body|given data|attribute", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z_][\w.]*")
_LISTED: Final = 40


def advice(catalogue: Catalogue, error: APIError, method: str, path: str) -> str | None:
    """Return the catalogue's advice on an error, to be shown as the error's hint; None if there is none.

    The advice names templates, arguments and rules, and never the values of the call.

    Args:
        catalogue: the catalogue of the endpoint that was called.
        error: the error that the API answered.
        method: the method of the call.
        path: the path of the call, with its query or without.

    Raises:
        SchemaError: the stored form of a family is damaged.
    """
    if not may_be_misspelt(error):
        return None
    operation = catalogue.find(method, path)
    if isinstance(error, ResourceNotFoundError):
        if operation is None:
            return _meant(catalogue, error, method, path)
        return _elsewhere(catalogue, operation, error, path) if is_no_route(error) else None
    if isinstance(error, NotGrantedCall):
        return _meant(catalogue, error, method, path) if operation is None else _rights(operation, error)
    return None if operation is None else _arguments(catalogue, operation, error.message)


def _meant(catalogue: Catalogue, error: APIError, method: str, path: str) -> str | None:
    """Return a hint with the paths that may have been meant by an unknown one."""
    before = _before(error.hint)
    if methods := catalogue.methods(path):
        return f"{before}There is no {method} for this path; there is {', '.join(methods)}."
    near = catalogue.suggest(path, method) or catalogue.suggest(path)
    if not near:
        return None
    return f"{before}The catalogue has no {method} of this path; did you mean {' or '.join(near)}?"


def _elsewhere(catalogue: Catalogue, operation: Operation, error: APIError, path: str) -> str:
    status = operation.status
    text = f"{operation} is in the catalogue{f' of {catalogue.endpoint}' if catalogue.endpoint else ''}"
    if status.deprecated or status.replacement:
        text += ", and deprecated" + (f": use {status.replacement}" if status.replacement else "")
    # A misspelt word may stand where another template has an argument.
    near = [each for each in catalogue.suggest(path, operation.method) if each != operation.path]
    meant = f" Or did you mean {' or '.join(near)}?" if near else ""
    return f"{_before(error.hint)}{text}; this endpoint does not have it, or no longer.{meant}"


def _rights(operation: Operation, error: APIError) -> str | None:
    parts: list[str] = []
    try:
        rule = access_rule_for(operation)
    except InvalidRequest:
        pass
    else:
        path = rule["path"]
        above = path.removesuffix("/*")
        not_covered = f" ({above} does not cover it)" if above not in ("", path) else ""
        parts.append(f"The access rule of a consumer key that allows it: {rule['method']} {path}{not_covered}.")
    actions = [each.name for each in operation.iam_actions if each.required] or [
        each.name for each in operation.iam_actions
    ]
    if actions:
        parts.append(f"The IAM action{'s' if len(actions) > 1 else ''} of {operation}: {', '.join(actions)}.")
    return _before(error.hint) + " ".join(parts) if parts else None


def _arguments(catalogue: Catalogue, operation: Operation, message: str) -> str | None:
    """Return a hint with the arguments of an operation, if the error is about one."""
    query = {each.name: each.required for each in operation.placed("query")}
    fields = catalogue.family(operation.family).body_fields(operation)
    body = {name: each.required for name, each in (fields or {}).items()}
    known = [*query, *body, *(each.name for each in operation.placed("path"))]
    words = _WORD.findall(message)
    if not _ABOUT_ARGUMENTS.search(message) and not {*words} & {*known}:
        return None
    told = [f"{operation} takes"]
    places = [(place, names) for place, names in (("query", query), ("body", body)) if names]
    if operation.body is not None and fields is None:
        told.append(f"a body of the type {operation.body}")
    elif not places:
        told.append("no arguments but those of its path" if known else "no arguments")
    told.append(" and ".join(f"in its {place}: {_named(names)}" for place, names in places))
    return " ".join(filter(None, told)) + _near(words, known)


def _named(names: dict[str, bool]) -> str:
    shown = [f"{name} (required)" if required else name for name, required in names.items()]
    return ", ".join(shown[:_LISTED]) + (", ..." if len(shown) > _LISTED else "")


def _near(words: list[str], known: list[str]) -> str:
    from difflib import get_close_matches

    for word in words:
        near = get_close_matches(word, known, 1, 0.75)
        if word not in known and near and len(word) > 2:
            return f"; did you mean {near[0]}?"
    return "."


def _before(hint: str | None) -> str:
    if hint is None:
        return ""
    return f"{hint} " if hint.endswith(".") else f"{hint}. "
