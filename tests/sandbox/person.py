"""Somebody who reads pages and sends forms, without a browser."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin

from ovhcore.protocol import Request, Response
from ovhcore_transports.sandbox import Sandbox

NOW = 1767225600
ACCOUNT, PASSWORD = "aa1234-ovh", "sandbox-password"


class Page(HTMLParser):
    """What is on a page: its forms with their fields, its text, every tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.tags: list[str] = []
        self.text = ""
        self._select = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attrs)
        if tag == "form":
            self.forms.append({"action": named.get("action") or "", "fields": [], "buttons": []})
        elif tag == "input":
            self.forms[-1]["fields"].append([named["name"], named.get("value") or ""])
        elif tag == "select":
            self._select = named["name"] or ""
            self.forms[-1]["fields"].append([self._select, None])
        elif tag == "option":
            field = self.forms[-1]["fields"][-1]
            if "selected" in named or field[1] is None:
                field[1] = named["value"]
        elif tag == "footer":
            self.text += "\n"
        elif tag == "button":
            self.forms[-1]["buttons"].append(named["value"])

    def handle_data(self, data: str) -> None:
        self.text += data


class Person:
    """A browser with a jar for cookies; ``now`` is the time."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.now: float = NOW
        self.cookies: dict[str, str] = {}
        self.url = ""
        self.response = Response(0, {}, b"")

    def ask(self, method: str, url: str, body: bytes = b"") -> Response:
        fields = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body:
            fields["Content-Type"] = "application/x-www-form-urlencoded"
        self.url = url
        self.response = self.box.handle(Request(method, url, fields if self.cookies else {}, body), self.now)
        for name, value in self.response.headers.pairs:
            if name == "Set-Cookie":
                cookie, _, value = value.partition(";")[0].partition("=")
                self.cookies[cookie] = value
        return self.response

    def open(self, url: str) -> Page:
        self.ask("GET", url)
        return self.page

    @property
    def page(self) -> Page:
        return Page(self.response.text)

    def press(self, action: str, **values: str) -> Page:
        """Fill in the form that has a button, and press that; redirections within the sandbox are followed."""
        form = next(form for form in self.page.forms if action in form["buttons"])
        fields = [(name, values.get(name, value)) for name, value in form["fields"]]
        self.ask("POST", urljoin(self.url, form["action"]), urlencode([*fields, ("action", action)]).encode())
        while self.response.status == 303 and self.response.headers["location"].startswith("/"):
            self.ask("GET", urljoin(self.url, self.response.headers["location"]))
        return self.page

    def sign_in(self, account: str = ACCOUNT, password: str = PASSWORD) -> Page:
        return self.press("sign-in", account=account, password=password)
