"""One call in a cassette: its request, its answer, and what the clocks showed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from ovhcore import exceptions
from ovhcore.exceptions import CassetteError, HTTPError
from ovhcore.protocol import Headers, Now, Request, Response

from .bodies import Packed, pack, unpack
from .scrubbing import Scrubber

__all__ = ["Draw", "Interaction", "Signature", "World", "named", "phrase_of"]

_JSON: Final = re.compile(r"[/+]json\b", re.IGNORECASE)
_BODY: Final = frozenset({"json", "layout", "text", "base64"})
_ASKED: Final = _BODY | {"method", "url", "headers"}
_CAME: Final = _BODY | {"status", "headers"}


class Signature(NamedTuple):
    """Fingerprints of a signature, from which neither it nor a key can be computed."""

    keys: str
    """The fingerprint of the application key and the consumer key."""
    digest: str
    """The fingerprint of the signature."""

    @classmethod
    def of(cls, request: Request) -> Signature | None:
        """Return the fingerprints of a signed request, None if it is not signed."""
        get = request.headers.get
        application, consumer, signature = (
            get("x-ovh-application"),
            get("x-ovh-consumer"),
            get("x-ovh-signature"),
        )
        if application is None or consumer is None or signature is None:
            return None
        return cls(_fingerprint(f"{application}+{consumer}"), _fingerprint(signature))


def _fingerprint(text: str) -> str:
    return sha256(b"ovhcore cassette " + text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Draw(NamedTuple):
    """A random number that was drawn between two bounds."""

    low: float
    high: float
    value: float


class World(NamedTuple):
    """The readings of the clocks and the random numbers of a part of a recording, in order."""

    clock: tuple[Now, ...] = ()
    uniform: tuple[Draw, ...] = ()

    def packed(self) -> dict[str, list[str]]:
        """Return the members of a record."""
        found: dict[str, list[str]] = {}
        for name, rows in (("clock", self.clock), ("uniform", self.uniform)):
            if rows:
                found[name] = [" ".join(map(repr, map(float, row))) for row in rows]
        return found

    @classmethod
    def unpacked(cls, record: dict[str, Any]) -> World:
        """Read the members of a record.

        Raises:
            CassetteError: the members are not as :meth:`packed` writes them.
        """
        clock, uniform = record.get("clock"), record.get("uniform")
        if clock is None and uniform is None:
            return cls()
        try:
            return cls(
                tuple(Now(*map(float, row.split())) for row in clock or ()),
                tuple(Draw(*map(float, row.split())) for row in uniform or ()),
            )
        except (AttributeError, TypeError, ValueError):
            pass
        raise CassetteError("A record's clock or uniform is not a list of lines of numbers")


def _fields(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name}: {value}" for name, value in pairs]


def _headers(lines: Any) -> Headers:
    try:
        return Headers([(name, value) for name, _, value in (line.partition(": ") for line in lines or ())])
    except (AttributeError, TypeError):
        pass
    raise CassetteError("A record's headers are not a list of lines 'Name: value'")


def _know(members: dict[str, Any], known: frozenset[str], what: str) -> None:
    """Make sure that no member would be passed over: a body by another name would be none."""
    if not members.keys() <= known:
        unknown = ", ".join(repr(name) for name in members if name not in known)
        raise CassetteError(f"A record's {what} has the unknown member {unknown}; ovhcore writes no such")
    if len(members.keys() & {"json", "text", "base64"}) > 1:
        raise CassetteError(f"A record's {what} has more than one body")


def _is_json(headers: Headers) -> bool:
    return _JSON.search(headers.get("content-type", "")) is not None


def _kind_of(error: HTTPError) -> str:
    """Return the name of the nearest kind of exception that ovhcore has."""
    return next(str(kind.__name__) for kind in type(error).__mro__ if getattr(exceptions, kind.__name__, None) is kind)


class Interaction:
    """One call in a cassette. Secrets are hidden in it.

    Args:
        record: the record in the cassette.

    Raises:
        CassetteError: the record is no interaction.
    """

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record
        try:
            asked = record["request"]
            self.method: str = str(asked["method"])
            self.url: str = str(asked["url"])
            self.packed_body: Packed = asked
            if not all(type(line) is str for line in asked.get("headers", ())):
                raise CassetteError("A record's headers are not a list of lines 'Name: value'")
            _know(asked, _ASKED, "request")
            if "response" in record:
                known = "status" in record["response"]
                _know(record["response"], _CAME, "response")
            else:
                known = "error" in record["failure"]
        except (AttributeError, KeyError, TypeError):
            known = False
        if not known:
            raise CassetteError("A record is neither a request with its response nor one with its failure")

    @classmethod
    def of(
        cls,
        request: Request,
        answer: Response | HTTPError,
        *,
        scrubber: Scrubber | None = None,
        at: float | None = None,
        took: float | None = None,
        world: World = World(),  # noqa: B008 - immutable
    ) -> Interaction:
        """Return the interaction of an exchange, with its secrets hidden.

        Args:
            request: the request as it was sent.
            answer: the response, or the failure.
            scrubber: hides secrets; by default one that knows the secrets of the interaction itself.
            at: when the request was sent, in seconds since 1970.
            took: seconds until the answer.
            world: the readings of the clocks and the random numbers since the interaction before.
        """
        scrubber = scrubber or Scrubber()
        asked = pack(request.body, json_expected=_is_json(request.headers))
        came: Packed = {}
        if isinstance(answer, Response):
            came = pack(answer.body, json_expected=_is_json(answer.headers))
            scrubber.learn(request, asked, answer, came)
        else:
            scrubber.learn(request, asked)
        record: dict[str, Any] = {
            "request": {
                "method": request.method,
                "url": scrubber.url(request.url),
                "headers": _fields(scrubber.headers(request.headers.pairs)),
                **scrubber.body(asked, request.headers),
            }
        }
        if isinstance(answer, Response):
            record["response"] = {
                "status": answer.status,
                "headers": _fields(scrubber.headers(answer.headers.pairs)),
                **scrubber.body(came, answer.headers, named=request.url.partition("?")[0].rpartition("/")[2]),
            }
        else:
            failed: dict[str, Any] = {"error": _kind_of(answer), "message": scrubber.text(answer.message)}
            if answer.may_have_arrived is not type(answer).may_have_arrived:
                failed["may_have_arrived"] = answer.may_have_arrived
            record["failure"] = failed
        if at is not None:
            record["at"] = _moment(at)
        if took is not None:
            record["took"] = round(took, 6)
        if signature := Signature.of(request):
            record["signature"] = signature._asdict()
        record.update(world.packed())
        return cls(record)

    @cached_property
    def request(self) -> Request:
        """The request."""
        return Request(self.method, self.url, _headers(self.record["request"].get("headers")), unpack(self.packed_body))

    @property
    def response(self) -> Response | None:
        """The response; None if there was none."""
        came = self.record.get("response")
        if came is None:
            return None
        if type(came["status"]) is not int:
            raise CassetteError("A recorded response has a status that is no number")
        return Response(came["status"], _headers(came.get("headers")), unpack(came))

    @property
    def failure(self) -> HTTPError | None:
        """A new exception of the kind that was raised instead of an answer; None if there was one."""
        failed = self.record.get("failure")
        if failed is None:
            return None
        kind = getattr(exceptions, str(failed["error"]), None)
        if not (isinstance(kind, type) and issubclass(kind, HTTPError)):
            raise CassetteError(f"A recorded failure is of a kind that ovhcore does not have: {failed['error']!r}")
        error = kind(failed.get("message", ""))
        if "may_have_arrived" in failed:
            error.may_have_arrived = bool(failed["may_have_arrived"])
        return error

    @property
    def signature(self) -> Signature | None:
        """Fingerprints of the signature; None if there is none."""
        found = self.record.get("signature")
        try:
            return None if found is None else Signature(found["keys"], found["digest"])
        except (KeyError, TypeError):
            pass
        raise CassetteError("A record's signature has no keys or no digest")

    @cached_property
    def world(self) -> World:
        """The readings of the clocks and the random numbers since the interaction before."""
        return World.unpacked(self.record)

    @property
    def at(self) -> float | None:
        """The time of the request, in seconds since 1970; None if it is not known."""
        text = self.record.get("at")
        try:
            return None if text is None else datetime.fromisoformat(text).timestamp()
        except (TypeError, ValueError):
            pass
        raise CassetteError(f"A record's 'at' is no time: {text!r}")

    @property
    def took(self) -> float | None:
        """Seconds until the answer; None if they are not known."""
        took = self.record.get("took")
        return float(took) if isinstance(took, (int, float)) else None

    def __repr__(self) -> str:
        what = self.record["response"]["status"] if "response" in self.record else self.record["failure"]["error"]
        return f"<Interaction {self.method} {self.url} {what}>"

    def __eq__(self, other: object) -> bool:
        return self.record == other.record if isinstance(other, Interaction) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def phrase_of(status: int) -> str:
    """Return HTTP's phrase for a status; empty for an unknown one."""
    return HTTPStatus(status).phrase if status in list(HTTPStatus) else ""


def named(interactions: Sequence[Interaction]) -> str:
    """Return the first of some interactions, and how many more there are, for people."""
    first = "; ".join(f"{each.method} {each.url}" for each in interactions[:5])
    return first if len(interactions) <= 5 else f"{first} and {len(interactions) - 5} more"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
