from __future__ import annotations

import asyncio
import copy
import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ovhcore import exceptions as exc
from ovhcore.flows import Flow, Sleep, arun, run
from ovhcore.flows.operations.waiting import Waiting, wait_until
from ovhcore.protocol.messages import Response
from ovhcore.protocol.responses.decoding import error_of
from ovhcore.protocol.responses.statuses import FAILED, FINISHED, UNDER_WAY
from tests.worlds import AsyncScripted, Scripted

Answer = Any


class World(Scripted):
    """Answers polls from a script, the last answer again and again; a fixed number takes the place of chance."""

    def __init__(self, *answers: Answer, vary: float = 1.0, latency: float = 0.0) -> None:
        super().__init__(lambda request: Response(200))
        self.answers = list(answers)
        self.vary = vary
        self.latency = latency
        self.polled: list[tuple[float, Answer]] = []

    def uniform(self, low: float, high: float) -> float:
        assert (low, high) == (0.8, 1.2)
        return self.vary

    def get(self) -> Flow[Any]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.polled.append((self.monotonic, answer))
        yield Sleep(self.latency)
        if isinstance(answer, exc.APIError):
            raise copy.copy(answer)
        return answer

    @property
    def times(self) -> list[float]:
        return [when for when, _ in self.polled]


def refusal(status: int, message: str = "no", **headers: str) -> exc.APIError:
    body = json.dumps({"message": message}).encode()
    return error_of(Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body))


def v1(status: str, name: str = "status") -> dict[str, Any]:
    return {"id": 1, name: status}


def v2(status: str, *tasks: Any, **more: Any) -> dict[str, Any]:
    return {"id": "x", "resourceStatus": status, "currentTasks": list(tasks), "targetSpec": {}, **more}


NOT_FOUND = refusal(404, "The requested object (taskId = 0) does not exist")
UNAVAILABLE = refusal(503)
LOST = exc.ConnectionLost("lost")
RUNNING = {"id": "t", "type": "create", "status": "RUNNING", "errors": []}
BROKEN = {"id": "t", "type": "create", "status": "ERROR", "errors": [{"message": "quota of password=CANARY"}, {}, 3]}


def test_a_task_until_it_is_done() -> None:
    world = World(v1("todo"), v1("doing"), v1("doing"), v1("doing"), v1("done"))
    seen: list[Waiting] = []
    assert run(wait_until(world.get, interval=(1, 3), progress=seen.append), world) == v1("done")
    assert world.times == [0, 1, 2.5, 4.75, 7.75]
    assert seen[0] == Waiting("todo", 0.0, 1, v1("todo"), None)
    assert seen[-1] == Waiting("done", 7.75, 5, v1("done"), None)
    assert len(seen) == 5


def test_the_same_for_asyncio() -> None:
    script = World(v1("todo"), v1("done"))

    async def main() -> Any:
        return await arun(wait_until(script.get, interval=(0.001, 0.001)), AsyncScripted(lambda request: Response(200)))

    assert asyncio.run(main()) == v1("done")


@pytest.mark.parametrize("word", sorted(FINISHED))
def test_words_that_end_it_well(word: str) -> None:
    for spelled in (word, word.upper(), word.title()):
        for name in ("status", "state"):
            answer = v1(spelled, name)
            world = World(answer)
            assert run(wait_until(world.get), world) is answer


@pytest.mark.parametrize("word", sorted(FAILED))
def test_words_that_end_it_badly(word: str) -> None:
    for spelled in (word, word.upper()):
        world = World(v1("doing"), v1(spelled))
        with pytest.raises(exc.OperationFailed, match=f"^task 1 ended with the status '{spelled}'$") as caught:
            run(wait_until(world.get, what="task 1"), world)
        assert caught.value.state == spelled


def enums_of_tasks(directory: Path) -> Iterator[str]:
    for file in directory.glob("openapi/*.json"):
        schemas = json.loads(file.read_text("utf-8"))["components"]["schemas"]
        for title, schema in schemas.items():
            if "task" not in title.lower() and "operation" not in title.lower():
                continue
            for name in ("status", "state"):
                found = schema.get("properties", {}).get(name, {})
                reference = found.get("$ref") or (found.get("allOf") or [{}])[0].get("$ref", "")
                yield from schemas.get(reference.rpartition("/")[2], {}).get("enum", [])
                yield from found.get("enum", [])


def test_every_word_of_a_task_in_the_apis_descriptions_is_known(shared_data: Path) -> None:
    words = {word.lower() for word in enums_of_tasks(shared_data)}
    assert len(words) > 30
    assert words <= FINISHED | FAILED | UNDER_WAY
    assert not FINISHED & FAILED
    assert not (FINISHED | FAILED) & UNDER_WAY


