"""A baseline accepts findings and gaps for a time; never a match, a listed model or a case."""

from __future__ import annotations

import hashlib
import io
import json
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import UsageError
from auditor.model import STATEMENT_KEYS
from auditor.pipeline import baseline as baseline_file
from auditor.pipeline.accept_findings import apply_baseline, apply_baseline_file
from auditor.pipeline.audit import audit
from auditor.pipeline.baseline import MAX_ACCEPTANCE_DAYS, PROTECTED_KEYS, quote_toml, read_baseline, why_not_acceptable
from auditor.pipeline.new_baseline import Acceptance, extend_baseline
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report, read_report
from auditor.policy.load_policy import load_policy
from auditor.render import render_report, report_format_names
from auditor.reporting.render_options import RenderOptions
from auditor.resources import resource_folder
from tests import pictures

CARD = "---\nlibrary_name: diffusers\n---\n# A model of hills\n"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n"
TODAY = datetime.now(UTC).date()
SOON = TODAY + timedelta(days=30)


def entry(**changes: object) -> str:
    """An entry for the missing licence of the model in ``hills``; a key that is None is left out."""
    values: dict[str, object] = {
        "rule": "no-licence",
        "kind": "model",
        "subject": "hills",
        "sha256": hashlib.sha256(CARD.encode()).hexdigest(),
        "owner": "docs-team",
        "reason": "the licence is being chosen",
        "expires": SOON,
        **changes,
    }
    lines = [
        f"{key} = {value if isinstance(value, date | int) else json.dumps(value)}"
        for key, value in values.items()
        if value is not None
    ]
    return "\n[[accepted]]\n" + "\n".join(lines) + "\n"


