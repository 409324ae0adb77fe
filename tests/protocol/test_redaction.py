# ruff: noqa: E501 - tables
"""What is secret is hidden whatever its name, spelling, container and encoding; the rest stays, and nothing is lost."""

from __future__ import annotations

import html
import json
import random
import subprocess
import sys
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ovhcore.exceptions import InvalidConfiguration, ReadTimeout
from ovhcore.protocol import redaction
from ovhcore.protocol.credentials import ApplicationKey
from ovhcore.protocol.messages import Request
from ovhcore.protocol.redaction import (
    REDACTED,
    Redaction,
    ShownURL,
    is_secret_header,
    is_secret_name,
    redact_json,
    redact_text,
    redact_url,
    redactor,
)
from ovhcore.protocol.responses.attempts import Attempt
from ovhcore.protocol.responses.decoding import redact_error
from ovhcore.protocol.secrets.learning import secrets_of_request
from ovhcore.protocol.secrets.redacting import Redactor
from tests.profiles import tries

pytestmark = pytest.mark.once

MANY = settings(max_examples=tries(250, 25_000))  # of each of four: a hundred thousand
SOME = settings(max_examples=tries(100, 5_000))
PLAIN = Redactor()

# Names

WORDS = [
    "password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "jwt", "otp", "psk", "pin", "api key",
    "private key", "secret key", "access key", "secret access key", "consumer key", "application key", "client secret",
    "access token", "refresh token", "token value", "admin pass", "auth info", "auth code", "session id", "cookie",
    "authorization", "root password", "rescue password", "new password", "shared secret", "pre shared key",
    "encryption key", "security code", "recovery codes", "private key pem", "client key data", "db password 2",
    "connection string", "user token", "credential token", "qrcode helper", "kube config", "signing key",
]  # fmt: skip
OTHERS = st.sampled_from(["", "", "my ", "x ", "zorg ", "new ", "user ", "the old ", "wlan 2 "])


def camel(words: list[str]) -> str:
    return words[0] + "".join(word.capitalize() for word in words[1:])


SPELLINGS: dict[str, Callable[[list[str]], str]] = {
    "camel": camel,
    "pascal": lambda words: "".join(word.capitalize() for word in words),
    "snake": "_".join,
    "kebab": "-".join,
    "dots": ".".join,
    "upper": lambda words: "_".join(words).upper(),
    "header": lambda words: "X-" + "-".join(word.capitalize() for word in words),
}
TOGETHER: dict[str, Callable[[list[str]], str]] = {
    "joined": "".join,
    "acronyms": lambda words: "".join(word.upper() if len(word) < 4 else word.capitalize() for word in words),
    "joined upper": lambda words: "".join(words).upper(),
}

names = st.one_of(
    st.builds(lambda how, other, words: how((other + words).split()), st.sampled_from([*SPELLINGS.values()]), OTHERS,
              st.sampled_from(WORDS)),
    st.builds(lambda how, words: how(words.split()), st.sampled_from([*TOGETHER.values()]), st.sampled_from(WORDS)),
)  # fmt: skip

# Values: of what any program may write without quotes, and of anything at all.
bare = st.text("abcdefghijkXYZ0123456789-_./+$*!~^", min_size=3, max_size=20).map(lambda text: f"Zq7{text}8w")
anything = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=3, max_size=20).map(
    lambda text: f"Zq7{text}8w"
)


def in_json(name: str, value: str) -> str:
    return json.dumps({"keep1": "a", name: value, "keep2": ["b"]}, ensure_ascii=len(value) % 2 == 0)


