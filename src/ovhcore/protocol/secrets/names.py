"""Names of secrets: split into words, and decided by words and pairs of words.

The list is open: a name is secret if its last telling word stands for a secret, whatever stands
before the word (``newPassword``, ``X-Other-Token``, ``DB_PASSWD``), unless the words after it say that
the name speaks *about* a secret (``tokenType``, ``keyId``, ``passwordLastUpdate``). Unknown words after
it change nothing: rather too much is hidden than too little.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache
from typing import Final

__all__ = ["Secrecy", "is_secret_name", "secrecy_of", "words_of"]


class Secrecy(IntEnum):
    """The degree to which the values of a name are secret."""

    NONE = 0
    LOOSE = 1
    """Secret in a query, a form, a header field: elsewhere the word has too many meanings."""
    TEXT = 2
    """Texts are secret; the members of an object are judged by their own names."""
    WHOLE = 3
    """Values of every type are secret."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Each word stands for a secret, alone and at the end of any name.
_CORES: Final = _words(
    "pswd passw passwrd "
    "password passwords passwd passwds passphrase passphrases passcode passcodes pwd pwds pw pass mdp secret secrets "
    "token tokens jwt jwts otp totp hotp psk pin pins puk cvv cvc csrf xsrf bearer kubeconfig kubeconfigs otpauth "
    "mnemonic voucher vouchers privkey apikey apikeys authinfo jsessionid phpsessid authorization cookie cookies "
    "assertion authkey connectionstring dsn"
)
_SOFT: Final = _words("credential credentials cred creds auth session sessions")
_SIGNED: Final = _words("signature signatures sig hmac")
# In queries and header fields these are secrets, too, if nothing before them says otherwise.
_LOOSE: Final = _words("key keys sid")
_HARMLESS_KEYS: Final = _words(
    "public pub primary foreign sort partition cache idempotency object target port phone book group host map etag "
    "ssh usb marker message queue routing tag label order section translation topic row column hot short surrogate "
    "index"
)
# The keys that are secrets anywhere.
_KEYS: Final = _words(
    "private priv secret access api app application consumer client auth authentication authorization encryption "
    "encrypt decryption decrypt cipher master signing sign signature shared share pre preshared security session "
    "storage account license licence recovery deploy root admin administrator server tls ssl rsa dsa ec ecdsa ed25519 "
    "pgp gpg hmac aes symmetric wrapping kek dek wep wpa wifi webhook ingest integration subscription device service "
    "user customer developer dev partner vault unseal unlock otp totp pass crypto"
)
_CODES: Final = _words(
    "auth authentication authorization verification verify validation activation security recovery backup mfa 2fa otp "
    "totp sms pin unlock reset pass confirmation access secret login one onetime scratch device epp transfer factor"
)
_PAIRS: Final = frozenset(
    {(word, key) for word in _KEYS for key in ("key", "keys")}
    | {(word, code) for word in _CODES for code in ("code", "codes")}
    | {("session", word) for word in ("id", "ids", "cookie", "data")}
    | {("sess", "id"), ("auth", "info"), ("auth", "data"), ("auth", "header"), ("auth", "value"), ("auth", "string")}
    | {("pass", "word"), ("pass", "words"), ("pass", "phrase"), ("pass", "wd"), ("de", "passe"), ("kube", "config")}
    | {("connection", "string"), ("key", "material"), ("validation", "url"), ("qrcode", "helper"), ("qr", "code")}
    | {("http", "headers"), ("recovery", "phrase"), ("recovery", "seed"), ("client", "assertion")}
    | {("ovh", "consumer"), ("ovh", "application"), ("code", "sms"), ("oauth", "verifier")}
    | {("security", "answer"), ("security", "answers"), ("secret", "answer")}
    | {("code", "verifier"), ("seed", "phrase"), ("sas", "url"), ("sas", "uri")}
)
# Words that follow a secret's word and say that the value is only something about the secret.
_ABOUT: Final = _words(
    "id ids uid uuid guid name names type types kind date dates time timestamp at on since until expiry expiration "
    "expires expire expired expiring exp ttl lifetime validity valid age length len size min max minimum maximum count "
    "counts number nb num total limit limits quota policy policies rule rules status state enabled disabled enable "
    "disable active required needed change changed changes update updated updates create created creation delete "
    "deleted modified modify last history url urls uri uris link links href endpoint endpoints path location email "
    "mail phone reference references ref refs version versions algorithm alg method methods mode format schema hint "
    "label labels description title comment reason strength complexity score level used usage uses left remaining "
    "validator validators details index position order owner issuer audience scope scopes region provider fingerprint "
    "thumbprint supported support managed rotation period interval frequency delay attempts tries retries timeout "
    "security persistence affinity ops vault engine manager protocol mechanism flow grant is has per"
)
_COUNTED: Final = _words(
    "max min maximum minimum used total nb num number count remaining prompt completion input output cached resend "
    "concurrent left quota"
)
_NOT_A_CODE: Final = ("qr", "code")

