"""The contract of the hooks: what the documentation promises, and a test named for every hook."""

from __future__ import annotations

import ast
import inspect
import re
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pluggy
import pytest

import ovhcore as ovh
from ovhcore.flows import Flow, Handler
from ovhcore.flows.authentication.time_sync import TimeSync
from ovhcore.flows.events import ClockCorrected, Event, RequestSent, Throttled
from ovhcore.flows.observation import Notifier
from ovhcore.plugins import (
    Option,
    PluginInfo,
    TransportSpec,
    hookimpl,
    hookspecs,
    list_plugins,
    read_number,
    read_switch,
)
from ovhcore.plugins.builtin import BUILT_IN
from ovhcore.plugins.log import LogObserver
from ovhcore.plugins.manager import Plugins
from ovhcore.protocol.clock import Now
from ovhcore.protocol.messages import Request, Response
from ovhcore_transports.sandbox import ACCESS_KEYS, SandboxTransport
from tests.worlds import Scripted

TESTS = Path(__file__).resolve().parent.parent
PAGE = TESTS.parent / "docs" / "reference" / "hooks.md"
KEYS: dict[str, Any] = {"application_key": "A" * 16, "application_secret": "S" * 32, "consumer_key": "C" * 32}


def hooks() -> list[str]:
    return hookspecs.hook_names()


# Documentation


