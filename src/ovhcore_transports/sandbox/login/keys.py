"""Who may call: applications, consumer keys, OAuth2 clients and what was issued to them. All of it bounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

__all__ = [
    "LONGEST_WAIT",
    "KeyRing",
    "Source",
    "application_of",
    "date",
    "new_application",
    "new_client",
    "new_credential",
    "new_tokens",
    "settle",
    "shown_application",
    "shown_client",
    "shown_credential",
]

LONGEST_WAIT: Final = 24 * 3600.0
"""Seconds that a consumer key waits for its user."""
_MOST: Final = 10_000
_FIRST_OF_TIME: Final = 1_735_689_600.0


@dataclass
class KeyRing:
    """Everything that lets somebody in, as plain data.

    Attributes:
        applications: by application key.
        credentials: by consumer key.
        waiting: consumer keys by the token of their validation page.
        clients: OAuth2 clients by id.
        codes: authorization codes, with what they are good for.
        tokens: access tokens: when each ends, and which grant it is of.
        refreshing: refresh tokens by their values, with the grant.
    """

    applications: dict[str, dict[str, Any]] = field(default_factory=dict)
    credentials: dict[str, dict[str, Any]] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    clients: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    refreshing: dict[str, dict[str, Any]] = field(default_factory=dict)


class Source(Protocol):
    """What keys come from: the state of a sandbox."""

    keys: KeyRing

    def next(self) -> int:
        """Return the next number."""
        ...

    def opaque(self, kind: str) -> str:
        """Return 32 characters that look like chance."""
        ...


def date(seconds: float | None) -> str | None:
    """Return a time as the API writes it, None for none."""
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC).isoformat()


def _make_room(entries: dict[str, Any], *, spare: int = 0) -> None:
    """Forget the oldest entries, so that one more is not too many; the first ones stay, which are the sandbox's own."""
    while len(entries) >= _MOST:
        names = iter(entries)
        for _ in range(spare):
            next(names)
        del entries[next(names)]


def new_application(
    source: Source, name: str, description: str, key: str | None = None, secret: str | None = None
) -> dict[str, Any]:
    """Register an application; its key and secret are made up unless they are given."""
    applications = source.keys.applications
    _make_room(applications, spare=1)
    application: dict[str, Any] = {
        "applicationId": 1 if not applications else 1000 + source.next(),
        "applicationKey": key or source.opaque("application key")[:16],
        "applicationSecret": secret or source.opaque("application secret"),
        "name": name,
        "description": description,
        "status": "active",
    }
    applications[application["applicationKey"]] = application
    return application


def new_credential(
    source: Source,
    application: dict[str, Any],
    rules: list[dict[str, str]],
    now: float,
    *,
    allowed_ips: Any = None,
    redirection: str | None = None,
    state: str = "pendingValidation",
    key: str | None = None,
) -> dict[str, Any]:
    """Return a new consumer key, which waits for its user unless ``state`` says something else."""
    ring = source.keys
    _make_room(ring.credentials, spare=1)
    _make_room(ring.waiting)
    credential: dict[str, Any] = {
        "consumerKey": key or source.opaque("consumer key"),
        "credentialId": 1000 if not ring.credentials else 1000 + source.next(),
        "credentialToken": source.opaque("credential token"),
        "applicationId": application["applicationId"],
        "rules": rules,
        "allowedIPs": allowed_ips,
        "redirection": redirection,
        "state": state,
        "creation": now if ring.credentials else _FIRST_OF_TIME,
        "expiration": None,
        "lastUse": None,
    }
    ring.credentials[credential["consumerKey"]] = credential
    ring.waiting[credential["credentialToken"]] = credential["consumerKey"]
    return credential


def settle(credential: dict[str, Any], now: float) -> str:
    """Return the state of a consumer key after what has happened until now: they end by themselves."""
    ends = credential["expiration"]
    if credential["state"] == "pendingValidation":
        ends = credential["creation"] + LONGEST_WAIT
    if credential["state"] in ("pendingValidation", "validated") and ends is not None and ends <= now:
        credential["state"] = "expired"
    state: str = credential["state"]
    return state


def application_of(ring: KeyRing, credential: dict[str, Any]) -> dict[str, Any] | None:
    """Return the application that a consumer key belongs to, None if it was deleted."""
    number = credential["applicationId"]
    return next((each for each in ring.applications.values() if each["applicationId"] == number), None)


def new_client(
    source: Source,
    name: str,
    description: str,
    flow: str,
    callback_urls: list[str],
    now: float,
    *,
    client_id: str | None = None,
    secret: str | None = None,
) -> dict[str, Any]:
    """Register an OAuth2 client: a service account, or with ``AUTHORIZATION_CODE`` an application of people."""
    clients = source.keys.clients
    _make_room(clients, spare=2)
    client: dict[str, Any] = {
        "clientId": client_id or source.opaque("client id")[:16],
        "clientSecret": secret or source.opaque("client secret"),
        "name": name,
        "description": description,
        "flow": flow,
        "callbackUrls": callback_urls,
        "createdAt": now if len(clients) >= 2 else _FIRST_OF_TIME,
    }
    clients[client["clientId"]] = client
    return client


def new_tokens(
    source: Source,
    client: dict[str, Any],
    scope: str,
    now: float,
    lifetime: int,
    *,
    refreshable: bool,
    number: int | None = None,
) -> dict[str, Any]:
    """Return the answer of the token endpoint, with a new access token, and a refresh token if there is to be one.

    Tokens that come of one another have one ``number``; without it, a new one is taken.
    """
    ring = source.keys
    for value in [value for value, each in ring.tokens.items() if each["ends"] <= now][:100]:
        del ring.tokens[value]
    _make_room(ring.tokens)
    token = source.opaque("access token")
    grant = {"client": client["clientId"], "scope": scope, "number": source.next() if number is None else number}
    ring.tokens[token] = {"ends": now + lifetime, **grant}
    answer: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": lifetime, "scope": scope}
    if refreshable:
        _make_room(ring.refreshing)
        answer["refresh_token"] = source.opaque("refresh token")
        ring.refreshing[answer["refresh_token"]] = grant
    return answer


def shown_application(application: dict[str, Any]) -> dict[str, Any]:
    """Return an application as the API shows it: without its secret."""
    return {name: value for name, value in application.items() if name != "applicationSecret"}


def shown_credential(credential: dict[str, Any], now: float) -> dict[str, Any]:
    """Return a consumer key as the API shows it: without the key."""
    return {
        "allowedIPs": credential["allowedIPs"],
        "applicationId": credential["applicationId"],
        "creation": date(credential["creation"]),
        "credentialId": credential["credentialId"],
        "expiration": date(credential["expiration"]),
        "lastUse": date(credential["lastUse"]),
        "ovhSupport": False,
        "rules": credential["rules"],
        "status": settle(credential, now),
    }


def shown_client(client: dict[str, Any], account: str) -> dict[str, Any]:
    """Return an OAuth2 client as the API shows it: without its secret."""
    shown = {name: value for name, value in client.items() if name not in ("clientSecret", "createdAt")}
    identity = f"urn:v1:eu:identity:credential:{account}/oauth2-{client['clientId']}"
    return {**shown, "createdAt": date(client["createdAt"]), "identity": identity}
