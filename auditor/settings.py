"""The user's settings: environment variables and the file of the user's project; never a file of what is audited.

The command line counts before the environment, the environment before the file, and the file before a default. The
file is ``auditor.toml``, or the table ``[tool.auditor]`` of ``pyproject.toml``, in the current folder or in one above
it up to the root of the repository.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from auditor.errors import UsageError
from auditor.suggestions import did_you_mean
from auditor.target_paths import target_that_holds
from auditor.toml_file import MAX_TOML_BYTES, read_toml_file

Shape = Literal["text", "texts", "path", "paths", "number", "switch"]

# Each setting has the name of an option. A path of the file is relative to the file's folder; a list that is no file
# there is the name of an imported one.
SETTINGS: Mapping[str, Shape] = {
    "profile": "text",
    "known": "paths",
    "rules": "paths",
    "baseline": "path",
    "exclude": "texts",
    "fail-on": "text",
    "audience": "text",
    "country": "text",
    "weights": "text",
    "dihedral": "switch",
    "thorough": "switch",
    "workers": "number",
    "quiet": "switch",
    "progress": "text",
}
PREFIX = "AUDITOR_"
# What other parts of the program and its tests read; a misspelt setting is compared with these too.
_OTHER_VARIABLES = frozenset({"HOME", "LEDGER", "REVIEWER", "SUPPORT", "CORPUS", "AXE"})
# Similarity (difflib) of a variable's name to a setting's, from which it is taken for a misspelling and not for one of
# another program.
_NEARLY_THE_SAME = 0.8
_PROJECT_FILE, _PROJECT_TABLE = "pyproject.toml", b"tool.auditor"
_FILES = ("auditor.toml", _PROJECT_FILE)
_SHAPES: Mapping[Shape, str] = {
    "text": "text",
    "texts": "a list of texts",
    "path": "a path",
    "paths": "a list of paths",
    "number": "a number",
    "switch": "true or false",
}
_SWITCHES = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Setting:
    """The value of a setting, and what it comes from: a variable's name, or a file's path."""

    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the environment and the file, by name.

    Attributes:
        values: Those that are set.
        file: The file that was read; None: there is none.
        ignored: Files that were not read because they lie in a target.
    """

    values: Mapping[str, Setting]
    file: Path | None = None
    ignored: tuple[Path, ...] = ()


def load_settings(targets: Sequence[str] = ()) -> Settings:
    """Return the settings of the environment and of the user's project.

    Args:
        targets: What is audited: a file in it, or that a link through it leads to, is not read.

    Raises:
        UsageError: A setting is not known or has a wrong value; the message names the file or variable and the key.
    """
    file, table, ignored = _find_file(targets)
    values = {key: Setting(value, str(file)) for key, value in _file_values(file, table)} if file else {}
    return Settings({**values, **dict(_environment_values())}, file, ignored)


def _find_file(targets: Sequence[str]) -> tuple[Path | None, Mapping[str, Any], tuple[Path, ...]]:
    """Return the nearest settings file with its table, and those that were passed over as they lie in a target."""
    here = Path.cwd()
    above = (here, *here.parents)
    root = next((number for number, folder in enumerate(above) if (folder / ".git").exists()), 0)
    ignored: list[Path] = []
    for path in (folder / name for folder in above[: root + 1] for name in _FILES):
        if not _may_hold_settings(path):
            continue
        if target_that_holds(path, targets):
            ignored.append(path)
        elif (table := _read_table(path)) is not None:
            return path, table, tuple(ignored)
    return None, {}, tuple(ignored)


def _may_hold_settings(path: Path) -> bool:
    """Return whether a file may hold settings of this program; nothing of it is parsed."""
    if not path.is_file():
        return False
    try:
        if path.name != _PROJECT_FILE:
            return True
        with path.open("rb") as file:
            return _PROJECT_TABLE in file.read(MAX_TOML_BYTES)
    except OSError:
        return False


def _read_table(path: Path) -> Mapping[str, Any] | None:
    """Return the table of settings that a file holds; None if it is a project's file that holds none."""
    content: Any = read_toml_file(path)
    if path.name == _PROJECT_FILE:
        tools = content.get("tool")
        content = tools.get("auditor") if isinstance(tools, dict) else None
        if content is None:
            return None
    if not isinstance(content, dict):
        raise UsageError(f"{path}: tool.auditor: expected a table")
    return content


def _file_values(path: Path, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the settings of a file. Raises UsageError that names the key."""
    for key, value in table.items():
        shape = SETTINGS.get(key)
        if shape is None:
            raise UsageError(f"{path}: {key}: unknown setting{did_you_mean(key, SETTINGS)}")
        if not _has_shape(value, shape):
            raise UsageError(f"{path}: {key}: expected {_SHAPES[shape]}, not {value!r}")
        if shape == "path":
            value = str(path.parent / value)
        elif shape == "paths":
            value = [_beside(path, key, one) for one in value]
        yield key, value


def _has_shape(value: object, shape: Shape) -> bool:
    """Return whether a value of a settings file is what the setting takes."""
    if shape in ("texts", "paths"):
        return isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    if shape == "switch":
        return isinstance(value, bool)
    if shape == "number":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str) and bool(value)


def _beside(path: Path, key: str, value: str) -> str:
    """Return a path of a settings file as one from its folder; the name of a list stays a name."""
    placed = path.parent / value
    is_path = key == "rules" or placed.exists() or ("/" in value and "://" not in value)
    return str(placed) if is_path else value


def _environment_values() -> Iterator[tuple[str, Setting]]:
    """Yield the settings of environment variables. Raises UsageError that names the variable."""
    variables = {PREFIX + key.upper().replace("-", "_"): key for key in SETTINGS}
    known = {*variables, *(PREFIX + name for name in _OTHER_VARIABLES)}
    names = sorted(name.removeprefix(PREFIX) for name in known)
    for name, text in sorted(os.environ.items()):
        if not name.startswith(PREFIX) or not text:
            continue
        if key := variables.get(name):
            yield key, Setting(_value_of_text(name, text, SETTINGS[key]), name)
        elif name not in known:
            similar = difflib.get_close_matches(name.removeprefix(PREFIX), names, 1, _NEARLY_THE_SAME)
            if similar:
                hint = f"did you mean {PREFIX}{similar[0]}?"
                raise UsageError(f"{name}: no setting of this name ({hint}); correct it, or unset the variable")


def _value_of_text(name: str, text: str, shape: Shape) -> Any:
    """Return the value of an environment variable's text: of several values, one a line."""
    if shape in ("texts", "paths"):
        return [line for line in text.splitlines() if line]
    if shape == "switch":
        if text.lower() not in _SWITCHES:
            raise UsageError(f"{name}: expected one of {', '.join(_SWITCHES)}, not {text!r}")
        return _SWITCHES[text.lower()]
    if shape == "number":
        if not text.isdecimal():
            raise UsageError(f"{name}: expected a number, not {text!r}")
        return int(text)
    return text
