"""The maps of the code in docs/design.md and README.md name what is in auditor/."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = {path.parent.name for path in (ROOT / "auditor").glob("*/__init__.py")}
MODULES = {path.stem for path in (ROOT / "auditor").glob("*.py") if not path.stem.startswith("__")}


def test_the_layers_of_the_design_are_the_packages_and_modules_of_the_code() -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    layers = page.partition("## Layers")[2].split("```")[1]
    names = " ".join(line[:30] for line in layers.splitlines()).split()
    assert {name.rstrip("/") for name in names if name.endswith("/")} == PACKAGES
    assert {name for name in names if not name.endswith("/")} == MODULES


def test_the_map_of_the_readme_names_every_package() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"auditor/(\w+)/ ", readme)) == PACKAGES
