"""The rules that decide in one place what is secret: by its name, by its form, by its value.

:class:`Redactor` hides the secrets; JSON, texts, forms, URLs and header fields are only ways to it. The
names below are promised, and loaded when they are first used: there may be nothing to hide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..._lazy import lazily

if TYPE_CHECKING:
    from .known import WITHIN
    from .learning import is_placeholder, of_body, of_headers, of_json, of_url
    from .redacting import Redactor, is_form

_HOMES: Final = {
    "known": ("WITHIN",),
    "learning": (
        "is_placeholder",
        "of_body",
        "of_headers",
        "of_json",
        "of_url",
    ),
    "redacting": (
        "Redactor",
        "is_form",
    ),
}

__all__ = [
    "WITHIN",
    "Redactor",
    "is_form",
    "is_placeholder",
    "of_body",
    "of_headers",
    "of_json",
    "of_url",
]

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
