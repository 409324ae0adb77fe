"""The parts of a client, and the steps of its calls, behind one private attribute of the client.

Programs derive classes from :class:`.Client` and name their attributes and methods as they
please: ``endpoint``, ``settings``, ``run``. So ovhcore keeps its own state here, where no subclass can
overwrite it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ..config.settings_sources import SettingsSources
from ..exceptions import (
    APIError,
    ClientClosed,
    HTTPError,
    InvalidConfiguration,
    InvalidRequest,
    InvalidResponse,
    MissingCredentials,
)
from ..flows.authentication import KeyAuthentication
from ..flows.effects import Flow
from ..flows.exchange import CallResult, Fetch
from ..flows.transports.driver import glance
from ..plugins.manager import Plugins
from ..plugins.settings import Settings
from ..protocol.credentials import REMEMBERED, ApplicationKey
from ..protocol.messages import Call, Headers, Request, Response
from ..protocol.redaction import Secret, as_secret, redactor
from ..protocol.requests.building import BODILESS, build_request, checked_headers
from ..protocol.requests.values import read_need_auth, read_timeout
from ..protocol.responses.decoding import decode, may_be_misspelt, parse_json, redact_error, rehint
from ..python_ovh.installing import bodiless_methods
from .call_pipeline import CallPipeline
from .transport import ClientTransport

if TYPE_CHECKING:
    from ..flows.collections.fan_out import FanOutSource
    from .iterators import Progress

__all__ = ["ClientCore", "ClientKind"]

_LOADED_LATER: Final = (
    ".iterators",
    "..flows.collections.pager",
    "..flows.resilience.after_failure",
    "..flows.telling",
    "..plugins.log_lines",
    "..protocol.secrets.learning",
)
"""Modules that are loaded with the first list, failure or observer, because many programs have none."""

_BODIED: Final = ("POST", "PUT")


class ClientKind:
    """The difference between clients for ``def`` code and for ``async def`` code.

    Attributes:
        asynchronous: whether the client is for ``async def`` code.
        default_transports: names of transports, the best first; the client takes the first one that is installed.
        run: drives a flow with a transport.
        objects: makes the iterator over objects that arrive.
        collected: returns the values of pairs of position and value, in order.
    """

    __slots__ = ("asynchronous", "collected", "default_transports", "objects", "run")

    def __init__(
        self,
        asynchronous: bool,
        default_transports: tuple[str, ...],
        run: Callable[[Flow[Any], Any], Any],
        objects: Callable[..., Any],
        collected: Callable[[Any], Any],
    ) -> None:
        self.asynchronous = asynchronous
        self.default_transports = default_transports
        self.run = run
        self.objects = objects
        self.collected = collected


class ClientCore:
    """The parts of a client, and the steps of its calls.

    Args:
        kind: the kind of client: for ``def`` or for ``async def`` code.
        plugins: the plugins of the client.
        transport: opens the transport, and closes it.
        calls: the pipeline that carries out calls.
        sources: the places where the settings were found.

    Attributes:
        settings: the settings of the client.
        closed: whether the client was closed.
        timeout: the timeout of calls without one of their own; None for that of the settings.
        unfinished: application keys that are not a pair yet.
        replaced: secrets that are no longer used; a call that took one may still be under way.
    """

    def __init__(
        self,
        kind: ClientKind,
        plugins: Plugins,
        transport: ClientTransport,
        calls: CallPipeline,
        sources: SettingsSources,
    ) -> None:
        self.kind = kind
        self.plugins = plugins
        self.opener = transport
        self.sources = sources
        self.closed = False
        self.timeout: Any = None
        self.unfinished: dict[str, Secret | None] = {}
        self.replaced: tuple[Secret, ...] = ()
        self.use(calls)

    def use(self, calls: CallPipeline) -> None:
        """Use another pipeline for calls from now on."""
        self.settings: Settings = calls.settings
        self.headers: Headers = calls.headers
        self.auth = calls.auth
        self.time = calls.auth.time
        self.handle = calls.handle
        self.secrets_in_use = calls.secrets

    def go_on_with(self, settings: Settings) -> None:
        """Use other settings for calls from now on, and keep the time offset that the program has set."""
        fixed = self.time.fixed
        self.replaced = (*map(as_secret, self.auth.secrets()), *self.replaced)[: 3 * REMEMBERED]
        self.use(CallPipeline(settings, self.plugins, self.sources))
        self.time.fixed = fixed

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.settings!r}>"

    @cached_property
    def transport(self) -> Any:
        """The transport; the first use opens it."""
        return self.opener.open()

    @property
    def application(self) -> ApplicationKey | None:
        """The application key in use, also one that a plugin supplies; None for other credentials, or none yet."""
        current = self.auth.current
        return current.credentials if isinstance(current, KeyAuthentication) else None

    def secrets(self) -> Iterator[str]:
        """Yield the secrets that no error may show, even if an answer repeats them."""
        yield from self.secrets_in_use()
        yield from (secret.reveal() for secret in self.replaced)

    def run(self, flow: Flow[Any]) -> Any:
        """Drive a flow with this client's transport. An asynchronous client returns an awaitable of the result."""
        return self.kind.run(flow, self.transport)

    def close(self) -> list[Any]:
        """Refuse further calls; return the transports to close."""
        self.closed = True
        return self.opener.closing()

    def request(
        self,
        method: str,
        path: str,
        data: Any,
        need_auth: Any,
        headers: Mapping[str, str] | None,
        timeout: Any,
        options: Mapping[str, Any] | None = None,
    ) -> Request:
        """Return the request of a call.

        Raises:
            ClientClosed: the client was closed.
            InvalidRequest: the call cannot be sent as written.
        """
        if self.closed:
            raise ClientClosed("This client is closed; make a new one")
        if need_auth is not True and need_auth is not False:
            need_auth = read_need_auth(need_auth, _instead(method))
        fields = self.headers
        if headers:
            added = checked_headers(headers)
            own = {name.lower() for name, _ in added}
            fields = Headers((*(pair for pair in fields.pairs if pair[0].lower() not in own), *added))
        if timeout is None:
            timeout = self.timeout
        request = build_request(
            self.settings.endpoint,
            method,
            path,
            data,
            need_auth=need_auth,
            headers=fields,
            # A timeout that gives no total has the client's.
            timeout=None if timeout is None else read_timeout(timeout, total=self.settings.connection.timeout.total),
            bodiless=BODILESS if data is None or method in _BODIED else bodiless_methods(BODILESS),
        )
        return (
            request
            if options is None
            else request.of_call(Call(0, self.plugins.per_call(options, self.settings.options)))
        )

    def redact_error(self, error: APIError, request: Request) -> None:
        """Redact in an error the secrets of the client and of the request, which an answer may have repeated."""
        if isinstance(error, HTTPError):  # other errors speak of a setting, or of a recording
            redact_error(error, request, redactor(self.secrets()))

    def warm(self) -> None:
        """Do beforehand the work that the first calls would do before they send anything."""
        endpoint = self.settings.endpoint
        self.opener.warm(url for url in (endpoint.url, endpoint.token_url) if url)
        for module in _LOADED_LATER:
            import_module(module, __package__)
        assert self.transport is not None

    def decoded(self, response: Response, request: Request) -> Any:
        """Return the value of an answer.

        Raises:
            APIError: the kind that the answer calls for.
        """
        if response.status == 200 and response.body:
            try:
                return parse_json(response.body)
            except ValueError:
                pass  # decode() below says what was wrong
        received = None if response.status == 200 else self.transport.clock().wall
        try:
            return decode(response, request, redact=redactor(self.secrets()), received=received)
        except APIError as error:
            self.advise(error, request)
            raise

    def advise(self, error: APIError, request: Request) -> None:
        """Add to the hint of an error the advice of the catalogue of operations."""
        if not may_be_misspelt(error):
            return
        with suppress(Exception):  # a lost or damaged catalogue must not hide the error of the API
            from ..schema.files.store import catalogue
            from ..schema.lookup.advice import advice

            endpoint = self.settings.endpoint
            path = endpoint.path_of(request.url)
            if path is not None and (hint := advice(catalogue(endpoint.name), error, request.method, path)):
                rehint(error, hint)

    def send(self, request: Request) -> Flow[Response]:
        """Send a request through the pipeline, and redact an error."""
        try:
            return (yield from self.handle(request))
        except APIError as error:
            self.redact_error(error, request)
            raise

    def call_raw(self, request: Request) -> Flow[Response]:
        """Make a call, and return the response, whatever its status, together with its request."""
        begun = glance(self.transport).monotonic
        response = yield from self.send(request)
        return response.answering(request, glance(self.transport).monotonic - begun, redactor(self.secrets()))

    def call_with_headers(self, request: Request) -> Flow[CallResult]:
        """Make a call, and return its value and the header fields."""
        response = yield from self.send(request)
        return CallResult(self.decoded(response, request), response.headers)

    def call_value(self, request: Request) -> Flow[Any]:
        """Make a call, and return its value."""
        answer = yield from self.call_with_headers(request)
        return answer.value

    def make_fetch(self, path: str, need_auth: Any, headers: Any, timeout: Any, options: Any) -> Fetch:
        """Return a function that GETs paths with these arguments each time; check them at once, with ``path``."""
        self.request("GET", path, None, need_auth, headers, timeout, options)
        given = dict(headers or {})

        def fetch(path: str, fields: Mapping[str, str]) -> Flow[CallResult]:
            if given:
                own = {name.lower() for name in fields}
                fields = {**{name: value for name, value in given.items() if name.lower() not in own}, **fields}
            return self.call_with_headers(self.request("GET", path, None, need_auth, fields, timeout, options))

        return fetch

    def objects(self, source: FanOutSource, errors: str, progress: Progress | None) -> Any:
        """Return the iterator over the results of a source."""
        if errors not in ("raise", "return"):
            raise InvalidRequest(f"errors must be 'raise' or 'return', not {errors!r}")
        if progress is not None and not callable(progress):
            raise InvalidRequest(f"progress must be a function of two numbers, not {type(progress).__name__}")
        return self.kind.objects(source, lambda: self.transport, errors, progress)

    def collected(self, coming: Any) -> Any:
        """Return the values of pairs of position and value, in order. An asynchronous client returns an awaitable."""
        return self.kind.collected(coming)

    def credential_request(self, access_rules: Any, redirect_url: str | None, allowed_ips: Any) -> dict[str, Any]:
        """Return the body of a request for a consumer key.

        Raises:
            MissingCredentials: there is no application key.
            InvalidRequest: a rule is not one.
        """
        known = self.application
        problem = "" if known is None else known.problem
        if problem is not None:
            problem = problem and f", and {problem}"
            raise MissingCredentials(
                f"Asking for a consumer key needs an application key and secret{problem}",
                hint="Give application_key and application_secret as arguments, variables or in ovh.conf.",
            )
        from ..protocol.requests.access_rules import credential_request

        return credential_request(access_rules, redirect_url, allowed_ips)

    def take_consumer_key(self, answer: Any) -> Any:
        """Use the consumer key of an answer from now on; return the answer.

        Raises:
            InvalidResponse: the answer has no usable consumer key.
        """
        current = self.auth.current
        key = answer.get("consumerKey") if isinstance(answer, dict) else None
        if key is not None and isinstance(current, KeyAuthentication):
            try:
                current.replace_consumer_key(key)
                return answer
            except InvalidConfiguration:
                pass
        answer = key = None  # a traceback would show it
        raise InvalidResponse("POST /auth/credential did not answer with a consumerKey that can be used")


def _instead(method: Any) -> str:
    """Say how to pass arguments of a method that were given in the place of ``need_auth``."""
    name = str(method).upper()
    body = "" if name in BODILESS else f"a whole body is passed as client.call({name!r}, path, body)"
    if name not in ("GET", "POST", "PUT", "DELETE"):
        return body[:1].upper() + body[1:] or "Arguments are written into the path, as '/path?name=value'"
    return f"Arguments are passed by name, as client.{name.lower()}(path, **{{...}})" + (body and f"; {body}")
