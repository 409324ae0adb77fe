"""Endpoints of the API: names, base URLs, OAuth2 token URLs, and the /v1 /v2 switch.

The names and URLs are those of the official wrappers; ``runabove-ca`` is retired and
kept for programs that still name it.
"""

from __future__ import annotations

import re
from typing import Final

from ..exceptions import InvalidConfiguration, InvalidRegion, InvalidRequest
from .frozen import Frozen, put
from .urls import normalise_path

__all__ = [
    "ENDPOINTS",
    "OAUTH2_TOKEN_URLS",
    "Endpoint",
    "is_known_endpoint",
    "is_unencrypted",
    "resolve_endpoint",
    "same_endpoint",
]

ENDPOINTS: Final = {
    "ovh-eu": "https://eu.api.ovh.com/1.0",
    "ovh-us": "https://api.us.ovhcloud.com/1.0",
    "ovh-ca": "https://ca.api.ovh.com/1.0",
    "kimsufi-eu": "https://eu.api.kimsufi.com/1.0",
    "kimsufi-ca": "https://ca.api.kimsufi.com/1.0",
    "soyoustart-eu": "https://eu.api.soyoustart.com/1.0",
    "soyoustart-ca": "https://ca.api.soyoustart.com/1.0",
    "runabove-ca": "https://api.runabove.com/1.0",
}
"""Base URL of every endpoint that has a name."""

OAUTH2_TOKEN_URLS: Final = {
    "ovh-eu": "https://www.ovh.com/auth/oauth2/token",
    "ovh-ca": "https://ca.ovh.com/auth/oauth2/token",
    "ovh-us": "https://us.ovhcloud.com/auth/oauth2/token",
}
"""The URLs at which service accounts fetch their access tokens, by the name of the endpoint."""

# Hosts that serve the same regions; a custom URL on one of them needs no token URL of its own.
_REGION_OF_HOST: Final = {
    "eu.api.ovh.com": "ovh-eu",
    "api.ovh.com": "ovh-eu",
    "api.eu.ovhcloud.com": "ovh-eu",
    "ca.api.ovh.com": "ovh-ca",
    "api.ca.ovhcloud.com": "ovh-ca",
    "api.us.ovhcloud.com": "ovh-us",
}

_HOSTS: Final = frozenset({*_REGION_OF_HOST, *(url.split("/")[2] for url in ENDPOINTS.values())})
_IN_127 = r"127(?:\.(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}"
_LOOPBACK: Final = rf"{_IN_127}|(?:0{{0,4}}:)+(?:0{{0,3}}1|ffff:{_IN_127})"  # compiled when it is needed
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_VERSIONS: Final = ("/1.0", "/v1", "/v2")
_LABEL: Final = r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
_HOST: Final = rf"{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9a-f:.]+\]"  # these are, as that
_FORBIDDEN: Final = "[\x00-\x1f\x7f\\\\]|^ | $"
# Scheme, host with port, and path of a URL that needs no second look.
_PORT: Final = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4})"
_PLAIN: Final = rf"(https?)://({_LABEL}(?:\.{_LABEL})*(?::{_PORT})?)(/[A-Za-z0-9._~/-]*)?"


class Endpoint(Frozen):
    """An API to call.

    Attributes:
        name: ``"ovh-eu"``, or the URL itself for a custom one.
        url: base URL, as ``"https://eu.api.ovh.com/1.0"``, without a slash at the end.
        token_url: the URL that issues OAuth2 access tokens; None if the endpoint has none.
    """

    __slots__ = ("name", "url", "token_url")  # noqa: RUF023 - the order of __init__

    name: str
    url: str
    token_url: str | None

    def __init__(self, name: str, url: str, token_url: str | None = None) -> None:
        put(self, "name", name)
        put(self, "url", url)
        put(self, "token_url", token_url)

    def url_of(self, path: str) -> str:
        """Return the URL of a path, in the spelling that is signed and sent.

        A path that starts with a version (``/v1``, ``/v2``, ``/1.0``) replaces the
        base URL's own: ``/v2/iam`` of ovh-eu is ``https://eu.api.ovh.com/v2/iam``.

        >>> resolve_endpoint("ovh-eu").url_of("/v2/iam/policy")
        'https://eu.api.ovh.com/v2/iam/policy'

        Raises:
            InvalidRequest: the path cannot be sent.
        """
        path = normalise_path(path)
        if path[1:2] in ("v", "1") and _version_of(path):
            return _without_version(self.url) + path
        if path.startswith("/auth/") and self.url.endswith("/v2"):
            return f"{self.url[:-3]}/1.0{path}"  # time and consumer keys exist in version 1 alone
        return self.url + path

    def path_of(self, url: str) -> str | None:
        """Return the path of a URL of this endpoint, with its version and its query; None for any other URL.

        >>> resolve_endpoint("ovh-eu").path_of("https://eu.api.ovh.com/1.0/me")
        '/1.0/me'
        """
        base = _without_version(self.url)
        return url[len(base) :] if url.startswith(f"{base}/") else None

    def is_version_2(self, path: str) -> bool:
        """Say whether a path is one of version 2 of the API."""
        version = _version_of(normalise_path(path))
        return version == "/v2" if version else self.url.endswith("/v2")


def _version_of(path: str) -> str:
    """Return the version that a path begins with, as ``"/v2"``; empty if it begins with none."""
    first = f"/{path[1:].partition('?')[0].partition('/')[0]}"
    return first if first in _VERSIONS else ""


