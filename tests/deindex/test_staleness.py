"""Before a decision is listed again, a newer run says whether it is still about what was reviewed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.deindex.staleness import staleness_check
from auditor.model import Ref
from auditor.pipeline.audit import audit
from auditor.review.ledger import Ledger
from auditor.review.open_cases import open_cases
from auditor.review.review_types import Decision
from tests.data.make_hub import HUB, LIST
from tests.reviewing import Clock, create_ledger

CAPTIONER = "models/crawlers/captioner"
SUBJECT = Ref("model", "crawlers/captioner")


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    for name in ("datasets/crawlers", CAPTIONER):
        shutil.copytree(HUB / name, tmp_path / "hub" / name)
    return tmp_path / "hub"


@pytest.fixture
def scan(tmp_path: Path, hub: Path) -> Callable[..., Path]:
    numbers = iter(range(9))

    def scanned(weights: str = "full") -> Path:
        out = tmp_path / f"run-{next(numbers)}"
        audit(hub, known=[LIST], profile="example", out=out, workers=1, weights=weights)
        return out

    return scanned


@pytest.fixture
def decided(tmp_path: Path, scan: Callable[..., Path]) -> Decision:
    """What two people decided on the model as it was."""
    with create_ledger(tmp_path / "ledger", Clock()) as ledger:
        (case,) = [case for case in open_cases(ledger, scan()).new if ledger.state(case).ground != "report"]
        return agreed(ledger, case)


def agreed(ledger: Ledger, case: str) -> Decision:
    ledger.claim(case, "heron")
    ledger.propose(case, "heron", "de-index", why="words")
    ledger.decide(case, "wren", "de-index", why="words")
    (decision,) = ledger.decisions_in_force()
    return decision


def card(hub: Path, old: str, new: str) -> None:
    path = hub / CAPTIONER / "README.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_what_is_as_it_was_is_not_stale(decided: Decision, scan: Callable[..., Path]) -> None:
    for weights in ("full", "header"):
        assert staleness_check(scan(weights), [decided])(decided, SUBJECT) == ""


def test_other_weights_are_not_what_was_reviewed(decided: Decision, hub: Path, scan: Callable[..., Path]) -> None:
    next((hub / CAPTIONER).glob("*.bin")).write_bytes(b"\x80\x02}q\x01.")
    assert staleness_check(scan(), [decided])(decided, SUBJECT) == "its weights are not the reviewed weights any more"


def test_a_changed_card_does_not_remove_unchanged_weights_from_the_list(
    decided: Decision, hub: Path, scan: Callable[..., Path]
) -> None:
    """The weights are those that were reviewed, whatever the card says of them now."""
    card(hub, "datasets: [crawlers/web-pictures]\n", "")
    assert staleness_check(scan(), [decided])(decided, SUBJECT) == ""


def test_without_digests_what_it_rests_on_must_still_be_found(
    decided: Decision, hub: Path, scan: Callable[..., Path]
) -> None:
    card(hub, "datasets: [crawlers/web-pictures]\n", "")
    stale = staleness_check(scan("header"), [decided])
    assert stale(decided, SUBJECT) == "trained-on-known-content no longer has the findings that were reviewed"


def test_a_run_that_did_not_see_it_says_nothing(decided: Decision, hub: Path, scan: Callable[..., Path]) -> None:
    shutil.rmtree(hub / CAPTIONER)
    assert staleness_check(scan(), [decided])(decided, SUBJECT) == ""


def test_a_copy_whose_weights_changed_is_a_copy_no_more(
    decided: Decision, hub: Path, scan: Callable[..., Path]
) -> None:
    copy = hub / "models" / "mirror" / "captioner"
    shutil.copytree(hub / CAPTIONER, copy)
    next(copy.glob("*.bin")).write_bytes(b"\x80\x02}q\x01.")
    copied = Ref("model", "mirror/captioner")
    both = replace(decided, copies=(copied,))
    stale = staleness_check(scan(), [both])
    assert [stale(both, SUBJECT), stale(both, copied)] == ["", "its weights are not the reviewed weights any more"]
