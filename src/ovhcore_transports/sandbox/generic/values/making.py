"""Makes values of the types of a schema: believable, and the same for the same seed and salt."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from hashlib import blake2b
from typing import Any, Final

from ovhcore._internal import check_value
from ovhcore.schema import Array, Enumeration, Family, Map, Model, Property, Ref, Scalar, Type

from ...control.modes import Modes
from .refusing import well_formed
from .words import PREFERRED, date_like, long_like, text_like

__all__ = ["Maker", "draw"]

_DEEP: Final = 3  # from here on only what is required, of what holds objects
_DEEPEST: Final = 8
_NETS: Final = ("192.0.2", "198.51.100", "203.0.113")
_UNDER_WAY: Final = re.compile("ing$|ing_|pending|error|fail|delet|terminat|suspend|reject|init", re.IGNORECASE)
_NEW_VALUE: Final = "SANDBOX_NEW_VALUE"
_NEW_MEMBER: Final = "sandboxNewProperty"


def draw(seed: int, salt: str) -> int:
    """Return a number that looks like chance, and is the same for the same seed and salt."""
    return int.from_bytes(blake2b(f"{seed} {salt}".encode("utf-8", "replace"), digest_size=7).digest(), "big")


class Maker:
    """Makes the values of one family.

    Args:
        family: whose models types speak of.
        seed: of the sandbox.
        modes: what of the schema answers differ in.
    """

    def __init__(self, family: Family, seed: int, modes: Modes) -> None:
        self.family = family
        self._seed = seed
        self._modes = modes

    def chance(self, salt: str) -> int:
        """Return the number that decides what a value is."""
        return draw(self._seed, salt)

    def value(self, type_: Type, salt: str, name: str = "", depth: int = 0) -> Any:
        """Return a value.

        Args:
            type_: what it is to be of.
            salt: what tells the value from others: a path, and members.
            name: of what holds it.
            depth: how many objects it is in.
        """
        if isinstance(type_, Scalar):
            return self.scalar(type_, salt, name)
        if isinstance(type_, Array):
            if depth > _DEEP and not isinstance(type_.item, Scalar):
                return []
            count = 1 if depth > 1 else 2
            made = [self.value(type_.item, f"{salt}[{number}]", _singular(name), depth + 1) for number in range(count)]
            return [each for number, each in enumerate(made) if each not in made[:number]]
        if isinstance(type_, Map):
            if depth > _DEEP:
                return {}
            key = self.value(type_.key, f"{salt}{{}}", "key")
            return {
                "main" if isinstance(type_.key, Scalar) and type_.key.name == "string" else str(key): self.value(
                    type_.value, f"{salt}.main", _singular(name), depth + 1
                )
            }
        model = self.family.model(type_)
        if isinstance(model, Enumeration):
            return self.chosen(model, salt)
        if isinstance(model, Model):
            return self.object(model, salt, depth)
        return text_like(name, self.chance(salt))

    def chosen(self, model: Enumeration, salt: str) -> Any:
        """Return a value of an enumeration: the one that a healthy service shows, if there is such a one."""
        if not model.values:
            return "" if model.base == "string" else 0
        if self._modes.newer and model.base == "string" and self.chance(salt) % 4 == 0:
            return _NEW_VALUE
        for each in PREFERRED:
            if each in model.values:
                return each
        return model.values[self.chance(salt) % len(model.values)]

    def rest(self, model: Enumeration, value: Any, salt: str) -> Any:
        """Return a status at which nothing is being done: the one that there is, or another one."""
        if not _UNDER_WAY.search(str(value)):
            return value
        at_rest = [each for each in model.values if not _UNDER_WAY.search(str(each))]
        return self.chosen(model.replacing(values=tuple(at_rest)) if at_rest else model, salt)

    def object(self, model: Model, salt: str, depth: int = 0, without: Container[str] = ()) -> dict[str, Any]:
        """Return an object; what may be null is left out where the modes say so, and nothing is null.

        Args:
            model: of the object.
            salt: as for :meth:`value`.
            depth: how many objects it is in.
            without: members that need not be made.
        """
        made: dict[str, Any] = {}
        for name, each in model.properties.items():
            if name in without or self._left_out(each, depth):
                continue
            value = self.value(each.type, f"{salt}.{name}", name, depth + 1)
            if value is not None:
                made[name] = value
        _price(made, self.chance(salt))
        if self._modes.newer:
            made[_NEW_MEMBER] = "of a version of the API that is newer than the schema"
        return made

    def _left_out(self, each: Property, depth: int) -> bool:
        if each.nullable and self._modes.lean:
            return True
        if depth < _DEEP or isinstance(
            self.family.model(each.type) if isinstance(each.type, Ref) else None, Enumeration
        ):
            return False
        if isinstance(each.type, Scalar) or (isinstance(each.type, Array) and isinstance(each.type.item, Scalar)):
            return False
        return not each.required or depth > _DEEPEST

    def scalar(self, type_: Scalar, salt: str, name: str = "") -> Any:
        """Return a single value, as the API writes it."""
        chance = self.chance(salt)
        made = _FORMATS.get(type_.name)
        if made is not None:
            return made(name, chance)
        if type_.base == "long":
            return long_like(type_.name.rpartition(".")[2] if type_.name != "long" and not name else name, chance)
        if type_.base == "double":
            return float(chance % 10000) / 100 or 1.0
        if type_.base == "boolean":
            return chance % 2 == 0
        if type_.base == "void":
            return None
        if type_.name.endswith("AccountId"):
            return "aa1234-ovh"
        return text_like(name, chance)

    def fits(self, type_: Type, value: Any) -> bool:
        """Say whether a value can stand where a type is asked for."""
        if isinstance(type_, Scalar) and not well_formed(type_, value):
            return False
        return not check_value(self.family, type_, value)

    def merged(
        self, model: Model, made: dict[str, Any], given: Mapping[str, Any], *, fit: bool = False
    ) -> dict[str, Any]:
        """Return an object with the members that are given and that it can have; null is left out.

        Args:
            model: of the object.
            made: the object.
            given: the members.
            fit: whether they are known to fit their types.
        """
        for name, value in given.items():
            known = model.properties.get(name)
            if known is None:
                continue
            if value is None:
                made.pop(name, None)
            elif fit or self.fits(known.type, value):
                value = self.known_part(known.type, value)
                both = isinstance(value, dict) and isinstance(made.get(name), dict)
                made[name] = {**made[name], **value} if both and isinstance(known.type, Ref) else value
        return made

    def known_part(self, type_: Type, value: Any) -> Any:
        """Return a value without the members that its type has not."""
        if isinstance(type_, Array) and isinstance(value, list):
            return [self.known_part(type_.item, each) for each in value]
        model = self.family.model(type_) if isinstance(type_, Ref) else None
        if not isinstance(model, Model) or not isinstance(value, dict):
            return value
        known = model.properties
        return {
            name: self.known_part(known[name].type, each)
            for name, each in value.items()
            if name in known and each is not None
        }


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def _price(made: dict[str, Any], chance: int) -> None:
    """Let the members of a price say the same."""
    if isinstance(made.get("value"), float) and isinstance(made.get("text"), str):
        cents = chance % 20000 + 99
        made["value"] = cents / 100
        made["text"] = f"{cents / 100:.2f} €"
        if isinstance(made.get("priceInUcents"), int):
            made["priceInUcents"] = cents * 1_000_000


def _datetime(name: str, chance: int) -> str:
    return date_like(name, chance).isoformat()


def _uuid(_: str, chance: int) -> str:
    text = f"{chance:014x}{chance * 40503 % 2**72:018x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:32]}"


_FORMATS: Final[dict[str, Callable[[str, int], str]]] = {
    "datetime": _datetime,
    "date": lambda name, chance: _datetime(name, chance)[:10],
    "time": lambda name, chance: _datetime(name, chance)[11:19],
    "duration": lambda _, chance: ("P1M", "P1Y", "P1D")[chance % 3],
    "uuid": _uuid,
    "email": lambda _, chance: f"ada{chance % 100}@example.com",
    "url": lambda name, chance: f"https://www.example.com/{name}",
    "uri": lambda name, chance: f"https://www.example.com/{name}",
    "ip": lambda _, chance: f"{_NETS[chance % 3]}.{chance // 3 % 253 + 1}",
    "ipv4": lambda _, chance: f"{_NETS[chance % 3]}.{chance // 3 % 253 + 1}",
    "ipv6": lambda _, chance: f"2001:db8::{chance % 65535:x}",
    "ipBlock": lambda _, chance: f"{_NETS[chance % 3]}.{chance // 3 % 64 * 4}/30",
    "ipv4Block": lambda _, chance: f"{_NETS[chance % 3]}.{chance // 3 % 64 * 4}/30",
    "ipv6Block": lambda _, chance: f"2001:db8:{chance % 65535:x}::/64",
    "macAddress": lambda _, chance: "02:00:00:" + ":".join(f"{chance >> shift & 255:02x}" for shift in (0, 8, 16)),
    "phoneNumber": lambda _, chance: f"003397252{chance % 10000:04d}",
    "internationalPhoneNumber": lambda _, chance: f"+33.97252{chance % 10000:04d}",
    "password": lambda _, chance: f"made-up-{chance % 10**9}",
}
