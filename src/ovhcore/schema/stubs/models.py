"""Models as classes of Python: one form for answers, one for bodies, one for changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ..model import Enumeration, Family, Model, Property
from ..types import Array, Map, Ref, Scalar, Type, references
from .naming import Names, is_plain_member, literal, type_name

__all__ = ["PATCHED", "READ", "SENT", "Models"]

READ: Final = ""
"""The form of answers: every member is there; enumerations are open."""
SENT: Final = "Input"
"""The form of bodies: members that cannot be written are left out; enumerations are closed."""
PATCHED: Final = "Patch"
"""The form of changes to merge: any member may be there, and None takes one away."""

_BASES: Final = {"string": "str", "long": "int", "double": "float", "boolean": "bool", "any": "Any", "void": "None"}
# Types whose values a client writes as text.
_WRITTEN: Final = {
    "datetime": "DateTime",
    "date": "Date",
    "uuid": "UUID",
    "ip": "IPv4Address | IPv6Address",
    "ipv4": "IPv4Address",
    "ipv6": "IPv6Address",
    "ipBlock": "IPv4Network | IPv6Network | IPv4Address | IPv6Address",
    "ipv4Block": "IPv4Network | IPv4Address",
    "ipv6Block": "IPv6Network | IPv6Address",
}


class Models:
    """Writes types of the API as types of Python, and collects the classes that they need.

    Args:
        names: gives names to classes.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._texts: dict[str, str] = {}
        self._todo: list[tuple[str, Family, Ref, str]] = []
        self._facts: dict[tuple[str, str], tuple[str, tuple[Ref, ...]]] = {}
        self._closures: dict[tuple[str, str], int] = {}

    def annotation(self, family: Family, type_: Type, use: str) -> str:
        """Return the type of Python for a type of the API.

        Args:
            family: the family whose models the type refers to.
            type_: the type of the API.
            use: :data:`READ`, :data:`SENT` or :data:`PATCHED`.
        """
        if isinstance(type_, Scalar):
            also = _WRITTEN.get(type_.name) if use else None
            base = _BASES[type_.base]
            return f"{base} | {also}" if also else base
        if isinstance(type_, Array):
            item = self.annotation(family, type_.item, SENT if use else READ)
            return f"list[{item}] | tuple[{item}, ...]" if use else f"list[{item}]"
        if isinstance(type_, Map):
            return f"dict[str, {self.annotation(family, type_.value, SENT if use else READ)}]"
        model = family.model(type_)
        if model is None:
            return "Any"
        if isinstance(model, Enumeration):
            return self._enumeration(family, type_, model, use)
        return self._named(family, type_, use)

    def argument(self, family: Family, type_: Type) -> str:
        """Return the type of an argument of a path or a query; one for a list takes a single value, too."""
        text = self.annotation(family, type_, SENT)
        return f"{text} | {self.annotation(family, type_.item, SENT)}" if isinstance(type_, Array) else text

    def member(self, family: Family, each: Property, use: str) -> str:
        """Return the type of a member, or of a field of a body."""
        text = self.annotation(family, each.type, use)
        nullable = each.nullable or use == PATCHED
        return f"{text} | None" if nullable and text not in ("Any", "None") else text

    def texts(self) -> Iterator[str]:
        """Yield the classes that annotations refer to, each once, in the order of their names."""
        while self._todo:
            name, family, ref, use = self._todo.pop()
            model = family.model(ref)
            assert isinstance(model, Model)
            self._texts[name] = self._text(name, family, model, use)
        yield from (self._texts[name] for name in sorted(self._texts))

    def names(self) -> list[str]:
        """Return the names of the classes."""
        return sorted(self._texts)

    def _enumeration(self, family: Family, ref: Ref, model: Enumeration, use: str) -> str:
        base = _BASES[model.base]
        if base == "float" or not model.values:
            return base
        name = self._names.of((model.values, str(ref)), type_name(ref))
        if name not in self._texts:
            self._texts[name] = f"{name}: TypeAlias = {literal(model.values)}\n"
        return name if use else f"{name} | {base}"

    def _named(self, family: Family, ref: Ref, use: str) -> str:
        name = self._names.of((str(ref), self._closure(family, ref), use), type_name(ref) + use)
        if name not in self._texts:
            self._texts[name] = ""
            self._todo.append((name, family, ref, use))
        return name

    def _text(self, name: str, family: Family, model: Model, use: str) -> str:
        properties: Mapping[str, Property] = model.writable if use else model.properties
        rows = []
        for each in properties.values():
            text = self.member(family, each, use)
            if use == PATCHED or (use == SENT and not each.required):
                text = f"NotRequired[{text}]"
            rows.append((each.name, text))
        if all(is_plain_member(member) for member, _ in rows):
            body = "".join(f"    {member}: {text}\n" for member, text in rows) or "    pass\n"
            return f"class {name}(TypedDict):\n{body}"
        body = "".join(f"        {member!r}: {text},\n" for member, text in rows)
        return f"{name} = TypedDict(\n    {name!r},\n    {{\n{body}    }},\n)\n"

    # Models of one name in two families become one class if they, and all models they refer to, are the same.

    def _closure(self, family: Family, ref: Ref) -> int:
        key = (family.name, str(ref))
        if key not in self._closures:
            seen = {str(ref): self._fact(family, ref)}
            todo = list(seen[str(ref)][1])
            while todo:
                other = todo.pop()
                if str(other) not in seen:
                    seen[str(other)] = fact = self._fact(family, other)
                    todo += fact[1]
            self._closures[key] = hash(tuple(sorted((name, text) for name, (text, _) in seen.items())))
        return self._closures[key]

    def _fact(self, family: Family, ref: Ref) -> tuple[str, tuple[Ref, ...]]:
        key = (family.name, str(ref))
        if key not in self._facts:
            model = family.model(ref)
            if isinstance(model, Model):
                text = ";".join(
                    f"{each.name}:{each.type}:{each.required:d}{each.nullable:d}{each.read_only:d}"
                    for each in model.properties.values()
                )
                refs = tuple(other for each in model.properties.values() for other in references(each.type))
                self._facts[key] = (text, refs)
            else:
                self._facts[key] = (repr(model.values) if model else "", ())
        return self._facts[key]
