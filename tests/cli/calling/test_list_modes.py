"""What ``--mode`` takes is what ``iterate`` knows."""

from __future__ import annotations

import click

from ovhcore.flows.collections.pager import MODES
from ovhcore.protocol.requests.filters import PAGINATION_OPERATORS
from ovhcore_transports.cli.calling.get import get_command
from ovhcore_transports.cli.completing.members import OPERATORS


def test_the_command_takes_every_mode_and_no_other() -> None:
    mode = next(each for each in get_command.params if each.name == "mode")
    assert isinstance(mode.type, click.Choice)
    assert list(mode.type.choices) == list(MODES)


def test_operators_are_those_of_the_library() -> None:
    assert {*OPERATORS, "nq"} == {*PAGINATION_OPERATORS}
