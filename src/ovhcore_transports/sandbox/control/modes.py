"""Which ways of listing and of asking for many the sandbox knows, how far they reach, and what its answers lack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from ovhcore.exceptions import InvalidConfiguration

__all__ = ["Modes", "Use"]

Use: TypeAlias = Literal["on", "ignored", "refused"]
"""Whether a request gets what it asks for, is answered as if it had not asked, or with status 400."""

_NAMES: Final = ("cursors", "pages", "batch", "filters")


@dataclass(frozen=True)
class Modes:
    """What a sandbox does with the headers that ask for pages, for many objects at once, for some of them.

    Hardly any of it is promised, so a program should bear a service that lacks it. Each of
    the first four is ``"on"``, ``"ignored"`` as by a service that does not know the header,
    or ``"refused"`` with status 400.

    Args:
        cursors: cursors of version 2, which otherwise answers with the whole list, and
            ``X-Pagination-Mode: CachedObjectList-Cursor`` of version 1.
        pages: ``X-Pagination-Mode: CachedObjectList-Pages`` of version 1, which otherwise answers with ids.
        batch: ``X-Ovh-Batch``; otherwise the ids that were joined are looked up as one, hence 404.
        filters: ``X-Pagination-Filter``.
        max_page_size: objects that a page holds at most, whatever was asked for.
        default_page_size: objects that a page holds where nothing was asked for.
        short_pages: whether pages that are asked for by cursor may be shorter than asked, even empty, before the
            end. Those with a number never are: the number says where they begin.
        plain_batch: whether a batch is answered with the values alone, null for those that fail.
        lean: whether what may be null is left out of answers that are made up.
        newer: whether such answers have a member that the schema does not know, and new values of enumerations.

    Raises:
        InvalidConfiguration: a value out of range.
    """

    cursors: Use = "on"
    pages: Use = "on"
    batch: Use = "on"
    filters: Use = "on"
    max_page_size: int = 1000
    default_page_size: int = 100
    short_pages: bool = False
    plain_batch: bool = False
    lean: bool = False
    newer: bool = False

    def __post_init__(self) -> None:
        for name in _NAMES:
            if getattr(self, name) not in get_args(Use):
                known = ", ".join(get_args(Use))
                raise InvalidConfiguration(f"modes: {name} must be one of {known}, not {getattr(self, name)!r}")
        for name in ("max_page_size", "default_page_size"):
            size = getattr(self, name)
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise InvalidConfiguration(f"modes: {name} must be a whole number, 1 or more, not {size!r}")
        for name in ("short_pages", "plain_batch", "lean", "newer"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidConfiguration(f"modes: {name} must be True or False, not {getattr(self, name)!r}")
