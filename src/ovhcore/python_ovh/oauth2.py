"""The names of python-ovh's module ``oauth2``: a service account and its token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from ..exceptions import OAuth2FailureError

__all__ = ["OAuth2", "OAuth2FailureError"]


class OAuth2:
    """A service account. It prints without its secret.

    Args:
        client_id: its id.
        client_secret: its secret.
        token_url: the URL that issues its tokens.
        fetch: returns a token; that of a client.
    """

    def __init__(
        self, client_id: str, client_secret: str, token_url: str, fetch: Callable[[], str] | None = None
    ) -> None:
        from ..protocol.redaction import as_secret

        self.client_id = client_id
        self._secret = as_secret(client_secret)
        del client_secret  # a traceback would show it
        self.token_url = token_url
        self._fetch = fetch

    @property
    def client_secret(self) -> str:
        """The secret of the service account."""
        return self._secret.reveal()

    @property
    def token(self) -> dict[str, Any]:
        """A token that can be used now; fetched if there is none.

        Raises:
            OAuth2FailureError: the token endpoint gave none.
        """
        if self._fetch is None:
            raise OAuth2FailureError("Tokens are fetched by clients: client._oauth2.token has one")
        return {"access_token": self._fetch(), "token_type": "Bearer"}

    @property
    def session(self) -> NoReturn:
        """A session of requests, which ovhcore does not have; to read this raises AttributeError."""
        raise AttributeError("there is no requests session; a client sends what a service account calls")

    def __repr__(self) -> str:
        return f"<OAuth2 at {self.token_url}>"
