"""Cases from runs over the example hub: what joins, what is linked, what changes nothing, and what each rests on."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import UsageError
from auditor.lineage.fingerprint_files import save_fingerprint
from auditor.lineage.weight_samples import sample_model
from auditor.model import Place, Ref, Statement
from auditor.pipeline.audit import audit, reevaluate
from auditor.pipeline.report import read_report
from auditor.review import CaseFact, Ledger
from auditor.review.case_policy import keep_case_rules, load_case_policy
from auditor.review.case_state import CaseState
from auditor.review.case_support import compute_support, find_minimal_facts
from auditor.review.case_view import case_lines
from auditor.review.open_cases import OpenResult, open_cases
from tests.data.make_hub import HUB, LIST, MODELS
from tests.reviewing import create_ledger
from tests.weights import safetensors_file

CAPTIONER = "models/crawlers/captioner"


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A small hub: one dataset with an exact match, and the model that says it was trained on it."""
    folder = tmp_path / "hub"
    for name in ("datasets/crawlers", CAPTIONER):
        shutil.copytree(HUB / name, folder / name)
    return folder


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Ledger]:
    with create_ledger(tmp_path / "ledger", clock=lambda: "2026-11-23T09:00:00Z") as ledger:  # type: ignore[arg-type]
        yield ledger


@pytest.fixture
def scan(tmp_path: Path) -> Callable[..., Path]:
    numbers = iter(range(100))

    def scanned(hub: Path, *, weights: str = "full", profile: str = "example") -> Path:
        out = tmp_path / f"run-{next(numbers)}"
        audit(hub, known=[LIST], profile=profile, out=out, workers=1, weights=weights)
        return out

    return scanned


def only(book: Ledger) -> CaseState:
    (row,) = book.queue().rows
    return book.state(row.case)


def card(folder: Path, old: str, new: str) -> None:
    path = folder / "README.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def opened(book: Ledger, hub: Path, scan: Callable[..., Path]) -> CaseState:
    open_cases(book, scan(hub))
    return only(book)


def test_a_case_says_whose_word_each_reason_is(opened: CaseState) -> None:
    (reason,) = opened.reasons
    assert opened.subject == Ref("model", "crawlers/captioner")
    assert (reason.rule, reason.strength) == ("trained-on-known-content", "exact")
    assert reason.words == ("card", "list", "computed")
    assert reason.remark.startswith("1 exact of 41 samples")
    assert [digest.algorithm for digest in opened.digests] == ["sha256"]


def test_the_same_run_again_changes_nothing(
    book: Ledger, hub: Path, scan: Callable[..., Path], opened: CaseState
) -> None:
    size = book.size
    assert open_cases(book, scan(hub)).unchanged == (opened.id,)
    assert book.size == size


def test_a_commit_that_changes_neither_weights_nor_ground_changes_nothing(
    book: Ledger, hub: Path, scan: Callable[..., Path], opened: CaseState
) -> None:
    card(hub / CAPTIONER, "license: apache-2.0", "license: mit")
    assert open_cases(book, scan(hub)).unchanged == (opened.id,)


def test_a_commit_to_a_card_that_is_the_ground_is_a_new_reason(
    book: Ledger, hub: Path, scan: Callable[..., Path], opened: CaseState
) -> None:
    shutil.copytree(HUB / "datasets/northlight", hub / "datasets/northlight")
    card(hub / CAPTIONER, "[crawlers/web-pictures]", "[crawlers/web-pictures, northlight/street-scenes]")
    assert open_cases(book, scan(hub)).joined == (opened.id,)
    assert [reason.strength for reason in only(book).reasons] == ["exact", "near"]


def test_the_same_weights_under_another_name_join(
    book: Ledger, hub: Path, scan: Callable[..., Path], opened: CaseState
) -> None:
    again = hub / "models/mirror/tell-me"
    shutil.copytree(hub / CAPTIONER, again)
    card(again, "datasets: [crawlers/web-pictures]\n", "")
    assert open_cases(book, scan(hub)).joined == (opened.id,)
    assert only(book).joined == (Ref("model", "mirror/tell-me"),)
    # and alone, when the first has gone
    (again / "README.md").write_bytes((HUB / CAPTIONER / "README.md").read_bytes())
    shutil.move(again, hub / "models/mirror/third")
    shutil.rmtree(hub / CAPTIONER)
    assert open_cases(book, scan(hub)).joined == (opened.id,)
    assert [ref.name for ref in only(book).joined] == ["mirror/tell-me", "mirror/third"]


