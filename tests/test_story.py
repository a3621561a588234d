"""End to end on the command line: scan a hub, decide cases, send a de-index list, remove an entry after an appeal."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.sealing import encryption
from tests.data.make_hub import HUB, LIST

WHY = ("--why", "Its training data matches the list.")


class Organisation:
    """Runs commands as one organisation, with its own program folder, ledger and keys."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / name
        self.keys, self.card = self.folder / "keys", self.folder / "keys" / "card.json"
        self.auditor("deindex", "keys", name, "--appeals", "https://hotline.example/appeals", "--keys", self.keys)

    def auditor(self, *args: object, code: int = 0, stdin: str | None = None) -> Result:
        env = {"AUDITOR_HOME": str(self.folder / "home"), "AUDITOR_LEDGER": str(self.folder / "ledger")}
        result = CliRunner().invoke(main, [str(arg) for arg in args], input=stdin, env=env)
        assert result.exit_code == code, result.output
        return result


@pytest.fixture
def hotline(tmp_path: Path) -> Organisation:
    return Organisation(tmp_path, "hotline")


@pytest.fixture
def search(tmp_path: Path) -> Organisation:
    return Organisation(tmp_path, "search")


@pytest.fixture
def cases(hotline: Organisation) -> dict[str, str]:
    """Open the cases of the example hub; return their ids by subject."""
    run = hotline.folder / "run"
    options = ("--profile", "example", "--weights", "full", "--workers", 1, "--fail-on", "never")
    hotline.auditor("scan", HUB, "--known", LIST, "--out", run, *options)
    hotline.auditor("review", "init")
    for pseudonym in ("heron", "wren", "owl"):
        hotline.auditor("review", "reviewers", "add", pseudonym, "--person", f"Person {pseudonym}")
    hotline.auditor("review", "open", run)
    page = json.loads(hotline.auditor("review", "list", "--json").stdout)
    return {row["subject"]["name"]: row["case"] for row in page["cases"] if row["ground"] != "report"}


def decide(hotline: Organisation, case: str) -> None:
    """Let two people decide to de-index; the second one is not shown the first opinion."""
    hotline.auditor("review", "propose", case, "de-index", "--as", "heron", *WHY)
    assert WHY[1] not in hotline.auditor("review", "show", case).stdout
    hotline.auditor("review", "decide", case, "de-index", "--as", "wren", *WHY)


def build_list(hotline: Organisation, search: Organisation, *options: object) -> Path:
    """Build a sealed list for the search service and return its path."""
    to = ("--recipient", search.card, "--keys", hotline.keys, "--out", hotline.folder / "lists")
    return Path(hotline.auditor("deindex", "build", *to, *options).stdout.strip())


def test_from_a_scan_to_a_list_and_back(hotline: Organisation, search: Organisation, cases: dict[str, str]) -> None:
    assert sorted(cases) == ["crawlers/captioner", "northlight/paint-base"]
    captioner, paint = cases["crawlers/captioner"], cases["northlight/paint-base"]
    addresses = "\n".join(
        [
            "https://huggingface.co/crawlers/captioner/tree/main",
            "https://hf-mirror.com/api/models/Crawlers/Captioner",
            "https://huggingface.co/crawlers/captioner-v2",
            "https://huggingface.co/crawlers",
            "northlight/paint-base",
            "mirror/paint-best",  # the same weights, uploaded again
            "",
        ]
    )
    mine = ("--sender", hotline.card, "--keys", search.keys)
    weights = next((HUB / "models" / "crawlers" / "captioner").glob("*.bin"))

    # Two people decide on each; near matches alone need a confirmation first.
    for case in (captioner, paint):
        hotline.auditor("review", "claim", case, "--as", "heron")
    decide(hotline, captioner)
    refused = hotline.auditor("review", "propose", paint, "de-index", "--as", "heron", *WHY, code=2)
    assert "near" in refused.stderr
    hotline.auditor("review", "confirm", paint, "--as", "owl", "--why", "Confirmed at the hotline.")
    decide(hotline, paint)

    # The list: sealed for the search service, which verifies it and looks up.
    whole = build_list(hotline, search, "--against", hotline.folder / "run")
    assert b"captioner" not in whole.read_bytes()
    assert "version 1 from hotline is in use: 3 entries" in search.auditor("deindex", "verify", whole, *mine).stdout
    found = search.auditor("deindex", "lookup", "-", "--sender", hotline.card, stdin=addresses, code=1)
    outcomes = [line.split("\t")[0] for line in found.stdout.splitlines()]
    assert outcomes == ["listed", "listed", "not listed", "not listed", "listed", "listed"]
    assert "version 1, 0 days and 0 hours old" in found.stderr
    search.auditor("deindex", "lookup", weights, "--sender", hotline.card, code=1)
    assert {row["stage"] for row in rows(hotline)} == {"listed"}

    # The owner appeals, and is right: the next list takes it out.
    hotline.auditor("review", "appeal", captioner, "--as", "heron", "--why", "The dataset was replaced before.")
    hotline.auditor("review", "decide-appeal", captioner, "overturned", "--as", "heron", *WHY, code=2)
    hotline.auditor("review", "decide-appeal", captioner, "overturned", "--as", "owl", *WHY)
    delta = build_list(hotline, search, "--delta")
    verified = search.auditor("deindex", "verify", delta, *mine).stdout
    assert "version 2 from hotline is in use: 0 entries, 1 removals" in verified
    found = search.auditor("deindex", "lookup", "-", "--sender", hotline.card, stdin=addresses, code=1)
    outcomes = [line.split("\t")[0] for line in found.stdout.splitlines()]
    assert outcomes == ["not listed", "not listed", "not listed", "not listed", "listed", "listed"]
    search.auditor("deindex", "lookup", weights, "--sender", hotline.card, code=0)
    old = search.auditor("deindex", "verify", whole, *mine, code=2)
    assert "is version 1, and version 2 was verified before" in old.stderr

    # The receipt goes back to the hotline, whose ledger still verifies.
    receipt = search.folder / "receipt.json"
    search.auditor("deindex", "receipt", *mine, "--all", "-o", receipt)
    options = ("--recipient", search.card, "--record", hotline.folder / "ledger")
    checked = hotline.auditor("deindex", "receipt", "--check", receipt, *options).stdout
    assert checked.startswith("version 2, 2 entries, stated by search at ")
    stages = {row["case"]: row["stage"] for row in rows(hotline)}
    assert stages == {captioner: "overturned", paint: "listed"}
    assert "are intact; Merkle root" in hotline.auditor("review", "verify").stdout


