"""What is typed behind a path: ``name=value``, ``name:=json``, ``name=@file``, ``@file``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

__all__ = ["NO_BODY", "SEEN", "Typed", "condition", "header_fields", "json_of", "parse", "path_of", "text_of_file"]

NO_BODY: Final = object()
"""There is no body as a whole."""

SEEN: Final = "and what is typed stands in the list of processes and in the history of the shell. Nothing was sent."
"""Why a secret may not be typed as an argument."""


class Typed:
    """What was typed.

    Attributes:
        named: values by name; those that were given as text are :class:`str`, and may be read as the schema has them.
        as_text: the names of those.
        body: the body as a whole, or :data:`NO_BODY`.
        visible: the names of values that stand in the command itself, and not in a file.
    """

    __slots__ = ("as_text", "body", "named", "visible")

    def __init__(self, named: dict[str, Any], as_text: frozenset[str], body: Any, visible: frozenset[str]) -> None:
        self.named = named
        self.as_text = as_text
        self.body = body
        self.visible = visible


def path_of(typed: str) -> str:
    """Return the path that was meant: the slash at its beginning may be left out.

    Raises:
        click.UsageError: it is none.
    """
    if not typed.strip():
        raise click.UsageError("PATH is empty; the list of what there is has the path /")
    if "://" in typed.partition("?")[0]:
        raise click.UsageError("PATH stands below the endpoint, as /me; the endpoint's URL goes into --endpoint")
    return typed if typed.startswith("/") else f"/{typed}"


def parse(words: Sequence[str]) -> Typed:
    """Return what arguments say; a name that is repeated is a list.

    Raises:
        click.UsageError: one cannot be read.
    """
    values: dict[str, list[Any]] = {}
    as_json: set[str] = set()
    visible: set[str] = set()
    body: Any = NO_BODY
    if sum(word == "@-" or word.partition("=")[2] == "@-" for word in words) > 1:
        raise click.UsageError("Standard input can be read once: one @- alone")
    for word in words:
        if word.startswith("@"):
            if body is not NO_BODY:
                raise click.UsageError("There can be one body alone: @FILE was given twice")
            body = json_of(text_of_file(word[1:]), word)
            continue
        name, equals, text = word.partition("=")
        of_json = name.endswith(":")
        name = name.removesuffix(":")
        if not equals or not name or name.startswith("_"):
            raise click.UsageError(
                f"An argument is written NAME=VALUE, NAME:=JSON, NAME=@FILE or @FILE, not {_cut(word)!r}"
            )
        if text == "@-" and not of_json and sys.stdin.isatty():
            text = str(click.prompt(_cut(name), hide_input=True, err=True))
        elif text.startswith("@"):
            text = text_of_file(text[1:]).removesuffix("\n").removesuffix("\r")
        else:
            visible.add(name)
        if of_json:
            as_json.add(name)
        values.setdefault(name, []).append(json_of(text, name) if of_json else text)
    named = {name: listed[0] if len(listed) == 1 else listed for name, listed in values.items()}
    return Typed(named, frozenset(values.keys() - as_json), body, frozenset(visible))


def json_of(text: str, what: str) -> Any:
    """Return the value of JSON.

    Raises:
        click.UsageError: it is none; the message shows nothing of it, for it may hold a secret.
    """
    from ovhcore._internal import parse_json

    try:
        return parse_json(text.encode("utf-8", "surrogatepass"))
    except ValueError as error:
        problem = str(error)
    raise click.UsageError(f"{_cut(what)} is not JSON: {problem}")


def text_of_file(name: str) -> str:
    """Return what is in a file; ``-`` is standard input.

    Raises:
        click.UsageError: it cannot be read, or is not text.
    """
    try:
        if name == "-":
            return sys.stdin.read()
        with open(os.path.expanduser(name), encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        problem = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text"
    raise click.UsageError(f"The file {name} cannot be read: {problem}")


def header_fields(given: Sequence[str]) -> dict[str, str]:
    """Return header fields that were typed as ``Name: value``.

    Raises:
        click.UsageError: one is not written so, or a secret one is not in a file.
    """
    from ovhcore._internal import is_secret_header

    fields: dict[str, str] = {}
    for each in given:
        name, colon, value = each.partition(":")
        if not colon or not name.strip():
            raise click.UsageError("A header field is written 'Name: value'")
        name, value = name.strip(), value.strip()
        if value.startswith("@"):
            value = text_of_file(value[1:]).strip()
        elif is_secret_header(name):
            raise click.UsageError(f"{_cut(name)} is secret, {SEEN} Write '{_cut(name)}: @FILE'")
        fields[name] = value
    return fields


def condition(text: str) -> tuple[str, str, Any]:
    """Return a condition on objects that was typed as ``field:op=value``; ``in`` takes several, with commas.

    Raises:
        click.UsageError: it is not written so.
    """
    name, equals, value = text.partition("=")
    field, colon, operator = name.rpartition(":")
    if not equals or not colon:
        raise click.UsageError(f"A filter is written FIELD:OP=VALUE, as status:in=ok,error, not {_cut(text)!r}")
    return field, operator, value.split(",") if operator == "in" else value


def _cut(word: str) -> str:
    """Return the beginning of what was typed: what follows may be a secret."""
    head = word.partition("=")[0] if "=" in word else word
    shown = json.dumps(head)[1:-1]
    return shown if len(shown) <= 40 else f"{shown[:40]}..."
