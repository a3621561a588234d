"""Hostile cards through a whole scan: each is counted, within limits of time and memory, and escaped everywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.pipeline.report import read_report
from auditor.pipeline.run_facts import read_run_facts
from auditor.render import report_formats

MEGABYTE = 1 << 20
SCRIPT = "</style></title><script>alert(1)</script><img src=x onerror=alert(1)>"
ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12)
)
FIELDS = "license base_model datasets tags language pipeline_tag license_name license_link library_name new_version"


def front(metadata: str, body: str = "# A model\n\nText.\n") -> bytes:
    return f"---\n{metadata}---\n{body}".encode("utf-8", "surrogatepass")


CARDS = {
    "aliases": front(ALIASES + "tags: *a11\n"),
    "deep-flow": front("tags: " + "[" * 10_000 + "]" * 10_000 + "\n"),
    "deep-block": front("".join(" " * level + "a:\n" for level in range(2_000))),
    "deep-list": front("license: mit\n", "> " * 10_000 + "x\n" + "- " * 10_000 + "x\n"),
    "duplicates": front("license: mit\nlicense: apache-2.0\n" * 5_000),
    "tabs": front("license:\tmit\n\ttags: [a]\n"),
    "nuls": front("license: mit\ntags: [a\x00b]\n", "Text\x00more.\n"),
    "surrogates": front("license: mit\ntags: ['a\ud800']\n", "# Title \udfff\n"),
    "bidi": front("license: mit\nbase_model: safe/\u202eexe.gpj\n", "# Title \u202egpj.exe\n"),
    "markup": front("".join(f"{field}: '{SCRIPT}'\n" for field in FIELDS.split()), f"# {SCRIPT}\n\n{SCRIPT}\n"),
    "no-close": b"---\nlicense: mit\n" + b"tags: [a]\n" * 200_000,
    "long-line": front("license: mit\n", "<" * (4 * MEGABYTE)),
    "comments": front("license: mit\n", "<!--" * MEGABYTE),
}


# Each has a part that cannot be read, and says so.
UNREADABLE = "aliases deep-block deep-flow duplicates no-close nuls surrogates tabs".split()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scan of all of them, in a process of its own that may use two minutes and its workers 2 GB each."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, card in CARDS.items():
        path = folder / "hub" / "models" / "acme" / name / "README.md"
        path.parent.mkdir(parents=True)
        path.write_bytes(card)
    with open(folder / "hub" / "models" / "acme" / "large.md", "wb") as file:
        file.write(front("license: mit\n"))
        for _ in range(50):
            file.write(b"Words of a card that goes on. " * (MEGABYTE // 30))
    code = (
        "import resource, sys\n"
        "from auditor.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
    )
    script = folder / "scan.py"
    script.write_text("if __name__ == '__main__':\n" + "".join(f"    {line}\n" for line in code.splitlines()))
    arguments = ["scan", str(folder / "hub"), "--out", str(folder / "run"), "--fail-on", "never", "--workers", "1"]
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 3), done.stderr[-2000:]
    assert int(done.stderr.split()[-1]) < 2_000_000, "kilobytes of a worker"
    return folder / "run"


def test_every_card_is_read_or_unread_with_a_reason(run: Path) -> None:
    found = read_report(run)
    assert found.complete
    files = found.tally.files
    assert files.collected == files.scanned + files.partly + files.errored == len(CARDS) + 1
    subjects = {fact["subject"] for fact in read_run_facts(run)}
    assert subjects >= {f"acme/{name}" for name in CARDS}


def test_what_could_not_be_read_is_a_gap_and_what_could_is_stated(run: Path) -> None:
    values: dict[str, dict[str, set[str]]] = {}
    for fact in read_run_facts(run):
        values.setdefault(fact["subject"].removeprefix("acme/"), {}).setdefault(fact["key"], set()).add(fact["value"])
    unread = {name for name, keys in values.items() if "card" in keys.get("gap", ())}
    assert unread == {*UNREADABLE, "models/acme/large"}
    assert values["duplicates"]["licence"] == {"apache-2.0"}
    assert values["long-line"]["licence"] == values["comments"]["licence"] == {"mit"}
    assert values["no-close"]["licence"] == {"mit"}


@pytest.mark.parametrize("name", sorted(report_formats()))
def test_reports_escape_what_hostile_cards_say(run: Path, name: str) -> None:
    shown = CliRunner().invoke(main, ["report", str(run), "--format", name])
    assert shown.exit_code == 0, shown.output
    if name == "html":
        assert shown.output.count("<script") == 1  # the page's own, which its policy names by its hash
        assert "<img" not in shown.output
    assert not [sign for sign in shown.output if sign in "\u202e\x00\x1b" or 0xD800 <= ord(sign) < 0xE000]