def rows(hotline: Organisation) -> list[dict[str, str]]:
    cases: list[dict[str, str]] = json.loads(hotline.auditor("review", "list", "--json").stdout)["cases"]
    return [row for row in cases if row["ground"] != "report"]


def decrypted_lines(recipient: Organisation, path: Path) -> list[dict[str, object]]:
    """Return the lines of a list as its recipient reads them."""
    identity = (recipient.keys / "identity.age").read_text(encoding="ascii").splitlines()[-1]
    plain = io.BytesIO()
    with path.open("rb") as sealed:
        encryption.decrypt(sealed, plain, identity)
    return [json.loads(line) for line in plain.getvalue().splitlines()]


def test_from_a_match_in_a_dataset_to_reported(hotline: Organisation, tmp_path: Path) -> None:
    real, run = tmp_path / "known.csv", hotline.folder / "run"
    real.write_text(LIST.read_text(encoding="utf-8").replace("means: test", "means: csam"), encoding="utf-8")
    dataset = HUB / "datasets" / "crawlers"
    hotline.auditor("scan", dataset, "--known", real, "--out", run, "--workers", 1, "--fail-on", "never")
    hotline.auditor("review", "init")
    hotline.auditor("review", "reviewers", "add", "heron", "--person", "Person heron")
    assert "1 new cases" in hotline.auditor("review", "open", run).stdout
    ((case, ground),) = (
        (row["case"], row["ground"]) for row in json.loads(hotline.auditor("review", "list", "--json").stdout)["cases"]
    )
    assert ground == "report"
    assert "not recorded: restrict" in hotline.auditor("review", "show", case).stdout

    # One person does it all; the draft comes from the run, and the host waits for the report.
    why = ("--as", "heron", "--why")
    hotline.auditor("review", "step", case, "restrict", *why, "The folder is closed.")
    hotline.auditor("review", "step", case, "preserve", *why, "Kept as it is.")
    early = hotline.auditor("review", "step", case, "tell-host", *why, "Told them.", code=2)
    assert "record first that it was reported" in early.stderr
    told = hotline.auditor("review", "draft", case, "hotline", code=2).stderr
    assert "auditor report RUN --draft hotline" in told
    draft = hotline.auditor("report", run, "--draft", "hotline").stdout
    assert "of the dataset crawlers/web-pictures match:" in draft
    said = hotline.auditor("review", "reported", case, "reported", *why, "To the hotline, reference 7.").stdout
    assert f"case {case} is reported" in said
    again = hotline.auditor("review", "reported", case, "not-due", *why, "No.", code=2).stderr
    assert "that the step report is done" in again
    assert "is closed" in hotline.auditor("review", "step", case, "tell-host", "not-due", *why, "It is ours.").stdout
    shown = hotline.auditor("review", "show", case).stdout
    assert "reported after" in shown
    assert "preserve it until" in shown

    # The same run again opens nothing, and nothing of it is on a de-index list.
    assert "0 new cases" in hotline.auditor("review", "open", run).stdout
    hotline.auditor("review", "propose", case, "de-index", *why, "words", code=2)
    assert "are intact" in hotline.auditor("review", "verify").stdout


