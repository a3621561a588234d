"""Tables and manifests: CSV, TSV, JSON, Parquet and Arrow files whose columns hold digests, URLs or image bytes."""

from __future__ import annotations

import codecs
import io
import json
import os
import posixpath
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyarrow.parquet as pq

from auditor.errors import Unreadable
from auditor.hashing.digest_parsing import (
    algorithm_from_cells,
    algorithm_from_column_name,
    is_unspecified_digest_column,
    parse_digests,
)
from auditor.hashing.hash_images import EncodedImage, hash_images
from auditor.model import Gap, Place, Subject
from auditor.parts import Part
from auditor.readers import HEAD_BYTES, ReaderExample, ReadOptions
from auditor.samples import TEXT_SIGNALS, Samples, build_sample_batch
from auditor.sources import Blob, Unread
from auditor.syntax.card_columns import bare_name, card_columns
from auditor.syntax.csv_stream import iter_csv_blocks, parse_csv_header
from auditor.syntax.json_stream import iter_json_records
from auditor.syntax.lfs_pointer import is_lfs_pointer
from auditor.syntax.parquet_schema import parquet_column_names, rows_before
from auditor.syntax.text_encoding import decode_prefix, open_as_utf8

ROWS = 1 << 17  # rows in a batch
BLOCK = 1 << 23  # bytes of JSON lines that are parsed at once
LINE = 1 << 26  # the longest JSON line
CELL = 1 << 28  # the largest cell, in bytes
IMAGES = 1 << 26  # bytes of images in a batch
NOT_USABLE = "no column holds digests, URLs or image bytes"

_HASHED = frozenset({"md5", "sha1", "sha256", "sha512", "pdq", "phash-64", "dhash-64"})
_PACKED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
_TEXT = frozenset({".csv", ".tsv", ".tab", ".psv", ".jsonl", ".ndjson", ".json", ".txt", ""})
_URL = re.compile(r".*(?:url|uri)s?|.*(?:imagelink|imglink)|link|href|src|imagesrc|imgsrc")
_URL_FIRST = ("url", "imageurl", "contenturl", "imgurl", "photoimageurl", "originalurl")
_SAMPLE_FIRST = ("filename", "key", "imagekey", "filepath", "imagepath", "imageid", "photoid", "sampleid", "uid", "id")
_IMAGE = re.compile(r"(?:image|img|picture|photo|pixels?|jpe?g|png|webp)s?(?:bytes|data|content)?|bytes|content|data")
_BESIDE = (".jpg", ".png", ".webp", ".jpeg")  # img2dataset's own formats first
# A picture's own JSON beside it in a webdataset shard, as img2dataset writes it.
_IMG2DATASET = re.compile(rb'"(?:original_width|error_message)"\s*:')
_BROKEN = (pa.ArrowException, OSError, ValueError, MemoryError, EOFError, zlib.error, OverflowError)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what: names of the table; "" for none."""

    digests: Mapping[str, str]  # by algorithm
    unnamed: str = ""  # a digest whose algorithm only its cells tell
    urls: tuple[str, ...] = ()  # the picture's own first
    sample: str = ""
    image: str = ""
    width: str = ""
    height: str = ""
    quality: str = ""

    @property
    def usable(self) -> bool:
        return bool(self.digests or self.unnamed or self.urls or self.image)

    @property
    def names_files(self) -> bool:
        return bare_name(self.sample) == "filename"

    def read(self, options: ReadOptions) -> tuple[str, ...]:
        """The columns that a run with these options needs."""
        digests = [name for algorithm, name in self.digests.items() if algorithm in options.algorithms]
        urls = self.urls if options.algorithms & set(TEXT_SIGNALS) else ()
        image = [self.image, self.width, self.height] if options.algorithms & _HASHED else []
        unnamed = [self.unnamed] if options.algorithms & {"md5", "sha1", "sha256", "sha512"} else []
        quality = [self.quality] if "pdq" in options.algorithms and "pdq" in self.digests else []
        used = [*digests, *unnamed, *urls, *image, *quality]
        sample = self.sample if any(used) or self.names_files else ""
        return tuple(dict.fromkeys(name for name in [*used, sample] if name))


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows: their numbers in the file from 1, the cells that were asked for, and what is wrong with a row."""

    numbers: np.ndarray
    cells: pa.RecordBatch
    columns: Columns
    wrong: pa.Array | None = None


