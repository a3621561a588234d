"""Keeps imported lists: a folder a list, in it a folder a version, a key, and a pointer to the active version.

Nothing becomes active half-written: a version is compiled aside, flushed and renamed into place, and the pointer is
replaced last. The pointer also holds the digest of the version's manifest, which holds the digests of its arrays, and
the newest version there ever was: going back to an older one is a person's decision, and an import never does.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from auditor.errors import ListError, UsageError
from auditor.known import canaries, detect_format, list_formats
from auditor.known.compile_list import LIMITS, THRESHOLDS, Health, Identity, compile_list
from auditor.known.compiled_list import KEY, MANIFEST, CompiledList, open_compiled
from auditor.known.entries import MEANINGS, ListHeader, ListItem, ListOptions
from auditor.resources import user_data_folder

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


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which version is active, its manifest's SHA-256, the newest there ever was, and why it is not that one."""

    version: str
    manifest: str
    newest: str
    reason: str = ""


def imported() -> tuple[CompiledList, ...]:
    """The active version of every imported list, by name. Raises ListError for a damaged one."""
    folder = user_data_folder() / "lists"
    names = sorted(path.parent.name for path in folder.glob(f"*/{_ACTIVE}")) if folder.is_dir() else []
    return tuple(open_imported(name) for name in names)


def open_imported(name: str) -> CompiledList:
    """The active version of an imported list."""
    active = pointer(name)
    folder = _lists(name) / active.version
    known = open_compiled(folder)
    if _sha256(folder / MANIFEST) != active.manifest:
        raise ListError(f"{folder / MANIFEST}: changed since the list was imported; import it again")
    return known


