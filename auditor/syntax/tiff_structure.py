"""Find where a TIFF ends: beyond all directories, values, strips and tiles that it names (TIFF 6.0, section 2)."""

from __future__ import annotations

import struct

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_FORMS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
# Offsets and lengths of strips, of tiles, and of a thumbnail; directories within a directory.
_PIECES = ((273, 279), (324, 325), (513, 514))
_DIRECTORIES = (330, 34665, 34853, 40965)
_MAX_DIRECTORIES = 4096


def end_of_tiff(data: bytes) -> int:
    """Return where the TIFF at the beginning of these bytes ends; -1 if it is damaged or cut short."""
    order = "<" if data.startswith(b"II") else ">"
    is_big = data[2:4] in (b"+\0", b"\0+")
    offset, count, entry = ("Q", "Q", 20) if is_big else ("I", "H", 12)
    width = struct.calcsize(offset)
    end, seen = 16 if is_big else 8, set[int]()
    waiting = [struct.unpack_from(order + offset, data, 8 if is_big else 4)[0]]
    while waiting:
        at = waiting.pop()
        if not at or at in seen:
            continue
        seen.add(at)
        if len(seen) > _MAX_DIRECTORIES:
            return -1
        (number,) = struct.unpack_from(order + count, data, at)
        start = at + struct.calcsize(count)
        values: dict[int, tuple[int, ...]] = {}
        for place in range(start, start + number * entry, entry):
            tag, kind, length = struct.unpack_from(f"{order}HH{offset}", data, place)
            size = _SIZES.get(kind, 1) * length
            where = place + 4 + width
            if size > width:
                (where,) = struct.unpack_from(order + offset, data, where)
                end = max(end, where + size)
            if kind in _FORMS and (tag in _DIRECTORIES or any(tag in pair for pair in _PIECES)):
                values[tag] = struct.unpack_from(f"{order}{length}{_FORMS[kind]}", data, where)
        for offsets, lengths in _PIECES:
            pairs = zip(values.get(offsets, ()), values.get(lengths, ()), strict=False)
            end = max([end, *(begin + size for begin, size in pairs)])
        after = start + number * entry
        end = max(end, after + width)
        waiting += [one for tag in _DIRECTORIES for one in values.get(tag, ())]
        waiting.append(struct.unpack_from(order + offset, data, after)[0])
    return end if end <= len(data) else -1