READS_PARTITIONS = True


def claims(blob: Blob, head: bytes) -> int:
    """A table by its first bytes; text tables by their name as well. Tables of cards are another reader's."""
    suffix, packed = _suffix(blob)
    if head[:4] == b"PAR1" or suffix == ".parquet":
        return 0 if card_columns(_parquet_names(blob)) else 60
    if head[:6] == b"ARROW1" or suffix in {".arrow", ".feather", ".ipc"}:
        return 60
    if suffix not in _TEXT:
        return 0
    try:
        text = decode_prefix(_unpacked(head, packed))
    except Unreadable:
        text = ""
    if suffix in {".csv", ".tsv", ".tab", ".psv"}:
        return 0 if card_columns(parse_csv_header(text).cells) else 40
    start = text.lstrip("\ufeff \t\r\n")
    if suffix in {".jsonl", ".ndjson"}:
        return 0 if card_columns(_keys(start)) else 40
    if suffix == ".json":
        if re.match(r"\[\s*\{", start) or (_keys(start) and "\n{" in start):
            return 0 if card_columns(_keys(start.lstrip("[ \t\r\n").split("\n")[0].rstrip(", ]\r"))) else 40
        return 40 if start.startswith("{") and _IMG2DATASET.search(head) else 0
    return 30 if suffix in {".txt", ""} and _is_url_list(text) else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | Samples | Unread]:
    """Every row of every table as samples: declared digests and URLs, then digests of the images it holds.

    Never raises on what a file holds, and fetches nothing.
    """
    for blob in blobs:
        yield from _table(blob, options)


def columns_of(schema: pa.Schema) -> Columns:
    """What the columns of a table hold, by their names in real-life spellings and by their types."""
    digests: dict[str, str] = {}
    urls: list[str] = []
    found: dict[str, str] = {}
    unnamed = image = ""
    for field in schema:
        bare = bare_name(field.name)
        texty = _is_text(field.type)
        if algorithm := algorithm_from_column_name(field.name):
            if texty or _is_bytes(field.type):
                digests.setdefault(algorithm, field.name)
        elif _holds_images(field, bare):
            image = image or field.name
        elif texty and is_unspecified_digest_column(field.name):
            unnamed = unnamed or field.name
        elif texty and _URL.fullmatch(bare):
            urls.append(field.name)
        elif texty or pa.types.is_integer(field.type) or pa.types.is_floating(field.type):
            found.setdefault(bare, field.name)
    urls.sort(key=lambda name: _rank(bare_name(name), _URL_FIRST))
    sample = next((found[name] for name in _SAMPLE_FIRST if name in found), "")
    width, height = found.get("originalwidth", ""), found.get("originalheight", "")
    quality = found.get("pdqquality", "")
    return Columns(digests, unnamed, tuple(urls), sample, image, width, height, quality)


def _table(blob: Blob, options: ReadOptions) -> Iterator[Part | Samples | Unread]:
    last = 0
    usable = False
    if not blob.size:
        yield Unread(blob.uri, "the file is empty", skipped=True, blob=blob)
        return
    try:
        for rows in _rows(blob, options):
            if not usable and not rows.columns.usable:
                yield Unread(blob.uri, NOT_USABLE, skipped=True, blob=blob)
                return
            usable = True
            last = max(last, int(rows.numbers[-1])) if len(rows.numbers) else last
            yield from _samples(blob, rows, options)
    except Unreadable as error:
        why = str(error)
    except _BROKEN as error:
        why = _reason(error)
    else:
        if not usable and not blob.stretch[0]:
            yield Unread(blob.uri, "it holds no rows", skipped=True, blob=blob)
        return
    if not last:
        yield Unread(blob.uri, why, blob=blob)
        return
    gap = Gap("table", f"the rows after row {last:,} could not be read: {why}", Place(blob.uri, last))
    ref = blob.ref("dataset")
    yield Part(Subject(ref.kind, ref.name, ref.revision, gaps=(gap,)))


