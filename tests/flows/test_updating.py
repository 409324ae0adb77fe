from __future__ import annotations

import copy
import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovhcore import exceptions as exc
from ovhcore.flows import Flow, Sleep, run
from ovhcore.flows.operations.updating import update_resource
from ovhcore.flows.operations.waiting import Waiting
from ovhcore.protocol.messages import Response
from ovhcore.protocol.responses.decoding import error_of
from tests.worlds import Scripted

TASK = {"id": "t1", "type": "update", "status": "RUNNING"}
OLD = {"id": "t0", "type": "create", "status": "ERROR", "errors": [{"message": "long ago"}]}


def refusal(status: int, message: str = "no", **headers: str) -> exc.APIError:
    body = json.dumps({"message": message}).encode()
    return error_of(Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body))


STALE, LOCKED = refusal(412), refusal(423)
NO_CHECKSUM = refusal(400, "Received not described parameters: (checksum) while calling update")


class Model(Scripted):
    """A v2 resource whose changes take 5 s; ``refusals`` come first, each after what ``meddle`` does."""

    def __init__(self, target: Any, *refusals: exc.APIError | None, checksum: bool = True, **members: Any) -> None:
        super().__init__(lambda request: Response(200))
        self.target = copy.deepcopy(target)
        self.version = 1
        self.checksum = checksum
        self.members = members
        self.refusals = list(refusals)
        self.ready_at = 0.0
        self.outcome: dict[str, Any] = {}
        self.meddle: Callable[[Model], None] = lambda model: None
        self.puts: list[dict[str, Any]] = []
        self.gets = 0
        self.answers = True

    def uniform(self, low: float, high: float) -> float:
        return 1.0

    def shown(self) -> dict[str, Any]:
        members: dict[str, Any] = {"id": "x", "resourceStatus": "READY", "currentTasks": None, **self.members}
        if self.monotonic < self.ready_at:
            members |= {"resourceStatus": "UPDATING", "currentTasks": [TASK]}
        elif self.puts:
            members |= self.outcome
        if self.target is not None:
            members["targetSpec"] = copy.deepcopy(self.target)
        return members | ({"checksum": f"v{self.version}"} if self.checksum else {})

    def get(self) -> Flow[Any]:
        self.gets += 1
        yield Sleep(0)
        return self.shown()

    def put(self, body: dict[str, Any]) -> Flow[Any]:
        self.puts.append(copy.deepcopy(body))
        yield Sleep(0)
        refused = self.refusals.pop(0) if self.refusals else None
        if refused is not None:
            self.meddle(self)
            raise copy.copy(refused)
        if "checksum" in body and body["checksum"] != f"v{self.version}":
            raise copy.copy(STALE)
        self.change(body["targetSpec"])
        return self.shown() if self.answers else None

    def change(self, target: Any) -> None:
        self.target = copy.deepcopy(target)
        self.version += 1
        self.ready_at = self.monotonic + 5

    def updated(self, change: Any, **options: Any) -> Any:
        return run(update_resource(self.get, self.put, change, **options), self)


def test_the_cycle() -> None:
    model = Model({"name": "a", "size": {"cpu": 1, "disk": [1, 2]}, "gone": 1})
    told: list[Waiting] = []
    change = MappingProxyType({"size": MappingProxyType({"cpu": 2, "disk": (3,)}), "gone": None})
    result = model.updated(change, progress=told.append)
    after = {"name": "a", "size": {"cpu": 2, "disk": [3]}}
    assert model.puts == [{"targetSpec": after, "checksum": "v1"}]
    assert (result["resourceStatus"], result["targetSpec"], result["checksum"]) == ("READY", after, "v2")
    assert [waiting.status for waiting in told] == ["UPDATING", "UPDATING", "UPDATING", "UPDATING", "READY"]
    assert model.monotonic == 1 + 1.5 + 2.25 + 3.375


def test_without_waiting() -> None:
    model = Model({"name": "a"})
    assert model.updated({"name": "b"}, wait=False)["resourceStatus"] == "UPDATING"
    assert (model.gets, model.monotonic) == (1, 0)
    model = Model({"name": "a"}, checksum=False)
    model.answers = False
    assert model.updated({"name": "b"}, wait=False)["targetSpec"] == {"name": "b"}
    assert model.puts == [{"targetSpec": {"name": "b"}}]
    # What has no status can be changed, but not waited for.
    model = Model({"name": "a"}, resourceStatus=None)
    with pytest.raises(exc.InvalidRequest, match="the resource has no resourceStatus to wait for"):
        model.updated({"name": "b"})
    assert model.puts == []
    model.answers = False
    assert model.updated({"name": "b"}, wait=False)["targetSpec"] == {"name": "b"}


