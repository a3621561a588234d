"""A run's folder in which somebody altered or damaged a file: it is refused by name, never a crash."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import RunError
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import read_report
from auditor.render import render_report
from auditor.reporting.render_options import RenderOptions

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "finished"
    audit(DATA / "hub", out=folder, known=[DATA / "known-pictures.csv"], profile="example", workers=1)
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def places(value: Any, limit: int = 2) -> Iterator[tuple[Any, ...]]:
    """Yield the keys that lead to each value within a JSON value; of long arrays those of the first few."""
    children = value.items() if isinstance(value, dict) else enumerate(value[:limit]) if isinstance(value, list) else ()
    for key, child in children:
        yield (key,)
        yield from ((key, *rest) for rest in places(child, limit))


def changed(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """Return a JSON value with another one at a place."""
    copy = value.copy()
    copy[place[0]] = changed(value[place[0]], place[1:], new) if place[1:] else new
    return copy


def without_numbers(place: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(key for key in place if not isinstance(key, int))


@pytest.mark.parametrize("name", ["run.json", "report.json"])
def test_a_value_of_another_type_is_refused_or_shown_but_never_a_crash(run: Path, name: str) -> None:
    whole = json.loads((run / name).read_bytes())
    shown: set[object] = set()
    for place in places(whole):
        for new in (7, [None], {"x": []}, None, "\ud800"):
            (run / name).write_text(json.dumps(changed(whole, place, new)))
            try:
                report = read_report(run)
            except RunError:
                continue
            kind = (without_numbers(place), repr(new))
            if kind not in shown:
                render_report(report, "terminal", StringIO(), RenderOptions())
                shown.add(kind)
    assert shown


@pytest.mark.parametrize(
    ("name", "place", "new", "why"),
    [
        ("run.json", ("roots",), 7, "Expected `array`, got `int` - at `$.roots`"),
        ("run.json", ("wants",), [], "Expected `object`, got `array` - at `$.wants`"),
        ("run.json", ("policy", "rules", 0, "title"), 7, "Expected `str`, got `int` - at `$.policy.rules[0].title`"),
        ("run.json", ("policy", "treat"), "csam", "Expected `object`, got `str` - at `$.policy.treat`"),
        ("report.json", ("notes",), None, "Expected `object`, got `null` - at `$.notes`"),
        ("report.json", ("cases", 0, "kind"), "person", "Invalid enum value 'person' - at `$.cases[0].kind`"),
        ("report.json", ("tally", "files"), [], "Expected `object`, got `array` - at `$.tally.files`"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(run: Path, name: str, place: Any, new: object, why: str) -> None:
    whole = json.loads((run / name).read_bytes())
    (run / name).write_text(json.dumps(changed(whole, place, new)))
    with pytest.raises(RunError) as caught:
        read_report(run)
    assert f"{run}/{name}: is damaged or was altered ({why})" in str(caught.value)
    with pytest.raises(RunError, match="is damaged or was altered"):
        reevaluate([run], out=run.parent / "again", workers=1)