def _without_version(url: str) -> str:
    """Return a base URL without the version at its end."""
    return next((url.removesuffix(version) for version in _VERSIONS if url.endswith(version)), url)


def resolve_endpoint(endpoint: str, token_url: str | None = None, *, allow_http: bool = False) -> Endpoint:
    """Return the endpoint of a name, or of a custom ``http://`` or ``https://`` URL.

    Args:
        endpoint: a name of :data:`ENDPOINTS`, or a base URL.
        token_url: the URL that issues OAuth2 tokens, if it is not the default one.
        allow_http: whether ``http://`` may lead to other machines; anybody in between can then read what is
            sent, and use the credentials.

    Raises:
        InvalidRegion: neither a known name nor a URL.
        InvalidConfiguration: a URL that cannot be used, or without TLS to another machine.
    """
    token_url = None if token_url is None else _encrypted(_checked_url(token_url, "token URL"), "token URL", allow_http)
    if endpoint in ENDPOINTS:
        return Endpoint(endpoint, ENDPOINTS[endpoint], token_url or OAUTH2_TOKEN_URLS.get(endpoint))
    if "/" not in endpoint:
        shown = "" if "@" in endpoint else f" {endpoint!r}"  # the text before the "@" may be a password
        raise InvalidRegion(
            f"Unknown endpoint{shown}. Valid endpoints: {', '.join(ENDPOINTS)}, or a URL such as "
            "'https://eu.api.ovh.com/1.0'"
        )
    url = _encrypted(_checked_url(endpoint, "endpoint").rstrip("/"), "endpoint", allow_http)
    region = _REGION_OF_HOST.get(_host_of(url))
    return Endpoint(url, url, token_url or (OAUTH2_TOKEN_URLS[region] if region else None))


def same_endpoint(one: str, other: str) -> bool:
    """Say whether two texts name the same endpoint: the same name, or one URL in two spellings.

    >>> same_endpoint("https://API.example:443/1.0/", "https://api.example/1.0")
    True
    """
    if one == other:
        return True
    if "/" not in one or "/" not in other:
        return False
    try:
        return _checked_url(one, "endpoint").rstrip("/") == _checked_url(other, "endpoint").rstrip("/")
    except InvalidConfiguration:
        return False


def is_known_endpoint(url: str) -> bool:
    """Say whether a URL is one of an endpoint that has a name: on its host, with TLS, on the usual port."""
    scheme, _, rest = url.partition("://")
    return scheme == "https" and rest.partition("/")[0] in _HOSTS


def is_unencrypted(url: str) -> bool:
    """Say whether requests to a URL leave this machine without TLS."""
    return not url.startswith("https:") and not _is_loopback(_host_of(url))


def _host_of(url: str) -> str:
    """Return the host of a URL in its one spelling, without port and brackets."""
    authority = url.partition("://")[2].partition("/")[0]
    return authority[1:].partition("]")[0] if authority.startswith("[") else authority.partition(":")[0]


def _encrypted(url: str, what: str, allow_http: bool) -> str:
    """Return a URL that ends on this machine or is encrypted."""
    if allow_http or not is_unencrypted(url):
        return url
    raise InvalidConfiguration(
        f"The {what} starts with http://, so whoever is in between reads what is sent, and credentials with it. Write "
        "https://, or set allow_http to true if the network itself can be trusted"
    )


def _is_loopback(host: str) -> bool:
    host = host.removesuffix(".")
    if host in ("localhost", "127.0.0.1") or host.endswith(".localhost"):
        return True
    return re.fullmatch(_LOOPBACK, host) is not None


def _checked_url(url: str, what: str) -> str:
    """Return a URL in its one spelling; refuse one with a user, a query, or a host that cannot be."""
    # A URL may hold a password, so messages repeat only the part that is wrong.
    if not isinstance(url, str):
        raise InvalidConfiguration(f"The {what} must be a string, not {type(url).__name__}")
    plain = re.fullmatch(_PLAIN, url)
    if plain and not plain[2].endswith(_DEFAULT_PORTS[plain[1]]) and "/." not in url:
        return url if plain[3] else f"{url}/"
    from urllib.parse import urlsplit  # to import it takes long, for it brings ipaddress

    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        problem = str(error)
    else:
        host = parts.netloc.rpartition("@")[2].lower()
        if port is not None:
            host = host[: -len(f":{port}")] if host.endswith(f":{port}") else host.rpartition(":")[0]
        host = host.removesuffix(":")
        problem = ""
        if re.search(_FORBIDDEN, url):
            problem = "it holds a control character, a backslash or outer white space"
        elif parts.scheme not in _DEFAULT_PORTS:
            problem = "it must start with https:// or http://"
        elif "@" in parts.netloc:
            problem = "it must not carry a user name or password"
        elif not host.isascii():
            problem = "its host must be written in ASCII (punycode)"
        elif not re.fullmatch(_HOST, host):
            problem = "it has no valid host"
        elif port == 0:
            problem = "its port must be between 1 and 65535"
        elif parts.query or parts.fragment or url.endswith(("?", "#")):
            problem = "it must end with its path, without '?' or '#'"
        else:
            authority = host if port is None else f"{host}:{port}".removesuffix(_DEFAULT_PORTS[parts.scheme])
            try:
                return f"{parts.scheme}://{authority}{normalise_path(parts.path or '/')}"
            except InvalidRequest as error:
                problem = str(error)
    raise InvalidConfiguration(f"The {what} is not a usable URL: {problem}. Write it as 'https://eu.api.ovh.com/1.0'")