QUOTED: dict[str, Callable[[str, str], str]] = {
    "JSON": in_json,
    "compact JSON in a text": lambda name, value: "keep1 " + json.dumps({name: value}, separators=(",", ":")) + " keep2",
    "deep JSON": lambda name, value: json.dumps({"keep1": [{"a": {name: [value, {"b": value}]}}], "keep2": 1}),
    "JSON cut off": lambda name, value: '{"keep1": 1, "keep2": 2, ' + json.dumps({name: value})[1:-2],
    "JSON within JSON": lambda name, value: json.dumps({"keep1": in_json(name, value), "keep2": 1}),
    "a member twice": lambda name, value: '{"keep1": 1, ' + f'"{name}": {json.dumps(value)}, "{name}": null, "keep2": 2}}',
    "a list of pairs": lambda name, value: json.dumps([["keep1", "a"], [name, value], ["keep2", "b"]]),
    "names and values": lambda name, value: json.dumps([{"name": name, "value": value}, {"name": "keep1", "v": "keep2"}]),
    "form": lambda name, value: f"keep1=a&{quote_plus(name)}={quote_plus(value)}&keep2=b",
    "query": lambda name, value: f"https://h/keep1?a=1&{quote(name)}={quote(value, safe='')}&keep2=b#c",
    "relative query": lambda name, value: f"/keep1?{quote(name)}={quote(value, safe='')}&keep2=b",
    "XML": lambda name, value: f"<a><keep1>a</keep1><{name}>{escape(value)}</{name}><keep2/></a>",
    "XML, named elsewhere": lambda name, value: f"<keep1/><o:{name} lang='x'>{escape(value)}</o:{name}> keep2",
    "XML, verbatim": lambda name, value: f"<keep1/><{name}><![CDATA[{value}]]></{name}> keep2",
    "multipart": lambda name, value: (
        f'--x\r\nContent-Disposition: form-data; name="keep1"\r\n\r\na\r\n--x\r\n'
        f'Content-Disposition: form-data; name="{name}"\r\nContent-Type: text/plain\r\n\r\n{value}\r\n--x--\r\nkeep2'
    ),
}  # fmt: skip
BARE: dict[str, Callable[[str, str], str]] = {
    "log": lambda name, value: f"keep1 {name}={value} keep2",
    "log with commas": lambda name, value: f"keep1, {name}={value}, keep2=a",
    "log with a colon": lambda name, value: f"keep1: a {name}: {value} keep2: b",
    "spaces around": lambda name, value: f"keep1 = a\n{name} = {value}\nkeep2 = b",
    "YAML": lambda name, value: f"keep1: a\n{name}: {value} and more Zq7{value}\nkeep2: b",
    "YAML, a block": lambda name, value: f"keep1: a\n{name}: |\n  {value}\n  {value}\nkeep2: b",
    "quotes": lambda name, value: f"keep1 {name}='{value} x' keep2",
    "double quotes": lambda name, value: f'keep1 {name}="{value} x" keep2',
    "Python": lambda name, value: repr({"keep1": 1, name: value, "keep2": 2}),
    "pairs of Python": lambda name, value: repr([("keep1", "a"), (name, value), ("keep2", "b")]),
    "bytes of Python": lambda name, value: repr([(b"keep1", b"a"), (name.encode(), value.encode()), (b"keep2", b"b")]),
    "a flag": lambda name, value: f"keep1 --{name} {value} --keep2",
    "an attribute": lambda name, value: f'<keep1 a="b" {name}="{value}" c="keep2"/>',
    "an input": lambda name, value: f'<keep1/><input type="text" name="{name}" value="{value}"> keep2',
    "an arrow": lambda name, value: f"keep1 => a, '{name}' => '{value}', keep2 => b",
    "another arrow": lambda name, value: f"keep1 -> a, {name} -> {value}, keep2 -> b",
    "a comparison": lambda name, value: f"keep1 == a and {name} == {value} and keep2",
    "a comparison of Python": lambda name, value: f"keep1=='' and {name}=={value!r} and keep2",
    "several lines of Python": lambda name, value: f'keep1 = 1\n{name} = """\n{value}\n{value}\n"""\nkeep2 = 2',
    "several lines, cut off": lambda name, value: f"keep1 = 1\n{name} = '''{value}\n{value}",
    "quotes of CSV": lambda name, value: f'keep1,"{name}=""{value}"", a",keep2',
    "YAML, a list": lambda name, value: f"keep1: a\n{name}:\n- {value}\n- {value}\nkeep2: b",
    "YAML, a tag": lambda name, value: f"keep1: a\n{name}: !!str {value}\nkeep2: b",
    "YAML, an anchor": lambda name, value: f"keep1: a\n{name}: &a {value}\nkeep2: b",
}
ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent": lambda text: quote(text, safe=""),
    "percent, lower": lambda text: quote(text, safe="").replace("%2", "%2").replace("%3A", "%3a").replace("%3D", "%3d"),
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML": html.escape,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, twice": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "HTML in JSON": lambda text: json.dumps(html.escape(text))[1:-1],
}


def spellings(value: str) -> set[str]:
    """Return every spelling of a value that this file writes."""
    once = {value, escape(value), quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1], html.escape(value)}
    once |= {json.dumps(value, ensure_ascii=False)[1:-1]}
    return once | {encode(spelled) for encode in ENCODINGS.values() for spelled in once}


def check(text: str, value: str, *kept: str) -> None:
    shown = redact_text(text)
    assert not [spelled for spelled in spellings(value) if spelled in shown], shown
    assert all(each in shown for each in kept), shown
    assert redact_text(shown) == shown


