"""``auditor attest`` and ``auditor verify``: what was compared, signed and until when, and never what was found."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from auditor.cli.main import main
from auditor.resources import resource_folder
from auditor.sealing.envelope import sign_envelope
from auditor.sealing.keys import SigningKey, encode_public_key

HUB = Path(__file__).parents[1] / "data" / "hub"
LIST = Path(__file__).parents[1] / "data" / "known-pictures.csv"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
NOT_SAID = "It does not say what was found, and it does not say that anything is free of such content."


def auditor(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "example"
    assert auditor("scan", HUB, "--known", LIST, "--profile", "example", "--out", out, "--workers", 1).exit_code == 1
    return out


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return SigningKey.create(tmp_path_factory.mktemp("keys") / "key.pem")


@pytest.fixture(scope="module")
def key_file(key: SigningKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next(tmp_path_factory.getbasetemp().glob("keys*/key.pem"))


@pytest.fixture
def signed(run: Path, key_file: Path, tmp_path: Path) -> Path:
    path = tmp_path / "statement.json"
    assert auditor("attest", run, "--key", key_file, "-o", path).exit_code == 0
    return path


def _statement(path: Path) -> dict[str, Any]:
    envelope = json.loads(path.read_bytes())
    assert envelope["payloadType"] == PAYLOAD_TYPE
    statement: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
    return statement


def _signed(path: Path, statement: object, key: SigningKey, kind: str = PAYLOAD_TYPE) -> Path:
    path.write_bytes(sign_envelope(kind, json.dumps(statement).encode(), key))
    return path


def test_a_statement_keeps_to_its_schema_and_says_what_was_compared(signed: Path) -> None:
    statement = _statement(signed)
    schema = json.loads((resource_folder("reports/schema") / "comparison.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(statement)
    predicate = statement["predicate"]
    assert predicate["targets"] == ["hub"]
    assert predicate["samples"] == {"collected": 61, "answered": 61, "inPart": 0, "skipped": 0, "unanswered": 0}
    compared = {(row["algorithm"], row["carrier"]): (row["compared"], row["of"]) for row in predicate["comparisons"]}
    assert compared == {
        ("md5", "declared digest"): (40, 40),
        ("md5", "picture file"): (21, 21),
        ("pdq", "picture file"): (21, 21),
    }
    assert NOT_SAID in predicate["notice"]


def test_a_statement_says_nothing_of_what_was_found_and_has_no_field_that_says_passed(signed: Path) -> None:
    """The example has matches and cases; none of it may be in a statement that is published."""
    statement = _statement(signed)
    text = json.dumps(statement)
    for secret in ("known-pictures", "crawlers", "exposed", "flagged", "finding", "hits", "match", str(HUB)):
        assert secret not in text, secret

    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            return {*value, *(name for item in value.values() for name in keys(item))}
        return {name for item in value for name in keys(item)} if isinstance(value, list) else set()

    assert not keys(statement) & {"pass", "passed", "result", "verdict", "clean", "ok", "status", "success"}


def test_the_names_of_lists_and_paths_are_told_only_where_that_is_asked_for(
    run: Path, key_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "s.json"
    assert (
        auditor("attest", run, "--key", key_file, "-o", path, "--name-lists", "--audience", "operator").exit_code == 0
    )
    predicate = _statement(path)["predicate"]
    assert predicate["targets"] == [str(HUB)]
    assert [(known["name"], known["entries"]) for known in predicate["lists"]] == [("known-pictures", 6)]


def test_a_valid_statement_is_shown_with_what_it_does_not_say(signed: Path, key: SigningKey, run: Path) -> None:
    shown = auditor("verify", signed, "--key", encode_public_key(key.public), "--run", run)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "61 of 61 samples answered; 0 in part, 0 skipped, 0 not answered\n" in shown.stdout
    assert "21 of 21 (picture file) compared by pdq with list sha256 " in shown.stdout
    assert NOT_SAID in shown.stdout


def test_a_key_may_be_a_file_in_base64_or_pem(signed: Path, key: SigningKey, tmp_path: Path) -> None:
    (tmp_path / "signer.pub").write_text(encode_public_key(key.public) + "\n")
    public = ed25519.Ed25519PublicKey.from_public_bytes(key.public)
    (tmp_path / "signer.pem").write_bytes(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    for file in ("signer.pub", "signer.pem"):
        assert auditor("verify", signed, "--key", tmp_path / file).exit_code == 0


def test_a_private_key_is_refused_and_not_repeated(signed: Path, key_file: Path) -> None:
    refused = auditor("verify", signed, "--key", key_file)
    assert refused.exit_code == 2
    assert refused.stderr == "auditor: --key: is a private key; give the public one\n"


@pytest.mark.parametrize("what", ["another key", "changed", "another type", "no envelope", "empty", "long"])
def test_what_is_not_signed_with_the_key_exits_1(signed: Path, key: SigningKey, tmp_path: Path, what: str) -> None:
    public = encode_public_key(key.public)
    envelope = json.loads(signed.read_bytes())
    if what == "another key":
        public = encode_public_key(SigningKey.create(tmp_path / "other.pem").public)
    elif what == "changed":
        statement = _statement(signed)
        statement["predicate"]["samples"]["collected"] = 99
        envelope["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
        signed.write_text(json.dumps(envelope))
    elif what == "another type":
        _signed(signed, _statement(signed), key, "application/json")
    else:
        signed.write_bytes({"no envelope": b"[1]", "empty": b"", "long": b"{" * (2 << 20)}[what])
    shown = auditor("verify", signed, "--key", public)
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr.startswith(f"auditor: {signed}: ")


@pytest.mark.parametrize(
    "break_it",
    [
        lambda statement: statement | {"predicateType": "https://slsa.dev/provenance/v1"},
        lambda statement: statement | {"predicate": []},
        lambda statement: statement | {"subject": []},
        lambda statement: statement | {"predicate": statement["predicate"] | {"expires": "soon"}},
        lambda statement: statement | {"predicate": statement["predicate"] | {"expires": 4}},
        lambda statement: statement | {"predicate": statement["predicate"] | {"samples": {"collected": "x"}}},
        lambda statement: [statement],
    ],
)
def test_a_signed_text_that_is_no_such_statement_exits_1(signed: Path, key: SigningKey, break_it: Any) -> None:
    _signed(signed, break_it(_statement(signed)), key)
    shown = auditor("verify", signed, "--key", encode_public_key(key.public))
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "is signed, but it" in shown.stderr


def test_an_expired_statement_exits_1(signed: Path, key: SigningKey) -> None:
    statement = _statement(signed)
    statement["predicate"]["expires"] = "2026-01-01T00:00:00Z"
    shown = auditor("verify", _signed(signed, statement, key), "--key", encode_public_key(key.public))
    assert shown.exit_code == 1
    assert shown.stderr == f"auditor: {signed}: expired on 2026-01-01T00:00:00Z; ask for a newer one\n"


def test_a_statement_about_another_run_exits_1(signed: Path, key: SigningKey, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "README.md").write_text("# A model\n")
    auditor("scan", tmp_path / "m", "--known", LIST, "--out", tmp_path / "other", "--workers", 1)
    shown = auditor("verify", signed, "--key", encode_public_key(key.public), "--run", tmp_path / "other")
    assert shown.exit_code == 1
    assert "is about other files than" in shown.stderr


def test_a_changed_card_changes_the_listing(key_file: Path, tmp_path: Path) -> None:
    digests = []
    for text in ("# A model\n", "# B model\n"):
        (tmp_path / "m").mkdir(exist_ok=True)
        (tmp_path / "m" / "README.md").write_text(text)
        out = tmp_path / f"run-{len(digests)}"
        auditor("scan", tmp_path / "m", "--known", LIST, "--out", out, "--workers", 1)
        assert auditor("attest", out, "--key", key_file, "-o", tmp_path / "s.json").exit_code == 0
        digests.append(_statement(tmp_path / "s.json")["subject"][0]["digest"]["sha256"])
    assert digests[0] != digests[1]


def test_what_was_left_out_and_what_was_not_asked_of_all_is_said(key_file: Path, tmp_path: Path) -> None:
    key = SigningKey.load(key_file)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "README.md").write_text(f"# Model {name}\n")
        (tmp_path / name / "drafts.md").write_text("# A draft\n")
    options = ("--exclude", "drafts.md", "--workers", 1)
    auditor("scan", tmp_path / "a", "--known", LIST, "--out", tmp_path / "run-a", *options)
    auditor("scan", tmp_path / "b", "--out", tmp_path / "run-b", *options)
    auditor("judge", tmp_path / "run-a", tmp_path / "run-b", "--out", tmp_path / "both")
    path = tmp_path / "s.json"
    assert auditor("attest", tmp_path / "both", "--key", key_file, "-o", path).exit_code == 0
    shown = auditor("verify", path, "--key", encode_public_key(key.public)).stdout
    assert "2 files were left out by options or by files of the target\n" in shown
    assert "Not the same was asked of all parts: a part was not compared with every list\n" in shown


def test_hostile_text_of_a_signer_does_nothing_to_the_terminal(signed: Path, key: SigningKey) -> None:
    statement = _statement(signed)
    statement["predicate"]["targets"] = ["\x1b]52;c;aGVsbG8=\x07"]
    shown = auditor("verify", _signed(signed, statement, key), "--key", encode_public_key(key.public))
    assert shown.exit_code == 0
    assert "\x1b" not in shown.stdout


def test_a_run_without_a_list_cannot_be_attested(key_file: Path, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# A model\n")
    auditor("scan", tmp_path / "README.md", "--out", tmp_path / "run", "--workers", 1)
    refused = auditor("attest", tmp_path / "run", "--key", key_file, "-o", tmp_path / "s.json")
    assert refused.exit_code == 2
    assert "the run had no list, so nothing was compared" in refused.stderr
    assert not (tmp_path / "s.json").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0d", "name 1 to 3660 days"),
        ("9999", "name 1 to 3660 days"),
        ("soon", "write a number of days"),
        ("2020-01-01", "is in the past"),
    ],
)
def test_an_expiry_is_a_number_of_days_or_a_date_to_come(
    run: Path, key_file: Path, tmp_path: Path, text: str, why: str
) -> None:
    refused = auditor("attest", run, "--key", key_file, "-o", tmp_path / "s.json", "--expires", text)
    assert refused.exit_code == 2
    assert why in refused.stderr


def test_a_key_is_created_once_and_for_its_owner_alone(run: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.pem"
    missing = auditor("attest", run, "--key", new, "-o", tmp_path / "s.json")
    assert (missing.exit_code, "the signing key cannot be read" in missing.stderr) == (2, True)
    first, again = (
        auditor("attest", run, "--key", new, "--create-key", "-o", tmp_path / "s.json").stderr for _ in range(2)
    )
    assert first == again
    assert first.startswith("public key, for those who verify: ")
    assert os.name != "posix" or new.stat().st_mode & 0o777 == 0o600


def test_a_sample_says_how_it_was_drawn_and_what_it_can_prove_at_most(key_file: Path, tmp_path: Path) -> None:
    arguments = ("--known", LIST, "--sample", 20, "--seed", 5, "--out", tmp_path / "run", "--workers", 1)
    auditor("scan", HUB, *arguments, "--fail-on", "never")
    assert auditor("attest", tmp_path / "run", "--key", key_file, "-o", tmp_path / "statement.json").exit_code == 0
    statement = _statement(tmp_path / "statement.json")
    jsonschema.validate(
        statement, json.loads((resource_folder("reports/schema") / "comparison.schema.json").read_text("utf-8"))
    )
    drawn = statement["predicate"]["drawnSample"]
    # Clopper and Pearson's upper end for none of 20 is 1 - 0.025^(1/20).
    assert drawn.pop("highestRateIfNoneMatched") == pytest.approx(0.16843, abs=5e-6)
    assert drawn == {
        "asked": "20",
        "seed": 5,
        "units": 61,
        "drawn": 20,
        "answered": 20,
        "strata": 1,
        "confidence": 0.95,
    }
    shown = auditor("verify", tmp_path / "statement.json", "--key", _public(key_file))
    assert (
        "A random sample: 20 of 61 samples were read (seed 5, strata: 1). If none of them matched, at most 16.8 % of "
        "all did, with 95% confidence\n"
    ) in shown.stdout


def test_one_part_of_an_audit_cannot_be_attested(key_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "part"
    auditor("scan", HUB, "--known", LIST, "--shard", "2/4", "--out", out, "--workers", 1, "--fail-on", "never")
    refused = auditor("attest", out, "--key", key_file, "-o", tmp_path / "statement.json")
    assert (refused.exit_code, (tmp_path / "statement.json").exists()) == (2, False)
    assert (
        "the run is part 2 of 4 of an audit: join all parts with `auditor judge`, and attest that run" in refused.stderr
    )


def _public(key_file: Path) -> str:
    return encode_public_key(SigningKey.load(key_file).public)
