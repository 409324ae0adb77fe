"""python-ovh's calls beside ours, on a socket: the same bytes and outcome, or a row of the page that says so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

import ovhcore
from tests.dependants.page import STAND_IN, rows, whole_rows
from tests.dependants.shapes import KEYS, SHAPES, Shape, ShapeServer, outcome

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def server() -> Iterator[ShapeServer]:
    with ShapeServer() as running:
        yield running


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_shape(shape: Shape, server: ShapeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs: Any = pytest.importorskip("ovh", reason="python-ovh is not installed")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setitem(theirs.client.ENDPOINTS, "here", server.url)
    monkeypatch.setitem(ovhcore.ENDPOINTS, "here", server.url)
    reference = outcome(shape, server, theirs.Client("here", **KEYS), theirs.exceptions)
    with ovhcore.Client("here", **KEYS, retry=False, proxy="none") as client:
        ours = outcome(shape, server, client, ovhcore.exceptions)
    if shape.row is None:
        assert ours == reference
    else:
        assert ours != reference, "they do not differ any more: take the row away"
        assert any(row.startswith(shape.row) for row in rows()), f"the page has no row that begins with {shape.row}"


ALIKE_THERE = [
    shape
    for shape in SHAPES
    if shape.row and any(row.startswith(shape.row) and STAND_IN in row for row in whole_rows())
]


@pytest.mark.parametrize("shape", ALIKE_THERE, ids=lambda shape: shape.name)
def test_a_shape_in_the_place_of_python_ovh(shape: Shape, server: ShapeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs: Any = pytest.importorskip("ovh", reason="python-ovh is not installed")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setitem(theirs.client.ENDPOINTS, "here", server.url)
    reference = outcome(shape, server, theirs.Client("here", **KEYS), theirs.exceptions)
    monkeypatch.setitem(sys.modules, "ovh", ovhcore)  # as install_as_ovh() has it
    with ovhcore.Client(server.url, **KEYS, retry=False, proxy="none") as client:
        assert outcome(shape, server, client, ovhcore.exceptions) == reference


def test_there_are_enough_and_each_has_a_name_of_its_own() -> None:
    assert len(SHAPES) >= 80
    assert len(ALIKE_THERE) >= 8
    assert len({shape.name for shape in SHAPES}) == len(SHAPES)
