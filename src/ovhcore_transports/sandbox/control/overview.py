"""The page that shows what is in a sandbox: how to use it, its keys, its resources, what it received."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from ovhcore.protocol import Response

from ..login.html import Content, Html, element, page
from ..login.keys import application_of, date, settle
from ..login.words import rights
from ..state import ACCESS_KEYS, CLIENT_ID, CLIENT_SECRET
from .controlled import Controlled

__all__ = ["conf_lines", "overview", "variables"]

_MOST_KEYS: Final = 100
_MOST_CALLS: Final = 100
_MOST_TEXT: Final = 20_000


def variables(url: str, token_url: str, *, oauth2: bool = False, ca_bundle: str | None = None) -> dict[str, str]:
    """Return the settings that lead a program to a sandbox, by their names.

    Args:
        url: of its API.
        token_url: where it issues tokens.
        oauth2: whether to be its service account, instead of its application.
        ca_bundle: what its certificate is to be trusted by.
    """
    found: dict[str, str] = {"endpoint": url, "proxy": "none"}
    if ca_bundle is not None:
        found["ca_bundle"] = ca_bundle
    if oauth2:
        return {**found, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "token_url": token_url}
    return {**found, **{name: str(value) for name, value in ACCESS_KEYS.items()}}


def conf_lines(settings: Mapping[str, str]) -> list[str]:
    """Return the same as lines of ``ovh.conf``."""
    rest = [f"{name} = {value}" for name, value in settings.items() if name != "endpoint"]
    return ["[default]", f"endpoint = {settings['endpoint']}", "", f"[{settings['endpoint']}]", *rest]


def overview(sandbox: Controlled, origin: str, query: Mapping[str, str]) -> Response:
    """Return the page.

    Args:
        sandbox: what is shown.
        origin: where the page was asked for, as ``"http://127.0.0.1:8080"``.
        query: ``resource`` names the one that is shown as a whole.
    """
    resources = sandbox.own()
    name = query.get("resource")
    if name is not None:
        return _one_resource(name, resources, sandbox.held(name))
    lines = conf_lines(variables(f"{origin}/1.0", f"{origin}/auth/oauth2/token"))
    every = "&".join(f"{method}=/*" for method in ("GET", "POST", "PUT", "DELETE"))
    own_keys = element("a", "create API keys", href=f"/createToken/?{every}")
    sections = (
        ("use", "Use it", [element("p", "In ovh.conf:"), element("pre", "\n".join(lines))]),
        ("keys", "Keys", [_keys(sandbox), element("p", "For keys of your own, ", own_keys, ".")]),
        ("clients", "OAuth2 clients", [_clients(sandbox)]),
        ("resources", "Resources", [_resources(resources, sandbox.held())]),
        ("calls", "Calls", [element("p", f"The last {_MOST_CALLS}, the newest first."), _calls(sandbox)]),
        ("settings", "Settings", [_settings(sandbox)]),
    )
    return page(
        "What is in this sandbox",
        element("nav", [[element("a", title, href=f"#{place}"), " "] for place, title, _ in sections]),
        [_section(*section) for section in sections],
        wide=True,
    )


def _section(place: str, title: str, content: Content) -> Html:
    return element("section", element("h2", title, id=place), content, aria_labelledby=place)


def _table(heads: tuple[str, ...], rows: list[tuple[Content, ...]], nothing: str) -> Html:
    if not rows:
        return element("p", nothing, class_="soft")
    head = element("tr", *(element("th", text, scope="col") for text in heads))
    body = [
        element("tr", *(element("td", cell, data_head=text) for text, cell in zip(heads, row, strict=True)))
        for row in rows
    ]
    table = element("table", element("thead", head), element("tbody", *body), class_="stacked")
    return element("div", table, class_="scroll")


def _keys(sandbox: Controlled) -> Html:
    ring, now = sandbox._state.keys, sandbox.clock.now()
    rows: list[tuple[Content, ...]] = []
    for each in list(ring.credentials.values())[-_MOST_KEYS:]:
        application = application_of(ring, each)
        words = [element("div", f"{right.verbs} {right.what}") for right in rights(each["rules"])]
        state = settle(each, now)
        link: Content = state
        if state == "pendingValidation":
            link = element("a", state, href=f"/auth/?credentialToken={each['credentialToken']}")
        name = application["name"] if application else "(deleted)"
        ends = date(each["expiration"]) or "when revoked"
        rows.append((str(each["credentialId"]), name, link, words, ends, date(each["lastUse"]) or "never"))
    heads = ("Number", "Application", "State", "Rights", "Ends", "Last used")
    return _table(heads, rows, "There are none.")


def _clients(sandbox: Controlled) -> Html:
    rows: list[tuple[Content, ...]] = [
        (each["name"], element("code", each["clientId"]), each["flow"], ", ".join(each["callbackUrls"] or []))
        for each in list(sandbox._state.keys.clients.values())[-_MOST_KEYS:]
    ]
    return _table(("Name", "Id", "Flow", "Callback URLs"), rows, "There are none.")


def _resources(resources: Mapping[str, Any], held: Mapping[str, Any]) -> Html:
    rows: list[tuple[Content, ...]] = []
    for name, value in resources.items():
        count = str(len(value)) if isinstance(value, (list, dict)) else "1"
        kind = "objects" if isinstance(value, list) else "members"
        rows.append((element("a", name, href=f"?resource={name}"), f"{count} {kind}"))
    made = Counter(path.rpartition("/")[0] for path in held)
    for path, number in made.most_common(_MOST_KEYS):
        rows.append((element("a", path, href=f"?resource={quote(path, safe='')}"), f"{number} made or changed"))
    return _table(("Name", "How many"), rows, "There are none.")


def _one_resource(name: str, resources: Mapping[str, Any], held: Mapping[str, Any]) -> Response:
    back = element("p", element("a", "Back", href="./"))
    if name not in resources and not held:
        return page("There is no such resource", back, status=404, wide=True)
    return page(name, back, element("pre", _text(resources.get(name, held))), wide=True)


def _text(value: Any) -> str:
    """Return JSON to be read; of what is long, the beginning."""
    if isinstance(value, str):
        return value
    text = ""
    for piece in json.JSONEncoder(ensure_ascii=False, indent=2, default=str).iterencode(value):
        text += piece
        if len(text) > _MOST_TEXT:
            return text[:_MOST_TEXT] + "\n..."
    return text


def _calls(sandbox: Controlled) -> Html:
    rows: list[tuple[Content, ...]] = []
    for each in reversed(sandbox.log(_MOST_CALLS)):
        fields = "\n".join(f"{name}: {value}" for name, value in each["headers"])
        body = "" if each["body"] is None else f"\n\n{_text(each['body'])}"
        more = element("details", element("summary", "What was sent"), element("pre", fields + body))
        target = each["path"] + (f"?{each['query']}" if each["query"] else "")
        status = str(each["status"] or "none")
        rows.append((each["time"][11:23], each["method"], element("code", target), status, more))
    return _table(("Time (UTC)", "Method", "Path", "Answer", "Request"), rows, "Nothing was called yet.")


def _settings(sandbox: Controlled) -> Html:
    clock = {"offset": sandbox.clock.offset, "frozen": sandbox.clock.frozen}
    shown = {**sandbox.settings(), "clock": clock, "snapshots": sandbox.kept}
    rows: list[tuple[Content, ...]] = [(name, element("code", _text(value))) for name, value in shown.items()]
    return _table(("Name", "Value"), rows, "")
