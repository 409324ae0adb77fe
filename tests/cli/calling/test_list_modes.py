"""What ``--mode`` takes is what ``iterate`` knows."""

from __future__ import annotations

import click

from ovhcore.flows.collections.pager import MODES
from ovhcore_transports.cli.calling.reading import get_command


def test_the_command_takes_every_mode_and_no_other() -> None:
    mode = next(each for each in get_command.params if each.name == "mode")
    assert isinstance(mode.type, click.Choice)
    assert list(mode.type.choices) == list(MODES)
