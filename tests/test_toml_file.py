"""Baselines and settings that are no such files are refused, and neither waited for nor read without end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.toml_file import MAX_TOML_BYTES, read_toml_file


def test_a_file_of_16_mebibytes_is_read_and_a_larger_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "auditor.toml"
    path.write_text("a = 1\n" + "#" * (MAX_TOML_BYTES - 6))
    assert (MAX_TOML_BYTES, read_toml_file(path)) == (16 * 1024**2, {"a": 1})
    with path.open("a") as file:
        file.write("#")
    with pytest.raises(UsageError, match=r"auditor.toml: is larger than 16 MiB"):
        read_toml_file(path)


@pytest.mark.skipif(sys.platform == "win32", reason="has neither")
def test_a_device_and_a_pipe_are_refused(tmp_path: Path) -> None:
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.toml")
    for name in ("zero.toml", "pipe.toml"):
        with pytest.raises(UsageError, match=f"{name}: is no regular file"):
            read_toml_file(tmp_path / name)


def test_what_is_no_toml_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("= 1")
    (tmp_path / "b.toml").write_text("a = " + "[" * 100_000)
    for name in ("a.toml", "b.toml"):
        with pytest.raises(UsageError, match=f"{name}: is not a TOML file"):
            read_toml_file(tmp_path / name)
    with pytest.raises(UsageError, match=r"gone.toml: cannot be read"):
        read_toml_file(tmp_path / "gone.toml")
