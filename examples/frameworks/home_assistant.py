"""What an integration for Home Assistant needs: set up, ask now and then, unload. Nothing blocks the event loop.

Of Home Assistant it uses nothing, so that it can be tried alone: OVH_TRANSPORT=sandbox python home_assistant.py
The page about it shows the few lines that tie it to Home Assistant.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import ovhcore as ovh

SETTINGS_REFUSED = (
    ovh.exceptions.InvalidConfiguration,
    ovh.exceptions.InvalidRegion,
    ovh.exceptions.InvalidKey,
    ovh.exceptions.InvalidSignature,
    ovh.exceptions.InvalidCredential,
    ovh.exceptions.NotCredential,
    ovh.exceptions.NotGrantedCall,
    ovh.exceptions.Unauthorized,
)


class Refused(Exception):
    """The settings are wrong, or the keys are not accepted: ask the user for others."""


class NotReady(Exception):
    """The API cannot be reached now: try again later."""


class Account:
    """An account, as one entry of the configuration has it; make it with ``set_up``."""

    def __init__(self, client: ovh.AsyncClient) -> None:
        self._client = client

    @classmethod
    async def set_up(cls, settings: Mapping[str, Any]) -> "Account":
        # open() reads files, imports and loads certificates in a thread; AsyncClient() would do it here.
        try:
            account = cls(await ovh.AsyncClient.open(**settings))
        except SETTINGS_REFUSED as error:
            raise Refused(str(error)) from error
        try:
            await account.states()
        except Exception:
            await account.unload()
            raise
        return account

    async def states(self) -> dict[str, str]:
        """Return the state of each server."""
        try:
            async with asyncio.timeout(60), self._client.iterate("/dedicated/server") as servers:
                return {server["name"]: server["state"] async for server in servers}
        except SETTINGS_REFUSED as error:
            raise Refused(str(error)) from error
        except (ovh.exceptions.APIError, TimeoutError) as error:
            raise NotReady(str(error)) from error

    async def unload(self) -> None:
        await self._client.close()


async def main() -> None:
    account = await Account.set_up({})
    try:
        print(await account.states())
    finally:
        await account.unload()


if __name__ == "__main__":
    asyncio.run(main())
