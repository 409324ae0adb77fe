"""A report of the places that were searched for credentials, for the error that there are none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from ..exceptions import InvalidConfiguration
from ..protocol.endpoints import ENDPOINTS, same_endpoint
from .files import CREDENTIALS, ParsedFile, expanded
from .profiles import profile_names

__all__ = ["where_looked"]


def where_looked(
    endpoint: str,
    said_by: str,
    parsed: Iterable[ParsedFile],
    config_file: str | os.PathLike[str] | None,
    files: Iterable[str],
) -> str:
    """Return which variables and files were read, the sections that these have, and settings that are nearly right.

    Args:
        endpoint: name or URL of the endpoint that is called.
        said_by: the setting and the place that name it.
        parsed: the files that exist.
        config_file: the file that the caller named.
        files: the usual files.
    """
    known = {file.path: file for file in parsed}
    named = [] if config_file is None else [expanded(config_file, "config_file")]
    looked: list[str] = []
    notes: list[str] = []
    for path in dict.fromkeys([*named, *map(os.path.expanduser, files)]):
        if path not in known:
            looked.append(f"{path} (there is none)")
            continue
        parser = known[path].parser
        if isinstance(parser, InvalidConfiguration):
            looked.append(f"{path} (not usable)")
            continue
        sections = parser.sections()
        looked.append(f"{path} ({', '.join(f'[{name}]' for name in sections) or 'no sections'})")
        for name in sections:
            if any(parser.get(name, key, fallback="") for key in CREDENTIALS):
                notes += [f"{path}: {note}" for note in _notes(name, endpoint, said_by)]
    variables = ", ".join(f"OVH_{name.upper()}" for name in CREDENTIALS)
    text = f"The endpoint is {endpoint}, by {said_by}. None of these is set: {variables}."
    text += f" Files and their sections: {', '.join(looked) or 'none'}."
    return " ".join([text, *(f"{note}." for note in notes)])


def _notes(section: str, endpoint: str, said_by: str) -> Iterator[str]:
    name = section.strip().lower().replace("_", "-")
    if profiles := profile_names([section]):
        yield f"the credentials in [{section}] are for the profile {profiles[0]}, which OVH_PROFILE or profile names"
    elif name == "default":
        yield f"credentials in [{section}] do not count; they belong into [{endpoint}]"
    elif name == endpoint.lower():
        yield f"[{section}] must be spelt [{endpoint}]"
    elif same_endpoint(ENDPOINTS.get(name, section), ENDPOINTS.get(endpoint, endpoint)):
        yield f"[{section}] is the same endpoint by another name: call the section [{endpoint}]"
    else:
        yield f"the credentials in [{section}] are for that endpoint, and not for {endpoint}"
