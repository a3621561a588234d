"""JSON lines hold the objects of the JSON report, one a line."""

from __future__ import annotations

import json
from collections.abc import Callable

from auditor.pipeline.report import Report

Show = Callable[..., str]


def test_the_lines_are_the_objects_of_the_json_report(report: Report, shown: Show) -> None:
    whole = json.loads(shown(report, "json"))
    first, *lines = map(json.loads, shown(report, "jsonl").splitlines())
    assert first["type"] == "run"
    assert {key: first[key] for key in ("notice", "audience", "started", "targets")} == {
        key: whole[key] for key in ("notice", "audience", "started", "targets")
    }
    expected = [{"type": name.rstrip("s"), **one} for name in ("cases", "findings", "gaps") for one in whole[name]]
    assert lines == expected
    assert len(lines) == 11
