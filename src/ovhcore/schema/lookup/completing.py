"""Completion of paths: reads only the families that the beginning of a path leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ..model import Family

__all__ = ["path_completions"]

_FEW: Final = 3
"""The largest number of families to read in order to see whether their first paths are operations."""


def path_completions(
    heads: Mapping[str, tuple[str, ...]], family: Callable[[str], Family], begun: str, method: str | None
) -> list[str]:
    """Return the paths that the completed last word of a path may give; see :meth:`.Catalogue.completions`."""
    *before, last = begun.split("/")
    found: dict[str, None] = {}
    leading: list[str] = []
    beginning: dict[str, str] = {}
    for name, paths in heads.items():
        for words in (path.split("/") for path in paths):
            place = len(before)
            if words == before[: len(words)]:
                leading.append(name)
            elif words[:place] == before and words[place].startswith(last):
                if len(words) == place + 1:
                    beginning[name] = words[place]
                else:
                    found["/".join([*before, words[place], ""])] = None
    if len(beginning) <= _FEW:
        leading += beginning
    else:
        found |= dict.fromkeys("/".join([*before, word, ""]) for word in beginning.values())
    templates = [path for name in dict.fromkeys(leading) for path in _paths(family(name), method)]
    found |= dict.fromkeys(_of(templates, before, last))
    return sorted(found)


def _paths(family: Family, method: str | None) -> Iterator[str]:
    for key in family.operations:
        its, _, path = key.partition(" ")
        if method in (None, its):
            yield path


def _of(templates: list[str], before: list[str], last: str) -> Iterator[str]:
    split = [template.split("/") for template in templates]
    place = len(before)
    split = [words for words in split if len(words) > place]
    for number, word in enumerate(before):
        literal = [words for words in split if words[number] == word]
        split = literal or [words for words in split if "{" in words[number]]
    nexts = [words for words in split if words[place].startswith(last)]
    if not nexts:  # the last word stands for an argument
        nexts = [[*words[:place], last, *words[place + 1 :]] for words in split if "{" in words[place]]
    for words in nexts:
        rest = [] if len(words) == place + 1 else [""]
        yield "/".join([*before, words[place], *rest])
