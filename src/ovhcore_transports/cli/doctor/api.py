"""What the API says: its clock, the keys, their rights and their end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import time as now
from typing import TYPE_CHECKING, Any, Final

from ovhcore import exceptions as exc
from ovhcore._internal import FoundSetting

from ..account.identity import identity_of
from .results import OK, PROBLEM, SKIPPED, WARNING, CheckResult, passed_over

if TYPE_CHECKING:
    from ovhcore import Client

__all__ = ["api_results"]

_SKEW: Final = 30
"""Seconds that a clock may be off before it is mentioned; the API refuses signatures that are some minutes off."""
_SOON: Final = timedelta(days=14)
_LOGIN: Final = "ovhcore login asks for a new key"


def api_results(client: Client, found: list[FoundSetting], *, blocked: bool = False) -> Iterator[CheckResult]:
    """Yield what is to be said of the API and of the keys.

    Args:
        client: as settings say.
        found: the settings, for their places.
        blocked: whether something is wrong on the way there; that no answer comes is no further problem then.
    """
    answered = _clock(client, found, blocked)
    yield answered
    if answered.state in (PROBLEM, SKIPPED):
        why = "signatures have the wrong time" if answered.check == "clock" else "the API cannot be asked"
        yield passed_over("keys", why)
        return
    if client.settings.credentials is None and not any(each.name == "keyring" for each in found):
        yield CheckResult(
            "keys", PROBLEM, "there are none for this endpoint", "ovhcore login makes some and saves them"
        )
        return
    try:
        known = identity_of(client)
    except exc.APIError as error:
        yield _refused(error)
        return
    yield _state(known)


def _clock(client: Client, found: list[FoundSetting], blocked: bool) -> CheckResult:
    try:
        answer = client.get("/auth/time", False, _options={"retry": False})
        ahead = int(answer) - now()
    except exc.APIError as error:
        if blocked and isinstance(error, exc.HTTPError):
            return CheckResult("api", SKIPPED, f"no answer, for the reason above: {_words(error)}")
        return CheckResult("api", PROBLEM, _words(error), _step(error, found))
    except (TypeError, ValueError):
        odd = exc.InvalidResponse("GET /auth/time was not answered with a time")
        return CheckResult("api", PROBLEM, str(odd), _step(odd, found))
    if abs(ahead) < _SKEW:
        return CheckResult("clock", OK, "right to the second" if abs(ahead) < 2 else f"off by {abs(ahead):.0f} s")
    where = "behind" if ahead > 0 else "ahead of"
    return CheckResult(
        "clock",
        WARNING if client.settings.time_sync != "off" else PROBLEM,
        f"this machine's clock is {abs(ahead):.0f} s {where} the API's",
        "set it (NTP: timedatectl set-ntp true). ovhcore corrects for it, unless time_sync is off; others do not",
    )


def _words(error: exc.APIError) -> str:
    code = f" ({error.status}{f' {error.code}' if error.code else ''})" if error.status else ""
    return f"{error}{code}"


def _step(error: exc.APIError, found: list[FoundSetting]) -> str:
    endpoint = next((f"{each.spelling} ({each.place})" for each in found if each.name == "endpoint"), "endpoint")
    if isinstance(error, exc.ProxyError):
        return "look at the setting proxy, and at HTTPS_PROXY"
    if isinstance(error, exc.ResourceNotFoundError):
        return f"look at {endpoint}: its URL should end in /1.0, /v1 or /v2"
    if isinstance(error, exc.InvalidResponse):
        return f"something other than the API answers: look at {endpoint}, whose URL ends in /1.0, and at the proxy"
    if isinstance(error, exc.HTTPError):
        return f"the lines above say how far it goes; look at {endpoint} and at the network"
    if isinstance(error, exc.ServerError):
        return "the API itself fails; try again later, and look at https://www.status-ovhcloud.com"
    return error.hint or f"look at {endpoint}"


def _refused(error: exc.APIError) -> CheckResult:
    hint = (error.hint or "").replace("client.new_consumer_key_request()", "ovhcore login")
    if isinstance(error, exc.NotGrantedCall):
        text = "the API takes the keys, and does not let them ask what they may do"
        return CheckResult("keys", WARNING, text, "nothing, if calls work; keys by ovhcore login may ask")
    if isinstance(error, exc.QueryTimeOut):
        return CheckResult("keys", PROBLEM, _words(error), "set the clock (NTP), or time_sync to date")
    if isinstance(error, exc.InvalidCredential):
        return CheckResult(
            "keys", PROBLEM, f"the consumer key is not valid: {_words(error)}", f"{hint} {_LOGIN}".strip()
        )
    if isinstance(error, exc.NotCredential):
        return CheckResult(
            "keys", PROBLEM, f"the consumer key is not known: {_words(error)}", f"{hint} {_LOGIN}".strip()
        )
    if isinstance(error, exc.InvalidKey):
        step = f"{hint} ovhcore login --new-application makes another".strip()
        return CheckResult("keys", PROBLEM, f"the application key is not known: {_words(error)}", step)
    if isinstance(error, exc.InvalidSignature):
        step = (
            "the application secret is not the one of this application key, or the consumer key belongs to another "
            "application: compare the fingerprints of the settings above, or ovhcore login"
        )
        return CheckResult("keys", PROBLEM, f"the API computes another signature: {_words(error)}", step)
    if isinstance(error, exc.OAuth2FailureError):
        step = "look at client_id and client_secret, and whether the endpoint is that of the account"
        return CheckResult("keys", PROBLEM, f"no token for the service account: {_words(error)}", step)
    return CheckResult("keys", PROBLEM, _words(error), hint or _LOGIN)


def _state(known: dict[str, Any]) -> CheckResult:
    account = " ".join(filter(None, (known.get("account"), known.get("name") and f"({known['name']})")))
    details = tuple(f"may: {line}" for line in known["rights"])
    end = known.get("expiration")
    if end is None:
        until = ", without an end" if "credentialId" in known else ""
        return CheckResult("keys", OK, f"valid, of {account}{until}", None, details)
    try:
        left = datetime.fromisoformat(str(end)).astimezone(UTC) - datetime.now(UTC)
    except ValueError:
        return CheckResult("keys", OK, f"valid, of {account}, until {end}", None, details)
    state = WARNING if left < _SOON else OK
    return CheckResult(
        "keys", state, f"valid, of {account}, until {end}", _LOGIN if state == WARNING else None, details
    )
