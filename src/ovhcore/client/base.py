"""The base of Client and AsyncClient: arguments, properties and calls, without the loop that drives them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from ..plugins.settings import Settings
from ..protocol.endpoints import Endpoint
from ..protocol.redaction import as_secret
from ..python_ovh.names import PythonOvhNames, refuse_unconfigured
from .assembly import assemble
from .calls import call_arguments
from .collections import CollectionMethods
from .core import ClientCore, ClientKind
from .operations import OperationMethods

__all__ = ["BaseClient"]

if TYPE_CHECKING:
    from ..flows.resilience.after_failure import Policy
    from ..plugins import PluginInfo
    from ..schema.model import Operation

    settable = property
else:

    class settable(property):  # noqa: N801 - used as property is
        """A property that a subclass may set: its instance then has that value, which ovhcore itself never reads."""

        def __set_name__(self, owner, name):
            self.name = name

        def __get__(self, instance, owner=None):
            if instance is not None and self.name in instance.__dict__:
                return instance.__dict__[self.name]
            return super().__get__(instance, owner)

        def __set__(self, instance, value):
            instance.__dict__[self.name] = value

        def __delete__(self, instance):
            if instance.__dict__.pop(self.name, self) is self:
                raise AttributeError(self.name)


class BaseClient(PythonOvhNames, CollectionMethods, OperationMethods):
    """The part that both clients share: all but the loop that drives the flows."""

    _ovhcore: ClientCore
    _ovhcore_kind: ClassVar[ClientKind]

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
        config: bool = True,
        profile: str | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Settings that are not given come from ``OVH_*`` variables, then ``./ovh.conf``, ``~/.ovh.conf``
        and ``/etc/ovh.conf``. If the endpoint and a whole set of credentials are given, neither variables
        nor files are asked for these. An empty argument says that there is no such credential: ``consumer_key=""`` does
        not take the key of a variable or file. Credentials go only where their own place or a more
        trusted one sends them; see :mod:`ovhcore.config.trust`.

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
            user_agent: text to put before the library's own.
            headers: fields to send with every request.
            time_sync: ``"date"``, ``"server"`` or ``"off"``; see :mod:`ovhcore.flows.authentication.time_sync`.
            token_url: the URL that issues OAuth2 tokens, if it is not the default one.
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
            config: False to look at no ``OVH_*`` variable and at none of the usual files: what is not given has
                its default.
            profile: name of a profile, the section ``[profile NAME]`` of a file: its endpoint and credentials count,
                and no variable's or other section's.

        Raises:
            InvalidConfiguration: a setting is missing, malformed or contradicts another.
            InvalidRegion: no endpoint is set, or an unknown one.
        """
        # A traceback would show the arguments of this frame, should anything below fail.
        application_key, application_secret = _hidden(application_key), _hidden(application_secret)
        consumer_key, access_token = _hidden(consumer_key), _hidden(access_token)
        client_id, client_secret, proxy = _hidden(client_id), _hidden(client_secret), _hidden(proxy)
        headers = _hidden_fields(headers)
        if retry is not None and (options is None or isinstance(options, Mapping)):
            options = {"retry": retry, **(options or {})}
        self._ovhcore = assemble(  # pyright: ignore[reportIncompatibleVariableOverride] - it has all that is wanted
            self._ovhcore_kind,
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
                "profile": profile,
            },
            transport=transport,
            plugins=plugins,
            config_file=config_file,
            config=config,
        )
        refuse_unconfigured(self._ovhcore, application_key, client_id)

    @settable
    def endpoint(self) -> Endpoint:
        """The API this client calls."""
        return self._ovhcore.settings.endpoint

    @settable
    def settings(self) -> Settings:
        """The settings of the client; they print without secrets."""
        return self._ovhcore.settings

    @settable
    def plugins(self) -> list[PluginInfo]:
        """The plugins in use, for people to look at."""
        return self._ovhcore.plugins.listed()

    @settable
    def closed(self) -> bool:
        """Whether the client was closed."""
        return self._ovhcore.closed

    def __repr__(self) -> str:
        core: ClientCore | None = getattr(self, "_ovhcore", None)
        if core is None:
            return f"<{type(self).__name__}, not complete>"  # in the traceback of its own __init__
        state = ", closed" if core.closed else ""
        who = core.application or core.settings.credentials
        return f"<{type(self).__name__} {core.settings.endpoint.name}, {who!r}{state}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        # A client is a handle on connections; frameworks that copy their settings mean the same one.
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client is not pickled: it holds connections and secrets; make one in the other process")

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
        """Make a call; :class:`.Client` returns its JSON value, :class:`.AsyncClient` an awaitable of it."""
        raise NotImplementedError

    def operation(self, method: str, path: str) -> Operation:
        """Return what the catalogue of this client's endpoint knows of an operation; nothing is sent or awaited.

        Args:
            method: the method, as ``"GET"``.
            path: a path, concrete, or a template with any names in braces.

        Raises:
            InvalidRequest: there is no such operation; the message names those that may have been meant.
            SchemaError: the catalogue is damaged.
        """
        from ..schema.files.store import catalogue

        return catalogue(self._ovhcore.settings.endpoint.name).operation(method, path)

    # The types are Any, since type checkers hold **{"date.from": ...} against every parameter that has a name.
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
            _headers: further fields to send.
            _timeout: seconds, a number, a pair (connect, read), or three with the end of the whole call.
            _options: settings of plugins for this call, as ``{"retry": False}``.
            **kwargs: arguments by name; ``_from`` for names that are Python keywords.

        Raises:
            InvalidRequest: the call cannot be sent as written.
            APIError: the kind that the answer calls for.
        """
        if kwargs or _headers is not None or _timeout is not None or _options is not None:
            path, data, further = call_arguments("GET", _target, kwargs, _headers, _timeout, _options)
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
        _once: Any = None,
        **kwargs: Any,
    ) -> Any:
        """POST to a path; arguments fill its template, the others are the JSON body. As :meth:`get` otherwise.

        Args:
            _target: path.
            _need_auth: whether to authenticate the call.
            _headers: further fields to send.
            _timeout: seconds.
            _options: settings of plugins for this call.
            _once: names what is to be done: of all calls with this name, in all processes with the same
                ``limit_store``, one is sent at most, and the others get its answer.
            **kwargs: arguments by name.

        Raises:
            OutcomeUnknown: a call with this name may have been carried out, or not; this one was not sent.
        """
        if _once is not None and (_options is None or isinstance(_options, Mapping)):
            _options = {**(_options or {}), "once": _once}
        path, data, further = call_arguments("POST", _target, kwargs, _headers, _timeout, _options)
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
        path, data, further = call_arguments("PUT", _target, kwargs, _headers, _timeout, _options)
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
        path, data, further = call_arguments("DELETE", _target, kwargs, _headers, _timeout, _options)
        return self.call("DELETE", path, data, _need_auth, **further)


def _hidden(value: Any) -> Any:
    return value if value is None or value == "" else as_secret(value)


def _hidden_fields(headers: Any) -> Any:
    if isinstance(headers, Mapping):
        return {name: as_secret(value) for name, value in headers.items()}
    return None if headers is None else as_secret(headers)
