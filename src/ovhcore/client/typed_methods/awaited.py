"""The signatures of :class:`.AsyncClient`'s methods for type checkers and editors; none of them runs.

Each method has an overload whose options have types. Type checkers hold ``**{"date.from": ...}`` against every
argument that has a name, so each has another for calls with a dict, in which options are anything: such a dict, and
nothing else, fulfils its ``_by_dict``, which is no option.
"""

# mypy: disable-error-code="override, no-overload-impl"
# pyright: reportIncompatibleMethodOverride=false, reportNoOverloadImplementation=false, reportOverlappingOverload=false

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal, TypeAlias, overload

from ...flows.operations.waiting import Waiting
from ..base import BaseClient
from ..iterators import AsyncObjectIterator, Progress

__all__ = ["AsyncClientMethods"]

Seconds: TypeAlias = float | tuple[float | None, float | None] | tuple[float | None, float | None, float | None] | None
Change: TypeAlias = Mapping[str, Any] | Callable[[dict[str, Any]], Any]


class AsyncClientMethods(BaseClient):
    """The methods of :class:`.AsyncClient`: calls are awaited, iterators are asynchronous."""

    @overload
    async def get(
        self,
        /,
        _target: str,
        _need_auth: bool = True,
        *,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any: ...

    @overload
    async def get(self, /, _target: str, _need_auth: Any = True, *, _by_dict: Any, **kwargs: Any) -> Any: ...

    @overload
    async def post(
        self,
        /,
        _target: str,
        _need_auth: bool = True,
        *,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
        _once: str | None = None,
        **kwargs: Any,
    ) -> Any: ...

    @overload
    async def post(self, /, _target: str, _need_auth: Any = True, *, _by_dict: Any, **kwargs: Any) -> Any: ...

    @overload
    async def put(
        self,
        /,
        _target: str,
        _need_auth: bool = True,
        *,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any: ...

    @overload
    async def put(self, /, _target: str, _need_auth: Any = True, *, _by_dict: Any, **kwargs: Any) -> Any: ...

    @overload
    async def delete(
        self,
        /,
        _target: str,
        _need_auth: bool = True,
        *,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any: ...

    @overload
    async def delete(self, /, _target: str, _need_auth: Any = True, *, _by_dict: Any, **kwargs: Any) -> Any: ...

    @overload
    def iterate(
        self,
        /,
        _target: str,
        _need_auth: bool = True,
        *,
        _mode: Literal["auto", "cursor", "pages", "batch", "single"] = "auto",
        _size: int | None = None,
        _concurrency: int | None = None,
        _item: str | None = None,
        _filter: Any = None,
        _sort: str | None = None,
        _cached: bool = False,
        _errors: Literal["raise", "return"] = "raise",
        _progress: Progress | None = None,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> AsyncObjectIterator[Any]: ...

    @overload
    def iterate(
        self, /, _target: str, _need_auth: Any = True, *, _by_dict: Any, **kwargs: Any
    ) -> AsyncObjectIterator[Any]: ...

    @overload
    async def batch(
        self,
        /,
        _target: str,
        _ids: Iterable[Any],
        _need_auth: bool = True,
        *,
        _as_completed: Literal[False] = False,
        _mode: Literal["auto", "batch", "single"] = "auto",
        _size: int | None = None,
        _concurrency: int | None = None,
        _errors: Literal["raise", "return"] = "raise",
        _progress: Progress | None = None,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> list[Any]: ...

    @overload
    def batch(
        self,
        /,
        _target: str,
        _ids: Iterable[Any],
        _need_auth: bool = True,
        *,
        _as_completed: Literal[True],
        _mode: Literal["auto", "batch", "single"] = "auto",
        _size: int | None = None,
        _concurrency: int | None = None,
        _errors: Literal["raise", "return"] = "raise",
        _progress: Progress | None = None,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> AsyncObjectIterator[tuple[Any, Any]]: ...

    @overload
    def batch(
        self,
        /,
        _target: str,
        _ids: Iterable[Any],
        _need_auth: Any = True,
        *,
        _by_dict: Any,
        _as_completed: Literal[True],
        **kwargs: Any,
    ) -> AsyncObjectIterator[tuple[Any, Any]]: ...

    @overload
    async def batch(
        self, /, _target: str, _ids: Iterable[Any], _need_auth: Any = True, *, _by_dict: Any, **kwargs: Any
    ) -> list[Any]: ...

    @overload
    def batch(
        self,
        /,
        _target: str,
        _ids: Iterable[Any],
        _need_auth: bool = True,
        *,
        _as_completed: bool,
        _mode: Literal["auto", "batch", "single"] = "auto",
        _size: int | None = None,
        _concurrency: int | None = None,
        _errors: Literal["raise", "return"] = "raise",
        _progress: Progress | None = None,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any: ...

    @overload
    async def gather(
        self,
        /,
        _calls: Iterable[Any],
        *,
        _as_completed: Literal[False] = False,
        _concurrency: int | None = None,
        _errors: Literal["raise", "return"] = "raise",
        _progress: Progress | None = None,
        _need_auth: bool = True,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
    ) -> list[Any]: ...

    @overload
    def gather(
        self,
        /,
        _calls: Iterable[Any],
        *,
        _as_completed: Literal[True],
        _concurrency: int | None = None,
        _errors: Literal["raise", "return"] = "raise",
        _progress: Progress | None = None,
        _need_auth: bool = True,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
    ) -> AsyncObjectIterator[tuple[int, Any]]: ...

    @overload
    def gather(
        self,
        /,
        _calls: Iterable[Any],
        *,
        _as_completed: bool,
        _concurrency: int | None = None,
        _errors: Literal["raise", "return"] = "raise",
        _progress: Progress | None = None,
        _need_auth: bool = True,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
    ) -> Any: ...

    @overload
    async def wait(
        self,
        /,
        _target: str,
        _need_auth: bool = True,
        *,
        _until: str | Collection[str] | Callable[[Any], bool] = "done",
        _failed: Collection[str] | None = None,
        _deadline: float = 3600.0,
        _interval: float | tuple[float, float] = (1.0, 30.0),
        _grace: float = 60.0,
        _progress: Callable[[Waiting], object] | None = None,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any: ...

    @overload
    async def wait(self, /, _target: str, _need_auth: Any = True, *, _by_dict: Any, **kwargs: Any) -> Any: ...

    @overload
    async def update(
        self,
        /,
        _target: str,
        _change: Change,
        _need_auth: bool = True,
        *,
        _wait: bool = True,
        _deadline: float = 3600.0,
        _interval: float | tuple[float, float] = (1.0, 30.0),
        _progress: Callable[[Waiting], object] | None = None,
        _headers: Mapping[str, str] | None = None,
        _timeout: Seconds = None,
        _options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any: ...

    @overload
    async def update(
        self, /, _target: str, _change: Change, _need_auth: Any = True, *, _by_dict: Any, **kwargs: Any
    ) -> Any: ...
