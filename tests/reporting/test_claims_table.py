"""The table "who says what": contradictions first, each with both places and its rule."""

from __future__ import annotations

import html.parser
import time
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.model import STATEMENT_KEYS, Gap, Place, Statement, Subject
from auditor.pipeline.audit import audit
from auditor.policy.load_policy import load_policy
from auditor.policy.vocabularies import load_vocabularies
from auditor.reporting.claim_questions import CLAIM_SOURCES, QUESTIONS
from auditor.reporting.claims_formats import FORMATS, headline
from auditor.reporting.claims_table import (
    MAX_CLAIMS,
    STATED_IS_NOT_PROVEN,
    Cell,
    ClaimsTable,
    ClaimsTables,
    Row,
    build_table,
    build_tables,
)

DUTIES = load_vocabularies().duties
CARD = Place("README.md", 2)


def row(table: ClaimsTable, question: str) -> Row:
    return next(each for each in table.rows if each.question.id == question)


def cell(table: ClaimsTable, question: str, source: str) -> Cell:
    return next(each for each in row(table, question).cells if each.source.id == source)


def test_questions_name_rules_and_keys_that_exist() -> None:
    rules = {rule.id for rule in load_policy().rules}
    assert {rule for each in QUESTIONS for rule in (*each.contradictions, *each.findings)} <= rules
    assert {answer.key for each in QUESTIONS for answer in each.answers} <= set(STATEMENT_KEYS)
    assert len({each.id for each in QUESTIONS}) == len(QUESTIONS)
    assert len({each.id for each in CLAIM_SOURCES}) == len(CLAIM_SOURCES)


def test_the_answers_of_the_summary_are_called_as_its_reader_calls_them() -> None:
    from auditor.part_builders.summary_part import TOPICS

    asked = {value for each in QUESTIONS for answer in each.answers for value in answer.values}
    assert {value for value in asked if value[0].isdigit()} <= set(TOPICS.values())


def test_each_source_answers_in_its_own_column() -> None:
    table = build_table(
        Subject(
            "model",
            "acme/tree",
            statements=(
                Statement("base_model", "acme/seed", "finetune", CARD, "card"),
                Statement("observed_base", "acme/seed", "descends", Place("w.safetensors"), "lineage"),
                Statement("base_family", "sdxl", "tensors", Place("w.safetensors"), "header"),
                Statement("licence_id", "mit", "", CARD, "card"),
                Statement("clause", "by-reference", "Some Policy", Place("LICENSE", 9), "licence-file"),
                Statement("artefact", "sha256:ab", "w.safetensors", Place("w.safetensors"), "computed"),
                Statement("artefact", "sha256:ab", "w.safetensors", Place("model.sig"), "signature"),
            ),
        )
    )
    assert [(each.text, each.place) for each in cell(table, "base", "card").claims] == [("acme/seed finetune", CARD)]
    measured = cell(table, "base", "measured")
    assert measured.state == "evidenced"
    assert {each.text for each in measured.claims} == {"acme/seed: descends", "family sdxl"}
    clause = cell(table, "clause", "licence")
    assert clause.state == "stated"
    assert clause.claims[0].text == "prohibited by a policy that is named: Some Policy"
    assert cell(table, "files", "measured").state == "evidenced"
    assert cell(table, "files", "signature").state == "stated"


def test_the_prose_of_a_bill_of_materials_is_not_the_cards() -> None:
    bom = Place("bom.json", 8)
    table = build_table(
        Subject(
            "model",
            "acme/tree",
            statements=(
                Statement("card", "front-matter", "", CARD, "card"),
                Statement("safety", "red-teaming", "", bom, "card"),
                Statement("task", "text-generation", "", bom, "ml-bom"),
                Statement("clause", "absent", "", bom, "vocabulary"),
            ),
        )
    )
    assert [each.place for each in cell(table, "tests", "bill-of-materials").claims] == [bom]
    assert cell(table, "tests", "card").state == "absent"


def test_a_source_that_is_silent_missing_or_unread_is_told_apart() -> None:
    table = build_table(
        Subject(
            "model",
            "acme/tree",
            statements=(Statement("licence_id", "mit", "", CARD, "card"),),
            gaps=(Gap("header", "cut short", Place("w.safetensors")),),
        )
    )
    states = {source: cell(table, "base", source).state for source in ("card", "header", "summary", "measured")}
    assert states == {"card": "absent", "header": "not read", "summary": "no such source", "measured": "not measured"}
    assert table.gaps == ("header: cut short (w.safetensors)",)


def test_sources_without_a_common_value_disagree_even_where_no_rule_was_made() -> None:
    table = build_table(
        Subject(
            "model",
            "acme/tree",
            statements=(
                Statement("licence_id", "mit", "", CARD, "card"),
                Statement("licence_id", "apache-2.0", "", Place("bom.json"), "ml-bom"),
                Statement("base_model", "acme/seed", "", CARD, "card"),
                Statement("base_model", "other/Seed", "", Place("bom.json"), "ml-bom"),
                Statement("date", "2025-12", "released", CARD, "card"),
                Statement("date", "2025-12-31", "released", Place("bom.json"), "ml-bom"),
                Statement("date", "2024", "latest data", Place("summary.md"), "summary"),
            ),
        )
    )
    assert table.rows[0].question.id == "licence"
    (found,) = table.rows[0].contradictions
    assert found.fact == "Card: mit; Bill of materials, metadata: apache-2.0"
    assert (found.rule, found.place) == ("", Place("bom.json"))
    # One name under two owners, and dates of different precision, may be the same.
    assert all(not each.contradictions for each in table.rows[1:])