def test_from_a_decision_to_an_appeal_its_outcome_told_and_the_removal_proven(
    hotline: Organisation, search: Organisation, tmp_path: Path
) -> None:
    real, run = tmp_path / "known.csv", hotline.folder / "run"
    real.write_text(LIST.read_text(encoding="utf-8").replace("means: test", "means: csam"), encoding="utf-8")
    hub = shutil.copytree(HUB, tmp_path / "hub")
    options = ("--known", real, "--workers", 1, "--fail-on", "never", "--weights", "full")
    hotline.auditor("scan", hub, "--out", run, *options)
    hotline.auditor("review", "init")
    for pseudonym in ("heron", "wren", "owl"):
        hotline.auditor("review", "reviewers", "add", pseudonym, "--person", f"Person {pseudonym}")
    hotline.auditor("review", "open", run)
    (case,) = (row["case"] for row in rows(hotline) if row["subject"]["name"] == "crawlers/captioner")  # type: ignore[index]
    heron, owl = ("--as", "heron"), ("--as", "owl")
    hotline.auditor("review", "claim", case, *heron)
    decide(hotline, case)

    # The notice waits for the report; then the owner is told of the decision.
    hotline.auditor("review", "notify", case, *heron, code=2)
    hotline.auditor("review", "reported", case, "reported", *heron, "--why", "Reference 7.")
    notice = hotline.auditor("review", "draft", case, "notice", "--appeals", "https://hotline.example/appeals").stdout
    assert "You can appeal until" in notice
    hotline.auditor("review", "notify", case, *heron)
    build_list(hotline, search)

    # No outcome is told before there is one; someone not involved decides, and the owner reads why.
    early = hotline.auditor("review", "draft", case, "outcome", code=2).stderr
    assert "no appeal was decided" in early
    hotline.auditor("review", "appeal", case, *heron, "--why", "The dataset was replaced before.")
    hotline.auditor("review", "notify", case, "--appeal-outcome", *heron, code=2)
    hotline.auditor("review", "decide-appeal", case, "overturned", *owl, "--why", "It was replaced in March.")
    outcome = hotline.auditor("review", "draft", case, "outcome").stdout
    assert "Outcome: overturned." in outcome
    assert "Reasons: It was replaced in March." in outcome
    hotline.auditor("review", "notify", case, "--appeal-outcome", *heron)
    twice = hotline.auditor("review", "notify", case, "--appeal-outcome", *heron, code=2).stderr
    assert "that the owner was told was recorded on" in twice

    # Restored is proven by the recipient's receipt, and by nothing else.
    delta = build_list(hotline, search, "--delta")
    (removal,) = (line for line in decrypted_lines(search, delta) if "remove" in line)
    assert (removal["why"], removal["cleared"]) == ("overturned on appeal", True)
    unproven = "Removed: search: taken off with version 2; not proven"
    assert unproven in hotline.auditor("review", "show", case).stdout
    mine = ("--sender", hotline.card, "--keys", search.keys)
    whole = sorted(delta.parent.glob("*1*"))[0]
    search.auditor("deindex", "verify", whole, *mine)
    search.auditor("deindex", "verify", delta, *mine)
    receipt = search.folder / "receipt.json"
    search.auditor("deindex", "receipt", *mine, "--all", "-o", receipt)
    to = ("--recipient", search.card, "--record", hotline.folder / "ledger")
    hotline.auditor("deindex", "receipt", "--check", receipt, *to)
    assert "taken off with version 2; proven by its receipt of" in hotline.auditor("review", "show", case).stdout

    # The recipient's own review opens no case of what was cleared, unless somebody says so.
    search.auditor("review", "init")
    search.auditor("scan", hub, "--out", search.folder / "run", *options)
    opened = search.auditor("review", "open", search.folder / "run").stdout
    assert "not opened, as it was cleared: model crawlers/captioner, by hotline on " in opened
    assert "crawlers/captioner" not in search.auditor("review", "list").stdout
    search.auditor("review", "open", search.folder / "run", "--despite-cleared")
    assert "crawlers/captioner" in search.auditor("review", "list").stdout

    # The same facts open it again neither as it is nor with other weights.
    weights = next((hub / "models" / "crawlers" / "captioner").glob("*.bin"))
    weights.write_bytes(weights.read_bytes() + b"\0")
    later = hotline.folder / "later"
    hotline.auditor("scan", hub, "--out", later, *options)
    opened = hotline.auditor("review", "open", later).stdout
    assert f"1 not opened again: the same facts were overturned or needed no action (case {case})" in opened
    assert "are intact" in hotline.auditor("review", "verify").stdout
