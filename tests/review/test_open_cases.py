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
from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import read_report
from auditor.review import CaseFact, Ledger, check_cases
from auditor.review.case_policy import keep_case_rules, load_case_policy
from auditor.review.case_state import CaseState
from auditor.review.case_support import compute_support, find_minimal_facts
from auditor.review.case_view import case_lines
from auditor.review.open_cases import open_cases
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
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with create_ledger(tmp_path / "ledger", clock=lambda: "2026-11-23T09:00:00Z") as ledger:  # type: ignore[arg-type]
        yield ledger


@pytest.fixture
def scan_hub(tmp_path: Path) -> Callable[..., Path]:
    numbers = iter(range(100))

    def scanned(hub: Path, *, weights: str = "full", profile: str = "example") -> Path:
        out = tmp_path / f"run-{next(numbers)}"
        audit(hub, known=[LIST], profile=profile, out=out, workers=1, weights=weights)
        return out

    return scanned


def only_case(ledger: Ledger) -> CaseState:
    (row,) = (row for row in ledger.queue().rows if row.ground != "report")
    return ledger.state(row.case)


def edit_card(folder: Path, old: str, new: str) -> None:
    path = folder / "README.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def opened_case(ledger: Ledger, hub: Path, scan_hub: Callable[..., Path]) -> CaseState:
    open_cases(ledger, scan_hub(hub))
    return only_case(ledger)


def test_a_case_says_whose_word_each_reason_is(opened_case: CaseState) -> None:
    (reason,) = opened_case.reasons
    assert opened_case.subject == Ref("model", "crawlers/captioner")
    assert (reason.rule, reason.strength) == ("trained-on-known-content", "exact")
    assert reason.words == ("card", "list", "computed")
    assert reason.remark.startswith("1 exact of 41 samples")
    assert [digest.algorithm for digest in opened_case.digests] == ["sha256"]


def test_the_same_run_again_changes_nothing(
    ledger: Ledger, hub: Path, scan_hub: Callable[..., Path], opened_case: CaseState
) -> None:
    size = ledger.size
    assert opened_case.id in open_cases(ledger, scan_hub(hub)).unchanged
    assert ledger.size == size


