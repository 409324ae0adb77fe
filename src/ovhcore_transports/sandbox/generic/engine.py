"""Answers whatever the catalogue knows, where no route of its own does."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ovhcore.exceptions import InvalidConfiguration
from ovhcore.schema import Array

from ..control.modes import Modes
from ..routes.calls import SandboxCall, concrete, plain
from ..routes.listing import DETAILS
from ..routes.table import COMPLETED, Route, find_special, no_route
from ..state import ApiError, State
from .api_shape import ApiShape, Collection, OperationContext
from .changes.changing import Changer
from .documents import document, known_here
from .narrowing import meets_query, wanted_of
from .reading import Reader
from .values.refusing import refuse

if TYPE_CHECKING:
    from ovhcore.schema import Catalogue

__all__ = ["Engine"]

_MOST_COMPLETED: Final = 1000


class Engine:
    """Answers the operations of a catalogue.

    Args:
        schemas: the catalogue; None for the one of ``ovh-eu``.
        seed: the number from which made-up data are derived.
    """

    def __init__(self, schemas: Catalogue | None, seed: int) -> None:
        from ..families import resources

        self._schemas = schemas
        self.shape = ApiShape(self._catalogue)
        self._reader = Reader(self.shape, seed, resources(), self._answer_by_own_route)
        self._changer = Changer(self._reader)
        self._lacking: dict[str, bool] = {}  # of templates, whether they have no route of their own
        self._routes: dict[tuple[str, str], Route] = {}
        self._completed: dict[tuple[str, Modes], dict[str, Any]] = {}

    def _catalogue(self) -> Catalogue:
        from ovhcore import schema

        return schema.catalogue() if self._schemas is None else self._schemas

    def route_for(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route of a call, and the arguments of its path.

        Args:
            method: as ``"GET"``.
            path: as it was sent, without the version if that is 1.

        Raises:
            ApiError: the sandbox knows no such path, or no such method of it.
        """
        special = find_special(method, path)
        if special is not None:
            route, arguments = special
            # "/dedicated/server/availabilities" is no server.
            if self._schemas is not None or not any(value.isalpha() for value in arguments.values()):
                return self._whole(route), arguments
            found = self.shape.find(method, path)
            if found is None or found[0].operation.path.count("{") == route.template.count("{"):
                return self._whole(route), arguments
        else:
            found = self.shape.find(method, path)
        if found is None:
            raise self._unknown(method, path)
        context, arguments = found
        return self._route(context), arguments

    def _unknown(self, method: str, path: str) -> ApiError:
        catalogue = self.shape.catalogue
        methods = catalogue.methods(plain(path))
        if methods:
            return no_route(method, path, f"its catalogue has {', '.join(methods)} for this path")
        return no_route(method, path, "GET / lists the families it knows, and ovhcore.schema what is like a path")

    def _route(self, context: OperationContext) -> Route:
        operation = context.operation
        key = operation.method, operation.path
        route = self._routes.get(key)
        if route is None:
            details = None
            if context.list is not None and context.list.member is None and operation.method == "GET":
                read = self.shape.get(context.list.item)
                details = None if read is None else self._route(self.shape.context(read))
            route = self._routes[key] = Route(
                operation.method,
                operation.path,
                partial(self._answer, context),
                None,
                operation.authentication,
                refuse=partial(self._refuse, context),
                details=details,
            )
        return route

    def _whole(self, route: Route) -> Route:
        """Return a route of its own, with what the catalogue and calls to other routes add to it."""
        key = "special", f"{route.method} {route.template}"
        made = self._routes.get(key)
        if made is None:
            operation = self.shape.catalogue.find(route.method, route.template) if self._schemas is None else None
            if operation is None or operation.path.count("/") != route.template.count("/"):
                made = route
            else:
                context = self.shape.context(operation)
                one = DETAILS.get(route.template)
                made = route._replace(
                    details=None if one is None else self._whole(one),
                    answer=partial(self._with_held, route, context),
                    refuse=partial(self._refuse_beside, route, context),
                )
            self._routes[key] = made
        return made

    def _with_held(self, route: Route, context: OperationContext, call: SandboxCall) -> Any:
        """Return what a route of its own answers, with what was made, changed or deleted by others."""
        held = call.state.held
        if route.method == "GET" and route.template in COMPLETED:
            route = route._replace(answer=partial(self._complete, route, context))
        if not (held.objects or held.removed or held.added or held.gone):
            return route.answer(call)
        path = concrete(route.template, call.path)
        self._reader.settle(call, path)
        if route.method == "GET" and context.list is not None:
            removed, added = held.removed.get(path, {}), held.added.get(path, {})
            member = context.list.member
            found = [each for each in route.answer(call) if str(each[member] if member else each) not in removed]
            more = self._added(call, context, context.list, added) if added else []
            if member is not None:
                paths = [
                    concrete(context.list.item, {**call.path, context.list.argument: str(each[member])})
                    for each in found
                ]
                found = [held.objects.get(kept, each) for kept, each in zip(paths, found, strict=True)]
            return found + more
        if path in held.objects and route.method == "GET":
            kept = dict(held.objects[path])
            names = dict(zip(_names(context.operation.path), call.path.values(), strict=True))
            self._reader.identify(call, context.operation.path, names, kept, kept=True)
            return kept
        return route.answer(call)

    def _added(self, call: SandboxCall, context: OperationContext, of: Collection, added: dict[str, Any]) -> list[Any]:
        """Return what others added to a list: of that, what the query asks for."""
        wanted, read = wanted_of(call, context), of.model if of.member is None else of.listed
        if read is None or (of.member is None and not wanted):
            return list(added.values())
        names = dict(zip(_names(context.operation.path), call.path.values(), strict=True))
        found: list[Any] = []
        for text, item_id in added.items():
            each = self._reader.object(call, context.family, of.item, {**names, of.argument: text}, read)
            if all(meets_query(each, name, values) for name, values in wanted.items()):
                found.append(item_id if of.member is None else each)
        return found

    def _complete(self, route: Route, context: OperationContext, call: SandboxCall) -> Any:
        """Return the object of a route of its own, with the other members that the schema has."""
        own = route.answer(call)
        key = concrete(route.template, call.path), call.modes
        rest = self._completed.get(key)
        if rest is None:
            if len(self._completed) >= _MOST_COMPLETED:
                self._completed.clear()
            arguments = dict(zip(_names(context.operation.path), call.path.values(), strict=True))
            asked = call._replace(answer_headers={})
            rest = self._reader.object(
                asked, context.family, context.operation.path, arguments, context.operation.answer
            )
            self._completed[key] = rest
        return {**own, **{name: deepcopy(value) for name, value in rest.items() if name not in own}}

    def _refuse_beside(self, route: Route, context: OperationContext, call: SandboxCall) -> None:
        """Refuse what a route of its own does not look at; what it does, it refuses in its own words."""
        route.check(call)
        if not route.template.startswith("/v2/vrackServices"):  # whose target specs say more than the schema has
            refuse(
                context.family,
                context.operation,
                {},
                call.pairs,
                call.body,
                fields=context.fields,
                own_way=True,
            )

    def _refuse(self, context: OperationContext, call: SandboxCall) -> None:
        refuse(context.family, context.operation, call.path, call.pairs, call.body, fields=context.fields)

    def _answer(self, context: OperationContext, call: SandboxCall) -> Any:
        arguments = dict(zip(_names(context.operation.path), call.path.values(), strict=False))
        call = call._replace(reader=self._read)
        self._reader.check_above(call, context, arguments)
        if context.operation.method != "GET":
            call.answer_headers["X-Ovhcore-Sandbox"] = "kept"
            return self._changer.carry_out(call, context, arguments)
        call.answer_headers["X-Ovhcore-Sandbox"] = "made-up"
        if context.object is None or isinstance(context.operation.answer, Array):
            return self._reader.listed(call, context, arguments)
        return self._reader.object(call, context.family, context.operation.path, arguments, context.object)

    def _answer_by_own_route(self, call: SandboxCall, path: str, template: str) -> Any:
        """Answer the GET of a path that has a route of its own; None if it has none."""
        if template not in self._lacking:
            self._lacking[template] = find_special("GET", template) is None
        found = None if self._lacking[template] else find_special("GET", path)
        if found is None or self._schemas is not None:
            return None
        route, arguments = found
        asked = call._replace(name=path, path=arguments, query={}, pairs={}, body=None, headers={}, answer_headers={})
        answer: Any = None
        with suppress(ApiError):
            answer = route.answer(asked)
        return answer

    def _read(self, call: SandboxCall, path: str) -> Any:
        """Return what a GET of a path is answered with."""
        route, arguments = self.route_for("GET", path)
        asked = call._replace(
            name=path, path=arguments, query={}, pairs={}, body=None, headers={}, answer_headers={}, reader=self._read
        )
        return route.answer(asked)

    def hold(self, state: State, path: str, value: Any, now: float) -> None:
        """Hold an object that nobody made by a call; what it lacks is made up.

        Args:
            state: of the sandbox.
            path: of the object, without the version if that is 1.
            value: the object, or its members that matter.
            now: the time.

        Raises:
            InvalidConfiguration: there is no such path, an object above it is missing, or a member is wrong.
        """
        special = find_special("GET", path) if self._schemas is None else None
        if special is not None and special[0].hold is None:
            raise InvalidConfiguration(f"sandbox: {path} has a name instead: {', '.join(state.resources)}")
        found = self.shape.find("GET", path)
        if found is None or found[0].object is None:
            raise InvalidConfiguration(f"sandbox: the catalogue has no object at {path}")
        context, arguments = found
        call = SandboxCall(state, Modes(), path, arguments, {}, None, {}, None, now, "", {})
        for each in context.above:
            if each is not context.of and not self._reader.has(call, each, arguments, arguments[each.argument]):
                missing = concrete(each.item, arguments)
                raise InvalidConfiguration(f"sandbox: {path} cannot be added: there is no {missing}; add it before")
        kept = self._reader.completed(call, context, arguments, value)
        if special is not None and special[0].hold is not None:
            special[0].hold(state, arguments, value)
        else:
            self._reader.hold(call, context, arguments, kept)

    def document(self, base: str | None, path: str, origin: str) -> Any:
        """Return a schema document, or what the sandbox knows; None for other paths."""
        if base is None:
            return known_here(self.shape.catalogue, origin) if path in ("", "/") else None
        return document(self.shape.catalogue, base, path, origin)


def _names(template: str) -> list[str]:
    return [each[1:-1] for each in template.split("/") if each.startswith("{") and each.endswith("}")]
