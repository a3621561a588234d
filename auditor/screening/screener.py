"""Screen the bytes of a single picture against known-content lists, with the hashes and the matching of a scan."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow.compute as pc

from auditor.errors import ListError, UsageError
from auditor.extensions import installed_extensions
from auditor.hashing.pdq import MIN_QUALITY
from auditor.known.compiled_list import CompiledList
from auditor.known.list_health import MAX_LIST_AGE, list_age
from auditor.known.matcher import Matcher, MatchResult
from auditor.known.open_list import open_list
from auditor.pipeline.answered_samples import sample_answers
from auditor.plurals import count_with_noun
from auditor.samples import COMPUTED_ALGORITHMS, EXACT_ALGORITHMS, TEXT_SIGNALS, VPDQ, Samples
from auditor.screening.single_file import hash_single_file

VARIANTS = ("oriented", "unpadded", "512")
NO_ASSURANCE = "which does not say that it is free of such content"


@dataclass(frozen=True, slots=True)
class MatchedList:
    """A list with an entry that the screened bytes match.

    Attributes:
        name: The list's name.
        means: What the entry means, a key of :data:`auditor.known.entries.MEANINGS`.
        match: ``exact``: the same bytes; ``near``: a perceptual hash within the list's threshold.
    """

    name: str
    means: str
    match: Literal["exact", "near"]


@dataclass(frozen=True, slots=True)
class Screening:
    """The answer to screened bytes. It never holds an entry, its token, a digest, a distance or a variant.

    Attributes:
        outcome: ``match``; ``none``: compared with every list, without a match, which does not say that the picture is
            free of such content; ``unchecked``: no match, and something of it was not compared.
        lists: The lists that it matches.
        why: The outcome in words, with all that was not compared.
    """

    outcome: Literal["match", "none", "unchecked"]
    lists: tuple[MatchedList, ...] = ()
    why: str = ""


class Screener:
    """Opens lists once, and screens the bytes of single pictures against them. It may be used by several threads.

    Pictures are decoded in this process, in native code (libjpeg-turbo and Pillow), with limits that are checked before
    anything is decoded: 256 MiB, 64 megapixels, 256 frames. A process that must survive whatever it is sent decodes
    elsewhere, as :class:`auditor.screening.worker_pool.ScreeningPool` does.
    """

    def __init__(
        self,
        lists: Iterable[str | Path],
        *,
        means: str = "",
        algorithm: str = "",
        columns: Mapping[str, str] | None = None,
        skip_malformed: bool = False,
        dihedral: bool = False,
        max_list_age: datetime.timedelta = MAX_LIST_AGE,
        audited: Iterable[str] = (),
        isolated: bool = False,
    ) -> None:
        """Open the lists.

        Args:
            lists: Names of imported lists, or list files.
            means: What the entries of list files mean, if a file does not declare it.
            algorithm: The algorithm of list files that do not declare one.
            columns: The names of a list file's columns by their role.
            skip_malformed: Match with the good entries of list files.
            dihedral: Compare rotated and mirrored forms of each picture too.
            max_list_age: A list that was imported longer ago finds matches, and no longer answers ``none``.
            audited: Files to be screened: a list's name never means one of them.
            isolated: Load no list formats that other installed distributions add.

        Raises:
            ListError: A list cannot be opened, or holds nothing that bytes can be compared with.
            UsageError: There is no list, but for benign ones, or two have the same name.
        """
        targets = tuple(audited)
        extensions = () if isolated else installed_extensions()
        names = (lists,) if isinstance(lists, str | Path) else tuple(lists)
        opened = tuple(
            open_list(
                name,
                means=means,
                algorithm=algorithm,
                columns=columns,
                skip_malformed=skip_malformed,
                audited=targets,
                extensions=extensions,
            )
            for name in names
        )
        _refuse_unusable(opened)
        self._opened = opened
        self._variants = (*VARIANTS, "dihedral") if dihedral else VARIANTS
        self._max_list_age = max_list_age

    @property
    def lists(self) -> tuple[str, ...]:
        """The names of the lists that pictures are compared with; benign ones only exclude near matches."""
        return tuple(known.name for known in _flagging(self._opened))

    @property
    def outdated_lists(self) -> tuple[str, ...]:
        """The names of the lists that were imported too long ago to answer ``none``."""
        return _outdated(self._opened, self._max_list_age)

    def screen(self, data: bytes) -> Screening:
        """Screen the bytes of one picture file."""
        return screen_bytes(data, self._opened, self._variants, self._max_list_age)


def screen_bytes(
    data: bytes,
    lists: tuple[CompiledList, ...],
    variants: tuple[str, ...] = VARIANTS,
    max_list_age: datetime.timedelta = MAX_LIST_AGE,
) -> Screening:
    """Screen the bytes of one file against lists.

    Args:
        data: The whole file.
        lists: The lists.
        variants: The forms of a picture that are compared, as
            :func:`auditor.hashing.hash_images.hash_images` takes them.
        max_list_age: The silence of a list that was imported longer ago is no answer.
    """
    matcher = Matcher(lists, keeps_statistics=False)
    samples = hash_single_file(data, matcher.algorithms, variants)
    result = matcher.match(samples)
    matched = _matched_lists(result)
    unchecked = [
        *_unanswered(samples, matcher, result),
        *(f"{name} is too old: import a newer version" for name in _outdated(lists, max_list_age)),
    ]
    if matched:
        found = (f"matches an entry of {each.name}, which means {each.means} ({each.match})" for each in matched)
        return Screening("match", matched, "; ".join((*found, *unchecked)))
    if unchecked:
        return Screening("unchecked", (), "; ".join(unchecked))
    names = [known.name for known in _flagging(lists)]
    none = f"no match in {count_with_noun(len(names), 'list')} ({', '.join(names)}), {NO_ASSURANCE}"
    return Screening("none", (), "; ".join((none, *_limitations(matcher, result))))


def _outdated(lists: Iterable[CompiledList], max_list_age: datetime.timedelta) -> tuple[str, ...]:
    """Return the names of the lists that were imported longer ago than this."""
    return tuple(known.name for known in _flagging(lists) if list_age(known) > max_list_age)


def _flagging(lists: Iterable[CompiledList]) -> tuple[CompiledList, ...]:
    """Return the lists whose matches are answers to screened bytes: all but benign ones."""
    return tuple(known for known in lists if known.means != "benign")


def _refuse_unusable(lists: tuple[CompiledList, ...]) -> None:
    """Raise an AuditorError unless bytes can be compared with each of the lists, and one of them can match."""
    for known in lists:
        if known.means == "model":
            raise ListError(f"{known.name}: is a list of models; `auditor scan` compares them")
        if known.algorithms.isdisjoint(COMPUTED_ALGORITHMS):
            held = ", ".join(sorted(known.algorithms))
            raise ListError(f"{known.name}: holds nothing that a picture's bytes can be compared with, only {held}")
    names = [known.name for known in lists]
    if repeated := next((name for name in names if names.count(name) > 1), ""):
        raise UsageError(f"two lists are called {repeated!r}; import one under another name")
    if not _flagging(lists):
        raise UsageError("no list that can match is given: name an imported list or a list file")


def _matched_lists(result: MatchResult) -> tuple[MatchedList, ...]:
    """Return each list and meaning that bytes match, once: exactly if any of its entries is matched exactly."""
    best: dict[tuple[str, str], Literal["exact", "near"]] = {}
    columns = (result.hits.column(name).to_pylist() for name in ("list", "means", "algorithm"))
    for name, means, algorithm in zip(*columns, strict=True):
        if algorithm in EXACT_ALGORITHMS:
            best[name, means] = "exact"
        else:
            best.setdefault((name, means), "near")
    return tuple(MatchedList(name, means, match) for (name, means), match in sorted(best.items()))


def _unanswered(samples: Samples, matcher: Matcher, result: MatchResult) -> Iterator[str]:
    """Yield what of the screened bytes was not compared, as a scan accounts for it; and lists without a comparison."""
    stored = samples.batch.filter(pc.equal(samples.batch.column("variant"), ""))
    gap = sample_answers(samples, stored, matcher.algorithms).gaps[0].as_py()
    if gap:
        yield gap
        return
    missing = [known.name for known in _flagging(matcher.lists) if not result.compared.get(known.name)]
    if missing:
        too_plain = "; it shows too little detail" if _has_low_detail(result) else ""
        yield f"nothing of it can be compared with {', '.join(missing)}{too_plain}"


def _limitations(matcher: Matcher, result: MatchResult) -> Iterator[str]:
    """Yield what an answer without a match does not cover, although all that can be was compared."""
    if _has_low_detail(result):
        yield "not compared by pdq: it shows too little detail"
    for known in _flagging(matcher.lists):
        held = {*known.algorithms, *known.manifest["unknown"]} - {*COMPUTED_ALGORITHMS, *TEXT_SIGNALS, VPDQ}
        if held:
            yield f"not compared with the entries of {known.name} by {', '.join(sorted(held))}"


def _has_low_detail(result: MatchResult) -> bool:
    """Return whether the screened picture as stored has too little detail to be matched by PDQ."""
    return bool(result.coverage.get(f"unmatchable: quality below {MIN_QUALITY}"))
