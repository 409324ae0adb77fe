"""The one redactor: shows JSON, texts, forms, URLs and header fields without their secrets.

The redactor would not change its own result: it looks at the result until there is nothing left to
hide, and each look only takes text away. Its time is proportional to the length of its input.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import unquote_plus

from ..secret_types import REDACTED, SECRET_HEADERS, Redaction
from .forms import by_form
from .known import WITHIN, KnownSecrets
from .names import Secrecy, secrecy_of
from .scanning import by_name
from .shapes import secret_members
from .spans import Span, readings, redact_spans

__all__ = ["FORM", "OAUTH2", "OWN", "Redactor", "is_form"]

FORM: Final = "application/x-www-form-urlencoded"
OAUTH2: Final = frozenset({"assertion", "client_assertion", "client_id", "code", "code_verifier", "device_code"})
"""Secret fields of OAuth2's forms (RFC 6749, 7521, 7636, 8628) whose names are no secret's elsewhere."""

_FORM_TEXT: Final = re.compile(r"[\w.%+~\[\]-]++=[^&=\s]*+(?:&[\w.%+~\[\]-]++=[^&=\s]*+)*+")
# A text without any of these has neither a name with a value nor a form of its own.
_TELLING: Final = re.compile(r"[=:<@%&\\$]|-[->]|eyJ|LS0tLS1|earer|EARER|asic|ASIC|, ?b?['\"]")
OWN: Final = 4
"""The least number of characters of a secret of the client that is also hidden inside words."""

_LOOKS: Final = 12


class _Twice(Exception):
    """A member occurs twice in one object: the parsed value does not have all of the text."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Twice
    return members


def is_form(text: str, content_type: str = "") -> bool:
    """Say whether a body is a form, by what its header says or by how it looks."""
    return content_type.lower().startswith(FORM) or _FORM_TEXT.fullmatch(text) is not None


