"""Data frames with the types of the catalogue: whatever comes, or does not, nothing is lost and nothing guessed."""

from __future__ import annotations

import importlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import ovhcore as ovh

pd: Any = pytest.importorskip("pandas", reason="tox's environment frameworks has it")
pl: Any = pytest.importorskip("polars", reason="tox's environment frameworks has it")

pytestmark = pytest.mark.once

FRAMEWORKS = Path(__file__).resolve().parents[2] / "examples" / "frameworks"
EUR = "EUR"
WINTER, SUMMER = "2026-01-07T10:00:00+01:00", "2026-06-21T10:00:00.5+02:00"
BILLS = [
    {
        "billId": "FR1",
        "category": "autorenew",
        "date": WINTER,
        "orderId": 1,
        "tax": {"value": 2, "currencyCode": "EUR"},
    },
    {"billId": "FR2", "category": "of-tomorrow", "date": None, "orderId": None, "isNew": True},
    {"billId": "FR3", "category": None, "date": SUMMER, "orderId": 3, "tax": {"value": 0.5, "currencyCode": EUR}},
]
SERVICES = [
    {"creation": "2026-02-03", "serviceId": 7, "renew": {"automatic": True, "period": None}, "status": "ok"},
    {"creation": None, "serviceId": 8, "renew": {"automatic": False, "period": 12}, "status": "expired"},
]


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FRAMEWORKS))
    return importlib.import_module("typed_tables")


def plain(frame: Any) -> list[dict[str, Any]]:
    """Return what is in a frame of pandas, with None where it has NA, NaN or NaT."""
    return [
        {
            name: None if pd.isna(each) else getattr(each, "to_pydatetime", lambda each=each: each)()
            for name, each in row
        }
        for row in (zip(frame.columns, values, strict=True) for values in frame.astype(object).to_numpy())
    ]


def test_bills(tables: Any) -> None:
    pandas, polars = tables.pandas_frame(BILLS, "/me/bill"), tables.polars_frame(BILLS, "/me/bill")
    assert {name: str(kind) for name, kind in pandas.dtypes.items()} == {
        "billId": "string",
        "category": "category",
        "date": "datetime64[us, UTC]",
        "orderId": "Int64",
        "tax.value": "Float64",
        "tax.currencyCode": "category",
        "isNew": "object",
    }
    assert polars.schema["date"] == pl.Datetime("us", "UTC")
    assert (polars.schema["orderId"], polars.schema["tax.value"]) == (pl.Int64, pl.Float64)
    for known in (pandas["category"].cat.categories, polars.schema["category"].categories):
        assert known[0] == "autorenew"  # in the order of the catalogue
        assert known[-1] == "of-tomorrow"  # which it lacks
    expected = [
        dict(zip(pandas.columns, row, strict=True))
        for row in (
            ("FR1", "autorenew", datetime(2026, 1, 7, 9, tzinfo=UTC), 1, 2.0, "EUR", None),
            ("FR2", "of-tomorrow", None, None, None, None, True),
            ("FR3", None, datetime(2026, 6, 21, 8, 0, 0, 500_000, tzinfo=UTC), 3, 0.5, "EUR", None),
        )
    ]
    assert polars.to_dicts() == plain(pandas) == expected


def test_dates_truth_values_and_numbers(tables: Any) -> None:
    path = "/vps/{name}/serviceInfos"
    pandas, polars = tables.pandas_frame(SERVICES, path), tables.polars_frame(SERVICES, path)
    assert str(pandas["creation"].dtype) == "datetime64[s]"
    assert str(pandas["renew.automatic"].dtype) == "boolean"
    assert str(pandas["renew.period"].dtype) == "Int64"
    assert [polars.schema[name] for name in ("creation", "renew.automatic", "renew.period")] == [
        pl.Date,
        pl.Boolean,
        pl.Int64,
    ]
    assert polars["creation"].to_list() == [date(2026, 2, 3), None]
    assert pandas["creation"].tolist() == [pd.Timestamp(2026, 2, 3), pd.NaT]


@pytest.mark.parametrize("path", ["/me/bill", "/dedicated/server", "/v2/iam/policy", "/domain/zone/example.com/record"])
def test_what_iterate_yields(path: str, tables: Any) -> None:
    with ovh.Client(transport="sandbox") as client:
        objects = list(client.iterate(path))
    pandas, polars = tables.pandas_frame(iter(objects), path), tables.polars_frame(iter(objects), path)
    names = list(dict.fromkeys(name for each in objects for name in tables.flat(each)))
    assert list(pandas.columns) == polars.columns == names
    assert len(pandas) == len(polars) == len(objects)
    assert {*tables.columns(path)} & {*names}


def test_no_object(tables: Any) -> None:
    assert len(tables.pandas_frame([], "/me/bill")) == len(tables.polars_frame([], "/me/bill")) == 0