@pytest.mark.parametrize(
    "answers",
    [
        [v2("READY")],
        [v2("CREATING", RUNNING), v2("READY", RUNNING), v2("READY")],
        [v2("OUT_OF_SYNC"), v2("OUT_OF_SYNC", BROKEN), v2("UPDATING"), v2("READY", {"status": "DONE"})],
        [v2("SOMETHING_NEW"), v2("DELETING"), v2("ready", currentTasks=None)],
        [v2("READY", {"status": "scheduled"}), v2("READY", {"status": None}, "odd", currentTasks=["odd", {}])],
        [v2("UPDATING"), {"resourceStatus": "READY", "status": "error", "currentTasks": "odd"}],
        # A task of v2, which is no resource.
        [{"status": "PENDING", "errors": None}, {"status": "DONE"}],
        [{"resourceStatus": None, "status": 3, "state": "ok"}],
    ],
)
def test_resources_until_they_are_ready(answers: list[Any]) -> None:
    world = World(*answers)
    assert run(wait_until(world.get), world) == answers[-1]
    assert len(world.polled) == len(answers)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (v2("ERROR"), "x ended with the status 'ERROR'"),
        (v2("SUSPENDED", RUNNING), "x ended with the status 'SUSPENDED'"),
        (
            v2("ERROR", RUNNING, BROKEN, {"status": "ERROR", "type": None}),
            "x ended with the status 'ERROR': task create failed: quota of password=<redacted>; task of no type failed",
        ),
        (v2("READY", BROKEN), "x ended with the status 'READY': task create failed: quota of password=<redacted>"),
        ({"status": "ERROR", "errors": [{"message": "a" * 1000}]}, f"x ended with the status 'ERROR': {'a' * 300}..."),
        ({"status": "error", "errors": "odd", "comment": "CANARY"}, "x ended with the status 'error'"),
    ],
)
def test_failures_say_what_the_tasks_say(answer: Any, message: str) -> None:
    world = World(answer)
    with pytest.raises(exc.OperationFailed) as caught:
        run(wait_until(world.get, what="x"), world)
    assert str(caught.value) == message
    assert caught.value.state == (answer.get("resourceStatus") or answer["status"])


def test_words_of_ones_own() -> None:
    world = World(v1("BUILD"), v1("SHUTOFF"))
    assert run(wait_until(world.get, until={"shutoff", "ACTIVE"}), world) == v1("SHUTOFF")
    # What is waited for is no failure.
    world = World(v1("error"))
    assert run(wait_until(world.get, until=["ERROR"]), world) == v1("error")
    world = World(v1("BUILD"), v1("ERROR"))
    with pytest.raises(exc.OperationFailed, match="'ERROR'"):
        run(wait_until(world.get, until=("ACTIVE",)), world)
    world = World(v1("ERROR"), v1("resized"), v1("VERIFY"))
    with pytest.raises(exc.OperationFailed, match="'resized'"):
        run(wait_until(world.get, until={"ACTIVE"}, failed={"Resized"}), world)
    # A service may be suspended until it is not.
    world = World(v1("suspended"), v1("ok"))
    assert run(wait_until(world.get, until={"ok"}), world) == v1("ok")
    with pytest.raises(exc.OperationFailed, match="'SUSPENDED'"):
        run(wait_until(World(v2("SUSPENDED")).get, until={"READY"}), world)
    # Of a resource, READY alone is enough then.
    world = World(v2("READY", BROKEN))
    assert run(wait_until(world.get, until={"READY"}), world) == v2("READY", BROKEN)
    world = World(v2("ERROR"), v2("READY"))
    assert run(wait_until(world.get, failed=()), world) == v2("READY")


def test_a_function_of_ones_own() -> None:
    world = World([], v1("error"), [1, 2])
    assert run(wait_until(world.get, until=lambda value: value == [1, 2]), world) == [1, 2]
    world = World([], v1("Error"))
    with pytest.raises(exc.OperationFailed):
        run(wait_until(world.get, until=lambda value: False, failed={"error"}), world)


@pytest.mark.parametrize("answer", [[1], None, "done", {"id": 1}, {"status": None}, {"resourceStatus": 1}])
def test_without_a_status_there_is_nothing_to_go_by(answer: Any) -> None:
    for until in ("done", {"ok"}):
        world = World(answer)
        with pytest.raises(exc.InvalidResponse, match="no resourceStatus, status or state"):
            run(wait_until(world.get, until=until), world)


