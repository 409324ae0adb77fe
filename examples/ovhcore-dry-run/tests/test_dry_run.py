import logging

import pytest

import ovhcore


def test_reads_pass_and_writes_are_refused(caplog):
    client = ovhcore.Client(transport="sandbox", options={"dry_run": True})
    assert client.get("/me")["firstname"] == "Ada"
    for write in (
        lambda: client.put("/me", firstname="Grace", password="canary"),
        lambda: client.post("/me?token=canary", firstname="Grace"),
        lambda: client.delete("/domain/zone/example.com/record/1001"),
    ):
        with pytest.raises(ovhcore.ReadOnlyError) as caught:
            write()
    assert str(caught.value) == (
        "Dry run: not sent was DELETE https://eu.api.ovh.com/1.0/domain/zone/example.com/record/1001"
    )
    assert [record.levelno for record in caplog.records if record.name == "ovhcore_dry_run"] == [logging.WARNING] * 3
    assert '{"firstname":"Grace","password":"<redacted>"}' in caplog.text
    assert "canary" not in caplog.text
    assert client.get("/me")["firstname"] == "Ada"
    assert 1001 in client.get("/domain/zone/example.com/record")


def test_it_is_off_unless_it_is_switched_on(monkeypatch):
    client = ovhcore.Client(transport="sandbox")
    client.put("/me", firstname="Grace")
    assert client.get("/me")["firstname"] == "Grace"
    monkeypatch.setenv("OVH_DRY_RUN", "yes")
    with pytest.raises(ovhcore.ReadOnlyError):
        ovhcore.Client(transport="sandbox").put("/me", firstname="Grace")
    ovhcore.Client(transport="sandbox", disabled_plugins=["dry-run"]).put("/me", firstname="Grace")


def test_it_brackets_every_attempt():
    client = ovhcore.Client(transport="sandbox", options={"dry_run": True})
    with pytest.raises(ovhcore.ReadOnlyError) as caught:
        client.put("/me", firstname="Grace")
    assert caught.value.attempts == 1
