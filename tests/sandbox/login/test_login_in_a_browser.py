"""The same pages in a real browser, by keyboard, on a telephone's screen, without JavaScript.

``OVHCORE_SCREENSHOTS=FOLDER`` keeps pictures of them, wide and narrow.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import ovhcore as ovh
from ovhcore.protocol.requests.access_rules import access_rules, recursive_rules
from ovhcore_transports.sandbox import ACCESS_KEYS, APPLICATION_KEY, APPLICATION_SECRET, Server, serve

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright, which drives a browser, is not installed")

pytestmark = pytest.mark.once

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
WIDE, NARROW = {"width": 1200, "height": 800}, {"width": 400, "height": 800}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if BROWSER is None:
        pytest.skip("no Chromium is installed (Debian's package chromium)")
    with playwright.sync_playwright() as started:
        arguments = [*QUIET.split(), "--disable-component-update"]
        browser = started.chromium.launch(executable_path=BROWSER, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def served() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture
def application() -> Iterator[str]:
    """The web site of an application, at another origin: what a browser comes back to."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>App</title><h1>Welcome back</h1>")

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/back"
        server.shutdown()


def picture(page: Any, name: str) -> None:
    folder = os.environ.get("OVHCORE_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def unlocked(server: Server) -> ovh.Client:
    return ovh.Client(server.url, APPLICATION_KEY, APPLICATION_SECRET, proxy="none", config=False)


def ask(server: Server, redirection: str | None = None) -> tuple[ovh.Client, str]:
    client = unlocked(server)
    rules = [*recursive_rules(["GET"], "/me"), *recursive_rules(ovh.API_READ_WRITE, "/domain/zone")]
    rules += access_rules(["GET"], "/auth/*")
    return client, client.request_consumerkey(rules, redirection)["validationUrl"]


def fits(page: Any) -> bool:
    """Say whether nothing sticks out of a narrow screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_by_keyboard_on_a_telephone(browser: Any, served: Server, application: str, script: bool) -> None:
    client, url = ask(served, application)
    context = browser.new_context(viewport=NARROW, java_script_enabled=script, is_mobile=True, has_touch=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    picture(page, f"sign-in-narrow-{script}")
    page.locator("[name=account]:focus").wait_for()  # a browser moves the focus some time after it shows a page
    page.keyboard.type("aa1234-ovh")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    assert "wrong" in page.get_by_role("alert").inner_text()
    picture(page, f"wrong-narrow-{script}")
    page.locator("[name=account]:focus").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.type("sandbox-password")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Grant Sandbox application access?").wait_for()
    assert "Read /me and everything below it" in page.inner_text("main")
    if script:
        assert fits(page)
        heights = page.evaluate("[...document.querySelectorAll('button, select')].map(e => e.offsetHeight)")
        assert min(heights) >= 44  # large enough for a thumb
    picture(page, f"grant-narrow-{script}")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Welcome back").wait_for()
    assert page.url == application
    assert client.get("/auth/currentCredential")["expiration"] is not None
    assert not [text for text in complaints if "403" not in text], complaints
    context.close()


def test_two_tabs_and_a_used_link(browser: Any, served: Server) -> None:
    client, url = ask(served)
    context = browser.new_context(viewport=WIDE)
    first, second = context.new_page(), context.new_page()
    first.goto(url)
    second.goto(url)
    picture(first, "sign-in-wide")
    for tab in (first, second):
        tab.get_by_label("Account").fill("ada@example.com")
        tab.get_by_label("Password").fill("sandbox-password")
        tab.get_by_role("button", name="Sign in").click()
    assert "out of date" in second.get_by_role("alert").inner_text()
    picture(first, "grant-wide")
    picture(second, "out-of-date-wide")
    first.get_by_role("button", name="Refuse").click()
    first.get_by_role("heading", name="Access refused").wait_for()
    second.get_by_role("button", name="Accept").click()
    second.get_by_role("heading", name="Access refused").wait_for()
    picture(second, "used-wide")
    with pytest.raises(ovh.InvalidCredential):
        client.get("/me")
    context.close()


def test_keys_of_ones_own(browser: Any, served: Server) -> None:
    context = browser.new_context(viewport=NARROW, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.origin}/createToken/?GET=/me&GET=/me/*&POST=/domain/zone/*&name=My+script&duration=1+day")
    page.get_by_label("Account").fill("aa1234-ovh")
    page.get_by_label("Password").fill("sandbox-password")
    page.get_by_role("button", name="Sign in").click()
    picture(page, "create-token-narrow")
    page.set_viewport_size(WIDE)
    picture(page, "create-token-wide")
    page.get_by_role("button", name="More rights").click()
    page.get_by_label("Path of right 4").fill("/auth/*")
    page.get_by_role("button", name="Create").click()
    picture(page, "keys-wide")
    page.set_viewport_size(NARROW)
    picture(page, "keys-narrow")
    keys: dict[str, Any] = dict(re.findall(r"^(\w+_key|\w+_secret) = (\w+)$", page.inner_text("pre"), re.MULTILINE))
    client = ovh.Client(served.url, proxy="none", config=False, **keys)
    assert client.get("/me")["firstname"] == "Ada"
    assert len(client.get("/auth/currentCredential")["rules"]) == 4
    context.close()


def test_pages_can_be_read_by_everyone(browser: Any, served: Server) -> None:
    """Contrast in both colour schemes, a label for each field, a language."""
    _, url = ask(served)
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport=NARROW, color_scheme=scheme)
        page = context.new_page()
        page.goto(url)
        page.get_by_label("Account").fill("aa1234-ovh")
        page.get_by_label("Password").fill("sandbox-password")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Accept").wait_for()
        picture(page, f"grant-narrow-{scheme}")
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]), select')].every(e => e.labels.length)"
        )
        assert page.evaluate(_LEAST_CONTRAST) >= 4.5
        context.close()


_LEAST_CONTRAST = """() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = color => {
    const [r, g, b] = parts(color).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (let each = element; each; each = each.parentElement) {
      const color = getComputedStyle(each).backgroundColor;
      if (parts(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };
  let least = 21;
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    least = Math.min(least, (a + 0.05) / (b + 0.05));
  }
  return least;
}"""


def test_what_is_in_it(browser: Any, served: Server) -> None:
    client, _ = ask(served)
    own = ovh.Client(served.url, proxy="none", config=False, **ACCESS_KEYS)
    own.put("/me", firstname="Grace")
    own.get("/me/bill", **{"date.from": "2026-01-01"})
    with pytest.raises(ovh.InvalidCredential):
        client.get("/me")
    own.close()
    context = browser.new_context(viewport=NARROW)
    page = context.new_page()
    page.goto(served.page_url)
    page.get_by_text("What was sent").nth(1).click()
    assert "x-ovh-consumer: <redacted>" in page.inner_text("details[open]")
    assert fits(page)
    assert page.evaluate(_LEAST_CONTRAST) >= 4.5
    picture(page, "overview-narrow")
    page.set_viewport_size(WIDE)
    picture(page, "overview-wide")
    page.get_by_role("link", name="bills").click()
    page.get_by_text("FR54100001").first.wait_for()
    picture(page, "resource-wide")
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="pendingValidation").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    context.close()


def test_a_page_of_another_site_cannot_call(browser: Any, served: Server, application: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(application)
    tried = """async url => {
      const outcomes = [];
      for (const options of [{}, {mode: "no-cors"}, {method: "POST"}, {method: "POST", mode: "no-cors", body: "x"}])
        outcomes.push(await fetch(url, options).then(answer => answer.type + answer.status, error => error.name));
      return outcomes;
    }"""
    outcomes = page.evaluate(tried, f"{served.origin}/_sandbox/reset")
    assert outcomes == ["TypeError", "opaque0", "TypeError", "opaque0"]
    assert page.evaluate(tried, f"{served.origin}/1.0/auth/time") == outcomes
    assert served.sandbox.received.total() == 0
    context.close()
