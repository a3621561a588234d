"""A text that is a pointer of Git LFS or git-annex is not here: it is a gap, and its words are judged by no rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor import audit

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab" * 32 + "\nsize 1234\n"
ANNEX = "/annex/objects/SHA256E-s1234--" + "ab" * 32 + ".md\n"
WHY = "a pointer of Git LFS or git-annex: the file itself is not here"


@pytest.mark.parametrize("pointer", [LFS, ANNEX, LFS.replace("size 1234\n", "")])
@pytest.mark.parametrize("name", ["README.md", "LICENSE", "config.json", "adapter_config.json"])
def test_a_text_that_is_a_pointer_is_a_gap(tmp_path: Path, name: str, pointer: str) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "README.md").write_text("---\nlicense: mit\n---\n# Hills\n")
    (model / "config.json").write_text("{}")
    (model / name).write_text(pointer)
    report = audit(model, out=tmp_path / "run", workers=1)
    assert [(gap.place.uri, gap.why) for _, gap in report.gaps] == [(name, WHY)]
    assert report.exit_code() == 3


def test_nothing_is_said_of_a_card_that_is_a_pointer(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "README.md").write_text(LFS)
    (tmp_path / "model" / "config.json").write_text("{}")
    report = audit(tmp_path / "model", out=tmp_path / "run", workers=1)
    assert not [finding.rule for finding in report.findings if finding.outcome == "FLAGGED"]
