"""What is added to a card is stated elsewhere in its repository; nothing that is stated changes, and once is enough."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.cli.main import main
from auditor.errors import Unreadable
from auditor.pipeline.card_fixes import HUB_LICENCES, CardFix, _Addition, _fix_card, write_card_fix
from auditor.policy.vocabularies import compiled_vocabulary, load_vocabularies
from auditor.syntax.front_matter import split_card
from auditor.terms.assess import SUGGESTED_PARAGRAPH, assess_terms

PROSE = "# Tiny\n\nThis model was fine-tuned from [acme/base](https://huggingface.co/acme/base).\n"
LICENSED = f"{PROSE}\n## License\n\nThis model is released under the MIT License.\n"
ADDITIONS = (
    _Addition("license", ("mit",), "README.md:3"),
    _Addition("base_model", ("acme/base",), "README.md:5"),
    _Addition("datasets", ("acme/leaves", "acme/trees"), "README.md:6"),
    _Addition("", (SUGGESTED_PARAGRAPH,), ""),
)


def scan(folder: Path, *options: str) -> str:
    """Scan a repository as a gate does; return what is printed of fixes."""
    out = folder.parent / f"run-{len(list(folder.parent.iterdir()))}"
    result = CliRunner().invoke(
        main, ["scan", str(folder), "--profile", "gate", "--out", str(out), "--workers", "1", "--fix", *options]
    )
    assert result.exit_code in (0, 1), result.output
    return result.stdout.partition("\nNext: ")[2].partition("\n")[2]


def repository(folder: Path, card: str, **files: str) -> Path:
    repo = folder / "repo"
    repo.mkdir(parents=True)
    (repo / "README.md").write_bytes(card.encode())
    for name, text in files.items():
        (repo / f"{name}.json").write_text(text, encoding="utf-8")
    return repo


def test_nothing_is_written_unless_asked_for(tmp_path: Path) -> None:
    repo = repository(tmp_path, LICENSED)
    shown = scan(repo)
    assert "+license: mit" in shown
    assert "README.md: can be added: license: mit (stated in README.md:5)" in shown
    assert "Nothing is written: add --write for that." in shown
    assert (repo / "README.md").read_text() == LICENSED
    assert CliRunner().invoke(main, ["scan", str(repo), "--write"]).exit_code == 2


@pytest.mark.parametrize(
    ("card", "metadata"),
    [
        (LICENSED, {"license": "mit", "base_model": "acme/base"}),
        (f"---\ntags:\n- lora\n---\n{LICENSED}", {"tags": ["lora"], "license": "mit", "base_model": "acme/base"}),
        (f"---\nlicense: apache-2.0\n---\n{LICENSED}", {"license": "apache-2.0", "base_model": "acme/base"}),
        (f"---\nbase_model: o/other # kept\n---\n{PROSE}", {"base_model": "o/other"}),
        (f"---\ntags: [x]   \n---\n{LICENSED}".replace("\n", "\r\n"), None),
    ],
    ids=["no metadata", "metadata", "another licence is stated", "a base is stated", "CRLF"],
)
def test_what_is_stated_stays_and_a_second_run_finds_nothing(
    tmp_path: Path, card: str, metadata: dict[str, object] | None
) -> None:
    repo = repository(tmp_path, card)
    path = repo / "README.md"
    path.chmod(0o640)
    scan(repo, "--write")
    written = path.read_bytes()
    if metadata is not None:
        assert dict(split_card(written.decode()).metadata) == metadata
    newline = b"\r\n" if "\r\n" in card else b"\n"
    lost = [line for line in card.encode().split(newline) if line not in written.split(newline)]
    assert lost == [], "every line of the card is still there, byte for byte"
    assert written.count(b"\n") == written.count(newline)
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o640
    assert scan(repo, "--write") == "Nothing can be added to a card without inventing it.\n"
    assert path.read_bytes() == written
    assert [entry.name for entry in repo.iterdir()] == ["README.md"]


def test_what_parts_of_a_repository_state_differently_is_not_added(tmp_path: Path) -> None:
    repo = repository(tmp_path, LICENSED, adapter_config='{"base_model_name_or_path": "acme/elsewhere"}')
    assert "+base_model" not in scan(repo)


def test_a_paragraph_is_added_where_the_licence_does_not_prohibit_it_and_the_clause_check_finds_it_clear(
    tmp_path: Path,
) -> None:
    repo = repository(tmp_path, f"---\nlicense: mit\n---\n{PROSE}")
    scan(repo, "--write")
    cues = compiled_vocabulary(load_vocabularies()).clause_cues
    assert assess_terms((repo / "README.md").read_bytes(), "README.md", cues).answer == "clear"
    prohibits = repository(tmp_path / "other", f"---\nlicense: creativeml-openrail-m\n---\n{PROSE}")
    assert "Prohibited use" not in scan(prohibits)


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_card_behind_a_link_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.md").write_text(LICENSED)
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "README.md").symlink_to(tmp_path / "elsewhere.md")
    (tmp_path / "repo" / "LICENSE").write_text("MIT License\n")
    CliRunner().invoke(main, ["scan", str(tmp_path / "repo"), "--fix", "--write", "--out", str(tmp_path / "run")])
    assert (tmp_path / "elsewhere.md").read_text() == LICENSED


def test_a_card_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(PROSE)
    fix = _fix_card(path, ADDITIONS)
    assert isinstance(fix, CardFix)
    path.write_text("Another text.\n")
    with pytest.raises(Unreadable, match="has changed since it was read"):
        write_card_fix(fix)
    assert path.read_text() == "Another text.\n"


@pytest.mark.parametrize(
    ("card", "why"),
    [
        (b"---\nlicense: [mit\n---\nText.\n", "not a block of YAML"),
        (b"---\n{tags: [a]}\n---\nText.\n", "cannot be extended line by line|not a block of YAML"),
        (b"# T\xff\n", "not UTF-8"),
        (b"a\r\nb\n", "end in different ways"),
    ],
)
def test_a_card_that_cannot_be_edited_safely_is_left(tmp_path: Path, card: bytes, why: str) -> None:
    path = tmp_path / "README.md"
    path.write_bytes(card)
    with pytest.raises(Unreadable, match=why):
        _fix_card(path, ADDITIONS)


def test_every_licence_that_may_be_added_is_in_the_vocabulary() -> None:
    assert compiled_vocabulary(load_vocabularies()).licences.by_id.keys() >= HUB_LICENCES


KEYS = ("license: mit", "tags:\n- a", "base_model: o/x", "# note", "language: no", "x: |\n  y")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.lists(st.sampled_from(KEYS), unique=True),
    body=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=200),
    newline=st.sampled_from(["\n", "\r\n"]),
    has_metadata=st.booleans(),
)
def test_a_fix_keeps_every_other_byte_and_needs_no_second_one(
    tmp_path: Path, keys: list[str], body: str, newline: str, has_metadata: bool
) -> None:
    block = "---\n" + "".join(f"{key}\n" for key in keys) + "---\n" if has_metadata else ""
    path = tmp_path / "README.md"
    path.write_bytes((block + body).replace("\n", newline).encode())
    try:
        fix = _fix_card(path, ADDITIONS)
    except Unreadable:
        return
    if fix is None:
        return
    newline = "\r\n" if b"\r\n" in fix.before else "\n"
    before, after = fix.before.decode().split(newline), iter(fix.after.decode().split(newline))
    assert all(line in after for line in before if line), "a line was changed or moved"
    write_card_fix(fix)
    assert path.read_bytes() == fix.after
    assert _fix_card(path, ADDITIONS) is None