@pytest.mark.parametrize(
    "last",
    [NOT_FOUND, refusal(460), v1("deleted"), v2("DELETED")],
)
def test_until_it_is_gone(last: Any) -> None:
    seen: list[Waiting] = []
    world = World(v2("DELETING"), UNAVAILABLE, {"ip": "no status"}, v1("suspended"), v1("expired"), last)
    assert run(wait_until(world.get, until="gone", progress=seen.append), world) is None
    assert len(world.polled) == 6
    if isinstance(last, exc.APIError):
        assert seen[-1][:2] == (None, world.monotonic)
        assert seen[-1][3:] == (None, None)
    world = World(last)
    assert run(wait_until(world.get, until="gone"), world) is None


def test_what_does_not_go() -> None:
    for answer in (v2("ERROR", BROKEN), v1("ovhError"), v1("cancelled")):
        world = World(answer)
        with pytest.raises(exc.OperationFailed):
            run(wait_until(world.get, until="gone"), world)
    world = World(v2("ERROR"), NOT_FOUND)
    assert run(wait_until(world.get, until="gone", failed=set()), world) is None
    # These do not speak of the object.
    early = refusal(404)
    early.beforehand = True
    for failure in (refusal(404, "Got an invalid (or empty) URL"), early, refusal(403)):
        world = World(failure)
        with pytest.raises(exc.APIError) as caught:
            run(wait_until(world.get, until="gone"), world)
        assert (type(caught.value), len(world.polled)) == (type(failure), 1)


def test_a_path_that_does_not_exist_is_not_waited_for() -> None:
    world = World(refusal(404, "Got an invalid (or empty) URL"))
    with pytest.raises(exc.ResourceNotFoundError):
        run(wait_until(world.get), world)
    assert len(world.polled) == 1


def test_what_is_not_there_yet() -> None:
    world = World(NOT_FOUND, NOT_FOUND, refusal(500), NOT_FOUND, v1("doing"), v1("done"))
    assert run(wait_until(world.get), world) == v1("done")
    world = World(NOT_FOUND)
    with pytest.raises(exc.ResourceNotFoundError) as caught:
        run(wait_until(world.get, grace=5, what="task 7"), world)
    assert world.times == [0, 1, 2.5, 4.75, 5]
    assert caught.value.__notes__[-1] == "task 7 was not there yet after 5 s"
    world = World(v1("doing"), NOT_FOUND)
    with pytest.raises(exc.ResourceNotFoundError) as caught:
        run(wait_until(world.get, what="task 7"), world)
    assert caught.value.__notes__[-1] == "task 7 has vanished: earlier polls found it"


@pytest.mark.parametrize(
    "failure",
    [
        refusal(400),
        refusal(401),
        refusal(403, "This call has not been granted"),
        refusal(409),
        refusal(460),
        exc.TLSError("no trust"),
        exc.HTTPError("none"),
        exc.InvalidConfiguration("none"),
        exc.NoRecording("none"),
        exc.CassetteError("none"),
        exc.ClientClosed("closed"),
        exc.InvalidResponse("not JSON", status=200),
    ],
    ids=repr,
)
def test_what_would_be_the_same_in_an_hour(failure: exc.APIError) -> None:
    seen: list[Waiting] = []
    world = World(v1("doing"), failure, v1("done"))
    with pytest.raises(type(failure)) as caught:
        run(wait_until(world.get, progress=seen.append), world)
    assert type(caught.value) is type(failure)
    assert (len(world.polled), len(seen)) == (2, 1)


def test_failures_that_pass() -> None:
    passing = [UNAVAILABLE, refusal(500), refusal(429), refusal(408), LOST, exc.ConnectError("no")]
    seen: list[Waiting] = []
    world = World(v1("doing"), *passing, v1("done"))
    assert run(wait_until(world.get, progress=seen.append), world) == v1("done")
    assert [type(waiting.error) for waiting in seen[1:-1]] == [type(failure) for failure in passing]
    assert seen[3][:1] + seen[3][2:4] == ("doing", 4, v1("doing"))