@MANY
@given(names, anything, st.sampled_from([*QUOTED]), st.sampled_from([*ENCODINGS]))
def test_no_value_is_shown_in_any_container_and_encoding(name: str, value: str, container: str, encoding: str) -> None:
    if container in ("XML, verbatim", "multipart"):
        assume("]]>" not in value and "--" not in value)
    if container.startswith("XML"):
        assume(not name[0].isdigit())
    kept: tuple[str, ...] = ("keep1", "keep2")
    if container == "deep JSON" and not {'"', "'", "\\"}.isdisjoint(value):
        kept = ("keep1",)  # without its escapes, nothing says where a list ends
    check(ENCODINGS[encoding](QUOTED[container](name, value)), value, *kept)


@MANY
@given(names, bare, st.sampled_from([*BARE]), st.sampled_from([*ENCODINGS]))
def test_no_value_is_shown_that_programs_write_by_hand(name: str, value: str, container: str, encoding: str) -> None:
    if "YAML" in container:
        assume(encoding in ("as it is", "JSON", "JSON, twice", "percent", "percent, twice"))
    # Where lines are escaped, nothing says where one without quotes ends.
    ends = container != "several lines, cut off" and (container != "spaces around" or "JSON" not in encoding)
    if (container == "log with a colon" or encoding.startswith("HTML")) and name.lower() in ("cookie", "authorization"):
        ends = False  # what they have has blanks, and so goes on to the end of the line
    kept = ("keep1", "keep2") if ends else ("keep1",)
    check(ENCODINGS[encoding](BARE[container](name, value)), value, *kept)


@SOME
@given(names, anything)
def test_no_value_is_shown_of_json_urls_and_headers(name: str, value: str) -> None:
    shown = redact_json({"a": [{name: value, "keep": "b"}, {name: {"c": [value]}}]})
    assert value not in str(shown)
    assert shown["a"][0]["keep"] == "b"
    assert redact_json(shown) == shown
    url = f"https://h/a?keep=1&{quote(name)}={quote(value, safe='')}"
    assert redact_url(url) == f"https://h/a?keep=1&{quote(name)}={REDACTED}"
    assert PLAIN.headers([(name, value), ("X-Keep", "b")]) == [(name, REDACTED), ("X-Keep", "b")]
    assert redact_url(redact_url(url)) == redact_url(url)