class Redactor:
    """Hides secrets. Immutable, and safe to use from many threads.

    Args:
        values: known secrets, hidden wherever they stand and however they are written; those of fewer
            than four characters only where they stand alone.
        declared: the secrets that a program declares, besides those that are always hidden.
    """

    __slots__ = ("_known", "_names", "_patterns", "_then")

    def __init__(self, values: Iterable[str] = (), declared: Redaction = Redaction()) -> None:  # noqa: B008
        own = [value.reveal() for value in declared.values]
        known = KnownSecrets(values, OWN)
        self._known = known.adding(own, 1) if own else known
        self._names = declared.names
        self._patterns = declared.patterns
        self._then: Callable[[str], str] | None = None

    def knowing(self, values: Iterable[str], within: int = WITHIN) -> Redactor:
        """Return a copy that knows more secrets.

        Args:
            values: the secrets.
            within: the least number of characters of a secret that is also hidden inside words.
        """
        other = Redactor()
        other._known = self._known.adding(values, within)
        other._names, other._patterns, other._then = self._names, self._patterns, self._then
        return other

    def and_then(self, redact: Callable[[str], str]) -> Redactor:
        """Return a copy that passes every text through a function at the end."""
        other = self.knowing(())
        other._then = redact
        return other

    def is_secret(self, name: str, *, loose: bool = False) -> bool:
        """Say whether the values of a name are secrets.

        Args:
            name: the name, in any spelling.
            loose: whether the name is that of a query argument, a form field or a header field.
        """
        return self._judged(name, loose) is not Secrecy.NONE

    def _judged(self, name: str, loose: bool) -> Secrecy:
        if name.lower() in self._names:
            return Secrecy.WHOLE
        found = secrecy_of(name)
        if found is Secrecy.LOOSE:
            return Secrecy.TEXT if loose else Secrecy.NONE
        return found

    def text(self, text: str) -> str:
        """Return a text with its secrets hidden: prose, JSON whole or cut off, a form, XML, YAML, multipart."""
        if text[:1] in ("{", "[") and text[-1:] in ("}", "]"):
            shown = self._as_json(text)
            if shown is not None:
                return shown
        return self._looked_through(text)

    __call__ = text

    def _as_json(self, text: str) -> str | None:
        try:
            value = json.loads(text, object_pairs_hook=_unique)
            shown = self.json(value)
            return text if shown == value else json.dumps(shown, ensure_ascii=False)
        except (ValueError, RecursionError, _Twice):
            return None

    def _looked_through(self, text: str, *, named: bool = True) -> str:
        if self._known or self._patterns or _TELLING.search(text) is not None:
            text = self._settled(text, named)
        return text if self._then is None else self._then(text)

    def _settled(self, text: str, named: bool) -> str:
        for _ in range(_LOOKS):
            shown = redact_spans(text, self._found(text, named=named))
            if shown == text:
                return text
            text = shown
        return REDACTED  # never seen; a text that does not come to rest is hidden as a whole

    def _found(self, text: str, *, named: bool) -> list[Span]:
        spans: list[Span] = []
        for reading in readings(text):
            read, place = reading.text, reading.place
            spans += [place(*span) for span in self._known.find(read)]
            if named:
                spans += [place(*span) for span in by_name(read, self._judged)]
            spans += [place(*span) for span in by_form(read)]
        for pattern in self._patterns:
            spans += [match.span() for match in pattern.finditer(text) if match[0]]
        return spans

    def known(self, text: str) -> str:
        """Return a text without known secrets and without values in a secret's form; names in the text play no part."""
        return self._looked_through(text, named=False)

    def url(self, url: str) -> str:
        """Return a URL with its secrets hidden."""
        return self._looked_through(url)

    def form(self, text: str) -> str:
        """Return a form, percent-encoded, with its secrets hidden."""
        for _ in range(_LOOKS):
            shown = self._form(text)
            if shown == text:
                return text
            text = shown
        return REDACTED

    def _form(self, text: str) -> str:
        fields: list[str] = []
        for field in text.split("&"):
            name, equals, value = field.partition("=")
            plain = unquote_plus(name)
            if value and (plain.lower() in OAUTH2 or self.is_secret(plain, loose=True)):
                fields.append(f"{self._looked_through(name)}={REDACTED}")
            else:
                fields.append(self._looked_through(name) + equals + self.text(value))
        return self._looked_through("&".join(fields))

    def is_secret_header(self, name: str) -> bool:
        """Say whether a header field is, or by its name may be, secret."""
        return name.lower() in SECRET_HEADERS or self.is_secret(name, loose=True)

    def header(self, name: str, value: str) -> str:
        """Return the value of a header field as it may be shown."""
        if self.is_secret_header(name):
            return REDACTED
        return self._looked_through(value)

    def headers(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return header fields as they may be shown."""
        return [(name, self.header(name, value)) for name, value in pairs]

    def json(self, value: Any, *, named: str = "") -> Any:
        """Return a copy of a JSON value, with its secrets hidden at any depth.

        Args:
            value: the parsed value.
            named: the name of the whole value, such as the last part of a path.

        Raises:
            RecursionError: the value is nested too deeply.
        """
        if named and isinstance(value, str) and value and self.is_secret(named):
            return REDACTED
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            if _are_pairs(value):
                return [self._pair(*pair) for pair in value]
            return [self.json(item) for item in value]
        if isinstance(value, str):
            return self.text(value)
        if self._known and type(value) in (int, float):
            plain = str(value)
            return REDACTED if self._known.is_one(plain) else value
        return value

    def _object(self, members: dict[Any, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        by_shape = secret_members(members)
        for name, item in members.items():
            plain = str(name)
            key = self.known(plain)
            if key in shown:  # two hidden names must not become one
                key = f"{key} {len(shown)}"
            shown[key] = self._member(plain, item, Secrecy.TEXT if name in by_shape else Secrecy.NONE)
        return shown

    def _member(self, name: str, item: Any, at_least: Secrecy, *, loose: bool = False) -> Any:
        if item is None or isinstance(item, bool) or (not item and isinstance(item, (str, list, dict))):
            return item  # such a value tells nothing
        secrecy = max(self._judged(name, loose), at_least)
        if secrecy is Secrecy.WHOLE:
            return REDACTED
        if secrecy is Secrecy.TEXT:
            if isinstance(item, str):
                return REDACTED
            if isinstance(item, list):
                return [REDACTED if isinstance(each, str) and each else self.json(each) for each in item]
        return self.json(item)

    def _pair(self, name: str, value: Any) -> list[Any]:
        return [self.json(name), self._member(name, value, Secrecy.NONE, loose=True)]


def _are_pairs(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(i, list) and len(i) == 2 and isinstance(i[0], str) for i in items)
