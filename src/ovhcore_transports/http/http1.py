"""The strict reader of answers: it takes no part of an answer, and nothing after it, for an answer.

http.client, which urllib3 uses, accepts much that leads to a wrong answer (two lengths, a
head that is cut off, half a number), and reads headers with the email package.
"""

from __future__ import annotations

import re
from typing import Any, Final

from .bodies import too_large

__all__ = ["CutOff", "NotHTTP", "ResponseHead", "ResponseReader", "read_head"]

_MOST_OF_A_HEAD: Final = 65536
_MOST_OF_A_LINE: Final = 8192
_PIECE: Final = 16384
_LARGE_PIECE: Final = 262144

# The bytes of a text, without those that end a line, or that other readers take for a line end or a space.
_TEXT: Final = rb"[^\r\n\0\x0b\x0c]*"
_FIELDS: Final = rb"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:" + _TEXT + rb"\r\n)*"
_HEAD: Final = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9][0-9])(?: " + _TEXT + rb")?\r\n(" + _FIELDS + rb")\r\n")
# A status line cannot be folded: a line that looks folded is a field without a name.
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[0-9] [1-9][0-9][0-9](?: " + _TEXT + rb")?\r?\n(?![ \t])")
_TRAILERS: Final = re.compile(_FIELDS)
_BEGINNING: Final = b"HTTP/1."
_END: Final = re.compile(rb"\n\r?\n")
_BARE_LINE_FEED: Final = re.compile(rb"(?<!\r)\n")
# A run of spaces is matched from its beginning only: from each space it would take forever.
_FOLD: Final = re.compile(rb"(?:(?<![ \t])[ \t]+)?\r\n[ \t]+")
_LINE_ENDS: Final = (b"\r\n", b"\n")
_FIELD: Final = re.compile(r"([^:]+):[ \t]*([^\r]*)\r\n")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n\0]*)?\r\n")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")


class NotHTTP(Exception):
    """An answer cannot be understood; the text of this exception repeats nothing of it."""


class CutOff(ConnectionResetError):
    """The connection ended before the answer was whole."""


class ResponseHead:
    """Status and headers of an answer, and how its body ends.

    Attributes:
        status: the status code.
        fields: names and values, in order.
        length: bytes of the body; None if ``chunked`` says how it ends.
        chunked: whether the body is in chunks; if it has no length either, it ends with the connection.
        reusable: whether the connection stays open after the answer.
        encoding: the value of Content-Encoding.
    """

    __slots__ = ("chunked", "encoding", "fields", "length", "reusable", "status")

    def __init__(
        self,
        status: int,
        fields: tuple[tuple[str, str], ...],
        length: int | None,
        chunked: bool,
        reusable: bool,
        encoding: str,
    ) -> None:
        self.status = status
        self.fields = fields
        self.length = length
        self.chunked = chunked
        self.reusable = reusable
        self.encoding = encoding


