"""What the guide shows really runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.once

GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "how-to" / "look-operations-up.md"


@pytest.mark.skipif(not GUIDE.is_file(), reason="the documentation is not beside these tests")
def test_the_guide(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    namespace: dict[str, Any] = {"__name__": "guide"}
    for code in re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL):
        exec(compile(code, str(GUIDE), "exec"), namespace)
    printed = capsys.readouterr().out.splitlines()
    assert "GET /domain/zone/{zoneName}/record" in printed
    assert "POST /domain/zone/{zoneName}/record -> domain.zone.Record" in printed
    assert "fieldType domain.zone.RecordTypeEnum required" in printed
    assert "$.citty: is no field; did you mean city?" in printed
    assert any(line.startswith("['/domain/zone/{zoneName}/record'") for line in printed)
    (tmp_path / "x.json").write_text('{"apis": [{"path": "/x", "operations": [{"httpMethod": "GET"}]}]}')
    assert namespace["operations_of"](str(tmp_path)) == ["GET /x"]
