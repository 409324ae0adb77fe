"""Pages: elements that escape what they are given, one look, and header fields that keep foreign scripts out."""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from ovhcore.protocol import Response

__all__ = ["Content", "Html", "element", "form_target", "page", "redirect"]


class Html(str):
    """Text that is HTML already; whatever else becomes part of a page is escaped."""

    __slots__ = ()


Content: TypeAlias = "str | Iterable[Content] | None"

_EMPTY: Final = frozenset({"input", "br", "hr", "meta", "link"})


def _written(content: Content) -> str:
    if content is None:
        return ""
    if isinstance(content, Html):
        return content
    if isinstance(content, str):
        return html.escape(content)
    return "".join(map(_written, content))


def element(tag: str, *content: Content, **attributes: Any) -> Html:
    """Return an element.

    Args:
        tag: its name.
        content: what is in it; what is not :class:`Html` is escaped.
        attributes: True for one without a value, None or False for none; an underscore at the end is left out,
            others are hyphens.

    >>> element("p", "a < b", class_="note", hidden=True)
    '<p class="note" hidden>a &lt; b</p>'
    """
    written = ""
    for name, value in attributes.items():
        name = name.rstrip("_").replace("_", "-")
        if value is True:
            written += f" {name}"
        elif value is not None and value is not False:
            written += f' {name}="{html.escape(str(value))}"'
    if tag in _EMPTY:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{_written(content)}</{tag}>")


_STYLE: Final = """
:root { color-scheme: light dark; --text: #16203a; --soft: #4a5878; --ground: #f3f5fb; --card: #fff; --line: #c9d1e4;
  --main: #000e9c; --on-main: #fff; --warn: #8a1c00; --warn-ground: #fff1ec; --good: #0b5a2b; }
@media (prefers-color-scheme: dark) { :root { --text: #e8ecf7; --soft: #aab5d0; --ground: #10162a; --card: #1a2240;
  --line: #3a4670; --main: #9db4ff; --on-main: #0b1020; --warn: #ffb59e; --warn-ground: #3a1a12; --good: #8fe0ad; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 42rem; margin: 0 auto; padding: 0 1rem; }
.wide header, .wide main, .wide footer { max-width: 72rem; }
header { padding-top: 1rem; font-weight: 600; color: var(--soft); }
main { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; margin: 1rem auto;
  padding: 1.5rem; }
footer { color: var(--soft); font-size: .875rem; padding-bottom: 2rem; }
@media (max-width: 44rem) { main { margin: 1rem; padding: 1rem; } }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; } h2 { font-size: 1.125rem; margin: 1.5rem 0 .5rem; }
a { color: var(--main); } code, pre, .key { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: var(--ground); border-radius: .5rem; padding: .75rem; overflow-x: auto; white-space: pre-wrap; }
label, legend { display: block; font-weight: 600; margin: 1rem 0 .25rem; }
fieldset { border: 0; padding: 0; margin: 1rem 0 0; min-width: 0; } legend { padding: 0; }
input, select, button { font: inherit; color: inherit; min-height: 2.75rem; border-radius: .5rem;
  border: 1px solid var(--soft); padding: .5rem .75rem; background: var(--card); max-width: 100%; }
input { width: 100%; } .rule { display: flex; gap: .5rem; margin-bottom: .5rem; } .rule select { flex: 0 0 auto; }
button { cursor: pointer; font-weight: 600; } button.main { background: var(--main); color: var(--on-main);
  border-color: var(--main); } .buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
.buttons button { flex: 1 1 8rem; }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
.soft { color: var(--soft); } .wrong { color: var(--warn); background: var(--warn-ground); border-radius: .5rem;
  padding: .75rem; } .good { color: var(--good); } ul.rights { padding-left: 1.25rem; }
ul.rights li { margin: .5rem 0; }
ul.rights code { display: inline-block; margin-right: .75rem; color: var(--soft); font-size: .875rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { text-align: left; vertical-align: top; padding: .375rem .5rem; border-bottom: 1px solid var(--line); }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
@media (max-width: 44rem) { .stacked, .stacked tbody, .stacked tr, .stacked td { display: block; }
  .stacked thead { display: none; } .stacked tr { border-bottom: 2px solid var(--line); padding: .5rem 0; }
  .stacked td { border: 0; padding: .125rem 0; overflow-wrap: anywhere; }
  .stacked td::before { content: attr(data-head) ": "; color: var(--soft); font-size: .875rem; } }
nav a { display: inline-block; padding: .5rem .75rem .5rem 0; }
summary { cursor: pointer; min-height: 2.75rem; padding: .5rem 0; }
"""
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()


def form_target(url: str | None) -> str:
    """Return what the answer to a form may lead to besides the sandbox, as a source of a Content-Security-Policy.

    >>> form_target("https://app.example.com:8443/back?x=1"), form_target("javascript:alert(1)"), form_target(None)
    ('https://app.example.com:8443', '', '')
    """
    try:
        parts = urlsplit(url or "")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not name:
        return ""
    host = f"[{name}]" if ":" in name else name
    if not host.isascii() or any(not (char.isalnum() or char in "-._[]:") for char in host):
        return ""
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def page(
    title: str,
    *content: Content,
    status: int = 200,
    leads_to: str | None = None,
    wide: bool = False,
    headers: Iterable[tuple[str, str]] = (),
) -> Response:
    """Return a page.

    Args:
        title: its title, and its heading.
        content: what follows.
        status: of the answer.
        leads_to: where the answer to a form of this page may redirect to.
        wide: whether it has tables.
        headers: more header fields.
    """
    head = (
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="robots", content="noindex"),
        element("title", f"{title} - OVHcloud sandbox"),
        element("style", Html(_STYLE)),
    )
    body = (
        element("header", "OVHcloud API sandbox"),
        element("main", element("h1", title), *content),
        element("footer", "This is an imitation on your machine. Nothing here reaches OVHcloud."),
    )
    written = "<!DOCTYPE html>" + element(
        "html", element("head", *head), element("body", *body, class_="wide" if wide else None), lang="en"
    )
    target = form_target(leads_to)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'{target and ' ' + target}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    fields = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        ("X-Frame-Options", "DENY"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),  # without any, forms have no Origin either
        ("Cache-Control", "no-store"),
        *headers,
    ]
    return Response(status, fields, written.encode("utf-8", "replace"))


def redirect(url: str, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """Return an answer that sends a browser to a URL, whatever the method was."""
    fields = [("Location", url), ("Cache-Control", "no-store"), ("Referrer-Policy", "same-origin"), *headers]
    return Response(303, fields, b"")
