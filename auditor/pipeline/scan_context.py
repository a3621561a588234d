"""What the workers of a scan share: policy, options and folder, and what each worker builds from it once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from auditor.known.compiled_list import CompiledList
    from auditor.known.matcher import Matcher
    from auditor.part_builders.read_options import ReadOptions
    from auditor.policy.load_policy import Policy
    from auditor.terms.compiled_vocabulary import CompiledVocabulary


@dataclass(frozen=True)
class ScanContext:
    """What every worker of a run shares; small when it is sent. ``folder`` is the run's."""

    policy: Policy
    options: ReadOptions
    folder: Path

    @property
    def lists(self) -> tuple[CompiledList, ...]:
        """All lists of the run."""
        return cast("tuple[CompiledList, ...]", self.policy.lists)

    @property
    def vocabulary(self) -> CompiledVocabulary:
        """The policy's vocabulary with its patterns compiled."""
        from auditor.policy.vocabularies import compiled_vocabulary

        return compiled_vocabulary(self.policy.vocabularies)

    @cached_property
    def sample_matcher(self) -> Matcher | None:
        """The matcher of samples with all lists but those of models; None if there is no such list."""
        from auditor.known.matcher import Matcher

        lists = tuple(known for known in self.lists if known.means != "model")
        return Matcher(lists) if lists else None


@dataclass(frozen=True)
class ExpectedSetup:
    """What a worker on another machine must have like the main process: version, lists and the run's folder."""

    version: str
    lists: tuple[tuple[str, str], ...]
    fingerprint: str

    @classmethod
    def of(cls, context: ScanContext) -> ExpectedSetup:
        """Return what the workers of a scan must have."""
        from auditor import __version__

        lists = tuple((known.name, known.sha256) for known in context.lists)
        return cls(__version__, lists, context.policy.fingerprint)

    def __call__(self, context: ScanContext) -> str:
        """Return in what this process differs, whose context was sent to it; "" for nothing."""
        from auditor import __version__
        from auditor.pipeline.run_folder import read_run

        if __version__ != self.version:
            return f"has auditor {__version__}, and the run was started with {self.version}; install the same"
        found = tuple((known.name, known.sha256) for known in context.lists)
        for (name, sha256), (_, here) in zip(self.lists, found, strict=True):
            if sha256 != here:
                return f"has another version of list {name}; import the same file there under the same path"
        if read_run(context.folder)["policy"]["fingerprint"] != self.fingerprint:
            return f"finds another run in {context.folder}; name a folder with --out that all workers share"
        return ""