@pytest.mark.parametrize(
    "name",
    ["newPassword", "api_key", "privateKey", "secret_access_key", "adminPass", "authInfo", "otp", "passcode", "psk", "jwt", "sessionId", "tokenValue", "authorization", "cookie", "adminPassword", "rootPassword", "rescuePassword", "secretKey", "NEW-PASSWORD", "APIKEY", "ApiKey", "apikey", "client-key-data", "accesstoken", "accessTokenSecret", "validationUrl", "userpassword", "PASSWORD2", "pAsSwOrD", "passWord", "db.password", "mysecret", "zorgtoken", "X-Amz-Security-Token", "credentialToken", "X-Ovh-Signature", "JSESSIONID", "motDePasse", "mdp", "authCode", "backupCodes", "cLiEnTsEcReT", "user[password]", "private_key_pem", "signature", "credentials", "passwordxyz", "kubeConfig", "cvv", "puk"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["publicKey", "keyId", "tokenType", "author", "monkey", "passwordLastUpdate", "keyboard", "secretary", "tokens_left", "tokenExpiresIn", "token_url", "authority", "authorized", "keyName", "turkey", "donkey", "hockey", "sshKey", "compass", "bypass", "passed", "expires_in", "maxTokens", "keyword", "keypair", "pinned", "spinner", "ping", "mapping", "shipping", "tokenizer", "passwordless", "passport", "passenger", "sortKey", "primaryKey", "cookieName", "secretName", "passwordPolicy", "accessKeyId", "key_ops", "sshPublicKey", "sessionTimeout", "signatory", "design", "assignment", "significant", "qrCode", "planCode", "postalCode", "errorCode", "resendOTP"],
)  # fmt: skip
def test_names_that_are_none(name: str) -> None:
    assert not is_secret_name(name)
    assert not PLAIN.is_secret_header(name)


@pytest.mark.parametrize(
    "name", ["key", "auth", "sig", "Signature", "X-Amz-Signature", "X-Amz-Credential", "sid", "hmac"]
)
def test_names_that_are_secret_in_queries(name: str) -> None:
    assert redact_url(f"https://h/a?{name}=abc&b=1") == f"https://h/a?{name}={REDACTED}&b=1"


# Forms

PEM = "-----BEGIN {0}PRIVATE KEY-----\nMIIEvQIBADANBg+kq/hkiG9w0B==\nZq7body8w\n-----END {0}PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJacTdib2R5OHcifQ.Zq7body8w-sig_nature"
FORMS = {
    "PEM": PEM.format(""),
    "PEM, RSA": PEM.format("RSA "),
    "PEM, OpenSSH": PEM.format("OPENSSH "),
    "PEM, encrypted": PEM.format("ENCRYPTED ").replace("KEY-----\nMII", "KEY-----\nProc-Type: 4,ENCRYPTED\n\nMII", 1),
    "JWT": JWT,
    "JWT, encrypted": f"{JWT}.Zq7body8w.AAAA",
    "bearer": "Authorization was Bearer Zq7body8w",
    "basic": "sent Basic " + b64encode(b"user:Zq7body8w").decode(),
    "user": "https://user:Zq7body8w@h/",
    "user with a slash": "x://u:p/Zq7body8w@h",
    "user with more": "x://u:p?#@/Zq7body8w@h",
    "user alone": "https://Zq7body8w@h/a",
    "signature": "$1$" + "0123456789abcdef" * 2 + "01234567",
    "presigned": "https://s3/a?X-Amz-Credential=Zq7body8w&X-Amz-Signature=Zq7body8w&X-Amz-Expires=60",
    "presigned, Azure": "https://a/b?sv=2020&sig=Zq7body8w%3D&se=2026",
    "presigned, Swift": "https://a/b?temp_url_sig=Zq7body8w&temp_url_expires=1",
    "kubeconfig": "users:\n- name: a\n  user:\n    client-certificate-data: LS0x\n    client-key-data: Zq7body8w\n",
    "PuTTY": "Private-Lines: 2\nZq7body8w\nAAAA\nPrivate-MAC: 0a1b\n",
    "PEM in base64": b64encode(PEM.format("RSA ").encode()).decode(),
}
MARKS = (
    "Zq7body8w",
    b64encode(b"user:Zq7body8w").decode(),
    "0123456789abcdef",
    "LS0tLS1CRUdJTiBSU0E",
    "MIIEv",
    "kq/hk",
)


@SOME
@given(
    st.sampled_from([*FORMS]), st.sampled_from([*ENCODINGS]), st.sampled_from(["", "keep1: ", "(", '"', " "]),
    st.sampled_from(["", " keep2", ")", '"', "\n"]),
)  # fmt: skip
def test_secrets_are_known_by_their_form(form: str, encoding: str, before: str, after: str) -> None:
    text = ENCODINGS[encoding](f"{before}{FORMS[form]}{after}")
    shown = redact_text(text)
    for mark in MARKS:
        for spelled in (mark, quote(mark, safe="")):
            assert spelled not in shown, shown
    assert redact_text(shown) == shown
    assert json.loads(json.dumps(redact_json({"a": text}))) == {"a": shown}


@pytest.mark.parametrize(
    "text",
    [
        "'password='. We're still",
        "password: must be long",
        "Invalid token: expired",
        "The token is wrong; Basic support, a Bearer token",
        "Basic authentication is required",
        "http://127.0.0.1:8080/1.0/me/contact/a@b.example",
        "https://h:80,x@y see https://h/@x and mail a@b.example",
        "urn:v1:eu:identity:credential:xx1111-ovh/oauth2-abc",
        "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
        b64encode(b"-----BEGIN CERTIFICATE-----\nMII").decode(),
        "keyboard=qwerty&tokenType=bearer&author=me",
        '{"password": null, "token": true, "secret": "", "tokens": []}',
        "password=true password: null",
        "",
        "eyJ and eyJhbGci. are none",
        "packages.eyJ.module",
        "def token(x) -> str: token -> None",
        "Basic ab=c",
        "Basic abcde",
        "--user me --keyboard x",
        "('name', 'x')",
        '{"name": "me", "value": "x" cut off',
        "<key>team</key><string>x</string>",
        "<password> </password>",
        "user@h://x",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password='a b", "password='<redacted>"),
        ('token: ["a", ("b}", c\\"]} x', "token: <redacted>"),
        ("token: {a: [b]} x", "token: <redacted> x"),
        ("credentials: {a: b, password: c}", "credentials: {a: b, password: <redacted>}"),
        ("Your new password: swordfish.", "Your new password: <redacted>."),
        ("Set-Cookie: a=1; Path=/, b=2\nX: y", "Set-Cookie: <redacted>\nX: y"),
        ("Cookie=a=1; b=2 | x", "Cookie=<redacted> | x"),
        ("Authorization=Digest abc, x", "Authorization=Digest <redacted>, x"),
        ("a: b\npassword: a b # c", "a: b\npassword: <redacted> # c"),
        ("password:\n  a\n\nb: c", "password:\n  <redacted>\n\nb: c"),
        ("password:\n", "password:\n"),
        ("password:\nb: c", "password:\nb: c"),
        ("token=b'abc'", "token=b'<redacted>'"),
        ('password = "a\nb" c', 'password = "<redacted>" c'),
        ("password=a<b", "password=<redacted><b"),
        ("<password>abc", "<password><redacted>"),
        ("<password>abc<x", "<password><redacted><x"),
        ("<password><x>abc</x></password>", "<password><redacted></password>"),
        ("<input name='password'> text", "<input name='password'> text"),
        ("<a name='password'>x</a>", "<a name='password'><redacted></a>"),
        ("<key>password</key>\n<string>abc</string>", "<key>password</key>\n<string><redacted></string>"),
        ("<name>password</name><value><string>abc</string>", "<name>password</name><value><string><redacted></string>"),
        ('Content-Disposition: form-data; name="token"\r\n\r\nabc', 'Content-Disposition: form-data; name="token"\r\n\r\n<redacted>'),
        ("-----BEGIN PRIVATE KEY-----\nMII cut off", "<redacted>"),
        ("password='a\npassword='b\n", "password='<redacted>\npassword='<redacted>\n"),
        ('password="a\npassword=`b` password="c', 'password="<redacted>"c'),
        ("x password=`a\npassword=`b", "x password=`<redacted>`b"),
        ("".join(f"<a{n}password>x" for n in range(40)), "".join(f"<a{n}password><redacted>" for n in range(40))),
        ("%E9token%3Da", "%E9token%3D<redacted>"),
        (json.dumps({"a": '{"token": "b", "n": 1}'}), json.dumps({"a": '{"token": "<redacted>", "n": 1}'})),
        ("user[password]=a&b=c", "user[password]=<redacted>&b=c"),
        ("?token=<redacted>a&b", "?token=<redacted>&b"),
    ],
)  # fmt: skip
def test_how_it_is_hidden(text: str, shown: str) -> None:
    assert redact_text(text) == shown
    assert redact_text(shown) == shown


@pytest.mark.parametrize(
    ("members", "hidden"),
    [
        ({"kty": "RSA", "n": "x", "d": "x", "p": "x", "kid": "x"}, "d p"),
        ({"cert": "x", "key": "x"}, "key"),
        ({"key": "x", "type": "string", "value": "x"}, "value"),
        ({"key": "DB_PASSWORD", "value": "x"}, "value"),
        ({"key": "team", "value": "x"}, ""),
        ({"value": "x", "version": 3}, "value"),
        (
            {"certificate": "x", "privateKey": "x", "intermediates": "x", "name": "x"},
            "certificate privateKey intermediates",
        ),
        ({"payload": "x", "payloadContentType": "x"}, "payload"),
        ({"content": "x"}, "content"),
        ({"content": "x", "name": "x"}, ""),
        ({"credentials": "x", "auth": ["x"], "pin": 1234, "key": "x"}, "credentials auth pin"),
        ({"credentials": {"user": "x"}, "session": 5}, ""),
    ],
)
def test_objects(members: dict[str, Any], hidden: str) -> None:
    shown = redact_json(members)
    assert {name for name in members if shown[name] != members[name]} == set(hidden.split())


# Known values

WAYS: dict[str, Callable[[str], str]] = {
    **ENCODINGS,
    "upper": str.upper,
    "lower": str.lower,
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64, shifted": lambda text: b64encode(f"u:{text}/".encode()).decode(),
    "base64, shifted more": lambda text: urlsafe_b64encode(f"a{text}".encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal, upper": lambda text: text.encode().hex().upper(),
    "percent, all": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent, plus": quote_plus,
    "HTML, all": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML, without semicolons": lambda text: text.replace("&", "&amp").replace("<", "&lt").replace(">", "&gt"),
    "HTML, upper": lambda text: html.escape(text, quote=False).replace("&amp;", "&AMP;").replace("&lt;", "&LT;"),
    "bytes of Python": lambda text: repr(text.encode())[2:-1],
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "Python": ascii,
    "JavaScript": lambda text: "".join(f"\\u{{{ord(each):x}}}" for each in text),
    "base64 of JSON": lambda text: b64encode(json.dumps(text).encode()).decode(),
    "base64 of HTML": lambda text: b64encode(html.escape(text).encode()).decode(),
    "base64 twice": lambda text: b64encode(b64encode(text.encode())).decode(),
    "slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON in percent": lambda text: quote(json.dumps(text)[1:-1], safe=""),
}


@MANY
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=4, max_size=16), st.sampled_from([*WAYS]),
       st.sampled_from(["", "keep1 ", "x", "/", '"', "é"]), st.sampled_from(["", " keep2", "y", "&", '"', "€"]))  # fmt: skip
