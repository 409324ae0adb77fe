"""``/createToken``: an application's three keys at once, for its owner; and ``/createApp``, for its two."""

from __future__ import annotations

from typing import Final

from ovhcore.protocol import Response

from .html import Content, Html, element, page
from .keys import new_application, new_credential
from .matters import Matter, buttons, field, form, note, validity_field
from .validating import rights_list, sign_out_form
from .visits import Visiting
from .words import VALIDITIES

__all__ = ["open_application_form", "open_token_form"]

_METHODS: Final = ("GET", "POST", "PUT", "DELETE")
_MOST_RULES: Final = 100
_MORE: Final = 4
_LONGEST: Final = 200


def open_token_form(visiting: Visiting) -> Matter | Response:
    """Return the form for an application with a consumer key; ``?GET=/me&POST=/sms/*&name=...`` fills it in."""
    return _NewKeys(rules=True)


def open_application_form(visiting: Visiting) -> Matter | Response:
    """Return the form for an application alone."""
    return _NewKeys(rules=False)


def _asked_rules(visiting: Visiting) -> list[dict[str, str]]:
    """Return the rules that the URL asks for."""
    return [{"method": name, "path": path} for name, path in visiting.query if name in _METHODS][:_MOST_RULES]


def _given_rules(visiting: Visiting) -> list[dict[str, str]]:
    """Return the rules of a form, but for the rows that were left empty."""
    methods = [value for name, value in visiting.form if name == "method"]
    paths = [value.strip() for name, value in visiting.form if name == "path"]
    pairs = zip(methods, paths, strict=False)
    return [{"method": method, "path": path} for method, path in pairs if path][:_MOST_RULES]


def _row(number: int, rule: dict[str, str] | None) -> Html:
    chosen = rule["method"] if rule else "GET"
    options = [element("option", method, value=method, selected=method == chosen) for method in _METHODS]
    return element(
        "div",
        element("select", *options, name="method", aria_label=f"Method of right {number}"),
        element(
            "input",
            name="path",
            value=rule["path"] if rule else "",
            placeholder="/me/*",
            aria_label=f"Path of right {number}",
        ),
        class_="rule",
    )


class _NewKeys:
    """New keys for an application of one's own."""

    leads_to: str | None = None

    def __init__(self, *, rules: bool) -> None:
        self._rules = rules

    def introduction(self) -> Content:
        kind = "its three keys" if self._rules else "its key and its secret"
        return element("p", f"Sign in to register an application of yours, and get {kind}.")

    def question(self, visiting: Visiting, notice: Content, status: int) -> Response:
        sent = bool(visiting.form)
        name = visiting.said("name") if sent else visiting.asked("name") or visiting.asked("applicationName")
        about = (
            visiting.said("description")
            if sent
            else visiting.asked("description") or visiting.asked("applicationDescription")
        )
        return page(
            "Create API keys" if self._rules else "Create an application",
            notice,
            form(
                visiting,
                field("name", "Application name", name, required=True, maxlength=str(_LONGEST)),
                field("description", "Application description", about, maxlength=str(_LONGEST)),
                self._rights(visiting, _given_rules(visiting) if sent else _asked_rules(visiting))
                if self._rules
                else None,
                buttons(("create", "Create"), *([("more", "More rights")] if self._rules else [])),
            ),
            sign_out_form(visiting),
            status=status,
        )

    def _rights(self, visiting: Visiting, rules: list[dict[str, str]]) -> Content:
        asked = visiting.said("validity") or visiting.asked("duration") or visiting.asked("validity")
        chosen = next((name for name in VALIDITIES if name.lower() == asked.lower()), "Unlimited")
        empty = _MORE if visiting.said("action") == "more" or not rules else 1
        rows = [_row(number, rule) for number, rule in enumerate([*rules, *[None] * empty], 1)]
        hint = (
            "A path with * stands for anything: /me is one path of the API, /me/* everything below it. "
            "Rows without a path are left out."
        )
        return [
            validity_field(VALIDITIES, chosen),
            element("fieldset", element("legend", "Rights"), element("p", hint, class_="soft"), *rows),
            [element("h2", "In words"), rights_list(rules)] if rules else None,
        ]

    def answer(self, visiting: Visiting) -> Response:
        if visiting.said("action") != "create":
            return self.question(visiting, None, 200)
        name, about = visiting.said("name").strip(), visiting.said("description").strip()
        rules, validity = _given_rules(visiting), visiting.said("validity") or "Unlimited"
        wrong = _wrong(name, about, rules if self._rules else None, validity)
        if wrong:
            return self.question(visiting, note(wrong), 400)
        state = visiting.state
        application = new_application(state, name, about)
        keys = {
            "application_key": application["applicationKey"],
            "application_secret": application["applicationSecret"],
        }
        if self._rules:
            credential = new_credential(state, application, rules, visiting.now, state="validated")
            seconds = VALIDITIES[validity]
            credential["expiration"] = None if seconds is None else visiting.now + seconds
            keys["consumer_key"] = credential["consumerKey"]
        return _keys_page(visiting, name, keys)


def _wrong(name: str, about: str, rules: list[dict[str, str]] | None, validity: str) -> str:
    """Return what is wrong with a form, "" for nothing."""
    if not name or len(name) > _LONGEST or len(about) > _LONGEST:
        return f"An application has a name; name and description have at most {_LONGEST} characters."
    if rules is None:
        return ""
    if not rules:
        return "At least one right is needed, as GET /me."
    if validity not in VALIDITIES:
        return f"There is no validity {validity!r}."
    for rule in rules:
        if rule["method"] not in _METHODS or not rule["path"].startswith("/"):
            return (
                f"A right is a method and a path that begins with /, as GET /me, not {rule['method']} {rule['path']}."
            )
    return ""


def _keys_page(visiting: Visiting, name: str, keys: dict[str, str]) -> Response:
    labels = {
        "application_key": "Application key",
        "application_secret": "Application secret",
        "consumer_key": "Consumer key",
    }
    shown = [
        [element("dt", labels[each]), element("dd", element("code", value, id=each.replace("_", "-")))]
        for each, value in keys.items()
    ]
    lines = "\n".join([f"[{visiting.origin}/1.0]", *(f"{each} = {value}" for each, value in keys.items())])
    return page(
        "Your keys",
        element("p", "These are the keys of ", element("strong", name), ". They are shown once: copy them now."),
        element("dl", *shown),
        element("h2", "For ovh.conf"),
        element("pre", f"[default]\nendpoint = {visiting.origin}/1.0\n\n{lines}"),
    )
