"""The list of commands, with the line of help that stands beside each; none is loaded for it."""

from __future__ import annotations

from typing import Final

from .groups import Listed

__all__ = ["SECTIONS"]

SECTIONS: Final = {
    "Account": {
        "login": Listed("account.login", "login_command", "Get keys for the API, try them, and save them."),
        "whoami": Listed("account.whoami", "whoami_command", "Say whose keys these are, and what they may do."),
        "logout": Listed("account.logout", "logout_command", "End the consumer key, and remove the keys."),
    },
    "Calls": {
        "get": Listed("calling.get", "get_command", "GET a path, and print the answer."),
        "post": Listed("calling.write", "post_command", "POST to a path: make or start something."),
        "put": Listed("calling.write", "put_command", "PUT to a path: change something."),
        "delete": Listed("calling.write", "delete_command", "DELETE a path; on a terminal it asks first."),
        "call": Listed("calling.write", "call_command", "Make a call with any method."),
        "wait": Listed("calling.waiting", "wait_command", "GET an object until its operation is over."),
    },
    "Help": {
        "schema": Listed("schema", "schema_commands", "Look operations up; fetch the API's descriptions."),
        "completion": Listed("completing.command", "completion_command", "Print a script for bash, zsh or fish."),
        "doctor": Listed("doctor.command", "doctor_command", "Look for what is wrong, and say what to do about it."),
    },
    "Offline": {
        "demo": Listed("offline.demo", "demo_command", "List the bills of a sandbox, fetched by signed calls."),
        "sandbox": Listed("offline.sandbox", "sandbox_command", "Serve a sandbox on loopback until interrupted."),
        "cassette": Listed("offline.cassette", "cassette_commands", "Look at recorded traffic, compare it, check it."),
    },
    "Programs": {
        "mcp": Listed("programs.mcp", "mcp_command", "Let an assistant look, read, and write what you allow."),
        "types": Listed("programs.types", "types_command", "Write a module with a Client whose calls have types."),
        "plugins": Listed("programs.plugins", "plugins_command", "List the built-in and installed plugins."),
    },
}
