"""Find the picture inside a uniform border, such as the padding of a dataset tool or the bars of a letterbox."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# JPEG artefacts reach one block (8 pixels) from an edge.
_JPEG_RINGING = 8
# Levels of luma (0-255) that noise and compression may differ by.
_LEVEL_TOLERANCE = 12
# A line is border if this share of it has the level of the border.
_BORDER_SHARE = 0.985
# Of the pixels of an outermost line, one in so many is looked at first.
_FEW_STEP = 16
# A narrower border, as a share of the side, does not change a hash.
_MIN_BORDER_SHARE = 0.02
_MIN_CONTENT_SIDE = 16

Box = tuple[int, int, int, int]


def find_content_box(luma: NDArray[Any], original: tuple[int, int] | None = None) -> Box | None:
    """Return the box inside the border of a plane as (top, bottom, left, right), or None if there is no border.

    Args:
        luma: The plane, (height, width). A blank plane has no border.
        original: The (width, height) of the picture before a tool scaled it and padded it to its present size, as
            img2dataset's metadata states it (``resize_mode=border``).
    """
    box = _box_from_original_size(luma, original) if original is not None else None
    return box if box is not None else _detect_box(luma)


def _box_from_original_size(luma: NDArray[Any], original: tuple[int, int]) -> Box | None:
    """Return the box inside a border by the size ``original``, centred; None if the rest is no border."""
    height, width = luma.shape
    if min(original) < 1:
        return None
    scale = min(width / original[0], height / original[1])
    inner_width, inner_height = max(1, round(original[0] * scale)), max(1, round(original[1] * scale))
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    box = (top, top + inner_height, left, left + inner_width)
    # A crop has the same sizes as a padded picture: the border must be blank.
    sides = (luma[: max(0, top - _JPEG_RINGING)], luma[:, : max(0, left - _JPEG_RINGING)])
    ends = (luma[box[1] + _JPEG_RINGING :], luma[:, box[3] + _JPEG_RINGING :])
    if not _is_border_large_enough(box, luma.shape) or not all(
        _is_blank(strip) for strip in (*sides, *ends) if strip.size
    ):
        return None
    return None if _is_blank(luma[box[0] : box[1], box[2] : box[3]]) else box


def _detect_box(luma: NDArray[Any]) -> Box | None:
    """Return the box inside a border: lines that have one level all over; None if there is no border."""
    height, width = luma.shape
    if min(height, width) < _MIN_CONTENT_SIDE:
        return None
    top = _count_border_lines(luma)
    if top == height:
        return None
    bottom = height - _count_border_lines(luma[::-1])
    if bottom <= top:
        return None
    # The lines above and below are border already: the sides are examined between them.
    left = _count_border_lines(luma[top:bottom].T)
    right = width - _count_border_lines(luma[top:bottom, ::-1].T)
    box = (top, bottom, left, right)
    return box if left < right and _is_border_large_enough(box, luma.shape) else None


def _count_border_lines(lines: NDArray[Any]) -> int:
    """Return how many lines, from the first on, have one level all over, as a border's do."""
    if not _may_have_one_level(lines[0]):
        return 0
    level = np.median(lines[0])
    if not _are_lines_at_level(lines[:1], level)[0]:
        return 0
    count, step = 1, 16
    while count < len(lines):
        uniform = _are_lines_at_level(lines[count : count + step], level)
        if not uniform.all():
            return count + int(np.argmin(uniform))
        count, step = count + len(uniform), step * 2
    return count


def _may_have_one_level(line: NDArray[Any]) -> bool:
    """Return False if a few pixels of a line show already that it is no border: most pictures have none."""
    few = np.sort(line[::_FEW_STEP])
    # So many pixels of the few are near the level, even if all those of a border's line that are not were among them.
    least = len(few) - int((1 - _BORDER_SHARE) * len(line)) - 1
    return least < 1 or bool((few[least - 1 :] - few[: len(few) - least + 1]).min() <= 2 * _LEVEL_TOLERANCE + 1)


def _are_lines_at_level(lines: NDArray[Any], level: float) -> NDArray[np.bool_]:
    """Return for each line whether nearly all of it is at this level of a border."""
    near = np.abs(lines.astype(np.float32) - np.float32(level)) <= _LEVEL_TOLERANCE
    return np.asarray(near.mean(axis=1) >= _BORDER_SHARE)


def _is_blank(strip: NDArray[Any]) -> bool:
    """Return whether nearly all of a strip of border is at one level."""
    return bool(
        (np.abs(strip.astype(np.float32) - np.float32(np.median(strip))) <= _LEVEL_TOLERANCE).mean() >= _BORDER_SHARE
    )


def _is_border_large_enough(box: Box, shape: tuple[int, ...]) -> bool:
    """Return whether the border is wide enough to change a hash and leaves enough of the picture."""
    top, bottom, left, right = box
    height, width = shape
    enough = bottom - top >= _MIN_CONTENT_SIDE and right - left >= _MIN_CONTENT_SIDE
    return enough and (
        height - (bottom - top) >= _MIN_BORDER_SHARE * height or width - (right - left) >= _MIN_BORDER_SHARE * width
    )
