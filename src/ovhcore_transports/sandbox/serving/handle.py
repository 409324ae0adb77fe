"""A sandbox of tests: clients of it, a server, the environment; all of it ends with the test."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ..api import Sandbox
from ..control.overview import variables
from ..memory import AsyncSandboxTransport, SandboxTransport
from ..state import ACCESS_KEYS
from .certificates import Tls

if TYPE_CHECKING:
    import pytest

    from ovhcore import AsyncClient, Client

    from .server import Server

__all__ = ["SandboxHandle"]


class SandboxHandle:
    """What the fixtures ``ovh_sandbox`` and ``ovh_sandbox_session`` are.

    Attributes:
        sandbox: the :class:`.Sandbox`: what it holds, how it answers, what it received.
    """

    def __init__(self) -> None:
        self.sandbox = Sandbox(auto_validate=True)
        self._ends = ExitStack()

    def client(self, **options: Any) -> Client:
        """Return a client in memory, where waiting takes no time.

        Args:
            options: of :class:`ovhcore.Client`; without credentials, those that every sandbox accepts.
        """
        from ovhcore import Client

        return self._ends.enter_context(Client(**self._options(SandboxTransport(self.sandbox), options)))

    def async_client(self, **options: Any) -> AsyncClient:
        """Return a client in memory for asyncio or trio; arguments as for :meth:`client`. It need not be closed."""
        from ovhcore import AsyncClient

        return AsyncClient(**self._options(AsyncSandboxTransport(self.sandbox), options))

    @staticmethod
    def _options(transport: Any, options: dict[str, Any]) -> dict[str, Any]:
        own = {"application_key", "client_id", "access_token"} & options.keys()
        return {
            "endpoint": "ovh-eu",
            "transport": transport,
            "config": False,
            **({} if own else ACCESS_KEYS),
            **options,
        }

    def serve(self, *, tls: Tls = False) -> Server:
        """Put the sandbox on a free port of 127.0.0.1, until the end of the test.

        Args:
            tls: True to encrypt; clients need ``ca_bundle=server.ca_bundle``.
        """
        from .server import serve

        return self._ends.enter_context(serve(self.sandbox, tls=tls))

    def environment(
        self, monkeypatch: pytest.MonkeyPatch | None = None, *, tls: Tls = False, oauth2: bool = False
    ) -> Server:
        """Serve the sandbox, and let the variables ``OVH_*`` lead the clients that a program makes itself there.

        Args:
            monkeypatch: pytest's, for a test of less than a session; by default the variables are set until the end
                of this fixture.
            tls: whether to encrypt.
            oauth2: whether to be a service account, instead of an application.
        """
        import pytest

        patch = self._ends.enter_context(pytest.MonkeyPatch.context()) if monkeypatch is None else monkeypatch
        server = self.serve(tls=tls)
        bundle = None if server.ca_bundle is None else str(server.ca_bundle)
        for name, value in variables(server.url, server.token_url, oauth2=oauth2, ca_bundle=bundle).items():
            patch.setenv(f"OVH_{name.upper()}", value)
        return server

    def reset(self) -> None:
        """Begin anew with what there was at first, and what was added by ``sandbox.add``; servers go on."""
        self.sandbox.reset()

    def close(self) -> None:
        """End the servers and clients."""
        self._ends.close()

    def __repr__(self) -> str:
        return f"<SandboxHandle {self.sandbox.received.total()} calls>"