def test_large_groups_get_known_innocents_when_their_cases_are_opened(
    ledger: Ledger, scan_hub: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = scan_hub(HUB)
    monkeypatch.setattr(check_cases, "MIN_CHECKED_CASES", 2)
    open_cases(ledger, run)
    (group,) = [one.group for one in ledger.groups()]
    placed = check_cases.read_check_cases(ledger.folder, group)
    assert str(group) == "exposed:list:known-pictures"
    assert len(placed) == check_cases.CHECK_CASES
    for one in placed:
        assert one.state.reasons[0].remark.endswith("samples; list known-pictures; said by its card")
        assert compute_support(one.state, load_case_policy(ledger.policy(one.state.policy))).minimal_facts == ()


def test_a_commit_that_changes_neither_weights_nor_ground_changes_nothing(
    ledger: Ledger, hub: Path, scan_hub: Callable[..., Path], opened_case: CaseState
) -> None:
    edit_card(hub / CAPTIONER, "license: apache-2.0", "license: mit")
    assert opened_case.id in open_cases(ledger, scan_hub(hub)).unchanged


def test_a_commit_to_a_card_that_is_the_ground_is_a_new_reason(
    ledger: Ledger, hub: Path, scan_hub: Callable[..., Path], opened_case: CaseState
) -> None:
    shutil.copytree(HUB / "datasets/northlight", hub / "datasets/northlight")
    edit_card(hub / CAPTIONER, "[crawlers/web-pictures]", "[crawlers/web-pictures, northlight/street-scenes]")
    assert open_cases(ledger, scan_hub(hub)).joined == (opened_case.id,)
    assert [reason.strength for reason in only_case(ledger).reasons] == ["exact", "near"]


def test_the_same_weights_under_another_name_join(
    ledger: Ledger, hub: Path, scan_hub: Callable[..., Path], opened_case: CaseState
) -> None:
    again = hub / "models/mirror/tell-me"
    shutil.copytree(hub / CAPTIONER, again)
    edit_card(again, "datasets: [crawlers/web-pictures]\n", "")
    assert open_cases(ledger, scan_hub(hub)).joined == (opened_case.id,)
    assert only_case(ledger).joined == (Ref("model", "mirror/tell-me"),)
    # and alone, when the first has gone
    (again / "README.md").write_bytes((HUB / CAPTIONER / "README.md").read_bytes())
    shutil.move(again, hub / "models/mirror/third")
    shutil.rmtree(hub / CAPTIONER)
    assert open_cases(ledger, scan_hub(hub)).joined == (opened_case.id,)
    assert [ref.name for ref in only_case(ledger).joined] == ["mirror/tell-me", "mirror/third"]


def test_other_weights_of_the_same_model_open_a_linked_case(
    ledger: Ledger, hub: Path, scan_hub: Callable[..., Path], opened_case: CaseState
) -> None:
    (hub / CAPTIONER / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x01.")
    new = open_cases(ledger, scan_hub(hub))
    assert new.new == new.linked
    assert ledger.state(new.new[0]).linked == opened_case.id
    assert ledger.state(opened_case.id) == opened_case


def test_nobody_draws_a_model_into_a_case_by_a_copy_of_one_of_its_files(
    ledger: Ledger, hub: Path, scan_hub: Callable[..., Path]
) -> None:
    innocent = hub / "models/honest/captions"
    shutil.copytree(hub / CAPTIONER, innocent)
    edit_card(innocent, "datasets: [crawlers/web-pictures]\n", "")
    (hub / CAPTIONER / "more.bin").write_bytes(b"\x80\x02}q\x02.")
    open_cases(ledger, scan_hub(hub))
    state = only_case(ledger)
    assert state.subject.name == "crawlers/captioner"
    assert (state.copies, state.joined) == ((), ())


def test_without_digests_a_case_is_known_by_its_name_and_says_so(
    ledger: Ledger, hub: Path, scan_hub: Callable[..., Path]
) -> None:
    first = open_cases(ledger, scan_hub(hub, weights="header"))
    assert first.without_digests == (only_case(ledger).id,)
    assert open_cases(ledger, scan_hub(hub, weights="header")).unchanged == first.new
    assert open_cases(ledger, scan_hub(hub)).unchanged == first.new


def test_a_case_falls_with_either_fact_it_rests_on(ledger: Ledger, opened_case: CaseState) -> None:
    judged = compute_support(opened_case, load_case_policy(ledger.policy(opened_case.policy)))
    assert judged.same_policy
    assert [(str(one.fact), one.case_falls, len(one.lost_reasons)) for one in judged.counterfactuals] == [
        ("model crawlers/captioner: trained_on crawlers/web-pictures", True, 1),
        ("dataset crawlers/web-pictures: known_content known-pictures (exact)", True, 1),
    ]
    assert judged.minimal_facts == opened_case.facts


def test_of_several_facts_the_smallest_set_keeps_the_strongest(ledger: Ledger, opened_case: CaseState) -> None:
    model, data = Ref("model", "crawlers/captioner"), Ref("dataset", "northlight/scenes")
    facts = (
        *opened_case.facts,
        CaseFact(model, Statement("trained_on", "crawlers/web-pictures", source="header")),
        CaseFact(model, Statement("trained_on", "northlight/scenes", source="card")),
        CaseFact(data, Statement("known_content", "known-pictures", "near", Place(""), "lineage")),
    )
    policy = keep_case_rules(load_case_policy(ledger.policy(opened_case.policy)), "exposed")
    kept = find_minimal_facts(facts, policy, "exposed", opened_case.reasons[0])
    assert {(fact.statement.key, fact.statement.source) for fact in kept} == {
        ("trained_on", "header"),
        ("known_content", "lineage"),
    }
    assert all(fact.statement.relation != "near" for fact in kept)
    assert find_minimal_facts(facts[1:2], policy, "exposed", opened_case.reasons[0]) == ()


def test_a_run_evaluated_with_other_rules_is_refused(
    ledger: Ledger, hub: Path, scan_hub: Callable[..., Path], tmp_path: Path
) -> None:
    run = scan_hub(hub)
    rules = tmp_path / "rules"
    (rules / "vocabulary").mkdir(parents=True)
    (rules / "vocabulary" / "ours.toml").write_text(
        '[[term]]\nid = "ours"\nkind = "signal"\nwords = ["teapot"]\n', encoding="utf-8"
    )
    reevaluate([run], out=tmp_path / "judged", rules=[rules], profile="example", workers=1)
    with pytest.raises(UsageError, match="was evaluated with other rules than these; name its rules with --rules"):
        open_cases(ledger, tmp_path / "judged")
    assert len(open_cases(ledger, tmp_path / "judged", rules=[rules]).new) == 2


def test_a_run_without_cases_opens_none(ledger: Ledger, hub: Path, scan_hub: Callable[..., Path]) -> None:
    size = ledger.size
    assert open_cases(ledger, scan_hub(hub, profile="default")).new == ()
    assert ledger.size == size


def test_near_matches_alone_make_a_near_case(ledger: Ledger, tmp_path: Path, scan_hub: Callable[..., Path]) -> None:
    hub = tmp_path / "near"
    for name in ("datasets/northlight", "models/northlight", "models/mirror"):
        shutil.copytree(HUB / name, hub / name)
    open_cases(ledger, scan_hub(hub))
    state = only_case(ledger)
    assert state.near_only
    assert state.copies == (Ref("model", "mirror/paint-best"),)
    assert len({digest.value for digest in state.digests if digest.algorithm == "sha256-tensors"}) == 1


def test_sampled_values_that_are_the_same_are_a_near_match_that_the_lists_holder_confirms(
    ledger: Ledger, tmp_path: Path
) -> None:
    random = np.random.default_rng(3)
    weights = {f"layers.{at}.weight": random.normal(0, 0.02, (64, 64)).astype(np.float32) for at in range(12)}
    listed = safetensors_file(tmp_path / "elsewhere" / "m.safetensors", weights)
    save_fingerprint(sample_model(listed), tmp_path / "models.fingerprint", {"purpose": "dedicated"})
    half = {name: values.astype(np.float16) for name, values in weights.items()}
    safetensors_file(tmp_path / "hub" / "models" / "a" / "again" / "model.safetensors", half)
    known = [tmp_path / "models.fingerprint"]
    audit(tmp_path / "hub", known=known, out=tmp_path / "run", workers=1, weights="sample")
    open_cases(ledger, tmp_path / "run")
    state = only_case(ledger)
    (reason,) = state.reasons
    assert (state.ground, state.subject.name) == ("linked", "a/again")
    assert (reason.rule, reason.strength, reason.words) == ("linked-same-values", "alike", ("list", "computed"))
    assert reason.descriptions == (
        "its weights have sampled values like those of a model that list models (no holder stated) holds",
    )
    assert state.near_only


def test_a_case_of_a_test_list_is_reopened_when_a_list_of_known_content_matches(
    ledger: Ledger, hub: Path, scan_hub: Callable[..., Path], opened_case: CaseState, tmp_path: Path
) -> None:
    assert [reason.test_lists for reason in opened_case.reasons] == [("known-pictures",)]
    real = tmp_path / "hotline.csv"
    text = LIST.read_text().replace("name: known-pictures", "name: hotline")
    real.write_text(text.replace("means: test", "means: csam"))
    audit(hub, known=[real], out=tmp_path / "real", workers=1, weights="full")
    assert opened_case.id in open_cases(ledger, tmp_path / "real").joined
    assert [reason.test_lists for reason in only_case(ledger).reasons] == [("known-pictures",), ()]
    assert opened_case.id in open_cases(ledger, scan_hub(hub)).unchanged
    assert opened_case.id in open_cases(ledger, tmp_path / "real").unchanged


def test_a_case_shows_reviewers_what_is_asked_of_them_and_that_it_rests_on_a_test_list(
    ledger: Ledger, opened_case: CaseState
) -> None:
    shown = "\n".join(case_lines(opened_case, (), ledger.policy(opened_case.policy), None, ledger.now))
    assert "For reviewers: Look at the counts and at the declared link between model and dataset" in shown
    assert "depends on known-pictures: a test list, so nothing is reported" in shown
    assert "Stop distributing" not in shown


def test_a_case_rests_on_no_match_that_a_manifest_only_claims(
    ledger: Ledger, hub: Path, scan_hub: Callable[..., Path]
) -> None:
    open_cases(ledger, scan_hub(hub))
    data = [fact.statement for fact in only_case(ledger).facts if fact.statement.key == "known_content"]
    assert [(said.relation, said.remark) for said in data] == [
        ("exact", "1 exact of 41 samples; computed from its files")
    ]
    shutil.rmtree(hub / "datasets/crawlers/web-pictures/kept")
    run = scan_hub(hub)
    assert read_report(run).cases == ()
    (report,) = open_cases(ledger, run).unchanged
    assert [(reason.strength, reason.words) for reason in ledger.state(report).reasons] == [
        ("exact", ("list", "computed")),
        ("declared", ("manifest", "list")),
    ]


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
    ledger: Ledger, tmp_path: Path, row: str, found: str, holder: str, source: str
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
    open_cases(ledger, tmp_path / "run")
    (reason,) = only_case(ledger).reasons
    assert reason.descriptions == (found.format(source),)


def test_a_derivative_is_said_to_be_made_from_a_listed_model_and_never_to_be_named(
    ledger: Ledger, tmp_path: Path
) -> None:
    audit(HUB, known=[MODELS], out=tmp_path / "run", workers=1)
    open_cases(ledger, tmp_path / "run")
    by_name = {row.subject.name: ledger.state(row.case) for row in ledger.queue().rows}
    assert [(reason.strength, reason.descriptions) for reason in by_name["mixer/paint-blend"].reasons] == [
        (
            "derived",
            ("it is made directly from a model that list listed-models, held by the project's own tests, holds",),
        )
    ]