def test_functions_of_the_target() -> None:
    def edit(target: dict[str, Any]) -> None:
        target["rules"].append("new")

    model = Model({"rules": ["old"]})
    assert model.updated(edit)["targetSpec"] == {"rules": ["old", "new"]}
    model = Model({"rules": ["old"]})
    assert model.updated(lambda target: {"n": None, "rules": target["rules"][:0]})["targetSpec"] == {
        "n": None,
        "rules": [],
    }
    with pytest.raises(exc.InvalidRequest, match="change returned a value of the type str; it must edit"):
        Model({"name": "a"}).updated(lambda target: target.pop("name"))
    with pytest.raises(exc.InvalidRequest, match="the new targetSpec cannot be written as JSON"):
        Model({"name": "a"}).updated({"name": {1, 2}})

    async def later(target: dict[str, Any]) -> None:
        return None

    with pytest.raises(TypeError, match="change must be a plain function"):
        Model({"name": "a"}).updated(later)


@pytest.mark.parametrize("change", [{}, {"name": "a"}, {"size": {}}, {"absent": None}, lambda target: None, dict])
def test_where_nothing_changes_nothing_is_sent(change: Any) -> None:
    model = Model({"name": "a", "size": {"cpu": 1}})
    assert model.updated(change) == model.shown()
    assert (model.puts, model.gets) == ([], 1)


def test_true_is_not_one() -> None:
    model = Model({"backup": 1})
    assert model.updated({"backup": True})["targetSpec"] == {"backup": True}
    assert len(model.puts) == 1