def test_claims_are_bounded_and_printable() -> None:
    names = [f"\x1b[31m{'x' * 5000}{number}" for number in range(50)]
    statements = tuple(
        Statement("trained_on", f"{number}{name}", "", CARD, "card") for number, name in enumerate(names)
    )
    found = cell(build_table(Subject("model", "acme/tree", statements=statements)), "training-data", "card")
    assert (len(found.claims), found.left_out) == (MAX_CLAIMS, 50 - MAX_CLAIMS)
    assert all("\x1b" not in claim.text and len(claim.text) < 200 for claim in found.claims)


def test_a_list_of_many_thousand_names_is_not_compared_name_by_name() -> None:
    sides = (("card", "a"), ("ml-bom", "b"))
    many = tuple(
        Statement("trained_on", f"{letter}{number}", "", CARD, source)
        for source, letter in sides
        for number in range(20_000)
    )
    started = time.process_time()
    table = build_table(Subject("model", "acme/tree", statements=many))
    assert row(table, "training-data").contradictions == ()
    assert time.process_time() - started < 20  # comparing 400 million pairs takes minutes


def test_duties_are_shown_for_the_subjects_they_fit_with_the_places_that_answer() -> None:
    assert all(duty.source and duty.since for duty in DUTIES)
    companion = Subject(
        "model",
        "acme/pal",
        statements=(
            Statement("companion", "companion", "", CARD, "card"),
            Statement("safety", "crisis-protocol", "", Place("README.md", 9), "card"),
        ),
    )
    stated = {each.duty.id: each for each in build_table(companion, (), DUTIES).duties}
    assert [each.place for each in stated["california-companion-chatbots"].claims] == [Place("README.md", 9)]
    assert stated["eu-training-content-summary"].claims == ()
    assert build_table(Subject("dataset", "acme/leaves"), (), DUTIES).duties == ()


class _Tags(html.parser.HTMLParser):
    """Collects the elements and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = "a/<script>alert(1)</script>|`x`[l](http://x.example)@me\n# H"


@pytest.mark.parametrize("name", list(FORMATS))
def test_hostile_names_are_harmless_in_every_format(name: str) -> None:
    subject = Subject(
        "model",
        HOSTILE,
        statements=(
            Statement("base_model", HOSTILE, HOSTILE, Place(HOSTILE, 1), "card"),
            Statement("summary", HOSTILE, HOSTILE, Place(HOSTILE, 1), "summary"),
            Statement("licence_id", HOSTILE, "", CARD, "card"),
            Statement("licence_id", "mit", "", CARD, "ml-bom"),
        ),
        gaps=(Gap("card", HOSTILE, Place(HOSTILE)),),
    )
    tables = ClaimsTables((build_table(subject, (), DUTIES),), 1, 0, "2026-01-31")
    shown = "".join(FORMATS[name](tables))
    assert STATED_IS_NOT_PROVEN.split(":")[0] in shown
    assert "\n# H" not in shown
    if name == "html":
        page = _Tags()
        page.feed(shown)
        assert "script" not in page.tags
        assert "a" not in page.tags
        assert "<script>alert(1)</script>" in page.text
    if name == "markdown":
        assert "<script>" not in shown
        assert "`x`" not in shown
        assert "[l](" not in shown
        assert "http://" not in shown
        (head,) = (line for line in shown.splitlines() if line.startswith("| Question"))
        rows = [line for line in shown.splitlines() if line.startswith("| ")]
        assert {line.count("|") for line in rows} == {head.count("|")}


def hub(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / "hub" / "models" / name).mkdir(parents=True)
        (folder / "hub" / "models" / name / "README.md").write_text(
            "---\nlicense: mit\n---\n# T\n\nA team red-teamed it in May 2026.\n", "utf-8"
        )
    return folder / "hub"


def test_a_run_shows_contradictions_first_and_one_subject_on_request(tmp_path: Path) -> None:
    target = hub(tmp_path, "acme/ash", "acme/birch")
    (target / "models" / "acme" / "birch" / "LICENSE").write_text(
        (Path(__file__).parents[2] / "LICENSE").read_text("utf-8"), "utf-8"
    )
    report = audit(target, out=tmp_path / "run", isolated=True)
    tables = build_tables(report)
    assert [table.ref.name for table in tables.tables] == ["acme/birch", "acme/ash"]
    (found,) = row(tables.tables[0], "licence").contradictions
    assert (found.rule, found.severity) == ("licence-disagrees-with-text", "warning")
    assert headline(tables) == "2 subjects (models and datasets); rules found contradictions in 1."
    (chosen,) = build_tables(report, name="acme/ash").tables
    assert cell(chosen, "tests", "card").claims[0].text == "red-teaming"
    assert [each.text for each in cell(chosen, "test-date", "card").claims] == ["2026-05"]
    with pytest.raises(UsageError, match=r"no model or dataset is called 'acme/ahs' \(did you mean 'acme/ash'\?\)"):
        build_tables(report, name="acme/ahs")


def test_a_large_run_shows_some_tables_and_says_how_many_are_left_out(tmp_path: Path) -> None:
    report = audit(hub(tmp_path, *(f"acme/m{number:02}" for number in range(25))), out=tmp_path / "run", isolated=True)
    tables = build_tables(report)
    assert (len(tables.tables), tables.left_out) == (20, 5)
    assert "5 are not shown: choose one with --subject NAME" in headline(tables)
