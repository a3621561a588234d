"""Lists that tests make from entries, without a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from auditor.known.compile_list import compile_list
from auditor.known.compiled_list import CompiledList, open_compiled_list
from auditor.known.entries import ListItem
from auditor.known.list_identity import ListIdentity
from auditor.known.near_index import DEFAULT_THRESHOLDS
from auditor.known.token_key import KEY

MakeList = Callable[..., CompiledList]


@pytest.fixture
def make_list(tmp_path: Path) -> MakeList:
    def make(
        *items: ListItem,
        name: str = "hills",
        means: str = "test",
        classes: Mapping[str, str] | None = None,
        thresholds: Mapping[str, int] = DEFAULT_THRESHOLDS,
        base: CompiledList | None = None,
    ) -> CompiledList:
        folder = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        identity = ListIdentity(name, "1", means, source=f"{name}.csv", sha256="0" * 64, classes=classes or {})
        compile_list(items, folder, identity, thresholds, base=base)
        (folder / KEY).write_bytes(b"a key that only this test has")
        return open_compiled_list(folder)

    return make


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_HOME", str(tmp_path_factory.mktemp("home")))
