"""Parts of an audit that run by themselves, on one machine or several, and are judged as one afterwards.

All parts list the same targets and cut them into the same shards; part I of N reads every N-th of them, from the I-th.
The plan is the digest of all shards: parts with the same plan saw the same files, and all N of them read each once.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.pipeline.shard import Shard

MAX_PARTS = 999_999  # more than any scheduler has jobs of one array
_PART = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
# What of run.json is to be the same for all parts, and what it is called.
_SAME = (("targets", "targets"), ("version", "versions of auditor"), ("wants", "options"))


@dataclass(frozen=True, slots=True)
class RunPart:
    """Which part of an audit a run is: ``number``, from 1, of ``of`` parts."""

    number: int = 1
    of: int = 1


WHOLE = RunPart()


@dataclass(slots=True)
class PartOfShards:
    """Takes the shards of one part from all shards, and computes the plan's digest on the way."""

    part: RunPart
    _digest: Any = field(default_factory=hashlib.sha256)
    count: int = 0

    def take(self, shards: Iterable[Shard]) -> Iterator[Shard]:
        """Yield the shards of the part."""
        for shard in shards:
            self._digest.update(shard.fingerprint.encode())
            self.count += 1
            if (self.count - self.part.number) % self.part.of == 0:
                yield shard

    def to_json(self) -> dict[str, Any]:
        """Return the part and its plan, once all shards were taken, for the run's results."""
        return {**asdict(self.part), "plan": self._digest.hexdigest(), "shards": self.count}


def parse_part(text: str) -> RunPart:
    """Return the part that ``I/N`` names; "" is the whole. Raises UsageError for anything else."""
    if not text:
        return WHOLE
    found = _PART.fullmatch(text.strip())
    part = RunPart(int(found[1]), int(found[2])) if found else RunPart(0, 0)
    if not 1 <= part.number <= part.of:
        raise UsageError(
            f"--shard {text}: is not a part I of N, with I from 1 to N and N up to {MAX_PARTS:,}, such as 2/4"
        )
    return part


def check_parts(
    folders: Sequence[Path], runs: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]], *, partial: bool
) -> tuple[str, ...]:
    """Check that runs which are parts are all parts of one audit, each once.

    Args:
        folders: The runs' folders.
        runs: The ``run.json`` of each.
        results: The results of each.
        partial: Parts may be missing.

    Returns:
        A sentence on the parts that are missing, if they may be.

    Raises:
        UsageError: A part is missing or given twice, belongs to another audit, or is judged with a run that is none.
    """
    parts = [result.get("part", {}) for result in results]
    if not any(parts):
        return ()
    first = next(number for number, part in enumerate(parts) if part)
    for folder, run, part in zip(folders, runs, parts, strict=True):
        if not part:
            raise UsageError(f"{folder}: is a whole run, and {folders[first]} is a part of one; judge them apart")
        if what := _difference(runs[first], parts[first], run, part):
            raise UsageError(
                f"{folder}: is no part of the same audit as {folders[first]}: they have different {what}; "
                "run the part again with the same command on the same files"
            )
    counts = Counter(part["number"] for part in parts)
    if twice := [number for number, count in sorted(counts.items()) if count > 1]:
        raise UsageError(f"part {twice[0]} of {parts[0]['of']} is given {counts[twice[0]]} times; name each part once")
    missing = [number for number in range(1, parts[0]["of"] + 1) if number not in counts]
    if not missing:
        return ()
    names = ", ".join(map(str, missing[:20])) + (" and more" if len(missing) > 20 else "")
    sentence = f"{len(missing)} of {parts[0]['of']} parts are missing: {names}"
    if not partial:
        raise UsageError(f"{sentence}; name them too, or judge what is there with --partial")
    return (f"{sentence}; what they would have read is not in this report.",)


def _difference(
    run: Mapping[str, Any], part: Mapping[str, Any], other_run: Mapping[str, Any], other: Mapping[str, Any]
) -> str:
    """Return what is different in two parts, so that they are none of one audit; "" for nothing."""
    for key, what in _SAME:
        if whole_wants(run[key]) != whole_wants(other_run[key]):
            return what
    if run["policy"]["fingerprint"] != other_run["policy"]["fingerprint"]:
        return "rules, lists or extensions"
    if part["of"] != other["of"]:
        return "numbers of parts"
    return "files: the targets were changed in between" if part["plan"] != other["plan"] else ""


def whole_wants(wants: Any) -> Any:
    """Return a run's options, as ``run.json`` has them, without which part of the audit it is."""
    return {key: value for key, value in wants.items() if key != "part"} if isinstance(wants, Mapping) else wants
