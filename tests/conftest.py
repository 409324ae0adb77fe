"""Profiles of Hypothesis, what other runs have, and where shared data lies."""

from __future__ import annotations

import gc
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import ovhcore
import ovhcore_transports
from tests.profiles import PROFILE, is_of_this_half, is_of_this_part, tries
from tests.threads import note_threads
from tests.tracing import import_all, untraced
from tests.unfit import transports_of, unfit_transports

pytest_plugins = ["pytester"]

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("default", deadline=None, max_examples=30, print_blob=True, suppress_health_check=_SLOW)
settings.register_profile("quick", settings.get_profile("default"), max_examples=12)
settings.register_profile("full", settings.get_profile("default"), max_examples=150)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=1000)
settings.load_profile(PROFILE)

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


KIT = Path(__file__).parent / "conformance"
_ALL_ONCE = re.compile(r"^pytestmark = \[?pytest\.mark\.once\b", re.MULTILINE)


def pytest_configure() -> None:
    """Let tests of Ctrl+C hear it, also in the background of a shell that keeps it from them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _uncounted(config: pytest.Config) -> AbstractContextManager[None]:
    """Leave out what happens meanwhile where coverage is counted; else leave alone what traces, as a debugger."""
    return untraced() if config.pluginmanager.hasplugin("_cov") else nullcontext()


def _hands_out(config: pytest.Config) -> bool:
    """Say whether the tests are run, and collected, by workers of xdist."""
    return bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Count what imports run, and nothing else that happens while tests are collected."""
    if session.config.pluginmanager.hasplugin("_cov") and not _hands_out(session.config):
        import_all(ovhcore, ovhcore_transports)
    with _uncounted(session.config):
        return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    with _uncounted(session.config) if _hands_out(session.config) else nullcontext():
        return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    with nullcontext() if item.get_closest_marker("untraced") is None else _uncounted(item.config):
        return (yield)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import a module all of whose tests are left out: that costs more than many of the others."""
    if config.option.markexpr != "not once" or collection_path.suffix != ".py":
        return None
    return _ALL_ONCE.search(collection_path.read_text("utf-8")) is not None or None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    cases = Counter[str]()
    for item in items:
        if item.get_closest_marker("spread") or KIT in item.path.parents:
            here = is_of_this_part(item.nodeid.removesuffix(item.name), item.name)
        elif "snapshot" in getattr(item, "fixturenames", ()):
            here = True  # a snapshot of a test that is left out would count as one that nobody needs
        else:
            case = getattr(item, "callspec", None)
            test = item.nodeid if case is None else item.nodeid.removesuffix(f"[{case.id}]")
            here = is_of_this_half(test, cases[test])
            cases[test] += 1
        (kept if here else left).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            # Chance reaches a line in one run and not in the next; and tracing takes longer than the test itself.
            item.add_marker(pytest.mark.untraced)
    unfit = unfit_transports()
    for item in items if unfit else ():
        for name in transports_of(item) & unfit.keys():
            item.add_marker(pytest.mark.skip(reason=unfit[name]))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Have the garbage collector pass over what stays for all of the run: many tests call it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the directory of vectors, recordings and API descriptions, or skip."""
    if not SHARED.is_dir():
        pytest.skip("the shared data (vectors, API descriptions) is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def times() -> Callable[[int, int], int]:
    """Return what says how often to do something: ``times(10, 1000)`` is 1000 if thorough, else about 10."""
    return tries


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep tests away from the variables and files of whoever runs them, and from the threads of earlier tests."""
    note_threads()
    for name in list(os.environ):
        lowered = name.lower()
        if name.startswith("OVH_") or lowered.endswith("_proxy") or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name)
    monkeypatch.setattr("ovhcore.config.settings_sources.CONFIG_FILES", ())
