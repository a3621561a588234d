"""Read LMDB databases page by page: no lock is taken, nothing is mapped into memory, and no native code is run.

The format is that of LMDB 0.9 on 64-bit machines of little-endian byte order (lmdb.h, mdb.c: MDB_page, MDB_node,
MDB_meta): pages in two trees, the main one of which holds records, or the roots of named databases.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from auditor.errors import Unreadable

MAGIC = struct.pack("<I", 0xBEEFC0DE)
# Where a data file has its magic; a lock file begins with it.
MAGIC_AT = 16
_VERSION = 1
_NO_PAGE = (1 << 64) - 1
_BRANCH, _LEAF, _OVERFLOW, _LEAF2 = 1, 2, 4, 0x20
_ELSEWHERE, _DATABASE, _DUPLICATES = 1, 2, 4  # flags of a node
_MAX_DEPTH = 32
_MAX_DATABASES = 1000


def is_lmdb(head: bytes) -> bool:
    """Return whether these first bytes begin an LMDB data file."""
    return head[MAGIC_AT : MAGIC_AT + 4] == MAGIC


def read_records(file: BinaryIO, max_value: int) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield key and value of every record of all databases of an LMDB file; None for one above ``max_value``.

    Raises:
        Unreadable: The file is damaged or of another layout. Records that were yielded before stand.
    """
    yield from _Pages(file).records(max_value)


