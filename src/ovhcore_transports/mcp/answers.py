"""Answers as an assistant gets them: without secrets, and of bounded size."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from ovhcore._internal import Redactor
from ovhcore.exceptions import InvalidRequest

__all__ = ["Answers"]


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
        text = _json(value)
        if len(text) > self._limit and isinstance(value, list):
            return self._beginning(value)
        if len(text) > self._limit:
            return self.text(text)
        return f"{text}\n(There are more; a higher limit shows them.)" if more else text

    def text(self, text: str) -> str:
        """Return a text whose secrets are hidden already, cut off where it is too long."""
        if len(text) <= self._limit:
            return text
        return f"{text[: self._limit]}\n(Cut off: {self._limit} of {len(text)} characters. A query shows a part.)"

    def _beginning(self, items: list[Any]) -> str:
        texts = [*map(_json, items)]
        ends = accumulate(len(text) + 2 for text in texts)  # with what stands between two
        shown = [text for text, end in zip(texts, ends, strict=True) if end <= self._limit]
        if not shown:
            return self.text(_json(items))
        return f"[{', '.join(shown)}]\n(The first {len(shown)} of {len(items)}: more would be too long.)"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _found(value: Any, query: str) -> Any:
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.search(query, value)
    except JMESPathError as error:
        problem = " ".join(str(error).split())
    raise InvalidRequest(f"The query is no JMESPath expression that can be used here: {problem}")