@example('a"%41bcd', "JSON", "", "")
@example("a b c d", "percent, plus", "", "")
@example("😀😀😀😀😀", "JSON", "x", "y")
def test_known_values_are_found_however_they_are_written(value: str, way: str, before: str, after: str) -> None:
    value = f"zQ{value}7"
    if way in ("upper", "lower"):
        assume(value.isascii())
    hide = redactor([value])
    written = WAYS[way](value)
    shown = hide(f"{before}{written}{after}")
    core = written[4:-4] if way.startswith("base64") else written
    assert core not in shown
    assert before.strip() in shown
    assert hide(shown) == shown
    if way.startswith("base64") or is_secret_name(written):
        return  # what it is made of may look like names and values
    assert after.strip() in shown
    assert hide.full.json({written: [written, 1]}) == {hide(written): [hide(written), 1]}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ab12 is too short", "<redacted> is too short"),
        ("xab12y", "xab12y"),
        ("'ab12'", "'<redacted>'"),
        (b64encode(b"ab12").decode(), "<redacted>"),
        ("pin 'q1' q1", "pin '<redacted>' q1"),
        ("q1", "<redacted>"),
        ("got=q1, q1x", "got=<redacted>, q1x"),
    ],
)
def test_short_passwords_are_found_where_they_stand_alone(text: str, shown: str) -> None:
    hide = PLAIN.knowing(["ab12", "q1", ""])
    assert hide.text(text) == shown
    assert hide.text(shown) == shown