def _rows(blob: Blob, options: ReadOptions) -> Iterator[Rows]:
    head = blob.read(HEAD_BYTES)
    suffix, packed = _suffix(blob)
    if is_lfs_pointer(head):
        raise Unreadable("a Git LFS pointer: the table itself is not here")
    with blob.open() as file:
        if head[:4] == b"PAR1" or suffix == ".parquet":
            yield from _parquet(file, blob, options)
        elif head[:6] == b"ARROW1" or suffix in {".arrow", ".feather", ".ipc"}:
            yield from _arrow(file, head, options)
        else:
            start = _unpacked(head, packed)
            stream = pa.PythonFile(file, mode="r")
            if packed:
                stream = pa.CompressedInputStream(stream, packed)
            stream = open_as_utf8(stream, start)
            text = decode_prefix(start)
            shape = text.lstrip("\ufeff \t\r\n")
            if suffix in {".jsonl", ".ndjson"} or (suffix == ".json" and "\n{" in shape and shape.startswith("{")):
                yield from _json_lines(stream, options)
            elif suffix == ".json" and shape.startswith("{"):
                yield from _json_object(stream, options)
            elif suffix == ".json":
                yield from _json_array(stream, options)
            else:
                yield from _csv(stream, text, options)


# ---- Parquet and Arrow -------------------------------------------------------------------------------------


def _parquet(file: BinaryIO, blob: Blob, options: ReadOptions) -> Iterator[Rows]:
    table = pq.ParquetFile(pa.PythonFile(file, mode="r"))
    columns = columns_of(table.schema_arrow)
    names = list(columns.read(options))
    if not columns.usable or not table.metadata.num_rows:
        yield Rows(np.zeros(0, np.int64), _no_cells(), columns)
        return
    groups = blob.share(table.metadata.num_row_groups)
    first = 1 + rows_before(table.metadata, groups)
    for group in groups:
        for batch in table.iter_batches(_batch_rows(table, group, names), [group], names, use_threads=False):
            yield from _slices(batch, first, columns)
            first += batch.num_rows