_VOCABULARY: Final = (
    _CORES | _SOFT | _SIGNED | _LOOSE | _HARMLESS_KEYS | _KEYS | _CODES | _ABOUT | _COUNTED
    | _words(
        "code codes word words phrase passe mot de info data header headers value string config kube material helper "
        "qrcode http connection refresh new old current confirm confirmed repeat again temp temporary default bot "
        "github gitlab slack database db my sql mysql postgres smtp imap ftp ssh mail web hash salt text raw plain "
        "file pem open openstack swift azure aws amz goog google x ovh csrf url basic rescue read write personal "
        "passport reset proxy system sys super verifier author board note bearer jwt public oauth cloud "
        "vpn ldap"
    )
) - {"on", "at", "is", "has", "de"}  # fmt: skip
_LONGEST: Final = max(map(len, _VOCABULARY))
# Words that have an unknown part are judged by these: endings that do not occur inside other words.
_ENDINGS: Final = (
    "passwords", "password", "passwd", "passphrase", "passcode", "secrets", "secret", "tokens", "token", "apikey",
    "privatekey", "secretkey", "accesskey", "credentials", "kubeconfig", "pwd", "jwt", "otp", "psk",
)  # fmt: skip
_BEGINNINGS: Final = ("passwordless", "passworded", "password", "passwd", "passphrase")

_PIECE: Final = re.compile(r"[^\W_]+")
_HUMP: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\dA-Za-z_]+|[A-Z]")
_LONG: Final = 256


def _parts(word: str) -> list[str]:
    """Return the words that a word in lower case is made of, if they are known."""
    if word in _VOCABULARY or len(word) < 4:
        return [word]
    found = _segmented(word)
    if found:
        return found
    for beginning in _BEGINNINGS:
        if word.startswith(beginning):
            return [word] if beginning.endswith(("less", "ed")) else [beginning, word[len(beginning) :]]
    for ending in _ENDINGS:
        if word.endswith(ending):
            return [word[: -len(ending)], *(_segmented(ending) or [ending])]
    return [word]


def _segmented(word: str) -> list[str]:
    """Return the known words that a word consists of, as few as possible; none if a part of it is unknown."""
    best: list[list[str] | None] = [[]]
    for end in range(1, len(word) + 1):
        shortest: list[str] | None = None
        for start in range(max(0, end - _LONGEST), end):
            before = best[start]
            if before is None or word[start:end] not in _VOCABULARY:
                continue
            if shortest is None or len(before) + 1 < len(shortest):
                shortest = [*before, word[start:end]]
        best.append(shortest)
    return best[-1] or []


def _words_in_piece(piece: str) -> list[str]:
    lowered = piece.lower()
    if lowered in _VOCABULARY:
        return [lowered]
    humps = [hump.lower() for hump in _HUMP.findall(piece)]
    if any(len(hump) < 3 and hump not in _VOCABULARY for hump in humps):
        # "pAsSwOrD", "APIkey" and the like
        whole = _segmented(lowered)
        if whole:
            return whole
    return [word for hump in humps for word in _parts(hump)]


def words_of(name: str) -> list[str]:
    """Return the words of a name, in lower case.

    >>> words_of("X-Auth_userPassword2"), words_of("CLIENTSECRET"), words_of("monkey")
    (['x', 'auth', 'user', 'password', '2'], ['client', 'secret'], ['monkey'])
    """
    return [word for piece in _PIECE.findall(name[-_LONG:]) for word in _words_in_piece(piece)]


@lru_cache(maxsize=8192)
def secrecy_of(name: str) -> Secrecy:
    """Say how secret the values of a name are.

    >>> secrecy_of("newPassword"), secrecy_of("tokenType"), secrecy_of("publicKey")
    (<Secrecy.WHOLE: 3>, <Secrecy.NONE: 0>, <Secrecy.NONE: 0>)
    """
    words = words_of(name)
    for end in range(len(words), 0, -1):
        word = words[end - 1]
        before = words[end - 2] if end > 1 else ""
        found = _core(before, word)
        if not found:
            continue
        after = words[end:]
        if not _ABOUT.isdisjoint(after):
            return Secrecy.NONE
        if (word.endswith("s") and not _COUNTED.isdisjoint(words[: end - 1])) or before == "resend":
            return Secrecy.NONE
        if found is Secrecy.LOOSE and after:
            return Secrecy.NONE if not all(each.isdigit() for each in after) else found
        return found
    return Secrecy.NONE


def _core(before: str, word: str) -> Secrecy:
    if (before, word) in _PAIRS and (before, word) != _NOT_A_CODE:
        return Secrecy.WHOLE
    if word in _CORES:
        return Secrecy.WHOLE
    if word in _SOFT or word in _SIGNED:
        return Secrecy.TEXT
    if word in _LOOSE and before not in _HARMLESS_KEYS:
        return Secrecy.LOOSE
    return Secrecy.NONE


def is_secret_name(name: str, *, loose: bool = False) -> bool:
    """Say whether the values of a name are secret.

    Args:
        name: the name of a JSON member, form field, query argument or header field, in any spelling.
        loose: whether the name is from a query, a form or a header, where ``key`` is a secret, too.

    >>> is_secret_name("key"), is_secret_name("key", loose=True), is_secret_name("monkey", loose=True)
    (False, True, False)
    """
    return secrecy_of(name) >= (Secrecy.LOOSE if loose else Secrecy.TEXT)