class ResponseReader:
    """A reader of one answer from a socket.

    Args:
        sock: the connection.
    """

    __slots__ = ("_at", "_buffer", "_receive")

    def __init__(self, sock: Any) -> None:
        self._receive = sock.recv
        self._buffer = b""
        self._at = 0

    def head(self, method: str) -> ResponseHead:
        """Read status and headers of the answer; skip interim answers (1xx) before it.

        Args:
            method: the method of the request.

        Raises:
            NotHTTP: the answer is not HTTP.
            CutOff: the answer is cut off.
            OSError: the connection failed.
        """
        # urllib3's TLS within TLS returns 0 at the end.
        self._buffer = self._receive(_PIECE) or b""
        room = _MOST_OF_A_HEAD
        while True:
            # The quick way: most often a plain head has come at once.
            match = _HEAD.match(self._buffer, self._at)
            if match is None:
                match = _HEAD.fullmatch(self._gathered(room))
                if match is None:
                    raise NotHTTP("the headers are not HTTP")
            else:
                self._at = match.end()
            room -= len(match[0])
            if room < 0:
                raise NotHTTP("the headers are too long")
            head = read_head(match, method)
            if head.status >= 200:
                return head
            if head.status == 101:
                raise NotHTTP("the answer is not a final one")

    def _gathered(self, room: int) -> bytes:
        """Return a whole head whose lines end with CRLF and are not folded."""
        begin = seen = 0
        while True:
            buffer, begin = self._buffer, self._at
            line = buffer[begin : begin + len(_BEGINNING)]
            if not _BEGINNING.startswith(line):
                raise NotHTTP("the answer is not HTTP")
            if buffer.find(b"\n", begin) >= 0 and not _STATUS_LINE.match(buffer, begin):
                raise NotHTTP("the status line is not HTTP")
            end = _END.search(buffer, max(begin, seen - 3))
            if (end.end() if end else len(buffer)) - begin > room:
                raise NotHTTP("the headers are too long")
            if end:
                self._at = end.end()
                return _unfolded(buffer[begin : self._at])
            seen = len(buffer) - begin
            if not self._fill():
                raise CutOff("the headers are cut off")

    def _fill(self) -> bool:
        piece = self._receive(_PIECE) or b""
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0
        return bool(piece)

    def body(self, head: ResponseHead, limit: int) -> bytes:
        """Read the body.

        Args:
            head: the head of the answer.
            limit: bytes beyond which to give up.

        Raises:
            ProtocolError: the body is larger.
            NotHTTP: the answer is not HTTP.
            CutOff: the answer is cut off.
            OSError: the connection failed.
        """
        length = head.length
        if length is None:
            return self._chunks(limit) if head.chunked else self._to_the_end(limit)
        if length > limit:
            raise too_large(limit)
        begin = self._at
        end = begin + length
        if end <= len(self._buffer):
            self._at = end
            return self._buffer[begin:end]
        body = bytearray()
        self._take(length, body)
        return bytes(body)

    @property
    def is_empty(self) -> bool:
        """Whether no bytes have come after those that were read."""
        return self._at == len(self._buffer)

    def _take(self, length: int, body: bytearray) -> None:
        piece = self._buffer[self._at : self._at + length]
        self._at += len(piece)
        body += piece
        missing = length - len(piece)
        while missing:
            # Read not a byte more: bytes after the body stay in the socket, where the pool sees them.
            piece = self._receive(min(missing, _LARGE_PIECE))
            if not piece:
                raise CutOff("the body is cut off")
            body += piece
            missing -= len(piece)

    def _to_the_end(self, limit: int) -> bytes:
        body = bytearray(self._buffer[self._at :])
        self._at = len(self._buffer)
        while len(body) <= limit:
            piece = self._receive(_PIECE)
            if not piece:
                return bytes(body)
            body += piece
        raise too_large(limit)

    def _chunks(self, limit: int) -> bytes:
        body = bytearray()
        while True:
            match = _CHUNK.fullmatch(self._line())
            if match is None:
                raise NotHTTP("the size of a chunk is not a number")
            size = int(match[1], 16)
            if not size:
                break
            if size > limit - len(body):
                raise too_large(limit)
            self._take(size, body)
            end = bytearray()
            self._take(2, end)
            if end != b"\r\n":
                shorter = body.endswith(b"\r") and end.startswith(b"\n")
                raise NotHTTP(f"a chunk is {'shorter' if shorter else 'longer'} than its size")
        self._pass_trailers()
        return bytes(body)

    def _pass_trailers(self) -> None:
        """Read the fields after the last chunk, and drop them. A line that is no field makes the answer doubtful."""
        lines: list[bytes] = []
        room = _MOST_OF_A_HEAD
        while (line := self._line()) not in _LINE_ENDS:
            room -= len(line)
            if room < 0:
                raise NotHTTP("the trailers are too long")
            lines.append(line)
        if lines and (lines[0][:1] in (b" ", b"\t") or not _TRAILERS.fullmatch(_unfolded(b"".join(lines) + line)[:-2])):
            raise NotHTTP("the trailers are not HTTP")

    def _line(self) -> bytes:
        while True:
            end = self._buffer.find(b"\n", self._at) + 1
            if (end or len(self._buffer)) - self._at > _MOST_OF_A_LINE:
                raise NotHTTP("a line is too long")
            if end:
                line = self._buffer[self._at : end]
                self._at = end
                return line
            if not self._fill():
                raise CutOff("the body is cut off")


def _unfolded(lines: bytes) -> bytes:
    """Return lines that end with CRLF and are not folded; the last one is empty."""
    plain = _BARE_LINE_FEED.sub(b"\r\n", lines)
    return _FOLD.sub(b" ", plain[:-4]) + b"\r\n\r\n"


def read_head(match: re.Match[bytes], method: str) -> ResponseHead:
    """Return a head with its meaning.

    Args:
        match: the status line and the header fields.
        method: the method of the request.

    Raises:
        NotHTTP: the head does not tell how the body ends.
    """
    minor, code, block = match.groups()
    status = int(code)
    fields: list[tuple[str, str]] = _FIELD.findall(block.decode("latin-1"))
    length: int | None = None
    digits = ""
    chunked = False
    reusable = minor != b"0"
    encoding = said = ""
    for index, (name, value) in enumerate(fields):
        if value[-1:] in (" ", "\t"):
            value = value.rstrip(" \t")
            fields[index] = (name, value)
        key = name.lower()
        if key == "content-length":
            # The field may be repeated by mistake (RFC 9110, 8.6), but not with another value.
            for one in value.split(","):
                one = one.strip(" \t")
                if not _LENGTH.fullmatch(one) or digits not in ("", one):
                    raise NotHTTP("the Content-Length is not one number")
                length, digits = int(one), one
        elif key == "connection":
            said = f"{said}, {value.lower()}"
        elif key == "content-encoding":
            encoding = f"{encoding}, {value}" if encoding else value
        elif key == "transfer-encoding":
            if chunked or value.lower() != "chunked":
                raise NotHTTP("the Transfer-Encoding is not the one that was asked for")
            chunked = True
    if said:
        reusable = "close" not in said and (reusable or "keep-alive" in said)
    if status < 200 or status in (204, 304) or method == "HEAD":
        length, chunked = 0, False
    elif chunked:
        # The answer may have been tampered with on its way (RFC 9112, 6.1 and 6.3).
        reusable = reusable and length is None and minor != b"0"
        length = None
    elif length is None:
        reusable = False
    return ResponseHead(status, tuple(fields), length, chunked, reusable, encoding)
