"""The base of all parts of the conformance kit: a transport, opened and closed for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final, TypeAlias

import pytest

from ...plugins import TransportSettings
from ...protocol.messages import Timeout
from ..driving import Driven, driving
from ..faults import PATIENT

__all__ = ["FEATURES", "Opener", "Suite"]

FEATURES: Final = frozenset(
    {
        "TLS",
        "an answer before garbage",
        "an exact pool",
        "another protocol's version",
        "client certificate",
        "closing what is cancelled",
        "fields that are not ASCII",
        "https proxy",
        "proxy",
    }
)
"""The features that a transport may lack."""

Opener: TypeAlias = Callable[..., Driven]
"""Opens a transport with the settings or some of them by name."""

_PROXY_VARIABLES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class Suite:
    """Base of the parts of the kit."""

    loop: ClassVar[str] = "asyncio"
    examples: ClassVar[int] = 100
    calls: ClassVar[int] = 500
    at_once: ClassVar[int] = 64
    lacks: ClassVar[frozenset[str]] = frozenset()

    def open(self, settings: TransportSettings) -> Any:
        """Make the transport under test."""
        raise NotImplementedError(f"{type(self).__name__} needs open(self, settings), which makes the transport")

    @pytest.fixture
    def opened(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
        """Yield a function that opens a transport, with the settings or some of them by name."""
        assert self.lacks <= FEATURES, f"lacks may name {', '.join(sorted(FEATURES))}; not {self.lacks - FEATURES}"
        assert self.loop in ("asyncio", "trio")
        for name in _PROXY_VARIABLES:
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)
        with driving(self.loop) as drive:

            def open_one(timeout: Timeout = PATIENT, proxy: str | None = "none", **further: Any) -> Driven:
                return drive(self.open(TransportSettings(timeout, proxy, **further)))

            yield open_one

    def needs(self, feature: str) -> None:
        """Skip the test if the transport says that it cannot do this."""
        if feature in self.lacks:
            pytest.skip(f"the transport says that it lacks: {feature}")
