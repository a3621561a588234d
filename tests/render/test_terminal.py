"""The summary on a terminal reads well to a person, fits on a screen, and does nothing to the terminal."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.cli.options import use_colour
from auditor.model import Case, Count, Finding, Gap, Outcome, Place, Ref, Severity, Tally
from auditor.pipeline.audit import audit
from auditor.pipeline.policy_summary import ListSummary
from auditor.pipeline.report import Findings, Report
from auditor.reporting.guidance import next_command
from auditor.reporting.report_summary import severity_rank

Show = Callable[..., str]
HUB, LISTED = Path(__file__).parents[1] / "data" / "hub", Path(__file__).parents[1] / "data" / "known-pictures.csv"


def plain(text: str) -> str:
    return " ".join(text.split())


def positions(text: str, *words: str) -> list[int]:
    return [text.index(word) for word in words]


def with_list(report: Report, means: str, treat: dict[str, str] | None = None) -> Report:
    """The report with its list of samples meaning this, and the profile treating lists so."""
    (samples, models) = report.policy.lists
    policy = replace(report.policy, lists=(replace(samples, means=means), models), treat=treat or {})
    return replace(report, policy=policy)


def large_report(report: Report, findings: int, cases: int, subjects: int) -> Report:
    """The report with this many findings on so many subjects, and so many cases."""
    notes = tuple(
        Finding("no-licence", "model", f"many/m{number % subjects}", "", "FLAGGED", "note", f"fact {number}")
        for number in range(findings)
    )
    opened = tuple(
        Case(
            "linked", "model", f"many/c{number}", "", (report.cases[0].reasons[0]._replace(subject=f"many/c{number}"),)
        )
        for number in range(cases)
    )
    reasons = tuple(case.reasons[0] for case in opened)
    flagged = {("no-licence", "FLAGGED", "note"): findings, ("linked-listed-model", "FLAGGED", "error"): cases}
    return replace(report, findings=(*notes, *reasons), cases=opened, flagged=flagged)


def test_the_verdict_comes_first_then_cases_findings_what_was_not_checked_and_what_to_do(
    report: Report, shown: Show
) -> None:
    text = shown(with_list(report, "csam"), "terminal")
    order = (
        "Confidential: unproven until reviewed\n",
        "3 of 121 pictures (1 exact, 2 near) match entries of list example-known; 2 models need a review by people",
        "Cases: 2 for people to decide",
        "model harbour/pier-lora  linked: list example-models names the same weights",
        "model shore/coast-diffusion @ 4f2a9c1  exposed: trained on shore/coast-photos",
        "Findings: 3 errors, 1 warning, 2 notes, 1 not judged",
        "What was not checked",
        "Now: do not open, copy, share or delete what matched",
        "Next: auditor review open RUN",
    )
    found = positions(plain(text), *map(plain, order))
    assert found == sorted(found)
    assert found[0] == 0


def test_a_finding_has_its_file_and_line_its_rule_and_what_to_do(report: Report, shown: Show) -> None:
    text = plain(shown(report, "terminal", verbose=True))
    assert (
        "models/lake/calm-water/model.ckpt weights-can-run-code warning: weights in pickle: model.ckpt "
        "→ Publish the weights as safetensors instead" in text
    )
    assert "models/lake/calm-water/README.md:4 descends-from-exposed note: descends from" in text
    assert "hill.md no-licence not judged: the card could not be read → make readable what could not be read" in text


def test_the_most_severe_findings_are_shown_and_the_others_counted(report: Report, shown: Show) -> None:
    text = plain(shown(report, "terminal"))
    assert "dataset shore/coast-photos datasets/shore/coast-photos known-content-in-dataset error:" in text
    assert "and 4 more findings on other subjects" in text
    assert "no licence is stated" not in text


def test_a_reason_of_a_case_is_not_told_again_as_a_finding(report: Report, shown: Show) -> None:
    text = plain(shown(report, "terminal"))
    assert text.count("list example-models names the same weights") == 1


@pytest.mark.parametrize(("width", "limit"), [(100, 25), (40, 63)])
def test_the_example_fits_on_a_screen(example: Report, shown: Show, width: int, limit: int) -> None:
    lines = shown(example, "terminal", width=width).splitlines()
    assert len(lines) <= limit
    assert [line for line in lines if len(line) > width and not line.startswith(("Run: ", "Next: "))] == []
    assert lines[-1].startswith("Next: auditor review open runs/hub ")


@pytest.mark.parametrize(("width", "limit"), [(100, 40), (40, 100)])
@pytest.mark.parametrize(("findings", "cases", "subjects"), [(10_000, 500, 3000), (100_000, 0, 1), (10_000, 500, 1)])
def test_a_large_run_fits_on_a_screen_too(
    report: Report, shown: Show, findings: int, cases: int, subjects: int, width: int, limit: int
) -> None:
    text = shown(large_report(report, findings, cases, subjects), "terminal", width=width)
    assert len(text.splitlines()) <= limit
    shown_or_counted = re.findall(r"and ([\d,]+) more(?: finding|\))", plain(text))
    named = text.count("no-licence")
    assert sum(int(number.replace(",", "")) for number in shown_or_counted) + named == findings


def test_verbose_shows_every_finding(report: Report, shown: Show) -> None:
    text = shown(large_report(report, 300, 40, 7), "terminal", verbose=True)
    assert [number for number in range(300) if f"fact {number} " not in plain(text)] == []
    assert [number for number in range(40) if f"many/c{number} " not in plain(text)] == []
    assert "more finding" not in text


def test_nothing_is_wider_than_a_narrow_terminal(report: Report, shown: Show) -> None:
    text = shown(report, "terminal", width=40, verbose=True)
    wide = [line for line in text.splitlines() if len(line) > 40]
    assert wide == ["Next: auditor review open RUN (two people decide each case)"], "a command is not cut"


def test_counts_are_proven_for_files_and_samples(report: Report, shown: Show) -> None:
    text = plain(shown(report, "terminal"))
    assert "Files 31 = 28 read + 0 partly + 2 skipped + 1 not read; samples 126 = 121 + 0 + 3 + 2" in text
    assert "1 file was not read; 2 files were skipped; 2 samples were not compared" in text
    assert "do not add up" not in text


def test_counts_that_do_not_add_up_are_told_first(report: Report, shown: Show) -> None:
    text = plain(shown(replace(report, tally=Tally(Count(5, 3, 1, 0))), "terminal"))
    assert text.index("The counts of files do not add up: do not rely on this report") < text.index("Cases:")


def test_a_match_is_followed_by_what_to_do_now_and_the_hotline_of_the_country_that_was_named(
    report: Report, shown: Show
) -> None:
    matched = with_list(report, "csam")
    text = plain(shown(matched, "terminal"))
    assert "report to the hotline of your country (https://www.inhope.org/; --country names it)" in text
    assert "rehearsal" not in text.lower()
    british = plain(shown(matched, "terminal", country="gb"))
    assert "report to Internet Watch Foundation, https://report.iwf.org.uk/" in british
    assert "report.cybertip.org" not in british
    unknown = plain(shown(matched, "terminal", country="AQ"))
    assert "the hotline of your country (https://www.inhope.org/; --country names it)" in unknown


@pytest.mark.parametrize("name", ["terminal", "html", "json", "csv"])
def test_a_profile_that_treats_a_test_list_as_known_content_marks_a_rehearsal(
    report: Report, shown: Show, name: str
) -> None:
    sentence = (
        "Rehearsal: profile default treats example-known, a test list, as `csam`; report no match with it. Confidential"
    )
    assert sentence in plain(shown(with_list(report, "test", {"test": "csam"}), name)).replace("&#39;", "'")
    assert "Rehearsal:" not in shown(with_list(report, "test"), name)
    assert "Rehearsal:" not in shown(with_list(report, "csam", {"test": "csam"}), name)


def test_a_rehearsal_is_the_first_line_and_names_no_hotline(report: Report, shown: Show) -> None:
    text = shown(with_list(report, "test", {"test": "csam"}), "terminal", country="GB")
    assert text.startswith("Rehearsal: ")
    assert "Now: report nothing, this is a rehearsal." in text
    assert "report.iwf.org.uk" not in text


def test_authors_are_told_of_a_rehearsal_without_the_name_of_a_list(report: Report, shown: Show) -> None:
    text = shown(with_list(report, "test", {"test": "csam"}), "terminal", audience="author")
    assert text.startswith("Rehearsal: profile default treats test lists as `csam`")
    assert "example-known" not in text


@pytest.mark.parametrize("name", ["terminal", "html", "json", "csv"])
def test_with_test_lists_alone_the_steps_are_a_rehearsal_without_hotlines(
    report: Report, shown: Show, name: str
) -> None:
    text = plain(shown(report, name, verbose=True))
    assert "This list means `test`: this is a rehearsal; report nothing." in text
    assert "report.iwf.org.uk" not in text


def test_nothing_found_never_reads_as_clean(report: Report, shown: Show) -> None:
    empty = replace(
        report,
        findings=(),
        gaps=(),
        cases=(),
        flagged={},
        lineage=(),
        matches=(),
        unread=0,
        policy=replace(report.policy, lists=()),
        tally=Tally(Count(3, 3), Count(9, 9)),
    )
    text = plain(shown(empty, "terminal"))
    assert "clean" not in text.lower()
    assert "Now:" not in text
    assert "Confidential" not in text
    assert (
        "Pictures and other samples were not matched: no list of known content was loaded; nothing was flagged in "
        "what was read; all 3 files were read." in text
    )
    assert "National Center for Missing & Exploited Children" in plain(shown(empty, "terminal", verbose=True))


def test_a_csam_list_that_was_loaded_removes_the_warning(report: Report, shown: Show) -> None:
    lists = (ListSummary("authority", "7", "csam", 10, "ab" * 32),)
    text = shown(replace(report, matches=(), policy=replace(report.policy, lists=lists)), "terminal", verbose=True)
    assert "No list" not in text
    assert "List authority 7: 10 entries; known child sexual abuse material" in text


def test_a_gate_says_each_finding_in_one_line_with_why_and_how_to_fix_it(report: Report, shown: Show) -> None:
    gate = replace(report, policy=replace(report.policy, profile="gate"))
    lines = shown(gate, "terminal").splitlines()
    (line,) = [line for line in lines if ": weights-can-run-code: " in line]
    assert line == (
        "examples/hub/models/lake/calm-water/model.ckpt: warning: weights-can-run-code: weights in pickle: model.ckpt. "
        "Why: A pickle runs whatever code its author wrote into it as soon as it is loaded, so whoever loads such a "
        "model lets its author control their machine. Fix: Publish the weights as safetensors instead, or have the "
        "file checked by a scanner for malware in models (picklescan, modelscan, the scans of a hub) before anyone "
        "loads it."
    )
    found = [line for line in lines if re.match(r"\S.*: (error|warning|note|not judged by 1 rule): ", line)]
    assert len(found) == 7
    words = ("error", "warning", "note", "not judged by 1 rule")
    ranks = [next(word for word in words if f": {word}: " in line) for line in found]
    assert ranks == ["error"] * 3 + ["warning"] + ["note"] * 2 + ["not judged by 1 rule"]


def test_rules_that_one_file_leaves_open_share_a_line_or_row(tmp_path: Path, shown: Show) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "README.md").write_text("---\nlicense: mit\nlibrary_name: peft\n---\n# A model\n")
    (tmp_path / "hub" / "model.safetensors").write_bytes(b"\xff" * 64)
    report = audit(tmp_path / "hub", out=tmp_path / "run", profile="gate", workers=1)
    (line,) = [line for line in shown(report, "terminal").splitlines() if "not judged by" in line]
    assert re.search(
        r": not judged by \d+ rules: a weights file's header could not be read \(copy-of-another, \S+, ", line
    )
    rows = [row for row in shown(report, "markdown").splitlines() if row.startswith("| not judged | copy-of-another, ")]
    assert len(rows) == 1


def test_colour_adds_nothing_but_colour(report: Report, shown: Show) -> None:
    text, colour = shown(report, "terminal"), shown(report, "terminal", colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colour) == text
    assert "\x1b[" in colour


@pytest.mark.parametrize(
    ("environment", "is_terminal", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colours_follow_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], is_terminal: bool, coloured: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert use_colour(is_terminal) is coloured


def test_a_reason_that_is_counted_for_files_is_not_counted_again_as_a_gap(report: Report, shown: Show) -> None:
    reasons = {"the picture is truncated": 2}
    gaps = (
        (Ref("dataset", "shore/coast-photos"), Gap("samples", "the picture is truncated: at byte 9", Place("a.jpg"))),
        (Ref("model", "hill/green"), Gap("card", "the metadata is not YAML", Place("hill.md", 3))),
    )
    text = shown(replace(report, gaps=gaps, tally=replace(report.tally, reasons=reasons)), "terminal")
    assert text.count("truncated") == 1
    assert "files or samples, 2 times: the picture is truncated: at byte 9; for example a.jpg" in text
    assert "cards, once: the metadata is not YAML (hill.md)" in text


def test_the_most_severe_findings_from_disk_are_those_of_all_findings(example: Report) -> None:
    assert isinstance(example.findings, Findings)
    everything = list(example.findings)
    for limit in (1, 12, 20, 1000):
        found, numbers = example.findings.most_severe(limit)
        best = sorted(everything, key=severity_rank, reverse=True)[:limit]
        assert list(found) == best
        assert numbers == {one.ref: sum(other.ref == one.ref for other in everything) for one in best}


@pytest.mark.skipif(sys.platform == "win32", reason="pipes close otherwise")
def test_a_pipe_that_closes_early_ends_without_a_traceback_and_with_the_exit_code_of_the_report(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from auditor.cli.main import main; main()"]
    scan = [*program, "scan", str(HUB), "--known", str(LISTED), "--profile", "example", "--out", str(tmp_path / "run")]
    process = subprocess.Popen([*scan, "--workers", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    messages = process.stderr.read().decode()
    assert process.wait() == 1
    assert "Traceback" not in messages
    assert "BrokenPipe" not in messages


@pytest.mark.skipif(sys.platform == "win32", reason="pipes close otherwise")
def test_a_command_without_findings_exits_zero_when_a_pipe_closes_early() -> None:
    program = [sys.executable, "-c", "from auditor.cli.main import main; main()", "hotlines"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    messages = process.communicate()[1]
    assert (process.returncode, messages) == (0, b"")


def test_each_unread_file_is_named_while_they_are_few(report: Report, shown: Show) -> None:
    dataset = Ref("dataset", "shore/coast-photos")

    def unread(number: int) -> str:
        gaps = tuple((dataset, Gap("samples", "empty", Place(f"{index}.jpg"))) for index in range(number))
        text = shown(replace(report, gaps=gaps, tally=replace(report.tally, reasons={"empty": number})), "terminal")
        return next(line.strip() for line in text.splitlines() if ": empty" in line)

    assert unread(3) == "files or samples, 3 times: empty (0.jpg, 1.jpg, 2.jpg)"
    assert unread(4) == "files or samples, 4 times: empty; for example 0.jpg"


def test_a_match_says_which_option_shows_where_the_samples_are(example: Report, shown: Show) -> None:
    lines = " ".join(shown(example, "terminal").split())
    assert "error: matches entries of list known-pictures (exact) (where: auditor report --places)" in lines
    assert "No match is no proof that a sample is free of such content." in lines


def test_the_next_command_names_the_hotline_of_the_same_country(report: Report) -> None:
    flagged: dict[tuple[str, Outcome, Severity], int] = {("no-licence", "FLAGGED", "warning"): 1}
    found = replace(report, cases=(), flagged=flagged, tally=replace(report.tally, coverage={}), folder=Path("run"))
    assert next_command(found, "GB").startswith("auditor report run --country GB --format html -o report.html")