def test_other_weights_of_the_same_model_open_a_linked_case(
    book: Ledger, hub: Path, scan: Callable[..., Path], opened: CaseState
) -> None:
    (hub / CAPTIONER / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x01.")
    new = open_cases(book, scan(hub))
    assert new.new == new.linked
    assert book.state(new.new[0]).linked == opened.id
    assert book.state(opened.id) == opened


def test_nobody_draws_a_model_into_a_case_by_a_copy_of_one_of_its_files(
    book: Ledger, hub: Path, scan: Callable[..., Path]
) -> None:
    innocent = hub / "models/honest/captions"
    shutil.copytree(hub / CAPTIONER, innocent)
    card(innocent, "datasets: [crawlers/web-pictures]\n", "")
    (hub / CAPTIONER / "more.bin").write_bytes(b"\x80\x02}q\x02.")
    open_cases(book, scan(hub))
    state = only(book)
    assert state.subject.name == "crawlers/captioner"
    assert (state.copies, state.joined) == ((), ())


def test_without_digests_a_case_is_known_by_its_name_and_says_so(
    book: Ledger, hub: Path, scan: Callable[..., Path]
) -> None:
    first = open_cases(book, scan(hub, weights="header"))
    assert first.without_digests == first.new
    assert open_cases(book, scan(hub, weights="header")).unchanged == first.new
    assert open_cases(book, scan(hub)).unchanged == first.new


def test_a_case_falls_with_either_fact_it_rests_on(book: Ledger, opened: CaseState) -> None:
    judged = compute_support(opened, load_case_policy(book.policy(opened.policy)))
    assert judged.same_policy
    assert [(str(one.fact), one.case_falls, len(one.lost_reasons)) for one in judged.counterfactuals] == [
        ("model crawlers/captioner: trained_on crawlers/web-pictures", True, 1),
        ("dataset crawlers/web-pictures: known_content known-pictures (exact)", True, 1),
    ]
    assert judged.minimal_facts == opened.facts


def test_of_several_facts_the_smallest_set_keeps_the_strongest(book: Ledger, opened: CaseState) -> None:
    model, data = Ref("model", "crawlers/captioner"), Ref("dataset", "northlight/scenes")
    facts = (
        *opened.facts,
        CaseFact(model, Statement("trained_on", "crawlers/web-pictures", source="header")),
        CaseFact(model, Statement("trained_on", "northlight/scenes", source="card")),
        CaseFact(data, Statement("known_content", "known-pictures", "near", Place(""), "lineage")),
    )
    policy = keep_case_rules(load_case_policy(book.policy(opened.policy)))
    kept = find_minimal_facts(facts, policy, "exposed", opened.reasons[0])
    assert {(fact.statement.key, fact.statement.source) for fact in kept} == {
        ("trained_on", "header"),
        ("known_content", "lineage"),
    }
    assert all(fact.statement.relation != "near" for fact in kept)
    assert find_minimal_facts(facts[1:2], policy, "exposed", opened.reasons[0]) == ()


def test_a_run_evaluated_with_other_rules_is_refused(
    book: Ledger, hub: Path, scan: Callable[..., Path], tmp_path: Path
) -> None:
    run = scan(hub)
    rules = tmp_path / "rules"
    (rules / "vocabulary").mkdir(parents=True)
    (rules / "vocabulary" / "ours.toml").write_text(
        '[[term]]\nid = "ours"\nkind = "signal"\nwords = ["teapot"]\n', encoding="utf-8"
    )
    reevaluate([run], out=tmp_path / "judged", rules=[rules], profile="example", workers=1)
    with pytest.raises(UsageError, match="was evaluated with other rules than these; name its rules with --rules"):
        open_cases(book, tmp_path / "judged")
    assert len(open_cases(book, tmp_path / "judged", rules=[rules]).new) == 1


def test_a_run_without_cases_opens_none(book: Ledger, hub: Path, scan: Callable[..., Path]) -> None:
    size = book.size
    assert open_cases(book, scan(hub, profile="default")).new == ()
    assert book.size == size


def test_near_matches_alone_make_a_near_case(book: Ledger, tmp_path: Path, scan: Callable[..., Path]) -> None:
    hub = tmp_path / "near"
    for name in ("datasets/northlight", "models/northlight", "models/mirror"):
        shutil.copytree(HUB / name, hub / name)
    open_cases(book, scan(hub))
    state = only(book)
    assert state.near_only
    assert state.copies == (Ref("model", "mirror/paint-best"),)
    assert len({digest.value for digest in state.digests if digest.algorithm == "sha256-tensors"}) == 1


def test_sampled_values_that_are_the_same_are_a_near_match_that_the_lists_holder_confirms(
    book: Ledger, tmp_path: Path
) -> None:
    random = np.random.default_rng(3)
    weights = {f"layers.{at}.weight": random.normal(0, 0.02, (64, 64)).astype(np.float32) for at in range(12)}
    listed = safetensors_file(tmp_path / "elsewhere" / "m.safetensors", weights)
    save_fingerprint(sample_model(listed), tmp_path / "models.fingerprint", {"purpose": "dedicated"})
    half = {name: values.astype(np.float16) for name, values in weights.items()}
    safetensors_file(tmp_path / "hub" / "models" / "a" / "again" / "model.safetensors", half)
    known = [tmp_path / "models.fingerprint"]
    audit(tmp_path / "hub", known=known, out=tmp_path / "run", workers=1, weights="sample")
    open_cases(book, tmp_path / "run")
    state = only(book)
    (reason,) = state.reasons
    assert (state.ground, state.subject.name) == ("linked", "a/again")
    assert (reason.rule, reason.strength, reason.words) == ("linked-same-values", "alike", ("list", "computed"))
    assert reason.descriptions == (
        "its weights have sampled values like those of a model that list models (no holder stated) holds",
    )
    assert state.near_only


def test_a_case_of_a_test_list_is_reopened_when_a_list_of_known_content_matches(
    book: Ledger, hub: Path, scan: Callable[..., Path], opened: CaseState, tmp_path: Path
) -> None:
    assert [reason.test_lists for reason in opened.reasons] == [("known-pictures",)]
    real = tmp_path / "hotline.csv"
    text = LIST.read_text().replace("name: known-pictures", "name: hotline")
    real.write_text(text.replace("means: test", "means: csam"))
    audit(hub, known=[real], out=tmp_path / "real", workers=1, weights="full")
    assert open_cases(book, tmp_path / "real").joined == (opened.id,)
    assert [reason.test_lists for reason in only(book).reasons] == [("known-pictures",), ()]
    assert open_cases(book, scan(hub)).unchanged == (opened.id,)
    assert open_cases(book, tmp_path / "real").unchanged == (opened.id,)


def test_a_case_shows_reviewers_what_is_asked_of_them_and_that_it_rests_on_a_test_list(
    book: Ledger, opened: CaseState
) -> None:
    shown = "\n".join(case_lines(opened, (), book.policy(opened.policy), None, book.now))
    assert "For reviewers: Look at the counts and at the declared link between model and dataset" in shown
    assert "depends on known-pictures: a test list, so nothing is reported" in shown
    assert "Stop distributing" not in shown


def test_a_case_rests_on_no_match_that_a_manifest_only_claims(
    book: Ledger, hub: Path, scan: Callable[..., Path]
) -> None:
    open_cases(book, scan(hub))
    data = [fact.statement for fact in only(book).facts if fact.statement.key == "known_content"]
    assert [(said.relation, said.remark) for said in data] == [
        ("exact", "1 exact of 41 samples; computed from its files")
    ]
    shutil.rmtree(hub / "datasets/crawlers/web-pictures/kept")
    run = scan(hub)
    assert read_report(run).cases == ()
    assert open_cases(book, run) == OpenResult()


HOLDERS = [("# holder: A Hotline\n", "list models, held by A Hotline,"), ("", "list models (no holder stated)")]


@pytest.mark.parametrize(("holder", "source"), HOLDERS)
@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("{sha256},,,", "{} holds these weights"),
        (",{autov3},,", "{} holds the first 12 hex digits of these weights' digest"),
        (",,a/model,", "{} names it"),
    ],
)
def test_a_reason_says_which_list_names_a_model_and_who_holds_it(
    book: Ledger, tmp_path: Path, row: str, found: str, holder: str, source: str
) -> None:
    file = safetensors_file(
        tmp_path / "hub" / "models" / "a" / "model" / "model.safetensors", {"x": np.ones((32, 32), np.float32)}
    )
    data = file.read_bytes()
    digests = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "autov3": hashlib.sha256(data[8 + int.from_bytes(data[:8], "little") :]).hexdigest()[:12],
    }
    known = tmp_path / "models.csv"
    known.write_text(
        f"# name: models\n# version: 1\n{holder}# means: model\nsha256,autov3,name,purpose\n{row.format(**digests)}\n"
    )
    audit(tmp_path / "hub", known=[known], out=tmp_path / "run", workers=1)
    open_cases(book, tmp_path / "run")
    (reason,) = only(book).reasons
    assert reason.descriptions == (found.format(source),)


def test_a_derivative_is_said_to_be_made_from_a_listed_model_and_never_to_be_named(
    book: Ledger, tmp_path: Path
) -> None:
    audit(HUB, known=[MODELS], out=tmp_path / "run", workers=1)
    open_cases(book, tmp_path / "run")
    by_name = {row.subject.name: book.state(row.case) for row in book.queue().rows}
    assert [(reason.strength, reason.descriptions) for reason in by_name["mixer/paint-blend"].reasons] == [
        (
            "derived",
            ("it is made directly from a model that list listed-models, held by the project's own tests, holds",),
        )
    ]