def test_the_deadline() -> None:
    world = World(v1("sonderbar"))
    with pytest.raises(exc.WaitTimeout) as caught:
        run(wait_until(world.get, deadline=5, what="task 3"), world)
    assert world.times == [0, 1, 2.5, 4.75, 5]
    assert str(caught.value) == (
        "task 3 was not done after 5 s; the last status seen is 'sonderbar'; if that is its end, wait with "
        "until={'sonderbar'}"
    )
    assert (caught.value.state, caught.value.elapsed, caught.value.__cause__) == ("sonderbar", 5.0, None)
    assert isinstance(caught.value, TimeoutError)
    world = World(v1("paused"))
    with pytest.raises(exc.WaitTimeout, match=r"status seen is 'paused'$"):
        run(wait_until(world.get, deadline=5), world)
    world = World(v2("READY", RUNNING, {"status": "PENDING", "type": 3}))
    with pytest.raises(exc.WaitTimeout, match=r"'READY', with tasks that go on: create, of no type$"):
        run(wait_until(world.get, deadline=5), world)
    world = World(v1("doing"))
    with pytest.raises(exc.WaitTimeout, match=r"was not a or b after 0 s; the last status seen is 'doing'$"):
        run(wait_until(world.get, until={"A", "b"}, deadline=0), world)
    assert world.times == [0]


def test_what_kept_the_last_polls_from_an_answer() -> None:
    world = World(v1("doing"), UNAVAILABLE, LOST)
    with pytest.raises(exc.WaitTimeout, match="status seen is 'doing'") as caught:
        run(wait_until(world.get, deadline=5), world)
    assert isinstance(caught.value.__cause__, exc.ConnectionLost)
    world = World(NOT_FOUND)
    with pytest.raises(exc.WaitTimeout, match=r"the operation was not done after 5 s; no status was seen$") as caught:
        run(wait_until(world.get, deadline=5), world)
    assert isinstance(caught.value.__cause__, exc.ResourceNotFoundError)
    # What passed is no reason.
    world = World(UNAVAILABLE, v1("doing"))
    with pytest.raises(exc.WaitTimeout) as caught:
        run(wait_until(world.get, deadline=5), world)
    assert caught.value.__cause__ is None


def test_a_poll_at_the_deadline_is_not_cut_short() -> None:
    world = World(v1("doing"), latency=4)
    with pytest.raises(exc.WaitTimeout) as caught:
        run(wait_until(world.get, deadline=6), world)
    assert world.times == [0, 5]
    assert caught.value.elapsed == 9
    world = World(v1("doing"), v1("done"), latency=4)
    assert run(wait_until(world.get, deadline=6), world) == v1("done")


