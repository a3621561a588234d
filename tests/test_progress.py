"""Progress: a line on a terminal, lines in a log, JSON lines; rates of the last minutes, and the time that is left."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor import progress as module
from auditor.cli.main import main
from auditor.pipeline import shard
from auditor.pipeline.audit import audit
from auditor.progress import (
    FILE_COST_BYTES,
    JsonReporter,
    LogReporter,
    NullReporter,
    ScanState,
    SeveralReporters,
    TerminalReporter,
    create_reporter,
)
from tests import pictures


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_kind_of_progress_follows_the_stream_and_the_user() -> None:
    assert type(create_reporter("auto", Screen())) is TerminalReporter
    assert type(create_reporter("auto", io.StringIO())) is LogReporter
    assert type(create_reporter("plain", Screen())) is LogReporter
    assert type(create_reporter("json", Screen())) is JsonReporter
    assert type(create_reporter("none", Screen())) is NullReporter


def test_numbers_that_decide() -> None:
    assert (module.RATE_SECONDS, module.LOG_SECONDS, module.JSON_SECONDS) == (180, 30, 1)
    assert shard.SHARD_BYTES // shard.SHARD_FILES == FILE_COST_BYTES


def test_a_terminal_shows_files_samples_and_matches() -> None:
    screen, clock = Screen(), Clock()
    progress = TerminalReporter(screen, clock)
    progress.start(10, 0)
    clock.now = 2
    progress.advance(4, 0, 1200, 3)
    progress.note("look\x1b[2J")
    progress.finish()
    progress.finish()
    text = screen.getvalue()
    assert "look\\u{1b}[2J" in text
    assert "4 of 10 files · 2 a second · 1,200 samples · 3 matches · about 3 s left" in " ".join(text.split())


@pytest.mark.parametrize("kind", [TerminalReporter, LogReporter, JsonReporter])
def test_progress_of_unknown_length_and_before_the_start_is_harmless(kind: type[TerminalReporter]) -> None:
    stream = Screen()
    progress = kind(stream)
    progress.advance(1)
    progress.note("early")
    progress.start(None, None)
    progress.advance(1)
    progress.finish()
    progress.finish()
    assert "early" in stream.getvalue()


def test_the_rate_is_that_of_the_last_minutes() -> None:
    clock = Clock()
    state = ScanState(clock, total_files=10_000, total_size=0)
    for minute in range(1, 11):  # 600 files a minute, then 60
        clock.now = minute * 60.0
        state.add(600 if minute <= 5 else 60, 0, 0, 0, resumed=False)
    assert state.rates[0] == pytest.approx(1.0)
    assert state.seconds_left == pytest.approx(10_000 - 3_300)
    clock.now += 60  # a minute without a file
    assert state.rates[0] < 1.0


def test_bytes_and_files_both_count_for_the_share_and_the_time_left() -> None:
    clock = Clock()
    state = ScanState(clock, total_files=2, total_size=6 * FILE_COST_BYTES)
    clock.now = 10
    state.add(1, FILE_COST_BYTES, 0, 0, resumed=False)
    assert state.share == pytest.approx(2 / 8)
    assert state.seconds_left == pytest.approx(30)


def test_what_a_resumed_scan_had_done_counts_as_done_and_not_for_the_rate() -> None:
    clock = Clock()
    state = ScanState(clock, total_files=1000, total_size=0)
    state.add(800, 0, 0, 0, resumed=True)
    assert (state.rates, state.seconds_left) == ((0.0, 0.0), None)
    clock.now = 10
    state.add(100, 0, 0, 0, resumed=False)
    assert (state.rates[0], state.share, state.seconds_left) == (10.0, 0.9, 10.0)


def test_a_log_gets_a_line_every_half_minute_without_matches_and_a_short_scan_none() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = LogReporter(stream, clock)
    assert not progress.wants_total
    progress.start(None, None)
    for second in range(61):
        clock.now = second
        if progress.wants_total:
            progress.set_total(400, 0)
        progress.advance(2, 0, 20, 7)
    progress.finish()
    assert stream.getvalue().splitlines() == [
        "scanning: 62 of 400 files (16%), 620 samples, 2 a second, about 164 s left".replace(
            "about 164 s", "about 3 min"
        ),
        "scanning: 122 of 400 files (30%), 1,220 samples, 2 a second, about 2 min left",
    ]


@pytest.mark.parametrize("shows_hits", [False, True])
def test_json_lines_can_be_read_by_a_program(shows_hits: bool) -> None:
    stream, clock = io.StringIO(), Clock()
    progress = JsonReporter(stream, clock, shows_hits=shows_hits)
    progress.start(10, 0)
    for now in (0.5, 2.0, 2.5):
        clock.now = now
        progress.advance(1, 100, 5, 1)
    progress.note("a \x1b message")
    progress.finish()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["start", "progress", "note", "end"]
    assert (lines[1]["files"], lines[1]["files_total"], lines[1]["samples"]) == (2, 10, 10)
    assert lines[-1]["files"] == 3
    assert ("matches" in lines[1]) is shows_hits


def test_several_reporters_are_told_the_same() -> None:
    streams = [io.StringIO(), io.StringIO()]
    progress = SeveralReporters(*(JsonReporter(stream, Clock()) for stream in streams))
    assert progress.wants_total
    progress.start(None, None)
    progress.set_total(5, 0)
    progress.advance(2, resumed=True)
    progress.note("x")
    progress.finish()
    ends = [json.loads(stream.getvalue().splitlines()[-1]) for stream in streams]
    assert [(end["files"], end["files_total"], end["files_resumed"]) for end in ends] == [(2, 5, 2)] * 2


@pytest.fixture
def hills(tmp_path: Path) -> Path:
    (tmp_path / "hills").mkdir()
    for number in range(6):
        (tmp_path / "hills" / f"{number}.jpg").write_bytes(pictures.jpeg(pictures.landscape(number, (48, 48)), 85))
    return tmp_path / "hills"


def test_a_resumed_scan_says_what_was_done_before(hills: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.pipeline.shard.SHARD_FILES", 2)
    audit(hills, out=tmp_path / "run", workers=1)
    (tmp_path / "run" / "report.json").unlink()
    next((tmp_path / "run" / "shards").glob("*2.json")).unlink()
    stream = io.StringIO()
    audit(hills, out=tmp_path / "run", workers=1, progress=JsonReporter(stream))
    end = json.loads(stream.getvalue().splitlines()[-1])
    assert (end["files"], end["files_total"], end["files_resumed"], end["share"]) == (6, 6, 4, 1.0)


def test_quiet_prints_only_what_there_is_to_say(hills: Path, tmp_path: Path) -> None:
    def run(*options: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(main, ["scan", str(hills), "--quiet", *options])
        return result.exit_code, result.stdout, result.stderr

    assert run() == (0, "", "")
    assert run("--format", "csv")[1].startswith("type,")
    (hills / "README.md").write_text("---\nlicense: [\n---\n# Hills\n")
    code, out, err = run()
    assert (code, err) == (3, "")
    assert "What was not checked" in out


def test_progress_goes_to_a_file_and_matches_of_a_public_build_do_not(
    hills: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "progress.jsonl"
    for in_ci in ("", "true"):
        monkeypatch.setenv("CI", in_ci)
        monkeypatch.setenv("GITHUB_ACTIONS", in_ci)
        result = CliRunner().invoke(main, ["scan", str(hills), "--progress-file", str(path), "--progress", "json"])
        assert result.exit_code == 0
        events = [json.loads(line) for line in path.read_text().splitlines()]
        assert [events[0]["event"], events[-1]["event"]] == ["start", "end"]
        assert ("matches" in events[-1]) is not bool(in_ci)
        assert "matches" not in result.stderr
        assert json.loads(result.stderr.splitlines()[0])["event"] == "start"
    assert CliRunner().invoke(main, ["scan", str(hills), "--progress-file", str(tmp_path)]).exit_code == 2
