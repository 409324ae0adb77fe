"""What Client and AsyncClient have in common: all but the loop that drives."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar, NoReturn, Self

from ..config import SettingsSources
from ..exceptions import (
    APIError,
    ClientClosed,
    HTTPError,
    InvalidConfiguration,
    InvalidKey,
    InvalidRequest,
    InvalidResponse,
)
from ..flows.resilience.retry import Policy
from ..plugins import PluginInfo, Plugins
from ..plugins.settings import Settings
from ..protocol.endpoints import Endpoint
from ..protocol.messages import Call, Headers, Request, Response, Timeout
from ..protocol.redaction import as_secret, conceal, redactor
from ..protocol.requests.access_rules import credential_request
from ..protocol.requests.building import BODILESS, build_request, checked_headers, split_arguments, target
from ..protocol.requests.values import read_timeout
from ..protocol.responses.decoding import decode, parse_json
from ..python_ovh import PythonOvhNames
from .assembly import Assembly
from .collections import CollectionMethods
from .operations import OperationMethods
from .transport import TransportSelection

__all__ = ["BaseClient"]


class BaseClient(PythonOvhNames, CollectionMethods, OperationMethods):
    """Everything of a client but the loop that drives its flows."""

    _closed = False
    _asynchronous: ClassVar[bool]
    _default_transports: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        endpoint: str | None = None,
        application_key: str | None = None,
        application_secret: str | None = None,
        consumer_key: str | None = None,
        timeout: float | tuple[float, float | None] | tuple[float, float | None, float | None] | None = None,
        config_file: str | os.PathLike[str] | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        access_token: str | None = None,
        transport: Any = None,
        plugins: Iterable[object] = (),
        proxy: str | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        user_agent: str | None = None,
        headers: Mapping[str, str] | None = None,
        time_sync: str | None = None,
        token_url: str | None = None,
        max_response_size: int | None = None,
        pool_size: int | None = None,
        verify: bool | None = None,
        client_cert: str | os.PathLike[str] | None = None,
        client_key: str | os.PathLike[str] | None = None,
        http2: bool | None = None,
        retry: bool | int | Policy | None = None,
        disabled_plugins: Iterable[str] | None = None,
        strict_observers: bool | None = None,
        options: Mapping[str, Any] | None = None,
        allow_http: bool | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        What is not given comes from ``OVH_*`` variables, then ``./ovh.conf``, ``~/.ovh.conf``
        and ``/etc/ovh.conf``. With the endpoint and a whole set of credentials given, neither
        is asked for them. Credentials go only where their own place or a more trusted one
        sends them; see :mod:`ovhcore.config.trust`.

        Args:
            endpoint: name of an endpoint (``"ovh-eu"``) or a URL.
            application_key: key of the application.
            application_secret: its secret.
            consumer_key: key of the user on whose behalf calls are made.
            timeout: seconds to wait for a connection and for each read, a number or a pair; a third is for
                the whole call, its retries included. ``(180, 180, 600)`` where not given; ``(180, 180, None)``
                lets a call last as long as it takes.
            config_file: a file to read before the usual ones.
            client_id: OAuth2 id of a service account.
            client_secret: its secret.
            access_token: a token that was issued elsewhere.
            transport: name of a transport, or one of your own making, which you close yourself.
            plugins: plugins of this client, in addition to the installed ones.
            proxy: URL of a proxy; ``OVH_PROXY``, ``HTTPS_PROXY`` and the like where not given.
            ca_bundle: file with the certificates to trust, instead of the system's; on pyreqwest besides them.
            user_agent: put before the library's own.
            headers: fields to send with every request.
            time_sync: ``"date"``, ``"server"`` or ``"off"``; see :mod:`ovhcore.flows.authentication.time_sync`.
            token_url: where OAuth2 tokens come from, if not where they do by default.
            max_response_size: bytes beyond which a response is refused.
            pool_size: connections to one server; calls beyond wait for one.
            verify: False not to verify servers, which warns; see ``ca_bundle`` for a better way.
            client_cert: file with a certificate to show to servers.
            client_key: file with its key, if not the same.
            http2: whether to speak HTTP/2 where server and transport can. Over it pyreqwest sends a request that the
                server refuses unprocessed up to three times, whatever ``retry`` says.
            retry: False, how often to try at most, or a :class:`.RetryPolicy`; see there for the default.
            disabled_plugins: names of installed and built-in plugins to do without.
            strict_observers: whether an observer that fails breaks the call instead of being logged.
            options: settings that plugins and transports define, as ``{"cassette": "calls.cassette"}``.
            allow_http: whether ``http://`` may lead to other machines than this one, where whoever is in
                between reads credentials.

        Raises:
            InvalidConfiguration: a setting is missing, malformed or contradicts another.
            InvalidRegion: no endpoint is set, or an unknown one.
        """
        # What a traceback would show of this frame, should anything below fail.
        application_key, application_secret = _hidden(application_key), _hidden(application_secret)
        consumer_key, access_token = _hidden(consumer_key), _hidden(access_token)
        client_id, client_secret, proxy = _hidden(client_id), _hidden(client_secret), _hidden(proxy)
        headers = _hidden_fields(headers)
        if retry is not None and (options is None or isinstance(options, Mapping)):
            options = {"retry": retry, **(options or {})}
        places = SettingsSources(
            {
                "endpoint": endpoint,
                "application_key": application_key,
                "application_secret": application_secret,
                "consumer_key": consumer_key,
                "client_id": client_id,
                "client_secret": client_secret,
                "access_token": access_token,
                "timeout": timeout,
                "transport": transport if isinstance(transport, str) else None,
                "proxy": proxy,
                "ca_bundle": ca_bundle,
                "user_agent": user_agent,
                "headers": headers,
                "time_sync": time_sync,
                "token_url": token_url,
                "max_response_size": max_response_size,
                "pool_size": pool_size,
                "verify": verify,
                "client_cert": client_cert,
                "client_key": client_key,
                "http2": http2,
                "disabled_plugins": disabled_plugins,
                "strict_observers": strict_observers,
                "options": options,
                "allow_http": allow_http,
            },
            config_file=config_file,
        )
        self._plugins = Plugins(plugins, *places.disabled_plugins())
        self._choice = TransportSelection(
            transport, self._plugins, self._default_transports, asynchronous=self._asynchronous
        )
        assembly = Assembly(
            places.settings(
                defaults_of=self._choice.defaults_of,
                options=self._plugins.options(),
                redaction=self._plugins.redaction(),
            ),
            self._plugins,
            places,
        )
        self._settings, self._headers = assembly.settings, assembly.headers
        self._auth, self._time, self._pipeline = assembly.auth, assembly.auth.time, assembly.pipeline
        self._secrets = assembly.secrets
        self._choice.settle(self._settings.transport, self._settings.connection)
        self._choice.announce(self._secrets())

    def _warm(self) -> Self:
        """Do what the first calls would do before they send anything."""
        endpoint = self._settings.endpoint
        self._choice.warm(url for url in (endpoint.url, endpoint.token_url) if url)
        assert self._transport is not None
        return self

    @cached_property
    def _transport(self) -> Any:
        return self._choice.open()

    @property
    def endpoint(self) -> Endpoint:
        """The API this client calls."""
        return self._settings.endpoint

    @property
    def settings(self) -> Settings:
        """What the client was made of; prints without secrets."""
        return self._settings

    @property
    def plugins(self) -> list[PluginInfo]:
        """The plugins in use, for people to look at."""
        return self._plugins.listed()

    @property
    def closed(self) -> bool:
        """Whether the client was closed."""
        return self._closed

    def __repr__(self) -> str:
        if not hasattr(self, "_auth"):
            return f"<{type(self).__name__}, not complete>"  # in the traceback of its own __init__
        state = ", closed" if self._closed else ""
        return (
            f"<{type(self).__name__} {self.endpoint.name}, {self._application or self.settings.credentials!r}{state}>"
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        # A client is a handle on connections; frameworks that copy their settings mean the same one.
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client is not pickled: it holds connections and secrets; make one in the other process")

    def _request(
        self,
        method: str,
        path: str,
        data: Any,
        need_auth: bool,
        headers: Mapping[str, str] | None,
        timeout: Any,
        options: Mapping[str, Any] | None = None,
    ) -> Request:
        if self._closed:
            raise ClientClosed("This client is closed; make a new one")
        if need_auth is not True and need_auth is not False:
            raise InvalidRequest(
                f"need_auth must be True or False, not {type(need_auth).__name__}. Arguments of a call are passed by "
                "name, as client.put(path, **{...}); a whole body with client.call('PUT', path, body)"
            )
        fields = self._headers
        if headers:
            added = checked_headers(headers)
            own = {name.lower() for name, _ in added}
            fields = Headers((*(pair for pair in fields.pairs if pair[0].lower() not in own), *added))
        request = build_request(
            self._settings.endpoint,
            method,
            path,
            data,
            need_auth=need_auth,
            headers=fields,
            timeout=None if timeout is None else self._timeout(timeout),
        )
        return request if options is None else request.of_call(Call(0, self._plugins.per_call(options)))

    def _timeout(self, given: Any) -> Timeout:
        """Return the timeout of one call; what it does not say of the end of the call is as for the client."""
        return read_timeout(given, total=self._settings.connection.timeout.total)

    def _decoded(self, response: Response, request: Request) -> Any:
        if response.status == 200 and response.body:
            try:
                return parse_json(response.body)
            except ValueError:
                pass  # it is said below what was wrong
        received = None if response.status == 200 else self._transport.clock().wall
        return decode(response, request, redact=redactor(self._secrets()), received=received)

    def _concealed(self, error: APIError, request: Request) -> None:
        if isinstance(error, HTTPError):  # others say what is wrong with a setting, or a recording
            conceal(error, redactor(self._secrets()).of_request(request))

    def _arguments(
        self, method: str, path: str, arguments: Mapping[str, Any], headers: Any, timeout: Any, options: Any
    ) -> tuple[str, Any, dict[str, Any]]:
        """Return path, data and further arguments for :meth:`call`.

        The further ones only if they were given, so that a subclass may override ``call``
        with python-ovh's four parameters.
        """
        further = {} if headers is None else {"headers": headers}
        if timeout is not None:
            further["timeout"] = timeout
        if options is not None:
            further["options"] = options
        if method in BODILESS:
            return (target(path, arguments) if arguments else path), None, further
        if arguments:
            path, rest = split_arguments(path, arguments)
            return path, rest or None, further
        return path, None, further

    def call(
        self,
        method: str,
        path: str,
        data: Any = None,
        need_auth: bool = True,
        headers: Mapping[str, str] | None = None,
        timeout: Any = None,
        options: Mapping[str, Any] | None = None,
    ) -> Any:
        """Make a call; :class:`.Client` returns its JSON value, :class:`.AsyncClient` what is awaited for it."""
        raise NotImplementedError

    # Any, for type checkers hold **{"date.from": ...} against every parameter that has a name.
    def get(
        self,
        /,
        _target: str,
        _need_auth: Any = True,
        *,
        _headers: Any = None,
        _timeout: Any = None,
        _options: Any = None,
        **kwargs: Any,
    ) -> Any:
        """GET a path; arguments fill its template or go into the query.

        Args:
            _target: path, as ``"/me/bill"`` or ``"/me/bill/{billId}"``.
            _need_auth: whether to authenticate the call.
            _headers: fields to send besides.
            _timeout: seconds, a number, a pair (connect, read), or three with the end of the whole call.
            _options: settings of plugins for this call, as ``{"retry": False}``.
            **kwargs: arguments by name; ``_from`` for names that are Python keywords.

        Raises:
            InvalidRequest: the call cannot be sent as written.
            APIError: the kind that the answer calls for.
        """
        if kwargs or _headers is not None or _timeout is not None or _options is not None:
            path, data, further = self._arguments("GET", _target, kwargs, _headers, _timeout, _options)
            return self.call("GET", path, data, _need_auth, **further)
        return self.call("GET", _target, None, _need_auth)

    def post(
        self,
        /,
        _target: str,
        _need_auth: Any = True,
        *,
        _headers: Any = None,
        _timeout: Any = None,
        _options: Any = None,
        **kwargs: Any,
    ) -> Any:
        """POST to a path; arguments fill its template, the others are the JSON body. As :meth:`get` otherwise."""
        path, data, further = self._arguments("POST", _target, kwargs, _headers, _timeout, _options)
        return self.call("POST", path, data, _need_auth, **further)

    def put(
        self,
        /,
        _target: str,
        _need_auth: Any = True,
        *,
        _headers: Any = None,
        _timeout: Any = None,
        _options: Any = None,
        **kwargs: Any,
    ) -> Any:
        """PUT to a path; arguments fill its template, the others are the JSON body. As :meth:`get` otherwise."""
        path, data, further = self._arguments("PUT", _target, kwargs, _headers, _timeout, _options)
        return self.call("PUT", path, data, _need_auth, **further)

    def delete(
        self,
        /,
        _target: str,
        _need_auth: Any = True,
        *,
        _headers: Any = None,
        _timeout: Any = None,
        _options: Any = None,
        **kwargs: Any,
    ) -> Any:
        """DELETE a path; arguments fill its template or go into the query. As :meth:`get` otherwise."""
        path, data, further = self._arguments("DELETE", _target, kwargs, _headers, _timeout, _options)
        return self.call("DELETE", path, data, _need_auth, **further)

    def _credential_request(self, access_rules: Any, redirect_url: str | None, allowed_ips: Any) -> dict[str, Any]:
        application = self._application
        if application is None or application.problem is not None:
            problem = "" if application is None else f", and {application.problem}"
            raise InvalidKey(
                f"Asking for a consumer key needs an application key and secret{problem}",
                hint="Give application_key and application_secret as arguments, variables or in ovh.conf.",
            )
        return credential_request(access_rules, redirect_url, allowed_ips)

    def _take_consumer_key(self, answer: Any) -> Any:
        if isinstance(answer, dict) and answer.get("consumerKey") is not None:
            try:
                self._consumer_key = answer["consumerKey"]
                return answer
            except InvalidConfiguration:
                pass
        answer = None  # a traceback would show it
        raise InvalidResponse("POST /auth/credential did not answer with a consumerKey that can be used")


def _hidden(value: Any) -> Any:
    return value if value is None or value == "" else as_secret(value)


def _hidden_fields(headers: Any) -> Any:
    if isinstance(headers, Mapping):
        return {name: as_secret(value) for name, value in headers.items()}
    return None if headers is None else as_secret(headers)