@pytest.mark.parametrize("resource", [None, [], {"id": 1}, {"targetSpec": None}])
def test_what_has_no_target(resource: Any) -> None:
    def get() -> Flow[Any]:
        yield Sleep(0)
        return resource

    model = Model({})
    with pytest.raises(exc.InvalidRequest, match=r"zone x has no targetSpec .* with client\.put"):
        run(update_resource(get, model.put, {"a": 1}, what="zone x"), model)
    assert model.puts == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"change": 3}, "change must be a mapping or a function, not int"),
        ({"change": {}, "deadline": -1}, "deadline"),
        ({"change": {}, "interval": (0, 1)}, "interval"),
        ({"change": {}, "progress": 1}, "progress"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_at_once(arguments: dict[str, Any], message: str) -> None:
    model = Model({})
    with pytest.raises(exc.InvalidRequest, match=message):
        update_resource(model.get, model.put, **arguments)


def test_a_busy_resource_is_waited_for() -> None:
    told: list[Waiting] = []
    model = Model({"name": "a"})
    model.ready_at = 3
    assert model.updated({"name": "b"}, progress=told.append)["targetSpec"] == {"name": "b"}
    assert [waiting.status for waiting in told[:4]] == ["UPDATING", "UPDATING", "UPDATING", "READY"]
    # One read for the first look, none for the first poll.
    assert model.gets == 1 + 3 + 5


@pytest.mark.parametrize(
    ("before", "free"),
    [
        ({"resourceStatus": "CREATING"}, False),
        ({"resourceStatus": "UPDATING", "currentTasks": None}, False),
        ({"resourceStatus": "OUT_OF_SYNC", "currentTasks": [TASK]}, False),
        ({"resourceStatus": "OUT_OF_SYNC", "currentTasks": [OLD]}, True),
        ({"resourceStatus": "READY", "currentTasks": [TASK]}, True),
        ({"resourceStatus": "ERROR"}, True),
        ({"resourceStatus": "SUSPENDED"}, True),
        ({"resourceStatus": "NEW_WORD"}, True),
    ],
)
def test_in_other_statuses_the_api_may_refuse(before: dict[str, Any], free: bool) -> None:
    model = Model({"name": "a"}, **before)
    if free:
        model.outcome = {"resourceStatus": "READY", "currentTasks": []}
        assert model.updated({"name": "b"})["targetSpec"] == {"name": "b"}
        return
    with pytest.raises(exc.WaitTimeout, match="the resource was not ready to be changed after 20 s") as caught:
        model.updated({"name": "b"}, deadline=20)
    assert (model.puts, caught.value.elapsed) == ([], 20)


def test_a_creation_that_fails() -> None:
    model = Model({"name": "a"}, resourceStatus="CREATING")

    def fail(waiting: Waiting) -> None:
        model.members["resourceStatus"] = "ERROR"

    with pytest.raises(exc.OperationFailed, match="'ERROR'"):
        model.updated({"name": "b"}, progress=fail)
    assert model.puts == []


def test_a_change_that_fails() -> None:
    model = Model({"name": "a"})
    model.outcome = {"currentTasks": [{**OLD, "id": "t2"}]}
    with pytest.raises(exc.OperationFailed, match="server x ended with the status 'READY': task create failed"):
        model.updated({"name": "b"}, what="server x")
    model = Model({"name": "a"})
    model.outcome = {"resourceStatus": "ERROR"}
    with pytest.raises(exc.OperationFailed):
        model.updated({"name": "b"})
    # A task that had failed before says nothing of the change.
    model = Model({"name": "a"}, currentTasks=[OLD, {"status": "ERROR", "id": "t9"}])
    model.outcome = {"currentTasks": [OLD]}
    assert model.updated({"name": "b"})["targetSpec"] == {"name": "b"}
    model = Model({"name": "a"}, currentTasks=[{"status": "ERROR"}])
    assert model.updated({"name": "b"})["targetSpec"] == {"name": "b"}
    with pytest.raises(exc.InvalidRequest, match="without that level"):
        Model({"name": "a"}).updated({"targetSpec": {"name": "b"}})
    assert Model({"targetSpec": 1}).updated({"targetSpec": 2})["targetSpec"] == {"targetSpec": 2}


def test_a_model_without_checksum() -> None:
    model = Model({"name": "a"}, NO_CHECKSUM)
    assert model.updated({"name": "b"})["targetSpec"] == {"name": "b"}
    assert model.puts == [{"targetSpec": {"name": "b"}, "checksum": "v1"}, {"targetSpec": {"name": "b"}}]
    for message in ("Received not described parameters: (checksum, x)", "checksum is malformed"):
        model = Model({"name": "a"}, refusal(400, message))
        with pytest.raises(exc.BadParametersError):
            model.updated({"name": "b"})
        assert len(model.puts) == 1
    model = Model({"name": "a"}, NO_CHECKSUM, checksum=False)
    with pytest.raises(exc.BadParametersError):
        model.updated({"name": "b"})
    assert len(model.puts) == 1


def count(target: dict[str, Any]) -> None:
    target["count"] += 1


def test_what_others_change_meanwhile_is_kept() -> None:
    model = Model({"count": 1, "other": 0}, STALE, None)

    def meddle(model: Model) -> None:
        model.target["other"] += 1
        model.version += 1

    model.meddle = meddle
    assert model.updated(count)["targetSpec"] == {"count": 2, "other": 1}
    assert [put["checksum"] for put in model.puts] == ["v1", "v2"]
    # It is what it should be already.
    model = Model({"name": "a"}, STALE)
    model.meddle = lambda model: model.change({"name": "b"})
    assert model.updated({"name": "b"})["resourceStatus"] == "READY"
    assert len(model.puts) == 1


def test_others_who_never_stop() -> None:
    model = Model({"count": 1}, *[STALE] * 9)
    with pytest.raises(exc.PreconditionFailed) as caught:
        model.updated(count)
    assert (len(model.puts), model.gets) == (6, 6)
    assert "changed by others each time (6)" in caught.value.__notes__[-1]
    model = Model({"count": 1}, *[STALE] * 9)
    with pytest.raises(exc.PreconditionFailed):
        model.updated(count, deadline=2)
    assert (len(model.puts), model.monotonic) == (3, 2)


def test_a_lock() -> None:
    model = Model({"count": 1}, LOCKED, refusal(423, Retry_After="20"), LOCKED)
    assert model.updated(count)["targetSpec"] == {"count": 2}
    assert len(model.puts) == 4
    assert 20 < model.monotonic < 35
    model = Model({"count": 1}, *[LOCKED] * 99)
    with pytest.raises(exc.WaitTimeout, match="zone x was not unlocked after 60 s") as caught:
        model.updated(count, deadline=60, what="zone x")
    assert isinstance(caught.value.__cause__, exc.ResourceLocked)
    assert (caught.value.state, caught.value.elapsed, model.monotonic) == ("READY", 60, 60)


@pytest.mark.parametrize("failure", [refusal(409), refusal(403), refusal(500), exc.ReadTimeout("slow")], ids=repr)
def test_other_failures_are_the_callers(failure: exc.APIError) -> None:
    model = Model({"count": 1}, failure)
    with pytest.raises(type(failure)):
        model.updated(count)
    assert len(model.puts) == 1


def test_one_deadline_for_the_whole() -> None:
    model = Model({"count": 1}, LOCKED, STALE)
    model.ready_at = 4
    with pytest.raises(exc.WaitTimeout, match=r"the resource was not ready after 10 s; .* go on: update") as caught:
        model.updated(count, deadline=10)
    assert (caught.value.elapsed, model.monotonic, len(model.puts)) == (10, 10, 3)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=1),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


def rfc7386(target: Any, patch: Any) -> Any:
    """The pseudocode of section 2, word for word."""
    if isinstance(patch, dict):
        if not isinstance(target, dict):
            target = {}
        for name, value in patch.items():
            if value is None:
                if name in target:
                    del target[name]
            else:
                target[name] = rfc7386(target.get(name), value)
        return target
    return patch


@given(OBJECTS, OBJECTS, st.lists(st.sampled_from([STALE, LOCKED, None]), max_size=4), st.floats(0, 8))
def test_merging_whatever_comes_between(
    target: dict[str, Any], patch: dict[str, Any], refusals: list[Any], ready_at: float
) -> None:
    given_patch = copy.deepcopy(patch)
    wanted = rfc7386(copy.deepcopy(target), patch)
    model = Model(target, *refusals)
    model.ready_at = ready_at
    result = model.updated(patch)
    assert json.dumps(result["targetSpec"], sort_keys=True) == json.dumps(wanted, sort_keys=True)
    assert result["resourceStatus"] == "READY"
    assert patch == given_patch
    changed = json.dumps(target, sort_keys=True) != json.dumps(wanted, sort_keys=True)
    assert bool(model.puts) == changed


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    assert Model(target).updated(patch)["targetSpec"] == result
