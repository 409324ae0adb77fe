"""Whether the API answered, or something in front of it, is asked before anything is decided by a status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ovhcore as ovh
from ovhcore import exceptions as exc
from ovhcore.flows import run
from ovhcore.flows.authentication.providers import RenewableProvider
from ovhcore.flows.operations.waiting import wait_until
from ovhcore.plugins import hookimpl
from ovhcore.protocol.credentials import ApplicationKey, OAuth2Client
from ovhcore.protocol.messages import Request, Response
from ovhcore.protocol.responses.decoding import error_of, is_refusal, is_time_error
from ovhcore.protocol.responses.error_shapes import is_answer_of_api
from tests.worlds import Scripted

GET = Request("GET", "https://eu.api.ovh.com/1.0/me")
KEYS = ("key-of-the-application", "secret-of-the-application", "key-of-the-consumer")

PAGE = b"<!DOCTYPE html><html><body><h1>404 Not Found</h1><hr>nginx</body></html>"
FOREIGN: list[bytes] = [
    PAGE,
    b"",
    b"404 page not found\n",
    b"{}",
    b"[]",
    b"null",
    b'"no"',
    b'{"error": "Not Found"}',
    b'{"detail": "Not Found"}',
    b'{"message": 3, "class": null}',
    b'{"timestamp": 1, "status": 404, "error": "Not Found", "message": "Query out of time", "path": "/1.0/me"}',
    b'{"class": "GatewayException", "message": "This credential does not exist", "trace": []}',
    b'{"message": "no',
]
OF_THE_API: list[dict[str, Any]] = [
    {"errorCode": "X", "httpCode": "404 Not Found", "message": "This service does not exist"},
    {"errorCode": "X", "message": "no"},
    {"class": "Client::NotFound", "message": "no"},
    {"class": "Client::NotFound::ServiceNotFound", "message": "no", "details": {"a": "b"}, "more": 1},
    {"class": "CartAlreadyExists", "message": "no"},
    {"class": "Server::Whatever"},
    {"message": "This service does not exist"},
    {"message": ""},
    {"message": "no", "details": {"QueryID": "x"}},
]
STATUSES = {
    400: exc.BadParametersError,
    401: exc.Unauthorized,
    403: exc.Forbidden,
    404: exc.ResourceNotFoundError,
    409: exc.ResourceConflictError,
    412: exc.PreconditionFailed,
    423: exc.ResourceLocked,
    429: exc.TooManyRequests,
    460: exc.ResourceExpiredError,
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("body", OF_THE_API, ids=str)
def test_every_shape_of_the_api_counts_without_header_fields(status: int, body: dict[str, Any]) -> None:
    answer = Response(status, {}, json.dumps(body).encode())
    assert is_answer_of_api(answer)
    assert type(error_of(answer, GET)) is STATUSES[status]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("body", FOREIGN)
def test_what_others_say_is_of_no_kind(status: int, body: bytes) -> None:
    answer = Response(status, {"Content-Type": "text/html"}, body)
    error = error_of(answer, GET)
    # Who says 429 has not passed the request on, whoever it is.
    assert type(error) is (exc.TooManyRequests if status == 429 else exc.InvalidResponse)
    assert (error.status, is_answer_of_api(answer), is_refusal(answer), is_time_error(answer)) == (
        status,
        False,
        False,
        False,
    )
    if status != 429:
        assert "Something other than the API may have answered" in (error.hint or "")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", ["X-OVH-QUERYID", "X-Ovh-QueryID", "X-OVH-Query-Id"])
@pytest.mark.parametrize("body", FOREIGN[:8])
def test_the_name_of_the_exchange_suffices(status: int, name: str, body: bytes) -> None:
    assert type(error_of(Response(status, {name: "EU.ext-3.1"}, body), GET)) is STATUSES[status]


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
@pytest.mark.parametrize("body", FOREIGN[:10])
def test_gateways(status: int, body: bytes) -> None:
    assert type(error_of(Response(status, {}, body), GET)) is exc.GatewayError


@pytest.mark.parametrize("status", [300, 302, 307, 399])
def test_the_api_does_not_redirect(status: int) -> None:
    answer = Response(status, {"Location": "https://portal.example/"}, b'{"message": "elsewhere"}')
    error = error_of(answer, GET)
    assert (type(error), error.status) == (exc.InvalidResponse, status)
    assert "https://portal.example/" in (error.hint or "")


def test_tokens_that_are_not_valid_by_header_field() -> None:
    answer = Response(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
    assert is_refusal(answer)
    assert type(error_of(answer, GET)) is exc.Unauthorized
    assert not is_refusal(Response(401, {"WWW-Authenticate": 'Basic realm="proxy"'}, PAGE))


@pytest.mark.parametrize(
    ("body", "answered"),
    [(b"", True), (b" null", True), (b"\xef\xbb\xbf[1]", True), (b"17", True), (PAGE, False), (b" <p>", False)],
)
def test_successes(body: bytes, answered: bool) -> None:
    assert is_answer_of_api(Response(200, {}, body)) is answered
    assert is_answer_of_api(Response(200, {"X-OVH-QUERYID": "a"}, body))


def test_real_errors(shared_data: Path) -> None:
    seen = 0
    for line in (shared_data / "examples.jsonl").read_text().splitlines():
        row = json.loads(line)
        body = row["response"]
        if not row["status"] or row["status"] < 400 or not isinstance(body, dict) or "__text__" in body:
            continue
        answer = Response(row["status"], {}, json.dumps(body).encode())
        assert is_answer_of_api(answer) is ("error" not in body), row
        seen += 1
    assert seen > 400


@given(
    body=st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
    status=st.sampled_from([400, 401, 403, 404, 409, 423]),
)
def test_no_other_object_is_an_error_of_the_api(body: dict[str, int], status: int) -> None:
    assert not is_answer_of_api(Response(status, {}, json.dumps(body).encode()))
    known = json.dumps({**body, "class": "Client::Anything"}).encode()
    assert is_answer_of_api(Response(status, {}, known))


# What hangs on it


def scripted(*answers: Response) -> tuple[ovh.Client, Scripted]:
    left = list(answers)
    world = Scripted(lambda request: left.pop(0) if len(left) > 1 else left[0])
    return ovh.Client("ovh-eu", *KEYS, transport=world, time_sync="off", retry=False), world


FOREIGN_404 = Response(404, {}, PAGE)
GONE = Response(404, {}, b'{"message": "The requested object does not exist"}')
RUNNING = Response(200, {"X-OVH-QUERYID": "a"}, b'{"status": "doing"}')


def test_what_others_answer_ends_no_waiting_for_a_deletion() -> None:
    client, world = scripted(RUNNING, FOREIGN_404, Response(302, {"Location": "/login"}), Response(200, {}, PAGE), GONE)
    told: list[Any] = []
    assert client.wait("/me/task/1", _until="gone", _progress=told.append) is None
    assert len(world.sent) == 5
    assert [type(each.error) for each in told] == [type(None), *[exc.InvalidResponse] * 3, type(None)]
    client, world = scripted(RUNNING, FOREIGN_404)
    with pytest.raises(ovh.WaitTimeout) as caught:
        client.wait("/me/task/1", _until="gone", _deadline=100)
    assert isinstance(caught.value.__cause__, exc.InvalidResponse)


def test_an_endpoint_that_is_wrong_is_not_waited_for_long() -> None:
    client, world = scripted(FOREIGN_404)
    with pytest.raises(exc.InvalidResponse) as caught:
        client.wait("/me/task/1", _until="gone", _grace=5)
    assert caught.value.status == 404
    assert world.monotonic == 5


def test_an_answer_of_the_api_that_is_broken_ends_it() -> None:
    client, world = scripted(RUNNING, Response(200, {"X-OVH-QUERYID": "a"}, b'{"status": NaN}'))
    with pytest.raises(exc.InvalidResponse, match="NaN"):
        client.wait("/me/task/1")
    assert len(world.sent) == 2
    # One that knows no answer was raised by a program's own flow.
    with pytest.raises(exc.InvalidResponse, match="mine"):
        run(wait_until(raising), world)


def raising() -> Any:
    yield from ()
    raise exc.InvalidResponse("mine")


class Supplier:
    """Supplies credentials, and counts."""

    def __init__(self, *credentials: Any) -> None:
        self.credentials = list(credentials)
        self.refused: list[Any] = []

    @hookimpl
    def ovhcore_credentials(self, settings: Any) -> RenewableProvider:
        return RenewableProvider(self.credentials[0], self.renewed)

    def renewed(self, refused: Any) -> Any:
        self.refused.append(refused)
        return self.credentials[-1]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_what_others_answer_is_no_refusal_of_a_key(status: int) -> None:
    supplier = Supplier(ApplicationKey(*KEYS), ApplicationKey("a", "b", "c"))
    world = Scripted(lambda request: Response(status, {}, PAGE))
    client = ovh.Client("ovh-eu", plugins=[supplier], transport=world, retry=False)
    with pytest.raises(exc.InvalidResponse):
        client.get("/me")
    assert (supplier.refused, len(world.sent)) == ([], 1)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404])
def test_what_others_answer_at_the_token_endpoint(status: int) -> None:
    supplier = Supplier(OAuth2Client("id", "secret"), OAuth2Client("other", "secret"))
    answers = [Response(status, {}, PAGE)]
    world = Scripted(lambda request: answers[0])
    client = ovh.Client("ovh-eu", plugins=[supplier], transport=world, retry=False)
    with pytest.raises(exc.OAuth2FailureError) as caught:
        client.get("/me")
    assert not caught.value.refused
    assert "Something other than the token endpoint" in (caught.value.hint or "")
    assert supplier.refused == []
    answers[0] = Response(status if status != 302 else 400, {}, b'{"error": "invalid_client"}')
    with pytest.raises(exc.OAuth2FailureError, match="invalid_client") as caught:
        client.get("/me")
    assert caught.value.refused
    assert len(supplier.refused) > 0


def test_a_token_is_renewed_when_the_api_refuses_it() -> None:
    def respond(request: Request) -> Response:
        if "oauth2" in request.url:
            return Response(200, {}, b'{"access_token": "t", "expires_in": 3600}')
        return refusal[0]

    refusal = [Response(401, {}, PAGE)]
    world = Scripted(respond)
    client = ovh.Client("ovh-eu", client_id="id", client_secret="secret", transport=world, retry=False)
    with pytest.raises(exc.InvalidResponse):
        client.get("/me")
    assert len(world.sent) == 2
    refusal[0] = Response(401, {}, b'{"class": "Client::Unauthorized", "message": "no"}')
    with pytest.raises(exc.Unauthorized):
        client.get("/me")
    assert ["oauth2" in each.url for each in world.sent[2:]] == [False, True, False]


def test_the_clock_of_others_is_not_learnt() -> None:
    date = {"Date": "Sun, 06 Nov 1994 08:49:37 GMT"}
    client, world = scripted(Response(404, date, PAGE), Response(200, date, b"null"))
    client = ovh.Client("ovh-eu", *KEYS, transport=world, retry=False)
    with pytest.raises(exc.InvalidResponse):
        client.get("/me")
    assert client._ovhcore.time.state.offset == 0


def test_paths_that_are_too_long_for_a_gateway_are_shortened() -> None:
    def respond(request: Request) -> Response:
        if "x-ovh-batch" in request.headers:
            return Response(414, {}, b"<html>414 Request-URI Too Large</html>")
        return Response(200, {}, json.dumps(request.url.rpartition("/")[2]).encode())

    client = ovh.Client("ovh-eu", *KEYS, transport=Scripted(respond), retry=False)
    assert client.batch("/me/bill/{billId}", ["a", "b"]) == ["a", "b"]


def test_others_do_not_fill_the_budget_of_retries() -> None:
    def respond(request: Request) -> Response:
        return answers.pop(0)

    answers: list[Response] = []
    for last, retries in ((FOREIGN_404, 100), (GONE, 130)):
        client = ovh.Client("ovh-eu", *KEYS, transport=Scripted(respond), time_sync="off")
        made = 0
        for _ in range(130):  # more than a full budget allows
            answers[:] = [Response(503), last]
            with pytest.raises(exc.APIError):
                client.get("/me")
            made += not answers
        assert made == retries
