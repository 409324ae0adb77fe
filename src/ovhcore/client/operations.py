"""Waiting for operations that take time, and updates of resources that have them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from ..flows.effects import Flow
from ..flows.interpreter_exit import reporting_shutdown
from ..protocol.requests.building import target
from .calls import CallMethods, checked_need_auth, refuse_options

if TYPE_CHECKING:
    from ..flows.operations.waiting import Waiting

__all__ = ["OperationMethods"]

# The methods import what they need when they are first called: otherwise every client would pay for it.


class OperationMethods(CallMethods):
    """The methods of a client that wait. With :class:`.AsyncClient` their results are awaited."""

    def wait(
        self,
        /,
        _target: str,
        _need_auth: Any = True,
        *,
        _until: str | Collection[str] | Callable[[Any], bool] = "done",
        _failed: Collection[str] | None = None,
        _deadline: float = 3600.0,
        _interval: float | tuple[float, float] = (1.0, 30.0),
        _grace: float = 60.0,
        _progress: Callable[[Waiting], object] | None = None,
        _headers: Any = None,
        _timeout: Any = None,
        _options: Any = None,
        **kwargs: Any,
    ) -> Any:
        """GET an object again and again until its operation is over; return it.

        The object is a task, or a resource of version 2, whose ``resourceStatus`` and
        ``currentTasks`` count. See :func:`ovhcore.flows.operations.waiting.wait_until` for what is over, what
        has failed, and which errors are tolerated.

        Args:
            _target: path of the object, as ``"/dedicated/server/{serviceName}/task/{taskId}"``.
            _need_auth: whether to authenticate the calls.
            _until: ``"done"``; ``"gone"`` for a deletion; the statuses to wait for, as ``{"ok"}``; or a function
                of the object that says when to end.
            _failed: statuses that mean failure, instead of the usual ones.
            _deadline: seconds to wait at most.
            _interval: seconds between the first two requests, and the longest that this grows to; or one number.
            _grace: seconds that a new object may not be found.
            _progress: a function that is called after each answer.
            _headers: further fields to send.
            _timeout: seconds for each request, as for ``get``; the third is for each call, not for all of them.
            _options: settings of plugins for these calls.
            **kwargs: arguments by name, as for ``get``.

        Raises:
            OperationFailed: the operation has failed.
            WaitTimeout: the deadline has passed.
            InvalidRequest: the call cannot be sent as written.
            APIError: the kind that an answer calls for.
        """
        with reporting_shutdown:
            from ..flows.operations.waiting import wait_until

        refuse_options(kwargs, "until", "failed", "deadline", "interval", "grace", "progress")
        _need_auth = checked_need_auth(_need_auth, "client.wait(path, **{...})")
        core, path = self._ovhcore, target(_target, kwargs)
        request = core.request("GET", path, None, _need_auth, _headers, _timeout, _options)
        flow = wait_until(
            lambda: core.call_value(request),
            until=_until,
            failed=_failed,
            deadline=_deadline,
            interval=_interval,
            grace=_grace,
            progress=_progress,
            what=path.partition("?")[0],
        )
        return core.run(flow)

    def update(
        self,
        /,
        _target: str,
        _change: Mapping[str, Any] | Callable[[dict[str, Any]], Any],
        _need_auth: Any = True,
        *,
        _wait: bool = True,
        _deadline: float = 3600.0,
        _interval: float | tuple[float, float] = (1.0, 30.0),
        _progress: Callable[[Waiting], object] | None = None,
        _headers: Any = None,
        _timeout: Any = None,
        _options: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Change the ``targetSpec`` of a resource of version 2, wait until the resource follows, and return it.

        This reads the target, changes a copy, sends the copy with the checksum, and begins again if somebody
        else was faster. See :func:`ovhcore.flows.operations.updating.update_resource`.

        Args:
            _target: path of the resource, as ``"/v2/vrackServices/resource/{id}"``.
            _change: members to change, merged into the ``targetSpec``; or a function that changes the copy
                it is given, or returns another.
            _need_auth: whether to authenticate the calls.
            _wait: whether to wait for the end; else the answer of the PUT is returned.
            _deadline: seconds for everything.
            _interval: seconds between the first two requests while waiting, and the longest that this grows to; or
                one number.
            _progress: a function that is called after each answer while waiting.
            _headers: further fields to send.
            _timeout: seconds for each request, as for ``get``; the third is for each call, not for all of them.
            _options: settings of plugins for these calls.
            **kwargs: arguments of the path.

        Raises:
            OperationFailed: the resource has come into an error.
            WaitTimeout: the deadline has passed.
            PreconditionFailed: others went on changing the resource.
            InvalidRequest: the resource has no ``targetSpec``, or the call cannot be sent as written.
            APIError: the kind that an answer calls for.
        """
        with reporting_shutdown:
            from ..flows.operations.updating import update_resource

        refuse_options(kwargs, "wait", "deadline", "interval", "progress")
        _need_auth = checked_need_auth(_need_auth, "client.update(path, change, **{...})")
        core, path = self._ovhcore, target(_target, kwargs)

        def made(method: str, body: Any) -> Flow[Any]:
            return core.call_value(core.request(method, path, body, _need_auth, _headers, _timeout, _options))

        flow = update_resource(
            lambda: made("GET", None),
            lambda body: made("PUT", body),
            _change,
            wait=_wait,
            deadline=_deadline,
            interval=_interval,
            progress=_progress,
            what=path.partition("?")[0],
        )
        return core.run(flow)
