"""Keeps imported lists: a folder a list, in it a folder a version, a key, and a pointer to the active version.

Nothing becomes active half-written: a version is compiled aside, flushed and renamed into place, and the pointer is
replaced last. The pointer also holds the digest of the version's manifest, which holds the digests of its arrays.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click

from auditor.errors import ListError
from auditor.known import MEANS, Header, Item, Options, canaries, format_of, list_formats
from auditor.known.compiled import KEY, MANIFEST, KnownList, open_compiled
from auditor.known.compiling import LIMITS, THRESHOLDS, Health, Identity, compile_list

_ACTIVE = "active.json"
_MAKING = ".importing-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Declared:
    """What the user says of a list; it stands before what the file says. ``thresholds``: algorithm → distance."""

    name: str = ""
    means: str = ""
    version: str = ""
    holder: str = ""
    thresholds: tuple[tuple[str, int], ...] = ()


def home() -> Path:
    """Where imported lists are kept: ``$AUDITOR_HOME``, or the system's place for a program's own files."""
    return Path(os.environ.get("AUDITOR_HOME") or click.get_app_dir("auditor"))


def imported() -> tuple[KnownList, ...]:
    """The active version of every imported list, by name. Raises ListError for a damaged one."""
    folder = home() / "lists"
    names = sorted(path.parent.name for path in folder.glob(f"*/{_ACTIVE}")) if folder.is_dir() else []
    return tuple(open_imported(name) for name in names)


def open_imported(name: str) -> KnownList:
    """The active version of an imported list."""
    pointer = _lists(name) / _ACTIVE
    try:
        active = json.loads(pointer.read_bytes())
        folder, digest = pointer.parent / active["version"], active["manifest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ListError(f"{pointer}: the list {name!r} cannot be opened ({error}); import it again") from error
    known = open_compiled(folder)
    if _sha256(folder / MANIFEST) != digest:
        raise ListError(f"{folder / MANIFEST}: changed since the list was imported; import it again")
    return known


def open_list(
    name_or_path: str | Path,
    *,
    means: str = "",
    algorithm: str = "",
    columns: Mapping[str, str] | None = None,
    into: Path | None = None,
    verify: bool = True,
) -> KnownList:
    """A list by its imported name, by its compiled folder, or from a list file, which is compiled into ``into``.

    Without ``into`` a file is compiled into a private folder that goes when the program ends. ``verify`` compares
    every array with its digest. Raises ListError for a list that cannot be trusted or whose meaning nobody declares.
    """
    text = os.fspath(name_or_path)
    if _NAME.fullmatch(text) and (_lists(text) / _ACTIVE).exists():
        known = open_imported(text)
    elif (Path(text) / MANIFEST).exists():
        known = open_compiled(Path(text))
    elif Path(text).is_file():
        if into is None:
            into = Path(tempfile.mkdtemp(prefix="auditor-list-"))
            atexit.register(shutil.rmtree, into, ignore_errors=True)
        return _compile_file(Path(text), Declared(means=means), Options(columns or {}, algorithm), into)
    else:
        names = ", ".join(sorted(path.parent.name for path in (home() / "lists").glob(f"*/{_ACTIVE}"))) or "none yet"
        raise ListError(f"{text}: neither a list file nor an imported list (imported: {names})")
    if means and means != known.means:
        raise ListError(f"{text}: was imported as {known.means!r}, not {means!r}; import it again to change that")
    if verify:
        known.verify()
    return known


def import_list(path: Path, declared: Declared, options: Options) -> tuple[KnownList, Health]:
    """Compiles a list file and makes it the active version of the list of that name.

    A delta changes the active version. Raises ListError, and leaves the active version as it was, for a file with a
    malformed line, a version older than the active one, or one that matches a picture known to be harmless.
    """
    folder = _lists(declared.name)
    for parent in (home(), folder.parent, folder):
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder), tempfile.TemporaryDirectory(prefix=_MAKING, dir=folder) as temporary:
        for left in folder.glob(f"{_MAKING}*"):  # by an import that was killed
            if left != Path(temporary):
                shutil.rmtree(left)
        header, items = _read(path, options)
        base = _base(declared.name, header, path)
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        identity = _identity(path, header, declared, now)
        if base is not None:
            _refuse_older(identity.version, base)
        if header.delta and base is not None:
            identity = _changing(base, identity)
        making = Path(temporary) / "version"
        making.mkdir(mode=0o700)
        thresholds = _thresholds(dict(declared.thresholds), base)
        health = compile_list(items, making, identity, thresholds, base=base if header.delta else None)
        _write_key(making / KEY, _kept_key(folder / KEY))
        _refuse_canaries(open_compiled(making), path)
        final = folder / identity.version
        if final.exists():  # left by an import that was stopped before its pointer was written
            shutil.rmtree(final)
        _sync(making)
        making.rename(final)
        _sync(folder)
        _point(folder, identity.version)
    return open_compiled(final), health


def _base(name: str, header: Header, path: Path) -> KnownList | None:
    """The active version, if there is one; one that is damaged counts as none, unless it is to be changed."""
    if not (_lists(name) / _ACTIVE).exists():
        if header.delta:
            raise ListError(f"{path}: changes an earlier version, and no list {name!r} is imported yet")
        return None
    try:
        return open_imported(name)
    except ListError:
        if header.delta:
            raise
        return None


def _changing(base: KnownList, delta: Identity) -> Identity:
    sources = hashlib.sha256(f"{base.sha256}{delta.sha256}".encode()).hexdigest()
    classes = {**base.classes, **delta.classes}
    duty = delta.duty or str(base.manifest["duty"])
    return replace(
        delta, means=base.means, holder=delta.holder or base.holder, duty=duty, classes=classes, sha256=sources
    )


def inspect(path: Path, options: Options, into: Path) -> tuple[KnownList, Health]:
    """A list file compiled in spite of malformed lines, to see how healthy it is. It must not be matched against."""
    header, items = _read(path, options)
    identity = _identity(path, header, Declared(means=header.means or "test"), "")
    health = compile_list(items, into, identity, THRESHOLDS, strict=False)
    _write_key(into / KEY, secrets.token_bytes(32))
    return open_compiled(into), health


def _compile_file(path: Path, declared: Declared, options: Options, into: Path) -> KnownList:
    header, items = _read(path, options)
    identity = _identity(path, header, declared, _sha256(path)[:12])
    folder = into / identity.name
    if (folder / MANIFEST).exists() and (known := open_compiled(folder)).sha256 == identity.sha256:
        return known
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".compiling-", dir=into) as temporary:
        making = Path(temporary) / "list"
        making.mkdir(mode=0o700)
        compile_list(items, making, identity, THRESHOLDS)
        _write_key(making / KEY, _kept_key(home() / KEY))
        _refuse_canaries(open_compiled(making), path)
        if folder.exists():
            raise ListError(f"{folder}: another list of this name is there; rename {path.name} or import it")
        making.rename(folder)
    return open_compiled(folder)


def _read(path: Path, options: Options) -> tuple[Header, Iterator[Item]]:
    """The file's header, and what it holds after it."""
    name = format_of(path)
    items = list_formats()[name].read(path, options)
    first = next(items, None)
    if isinstance(first, Header):
        return first, items

    def with_first() -> Iterator[Item]:
        if first is not None:
            yield first
        yield from items

    return Header(name), with_first()


