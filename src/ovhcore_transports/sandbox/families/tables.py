"""What a table of a family says of its resources."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from ..routes.calls import SandboxCall
from ..state import ApiError

__all__ = ["PART", "Action", "Change", "Resource", "Rule", "is_ssh_key"]

PART: Final = {"~": True}
"""A member of what is kept of an object that nobody changed yet: the others of it are made up."""


@dataclass
class Change:
    """What a rule is asked about.

    Attributes:
        kind: ``"create"``, ``"change"``, ``"delete"``, or an action as ``"POST /reboot"``.
        arguments: of the path.
        given: what the body holds.
        object: what the object is to be; of an action or deletion, what it is.
        others: returns the other objects of its list.
        call: the call that asks for it.
        answered: members that the answer has, beside those of the object.
    """

    kind: str
    arguments: Mapping[str, str]
    given: Mapping[str, Any]
    object: dict[str, Any]
    others: Callable[[], list[dict[str, Any]]]
    call: SandboxCall | None = None
    answered: dict[str, Any] = field(default_factory=dict)

    def check_there(self, name: str, list_path: str) -> None:
        """Refuse a member of the body that names what does not exist.

        Args:
            name: of the member.
            list_path: of the list that has to have it.

        Raises:
            ApiError: 404.
        """
        value = self.given.get(name)
        assert self.call is not None
        there = [each.get("id") if isinstance(each, dict) else each for each in self.call.read(list_path)]
        if str(value) not in map(str, there):
            message = f"The requested object ({name} = {value}) does not exist"
            raise ApiError.of_class(404, "NotFound", message)


Rule: TypeAlias = Callable[[Change], None]
"""Refuses a change by raising :class:`.ApiError`; may set members of its object."""


_KEY: Final = re.compile(r"(ssh-(rsa|ed25519|dss)|ecdsa-sha2-nistp(256|384|521)|sk-\S+) \S+.*", re.DOTALL)


def is_ssh_key(text: Any) -> bool:
    """Say whether a text looks like a public SSH key."""
    return _KEY.fullmatch(str(text)) is not None


@dataclass(frozen=True)
class Action:
    """A call that does something to an object.

    Attributes:
        sets: members that the object has at once; ``"{name}"`` stands for a member of the body.
        then: members that it has when it is over; None for one that it lacks then.
        makes: the path of one object of the list that it adds one to; empty for none.
        busy: whether it is refused while another one goes on.
        needs: members that the object has to have, else it is refused.
        answer: what is answered; None for what fits the type.
        does: what else it does; may refuse by raising :class:`.ApiError`. What it returns is answered, if that is
            not None.
        below: members that objects one of this has below itself get when it is over, by what follows the path.
        task: members of the task that is answered.
    """

    sets: Mapping[str, Any] = field(default_factory=dict)
    then: Mapping[str, Any] = field(default_factory=dict)
    makes: str = ""
    busy: bool = True
    needs: Mapping[str, Any] = field(default_factory=dict)
    answer: Callable[[Change], Any] | None = None
    does: Callable[[SandboxCall, Change], Any] | None = None
    below: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    task: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Resource:
    """The objects of one path.

    Attributes:
        path: of one object, as ``"/vps/{serviceName}"``; of what there is only one of, too.
        ids: those there are at first, or what returns them for the arguments of the path; None for made-up ones.
        same_as: the path of the list, as ``"/cloud/project"``, whose objects these are, too: as another version, or
            another family, shows them.
        new_id: what the id of a new one looks like: ``{n}`` is a number, ``{hex}`` 8 hexadecimal digits, ``{long}`` 32.
        shows: members of every object; ``{id}`` in a text is the last argument of the path.
        each: members of single objects, by their ids as text.
        rules: what is refused.
        unique: members that no two objects may have alike, together.
        actions: by method and what follows the path: ``{"POST /reboot": Action(...)}``; ``"DELETE"`` alone for itself.
        starts: what a new object shows until its making is over; then ``shows`` counts.
        busy: whether changing and deleting are refused while something is done to it.
        urn: its type in URNs, as ``"vps"``; empty if it has none.
        listed: returns what there is at a path that lists objects without ids.
        reads: returns what there is at a path, and changes with what calls do elsewhere; may raise :class:`.ApiError`.
            None where it is made up. Not asked once a call has changed it.
        again: whether what is made with an id that there is takes its place, and is not refused.
        ends: what an object shows while it is being deleted; it is gone at once if this is empty.
        below: is told of each object below one of these that a call made, changed or deleted: the call, the path of
            the one above, and the object.
        every_urn: whether its objects are all those of other resources that have URNs.
        every_service: whether its objects are all that the account pays for.
        at_first: returns, of the arguments of the path of a list, the objects there are at first: by their ids, with
            members; a member that is None is null.
        narrowed_by: by the name of a query's argument, the member that it asks for, where that has another name.
    """

    path: str
    ids: tuple[str | int, ...] | Callable[[SandboxCall, Mapping[str, str]], Iterable[str | int]] | None = None
    same_as: str = ""
    new_id: str = ""
    shows: Mapping[str, Any] = field(default_factory=dict)
    each: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    unique: tuple[str, ...] = ()
    actions: Mapping[str, Action] = field(default_factory=dict)
    starts: Mapping[str, Any] = field(default_factory=dict)
    busy: bool = False
    urn: str = ""
    listed: Callable[[SandboxCall], list[Any]] | None = None
    reads: Callable[[SandboxCall, Mapping[str, str]], Any] | None = None
    ends: Mapping[str, Any] = field(default_factory=dict)
    again: str = ""
    below: Callable[[SandboxCall, str, Mapping[str, Any]], None] | None = None
    every_urn: bool = False
    every_service: bool = False
    at_first: Callable[[Mapping[str, str]], Mapping[Any, Mapping[str, Any]]] | None = None
    narrowed_by: Mapping[str, str] = field(default_factory=dict)