def write_baseline(folder: Path, *entries: str) -> Path:
    path = folder / "accepted.toml"
    path.write_text("version = 1\n" + "".join(entries))
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model whose card names no licence."""
    (tmp_path / "hills").mkdir()
    (tmp_path / "hills" / "README.md").write_text(CARD)
    return tmp_path / "hills"


def rules_of(report: Report) -> set[str]:
    return {finding.rule for finding in report.findings}


def shown(report: Report, name: str, *, share: bool = False) -> str:
    out = io.StringIO()
    render_report(report, name, out, RenderOptions(share=share))
    return " ".join(out.getvalue().split())


def test_an_accepted_finding_does_not_count_and_is_named_in_every_format(model: Path, tmp_path: Path) -> None:
    accepted = write_baseline(tmp_path, entry())
    before = audit(model, out=tmp_path / "a", workers=1)
    report = audit(model, out=tmp_path / "b", workers=1, baseline=accepted)
    assert (before.exit_code("note"), "no-licence" in rules_of(before)) == (1, True)
    assert rules_of(report) == rules_of(before) - {"no-licence"}
    assert report.flagged.keys() == before.flagged.keys() - {("no-licence", "FLAGGED", "note")}
    for name in report_format_names():
        text = shown(report, name)
        assert "1 finding is accepted by accepted.toml" in text, name
    assert f"1 finding accepted by accepted.toml (docs-team, until {SOON}): no-licence, model hills." in shown(
        report, "terminal"
    )


def test_json_and_sarif_say_who_accepted_what_and_until_when(model: Path, tmp_path: Path) -> None:
    report = audit(model, out=tmp_path / "run", workers=1, baseline=write_baseline(tmp_path, entry()))
    content = json.loads(shown(report, "json"))
    jsonschema.validate(content, json.loads((resource_folder("reports/schema") / "report.schema.json").read_text()))
    accepted = content["accepted"]
    assert accepted["counts"] == {"findings": 1, "gaps": 0, "files": 0, "samples": 0}
    assert [(one["rule"], one["by"]["owner"], one["by"]["expires"]) for one in accepted["findings"]] == [
        ("no-licence", "docs-team", SOON.isoformat())
    ]
    results = json.loads(shown(report, "sarif"))["runs"][0]["results"]
    suppressed = {one["ruleId"]: one["suppressions"] for one in results if "suppressions" in one}
    why = f"docs-team, until {SOON}: the licence is being chosen"
    assert suppressed == {"no-licence": [{"kind": "external", "status": "accepted", "justification": why}]}
    prints = [one["partialFingerprints"]["primaryLocationLineHash"] for one in results]
    assert len(set(prints)) == len(prints)


def test_a_shared_report_counts_what_is_accepted_without_a_name(model: Path, tmp_path: Path) -> None:
    report = audit(model, out=tmp_path / "run", workers=1, baseline=write_baseline(tmp_path, entry()))
    for name in report_format_names():
        text = shown(report, name, share=True)
        assert "1 finding is accepted by a baseline" in text, name
        assert [word for word in ("docs-team", "accepted.toml", "being chosen") if word in text] == [], name


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "0" * 64},
        {"subject": "other"},
        {"kind": "dataset"},
        {"rule": "no-training-data"},
        {"rule": None, "gap": "no-licence"},
    ],
)
def test_an_entry_for_something_else_accepts_nothing(model: Path, tmp_path: Path, changes: dict[str, object]) -> None:
    report = audit(model, out=tmp_path / "run", workers=1, baseline=write_baseline(tmp_path, entry(**changes)))
    if changes != {"rule": "no-training-data"}:  # a finding of its own
        assert "Entry 1 of accepted.toml accepts nothing" in shown(report, "terminal")
    assert "no-licence" in rules_of(report)


def test_a_changed_file_ends_an_acceptance(model: Path, tmp_path: Path) -> None:
    (model / "README.md").write_text(CARD + "One more line.\n")
    report = audit(model, out=tmp_path / "run", workers=1, baseline=write_baseline(tmp_path, entry()))
    assert "no-licence" in rules_of(report)
    assert "its file has changed" in shown(report, "terminal")


@pytest.mark.parametrize(("days", "counts"), [(-1, True), (0, False), (1, False)])
def test_an_acceptance_counts_on_its_last_day_and_returns_after_it(
    model: Path, tmp_path: Path, days: int, counts: bool
) -> None:
    last = TODAY + timedelta(days=days)
    report = audit(model, out=tmp_path / "run", workers=1, baseline=write_baseline(tmp_path, entry(expires=last)))
    assert ("no-licence" in rules_of(report)) is counts
    sentence = f"An acceptance in accepted.toml expired on {last}, and what it accepted counts again: no-licence"
    for name in ("terminal", "html", "csv", "sarif"):
        assert (sentence in shown(report, name)) is counts, name
    assert len(json.loads(shown(report, "json"))["accepted"]["expired"]) == counts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (entry(ruel="x"), r"entry 1: ruel: unknown key \(did you mean 'rule'\?\)"),
        (entry(rule="no-license"), r"entry 1: rule: there is no rule 'no-license' \(did you mean 'no-licence'\?\)"),
        (entry(owner=None), "entry 1: owner: missing"),
        (entry(owner=" "), "entry 1: owner: expected text, not ' '"),
        (entry(reason=None), "entry 1: reason: missing"),
        (entry(reason=7), "entry 1: reason: expected text, not 7"),
        (entry(expires=None), "entry 1: expires: missing"),
        (entry(expires="2027-01-31"), "entry 1: expires: expected a date without quotes"),
        (entry(expires=datetime(2027, 1, 31)), "entry 1: expires: expected a date without quotes"),
        (entry(expires=TODAY + timedelta(days=MAX_ACCEPTANCE_DAYS + 1)), "entry 1: expires: .* more than a year away"),
        (entry(sha256=None), "entry 1: sha256: expected the SHA-256"),
        (entry(sha256=[]), "entry 1: sha256: expected the SHA-256"),
        (entry(sha256="ABC"), "entry 1: sha256: 'ABC' is not a SHA-256"),
        (entry(sha256="A" * 64), "entry 1: sha256: .* in lower case"),
        (entry(sha256="*"), r"entry 1: sha256: '\*' is not a SHA-256"),
        (entry(kind="modell"), r"entry 1: kind: 'modell' is none of .*did you mean 'model'"),
        (entry(subject=None), "entry 1: subject: missing"),
        (entry(rule=None), "entry 1: rule: name either a rule or the reason of a gap"),
        (entry(gap="x"), "entry 1: rule: name either a rule or the reason of a gap"),
        (entry() + entry(), "entry 2: sha256: entry 1 accepts the same"),
        ("accepted = 3\n", "accepted: expected tables"),
        ("accepted = [3]\n", "entry 1: expected a table"),
        ("acepted = []\n", r"acepted: unknown key \(did you mean 'accepted'\?\)"),
        ("[[accepted]\n", "is not a TOML file"),
    ],
)
def test_a_mistake_in_the_file_is_an_error_that_names_entry_and_key(
    model: Path, tmp_path: Path, text: str, message: str
) -> None:
    path = write_baseline(tmp_path, text)
    with pytest.raises(UsageError, match=rf"^{path}: {message}"):
        audit(model, out=tmp_path / "run", workers=1, baseline=path)
    assert not (tmp_path / "run" / "report.json").exists()


def test_a_baseline_states_its_version(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    for text in ("", "version = 2\n", 'version = "1"\n'):
        path.write_text(text + entry())
        with pytest.raises(UsageError, match=r"version: expected 1"):
            read_baseline(path)


def test_limits_of_a_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (MAX_ACCEPTANCE_DAYS, baseline_file.MAX_ENTRIES) == (366, 10_000)
    monkeypatch.setattr(baseline_file, "MAX_ENTRIES", 1)
    with pytest.raises(UsageError, match="holds 2 entries, more than 1"):
        read_baseline(write_baseline(tmp_path, entry(), entry(subject="other")))


def test_protected_statements_are_those_of_matches_and_listed_models() -> None:
    assert set(STATEMENT_KEYS) >= PROTECTED_KEYS
    protected = {rule.id for rule in load_policy().rules if why_not_acceptable(rule)}
    assert protected == {
        "descends-from-exposed",
        "descends-from-linked",
        "known-content-in-dataset",
        "known-content-in-model",
        "known-content-lead",
        "linked-dedicated-derivative",
        "linked-listed-model",
        "linked-same-values",
        "linked-same-weights",
        "list-entry-set-aside",
        "listed-model-lead",
        "listed-model-related",
        "trained-on-claimed-known-content",
        "trained-on-known-content",
        "trained-on-known-content-lead",
    }


@pytest.fixture
def matched(tmp_path: Path) -> tuple[Path, Path]:
    """A dataset with a card that names no source, two pictures and a broken one; and a list that one of them is on."""
    folder = tmp_path / "shore"
    folder.mkdir()
    (folder / "README.md").write_text("---\ntask_categories: [image-classification]\n---\n# Pictures of a shore\n")
    for number in range(2):
        (folder / f"{number}.jpg").write_bytes(pictures.jpeg(pictures.landscape(number, (64, 64)), 85))
    (folder / "2.jpg").write_bytes(pictures.jpeg(pictures.landscape(2, (64, 64)), 85)[:400])
    listed = [hashlib.sha256((folder / f"{number}.jpg").read_bytes()).hexdigest() for number in (0, 2)]
    known = tmp_path / "ordinary.csv"
    known.write_text(
        "# name: ordinary\n# version: 1\n# means: csam\nsha256,pdq\n" + f"{listed[0]},{'0f' * 32}\n{listed[1]},\n"
    )
    return folder, known


@pytest.mark.parametrize("key", ["rule", "gap"])
def test_no_key_accepts_a_match(matched: tuple[Path, Path], tmp_path: Path, key: str) -> None:
    folder, known = matched
    report = audit(folder, known=[known], out=tmp_path / "run", workers=1)
    assert "known-content-in-dataset" in rules_of(report)
    for finding in report.findings:
        if not finding.rule.startswith("known-content"):
            continue
        for digest in [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())]:
            text = entry(**{"rule": None, key: finding.rule, "kind": "dataset", "subject": "shore", "sha256": digest})
            if key == "rule":
                with pytest.raises(UsageError, match="opens a case, which people decide, and cannot be"):
                    apply_baseline_file(report, write_baseline(tmp_path, text))
            else:
                accepted = apply_baseline_file(report, write_baseline(tmp_path, text))
                assert list(accepted.findings) == list(report.findings)
                assert accepted.exit_code("error") == 1


def test_a_rule_of_ones_own_about_matches_is_no_way_around(matched: tuple[Path, Path], tmp_path: Path) -> None:
    from tests.policy.rules_folder import RULE

    folder, known = matched
    (tmp_path / "rules").mkdir()
    own = RULE.replace('"model"', '"dataset"').replace('"tag"', '"known_content"').replace("tag {", "content {")
    (tmp_path / "rules" / "mine.toml").write_text(own.replace("has tag a", "has content a"))
    path = write_baseline(tmp_path, entry(rule="mine", kind="dataset", subject="shore"))
    with pytest.raises(UsageError, match="entry 1: rule: mine is about matches with a list or listed models"):
        audit(folder, known=[known], rules=[tmp_path / "rules"], out=tmp_path / "run", workers=1, baseline=path)


def test_nothing_about_a_file_that_holds_a_match_is_accepted(matched: tuple[Path, Path], tmp_path: Path) -> None:
    """The broken picture is on the list by its SHA-256; that PDQ could not be compared leaves a gap."""
    folder, known = matched
    report = audit(folder, known=[known], out=tmp_path / "run", workers=1)
    gaps = [gap for _, gap in report.gaps]
    assert [gap.place.uri for gap in gaps] == ["2.jpg"]
    path = tmp_path / "new.toml"
    added = extend_baseline(tmp_path / "run", path, Acceptance("me", "why", SOON, severity="note"))
    assert any("holds a match" in text for text in added.left_out)
    assert any("known-content-in-dataset opens a case" in text for text in added.left_out)
    digest = hashlib.sha256((folder / "2.jpg").read_bytes()).hexdigest()
    assert digest not in path.read_text()
    why = gaps[0].why.split(":")[0]
    by_hand = write_baseline(tmp_path, entry(rule=None, gap=why, kind="dataset", subject="shore", sha256=digest))
    assert apply_baseline_file(report, by_hand).unread == report.unread


def test_a_run_keeps_no_digest_of_a_sample(matched: tuple[Path, Path], tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    folder, known = matched
    audit(folder, known=[known], out=tmp_path / "run", workers=1)
    kept = {}
    for path in (tmp_path / "run" / "files").glob("*.parquet"):
        table = pq.read_table(path)
        kept.update(zip(table["uri"].to_pylist(), table["sha256"].to_pylist(), strict=True))
    assert kept.pop("README.md") == hashlib.sha256((folder / "README.md").read_bytes()).digest()
    assert kept == {"0.jpg": b"", "1.jpg": b"", "2.jpg": b""}


def checkout_without_lfs(folder: Path) -> Path:
    """A dataset of three pictures that are pointers of Git LFS."""
    folder.mkdir()
    (folder / "README.md").write_text("---\ntask_categories: [image-classification]\nlicense: mit\n---\n# Hills\n")
    for number in range(3):
        (folder / f"{number}.png").write_text(POINTER.format(hashlib.sha256(bytes([number])).hexdigest()))
    return folder


def test_a_checkout_without_its_lfs_files_can_be_accepted(tmp_path: Path) -> None:
    folder = checkout_without_lfs(tmp_path / "hills")
    (folder / "seen.png").write_bytes(pictures.png(pictures.landscape(1, (64, 64))))
    known = tmp_path / "ordinary.csv"
    known.write_text(f"# name: ordinary\n# version: 1\n# means: csam\npdq\n{'0f' * 32}\n")
    before = audit(folder, known=[known], out=tmp_path / "a", workers=1)
    assert before.exit_code() == 3
    path = tmp_path / "accepted.toml"
    why = next(gap.why.split(":")[0] for _, gap in before.gaps)
    assert "pointer" in why
    extend_baseline(tmp_path / "a", path, Acceptance("ci", "CI has no LFS files", SOON, gaps=(why,)))
    report = audit(folder, known=[known], out=tmp_path / "b", workers=1, baseline=path)
    assert (report.exit_code(), report.unread, report.accepted.samples) == (0, 0, 3)
    assert report.tally == before.tally
    assert "3 gaps are accepted by accepted.toml" in shown(report, "terminal")
    # One pointer more, and the acceptance does not hold for it.
    (folder / "3.png").write_text(POINTER.format("ab" * 32))
    assert audit(folder, known=[known], out=tmp_path / "c", workers=1, baseline=path).exit_code() == 3


def test_nothing_compared_with_a_list_stays_unchecked_whatever_is_accepted(tmp_path: Path) -> None:
    folder = checkout_without_lfs(tmp_path / "hills")
    known = tmp_path / "ordinary.csv"
    known.write_text(f"# name: ordinary\n# version: 1\n# means: csam\npdq\n{'0f' * 32}\n")
    audit(folder, known=[known], out=tmp_path / "a", workers=1)
    extend_baseline(tmp_path / "a", tmp_path / "new.toml", Acceptance("ci", "no LFS", SOON))
    report = apply_baseline_file(read_report(tmp_path / "a"), tmp_path / "new.toml")
    assert (report.unread, report.exit_code()) == (0, 3)
    assert shown(report, "terminal").startswith("Nothing was compared with list ordinary")


def test_an_expired_acceptance_is_renewed_beside_the_old_one(model: Path, tmp_path: Path) -> None:
    audit(model, out=tmp_path / "run", workers=1)
    path = write_baseline(tmp_path, entry(expires=TODAY - timedelta(days=1)))
    added = extend_baseline(tmp_path / "run", path, Acceptance("b", "again", SOON, rules=("no-licence",)))
    report = apply_baseline_file(read_report(tmp_path / "run"), path)
    assert (added.entries, "no-licence" in rules_of(report)) == (1, False)
    assert (report.accepted.expired, [one.number for one in report.accepted.unused]) == ((), [1])


def test_a_baseline_is_extended_and_what_it_accepts_stays(model: Path, tmp_path: Path) -> None:
    audit(model, out=tmp_path / "run", workers=1)
    path = tmp_path / "accepted.toml"
    first = extend_baseline(tmp_path / "run", path, Acceptance("a", "first", SOON, rules=("no-licence",)))
    text = path.read_text()
    again = extend_baseline(tmp_path / "run", path, Acceptance("b", "again", SOON, rules=("no-licence",)))
    assert (first.entries, again.entries, path.read_text()) == (1, 0, text)
    more = extend_baseline(tmp_path / "run", path, Acceptance("b", "all", SOON, severity="note"))
    assert path.read_text().startswith(text)
    entries = read_baseline(path).entries
    assert [one.number for one in entries] == list(range(1, more.entries + 2))
    assert {one.owner for one in entries} == {"a", "b"}
    assert list(apply_baseline(read_report(tmp_path / "run"), read_baseline(path)).findings) == []


@pytest.mark.parametrize(
    ("acceptance", "message"),
    [
        (Acceptance("", "why", SOON), "--owner: say it in words"),
        (Acceptance("me", " ", SOON), "--reason: say it in words"),
        (Acceptance("me", "why", TODAY + timedelta(days=400)), "--expires: .* more than a year away"),
        (Acceptance("me", "why", SOON, rules=("no-license",)), "no such rule .did you mean 'no-licence'"),
        (Acceptance("me", "why", SOON, rules=("linked-listed-model",)), "opens a case"),
    ],
)
def test_what_cannot_be_accepted_is_refused(model: Path, tmp_path: Path, acceptance: Acceptance, message: str) -> None:
    audit(model, out=tmp_path / "run", workers=1)
    with pytest.raises(UsageError, match=message):
        extend_baseline(tmp_path / "run", tmp_path / "new.toml", acceptance)
    assert not (tmp_path / "new.toml").exists()


def inside(model: Path, tmp_path: Path) -> Path:
    return model / "accepted.toml"


def linked_to_inside(model: Path, tmp_path: Path) -> Path:
    path = tmp_path / "accepted.toml"
    path.symlink_to(model / "accepted.toml")
    return path


def linked_through_inside(model: Path, tmp_path: Path) -> Path:
    """A link in the target, to a file outside that a link outside leads to."""
    (tmp_path / "outside.toml").write_text((model / "accepted.toml").read_text())
    (model / "way.toml").symlink_to(tmp_path / "outside.toml")
    path = tmp_path / "accepted.toml"
    path.symlink_to(model / "way.toml")
    return path


@pytest.mark.parametrize("place", [inside, linked_to_inside, linked_through_inside])
def test_a_target_does_not_bring_its_own_baseline(
    model: Path, tmp_path: Path, place: Callable[[Path, Path], Path]
) -> None:
    write_baseline(model, entry())
    path = place(model, tmp_path)
    with pytest.raises(UsageError, match=r"lies in the target .* must not bring its own baseline"):
        audit(model, out=tmp_path / "a", workers=1, baseline=path)
    report = audit(model, out=tmp_path / "b", workers=1)
    with pytest.raises(UsageError, match="lies in the target"):
        apply_baseline_file(report, path)
    with pytest.raises(UsageError, match="lies in the target"):
        reevaluate([tmp_path / "b"], out=tmp_path / "c", workers=1, baseline=path)
    trusting = audit(model, out=tmp_path / "d", workers=1, baseline=path, trust_target=True)
    assert "no-licence" not in rules_of(trusting)
    for name in report_format_names():
        assert "The target was trusted (--trust-target)" in shown(trusting, name), name


def test_another_baseline_is_applied_to_a_finished_run_and_to_one_judged_again(model: Path, tmp_path: Path) -> None:
    path = write_baseline(tmp_path, entry())
    audit(model, out=tmp_path / "a", workers=1)
    (model / "README.md").unlink()  # the digest is that of what was read
    assert "no-licence" not in rules_of(apply_baseline_file(read_report(tmp_path / "a"), path))
    assert "no-licence" not in rules_of(reevaluate([tmp_path / "a"], out=tmp_path / "b", workers=1, baseline=path))


@given(st.text())
def test_any_text_is_written_as_toml_reads_it(text: str) -> None:
    written = quote_toml(text)
    assert written.isprintable()
    assert tomllib.loads(f"key = {written}")["key"] == text
