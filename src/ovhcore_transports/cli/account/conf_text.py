"""Changes options of one section in the text of an ``ovh.conf``, and nothing else, to the byte.

Lines are read as :mod:`configparser` reads them: an indented line goes on with a value, a section may come twice, of
an option that comes twice the last counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from configparser import Error, RawConfigParser
from typing import Final, NamedTuple

from ovhcore.exceptions import InvalidConfiguration

__all__ = ["changed", "parsed"]

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_HEADER: Final = re.compile(r"\[(.+)\]")
_OPTION: Final = re.compile(r"(.*?)(\s*[=:]\s*)(.*)", re.DOTALL)
_BOM: Final = "\ufeff"


class _Line(NamedTuple):
    """A line of the file.

    Attributes:
        text: with its end.
        section: that it belongs to; None before the first.
        header: whether it begins one.
        option: that it sets, or goes on with; None for comments and the like.
        first: whether it sets the option.
    """

    text: str
    section: str | None
    header: bool = False
    option: str | None = None
    first: bool = False

    @property
    def indent(self) -> str:
        """The blanks before it."""
        return self.text[: len(self.text) - len(self.text.lstrip())]

    @property
    def bare(self) -> str:
        """It without its end."""
        return self.text.rstrip("\r\n")


def parsed(text: str) -> RawConfigParser:
    """Return what a text says.

    Raises:
        InvalidConfiguration: it is no such file; the message quotes nothing of it.
    """
    parser = RawConfigParser(strict=False, interpolation=None)
    try:
        parser.read_string("\n".join(re.split("\r\n|\r|\n", text.removeprefix(_BOM))))
        return parser
    except Error as error:
        problem = type(error).__name__
    raise InvalidConfiguration(f"The file is not one of sections and options ({problem}): mend it first")


def changed(text: str, section: str, options: Mapping[str, str | None]) -> str:
    """Return a text in which a section has certain options.

    Args:
        text: the file.
        section: its name; it is added where there is none.
        options: values by name; None takes an option away.

    Raises:
        InvalidConfiguration: the text cannot be read, or not be changed in this way; no value is shown.
    """
    before = parsed(text)
    bom = _BOM if text.startswith(_BOM) else ""
    lines = [*_lines(text.removeprefix(bom))]
    end = next((line.text[len(line.bare) :] for line in lines if line.text != line.bare), "\n")
    for name, value in options.items():
        lines = _without(lines, section, name) if value is None else _with(lines, section, name, value, end)
    result = bom + "".join(line.text for line in lines)
    _check(before, parsed(result), section, options)
    return result


def _lines(text: str) -> Iterator[_Line]:
    section: str | None = None
    option: str | None = None
    indent = 0
    for match in _LINE.finditer(text):
        line = match[0]
        bare = line.strip()
        if not bare or bare.startswith(("#", ";")):
            yield _Line(line, section)
            continue
        own = len(line) - len(line.lstrip())
        if section is not None and option is not None and own > indent:
            yield _Line(line, section, option=option)
            continue
        indent = own
        if header := _HEADER.match(bare):
            section, option = header[1], None
            yield _Line(line, section, header=True)
            continue
        found = _OPTION.match(bare)
        option = found[1].rstrip().lower() if found else None
        yield _Line(line, section, option=option, first=True)


def _with(lines: list[_Line], section: str, name: str, value: str, end: str) -> list[_Line]:
    places = [at for at, line in enumerate(lines) if line.section == section and line.option == name and line.first]
    if not places:
        return _adding(lines, section, name, value, end)
    at = places[-1]  # the one that counts
    line = lines[at]
    found = _OPTION.match(line.bare.strip())
    assert found is not None
    between = found[2] if found[2].rstrip(" \t") in "=:" or found[3] else f"{found[2].rstrip()} "
    text = f"{line.indent}{found[1]}{between}{value}{line.text[len(line.bare) :]}"
    kept = [*lines[:at], line._replace(text=text)]
    behind = lines[at + 1 :]
    while behind and not behind[0].first and not behind[0].header:
        if behind[0].option is None:  # a comment, or nothing, between the lines of a value
            kept.append(behind[0])
        behind = behind[1:]
    return kept + behind


def _adding(lines: list[_Line], section: str, name: str, value: str, end: str) -> list[_Line]:
    headers = [at for at, line in enumerate(lines) if line.header and line.section == section]
    new = _Line(f"{name} = {value}{end}", section, option=name, first=True)
    if not headers:
        before = _ended(lines, end)
        if before and before[-1].text.strip():
            before = [*before, _Line(end, before[-1].section)]
        return [*before, _Line(f"[{section}]{end}", section, header=True), new]
    last = headers[-1]
    rest = next((at for at in range(last + 1, len(lines)) if lines[at].header), len(lines))
    options = [at for at in range(last + 1, rest) if lines[at].option is not None]
    if options:
        at = options[-1]
        first = next(number for number in reversed(options) if lines[number].first)
        indent = lines[first].indent  # deeper, it would go on with the value before it
    else:
        at = last
        indent = lines[rest].indent if rest < len(lines) else ""  # or the next header would go on with its value
    return [*_ended(lines[: at + 1], end), new._replace(text=indent + new.text), *lines[at + 1 :]]


def _without(lines: list[_Line], section: str, name: str) -> list[_Line]:
    return [line for line in lines if not (line.section == section and line.option == name)]


def _ended(lines: list[_Line], end: str) -> list[_Line]:
    """Return lines of which the last one has an end."""
    if lines and lines[-1].text == lines[-1].bare:
        return [*lines[:-1], lines[-1]._replace(text=lines[-1].text + end)]
    return lines


def _check(before: RawConfigParser, after: RawConfigParser, section: str, options: Mapping[str, str | None]) -> None:
    """Make sure that a text says what it is to say, and all else that it said."""
    old = {name: dict(before.items(name)) for name in before.sections()}
    new = {name: dict(after.items(name)) for name in after.sections()}
    wanted = dict(old.get(section, before.defaults()))
    for name, value in options.items():
        if value is None:
            wanted.pop(name, None)
        else:
            wanted[name] = value
    if section in new or section in old or any(value is not None for value in options.values()):
        old[section] = wanted
    if new != old or before.defaults() != after.defaults():
        raise InvalidConfiguration(
            f"The section [{section}] cannot be changed without changing others: edit the file by hand"
        )