def pointer(name: str) -> Pointer:
    """Which version of a list is active. Raises ListError where none is, or the file is damaged."""
    path = _lists(name) / _ACTIVE
    try:
        return Pointer(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise ListError(f"{path}: the list {name!r} cannot be opened ({error}); import it again") from error


def kept(name: str) -> tuple[str, ...]:
    """The versions of a list that are kept, the oldest first."""
    return tuple(sorted((path.parent.name for path in _lists(name).glob(f"[!.]*/{MANIFEST}")), key=_order))


def roll_back(name: str, version: str, reason: str) -> CompiledList:
    """Makes a kept version active again, on purpose. Imports must be newer than the newest there ever was all the same.

    Raises ListError for a version that is not kept or damaged, UsageError without a reason.
    """
    if not reason.strip():
        raise UsageError("going back to another version needs a --reason")
    folder = _lists(name)
    active = pointer(name)
    if version not in kept(name):
        raise ListError(f"version {version!r} of the list {name!r} is not kept; there are {', '.join(kept(name))}")
    with _locked(folder):
        known = open_compiled(folder / version)
        known.verify()
        _point(folder, version, active.newest, reason.strip())
    return known


def remove(name: str, versions: Sequence[str] = ()) -> None:
    """Deletes kept versions of a list, or all of it with its key. Raises ListError for the active version."""
    folder = _lists(name)
    if not folder.is_dir():
        raise ListError(f"no list {name!r} is imported")
    with _locked(folder):
        for version in versions:
            if version not in kept(name):
                raise ListError(f"version {version!r} of the list {name!r} is not kept")
            if version == pointer(name).version:
                raise ListError(f"version {version} of the list {name!r} is the active one; remove the whole list")
        for version in versions:
            shutil.rmtree(folder / version)
    if not versions:
        (folder / _ACTIVE).unlink(missing_ok=True)  # first, so that nobody opens a list that is going
        shutil.rmtree(folder)


def open_list(
    name_or_path: str | Path,
    *,
    means: str = "",
    algorithm: str = "",
    columns: Mapping[str, str] | None = None,
    into: Path | None = None,
    verify: bool = True,
) -> CompiledList:
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
        return _compile_file(Path(text), Declared(means=means), ListOptions(columns or {}, algorithm), into)
    else:
        names = (
            ", ".join(sorted(path.parent.name for path in (user_data_folder() / "lists").glob(f"*/{_ACTIVE}")))
            or "none yet"
        )
        raise ListError(f"{text}: neither a list file nor an imported list (imported: {names})")
    if means and means != known.means:
        raise ListError(f"{text}: was imported as {known.means!r}, not {means!r}; import it again to change that")
    if verify:
        known.verify()
    return known


def import_list(
    paths: Sequence[Path], declared: Declared, options: ListOptions, *, whole: bool = False
) -> tuple[CompiledList, Health]:
    """Compiles files, the oldest first, and makes them the active version of the list of that name.

    A delta, and a page of a feed, changes the file before it, and the first one the active version; with ``whole``
    pages are all of the list. Raises ListError, and leaves the active version as it was, for a file with a malformed
    line, a version no newer than the newest there was, or one that matches a picture known to be harmless.
    """
    folder = _lists(declared.name)
    for parent in (user_data_folder(), folder.parent, folder):
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    *before, path = paths
    with _locked(folder), tempfile.TemporaryDirectory(prefix=_MAKING, dir=folder) as temporary:
        for left in folder.glob(f"{_MAKING}*"):  # by an import that was killed
            if left != Path(temporary):
                shutil.rmtree(left)
        header, items = _read(path, options)
        headers = [_read(each, options)[0] for each in before]
        if before and not all(
            (each.delta or each.feed) and each.format == header.format for each in (*headers[1:], header)
        ):
            raise ListError(f"{path}: several files are one list only as pages of a feed, or a list and its deltas")
        changes = headers[0] if headers else header
        base, newest = _base(declared.name, changes, paths[0], whole)
        identity = _identity(path, header, declared, options, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
        _refuse_older(declared.name, identity.version, newest, damaged=base is None)
        changed = base if (changes.delta or changes.feed) and not whole else None
        for each in (*before, *((changed,) if changed else ())):
            identity = _changing(each, identity)
        making = Path(temporary) / "version"
        making.mkdir(mode=0o700)
        thresholds = _thresholds(dict(declared.thresholds), base)
        older = ((each.name, _read(each, options)[1]) for each in reversed(before)) if before else ()
        health = compile_list(items, making, identity, thresholds, older=older, base=changed)
        _write_key(making / KEY, _kept_key(folder / KEY))
        _refuse_canaries(open_compiled(making), path)
        final = folder / identity.version
        if final.exists():  # left by an import that was stopped before its pointer was written
            shutil.rmtree(final)
        _sync(making)
        making.rename(final)
        _sync(folder)
        _point(folder, identity.version, identity.version)
    return open_compiled(final), health


def _base(name: str, header: ListHeader, path: Path, whole: bool) -> tuple[CompiledList | None, str]:
    """The active version, if there is one, and the newest there ever was; "" for none.

    One that is damaged counts as none, unless it is to be changed.
    """
    changes = (header.delta or header.feed) and not whole
    if not (_lists(name) / _ACTIVE).exists():
        if changes and not header.feed:
            raise ListError(f"{path}: changes an earlier version, and no list {name!r} is imported yet")
        return None, ""
    newest = ""
    try:
        newest = pointer(name).newest
        return open_imported(name), newest
    except ListError:
        if changes:
            raise
        return None, newest


def _changing(base: CompiledList | Path, delta: Identity) -> Identity:
    """The identity of what these changes make of a version, or of a file."""
    before = _sha256(base) if isinstance(base, Path) else base.sha256
    delta = replace(delta, sha256=hashlib.sha256(f"{before}{delta.sha256}".encode()).hexdigest())
    if isinstance(base, Path):
        return delta
    classes = {**base.classes, **delta.classes}
    duty = delta.duty or str(base.manifest["duty"])
    return replace(delta, means=base.means, holder=delta.holder or base.holder, duty=duty, classes=classes)


def inspect(path: Path, options: ListOptions, into: Path) -> tuple[CompiledList, Health]:
    """A list file compiled in spite of malformed lines, to see how healthy it is. It must not be matched against."""
    header, items = _read(path, options)
    identity = _identity(path, header, Declared(means=header.means or "test"), options, "")
    health = compile_list(items, into, identity, THRESHOLDS, strict=False)
    _write_key(into / KEY, secrets.token_bytes(32))
    return open_compiled(into), health


def _compile_file(path: Path, declared: Declared, options: ListOptions, into: Path) -> CompiledList:
    header, items = _read(path, options)
    if header.delta:
        raise ListError(f"{path}: changes an earlier version of a list; import it")
    identity = _identity(path, header, declared, options, _sha256(path)[:12])
    folder = into / identity.name
    if (folder / MANIFEST).exists():
        known = open_compiled(folder)
        said = (known.sha256, known.means, known.manifest["source"]["read_as"])
        if said == (identity.sha256, identity.means, identity.read_as):
            return known
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".compiling-", dir=into) as temporary:
        making = Path(temporary) / "list"
        making.mkdir(mode=0o700)
        compile_list(items, making, identity, THRESHOLDS)
        _write_key(making / KEY, _kept_key(user_data_folder() / KEY))
        _refuse_canaries(open_compiled(making), path)
        if folder.exists():
            raise ListError(f"{folder}: another list of this name is there; rename {path.name} or import it")
        making.rename(folder)
    return open_compiled(folder)


def _read(path: Path, options: ListOptions) -> tuple[ListHeader, Iterator[ListItem]]:
    """The file's header, and what it holds after it."""
    name = detect_format(path)
    items = list_formats()[name].read(path, options)
    first = next(items, None)
    if isinstance(first, ListHeader):
        return first, items

    def with_first() -> Iterator[ListItem]:
        if first is not None:
            yield first
        yield from items

    return ListHeader(name), with_first()


def _identity(path: Path, header: ListHeader, declared: Declared, options: ListOptions, otherwise: str) -> Identity:
    """``otherwise``: the version, where neither the user nor the file gives one."""
    means = declared.means or header.means
    if not means:
        raise ListError(f"{path}: nothing says what its entries mean; give --means {'|'.join(MEANINGS)}")
    if means not in MEANINGS:
        raise ListError(f"{path}: means {means!r} is none of {', '.join(MEANINGS)}; give --means")
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
        read_as=json.dumps([options.algorithm, sorted(options.columns.items())]),
    )


