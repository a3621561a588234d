"""Rules and schemas are found however the program was installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from auditor.resources import resource_folder

ROOT = Path(__file__).resolve().parents[1]


def test_a_checkout_has_its_folders_beside_the_package() -> None:
    assert resource_folder("rules") == ROOT / "rules"
    assert resource_folder("reports/schema") == ROOT / "reports" / "schema"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be published, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_a_wheel_carries_rules_schemas_and_templates(wheel: Path) -> None:
    def names(root: Path) -> set[str]:
        return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}

    data = wheel / "auditor" / "_data"
    assert names(data / "rules") == names(ROOT / "rules")
    assert names(data / "reports" / "schema") >= {"report.schema.json"}
    assert names(wheel / "auditor" / "render") >= {
        name for name in names(ROOT / "auditor" / "render") if name.startswith("templates/")
    }


def test_a_wheel_says_that_it_is_typed(wheel: Path) -> None:
    """Without this file, type checkers ignore the annotations of an installed package (PEP 561)."""
    assert (wheel / "auditor" / "py.typed").is_file()


def test_a_wheel_finds_its_own_rules(wheel: Path, tmp_path: Path) -> None:
    code = "from auditor.resources import resource_folder as of; print(of('rules'), of('reports/schema'), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(wheel), "PATH": ""},
        check=True,
        capture_output=True,
        text=True,
    )
    data = wheel / "auditor" / "_data"
    assert done.stdout.splitlines() == [str(data / "rules"), str(data / "reports" / "schema")]


def test_an_editable_install_is_the_checkout(tmp_path: Path) -> None:
    """hatchling's editable wheel is a path file that names the checkout, so the folders beside it are found."""
    code = "import hatchling.build, sys; print(hatchling.build.build_editable(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (built,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        (pth,) = [name for name in archive.namelist() if name.endswith(".pth")]
        assert archive.read(pth).decode().strip() == str(ROOT)
