"""Recognise tensors whose values follow from a formula, whatever their names: unlike models have the same ones.

Masks, identity matrices and mel filters are mostly one value. Sinusoids, windows, ramps and what is smooth are
predictable from a few neighbours (linear prediction), and learned weights are not. Position and rotary tables are
sinusoids along their columns.

Of the 397 tensors of the 12 models of ``tests/benchmarks/bench_lineage_pairs.py``, first convolutions of audio and
picture models among them, only a Fourier basis and four tables of a constant-Q transform are recognised.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auditor.hashing.weight_sketch import Floats

# A tensor shows what was learned by at least so many sampled values that are not its most frequent one, and by more
# distinct values than masks have.
MIN_VARIED_VALUES, MAX_MASK_VALUES = 96, 4
# Whether a tensor may be a mask is told first by so many of its values: of one with 96 other values among 256 samples,
# two fifths of these differ on average.
_MASK_SCREEN_VALUES, _MIN_SCREEN_SHARE = 64, 0.4
# Pieces of neighbours within which values are predicted from the ORDER before them: a windowed sinusoid needs six.
PIECE_VALUES, SAMPLED_PIECES, ORDER = 32, 8, 8
# The error of the prediction in parts of the spread: below 0.003 for tables at 16 bits, about 0.8 for white noise.
MAX_PREDICTION_ERROR = 0.02
# Two pieces, and a share of those that are not constant: others may lie across the end of a row.
MIN_PREDICTED_PIECES, MIN_PREDICTED_SHARE = 2, 0.25
# Whether a piece may be predictable is told first by the two values before each: the error for white noise is 0.95.
_MAX_SHORT_ERROR, _RIDGE = 0.6, 1e-9
# Values of sinusoids do not exceed their root mean square by more than this, but for the slowest ones of a table;
# normally distributed ones exceed it by 3. Only then columns are read: COLUMN_ROWS rows from the first.
_MAX_SINUSOID_PEAK, COLUMN_ROWS, _COLUMNS = 2.4, 64, 16
_MIN_COLUMN_SHARE = 0.9
# Slower sinusoids hardly move within the rows, so that rounding to 16 bits is all that is seen.
_MIN_COLUMN_SPREAD = 0.1


def is_mostly_one_value(values: Floats) -> bool:
    """Return whether sampled values hold nothing learned: nearly all are one value, or few values occur."""
    most_frequent = values[np.argpartition(values, len(values) // 2)[len(values) // 2]]  # the median, if half are it
    if int((values != most_frequent).sum()) < MIN_VARIED_VALUES:
        return True
    return len(np.unique(values[::8])) <= MAX_MASK_VALUES and len(np.unique(values)) <= MAX_MASK_VALUES


def may_be_masks(values: Floats) -> npt.NDArray[np.bool_]:
    """Return for each row whether is_mostly_one_value may be true of it, which few of its values tell."""
    some = np.sort(values[:, :: max(1, values.shape[1] // _MASK_SCREEN_VALUES)], axis=1)
    middle = some[:, some.shape[1] // 2, None]
    is_frequent: npt.NDArray[np.bool_] = (some == middle).mean(axis=1) >= _MIN_SCREEN_SHARE
    is_few: npt.NDArray[np.bool_] = (some[:, 1:] != some[:, :-1]).sum(axis=1) < MAX_MASK_VALUES
    return is_frequent | is_few


def predictable_tensors(pieces: Floats) -> npt.NDArray[np.bool_]:
    """Return for each tensor whether its pieces are predictable.

    Args:
        pieces: Shape (tensors, pieces, PIECE_VALUES), in float32; not all finite where a tensor was not read.
    """
    exact = pieces.astype(np.float64)
    spreads = exact.std(axis=2)
    is_varied = spreads > 1e-6 * np.abs(exact).max(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        may_be = is_varied & (_short_errors(exact - exact.mean(axis=2, keepdims=True)) <= _MAX_SHORT_ERROR)
    found = np.zeros(len(pieces), np.bool_)
    for at in np.flatnonzero(may_be.sum(axis=1) >= MIN_PREDICTED_PIECES):
        good = int((_prediction_errors(exact[at][is_varied[at]]) <= MAX_PREDICTION_ERROR).sum())
        found[at] = good >= max(MIN_PREDICTED_PIECES, MIN_PREDICTED_SHARE * is_varied[at].sum())
    return found


def may_be_sinusoids(values: Floats) -> npt.NDArray[np.bool_]:
    """Return for each row whether no value is far from the root mean square, as in position tables."""
    peaks = np.maximum(values.max(axis=1), -values.min(axis=1))
    squares = np.einsum("ij,ij->i", values, values, dtype=np.float64)
    found: npt.NDArray[np.bool_] = peaks <= _MAX_SINUSOID_PEAK * np.sqrt(squares / values.shape[1])
    return found


def has_predictable_columns(rows: Floats) -> bool:
    """Return whether nearly all of the first columns are predictable, or repeat their values as those of grids do.

    ``rows`` has at least COLUMN_ROWS rows.
    """
    step = max(1, rows.shape[1] // _COLUMNS)
    columns = rows[:COLUMN_ROWS, ::step].T.astype(np.float64)
    varied = columns[columns.std(axis=1) > _MIN_COLUMN_SPREAD * np.abs(columns).max()]
    if not len(varied):
        return bool((columns == columns[:, :1]).all())
    distinct = 1 + (np.diff(np.sort(varied, axis=1), axis=1) != 0).sum(axis=1)
    is_predictable = (_prediction_errors(varied) <= MAX_PREDICTION_ERROR) | (distinct <= COLUMN_ROWS // 2)
    return float(is_predictable.mean()) >= _MIN_COLUMN_SHARE


def is_formula_table(values: Floats, width: int) -> bool:
    """Return whether a tensor follows from a formula, by its first values; ``width`` is its last dimension."""
    length = len(values) // SAMPLED_PIECES
    if length < PIECE_VALUES:
        return False
    starts = np.arange(SAMPLED_PIECES)[:, None] * length
    pieces = values[starts + np.arange(PIECE_VALUES)]
    if not np.isfinite(pieces).all():
        return False
    if is_mostly_one_value(pieces.reshape(-1)) or bool(predictable_tensors(pieces[None])[0]):
        return True
    rows = values[: COLUMN_ROWS * width]
    return (
        len(rows) == COLUMN_ROWS * width
        and bool(may_be_sinusoids(pieces.reshape(1, -1))[0])
        and has_predictable_columns(rows.reshape(-1, width))
    )


def _short_errors(pieces: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the error of predicting each value from the two before it, in parts of the spread."""
    now, one, two = pieces[..., 2:], pieces[..., 1:-1], pieces[..., :-2]
    aa, bb, ab = (one * one).sum(-1), (two * two).sum(-1), (one * two).sum(-1)
    ya, yb, yy = (now * one).sum(-1), (now * two).sum(-1), (now * now).sum(-1)
    determinant = aa * bb - ab * ab + 1e-12 * aa * bb
    explained = (ya * ya * bb - 2 * ya * yb * ab + yb * yb * aa) / determinant
    errors: npt.NDArray[np.float64] = np.sqrt(np.maximum(0, 1 - explained / yy))
    return errors


def _prediction_errors(pieces: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the error of predicting each value from the ORDER before it (least squares), in parts of the spread."""
    windows = np.lib.stride_tricks.sliding_window_view(pieces, ORDER + 1, axis=1)
    before, now = windows[..., :ORDER], windows[..., ORDER]
    gram = before.transpose(0, 2, 1) @ before
    gram += (_RIDGE * np.trace(gram, axis1=1, axis2=2)[:, None, None] + 1e-300) * np.eye(ORDER)
    weights = np.linalg.solve(gram, before.transpose(0, 2, 1) @ now[..., None])
    error = now - (before @ weights)[..., 0]
    spread: npt.NDArray[np.float64] = np.sqrt((error**2).mean(axis=1)) / pieces.std(axis=1)
    return spread
