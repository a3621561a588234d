"""How the sample of a sampled audit is drawn: how much, from which strata, and with which seed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from auditor.errors import RunError, UsageError
from auditor.pipeline.run_folder import read_run

Order = Literal["", "asc", "desc"]
_SEED_BITS = 32
_SIZE = re.compile(r"([0-9][0-9_,]*)")
_SHARE = re.compile(r"([0-9]*\.?[0-9]+)\s*%")


@dataclass(frozen=True, slots=True)
class SampleDesign:
    """How a sample is drawn.

    Attributes:
        size: How many units are drawn; 0: ``share`` of them.
        share: The probability with which each unit is drawn, 0-1; 0: ``size`` of them.
        column: The column of tables whose values are the strata; "": all units are one stratum.
        order: Which values of the column are looked at most closely: ``desc`` the highest, ``asc`` the lowest, "" none.
        seed: What makes the drawing the same again.
    """

    size: int
    share: float
    column: str
    order: Order
    seed: int

    @property
    def asked(self) -> str:
        """What was asked for, in words."""
        return f"{self.size:,}" if self.size else f"{100 * self.share:g} %"


def parse_design(sample: str, stratify: str, seed: int | None, begun: Mapping[str, Any]) -> SampleDesign | None:
    """Return the design of a sample, as the command line gives it; None if everything is to be read.

    Args:
        sample: How much: ``3000`` or ``0.5%``; "" for everything.
        stratify: A column, with ``:desc`` or ``:asc`` after it or not; "" for none.
        seed: The seed; None: that of the run that goes on, else a new one.
        begun: The design of the run that goes on, as :func:`design_to_json` gives it; empty for none.

    Raises:
        UsageError: The text is no size and no share, or it is none at all.
    """
    if not sample:
        if stratify or seed is not None:
            raise UsageError("--stratify and --seed belong to a sample; say how much to draw with --sample N or P%")
        return None
    size, share = _SIZE.fullmatch(sample.strip()), _SHARE.fullmatch(sample.strip())
    number = int(re.sub("[_,]", "", size[1])) if size else 0
    part = float(share[1]) / 100 if share else 0.0
    if not (number or 0 < part <= 1):
        raise UsageError(f"--sample {sample}: is neither a number of samples (3000) nor a share (0.5%)")
    column, _, order = stratify.rpartition(":")
    if order in ("asc", "desc") and not column:
        raise UsageError(f"--stratify {stratify}: names no column; write COLUMN:{order}")
    if not column or order not in ("asc", "desc"):
        column, order = stratify, ""
    if seed is None:
        seed = int(begun.get("seed", secrets.randbits(_SEED_BITS)))
    return SampleDesign(number, part, column, order, seed)  # type: ignore[arg-type]


def begun_design(folder: Path) -> Mapping[str, Any]:
    """Return the design of the run that was begun in a folder, as JSON has it; empty for none."""
    try:
        return read_run(folder)["wants"].get("sample", {})  # type: ignore[no-any-return]
    except RunError:
        return {}


def design_to_json(design: SampleDesign | None) -> dict[str, Any]:
    """Return a sample's design for ``run.json``; empty for none."""
    return asdict(design) if design else {}
