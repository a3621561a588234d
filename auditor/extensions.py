"""Loads the members of an extension folder: the modules of a package, and those that installed packages add.

A package such as :mod:`auditor.readers` describes the duties of its members as a :class:`typing.Protocol`: each
function and constant without a value is required, each constant with a value is optional and has that default. Every
module of the package is a member; a module that lacks a duty is an error, so that no member disappears because one of
its functions is misspelt.

Other distributions add members through entry points whose value is a module::

    [project.entry-points."auditor.readers"]
    acme = "acme_auditor.reader"

Such a member never replaces one of the package itself. What it is and where it comes from is an :class:`Extension`,
which is handed to whatever loads members; without any, only the package's own members are loaded.
"""

from __future__ import annotations

import difflib
import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import FunctionType, ModuleType
from typing import NamedTuple

from auditor.errors import ExtensionError
from auditor.target_paths import target_that_holds

READERS = "auditor.readers"
LIST_FORMATS = "auditor.list_formats"
GROUPS = (READERS, LIST_FORMATS)
_MODULE = re.compile(r"\w+(\.\w+)*")
# Similarity (difflib) of a constant's name to an optional duty, from which it is taken for a misspelling of it.
_NEARLY_THE_SAME = 0.9


class Extension(NamedTuple):
    """A member that an installed distribution adds: the module it is, and the distribution it comes from."""

    group: str
    name: str
    module: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version} ({self.group}: {self.name})"


def installed_extensions(targets: Sequence[str] = ()) -> tuple[Extension, ...]:
    """Return the members that installed distributions add, sorted. Nothing of them is imported.

    The working directory is not searched: what is audited may lie there, and must not be able to add code.

    Args:
        targets: What is audited: folders in it are not searched either.

    Raises:
        ExtensionError: Two entry points of a group have the same name, or the value of one is not a module.
    """
    from importlib.metadata import distributions

    working_directory = os.path.realpath(os.curdir)
    path = [
        folder
        for folder in sys.path
        if folder and os.path.realpath(folder) != working_directory and not target_that_holds(folder, targets)
    ]
    seen: set[str] = set()
    found: dict[tuple[str, str], Extension] = {}
    for distribution in distributions(path=path):
        entries = [entry for entry in distribution.entry_points if entry.group in GROUPS]
        if not entries:  # most distributions: their metadata need not be read, and may be broken
            continue
        name, version = distribution.name, distribution.version
        if (normalized := re.sub(r"[-_.]+", "-", name).lower()) in seen:  # imports use the first copy on the path too
            continue
        seen.add(normalized)
        for entry in entries:
            extension = Extension(entry.group, entry.name, entry.value, name, version)
            if not _MODULE.fullmatch(entry.value):
                raise ExtensionError(f"{extension}: its value {entry.value!r} is not a module; {_remedy(extension)}")
            other = found.setdefault((entry.group, entry.name), extension)
            if other is not extension:
                raise ExtensionError(
                    f"{other} and {extension}: two entry points have the same name; uninstall one of the two, or "
                    "use --isolated"
                )
    return tuple(sorted(found.values()))


@cache
def load_members(
    package: str, protocol: type, group: str = "", extensions: tuple[Extension, ...] = ()
) -> Mapping[str, ModuleType]:
    """Import the members of an extension folder's package and return them by name, in order of name.

    Args:
        package: The package whose modules are members, by its full name.
        protocol: A Protocol with the duties of a member; optional constants that a member lacks are set to the
            default that the protocol gives them.
        group: The entry-point group of the package, if other distributions may add members.
        extensions: What other distributions add; those of other groups are ignored.

    Raises:
        ExtensionError: A module lacks a duty or cannot be imported, or an extension has the name of another member.
    """
    folder = importlib.import_module(package).__path__
    members = {
        name: _import(f"{package}.{name}", f"{package}.{name}", "correct it")
        for name in sorted(module.name for module in pkgutil.iter_modules(folder))
    }
    for module in members.values():
        _check_duties(module, protocol, str(module.__file__), f"move what is no member out of {package}")
    for extension in extensions:
        if extension.group != group:
            continue
        if extension.name in members:
            raise ExtensionError(
                f"{extension}: there is another member {extension.name!r} of {package}; {_remedy(extension)}"
            )
        members[extension.name] = module = _import(extension.module, str(extension), _remedy(extension))
        _check_duties(module, protocol, f"{extension}: {module.__file__}", _remedy(extension))
    return dict(sorted(members.items()))


def _import(module: str, where: str, remedy: str) -> ModuleType:
    """Import the module of a member of an extension folder. Raises ExtensionError."""
    try:
        return importlib.import_module(module)
    except Exception as error:  # the code of a member may raise anything
        why = f"{type(error).__name__}: {error}"
        raise ExtensionError(f"{where}: cannot be imported ({why}); {remedy}") from error


def _check_duties(module: ModuleType, protocol: type, where: str, remedy: str) -> None:
    """Check that an extension folder's member has all that its protocol asks for; set missing constants to defaults.

    Raises:
        ExtensionError: The module lacks a required duty, or one of its names is nearly that of an optional one.
    """
    content = vars(module)
    for name, is_function in _required_member_names(protocol):
        if name not in content:
            similar = difflib.get_close_matches(name, _own_names(module), 1)
            hint = f" (it has {similar[0]!r}: is it misspelt?)" if similar else ""
            raise ExtensionError(f"{where}: has no {name}{'()' if is_function else ''}{hint}; add it, or {remedy}")
        if is_function and not callable(content[name]):
            raise ExtensionError(f"{where}: {name} is not a function; make it one, or {remedy}")
    for name, default in _optional_member_names(protocol):
        if name not in content:
            if similar := difflib.get_close_matches(name, _own_names(module), 1, _NEARLY_THE_SAME):
                raise ExtensionError(f"{where}: has {similar[0]!r} but no {name}: correct its spelling, or {remedy}")
            content[name] = default


def _own_names(module: ModuleType) -> list[str]:
    """Return the public names of an extension's module, without the functions, classes and modules that it imports."""
    imports = {
        name
        for name, value in vars(module).items()
        if isinstance(value, ModuleType)
        or (isinstance(value, type | FunctionType) and value.__module__ != module.__name__)
    }
    return [name for name in _public_names(vars(module)) if name not in imports]


def _required_member_names(protocol: type) -> Iterator[tuple[str, bool]]:
    """Yield the names that a member of an extension folder must have, and whether each is a function."""
    for name in _public_names(protocol.__annotations__):
        if name not in vars(protocol):
            yield name, False
    for name in _public_names(vars(protocol)):
        if isinstance(vars(protocol)[name], FunctionType | property):
            yield name, True


def _optional_member_names(protocol: type) -> Iterator[tuple[str, object]]:
    """Return the names that a member of an extension folder may have, and the value of each where it has none."""
    return ((name, vars(protocol)[name]) for name in _public_names(protocol.__annotations__) if name in vars(protocol))


def _public_names(names: Iterable[str]) -> Iterator[str]:
    """Return the names of an extension's module that are public."""
    return (name for name in names if not name.startswith("_"))


def _remedy(extension: Extension) -> str:
    """Return what to do about an extension that is at fault."""
    return f"update or uninstall {extension.distribution}, or use --isolated"