def _batch_rows(table: pq.ParquetFile, group: int, names: list[str]) -> int:
    """Rows a batch may have so that its cells fit in memory. Raises :class:`Unreadable` on absurd sizes."""
    row_group = table.metadata.row_group(group)
    size = 0
    for index in range(row_group.num_columns):
        column = row_group.column(index)
        if column.path_in_schema.split(".")[0] in names:
            size += column.total_uncompressed_size
            packed = max(1, column.total_compressed_size)
            if column.total_uncompressed_size > CELL and column.total_uncompressed_size // packed > 1000:
                raise Unreadable(
                    f"column {index + 1} of row group {group + 1} claims to unpack {packed:,} bytes "
                    f"to {column.total_uncompressed_size:,}"
                )
    each = max(1, size // max(1, row_group.num_rows))
    return max(1, min(ROWS, IMAGES // int(each)))


def _arrow(file: BinaryIO, head: bytes, options: ReadOptions) -> Iterator[Rows]:
    stream = pa.PythonFile(file, mode="r")
    batches: Iterable[pa.RecordBatch]
    if head[:6] == b"ARROW1":
        file_reader = pa.ipc.open_file(stream)
        schema = file_reader.schema
        batches = (file_reader.get_batch(index) for index in range(file_reader.num_record_batches))
    else:
        stream_reader = pa.ipc.open_stream(stream)
        schema = stream_reader.schema
        batches = stream_reader
    columns = columns_of(schema)
    names = list(columns.read(options))
    first = 1
    if not columns.usable:
        yield Rows(np.zeros(0, np.int64), _no_cells(), columns)
        return
    for batch in batches:
        cells = batch.select(names)
        cells.validate(full=True)  # offsets in the file may point anywhere
        yield from _slices(cells if names else batch, first, columns)
        first += batch.num_rows


def _slices(batch: pa.RecordBatch, first: int, columns: Columns) -> Iterator[Rows]:
    for start in range(0, batch.num_rows, ROWS):
        part = batch.slice(start, ROWS)
        yield Rows(np.arange(first + start, first + start + part.num_rows), part, columns)


# ---- CSV ---------------------------------------------------------------------------------------------------


def _csv(stream: pa.NativeFile, text: str, options: ReadOptions) -> Iterator[Rows]:
    header = parse_csv_header(text)
    names = list(header.cells)
    columns = columns_of(_texts(names))
    headed = columns.usable
    if not headed:
        names = _guess(names)
        columns = columns_of(_texts(names))
    if not columns.usable:
        yield Rows(np.zeros(0, np.int64), _no_cells(), columns)
        return
    wanted = columns.read(options)
    empty = True
    for block in iter_csv_blocks(stream, header, [names.index(name) for name in wanted], headed):
        if len(block.numbers):
            cells = block.cells.rename_columns(list(wanted)) if wanted else block.cells
            yield Rows(block.numbers, cells, columns)
        for start in range(0, len(block.ragged), ROWS):
            part = block.ragged[start : start + ROWS]
            wrong = pa.array([f"the row has {cells} cells, the header {len(names)}" for _, cells in part])
            yield Rows(np.array([number for number, _ in part], np.int64), _no_cells(), columns, wrong)
        empty = empty and not len(block.numbers) and not block.ragged
    if empty:
        yield Rows(np.zeros(0, np.int64), _no_cells(), columns)


def _texts(names: list[str]) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in names])


def _guess(cells: list[str]) -> list[str]:
    """Names for a table whose first row is no header but holds a URL or a digest."""
    names = []
    for index, cell in enumerate(cells):
        kind = "url" if re.match(r"https?://", cell) else algorithm_from_cells(pa.array([cell.strip()]))
        names.append(kind if kind and kind not in names else f"column {index + 1}")
    return names if any(not name.startswith("column ") for name in names) else []


def _is_url_list(text: str) -> bool:
    lines = text.lstrip("\ufeff").split("\n")[:20]
    lines = lines[:-1] if len(lines) > 1 and len(text) > 2000 else lines
    lines = [line.strip() for line in lines if line.strip()]
    return bool(lines) and all(re.match(r"https?://\S+$", line) for line in lines)


# ---- JSON --------------------------------------------------------------------------------------------------


def _json_lines(stream: pa.NativeFile, options: ReadOptions) -> Iterator[Rows]:
    first = 1
    types: dict[str, pa.DataType] = {}
    for block, lines, cut in _blocks(stream):
        if cut:
            wrong = pa.array([f"the line is longer than {LINE:,} bytes"])
            yield Rows(np.array([first], np.int64), _no_cells(), columns_of(pa.schema(list(types.items()))), wrong)
            first += 1
            continue
        for name, kind in _record_types(block).items():
            types.setdefault(name, kind)
        columns = columns_of(pa.schema(list(types.items())))
        wanted = columns.read(options)
        schema = pa.schema([(name, types[name]) for name in wanted])
        if not columns.usable:
            yield Rows(np.zeros(0, np.int64), _no_cells(), columns)
        elif wanted and (table := _quick_json(block, schema)) is not None and table.num_rows == lines:
            for batch in table.to_batches(ROWS):
                yield Rows(np.arange(first, first + batch.num_rows), batch, columns)
                first += batch.num_rows
            continue
        else:
            records = [_record(line) for line in block.split(b"\n")[:lines]]
            yield from _records(records, first, columns, wanted)
        first += lines


def _blocks(stream: pa.NativeFile) -> Iterator[tuple[bytes, int, bool]]:
    """Whole lines, how many, and whether it is a line too long to keep."""
    rest = b""
    while piece := stream.read(BLOCK):
        rest += piece
        end = rest.rfind(b"\n") + 1
        if end:
            yield rest[:end], rest.count(b"\n", 0, end), False
            rest = rest[end:]
        elif len(rest) > LINE:
            yield b"", 1, True
            while piece and b"\n" not in piece:
                piece = stream.read(BLOCK)
            rest = piece[piece.find(b"\n") + 1 :] if piece else b""
    if rest.strip():
        yield rest + b"\n", 1, False


def _quick_json(block: bytes, schema: pa.Schema) -> pa.Table | None:
    """Arrow's own parser; None where a line is not as the others, which the slow way tells apart."""
    try:
        return pyarrow.json.read_json(
            io.BytesIO(block.removeprefix(codecs.BOM_UTF8)),
            pyarrow.json.ReadOptions(use_threads=False, block_size=len(block) + 1),
            pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        ).select(schema.names)
    except pa.ArrowException:
        return None


def _record(line: bytes) -> object:
    """The line's object; a text says what is wrong with it; None: an empty line."""
    line = line.removeprefix(codecs.BOM_UTF8).strip()
    if not line:
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return "the line is not JSON" if isinstance(error, ValueError) else "the line's JSON is nested too deep"
    return record if isinstance(record, dict) else "the line is not a JSON object"


def _records(records: list[object], first: int, columns: Columns, wanted: tuple[str, ...]) -> Iterator[Rows]:
    kept = [(first + index, record) for index, record in enumerate(records) if record is not None]
    for start in range(0, len(kept), ROWS):
        part = kept[start : start + ROWS]
        dicts = [record if isinstance(record, dict) else {} for _, record in part]
        arrays = [pa.array([_cell(record.get(name)) for record in dicts], pa.string()) for name in wanted]
        wrong = pa.array([record if isinstance(record, str) else None for _, record in part], pa.string())
        cells = pa.RecordBatch.from_arrays(arrays, list(wanted)) if arrays else _no_cells()
        yield Rows(
            np.array([number for number, _ in part], np.int64),
            cells,
            columns,
            wrong if wrong.null_count < len(wrong) else None,
        )


def _cell(value: object) -> str | None:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _record_types(block: bytes) -> dict[str, pa.DataType]:
    """The keys of a block's first and last lines, with the type their values have."""
    lines = block[: 1 << 20].split(b"\n", 200)[:200] + block[-(1 << 14) :].split(b"\n")[-2:-1]
    return _types(_record(line) for line in lines)


def _types(records: Iterable[object]) -> dict[str, pa.DataType]:
    types: dict[str, pa.DataType] = {}
    for record in records:
        if isinstance(record, dict):
            for name, value in record.items():
                if isinstance(value, str):
                    types[name] = pa.string()
                elif isinstance(value, int) and not isinstance(value, bool):
                    types.setdefault(name, pa.int64())
                elif isinstance(value, float):
                    types[name] = types.get(name, pa.float64()) if types.get(name) == pa.string() else pa.float64()
    return types


def _json_array(stream: pa.NativeFile, options: ReadOptions) -> Iterator[Rows]:
    first = 1
    chunk: list[object] = []
    types: dict[str, pa.DataType] = {}

    def rows() -> Iterator[Rows]:
        for name, kind in _types(chunk).items():
            types.setdefault(name, kind)
        columns = columns_of(pa.schema(list(types.items())))
        if columns.usable:
            yield from _records(chunk, first, columns, columns.read(options))
        else:
            yield Rows(np.zeros(0, np.int64), _no_cells(), columns)

    try:
        for _, item in iter_json_records(stream, ("",)):
            chunk.append(item if isinstance(item, dict) else "the element is not a JSON object")
            if len(chunk) == 8192:
                yield from rows()
                first += len(chunk)
                chunk = []
    except Unreadable:
        # What came before the fault is read; it is not lost with the rest.
        if chunk:
            yield from rows()
        raise
    if chunk or first == 1:
        yield from rows()


def _json_object(stream: pa.NativeFile, options: ReadOptions) -> Iterator[Rows]:
    data = stream.read(LINE)
    record = _record(data)
    if not isinstance(record, dict):
        raise Unreadable(str(record or "the file is empty").replace("the line", "the file"))
    columns = columns_of(pa.schema(list(_types([record]).items())))
    yield from _records([record], 1, columns, columns.read(options))


# ---- rows to samples ---------------------------------------------------------------------------------------


def _samples(blob: Blob, rows: Rows, options: ReadOptions) -> Iterator[Samples]:
    columns, cells, count = rows.columns, rows.cells, len(rows.numbers)
    if not count:
        return
    have = set(cells.schema.names)
    shared: dict[str, pa.Array] = {
        "row": pa.array(rows.numbers, pa.int64()),
        "place": pa.repeat(pa.scalar(blob.uri), count),
        "sample": _names(cells, columns, rows.numbers),
    }
    declared: dict[str, pa.Array] = {}
    wrong: list[tuple[str, np.ndarray]] = []
    names = {a: name for a, name in columns.digests.items() if a in options.algorithms and name in have}
    if columns.unnamed in have and (algorithm := algorithm_from_cells(cells[columns.unnamed])) in options.algorithms:
        names.setdefault(algorithm, columns.unnamed)
    for algorithm, name in names.items():
        declared[algorithm], bad = parse_digests(cells[name], algorithm, raw=_is_bytes(cells[name].type))
        if bad.any():
            wrong.append((f"the {algorithm} given is not one", bad))
    if columns.quality in have:
        declared["quality"] = _whole(cells[columns.quality], pa.int16())
    urls = [_strings(cells[name]) for name in columns.urls if name in have]
    if urls:
        declared["url"] = urls[0]
    gap = _gaps(count, wrong, rows.wrong)
    image = cells[columns.image] if columns.image in have and count else None
    if image is not None:
        yield from _hashed(blob, rows, shared, image, options)
    ref = blob.ref("dataset")
    if image is None or declared or gap is not None:
        filled = shared | declared | ({"gap": gap} if gap is not None else {})
        batch = build_sample_batch(filled, [algorithm for algorithm in declared if algorithm in names])
        parts = _described(blob, columns, batch) if image is None else ((True, batch),)
        for again, part in parts:
            yield Samples(ref, "declared", part, again)
    for name, url in zip(columns.urls[1:], urls[1:], strict=True) if urls else ():
        variant = pa.repeat(pa.scalar(f"url:{name}"), count)
        yield Samples(ref, "declared", build_sample_batch(shared | {"url": url, "variant": variant}, ()))


def _described(blob: Blob, columns: Columns, batch: pa.RecordBatch) -> Iterator[tuple[bool, pa.RecordBatch]]:
    """The batch in two: the rows that describe files which are read by themselves (True), and the others.

    Such tables are Hugging Face's ``metadata.csv`` (``file_name``) and the JSON that img2dataset writes beside a
    picture. A row that describes a file is that file's sample: it has its name and place.
    """
    folder, stem = os.path.dirname(blob.path), blob.basename.partition(".")[0]
    names: list[str] = []
    if blob.whole and stem == "metadata" and columns.names_files:
        names = batch["sample"].to_pylist()
    elif blob.whole and blob.suffix == ".json" and batch.num_rows == 1:
        names = [name for name in (stem + suffix for suffix in _BESIDE) if _is_below(folder, name)][:1]
    described = pa.array([_is_below(folder, name) for name in names], pa.bool_())
    if not pc.any(described).as_py():
        yield False, batch
        return
    found = pa.array(names).filter(described).to_pylist()
    rows, others = batch.filter(described), batch.filter(pc.invert(described))
    above = blob.uri.removesuffix(blob.basename)
    files = {
        "sample": pa.array([name.rpartition("/")[2] for name in found]),
        "place": pa.array([above + posixpath.normpath(name) for name in found]),
        "row": pa.repeat(pa.scalar(0, pa.int64()), len(found)),
    }
    arrays = [files.get(field.name, rows[field.name]) for field in batch.schema]
    yield True, pa.RecordBatch.from_arrays(arrays, schema=batch.schema)
    if others.num_rows:
        yield False, others


def _is_below(folder: str, name: str) -> bool:
    inside = not name.startswith(("/", "\\")) and ".." not in name.split("/") and "\0" not in name
    return inside and os.path.isfile(os.path.join(folder, name))


def _hashed(
    blob: Blob, rows: Rows, shared: dict[str, pa.Array], image: pa.Array, options: ReadOptions
) -> Iterator[Samples]:
    """The digests of the images that the rows hold; a row without one says so."""
    data = image.field("bytes") if pa.types.is_struct(image.type) else image
    sizes = pc.fill_null(pc.binary_length(data), 0).to_numpy(zero_copy_only=False)
    wide, high = (_sizes(rows, name) for name in (rows.columns.width, rows.columns.height))
    names, numbers = shared["sample"], rows.numbers

    def encoded() -> Iterator[EncodedImage]:
        for index in np.flatnonzero((sizes > 0) & (sizes <= CELL)).tolist():
            original = (wide[index], high[index]) if wide[index] > 0 and high[index] > 0 else None
            yield EncodedImage(names[index].as_py(), blob.uri, int(numbers[index]), data[index].as_py(), original)

    ref = blob.ref("dataset")
    hashed = hash_images(encoded(), options.algorithms & _HASHED, options.variants)
    if hashed.num_rows:
        yield Samples(ref, "computed", hashed)
    for why, missing in (
        ("the row has no image bytes", sizes == 0),
        (f"the image is larger than {CELL:,} bytes", sizes > CELL),
    ):
        if missing.any():
            kept = {name: column.filter(pa.array(missing)) for name, column in shared.items()}
            gap = pa.repeat(pa.scalar(why), int(missing.sum()))
            yield Samples(ref, "computed", build_sample_batch({**kept, "gap": gap}, ()))


def _sizes(rows: Rows, name: str) -> list[int]:
    if name not in rows.cells.schema.names:
        return [0] * len(rows.numbers)
    return pc.fill_null(_whole(rows.cells[name], pa.int32()), 0).to_pylist()  # type: ignore[no-any-return]


def _gaps(count: int, wrong: list[tuple[str, np.ndarray]], given: pa.Array | None) -> pa.Array | None:
    """Each row's fault in words: one column of text, null where there is none; None: no row has any."""
    if not wrong and given is None:
        return None
    gap = given if given is not None else pa.nulls(count, pa.string())
    for why, bad in wrong:
        gap = pc.if_else(pa.array(bad), pc.coalesce(pc.binary_join_element_wise(gap, why, "; "), pa.scalar(why)), gap)
    return gap


def _names(cells: pa.RecordBatch, columns: Columns, numbers: np.ndarray) -> pa.Array:
    """Each row's name: its key or file name, else its image's path, else its number."""
    rows = pa.array(numbers).cast(pa.string())
    if columns.sample in cells.schema.names:
        return pc.coalesce(_strings(cells[columns.sample]), rows)
    if columns.image in cells.schema.names and pa.types.is_struct(cells[columns.image].type):
        return pc.coalesce(_strings(cells[columns.image].field("path")), rows)
    return rows


def _strings(cells: pa.Array) -> pa.Array:
    """A column as valid UTF-8 text; bytes that are not UTF-8 are read as Latin-1, empty cells are null."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    try:
        text = cells.cast(pa.string())
    except pa.ArrowInvalid:
        text = pa.array([_utf8(cell) for cell in cells.to_pylist()], pa.string())
    empty = pc.equal(pc.binary_length(text), 0)
    return pc.if_else(empty, pa.scalar(None, pa.string()), text) if pc.any(empty).as_py() else text


def _utf8(cell: bytes | None) -> str | None:
    if cell is None:
        return None
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell.decode("latin-1")


def _whole(cells: pa.Array, kind: pa.DataType) -> pa.Array:
    """Whole numbers; what is none is null."""
    if _is_text(cells.type) or _is_bytes(cells.type):
        text = _strings(cells)
        number = pc.match_substring_regex(text, r"^\d{1,4}(\.0+)?$")
        cells = pc.if_else(number, text, pa.scalar(None, pa.string())).cast(pa.float64())
    return pc.round(cells).cast(kind, safe=False)


# ---- names, types, heads -----------------------------------------------------------------------------------


def _rank(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def _holds_images(field: pa.Field[Any], bare: str) -> bool:
    """A binary column called like one, or Hugging Face's ``image: {bytes, path}``."""
    kind = field.type
    if pa.types.is_struct(kind):
        return {"bytes", "path"} <= {child.name for child in kind} and _is_bytes(kind.field("bytes").type)
    return (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)) and _IMAGE.fullmatch(bare) is not None


