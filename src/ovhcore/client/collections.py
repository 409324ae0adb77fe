"""The methods of a client for many objects and for many calls."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..exceptions import InvalidRequest
from ..flows.effects import Flow
from ..flows.interpreter_exit import reporting_shutdown
from ..protocol.messages import Request
from ..protocol.requests.building import around_id, described_call, named_arguments, target
from ..protocol.requests.values import read_need_auth
from ..protocol.urls import checked_path, encode_segment, template_names
from .calls import CallMethods, checked_need_auth, refuse_misspelt, refuse_options, refuse_unknown

if TYPE_CHECKING:
    from .iterators import Progress

__all__ = ["CollectionMethods"]

# The methods import what they need when they are first called: otherwise every client would pay for it.
_BY_ID: Final = ("auto", "batch", "single")
_ARGUMENTS: Final = "Arguments of a call come third, as ('PUT', path, {...})"


class CollectionMethods(CallMethods):
    """The methods of a client that make many calls.

    Options of the methods begin with an underscore, as ``_errors``; arguments of the API do not.
    With :class:`.AsyncClient` iterators are asynchronous, and lists are awaited.
    """

    def iterate(
        self,
        /,
        _target: str,
        _need_auth: Any = True,
        *,
        _mode: str = "auto",
        _size: int | None = None,
        _concurrency: int | None = None,
        _item: str | None = None,
        _filter: Any = None,
        _sort: str | None = None,
        _cached: bool = False,
        _errors: str = "raise",
        _progress: Progress | None = None,
        _headers: Any = None,
        _timeout: Any = None,
        _options: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Iterate over the objects of a collection, as ``for bill in client.iterate("/me/bill")``.

        The objects come in the order of the list, once each, and as the loop asks for them: little is
        fetched ahead. Leaving the loop ends the iteration. :mod:`ovhcore.flows.collections.pager` says how it is done.

        Args:
            _target: path of the list, as ``"/me/bill"`` or ``"/domain/zone/{zoneName}/record"``.
            _need_auth: whether to authenticate the calls.
            _mode: ``"auto"``, or one way alone: ``"cursor"``, ``"pages"``, ``"batch"``, ``"single"``.
            _size: objects of one page or batch, at most; the server may send fewer.
            _concurrency: requests at once; 10 by default.
            _item: path of one object, with a name in braces for its id, if that path is not below the list.
            _filter: conditions on the objects of an expanded list; see :func:`.pagination_filter`. A server that
                expands a list and passes over the filter cannot be told from one that has nothing to leave out.
            _sort: field to sort an expanded list by; ``"-date"`` for the other way round.
            _cached: whether an expanded list may come from the server's cache, which can be out of date.
            _errors: ``"return"`` to hand out the exception in the place of an object, or of a numbered page, that
                cannot be fetched.
            _progress: a function that is called, as objects come, with their number and that of all, None if not known.
            _headers: further fields to send.
            _timeout: seconds for each request, as for ``get``; the third is for each call, not for all of them.
            _options: settings of plugins for these calls.
            **kwargs: arguments of the list, as for ``get``.

        Raises:
            InvalidRequest: the call cannot be sent as written.
            APIError: the kind that an answer calls for, after the objects before it.
            InvalidResponse: the answer is not a list, the server gives no expanded list where one was asked for,
                or fewer objects came than it had announced.
        """
        with reporting_shutdown:
            from ..flows.collections.fan_out import read_concurrency
            from ..flows.collections.pager import Pager, read_mode, read_size

        refuse_options(kwargs, "mode", "size", "concurrency", "item", "filter", "sort", "cached", "errors", "progress")
        _need_auth = checked_need_auth(_need_auth, "client.iterate(path, **{...})")
        core = self._ovhcore
        item, of_list = None, named_arguments(kwargs)
        if _item is not None:
            item = around_id(_item, kwargs, query=False)
            of_item = {*template_names(_item)} - {*template_names(checked_path(_target))}
            of_list = {name: value for name, value in of_list.items() if name not in of_item}
            core.request("GET", "id".join(item), None, _need_auth, _headers, _timeout, _options)
        path = target(_target, of_list)
        mode, size = read_mode(_mode), read_size(_size)
        version_2 = core.settings.endpoint.is_version_2(path)
        fields = _list_fields(_filter, _sort)
        if fields and mode in _BY_ID[1:]:
            raise InvalidRequest(
                f"The server filters and sorts lists of objects, not those of ids that mode {mode!r} asks for"
            )
        if version_2 and mode in ("pages", "batch"):
            raise InvalidRequest(f"Version 2 of the API has cursors; mode {mode!r} is one of version 1")
        source = Pager(
            core.make_fetch(path, _need_auth, _headers, _timeout, _options),
            path,
            item,
            version_2=version_2,
            mode=mode,
            size=size,
            limit=read_concurrency(_concurrency),
            fields=fields,
            cached=_cached,
        )
        return core.objects(source, _errors, _progress)

    def batch(
        self,
        /,
        _target: str,
        _ids: Iterable[Any],
        _need_auth: Any = True,
        *,
        _as_completed: bool = False,
        _mode: str = "auto",
        _size: int | None = None,
        _concurrency: int | None = None,
        _errors: str = "raise",
        _progress: Progress | None = None,
        _headers: Any = None,
        _timeout: Any = None,
        _options: Any = None,
        **kwargs: Any,
    ) -> Any:
        """GET the objects of ids, as ``client.batch("/me/bill/{billId}", ["FR1", "FR2"])``.

        Many objects come with one request where the API can (``X-Ovh-Batch``); else requests run side by side.

        Args:
            _target: path of one object; the one name in braces without an argument is for the ids.
            _ids: the ids.
            _need_auth: whether to authenticate the calls.
            _as_completed: iterate over pairs of id and object as they arrive, instead of returning a list.
            _mode: ``"auto"``, or ``"batch"`` or ``"single"`` alone.
            _size: ids in one request, at most; 50 by default.
            _concurrency: requests at once; 10 by default.
            _errors: ``"return"`` to hand out the exception in the place of an object that cannot be fetched.
            _progress: a function that is called, as objects come, with their number and that of all.
            _headers: further fields to send.
            _timeout: seconds for each request, as for ``get``; the third is for each call, not for all of them.
            _options: settings of plugins for these calls.
            **kwargs: further arguments, as for ``get``.

        Returns:
            The objects, in the order of the ids.

        Raises:
            InvalidRequest: the calls cannot be sent as written.
            InvalidResponse: the server does not answer with a batch, in mode ``"batch"`` and with several ids.
            APIError: the kind that an answer calls for; the first one ends the others.
        """
        if isinstance(_ids, (str, bytes)) or not isinstance(_ids, Iterable):
            raise InvalidRequest(f"The ids are a list, as ['FR1', 'FR2'], not {type(_ids).__name__}")
        with reporting_shutdown:
            from ..flows.collections.batches import ItemFetcher, ItemsById
            from ..flows.collections.fan_out import read_concurrency
            from ..flows.collections.pager import read_mode, read_size

        refuse_options(kwargs, "as_completed", "mode", "size", "concurrency", "errors", "progress")
        _need_auth = checked_need_auth(_need_auth, "client.batch(path, ids, **{...})")
        core, ids = self._ovhcore, list(_ids)
        before, after = around_id(_target, kwargs, query=True)
        if _errors == "raise":
            for name in ids:
                encode_segment(name, "id")
        mode = read_mode(_mode, *_BY_ID)
        if core.settings.endpoint.is_version_2(before):
            mode = "single" if mode == "auto" else mode
        fetcher = ItemFetcher(
            core.make_fetch(f"{before}id{after}", _need_auth, _headers, _timeout, _options),
            before,
            after,
            mode=mode,
            size=read_size(_size),
            limit=read_concurrency(_concurrency),
            ordered=False,
            pick=(lambda position, name, value: (name, value)) if _as_completed else _at_position,
        )
        coming = core.objects(ItemsById(fetcher, ids), _errors, _progress)
        return coming if _as_completed else core.collected(coming)

    def gather(
        self,
        /,
        _calls: Iterable[Any],
        *,
        _concurrency: int | None = None,
        _as_completed: bool = False,
        _errors: str = "raise",
        _progress: Progress | None = None,
        _need_auth: Any = True,
        _headers: Any = None,
        _timeout: Any = None,
        _options: Any = None,
        **unknown: Any,
    ) -> Any:
        """Make many calls at once, as ``client.gather(["/me", ("PUT", "/me", {"city": "Roubaix"})])``.

        A call is a path to GET, or method, path and arguments, which fill its template first: the
        others go into the query or the body, as with ``get`` and ``put``. Arguments that are no mapping are
        the whole body. A fourth value says whether to authenticate. A call may also be a flow of your own.

        Args:
            _calls: the calls; a list is checked before anything is sent, unless errors are returned; other iterables
                are read as there is room.
            _concurrency: calls at once; 10 by default.
            _as_completed: iterate over pairs of position and value as they arrive, instead of returning a list.
            _errors: ``"return"`` to hand out the exception in the place of a value when its call fails.
            _progress: a function that is called, as answers come, with their number and that of all, None if not known.
            _need_auth: whether to authenticate the calls.
            _headers: further fields to send.
            _timeout: seconds for each call, as for ``get``.
            _options: settings of plugins for these calls.

        Returns:
            The values, in the order of the calls.

        Raises:
            InvalidRequest: a call cannot be sent as written; the message tells its position, from 0; or
                there is no such option.
            APIError: the kind that an answer calls for; the first one ends the others.
        """
        with reporting_shutdown:
            from ..flows.collections.fan_out import SingleFanOut, item_or_failure, read_concurrency

        refuse_unknown(unknown, "concurrency", "as_completed", "errors", "progress")
        if isinstance(_calls, (str, bytes, Mapping)) or not isinstance(_calls, Iterable):
            kind = type(_calls).__name__
            raise InvalidRequest(f"The calls are a list, as ['/me', ('PUT', path, {{...}})], not {kind}")

        core = self._ovhcore

        def described(position: int, call: Any) -> Request:
            try:
                parts: tuple[Any, ...] = tuple(call) if isinstance(call, (tuple, list)) else ()
                if len(parts) > 2 and isinstance(parts[2], Mapping):
                    refuse_misspelt([name for name in parts[2] if isinstance(name, str)], parts[1])
                method, path, data, *auth = described_call(call)
                need_auth = read_need_auth(auth[0] if auth else _need_auth, _ARGUMENTS)
                return core.request(method, path, data, need_auth, _headers, _timeout, _options)
            except InvalidRequest as error:
                problem = str(error)
            raise InvalidRequest(f"call {position}: {problem}")

        count = len(_calls) if isinstance(_calls, (list, tuple)) else None
        if count is not None and _errors == "raise":
            for position, call in enumerate(_calls):
                if not isinstance(call, Generator):
                    described(position, call)

        def made(position: int, call: Any) -> Flow[Any]:
            flow = call if isinstance(call, Generator) else core.call_value(described(position, call))
            return (yield from flow)

        flows = (item_or_failure(made(*each), partial(_at_position, each[0], None)) for each in enumerate(_calls))
        source = SingleFanOut(flows, count, read_concurrency(_concurrency), ordered=False)
        coming = core.objects(source, _errors, _progress)
        return coming if _as_completed else core.collected(coming)


def _at_position(position: int, name: Any, value: Any) -> Any:
    return position, value


def _list_fields(conditions: Any, sort: str | None) -> dict[str, str]:
    from ..protocol.requests.filters import pagination_filter, pagination_sort

    fields = {} if conditions is None else {"X-Pagination-Filter": pagination_filter(conditions)}
    return fields if sort is None else {**fields, **pagination_sort(sort)}