def _clean(text: str) -> str:
    """The text as a file's name."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-.")[:64]


def _refuse_older(name: str, version: str, newest: str, *, damaged: bool) -> None:
    if newest and version == newest and not damaged:
        raise ListError(
            f"version {version} of the list {name!r} is already imported; give the new one another --version"
        )
    if newest and _order(version) < _order(newest):
        raise ListError(f"version {version} of the list {name!r} is older than {newest}; a version can't go backwards")


def _order(version: str) -> tuple[tuple[int, int, str], ...]:
    """Numbers in a version compare as numbers: 2 is before 10."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"[0-9]+|[A-Za-z]+", version)
    )


def _thresholds(given: Mapping[str, int], base: CompiledList | None) -> Mapping[str, int]:
    for algorithm, distance in given.items():
        if algorithm not in LIMITS:
            raise ListError(f"--threshold {algorithm}: only {', '.join(LIMITS)} are matched nearly")
        if not 0 <= distance <= LIMITS[algorithm]:
            raise ListError(f"--threshold {algorithm}={distance}: give 0 to {LIMITS[algorithm]}")
    return {**THRESHOLDS, **(base.thresholds if base is not None else {}), **given}


def _refuse_canaries(known: CompiledList, path: Path) -> None:
    met = canaries.matched(known)
    if met:
        raise ListError(
            f"{path}: an entry matches {met[0]}, which is harmless; version {known.version} of the list "
            f"{known.name!r} is not activated: ask its holder"
        )


def _lists(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ListError(f"{name!r} cannot name a list: letters, digits, '.', '_' and '-', at most 64")
    return user_data_folder() / "lists" / name


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


def _point(folder: Path, version: str, newest: str, reason: str = "") -> None:
    made = folder / f".{_ACTIVE}"
    with open(made, "w", encoding="utf-8", opener=_private) as file:
        json.dump(asdict(Pointer(version, _sha256(folder / version / MANIFEST), newest, reason)), file)
        file.flush()
        os.fsync(file.fileno())
    made.replace(folder / _ACTIVE)
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
    """One import of a list at a time; the system lets go of the lock when a process ends, however it ends."""
    with open(folder / ".lock", "w", opener=_private) as file:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ListError(f"{folder}: another import of this list is running; wait for it") from error
        yield


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ListError(f"{path}: cannot be read: {error.strerror}") from error
