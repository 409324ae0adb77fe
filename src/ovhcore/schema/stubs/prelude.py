"""The fixed parts of generated modules."""

from __future__ import annotations

from typing import Final

__all__ = ["HEADER", "SOURCE"]

SOURCE: Final = '''\
"""{title}

Made by ``ovhcore types``; do not edit. What type checkers and editors know of it is in {stub} beside it.
"""

import typing

import ovhcore

_MODELS = frozenset(
    """
{models}
    """.split()
)


def __getattr__(name: str) -> typing.Any:
    return dict if name in _MODELS else getattr(ovhcore, name)
'''
"""The code that runs: everything of ovhcore; models are plain dicts."""

HEADER: Final = '''\
"""{title}

Made by ``ovhcore types``; do not edit.
"""

# ruff: noqa
# mypy: ignore-errors
# pyright: reportIncompatibleMethodOverride=false, reportOverlappingOverload=false, reportPrivateUsage=false
# pyright: reportUnusedImport=false

from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from datetime import date as Date, datetime as DateTime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, Literal, Never, NotRequired, Required, TypeAlias, TypedDict, TypeVar, Unpack, overload
from uuid import UUID

import ovhcore
from typing_extensions import LiteralString, deprecated
from ovhcore.client import AsyncObjectIterator, ObjectIterator
from ovhcore.flows import Waiting
{names}
M = TypeVar("M", bound=str)
P = TypeVar("P", bound=str)

# mypy takes this for true.
MYPY = False

Seconds: TypeAlias = (
    float
    | tuple[float | None, float | None]
    | tuple[float | None, float | None, float | None]
    | None
)

AnyCall: TypeAlias = (
    tuple[M, P]
    | tuple[M, P, Any]
    | tuple[M, P, Any, bool]
)

class CallOptions(TypedDict, total=False):
    _headers: Mapping[str, str] | None
    _timeout: Seconds
    _options: Mapping[str, Any] | None

class ManyOptions(CallOptions, total=False):
    _size: int | None
    _concurrency: int | None
    _progress: Callable[[int, int | None], object] | None

class ListBase(ManyOptions, total=False):
    _mode: Literal["auto", "cursor", "pages", "batch", "single"]
    _filter: Any
    _sort: str | None
    _cached: bool

class ListOptions(ListBase, total=False):
    _errors: Literal["raise"]

class ListErrors(ListBase):
    _errors: Literal["return"]

class ItemOptions(ListBase):
    _item: str
    _errors: NotRequired[Literal["raise", "return"]]

class BatchBase(ManyOptions, total=False):
    _mode: Literal["auto", "batch", "single"]

class BatchOptions(BatchBase, total=False):
    _as_completed: Literal[False]
    _errors: Literal["raise"]

class BatchErrors(BatchBase):
    _as_completed: NotRequired[Literal[False]]
    _errors: Literal["return"]

class BatchPairs(BatchBase):
    _as_completed: Literal[True]
    _errors: NotRequired[Literal["raise"]]

class BatchPairsErrors(BatchBase):
    _as_completed: Literal[True]
    _errors: Literal["return"]

class GatherBase(CallOptions, total=False):
    _concurrency: int | None
    _progress: Callable[[int, int | None], object] | None
    _need_auth: bool

class GatherOptions(GatherBase, total=False):
    _as_completed: Literal[False]
    _errors: Literal["raise"]

class GatherErrors(GatherBase):
    _as_completed: NotRequired[Literal[False]]
    _errors: Literal["return"]

class GatherPairs(GatherBase):
    _as_completed: Literal[True]
    _errors: NotRequired[Literal["raise"]]

class GatherPairsErrors(GatherBase):
    _as_completed: Literal[True]
    _errors: Literal["return"]

class WaitBase(CallOptions, total=False):
    _deadline: float
    _interval: float | tuple[float, float]
    _progress: Callable[[Waiting], object] | None

class WaitOptions(WaitBase, total=False):
    _until: str | Collection[str] | Callable[[Any], bool]
    _failed: Collection[str] | None
    _grace: float

class UpdateOptions(WaitBase, total=False):
    _wait: bool

# These are for arguments in dicts, whose values type checkers hold against all names.

class AnyCallOptions(TypedDict):
    _headers: NotRequired[Any]
    _timeout: NotRequired[Any]
    _options: NotRequired[Any]

class AnyListOptions(TypedDict):
    _headers: NotRequired[Any]
    _timeout: NotRequired[Any]
    _options: NotRequired[Any]
    _size: NotRequired[Any]
    _concurrency: NotRequired[Any]
    _progress: NotRequired[Any]
    _mode: NotRequired[Any]
    _filter: NotRequired[Any]
    _sort: NotRequired[Any]
    _cached: NotRequired[Any]
    _errors: NotRequired[Any]

class AnyListErrors(TypedDict):
    _headers: NotRequired[Any]
    _timeout: NotRequired[Any]
    _options: NotRequired[Any]
    _size: NotRequired[Any]
    _concurrency: NotRequired[Any]
    _progress: NotRequired[Any]
    _mode: NotRequired[Any]
    _filter: NotRequired[Any]
    _sort: NotRequired[Any]
    _cached: NotRequired[Any]
    _errors: Literal["return"]

class AnyItemOptions(TypedDict):
    _headers: NotRequired[Any]
    _timeout: NotRequired[Any]
    _options: NotRequired[Any]
    _size: NotRequired[Any]
    _concurrency: NotRequired[Any]
    _progress: NotRequired[Any]
    _mode: NotRequired[Any]
    _filter: NotRequired[Any]
    _sort: NotRequired[Any]
    _cached: NotRequired[Any]
    _item: Any
    _errors: NotRequired[Any]

class AnyBatchOptions(TypedDict):
    _headers: NotRequired[Any]
    _timeout: NotRequired[Any]
    _options: NotRequired[Any]
    _size: NotRequired[Any]
    _concurrency: NotRequired[Any]
    _progress: NotRequired[Any]
    _mode: NotRequired[Any]
    _as_completed: NotRequired[Any]
    _errors: NotRequired[Any]

class AnyBatchErrors(TypedDict):
    _headers: NotRequired[Any]
    _timeout: NotRequired[Any]
    _options: NotRequired[Any]
    _size: NotRequired[Any]
    _concurrency: NotRequired[Any]
    _progress: NotRequired[Any]
    _mode: NotRequired[Any]
    _as_completed: NotRequired[Any]
    _errors: Literal["return"]

class AnyBatchPairs(TypedDict):
    _headers: NotRequired[Any]
    _timeout: NotRequired[Any]
    _options: NotRequired[Any]
    _size: NotRequired[Any]
    _concurrency: NotRequired[Any]
    _progress: NotRequired[Any]
    _mode: NotRequired[Any]
    _as_completed: Literal[True]
    _errors: NotRequired[Any]

class AnyBatchPairsErrors(TypedDict):
    _headers: NotRequired[Any]
    _timeout: NotRequired[Any]
    _options: NotRequired[Any]
    _size: NotRequired[Any]
    _concurrency: NotRequired[Any]
    _progress: NotRequired[Any]
    _mode: NotRequired[Any]
    _as_completed: Literal[True]
    _errors: Literal["return"]

class AnyWaitOptions(TypedDict):
    _headers: NotRequired[Any]
    _timeout: NotRequired[Any]
    _options: NotRequired[Any]
    _deadline: NotRequired[Any]
    _interval: NotRequired[Any]
    _progress: NotRequired[Any]
    _until: NotRequired[Any]
    _failed: NotRequired[Any]
    _grace: NotRequired[Any]

class AnyUpdateOptions(TypedDict):
    _headers: NotRequired[Any]
    _timeout: NotRequired[Any]
    _options: NotRequired[Any]
    _deadline: NotRequired[Any]
    _interval: NotRequired[Any]
    _progress: NotRequired[Any]
    _wait: NotRequired[Any]
'''