def _identity(path: Path, header: Header, declared: Declared, otherwise: str) -> Identity:
    """``otherwise``: the version, where neither the user nor the file gives one."""
    means = declared.means or header.means
    if not means:
        raise ListError(f"{path}: nothing says what its entries mean; give --means {'|'.join(MEANS)}")
    if means not in MEANS:
        raise ListError(f"{path}: means {means!r} is none of {', '.join(MEANS)}; give --means")
    version = _clean(declared.version or header.version) or otherwise
    if version in {KEY, _ACTIVE}:
        raise ListError(f"{path}: {version!r} cannot name a version; give another --version")
    return Identity(
        name=declared.name or _clean(header.name) or _clean(path.name.split(".")[0]) or "list",
        version=version,
        means=means,
        holder=declared.holder or header.holder,
        duty=header.duty,
        format=header.format,
        source=str(path.name),
        sha256=_sha256(path),
        classes=header.classes,
        imported=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )


def _clean(text: str) -> str:
    """The text as a file's name."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-.")[:64]


def _refuse_older(version: str, base: KnownList) -> None:
    if version == base.version:
        raise ListError(
            f"version {version} of the list {base.name!r} is already imported; give the new one another --version"
        )
    if _order(version) < _order(base.version):
        raise ListError(
            f"version {version} of the list {base.name!r} is older than {base.version}; a version can't go backwards"
        )


def _order(version: str) -> tuple[tuple[int, int, str], ...]:
    """Numbers in a version compare as numbers: 2 is before 10."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"[0-9]+|[A-Za-z]+", version)
    )


def _thresholds(given: Mapping[str, int], base: KnownList | None) -> Mapping[str, int]:
    for algorithm, distance in given.items():
        if algorithm not in LIMITS:
            raise ListError(f"--threshold {algorithm}: only {', '.join(LIMITS)} are matched nearly")
        if not 0 <= distance <= LIMITS[algorithm]:
            raise ListError(f"--threshold {algorithm}={distance}: give 0 to {LIMITS[algorithm]}")
    return {**THRESHOLDS, **(base.thresholds if base is not None else {}), **given}


def _refuse_canaries(known: KnownList, path: Path) -> None:
    met = canaries.matched(known)
    if met:
        raise ListError(
            f"{path}: an entry matches {met[0]}, which is harmless; version {known.version} of the list "
            f"{known.name!r} is not activated: ask its holder"
        )


def _lists(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ListError(f"{name!r} cannot name a list: letters, digits, '.', '_' and '-', at most 64")
    return home() / "lists" / name


def _kept_key(path: Path) -> bytes:
    """The key kept there, made the first time. Tokens of a list stay the same while its key is kept."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_key(path, secrets.token_bytes(32))
        return path.read_bytes()
    except OSError as error:
        raise ListError(f"{path}: the key for entry tokens cannot be read: {error.strerror}") from error


def _write_key(path: Path, key: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        os.fsync(descriptor)


def _point(folder: Path, version: str) -> None:
    pointer = folder / f".{_ACTIVE}"
    with open(pointer, "w", encoding="utf-8", opener=_private) as file:
        json.dump({"version": version, "manifest": _sha256(folder / version / MANIFEST)}, file)
        file.flush()
        os.fsync(file.fileno())
    pointer.replace(folder / _ACTIVE)
    _sync(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened, nor need it be
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with open(folder / ".lock", "w", opener=_private) as file:
        try:
            import fcntl
        except ImportError:  # Windows has no such lock: there the user must not import one list twice at once
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ListError(f"{folder}: another import of this list is running; wait for it") from error
        yield


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ListError(f"{path}: cannot be read: {error.strerror}") from error
