"""Options that are misspelt, and arguments by position, are refused by name of the call that they were given to."""

from __future__ import annotations

import asyncio
import keyword
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore.protocol.messages import Request, Response
from tests.worlds import AsyncScripted, Scripted

KEYS = ("key-of-the-application", "secret-of-the-application", "key-of-the-consumer")
METHODS = ("get", "post", "put", "delete")


def answer(request: Request) -> Response:
    return Response(200, {}, b"null")


@pytest.fixture
def world() -> Scripted:
    return Scripted(answer)


@pytest.fixture
def client(world: Scripted) -> ovh.Client:
    return ovh.Client("ovh-eu", *KEYS, transport=world, time_sync="off")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("_timout", "There is no option _timout; did you mean _timeout?"),
        ("_ned_auth", "There is no option _ned_auth; did you mean _need_auth?"),
        ("_header", "There is no option _header; did you mean _headers?"),
        ("_retry", "There is no option _retry; there are _need_auth, _headers, _timeout, _options"),
        ("_", "There is no option _; there are _need_auth"),
        ("__class", "There is no option __class; there are"),
    ],
)
def test_misspelt_options(client: ovh.Client, world: Scripted, method: str, name: str, said: str) -> None:
    with pytest.raises(ovh.InvalidRequest, match="no option") as caught:
        getattr(client, method)("/me", **{name: 3})
    assert str(caught.value).startswith(said)
    assert world.sent == []

    async def program() -> None:
        aclient = ovh.AsyncClient("ovh-eu", *KEYS, transport=AsyncScripted(answer))
        with pytest.raises(ovh.InvalidRequest, match="no option"):
            await getattr(aclient, method)("/me", **{name: 3})

    asyncio.run(program())


@given(name=st.sampled_from(keyword.kwlist), method=st.sampled_from(METHODS))
def test_keywords_stay(name: str, method: str) -> None:
    world = Scripted(answer)
    client = ovh.Client("ovh-eu", *KEYS, transport=world, time_sync="off")
    getattr(client, method)("/me", **{f"_{name}": "x"})
    (sent,) = world.sent
    if method in ("post", "put"):
        assert sent.body == f'{{"{name}":"x"}}'.encode()
    else:
        assert sent.url.endswith(f"/me?{name}=x")


@given(name=st.from_regex("[a-z_]{1,12}", fullmatch=True), method=st.sampled_from(METHODS))
def test_an_argument_is_sent_by_its_name_or_refused(name: str, method: str) -> None:
    world = Scripted(answer)
    client = ovh.Client("ovh-eu", *KEYS, transport=world, time_sync="off")
    refused = name.startswith("_") and not keyword.iskeyword(name[1:])
    try:
        getattr(client, method)("/me", **{name: "x"})
    except ovh.InvalidRequest:
        assert refused
    else:
        assert not refused or name in ("_headers", "_timeout", "_options", "_need_auth")
        assert len(world.sent) == 1


def test_names_in_braces_are_the_programs_own(client: ovh.Client, world: Scripted) -> None:
    client.get("/me/bill/{_id}", _id="FR1")
    client.gather([("GET", "/me/bill/{_id}", {"_id": "FR2"})])
    assert [each.url.rpartition("/")[2] for each in world.sent] == ["FR1", "FR2"]


def test_calls_of_gather(client: ovh.Client, world: Scripted) -> None:
    for call in (("GET", "/me", {"_timeot": 3}), ("PUT", "/me", {"_need_auht": False, "city": "Lille"})):
        with pytest.raises(ovh.InvalidRequest, match=r"call 1: There is no option _.*; did you mean _"):
            client.gather(["/me", call])
    with pytest.raises(ovh.InvalidRequest, match="arguments of a call have names, not 3"):
        client.gather([("GET", "/me", {3: 3})])
    assert world.sent == []


BY_NAME = "need_auth must be True or False, not dict. Arguments "
BODY = "a whole body is passed as client.call({!r}, path, body)"
HERE: Any = {"city": "Lille"}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: c.get("/me", HERE), "are passed by name, as client.get(path, **{...})"),
        (lambda c: c.delete("/me", HERE), "are passed by name, as client.delete(path, **{...})"),
        (
            lambda c: c.post("/me", HERE),
            ("are passed by name, as client.post(path, **{...}); " + BODY.format("POST")),
        ),
        (
            lambda c: c.put("/me", HERE),
            ("are passed by name, as client.put(path, **{...}); " + BODY.format("PUT")),
        ),
        (lambda c: c.call("get", "/me", None, HERE), "are passed by name, as client.get(path, **{...})"),
        (lambda c: c.raw_call("HEAD", "/me", None, HERE), "are written into the path, as '/path?name=value'"),
        (lambda c: c.iterate("/me/bill", HERE), "of the API are passed by name, as client.iterate(path, **{...})"),
        (
            lambda c: c.batch("/me/bill/{billId}", ["a"], HERE),
            "of the API are passed by name, as client.batch(path, ids, **{...})",
        ),
        (lambda c: c.wait("/me", HERE), "of the API are passed by name, as client.wait(path, **{...})"),
        (
            lambda c: c.update("/v2/a/{id}", {"a": 1}, HERE),
            "of the API are passed by name, as client.update(path, change, **{...})",
        ),
        (lambda c: c.gather(["/me"], _need_auth=HERE), "of a call come third, as ('PUT', path, {...})"),
        (lambda c: c.gather([("GET", "/me", None, HERE)]), "of a call come third, as ('PUT', path, {...})"),
    ],
)
def test_arguments_by_position(client: ovh.Client, world: Scripted, call: Any, said: str) -> None:
    with pytest.raises(ovh.InvalidRequest) as caught:
        call(client)
    assert str(caught.value).removeprefix("call 0: ") == BY_NAME + said
    assert world.sent == []


def test_a_body_by_position_of_another_method(client: ovh.Client) -> None:
    with pytest.raises(ovh.InvalidRequest) as caught:
        client.call("PATCH", "/me", None, HERE)
    assert str(caught.value).endswith("not dict. A whole body is passed as client.call('PATCH', path, body)")


def test_other_values_say_whether(client: Any, world: Scripted) -> None:
    client.get("/me", 0)
    client.iterate("/me/bill", None)
    client.gather(["/me"], _need_auth=1)
    assert ["X-Ovh-Signature" in each.headers for each in world.sent] == [False, True]
