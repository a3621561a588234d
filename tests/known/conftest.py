"""Lists that tests make from entries, without a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from auditor.known.compile_list import THRESHOLDS, Identity, compile_list
from auditor.known.compiled_list import KEY, CompiledList, open_compiled
from auditor.known.entries import ListItem

MakeList = Callable[..., CompiledList]


@pytest.fixture
def make_list(tmp_path: Path) -> MakeList:
    def make(
        *items: ListItem,
        name: str = "hills",
        means: str = "test",
        classes: Mapping[str, str] | None = None,
        thresholds: Mapping[str, int] = THRESHOLDS,
        base: CompiledList | None = None,
    ) -> CompiledList:
        folder = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        identity = Identity(name, "1", means, source=f"{name}.csv", sha256="0" * 64, classes=classes or {})
        compile_list(items, folder, identity, thresholds, base=base)
        (folder / KEY).write_bytes(b"a key that only this test has")
        return open_compiled(folder)

    return make


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path_factory.mktemp("home")))