def test_numbers_that_are_known_are_hidden() -> None:
    hide = PLAIN.knowing(["4711", "12"])
    assert hide.json({"a": 4711, "b": 12, "c": True, "d": "4711"}) == {"a": REDACTED, "b": 12, "c": True, "d": REDACTED}


@given(st.lists(st.sampled_from(["a", "ab", REDACTED, "<", "red", "acted>", "token=", "'", '"', "\\", "%41", "://", "@", ":", " ", "\n", "password", "-----BEGIN PRIVATE KEY-----", "&lt;", "eyJ", "."]), max_size=12).map("".join), st.sampled_from(["ab", "red", "a+", "<", r"\w+$", "^.", "x*", r"(?<=>)."]))  # fmt: skip
@MANY
def test_it_comes_to_rest(text: str, pattern: str) -> None:
    hide = Redactor(["redac", "ab<r"], Redaction(patterns=[pattern], values=["d>"]))
    for redact in (PLAIN, hide):
        shown = redact.text(text)
        assert redact.text(shown) == shown
        assert redact.json({"a": text}) == redact.json(redact.json({"a": text}))
        assert redact.form(redact.form(text)) == redact.form(text)
        assert redact.url(redact.url(text)) == redact.url(text)


def test_what_never_comes_to_rest_is_not_shown() -> None:
    hide = Redactor((), Redaction(patterns=["^."]))
    assert hide.text("a") == REDACTED
    hide = Redactor((), Redaction(patterns=["(?<=<redacted>)[a-z]", "^a"]))
    assert hide.text("a" + "b" * 30) == REDACTED
    assert Redactor().and_then(lambda text: text + "x").form("a=b") == REDACTED


def test_values_are_learnt_from_a_request() -> None:
    body = b'{"pin": 4711, "token": {"a": ["Zq-tok-en"]}, "secret": 1.5, "password": "ab12", "otp": true}'
    fields = {"Cookie": "a=cook-1; b=cook-2", "Authorization": "Basic dXNlcjpwYXNzLTE=", "X-Ovh-Signature": "$1$sig"}
    request = Request("POST", "https://us:er-1@h/a?token=que-1&a=keep", fields, body)
    assert secrets_of_request(request, PLAIN) == {
        "4711", "Zq-tok-en", "ab12", "cook-1", "cook-2", "dXNlcjpwYXNzLTE=", "pass-1", "er-1", "que-1"
    }  # fmt: skip
    own = redactor(["own-secret"])
    hide = own.knowing(secrets_of_request(request, own.full))
    assert hide("'ab12' cook-1 own-secret keep") == f"'{REDACTED}' {REDACTED} {REDACTED} keep"
    error = ReadTimeout("no answer from own-secret", url="/cook-2", hint="pass-1")
    error.history = (Attempt(1, 500, None, "QID-cook-1", 1.0, 0.0),)
    redact_error(error, request, own)
    assert str(error) == f"no answer from {REDACTED}"
    assert (error.url, error.hint, error.query_id) == (f"/{REDACTED}", REDACTED, None)
    assert error.history[0].query_id == f"QID-{REDACTED}"
    error.add_note("GET /cook-2")
    redact_error(error, request, own)
    assert error.__notes__ == [f"GET /{REDACTED}"]


