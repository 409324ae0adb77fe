"""Every transport of ours passes the kit."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from runpy import run_path
from typing import Any, ClassVar

import pytest

from ovhcore.plugins import TransportSettings
from ovhcore.testing import TransportConformance
from ovhcore_transports.recording import AsyncRecordTransport, RecordTransport
from tests.conformance.transports import PLACES, made
from tests.profiles import tries

EXAMPLE = (
    Path(__file__).resolve().parent.parent.parent / "examples" / "ovhcore-httpclient" / "src" / "ovhcore_httpclient.py"
)

AIOHTTP_LACKS = frozenset({"an answer before garbage", "another protocol's version"})


class Ours(TransportConformance):
    """Opens one of ours by its place, as a client does."""

    place: ClassVar[str]
    examples = tries(40, 450)
    calls = tries(200, 10_000)

    def open(self, settings: TransportSettings) -> Any:
        return made(PLACES[self.place], settings)


class OursAsync(Ours):
    """Tasks cost less than threads."""

    at_once = 1000


class TestUrllib3(Ours):
    place = "urllib3, sync"


class TestAsyncUrllib3(OursAsync):
    place = "urllib3, async"


class TestHttpx(Ours):
    place = "httpx, sync"


class TestHttpx2(Ours):
    place = "httpx2, sync"


class TestAsyncHttpx(OursAsync):
    place = "httpx, async"


class TestAsyncHttpx2(OursAsync):
    place = "httpx2, async"


class TestAsyncHttpxOnTrio(OursAsync):
    place = "httpx, async"
    loop = "trio"


class TestAsyncHttpx2OnTrio(OursAsync):
    place = "httpx2, async"
    loop = "trio"


class TestAiohttp(OursAsync):
    place = "aiohttp, async"
    lacks = AIOHTTP_LACKS


class TestPyreqwest(Ours):
    place = "pyreqwest, sync"
    lacks = frozenset({"an exact pool", "fields that are not ASCII"})


class TestAsyncPyreqwest(OursAsync):
    place = "pyreqwest, async"
    lacks = frozenset({"fields that are not ASCII", "closing what is cancelled"})


class TestStdlib(Ours):
    place = "stdlib, sync"


class TestAsyncStdlib(OursAsync):
    place = "stdlib, async"


class TestHttpClientOfTheExamples(TransportConformance):
    examples = Ours.examples
    calls = Ours.calls
    lacks = frozenset({"proxy", "https proxy"})

    def open(self, settings: TransportSettings) -> Any:
        return run_path(str(EXAMPLE))["HttpClientTransport"](settings)


class Recorded(Ours):
    """A recorder in front of one of ours is as good as that one: what it cannot write down it would spoil."""

    examples = tries(20, 100)
    calls = tries(100, 1_000)
    at_once = 64

    @pytest.fixture(autouse=True)
    def _cassettes(self, tmp_path: Path) -> None:
        self.numbered = (tmp_path / f"{number}.cassette" for number in count())


class TestRecordedUrllib3(Recorded):
    place = "urllib3, sync"

    def open(self, settings: TransportSettings) -> Any:
        return RecordTransport(super().open(settings), next(self.numbered), "all")


class TestRecordedAiohttp(Recorded):
    place = "aiohttp, async"
    lacks = AIOHTTP_LACKS

    def open(self, settings: TransportSettings) -> Any:
        return AsyncRecordTransport(super().open(settings), next(self.numbered), "all")