class _Pages:
    def __init__(self, file: BinaryIO) -> None:
        """Read the meta pages of an LMDB file and choose its main tree. Raises Unreadable for a damaged file."""
        self._file = file
        head = file.read(1 << 17)
        if len(head) < 512 or not is_lmdb(head):
            raise Unreadable("not a whole LMDB database")
        (self._size,) = struct.unpack_from("<I", head, 40)  # md_pad of the first tree
        if self._size not in (1 << n for n in range(9, 17)):
            raise Unreadable("an LMDB database of another byte order or word size")
        if len(head) < self._size + 168:
            raise Unreadable("an LMDB database that is cut short")
        # A tree without pages is empty, or was before the last transaction.
        metas = [_meta(head, at) for at in (0, self._size)]
        self._main = max(metas, key=lambda meta: (meta[2] != _NO_PAGE, meta[0]))[1:]
        self._visited: set[int] = set()

    def records(self, max_value: int) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield the key and the value of each record in all databases of the LMDB file."""
        trees = [self._main]
        databases = 0
        while trees:
            claimed, root = trees.pop()
            if root == _NO_PAGE:
                continue
            databases += 1
            if databases > _MAX_DATABASES:
                raise Unreadable(f"more than {_MAX_DATABASES:,} databases in one file")
            count = 0
            for key, value, is_root in self._tree(root, max_value, 0):
                count += 1
                if is_root and value is not None and len(value) == 48:
                    trees.append(struct.unpack_from("<QQ", value, 32))
                else:
                    yield key, value
            if count != claimed:
                raise Unreadable(f"an LMDB database that claims {claimed:,} records, of which {count:,} were found")

    def _tree(self, number: int, max_value: int, depth: int) -> Iterator[tuple[bytes, bytes | None, bool]]:
        """Yield the records below an LMDB page: key, value, and whether the value is the root of a database."""
        if depth > _MAX_DEPTH or number in self._visited:
            raise Unreadable("an LMDB database whose pages lead back to themselves")
        self._visited.add(number)
        page = self._page(number)
        flags, lower = struct.unpack_from("<HH", page, 10)
        if flags & _BRANCH:
            for node in _nodes(page, lower):
                low, high, top = struct.unpack_from("<HHH", page, node)
                yield from self._tree(low | high << 16 | top << 32, max_value, depth + 1)
        elif flags & _LEAF and not flags & _LEAF2:
            yield from self._leaf(page, lower, max_value, depth)
        else:
            raise Unreadable("an LMDB database with a page of an unknown kind")

    def _leaf(self, page: bytes, lower: int, max_value: int, depth: int) -> Iterator[tuple[bytes, bytes | None, bool]]:
        """Yield the records of an LMDB leaf page, values on overflow pages included."""
        for node in _nodes(page, lower):
            low, high, flags, key_size = struct.unpack_from("<HHHH", page, node)
            size = low | high << 16
            key = page[node + 8 : node + 8 + key_size]
            start = node + 8 + key_size
            if flags & _DUPLICATES:
                # Sorted values of one key: a page within the page, or a tree of their own.
                yield from ((key, value, False) for value in self._duplicates(page[start : start + size], flags, depth))
            elif flags & _ELSEWHERE:
                if start + 8 > len(page):
                    raise Unreadable("an LMDB database with a damaged page")
                value = self._overflow(struct.unpack_from("<Q", page, start)[0], size) if size <= max_value else None
                yield key, value, False
            else:
                if start + size > len(page):
                    raise Unreadable("an LMDB database with a damaged page")
                yield key, page[start : start + size], bool(flags & _DATABASE)

    def _duplicates(self, data: bytes, flags: int, depth: int) -> Iterator[bytes]:
        """Yield the values of an LMDB key with several, from its sub-page or sub-database."""
        if flags & _DATABASE:
            root = struct.unpack_from("<Q", data, 40)[0] if len(data) == 48 else _NO_PAGE
            yield from self._keys(root, depth + 1)
        else:
            yield from _keys_of_page(data)

    def _keys(self, number: int, depth: int) -> Iterator[bytes]:
        """Yield the keys below an LMDB page, which are the values of a key with several."""
        if depth > _MAX_DEPTH or number in self._visited:
            raise Unreadable("an LMDB database whose pages lead back to themselves")
        self._visited.add(number)
        page = self._page(number)
        flags, lower = struct.unpack_from("<HH", page, 10)
        if flags & _BRANCH:
            for node in _nodes(page, lower):
                low, high, top = struct.unpack_from("<HHH", page, node)
                yield from self._keys(low | high << 16 | top << 32, depth + 1)
        else:
            yield from _keys_of_page(page)

    def _page(self, number: int) -> bytes:
        """Return the bytes of an LMDB page. Raises Unreadable if the file ends before it."""
        if number >= 1 << 50:
            raise Unreadable("an LMDB database with a damaged page")
        self._file.seek(number * self._size)
        page = self._file.read(self._size)
        if len(page) < self._size:
            raise Unreadable("an LMDB database that is cut short")
        return page

    def _overflow(self, number: int, size: int) -> bytes:
        """Return a value of ``size`` bytes that is stored on LMDB overflow pages."""
        page = self._page(number)
        flags, pages = struct.unpack_from("<HI", page, 10)
        if not flags & _OVERFLOW or pages * self._size < size + 16:
            raise Unreadable("an LMDB database with a damaged page")
        data = page[16:] + self._file.read(max(0, size - len(page) + 16))
        if len(data) < size:
            raise Unreadable("an LMDB database that is cut short")
        return data[:size]


def _meta(head: bytes, at: int) -> tuple[int, int, int]:
    """Return the transaction of one of the first two LMDB pages, and the records and root of its main tree."""
    magic, version = struct.unpack_from("<II", head, at + MAGIC_AT)
    if magic != 0xBEEFC0DE or version != _VERSION:
        raise Unreadable("an LMDB database of another version")
    entries, root, _, transaction = struct.unpack_from("<QQQQ", head, at + MAGIC_AT + 24 + 48 + 32)
    return transaction, entries, root


def _nodes(page: bytes, lower: int) -> Iterator[int]:
    """Yield the position of each node of an LMDB page."""
    if not 16 <= lower <= len(page):
        raise Unreadable("an LMDB database with a damaged page")
    for (at,) in struct.iter_unpack("<H", page[16 : 16 + (lower - 16) // 2 * 2]):
        if at + 8 > len(page):
            raise Unreadable("an LMDB database with a damaged page")
        yield at


def _keys_of_page(page: bytes) -> Iterator[bytes]:
    """Yield the keys of an LMDB leaf page, which are the values of a key with several."""
    if len(page) < 16:
        raise Unreadable("an LMDB database with a damaged page")
    width, flags, lower = struct.unpack_from("<HHH", page, 8)
    if flags & _LEAF2:
        count = max(0, lower - 16) // 2
        yield from (page[16 + width * n : 16 + width * (n + 1)] for n in range(count))
        return
    for node in _nodes(page, lower):
        (key_size,) = struct.unpack_from("<H", page, node + 6)
        yield page[node + 8 : node + 8 + key_size]