def test_what_is_shown_late() -> None:
    assert f"{ShownURL('/me?token=a')} {[ShownURL('/a?b=c')]}" == f"/me?token={REDACTED} [/a?b=c]"
    assert is_secret_header("Cookie")
    assert not is_secret_header("X-Author")


def test_a_name_of_the_path_tells_what_a_bare_answer_is() -> None:
    assert PLAIN.json("abc", named="authInfo") == REDACTED
    assert PLAIN.json("abc", named="name") == "abc"
    assert PLAIN.json(["abc"], named="authInfo") == ["abc"]


def test_what_hides_without_known_values_is_made_once() -> None:
    redaction._plain.cache_clear()
    assert redact_text("password=x") == f"password={REDACTED}"
    assert redaction._plain() is redaction._plain()


def test_a_function_of_ones_own_has_the_last_word() -> None:
    assert redact_json({"a": "b token=c"}, lambda text: text.replace("b", "B")) == {"a": f"B token={REDACTED}"}


# The API's own descriptions


def models(shared_data: Path) -> Any:
    for file in sorted((shared_data / "native").rglob("*.json")):
        described = json.loads(file.read_text("utf-8"))
        if not isinstance(described, dict):
            continue
        for name, model in (described.get("models") or {}).items():
            if model.get("properties"):
                yield (
                    name,
                    {
                        member: each.get("fullType") or each.get("type") or ""
                        for member, each in model["properties"].items()
                    },
                )
        for api in described.get("apis", []):
            for operation in api.get("operations", []):
                for kind in ("body", "query"):
                    given = {
                        each["name"]: each.get("fullType") or each.get("dataType") or ""
                        for each in operation.get("parameters", [])
                        if each.get("name") and each["paramType"] == kind
                    }
                    yield f"{operation['httpMethod']} {api['path']}, {kind}", given


def test_what_the_api_calls_a_password_is_hidden(shared_data: Path) -> None:
    seen, shown = 0, set()
    for model, members in models(shared_data):
        instance = {
            name: {"X": "canary"} if kind.startswith("map") else ["canary"] if kind.endswith("[]") else "canary"
            for name, kind in members.items()
        }
        for name, kind in members.items():
            if kind in ("password", "password[]", "map[string]password"):
                seen += 1
                if "canary" in str(redact_json(instance)[name]):
                    shown.add(f"{model}: {name}")
    assert seen > 180
    # A name of too many meanings, which nothing stands beside: that a secret's id is one, only a program can say.
    assert shown == {"POST /secret/retrieve, body: id"}


def test_ids_numbers_dates_and_words_of_the_api_stay(shared_data: Path) -> None:
    values = {"long": 4, "double": 4.5, "boolean": True, "datetime": "2026-01-01T00:00:00Z", "date": "2026-01-01",
              "uuid": "6b1f", "ip": "192.0.2.1", "duration": "P1D", "time": "10:00:00"}  # fmt: skip
    seen, hidden = 0, set()
    for _, members in models(shared_data):
        instance = {name: values.get(kind, "word" if kind.endswith("Enum") else None) for name, kind in members.items()}
        shown = redact_json(instance)
        seen += sum(value is not None for value in instance.values())
        hidden |= {name for name, value in instance.items() if shown[name] != value}
    assert seen > 10_000
    assert hidden <= {"code", "system"}, hidden


# What it costs