@pytest.mark.parametrize(
    ("header", "interval", "vary", "second"),
    [
        ("7", (1, 30), 0.8, 7.0),
        ("7", (1, 30), 1.2, 7.4),
        ("0", (1, 30), 1.0, 1.0),
        ("500", (1, 30), 0.8, 60.0),
        ("500", (1, 90), 0.8, 90.0),
        ("odd", (1, 30), 1.0, 1.0),
        ("2", (10, 30), 1.0, 10.0),
    ],
)
def test_retry_after(header: str, interval: tuple[float, float], vary: float, second: float) -> None:
    world = World(refusal(429, Retry_After=header), v1("done"), vary=vary)
    assert run(wait_until(world.get, interval=interval), world) == v1("done")
    assert world.times == [0, pytest.approx(second)]
    world = World(refusal(503, Retry_After=header), v1("done"), vary=vary)
    assert run(wait_until(world.get, interval=interval, deadline=0.5), world) == v1("done")
    assert world.times == [0, 0.5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"until": "ACTIVE"}, r"as \{'ACTIVE'\}, or 'done', 'gone' or a function, not 'ACTIVE'"),
        ({"until": ""}, "until must be"),
        ({"until": []}, "until is empty"),
        ({"until": 3}, "until must be a collection of words"),
        ({"until": [3]}, "until must be a collection of words"),
        ({"until": [""]}, "until must be a collection of words"),
        ({"failed": "error"}, r"failed must be a collection of words, as \{'error'\}, not 'error'"),
        ({"failed": [None]}, "failed must be"),
        ({"deadline": -1}, "deadline must be a number of seconds"),
        ({"deadline": float("nan")}, "deadline"),
        ({"deadline": float("inf")}, "deadline"),
        ({"deadline": "5"}, "deadline"),
        ({"grace": True}, "grace must be"),
        ({"interval": "3"}, "interval must be a number of seconds, or two"),
        ({"interval": (1, 2, 3)}, "interval must be a number of seconds, or two"),
        ({"interval": (1, None)}, "interval must be a number of seconds, or two"),
        ({"interval": (0, 1)}, "interval must grow"),
        ({"interval": (3, 1)}, "interval must grow"),
        ({"progress": 3}, "progress must be a function, not int"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_at_once(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(exc.InvalidRequest, match=message):
        wait_until(World().get, **arguments)


class Awaitable:
    def __await__(self) -> Iterator[Any]:
        yield


@pytest.mark.filterwarnings("error")
def test_functions_that_would_have_to_be_awaited_are_refused() -> None:
    async def function(value: object) -> bool:
        return True

    def other(value: object) -> Any:
        return Awaitable()

    for given_one in (function, other):
        chosen: Callable[[Any], Any] = given_one
        world = World(v1("doing"))
        with pytest.raises(TypeError, match="until must be a plain function"):
            run(wait_until(world.get, until=chosen), world)
        with pytest.raises(TypeError, match="progress must be a plain function"):
            run(wait_until(world.get, progress=chosen), world)


def test_what_progress_raises_ends_it() -> None:
    def enough(waiting: Waiting) -> None:
        if waiting.polls == 2:
            raise KeyboardInterrupt

    world = World(v1("doing"))
    with pytest.raises(KeyboardInterrupt):
        run(wait_until(world.get, progress=enough), world)
    assert len(world.polled) == 2


def test_the_exceptions_are_copied_and_pickled() -> None:
    failed = exc.OperationFailed("no", state="ERROR", status=200, hint="h")
    late = exc.WaitTimeout("late", state="doing", elapsed=3.5, query_id="q")
    for error in (failed, late):
        for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert type(twin) is type(error)
            assert vars(twin) == vars(error)
            assert str(twin) == str(error)
    assert (failed.state, failed.status, failed.hint) == ("ERROR", 200, "h")
    assert (late.state, late.elapsed, late.query_id, late.status) == ("doing", 3.5, "q", None)
    assert (exc.OperationFailed().state, exc.WaitTimeout().elapsed) == (None, 0.0)


WORDS = ["todo", "doing", "sonderbar", "done", "DONE", "error", "ovhError"]
FAILURES = [NOT_FOUND, UNAVAILABLE, LOST, refusal(429, Retry_After="9"), refusal(403), refusal(460), exc.TLSError("no")]


@given(
    st.lists(st.sampled_from([*map(v1, WORDS), *FAILURES]), min_size=1, max_size=30),
    st.floats(0, 300),
    st.floats(0.1, 5).flatmap(lambda first: st.tuples(st.just(first), st.floats(first, 40))),
    st.floats(0, 100),
    st.floats(0.8, 1.2),
)
@example([v1("doing")], 0.0, (1.0, 1.0), 0.0, 1.0)
def test_whatever_comes(
    answers: list[Any], deadline: float, interval: tuple[float, float], grace: float, vary: float
) -> None:
    """What ends the waiting is in the last answer or the time; nothing before it was an end."""
    world = World(*answers, vary=vary)
    told: list[Waiting] = []
    outcome: Any = None
    try:
        outcome = run(
            wait_until(world.get, deadline=deadline, interval=interval, grace=grace, progress=told.append), world
        )
    except exc.APIError as error:
        outcome = error

    def end_of(index: int) -> str:
        when, answer = world.polled[index]
        seen = any(isinstance(earlier, dict) for _, earlier in world.polled[:index])
        if isinstance(answer, dict):
            word = answer["status"].lower()
            return "ok" if word in FINISHED else "failed" if word in FAILED else "on"
        if answer is NOT_FOUND:
            return "on" if when < grace and not seen else "raised"
        return "on" if answer in FAILURES[1:4] else "raised"

    ends = [end_of(index) for index in range(len(world.polled))]
    assert set(ends[:-1]) <= {"on"}
    assert world.monotonic <= deadline * (1 + 1e-12)
    if ends[-1] == "on":
        assert isinstance(outcome, exc.WaitTimeout)
        assert outcome.elapsed == pytest.approx(deadline)
        assert (outcome.__cause__ is None) == isinstance(world.polled[-1][1], dict)
    elif ends[-1] == "ok":
        assert outcome is world.polled[-1][1]
    elif ends[-1] == "failed":
        assert isinstance(outcome, exc.OperationFailed)
    else:
        assert type(outcome) is type(world.polled[-1][1])
    assert [waiting.polls for waiting in told] == list(range(1, len(ends) + (ends[-1] != "raised")))
    gaps = [later - earlier for earlier, later in zip(world.times, world.times[1:], strict=False)]
    for gap, (when, answer) in zip(gaps[:-1], world.polled, strict=False):
        if answer is NOT_FOUND and when + gap == pytest.approx(grace):
            continue  # a look at the end of its grace
        least = 9.0 if answer is FAILURES[3] else 0.0
        assert gap >= max(least, vary * interval[0]) * (1 - 1e-9)
        assert gap <= max(least + 0.4 * interval[1], vary * interval[1]) * (1 + 1e-9)
