"""Members of an extension folder: what each must have, and those that installed distributions add."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

import pytest

from auditor.errors import ExtensionError
from auditor.extensions import Extension, installed_extensions, load_members

GREETER = 'EXAMPLES = ()\n\n\ndef greet() -> str:\n    return "hello"\n'


class Greeter(Protocol):
    """What a member of these tests' packages must have; ``POLITE`` is optional."""

    EXAMPLES: tuple[str, ...]
    POLITE: bool = False

    def greet(self) -> str: ...


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Python imports from, and no module of which is kept after the test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    load_members.cache_clear()
    return tmp_path


def package(folder: Path, **modules: str) -> str:
    """Write a package with these modules; its name."""
    (folder / "greeters").mkdir()
    (folder / "greeters" / "__init__.py").touch()
    for name, source in modules.items():
        (folder / "greeters" / f"{name}.py").write_text(source)
    return "greeters"


def install(
    folder: Path, distribution: str, version: str, entry_points: str, module: str = "", source: str = ""
) -> None:
    """What an installer leaves of a distribution: its metadata, its entry points and its module."""
    metadata = folder / f"{distribution}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    (metadata / "entry_points.txt").write_text(entry_points)
    if module:
        (folder / f"{module}.py").write_text(source)


def test_every_module_of_the_package_is_a_member_and_optional_constants_have_their_defaults(folder: Path) -> None:
    members = load_members(package(folder, plain=GREETER, formal=GREETER + "POLITE = True\n"), Greeter)
    assert {name: member.POLITE for name, member in members.items()} == {"formal": True, "plain": False}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (GREETER.replace("greet()", "gret()"), "has no greet() (it has 'gret': is it misspelt?); add it, or move"),
        ("def greet() -> str: ...", "has no EXAMPLES; add it, or move what is no member out of greeters"),
        ("EXAMPLES = ()\ngreet = 'hello'", "greet is not a function"),
        (GREETER + "POLLITE = True\n", "has 'POLLITE' but no POLITE: correct its spelling"),
    ],
)
def test_a_module_that_lacks_a_duty_is_an_error_that_names_file_and_duty(
    source: str, message: str, folder: Path
) -> None:
    with pytest.raises(ExtensionError) as refused:
        load_members(package(folder, helper=source), Greeter)
    assert str(refused.value).startswith(f"{folder / 'greeters' / 'helper.py'}: ")
    assert message in str(refused.value)


def test_a_module_that_cannot_be_imported_is_an_error_that_names_it(folder: Path) -> None:
    with pytest.raises(ExtensionError) as refused:
        load_members(package(folder, helper="import nowhere_at_all\n"), Greeter)
    why = "cannot be imported (ModuleNotFoundError: No module named 'nowhere_at_all'); correct it"
    assert str(refused.value) == f"greeters.helper: {why}"


def test_an_installed_distribution_adds_a_member(folder: Path) -> None:
    install(folder, "acme-greeter", "1.2", "[auditor.readers]\nacme = acme_greeter\n", "acme_greeter", GREETER)
    assert Extension("auditor.readers", "acme", "acme_greeter", "acme-greeter", "1.2") in installed_extensions()
    members = load_members(package(folder, plain=GREETER), Greeter, "auditor.readers", installed_extensions())
    assert [(name, member.greet()) for name, member in members.items()] == [("acme", "hello"), ("plain", "hello")]


def test_without_extensions_or_for_another_group_the_packages_own_members_are_all(folder: Path) -> None:
    install(folder, "acme-greeter", "1.2", "[auditor.readers]\nacme = acme_greeter\n", "acme_greeter", GREETER)
    name = package(folder, plain=GREETER)
    assert list(load_members(name, Greeter, "auditor.readers")) == ["plain"]
    assert list(load_members(name, Greeter, "auditor.list_formats", installed_extensions())) == ["plain"]


def test_a_distribution_without_metadata_is_ignored(folder: Path) -> None:
    (folder / "broken-1.dist-info").mkdir()
    install(folder, "acme-greeter", "1.2", "[auditor.readers]\nacme = acme_greeter\n", "acme_greeter", GREETER)
    assert [extension.name for extension in installed_extensions()] == ["acme"]


def test_of_two_copies_of_a_distribution_the_first_on_the_path_counts(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    newer = tmp_path_factory.mktemp("newer")
    install(folder, "acme-greeter", "1.2", "[auditor.readers]\nacme = acme_greeter\n")
    install(newer, "acme_greeter", "1.3", "[auditor.readers]\nacme = acme_greeter\n")
    monkeypatch.syspath_prepend(str(newer))
    assert [extension.version for extension in installed_extensions()] == ["1.3"]


def test_an_extension_never_replaces_another_member(folder: Path) -> None:
    extension = Extension("auditor.readers", "plain", "acme_greeter", "acme-greeter", "1.2")
    with pytest.raises(ExtensionError) as refused:
        load_members(package(folder, plain=GREETER), Greeter, "auditor.readers", (extension,))
    assert "acme-greeter 1.2 (auditor.readers: plain): there is another member 'plain' of" in str(refused.value)
    assert "--isolated" in str(refused.value)


def test_two_entry_points_of_one_name_are_an_error_that_names_both_distributions(folder: Path) -> None:
    install(folder, "acme-greeter", "1.2", "[auditor.readers]\ngreeter = acme_greeter\n")
    install(folder, "other-greeter", "7", "[auditor.readers]\ngreeter = other_greeter\n")
    with pytest.raises(ExtensionError) as refused:
        installed_extensions()
    assert "acme-greeter 1.2 (auditor.readers: greeter)" in str(refused.value)
    assert "other-greeter 7 (auditor.readers: greeter)" in str(refused.value)


def test_an_entry_point_that_is_no_module_is_an_error(folder: Path) -> None:
    install(folder, "acme-greeter", "1.2", "[auditor.readers]\nacme = acme_greeter:Reader\n")
    with pytest.raises(ExtensionError, match=r"acme-greeter 1\.2 .*: its value 'acme_greeter:Reader' is not a module"):
        installed_extensions()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise RuntimeError('broken')", "cannot be imported (RuntimeError: broken); update or uninstall acme-greeter"),
        ("EXAMPLES = ()", "has no greet(); add it, or update or uninstall acme-greeter"),
    ],
)
def test_an_extension_that_is_no_member_is_an_error_that_names_its_distribution(
    source: str, message: str, folder: Path
) -> None:
    install(folder, "acme-greeter", "1.2", "[auditor.readers]\nacme = acme_greeter\n", "acme_greeter", source)
    with pytest.raises(ExtensionError) as refused:
        load_members(package(folder), Greeter, "auditor.readers", installed_extensions())
    assert str(refused.value).startswith("acme-greeter 1.2 (auditor.readers: acme): ")
    assert message in str(refused.value)


def test_the_working_directory_adds_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("target")
    install(target, "audited", "1", "[auditor.readers]\naudited = audited\n")
    monkeypatch.syspath_prepend(str(target))
    assert [extension.name for extension in installed_extensions()] == ["audited"]
    monkeypatch.chdir(target)
    assert installed_extensions() == ()
