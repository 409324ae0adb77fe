"""Answers as an assistant gets them: without secrets, and of bounded size."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from ovhcore._internal import Redactor
from ovhcore.exceptions import InvalidRequest

__all__ = ["Answers"]

_COUNTED: Final = 1_000_000  # characters, at least as many as can be shown
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False)


class Answers:
    """Turns values into texts that may be shown.

    Args:
        redactor: returns what hides the secrets of this moment.
        limit: characters of an answer, at most.
    """

    def __init__(self, redactor: Callable[[], Redactor], limit: int) -> None:
        self._redactor = redactor
        self._limit = limit

    def value(self, value: Any, *, named: str = "", query: str = "", more: bool = False) -> str:
        """Return a value as JSON.

        Args:
            value: any value that JSON can hold.
            named: the name of the whole value, as the last part of its path.
            query: a JMESPath expression; what it finds is shown. It sees no secret.
            more: whether there is more of a list than the value has.

        Raises:
            InvalidRequest: the query is no JMESPath expression.
        """
        value = self._redactor().json(value, named=named)
        if query:
            value = _found(value, query)
        text, length = self._json(value)
        if length > self._limit and isinstance(value, list):
            return self._beginning(value)
        if length > self._limit:
            return self._cut(text, length)
        return f"{text}\n(There are more; a higher limit shows them.)" if more else text

    def whole(self, value: Any) -> str:
        """Return a value as JSON, with its secrets hidden, however long it is."""
        return _writable(json.dumps(self._redactor().json(value), ensure_ascii=False))

    def words(self, text: str) -> str:
        """Return a text without secrets, cut off where it is too long."""
        return self.text(self._redactor().text(text))

    def text(self, text: str) -> str:
        """Return a text whose secrets are hidden already, cut off where it is too long."""
        text = _writable(text)
        return text if len(text) <= self._limit else self._cut(text, len(text))

    def fitting(self, text: str) -> str:
        """Return a text whose secrets are hidden already, if it can be shown as a whole.

        Raises:
            InvalidRequest: it is too long.
        """
        text = _writable(text)
        if len(text) > self._limit:
            raise InvalidRequest(
                f"The call has {len(text)} characters, of which {self._limit} can be shown, and nothing is sent that "
                "was not shown. Make it smaller, or let the user call ovhcore"
            )
        return text

    def _cut(self, text: str, length: int) -> str:
        of = f"more than {_COUNTED}" if length > _COUNTED else length
        return f"{text[: self._limit]}\n(Cut off: {self._limit} of {of} characters. A query shows a part.)"

    def _json(self, value: Any) -> tuple[str, int]:
        """Return JSON, not much more of it than an answer may have; and how long all of it is.

        A query can make a value whose JSON would not end: it is not written or counted further than that.
        """
        parts, length = list[str](), 0
        for part in _ENCODER.iterencode(value):
            if length <= self._limit:
                parts.append(part)
            length += len(part)
            if length > _COUNTED:
                break
        return _writable("".join(parts)), length

    def _beginning(self, items: list[Any]) -> str:
        shown, used = list[str](), 0
        while True:  # all of them are too long
            text, length = self._json(items[len(shown)])
            used += length + 2  # with what stands between two
            if used > self._limit:
                break
            shown.append(text)
        if not shown:
            return self._cut(*self._json(items))
        return f"[{', '.join(shown)}]\n(The first {len(shown)} of {len(items)}: more would be too long.)"


def _writable(text: str) -> str:
    # An answer may hold half a character, which cannot be written: it is shown as JSON escapes it.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _found(value: Any, query: str) -> Any:
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.search(query, value)
    except JMESPathError as error:
        problem = " ".join(str(error).split())
    raise InvalidRequest(f"The query is no JMESPath expression that can be used here: {problem}")