def test_a_call_that_succeeds_loads_none_of_it() -> None:
    script = (
        "import sys, ovhcore; c = ovhcore.Client(transport='sandbox'); c.get('/me');"
        "list(c.iterate('/me/bill', **{'date.from': '2026-01-01'}));"
        "print([name for name in sys.modules if name.startswith('ovhcore.protocol.secrets')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"


REPEATED = [
    "password=", "password:", "password='", 'password="', 'password=\\"', '"password":"', "password=[", "token: {",
    "a:", "a=", "eyJ", "eyJaaaaa.", "aaaaaaaa.", "-----BEGIN PRIVATE KEY-----", "LS0tLS1CRUdJTi", "://a:", "://a:b@",
    "://", "Bearer ", "Basic ", "%41", "%2541", "&amp;", "&quot;password&quot;:&quot;", "\\", '\\"', "<password>",
    "<password a=", "<a", "--password ", "password:\n  a\n", "password: |\n", 'name="password"\r\n\r\n',
    'content-disposition: name="password"\r\n\r\nx', "('password', '", "x", "-", "password ", "cookie=a; ", "a, ",
    "authorization: ", "<key>password</key>", "password=a,b;c,", "{", '{"password":', 'value="x" ', "\n", " ",
]  # fmt: skip
GROWING: dict[str, Callable[[int], str]] = {
    **{repr(piece): lambda size, piece=piece: piece * (size // len(piece)) for piece in REPEATED},  # type: ignore[misc]
    "JSON": lambda size: json.dumps([{"id": each, "password": "x", "url": "/a?b=1"} for each in range(size // 50)]),
    "elements": lambda size: "".join(f"<a{each}password>" for each in range(size // 15)),
    "indents": lambda size: "".join(f"password:\n{' ' * each}x\n" for each in range(int((2 * size) ** 0.5))),
    "a long name": lambda size: "a" * size + "password=x",
    "a long gap": lambda size: "password:" + " " * size + "x",
}


@pytest.mark.parametrize("kind", GROWING)
def test_what_begins_again_and_again_is_read_to_its_end(kind: str) -> None:
    hide = PLAIN.knowing(["application-secret", "ab12"])
    once = hide.text(f"{GROWING[kind](1 << 8)}\n\nit is application-secret\n")
    assert "application-secret" not in once
    assert hide.text(once) == once


@pytest.mark.untraced
@pytest.mark.parametrize("kind", GROWING)
def test_the_time_grows_as_the_text_does(kind: str) -> None:
    hide = PLAIN.knowing(["application-secret", "ab12"])

    def spent(size: int) -> float:
        text = GROWING[kind](size)
        best = 1e9
        for _ in range(3):
            begun = time.thread_time()
            hide.text(text)
            best = min(best, time.thread_time() - begun)
        return best

    # Processor time of this thread, one against the other: of twelve times the text it is some twelve times, and were
    # it the square, 144 times.
    small = max(spent(1 << 12), 1e-4)
    assert spent(12 << 12) < 60 * small


@pytest.mark.untraced
def test_large_bodies_of_errors_are_redacted_whole() -> None:
    random.seed(1)
    rows = [{"id": each, "password": f"canary{each}", "at": f"https://h/?sig=canary{each}"} for each in range(12_000)]
    text = json.dumps({"message": "no", "rows": rows})
    assert len(text) > 900_000
    shown = redactor(["application-secret"])(text)
    assert "canary" not in shown
    assert json.loads(shown)["rows"][5]["id"] == 5


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Private-Lines: 2\nAAAAhunter2x\nBBBBhunter2x\nPrivate-MAC: 00ff\n", "MAC: 00ff"),
        ("sent Basic dXNlcjpodW50ZXIyeA== once", "sent Basic <redacted> once"),
        ("run --password hunter2x now", "run --password <redacted> now"),
        ("password: !!str hunter2x", "password: <redacted>"),
        ('{"name": "password", "value": "hunter2x"', '{"name": "password", "value": "<redacted>"'),
        ("('password', 'hunter2x'),", "('password', '<redacted>'),"),
        ("<password><![CDATA[hunter2x]]></password>", "<password><![CDATA[<redacted>]]></password>"),
        ('<param name="password" value="hunter2x"/>', '<param name="password" value="<redacted>"/>'),
        (r"pass\x77ord=hunter2x", r"pass\x77ord=<redacted>"),
        (r"pass\167ord=hunter2x", r"pass\167ord=<redacted>"),
        (r"pass\U00000077ord=hunter2x", r"pass\U00000077ord=<redacted>"),
        (r"pass\u{77}ord=hunter2x", r"pass\u{77}ord=<redacted>"),
    ],
)
def test_each_form_of_a_secret_by_example(text: str, shown: str) -> None:
    hidden = redact_text(text)
    assert shown in hidden
    assert "hunter2x" not in hidden
    assert "dXNlcjpodW50ZXIyeA" not in hidden


def test_credentials_that_are_never_sent_are_texts_all_the_same() -> None:
    with pytest.raises(InvalidConfiguration, match="application_secret"):
        ApplicationKey.unchecked(application_key="key", application_secret=5, consumer_key=None)