def sections() -> dict[str, str]:
    parts = re.split(r"^## `(\w+)`\n", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_hook_is_documented_in_the_order_of_calling() -> None:
    assert list(sections()) == hooks()
    assert set(hooks()) == {name for name in hookspecs.__all__ if name.startswith("ovhcore_")}


def test_hooks_are_called_in_the_order_of_the_documentation() -> None:
    called: list[str] = []
    space: dict[str, Any] = {"hookimpl": hookimpl, "called": called}
    body = "".join(f" @hookimpl\n def {hook}(self):\n  called.append({hook!r})\n" for hook in hooks())
    exec(f"class Mine:\n{body}", space)
    ovh.Client("ovh-eu", plugins=[space["Mine"]()])
    assert called == hooks()


@pytest.mark.parametrize("hook", hooks())
def test_documentation_says_the_exact_signature_and_what_there_is_to_know(hook: str) -> None:
    section = sections()[hook]
    match = re.search(r"```python\n(.*?)\n```", section, re.DOTALL)
    assert match is not None
    documented = ast.parse(match[1] + ": ...").body[0]
    assert isinstance(documented, ast.FunctionDef)
    source = ast.parse(inspect.getsource(getattr(hookspecs, hook))).body[0]
    assert isinstance(source, ast.FunctionDef)
    assert (documented.name, ast.unparse(documented.args)) == (source.name, ast.unparse(source.args))
    assert documented.returns is not None
    assert source.returns is not None
    assert ast.unparse(documented.returns) == ast.unparse(source.returns)
    for what in ("When", "Order", "None", "Exceptions"):
        assert re.search(rf"^\*\*{what}\.\*\* \S", section, re.MULTILINE), what
    first = getattr(hookspecs, hook).ovhcore_spec["firstresult"]
    assert ("The first answer counts" in section) is first


@pytest.mark.parametrize("hook", hooks())
def test_every_hook_has_a_test_named_for_it(hook: str) -> None:
    named = re.compile(rf"^(async )?def test_{hook}(_|\()", re.MULTILINE)
    assert any(named.search(file.read_text("utf-8")) for file in TESTS.rglob("test_*.py"))


@pytest.mark.parametrize("hook", hooks())
def test_every_hook_refuses_what_is_asynchronous(hook: str) -> None:
    arguments = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    space: dict[str, Any] = {"hookimpl": hookimpl}
    exec(f"class Mine:\n @hookimpl\n async def {hook}(self, {arguments}): ...", space)
    with pytest.raises(TypeError, match=rf"the {hook} of plugin 'builtins\.Mine' is asynchronous"):
        ovh.Client("ovh-eu", plugins=[space["Mine"]()])


@pytest.mark.parametrize("hook", hooks())
def test_what_a_hook_raises_names_the_plugin(hook: str) -> None:
    def plugin(error: Exception) -> Any:
        space: dict[str, Any] = {"hookimpl": hookimpl, "error": error}
        exec(f"class Mine:\n @hookimpl\n def {hook}(self): raise error", space)
        return space["Mine"]()

    said = rf"The plugin 'builtins\.Mine' failed in {hook}: ValueError: broken"
    with pytest.raises(ovh.InvalidConfiguration, match=said) as caught:
        ovh.Client("ovh-eu", plugins=[plugin(ValueError("broken"))])
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(ovh.InvalidRegion, match=r"^not here$"):
        ovh.Client("ovh-eu", plugins=[plugin(ovh.InvalidRegion("not here"))])


@pytest.mark.parametrize("hook", hooks())
def test_the_callers_plugins_come_first_then_the_installed_ones(hook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    def plugin(name: str) -> Any:
        space: dict[str, Any] = {"hookimpl": hookimpl, "called": called, "name": name}
        answer = "[]" if hook in ("ovhcore_transports", "ovhcore_options") else "None"
        exec(f"class Mine:\n @hookimpl\n def {hook}(self):\n  called.append(name)\n  return {answer}", space)
        return space["Mine"]()

    installed = plugin("installed")
    monkeypatch.setitem(BUILT_IN, "installed-by-this-test", installed)
    ovh.Client("ovh-eu", plugins=[plugin("first"), plugin("last")])
    assert called == ["last", "first", "installed"]


# Hooks that have no page of tests of their own


def test_ovhcore_transports_are_offered() -> None:
    class Mine:
        @hookimpl
        def ovhcore_transports(self) -> Iterable[TransportSpec]:
            return [TransportSpec("mine", sync=lambda settings: Scripted(lambda request: Response(200, {}, b"7")))]

    assert ovh.Client("ovh-eu", transport="mine", plugins=[Mine()], **KEYS).get("/me") == 7


class Coloured:
    def __init__(self, *options: Option) -> None:
        self.options = options or (
            Option("colour", meaning="of it all"),
            Option("size", read_number, per_call=True),
            Option("loud", read_switch),
        )
        self.seen: list[Any] = []

    @hookimpl
    def ovhcore_options(self) -> Iterable[Option]:
        return self.options

    @hookimpl
    def ovhcore_middleware(self, settings: Any) -> Any:
        self.settings = settings

        def middleware(handler: Handler) -> Handler:
            def handle(request: Request) -> Flow[Response]:
                self.seen.append(request.call and dict(request.call.options))
                response = yield from handler(request)
                return response

            return handle

        return middleware


def test_ovhcore_options_come_from_arguments_environment_and_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "ovh.conf"
    file.write_text("[default]\nendpoint = ovh-eu\ncolour = green\n[ovh-eu]\nsize = 3\n", "utf-8")
    monkeypatch.setattr("ovhcore.config.settings_sources.CONFIG_FILES", (str(file),))
    monkeypatch.setenv("OVH_COLOUR", "crimson")
    plugin = Coloured()
    client = ovh.Client(transport="sandbox", plugins=[plugin], options={"loud": "yes"})
    assert client.settings.options == {"colour": "crimson", "size": 3, "loud": True}
    assert plugin.settings.options == client.settings.options
    assert "crimson" not in repr(client.settings)
    client.get("/me", _options={"size": "5"})
    client.get("/me")
    assert plugin.seen == [{"size": 5}, None]
    monkeypatch.setenv("OVH_SIZE", "small")
    with pytest.raises(
        ovh.InvalidConfiguration, match=r"OVH_SIZE \(environment\) must be a whole number above 0, not 'sm"
    ):
        ovh.Client(transport="sandbox", plugins=[Coloured()])
    with pytest.raises(ovh.InvalidConfiguration, match=r"size \(argument\) must be a whole number above 0, not 0"):
        ovh.Client(transport="sandbox", plugins=[Coloured()], options={"size": 0})
    with pytest.raises(ovh.InvalidRequest, match="the options of a call have 'colour'"):
        client.get("/me", _options={"colour": "red"})


def test_ovhcore_options_whose_names_are_taken() -> None:
    for name, said in (
        ("retry", r"The plugin 'test_hooks.Coloured' defines the setting 'retry', which there is already"),
        ("cassette", r"The plugin '.*' defines the setting 'cassette', which there is already"),
        ("timeout", r"The plugin '.*' defines the setting 'timeout', which there is already"),
        ("endpoint", "which there is already"),
        ("application_secret", "which there is already"),
        ("Colour", r"The plugin '.*' defines the setting 'Colour': a name is of lower-case letters"),
        ("a b", "a name is of"),
        ("", "a name is of"),
    ):
        with pytest.raises(ovh.InvalidConfiguration, match=said):
            ovh.Client(transport="sandbox", plugins=[Coloured(Option(name))])
    with pytest.raises(ovh.InvalidConfiguration, match="colour"):
        ovh.Client(transport="sandbox", plugins=[Coloured(), Coloured()])


def test_ovhcore_credentials_of_another_kind_are_refused() -> None:
    class Mine:
        @hookimpl
        def ovhcore_credentials(self, settings: Any) -> Any:
            return {"application_secret": "canary"}

    said = r"The ovhcore_credentials of plugin 'test_hooks\..*Mine' returned dict: ApplicationKey, OAuth2Client, Access"
    with pytest.raises(ovh.InvalidConfiguration, match=said) as caught:
        ovh.Client("ovh-eu", plugins=[Mine()])
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "canary" not in "".join(trace.format())


class Fixed:
    def __init__(self, offset: float | None) -> None:
        self.offset = offset

    @hookimpl
    def ovhcore_time_sync(self, settings: Any) -> Any:
        if self.offset is None:
            return None
        offset = self.offset

        class Elsewhere(TimeSync):
            """Knows the time from elsewhere."""

            def timestamp(self, now: Now) -> int:
                return int(now.wall + offset)

        return lambda ask, handler, notify: Elsewhere("off", ask, handler, notify)


def test_ovhcore_time_sync_replaces_the_strategies() -> None:
    def stamp(*plugins: object, **arguments: Any) -> float:
        world = Scripted(lambda request: Response(200, {}, b"1700000500"), start=1_700_000_000.0)
        ovh.Client("ovh-eu", transport=world, plugins=plugins, **arguments, **KEYS).get("/me")
        return float(world.sent[-1].headers["x-ovh-timestamp"])

    assert stamp(Fixed(77)) == 1_700_000_077
    assert stamp(Fixed(77), Fixed(None), Fixed(5)) == 1_700_000_005
    assert stamp(Fixed(None)) == 1_700_000_000
    assert stamp(time_sync="server") == 1_700_000_500
    assert stamp(time_sync="server", disabled_plugins=["time-sync"]) == 1_700_000_000


def bracket(name: str, log: list[str], *, trylast: bool = False) -> Any:
    class Bracket:
        @hookimpl(trylast=trylast)
        def ovhcore_middleware(self, settings: Any, notify: Notifier) -> Any:
            def middleware(handler: Handler) -> Handler:
                def handle(request: Request) -> Flow[Response]:
                    log.append(name)
                    notify(Throttled("GET", "https://x/?token=canary", 0.5, "because"))
                    response = yield from handler(request)
                    return response

                return handle

            return middleware

    return Bracket()


def test_ovhcore_middleware_is_outside_of_retries_unless_it_is_marked() -> None:
    log: list[str] = []
    events: list[Event] = []
    outcomes = [503, 200]
    world = Scripted(lambda request: Response(outcomes.pop(0), {}, b"7"))
    plugins = [bracket("a", log), bracket("every attempt", log, trylast=True), bracket("b", log), Watch(events)]
    client = ovh.Client("ovh-eu", transport=world, plugins=plugins, **KEYS)
    assert client.get("/me") == 7
    assert log == ["b", "a", "every attempt", "every attempt"]
    told = [event for event in events if isinstance(event, Throttled)]
    assert len(told) == 4
    assert told[0].url == "https://x/?token=<redacted>"


class Watch:
    def __init__(self, events: list[Event], fails: bool = False) -> None:
        self.events, self.fails = events, fails

    @hookimpl
    def ovhcore_observer(self, settings: Any) -> Any:
        def observe(event: Event) -> None:
            self.events.append(event)
            if self.fails:
                raise ZeroDivisionError("in the observer")

        return observe


class Named(Watch):
    pass


def test_ovhcore_observer_that_fails_is_logged_by_the_name_of_its_plugin(caplog: pytest.LogCaptureFixture) -> None:
    broken: list[Event] = []
    whole: list[Event] = []
    plugins = [Named(broken, fails=True), Watch(whole)]
    client = ovh.Client(transport="sandbox", plugins=plugins)
    assert client.get("/me")["firstname"] == "Ada"
    assert broken == whole
    assert [type(event).__name__ for event in whole] == ["CallStarted", "RequestSent", "ResponseReceived", "CallEnded"]
    said = [record for record in caplog.records if "An observer failed" in record.message]
    assert len(said) == 4
    assert said[0].message == "An observer failed at CallStarted: plugin test_hooks.Named"
    assert said[0].exc_info is not None


def test_ovhcore_observer_that_fails_breaks_the_call_in_strict_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    for strict in (True, None):
        if strict is None:
            monkeypatch.setenv("OVH_STRICT_OBSERVERS", "yes")
        client = ovh.Client(transport="sandbox", plugins=[Watch([], fails=True)], strict_observers=strict)
        with pytest.raises(ZeroDivisionError, match="in the observer"):
            client.get("/me")


def test_ovhcore_observer_that_is_not_active_is_not_told() -> None:
    class Quiet:
        active = False
        wants_contents = True

        def __init__(self) -> None:
            self.events: list[Event] = []

        def __call__(self, event: Event) -> None:
            self.events.append(event)

    quiet = Quiet()

    class Mine:
        @hookimpl
        def ovhcore_observer(self, settings: Any) -> Any:
            return quiet

    client = ovh.Client(transport="sandbox", plugins=[Mine()])
    client.get("/me")
    assert quiet.events == []
    quiet.active = True
    client.get("/me")
    assert len(quiet.events) == 4
    sent = quiet.events[1]
    assert isinstance(sent, RequestSent)
    assert sent.call == 1


@pytest.mark.parametrize("hook", ["time_sync", "retry_policy", "observer", "middleware"])
def test_answers_that_are_called_are_functions(hook: str) -> None:
    space: dict[str, Any] = {"hookimpl": hookimpl}
    exec(f"class Mine:\n @hookimpl\n def ovhcore_{hook}(self): return 5", space)
    with pytest.raises(
        ovh.InvalidConfiguration, match=f"The ovhcore_{hook} of plugin 'builtins.Mine' returned int, not a"
    ):
        ovh.Client("ovh-eu", plugins=[space["Mine"]()])


def test_answers_that_fail_when_they_are_looked_at() -> None:
    class Generates:
        @hookimpl
        def ovhcore_options(self) -> Iterable[Option]:
            yield Option("a")
            raise ValueError("boom")

    class Lists:
        @hookimpl
        def ovhcore_redaction(self) -> Any:
            return ["pin"]

    with pytest.raises(ovh.InvalidConfiguration, match=r"failed in ovhcore_options: ValueError: boom"):
        ovh.Client("ovh-eu", plugins=[Generates()])
    with pytest.raises(
        ovh.InvalidConfiguration, match=r"The ovhcore_redaction of plugin .* returned list, not a Redac"
    ):
        ovh.Client("ovh-eu", plugins=[Lists()])


def test_implementations_of_another_name_are_called_once() -> None:
    log: list[str] = []

    class Mine:
        @hookimpl(specname="ovhcore_observer")
        def watch(self, settings: Any) -> Any:
            return lambda event: log.append(type(event).__name__)

    ovh.Client(transport="sandbox", plugins=[Mine(), Watch([])]).get("/me")
    assert log == ["CallStarted", "RequestSent", "ResponseReceived", "CallEnded"]


def test_what_an_observer_says_of_itself_breaks_no_call(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        told = 0

        @property
        def active(self) -> bool:
            raise RuntimeError("who knows")

        wants_contents = active

        def __call__(self, event: Event) -> None:
            Broken.told += 1

    class Mine:
        @hookimpl
        def ovhcore_observer(self, settings: Any) -> Any:
            return Broken()

    assert ovh.Client(transport="sandbox", plugins=[Mine()]).get("/me")["firstname"] == "Ada"
    assert Broken.told == 4
    assert not caplog.records


def test_events_of_a_plugins_own(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "ovhcore")
    seen: list[Any] = []
    notify = Notifier([("mine", seen.append), ("log", LogObserver())])
    notify("something else")  # type: ignore[arg-type]
    assert seen == ["something else"]
    assert not caplog.records


# Names


def test_switching_off_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def names(**arguments: Any) -> set[str]:
        client = ovh.Client(transport="sandbox", **arguments)
        return {info.name for info in client.plugins}

    every = names()
    assert {"time-sync", "retry", "logging", "ovhcore-transports", "throttle"} <= every
    assert every - names(disabled_plugins=["retry", "logging"]) == {"retry", "logging"}
    monkeypatch.setenv("OVH_DISABLED_PLUGINS", "throttle, retry,")
    assert every - names() == {"throttle", "retry"}
    assert every - names(disabled_plugins=[]) == set()
    monkeypatch.delenv("OVH_DISABLED_PLUGINS")
    file = tmp_path / "ovh.conf"
    monkeypatch.setattr("ovhcore.config.settings_sources.CONFIG_FILES", (str(file),))
    file.write_text("[default]\nendpoint = ovh-eu\ndisabled_plugins = logging\n", "utf-8")
    assert every - names() == {"logging"}
    file.write_text("[default]\nendpoint = ovh-eu\n[ovh-eu]\ndisabled_plugins = retry\n", "utf-8")
    assert every - names() == {"retry"}


@pytest.mark.parametrize(
    ("disabled", "said"),
    [
        (
            ["retyr"],
            r"disabled_plugins \(argument\) has 'retyr', which there is not; there are: time-sync, retry, logging,",
        ),
        ("retry,nothing", r"disabled_plugins \(argument\) has 'nothing'"),
        (5, r"disabled_plugins \(argument\) must be names, as 'retry,logging' or a list, not 5"),
        ([5], r"disabled_plugins \(argument\) must be names"),
    ],
)
def test_switching_off_what_there_is_not(disabled: Any, said: str) -> None:
    with pytest.raises(ovh.InvalidConfiguration, match=said):
        ovh.Client(transport="sandbox", disabled_plugins=disabled)


def test_lists_of_plugins_that_are_none() -> None:
    for plugins, said in (
        ("retry", "must be a list of plugins, not str"),
        ([Watch], "plugins has the class Watch; a plugin"),
    ):
        with pytest.raises(ovh.InvalidConfiguration, match=said):
            ovh.Client(transport="sandbox", plugins=plugins)


def test_plugins_are_listed() -> None:
    infos = {info.name: info for info in list_plugins()}
    retry = infos["retry"]
    assert retry == PluginInfo(
        "retry", "ovhcore", ovh.__version__, ("ovhcore_options", "ovhcore_retry_policy", "ovhcore_middleware")
    )
    assert infos["ovhcore-transports"][:3] == ("ovhcore-transports", "ovhcore", ovh.__version__)
    assert list_plugins("retry")[1] == retry._replace(enabled=False)
    client = ovh.Client(transport="sandbox", plugins=[Coloured(), Coloured(Option("other")), hookspecs_module()])
    mine = [info for info in client.plugins if info.distribution is None]
    assert [info.name for info in mine] == ["test_hooks.Coloured", "test_hooks.Coloured 2", "a_module"]
    assert mine[0] == PluginInfo("test_hooks.Coloured", None, None, ("ovhcore_options", "ovhcore_middleware"))


def hookspecs_module() -> Any:
    from types import ModuleType

    module = ModuleType("a_module")

    @hookimpl
    def ovhcore_redaction() -> None:
        return None

    module.ovhcore_redaction = ovhcore_redaction  # type: ignore[attr-defined]
    return module


def test_plugins_may_wrap_the_hooks_of_others() -> None:
    class Wraps:
        @hookimpl(wrapper=True)
        def ovhcore_middleware(self, settings: Any) -> Any:
            answers = yield
            log.append("wrapped")
            return answers

    log: list[str] = []
    client = ovh.Client(transport="sandbox", plugins=[Wraps(), Coloured()])
    assert client.get("/me")["firstname"] == "Ada"
    assert set(log) == {"wrapped"}


def test_the_manager_is_pluggys() -> None:
    assert isinstance(Plugins()._manager, pluggy.PluginManager)


def test_time_that_is_corrected_is_told() -> None:
    events: list[Event] = []
    client = ovh.Client("ovh-eu", transport=SandboxTransport(skew=5000), plugins=[Watch(events)], **ACCESS_KEYS)
    client.get("/me")
    (corrected,) = [event for event in events if isinstance(event, ClockCorrected)]
    assert abs(corrected.offset - 5000) < 2
