"""Values that follow the name of a secret, in any text: JSON that does not parse, forms, logs, YAML, XML, multipart.

Every expression takes each character once (possessive quantifiers) and does not look
at it again, so that the time is proportional to the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from ..secret_types import REDACTED
from .names import Secrecy
from .spans import Span

__all__ = ["by_name"]

_MARK: Final = re.escape(REDACTED)
_NAMED: Final = re.compile(
    r"(?<![\w$.-])([\w$.-]++(?:\[[\w.-]{0,64}\]){0,4}+)([\"'`\])]{0,3}+)[ \t]{0,8}+(=>|:=|->|={1,3}+|:)"
)
_GAP: Final = re.compile(r"[ \t]*+(?:\r?\n[ \t]*+(?=[\"'\[{]))?+")
_PREFIX: Final = re.compile(r"(?:[bBuUrR]{1,2}(?=[\"']))?")
_LITERAL: Final = re.compile(r"(?:null|true|false|None|True|False)(?![\w=+/.-])")
# After an escaped line end, the next line may have another name.
_NEXT: Final = r"(?!\\(?:r\\)?n[ \t]{0,16}[\w.-]{1,64}+\s?[=:])"
_QUERY: Final = re.compile(rf'(?:{_MARK}|{_NEXT}[^&\s"<>#])*+')
# A comma or semicolon ends a value only where something else follows.
_BARE: Final = re.compile(rf"(?:{_MARK}|[,;](?!\s|$|[\"']?[\w.-]{{1,64}}+[\"']?\s?[=:])|{_NEXT}[^\s,;&\"<>])*+")
_COOKIES: Final = re.compile(r"(?:[^\s;,\"]++)?(?:; ?[^\s;,\"=]++(?:=[^\s;,\"]*+)?)*+")
_SCHEME: Final = re.compile(
    r"(?i)(?:Bearer|Basic|Digest|Token|ApiKey|OAuth|Negotiate|NTLM|AWS4-HMAC-SHA256)[ \t]{1,4}(?=\S)"
)
_LINE: Final = re.compile(r"[^\r\n]*+")
_TAGGED: Final = re.compile(rf"(?:{_NEXT}[^\r\n])*+")
_BLOCK: Final = re.compile(r"[ \t]*+(?:[|>][-+0-9]{0,2}[ \t]*+(?:#[^\n]*+)?(?=\r?\n)|(?=\r?\n))")
_CLOSING: Final = ")]}'.:,;!`"
_SENTENCE: Final = re.compile(r"([A-Za-z]{1,15})(?![\w=+/-])[.,;!]?(?=\s+[a-z(]|\s*$|[\"'<])")
_BRACKETED: Final = re.compile(r"[^\"'\[\]{}()\\]++|\\.|.", re.DOTALL)
_OPENING: Final = "[{("
_QUOTED: Final = {
    '"': re.compile(r'(?:[^"\\]|\\.)*+(?=")', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\r\n]|\\[^\r\n])*+(?=')"),
    "`": re.compile(r"[^`]*+(?=`)"),
}
# Quotes of Python's texts over several lines, and CSV's quotes between quotes.
_SEVERAL: Final = re.compile(r"\"{3}|'{3}|\"{2}(?=[\w<])|'{2}(?=[\w<])")
_FLAG: Final = re.compile(r"(?<!\S)--([A-Za-z][\w.-]*+)[ \t]++(?!-)([^\s\"'<>]++|\"[^\"\n]*+\"|'[^'\n]*+')")
_STRING: Final = r"(?:[^\"'\\\r\n]|\\.|(?!\3)[\"'])++"
_TUPLE: Final = re.compile(rf"(?:\(|(?<=[\[,])\s?\[)\s?b?([\"'])([\w.-]++)\1,\s?b?([\"'])({_STRING})")
_NAMED_BESIDE: Final = re.compile(
    rf"([\"'])(?:name|key|field|header)\1\s?:\s?[\"']([\w.-]++)[\"']\s?,\s?[\"']value[\"']\s?:\s?([\"'])({_STRING})",
    re.IGNORECASE,
)
_ELEMENT: Final = re.compile(r"<((?:[\w.-]++:)?([\w.-]++))((?:\s[^<>]*+)?)(?<!/)>")
_CDATA: Final = "<![CDATA["
_TAG: Final = re.compile(r"<[^<>]++>")
_TAG_NAME: Final = re.compile(r"\b(?:name|id|key)\s*=\s*[\"']([^\"'<>]++)[\"']")
_TAG_VALUE: Final = re.compile(r"\bvalue\s*=\s*(?:\"([^\"]++)\"|'([^']++)')")
_PLIST: Final = re.compile(r"<(key|name)>([\w.-]++)</\1>\s*+((?:<[\w.]++>\s*+){1,2}+)([^<>]++)")
_PART: Final = re.compile(
    r"(?i)content-disposition:[^\n]{0,400}?\bname=\"?([^\"\r\n;]++)\"?[^\r\n]*+\r?\n(?:[^\r\n]{1,998}+\r?\n){0,20}+\r?\n"
)
_PART_END: Final = re.compile(r"\r?\n--")

# Words that may follow "password:" in a message and are no value.
_WORDS: Final = frozenset(
    [
        "a",
        "all",
        "already",
        "an",
        "and",
        "any",
        "are",
        "at",
        "be",
        "been",
        "belongs",
        "but",
        "by",
        "can",
        "cannot",
        "contains",
        "could",
        "did",
        "different",
        "do",
        "does",
        "each",
        "empty",
        "error",
        "expected",
        "expired",
        "failed",
        "field",
        "for",
        "format",
        "from",
        "given",
        "has",
        "have",
        "if",
        "in",
        "incorrect",
        "input",
        "invalid",
        "is",
        "it",
        "its",
        "length",
        "longer",
        "malformed",
        "may",
        "mismatch",
        "missing",
        "must",
        "need",
        "needs",
        "never",
        "no",
        "none",
        "not",
        "null",
        "of",
        "on",
        "one",
        "only",
        "or",
        "please",
        "required",
        "refused",
        "rejected",
        "shorter",
        "should",
        "some",
        "string",
        "such",
        "than",
        "that",
        "the",
        "their",
        "there",
        "they",
        "this",
        "to",
        "too",
        "unauthorized",
        "undefined",
        "unexpected",
        "unknown",
        "unsupported",
        "value",
        "was",
        "were",
        "what",
        "when",
        "which",
        "will",
        "with",
        "without",
        "wrong",
        "you",
        "your",
    ]
)
_OF_COOKIES: Final = frozenset({"cookie", "set-cookie"})
_TO_THE_END: Final = frozenset({"authorization", "proxy-authorization"}) | _OF_COOKIES
_DEEPEST: Final = 200  # columns of indentation of a line
_UNCLOSED: Final = 32  # kinds of elements without an end, after which no more ends are looked for
_VOID: Final = frozenset({"input", "meta", "link", "img", "br"})


Judge = Callable[[str, bool], Secrecy]
"""A function that judges a name; its second argument is true for a name in a query, a form or a header."""


def by_name(text: str, judge: Judge) -> Iterator[Span]:
    """Yield where values stand that follow the name of a secret.

    Args:
        text: any text.
        judge: says which names are those of secrets.
    """
    if "=" in text or ":" in text or "->" in text:
        yield from _Pairs(text, judge)
    if "--" in text:
        for match in _FLAG.finditer(text):
            if judge(match[1], False):
                yield match.span(2)
    if "," in text and ("'" in text or '"' in text):
        yield from _tuples(text, judge)
    if "<" in text:
        yield from _elements(text, judge)
    if "isposition" in text or "ISPOSITION" in text:
        yield from _parts(text, judge)


def _parts(text: str, judge: Judge) -> Iterator[Span]:
    done = 0
    for match in _PART.finditer(text):
        if match.start() >= done and judge(match[1], True):
            end = _PART_END.search(text, match.end())
            done = len(text) if end is None else end.start()
            yield match.end(), done


class _Pairs:
    """Names and values with an equals sign, a colon or an arrow between them."""

    def __init__(self, text: str, judge: Judge) -> None:
        self._text = text
        self._judge = judge
        self._config = "\n" in text.strip()
        self._line = 0  # where the current line begins

    def __iter__(self) -> Iterator[Span]:
        text, done = self._text, 0
        for match in _NAMED.finditer(text):
            if match.start() < done:
                continue
            before = text[match.start() - 1] if match.start() else ""
            end = match.end()
            query = match[3] == "=" and text[end : end + 1] not in ("", " ", "\t", '"', "'") and before in "?&;#"
            secrecy = self._judge(match[1].strip(".-$"), query)
            if not secrecy or (before == ":" and match[3] == ":"):  # a part of a URN is no name
                continue
            newline = text.rfind("\n", self._line, match.start())
            self._line = max(self._line, newline + 1)
            start, stop = self._value(match, before, query=query)
            if start < stop and (secrecy is Secrecy.WHOLE or text[start] not in "{("):
                done = stop
                yield start, stop

    def _value(self, match: re.Match[str], before: str, *, query: bool) -> Span:
        """Return where the value of a name stands: as much of the text as may belong to it."""
        text, start = self._text, match.end()
        name = match[1].lower()
        if _LITERAL.match(text, start):
            return start, start
        if (
            query
            and not (not before and name in _OF_COOKIES)
            and not (_SCHEME.match(text, start) or _found(_PREFIX, text, start)[0])
        ):
            return start, self._end(_QUERY, start)
        indent = match.start() - self._line
        first = indent <= _DEEPEST and not text[self._line : match.start()].strip(" \t\"'-")
        if match[3] == ":" and first:
            block = self._block(start, self._line, match.start())
            if block is not None:
                return block
        start = _found(_GAP, text, start).end()
        start = _found(_PREFIX, text, start).end()
        quote = text[start : start + 1]
        several = _SEVERAL.match(text, start)
        if several is not None:
            return several.end(), self._up_to(several[0], several.end())
        if quote and quote in _QUOTED:
            if quote == before and quote not in match[2]:
                return start, start  # this quote closes the one that the name stands in
            return self._quoted(quote, start + 1)
        if quote and quote in _OPENING:
            return start, self._closed(start)
        return self._bare(start, name, sep=match[3], first=first)

    def _bare(self, start: int, name: str, *, sep: str, first: bool) -> Span:
        text = self._text
        if _LITERAL.match(text, start):
            return start, start
        if text.startswith(REDACTED, start):
            return start, self._end(_BARE, start)
        if sep == ":" and name in _TO_THE_END:
            return start, self._end(_LINE, start)
        if name in _OF_COOKIES:
            return start, self._end(_COOKIES, start)
        scheme = _SCHEME.match(text, start)
        if scheme is not None:
            return scheme.end(), self._end(_BARE, scheme.end())
        if sep == ":":
            if text[start : start + 1] in ("&", "!"):  # a tag or an anchor of YAML; or the value begins so
                return start, self._end(_TAGGED, start)
            if first and self._config and text[start - 1] in " \t":
                end = self._end(_LINE, start)
                comment = text.find(" #", start, end)
                return start, start + len(text[start:comment].rstrip()) if comment >= 0 else end
            said = _SENTENCE.match(text, start)
            if said is not None and said[1].lower() in _WORDS:
                return start, start
        return start, self._end(_BARE, start)

    def _end(self, pattern: re.Pattern[str], start: int) -> int:
        found = _found(pattern, self._text, start)[0]
        return start + len(found.rstrip(" \t," if pattern in (_LINE, _TAGGED) else _CLOSING))

    def _up_to(self, quotes: str, start: int) -> int:
        """Return where the opened quotes are closed; the end of the text if they are not."""
        end = self._text.find(quotes, start)
        return len(self._text) if end < 0 else end

    def _quoted(self, quote: str, start: int) -> Span:
        match = _QUOTED[quote].match(self._text, start)
        if match is not None:
            return start, match.end()
        # The quote is not closed: the text was cut off.
        return start, self._end(_LINE, start)

    def _closed(self, start: int) -> int:
        """Return where the bracket at ``start`` is closed; the end of the text if it is not."""
        depth, quote = 0, ""
        for match in _BRACKETED.finditer(self._text, start):
            piece = match[0]
            if quote:
                if piece == quote:
                    quote = ""
            elif piece in ('"', "'"):
                quote = piece
            elif piece in ("[", "{", "("):
                depth += 1
            elif piece in ("]", "}", ")"):
                depth -= 1
                if depth == 0:
                    return match.end()
        return len(self._text)

    def _block(self, start: int, line: int, name: int) -> Span | None:
        """Return the lines of YAML that belong to a name at the beginning of its line."""
        text = self._text
        header = _BLOCK.match(text, start)
        if header is None:
            return None
        before = text[line:name]
        indent = len(before) - len(before.lstrip(" "))
        # The items of a list may begin where the name does, unless that is in a list itself.
        items = rf"| {{{indent}}}-(?=\s)[^\n]*+" if not before.strip(" \t\"'") else ""
        lines = re.compile(rf"(?:\r?\n(?: {{{indent + 1},}}[^\n]*+{items}|[ \t]*+(?=\r?\n|$)))++").match(
            text, header.end()
        )
        if lines is None:
            return None
        inner = lines[0]
        return header.end() + len(inner) - len(inner.lstrip()), header.end() + len(inner.rstrip())


def _found(pattern: re.Pattern[str], text: str, start: int) -> re.Match[str]:
    match = pattern.match(text, start)
    assert match is not None  # these patterns also match an empty text
    return match


def _tuples(text: str, judge: Judge) -> Iterator[Span]:
    for match in _TUPLE.finditer(text):
        if judge(match[2], True):
            yield match.span(4)
    for match in _NAMED_BESIDE.finditer(text):
        if judge(match[2], True):
            yield match.span(4)


def _elements(text: str, judge: Judge) -> Iterator[Span]:
    """Yield where secrets stand in XML and HTML, by the names of elements and attributes, and in property lists."""
    missing: set[str] = set()
    done = 0
    for match in _ELEMENT.finditer(text):
        start = match.end()
        named = _TAG_NAME.search(match[3]) if "=" in match[3] else None
        if match[2].lower() in _VOID:
            named = None
        if match.start() < done or not (judge(match[2], False) or (named and judge(named[1], False))):
            continue
        end = -1
        closing = f"</{match[1]}"
        if closing not in missing and len(missing) < _UNCLOSED:
            end = text.find(closing, start)
            if end < 0:
                missing.add(closing)
        if end < 0:
            end = text.find("<", start + (len(REDACTED) if text.startswith(REDACTED, start) else 0))
            end = len(text) if end < 0 else end
        inner = text[start:end]
        if inner.startswith(_CDATA):
            start += len(_CDATA)
            inner = inner[len(_CDATA) :].removesuffix("]]>")
        stripped = inner.strip()
        if stripped:
            begin = start + inner.index(stripped)
            done = begin + len(stripped)
            yield begin, done
    if "value" in text:
        for tag in _TAG.finditer(text):
            named, value = _TAG_NAME.search(tag[0]), _TAG_VALUE.search(tag[0])
            if named and value and judge(named[1], True):
                which = 1 if value[1] else 2
                yield tag.start() + value.start(which), tag.start() + value.end(which)
    if "</key>" in text or "</name>" in text:
        for entry in _PLIST.finditer(text):
            if judge(entry[2], False):
                yield entry.span(4)
