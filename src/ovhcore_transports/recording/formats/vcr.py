"""Cassettes of vcrpy: read as they are, and written so that vcrpy replays them.

vcrpy's format, version 1, is YAML or JSON: ``interactions``, each of a ``request`` and
a ``response``. PyYAML is needed for YAML alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from ovhcore._internal import parse_http_date
from ovhcore.exceptions import CassetteError
from ovhcore.protocol import Redaction, Request, Response

from ..cassette.bodies import pack, readable
from ..cassette.interactions import Interaction, phrase_of
from ..cassette.scrubbing import Scrubber
from .vcr_shapes import Chunks, Unquoted, exchange_of

__all__ = ["Exported", "from_vcr", "to_vcr"]

_VERSION: Final = 1
_MISSING: Final = 'PyYAML is needed for cassettes of vcrpy: pip install "ovhcore[vcr]"'
_STANDARD: Final = frozenset({"gzip", "x-gzip", "deflate", "identity"})
_LAST: Final = 253402300799  # the year 9999 ends: no later time can be written
_SIGNATURE: Final = re.compile(r"\$1\$[0-9a-f]{40}")
# YAML makes line feeds of some of these, or has no other way to write them.
_TO_ESCAPE: Final = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_TAG: Final = "tag:yaml.org,2002:"
_OTHERS: Final = {
    "http_interactions": "it is a cassette of Ruby's VCR or of betamax, not of vcrpy: record again with ovhcore",
    "log": "it looks like a HAR file, which ovhcore writes but does not read: name the cassette it was made from",
}


class Exported(NamedTuple):
    """A cassette in another format."""

    data: bytes
    """The bytes of the file."""
    left_out: int
    """The number of interactions that the format cannot hold."""


def from_vcr(
    data: bytes,
    redaction: Redaction = Redaction(),  # noqa: B008 - immutable
) -> list[Interaction]:
    """Read a cassette of vcrpy. Its secrets are hidden.

    Args:
        data: the file.
        redaction: secrets, besides those that are always hidden.

    Raises:
        CassetteError: the data is no such cassette, is not whole, or PyYAML is needed and missing.
    """
    exchanges = [_exchange(number, found) for number, found in enumerate(_interactions(data), 1)]
    scrubber = Scrubber(redaction)
    # A value that a later answer shows to be a secret is hidden in the earlier ones, too.
    for request, response, _ in exchanges:
        scrubber.learn(
            request, pack(request.body, json_expected=True), response, pack(response.body, json_expected=True)
        )
    return [_interaction(*exchange, scrubber) for exchange in exchanges]


def _interaction(request: Request, response: Response, at: float | None, scrubber: Scrubber) -> Interaction:
    interaction = Interaction.of(request, response, scrubber=scrubber, at=at)
    if _SIGNATURE.fullmatch(request.headers.get("x-ovh-signature", "")) is None:
        # The signature was hidden before: a placeholder cannot be compared.
        interaction.record.pop("signature", None)
    return interaction


def _interactions(data: bytes) -> list[Any]:
    found = _parsed(data)
    if isinstance(found, list) and found and isinstance(found[0], dict) and "request" in found[0]:
        raise CassetteError(
            "it was written by vcrpy before 1.0: convert it with vcrpy's 'python -m vcr.migration', or record again"
        )
    if not isinstance(found, dict):
        raise CassetteError("it is neither a cassette of ovhcore nor one of vcrpy: check the name of the file")
    for member, problem in _OTHERS.items():
        if member in found:
            raise CassetteError(problem)
    if "interactions" not in found:
        raise CassetteError("it has no 'interactions', as cassettes of vcrpy have: check the name of the file")
    version = found.get("version")
    if str(version or _VERSION) != str(_VERSION):
        raise CassetteError(
            f"it is in version {version!r} of vcrpy's format, and ovhcore reads version {_VERSION}: "
            "update ovhcore, or record again"
        )
    if version is None and not data.endswith((b"\n", b"}")):
        # vcrpy writes the version last, and a line feed after it.
        raise CassetteError(
            "it ends within a line and without a version, as if it had been cut off: "
            "record again, or add a last line 'version: 1' if it is whole"
        )
    interactions = found["interactions"]
    if not isinstance(interactions, list):
        raise CassetteError("its 'interactions' are no list, as if it had been cut off: record again")
    return interactions


def _parsed(data: bytes) -> Any:
    if not data.strip():
        raise CassetteError("it is empty: record again")
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        try:
            # The JSON of vcrpy has pairs of surrogates, which no YAML has.
            return json.loads(data, object_pairs_hook=_unique)
        except (ValueError, RecursionError):
            pass  # YAML may begin so, too
    try:
        import yaml
    except ImportError:
        raise CassetteError(_MISSING) from None
    try:
        return yaml.load(data, Loader=_loader())
    except yaml.constructor.ConstructorError as error:
        problem = f"it holds what cannot be read safely: {error.problem}{_where(error)}; remove it, or record again"
    except yaml.MarkedYAMLError as error:
        problem = f"it is no YAML, or was cut off: {error.problem}{_where(error)}; record again"
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = f"it is no YAML: {' '.join(str(error).split())}; check the name of the file, or record again"
    raise CassetteError(problem)


def _unique(pairs: list[tuple[Any, Any]], where: str = "") -> dict[Any, Any]:
    """Return members by name; refuse a name that occurs twice, since one value would be lost."""
    members: dict[Any, Any] = {}
    for name, value in pairs:
        if name in members:
            raise CassetteError(f"it has the member {str(name)!r} twice in one place{where}: mend it, or record again")
        members[name] = value
    return members


def _where(error: Any) -> str:
    mark = error.problem_mark
    return "" if mark is None else f" at line {mark.line + 1}"


def _loader() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """A loader that reads null, and all else as text, also if it is not quoted: dates and numbers of headers."""

        yaml_implicit_resolvers: Any = {  # noqa: RUF012 - what PyYAML looks for
            first: [(tag, pattern) for tag, pattern in resolvers if tag == f"{_TAG}null"]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            found = super().construct_mapping(node, deep=deep)
            if len(found) != len(node.value):
                names = [(self.construct_object(name, deep=True), None) for name, _ in node.value]
                _unique(names, f" at line {node.start_mark.line + 1}")
            return found

    def text(loader: Any, node: Any) -> Any:
        return loader.construct_scalar(node)

    def scalar(loader: Any, node: Any) -> Any:
        return node.value if node.style else Unquoted(node.value)

    def items(loader: Any, node: Any) -> Any:
        return loader.construct_sequence(node, deep=True)

    def argument(loader: Any, node: Any) -> Any:
        # A request body that was a file or an iterator: its content stands first, and no function of it is called.
        members = loader.construct_mapping(node, deep=True)
        found = members.get("args") or members.get("state") or [None]
        found = found[0] if isinstance(found, list) else found
        return Chunks(found) if isinstance(found, list) else found

    for name, construct in (
        ("str", text),
        ("unicode", text),
        ("tuple", items),
        ("object/new:_io.BytesIO", argument),
        ("object/apply:builtins.iter", argument),
    ):
        Loader.add_constructor(f"{_TAG}python/{name}", construct)
    Loader.add_constructor(f"{_TAG}str", scalar)
    return Loader


def _exchange(number: int, found: Any) -> tuple[Request, Response, float | None]:
    request, response = exchange_of(number, found)
    return request, response, _time(request, response, found.get("recorded_at"))


def _time(request: Request, response: Response, recorded: Any) -> float | None:
    stamp = request.headers.get("x-ovh-timestamp", "")
    at: float | None = None
    if re.fullmatch("[0-9]{1,12}", stamp):
        at = int(stamp)
    if at is None:
        at = parse_http_date(response.headers.get("date", ""))
    if at is None and isinstance(recorded, str):
        try:
            moment = datetime.fromisoformat(recorded)
            at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            at = parse_http_date(recorded)
    return at if at is not None and 0 <= at <= _LAST else None


def to_vcr(interactions: Iterable[Interaction]) -> Exported:
    """Return a cassette that vcrpy replays.

    Failures are left out: vcrpy's format knows answers alone.

    Args:
        interactions: the interactions to write, in order.

    Raises:
        CassetteError: an interaction is malformed, or PyYAML is missing.
    """
    try:
        import yaml
    except ImportError:
        raise CassetteError(_MISSING) from None

    class Dumper(yaml.SafeDumper):
        """Writes strings so that they come back the same."""

    def text(dumper: Any, value: str) -> Any:
        style = '"' if _TO_ESCAPE.search(value) else None
        return dumper.represent_scalar(f"{_TAG}str", value, style=style)

    Dumper.add_representer(str, text)
    written: list[dict[str, Any]] = []
    left_out = 0
    for interaction in interactions:
        if interaction.response is None:
            left_out += 1
        else:
            written.append(_written(interaction, interaction.response))
    # The version last, as vcrpy has it: a file that was cut off has none.
    whole = {"interactions": written, "version": _VERSION}
    options: dict[str, Any] = {"default_flow_style": False, "allow_unicode": True, "sort_keys": False, "width": 120}
    return Exported(yaml.dump(whole, Dumper=Dumper, **options).encode(), left_out)


def _written(interaction: Interaction, response: Response) -> dict[str, Any]:
    request = interaction.request
    asked: dict[str, Any] = {
        "method": _sound(request.method),
        "uri": _sound(request.url),
        "body": _text_or_bytes(request.body) if request.body else None,
        "headers": _fields(_sized(request.headers.pairs, request.body)),
    }
    # Where there is no body, the field is not the body's length.
    pairs: Iterable[tuple[str, str]] = _uncoded(response)
    if request.method != "HEAD" and response.status not in (204, 304):
        pairs = _sized(pairs, response.body)
    code = response.status
    came: dict[str, Any] = {
        "body": {"string": _text_or_bytes(response.body)},
        "headers": _fields(pairs),
        "status": {"code": code, "message": phrase_of(code)},
    }
    written: dict[str, Any] = {"request": asked, "response": came}
    if interaction.at is not None:
        written["recorded_at"] = datetime.fromtimestamp(interaction.at, UTC).isoformat()
    return written


def _sound(text: str) -> str:
    """Return a text without lone surrogates, which YAML cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def _text_or_bytes(body: bytes) -> str | bytes:
    text = readable(body)
    return body if text is None else text


def _uncoded(response: Response) -> Iterator[tuple[str, str]]:
    """Yield the fields of a response without those that say how its body was sent."""
    for name, value in response.headers.pairs:
        lowered = name.lower()
        if lowered == "transfer-encoding":
            continue
        if lowered == "content-encoding":
            codings = {coding.strip().lower() for coding in value.split(",")}
            # A body with a coding that the standard library cannot decompress may have stayed compressed.
            if codings <= _STANDARD or readable(response.body) is not None:
                continue
        yield name, value


def _sized(pairs: Iterable[tuple[str, str]], body: bytes) -> Iterator[tuple[str, str]]:
    for name, value in pairs:
        yield name, str(len(body)) if name.lower() == "content-length" else value


def _fields(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return header fields by name; a repeated field stands once, with all its values."""
    spelled: dict[str, str] = {}
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(_sound(spelled.setdefault(name.lower(), name)), []).append(_sound(value))
    return fields