def _parquet_names(blob: Blob) -> list[str]:
    try:
        with blob.open() as file:
            return parquet_column_names(file)
    except (Unreadable, *_BROKEN):
        return []


def _keys(text: str) -> list[str]:
    record = _record(text.split("\n", 1)[0].encode("utf-8", "replace"))
    return (
        list(record) if isinstance(record, dict) else re.findall(r'"(\w+)"\s*:', text) if text.startswith("{") else []
    )


def _suffix(blob: Blob) -> tuple[str, str]:
    """The suffix that tells the kind of table, and how the file is packed ("": it is not)."""
    packed = _PACKED.get(blob.suffix, "")
    stem = blob.basename[: -len(blob.suffix)] if packed else ""
    return (f".{stem.rpartition('.')[2].lower()}" if "." in stem else "", packed) if packed else (blob.suffix, "")


def _unpacked(head: bytes, packed: str) -> bytes:
    if not packed:
        return head
    try:
        stream = pa.CompressedInputStream(pa.BufferReader(head), packed)
        data = b""
        while len(data) < HEAD_BYTES and (piece := stream.read(256)):
            data += piece
        return data
    except (pa.ArrowException, OSError) as error:
        if data:
            return data
        raise Unreadable(f"not a {packed} file") from error


def _no_cells() -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([], schema=pa.schema([]))


def _reason(error: Exception | MemoryError) -> str:
    if isinstance(error, MemoryError):
        return "it needs more memory than a worker has"
    if isinstance(error, UnicodeError):
        return "its text is not in the encoding that its first bytes tell"
    return " ".join(str(error).split())[:160] or type(error).__name__


EXAMPLES = (
    ReaderExample(
        "manifest.csv",
        b"URL,TEXT,MD5\nhttp://a.example/1.jpg,a hill,9e107d9d372bb6826bd81d3542a419d6\n",
        columns=("md5",),
        options=ReadOptions(frozenset({"md5", "url"})),
    ),
    ReaderExample(
        "manifest.jsonl",
        b'{"url": "http://a.example/1.jpg", "sha256": "' + b"ab" * 32 + b'"}\n',
        columns=("sha256",),
        options=ReadOptions(frozenset({"sha256", "url"})),
    ),
    ReaderExample("captions.csv", b"file_name,text\n1.jpg,a hill\n", unread=NOT_USABLE),
    ReaderExample("empty.csv", b"", unread="the file is empty"),
)
