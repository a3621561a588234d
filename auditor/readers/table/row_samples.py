"""Turns batches of rows into samples: declared digests and addresses, and digests of the images in their cells.

A row is one sample, unless it holds several pictures: then each of them is one. What a row declares belongs to its
picture if there is one, else to the row.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.blob import Blob
from auditor.drawn_sample import NO_STRATUM, row_keys
from auditor.hashing import exact
from auditor.hashing.decode_video import can_decode_videos, holds_pictures
from auditor.hashing.digest_parsing import algorithm_from_column_name
from auditor.hashing.hash_images import (
    DECODING_ALGORITHMS,
    VIDEO_DECODING_ALGORITHMS,
    EncodedImage,
    EncodedVideo,
    Hashable,
    PixelImage,
    hash_images,
)
from auditor.hashing.text_content import (
    ENCODED_FILE,
    MIN_LONG_RUN,
    decode_base64,
    is_unknown_encoding,
    may_hold_encoded_file,
)
from auditor.hashing.value_content import MIN_BASE64, layout
from auditor.model import Carrier
from auditor.part_builders.read_options import ReadOptions
from auditor.part_builders.text_contents import stated_in_pictures
from auditor.parts import PartlyRead
from auditor.readers.table import pixel_arrays
from auditor.readers.table.arrow_types import is_text_type, to_text, to_whole_numbers
from auditor.readers.table.byte_lists import FLAT_PIXELS, may_be_flat_pictures, with_encoded_files
from auditor.readers.table.described_files import split_by_described_files
from auditor.readers.table.embedded_json import embedded_leaves
from auditor.readers.table.plain_column_content import LeafContent, leaf_content, leaf_name, text_by_row, url_rank
from auditor.readers.table.row_batch import MAX_CELL_BYTES, RowBatch
from auditor.readers.table.stated_in_texts import stated_in_texts
from auditor.samples import (
    COMPUTED_ALGORITHMS,
    DIGEST_BYTES,
    TEXT_SIGNALS,
    VIDEO_ALGORITHMS,
    Samples,
    build_sample_batch,
)
from auditor.syntax.card_columns import bare_name
from auditor.syntax.embedded_pictures import PictureText
from auditor.syntax.json_stream import REMAINDER
from auditor.syntax.nested_columns import Leaf

# What can be computed of the bytes of an image, and of any bytes.
HASHED_ALGORITHMS = frozenset(COMPUTED_ALGORITHMS)
EXACT_ALGORITHMS = frozenset(exact.CRYPTOGRAPHIC_ALGORITHMS)
ASKABLE = HASHED_ALGORITHMS | frozenset(DIGEST_BYTES) | frozenset(TEXT_SIGNALS)

VIDEOS = "videos: comparing their frames needs pip install 'provenance-auditor[video]'"
UNKNOWN_BYTES = "bytes in a form that is not recognised: only their exact digests are compared"
SHORT_HASHES = "16 hex digits each: whether they are perceptual hashes, and which, only a column's name can tell"
LONG_LETTERS = "long runs of letters that can be encoded files: not read"
# No picture is in the query of a shorter address.
MIN_ADDRESS_WITH_PICTURE = 512
PICTURES_IN_TEXTS = "encoded pictures inside texts: not read"
NUMBERS_FOR_DIGESTS = "digests written as numbers are not read"
# Columns of the sample's name, the surest first; compared as bare_name() writes them.
_SAMPLE_NAMES = ("filename", "key", "imagekey", "filepath", "imagepath", "imageid", "photoid", "sampleid", "uid", "id")
_HELPERS = frozenset((*_SAMPLE_NAMES, "originalwidth", "originalheight", "pdqquality"))
# Of 64 bits. By their digits alone they cannot be told from keys, and keys would match by chance.
_SHORT_ALGORITHMS = frozenset({"phash-64", "dhash-64"})


def is_helper_column(name: str) -> bool:
    """Return whether a column of rows with this name tells a sample's name, size or quality."""
    return bare_name(name) in _HELPERS


@dataclass(slots=True)
class TableSamples:
    """Makes the samples of one file, batch after batch."""

    blob: Blob
    options: ReadOptions
    has_samples: bool = False
    # Tables whose every row is a sample; in another, only rows that hold something are.
    _main_tables: set[str] = field(default_factory=set)
    _image_columns: set[str] = field(default_factory=set)
    _told: set[tuple[str, str]] = field(default_factory=set)

    def add(self, rows: RowBatch) -> Iterator[Samples | PartlyRead]:
        """Yield the samples of some rows of a table, and the columns that are not read.

        First come the digests that are computed of images in the cells, then, as the same samples, what the rows
        declare, then further addresses and digests of the same rows as variants.
        """
        rows = replace(rows, leaves=tuple(with_encoded_files(leaf) for leaf in rows.leaves))
        embedded = [found for leaf in rows.leaves if not leaf.problem for found in embedded_leaves(leaf)]
        parsed = frozenset(leaf.path.partition("{}")[0] for leaf in embedded if not leaf.problem)
        if embedded:
            rows = replace(rows, leaves=(*rows.leaves, *embedded))
        for leaf in rows.leaves:
            if leaf.problem:
                yield from self._partly(leaf.path, leaf.problem)
            elif pa.types.is_integer(leaf.values.type):
                algorithm = algorithm_from_column_name(leaf_name(leaf.path))
                if algorithm in self.options.algorithms and leaf.values.null_count < len(leaf.values):
                    yield from self._partly(leaf.path, NUMBERS_FOR_DIGESTS)
        if not len(rows.numbers):
            return
        contents = tuple(leaf_content(leaf) for leaf in rows.leaves)
        # Settings hold addresses too, and are no rows of a table.
        if rows.table != REMAINDER and any(content.is_main for content in contents):
            self._main_tables.add(rows.table)
        if self.options.drawn is not None:
            rows = rows.keep(self.options.drawn.strata_of(row_keys(self.blob.uri, rows.numbers)) != NO_STRATUM)
            if not len(rows.numbers):
                return
            contents = tuple(leaf_content(leaf) for leaf in rows.leaves)
        batch = _Batch(self.blob, self.options, rows, contents)
        files: list[_Files] = []
        gaps: list[NDArray[np.int64]] = []
        for content in contents:
            files += self._files_of(content)
            gaps += self._rows_without_bytes(content, rows)
            yield from self._unread_of(content, is_json=content.leaf.path in parsed)
        yield from self._mark(batch.samples(files, gaps, is_main=rows.table in self._main_tables))

    def _mark(self, results: Iterator[Samples]) -> Iterator[Samples]:
        """Yield a table's samples, and remember that it has any."""
        for samples in results:
            self.has_samples = True
            yield samples

    def _partly(self, path: str, why: str) -> Iterator[PartlyRead]:
        """Yield once that a column of a table is not read, and why."""
        if (path, why) not in self._told:
            self._told.add((path, why))
            yield PartlyRead(self.blob, path, why)

    def _unread_of(self, content: LeafContent, *, is_json: bool) -> Iterator[PartlyRead]:
        """Yield what lists ask of a table's column, and is not compared.

        Args:
            content: What the column holds.
            is_json: Texts of the column were read as JSON.
        """
        algorithms, path = self.options.algorithms, content.leaf.path
        if not HASHED_ALGORITHMS.isdisjoint(algorithms) and _has_pictures_in_texts(content, is_json=is_json):
            yield from self._partly(path, PICTURES_IN_TEXTS)
        elif not HASHED_ALGORITHMS.isdisjoint(algorithms) and has_unknown_encoding(content):
            yield from self._partly(path, LONG_LETTERS)
        if len(content.videos) and not VIDEO_DECODING_ALGORITHMS.isdisjoint(algorithms) and not can_decode_videos():
            yield from self._partly(path, VIDEOS)
        if DECODING_ALGORITHMS.isdisjoint(algorithms):
            return
        is_named = algorithm_from_column_name(leaf_name(path)) in _SHORT_ALGORITHMS
        asks = not is_named and not _SHORT_ALGORITHMS.isdisjoint(self.options.algorithms)
        if asks and _are_short_hashes(content.leaf.values):
            yield from self._partly(path, SHORT_HASHES)
        if len(content.unknown) and path not in self._image_columns:
            yield from self._partly(path, UNKNOWN_BYTES)
        if may_be_flat_pictures(content.leaf.values):
            yield from self._partly(path, FLAT_PIXELS)
        if len(content.arrays.unclear):
            yield from self._partly(path, pixel_arrays.NOT_PIXELS)

    def _files_of(self, content: LeafContent) -> Iterator[_Files]:
        """Yield pictures and other bytes in a column's cells of a table, as far as a list asks for them."""
        algorithms = self.options.algorithms
        path = content.leaf.path
        if len(content.pictures):
            self._image_columns.add(path)
        if not HASHED_ALGORITHMS.isdisjoint(algorithms):
            # Among pictures, what is not recognised may be a damaged one.
            unknown = content.unknown if path in self._image_columns else content.unknown[:0]
            pictures = np.union1d(content.pictures, unknown)
            if len(pictures):
                yield _Files(content, "picture", pictures)
            if len(content.base64):
                yield _Files(content, "base64", content.base64)
        if len(content.arrays.indices) and not DECODING_ALGORITHMS.isdisjoint(algorithms):
            yield _Files(content, "pixels", content.arrays.indices)
        videos, sound = content.videos, content.sound
        if len(videos) and not VIDEO_DECODING_ALGORITHMS.isdisjoint(algorithms) and can_decode_videos():
            cells = content.leaf.values.take(pa.array(videos)).to_pylist()
            shown = np.array([holds_pictures(io.BytesIO(cell)) for cell in cells], bool)
            if shown.any():
                yield _Files(content, "decoded video", videos[shown])
            videos, sound = videos[:0], np.union1d(sound, videos[~shown])
        if not EXACT_ALGORITHMS.isdisjoint(algorithms):
            unknown = content.unknown[:0] if path in self._image_columns else content.unknown
            for form, indices in (("video", videos), ("sound", sound), ("other", unknown)):
                if len(indices):
                    yield _Files(content, form, indices)

    def _rows_without_bytes(self, content: LeafContent, rows: RowBatch) -> list[NDArray[np.int64]]:
        """Return rows whose image has a path and no bytes, so that it is elsewhere, and those of empty bytes."""
        leaf = content.leaf
        if not (content.is_named_image or leaf.path in self._image_columns) or HASHED_ALGORITHMS.isdisjoint(
            self.options.algorithms
        ):
            return []
        is_null = leaf.values.is_null().to_numpy(zero_copy_only=False)
        found = []
        parent, _, name = leaf.path.rpartition(".")
        beside = next((one for one in rows.leaves if one.path == f"{parent}.path"), None) if parent else None
        if name == "bytes" and beside is not None and len(beside.rows) == len(leaf.rows):
            has_path = pc.fill_null(pc.not_equal(to_text(beside.values), ""), False).to_numpy(zero_copy_only=False)
            found.append(leaf.rows[is_null & has_path])
        if not pa.types.is_null(leaf.values.type) and not pa.types.is_fixed_size_binary(leaf.values.type):
            empty = pc.fill_null(pc.equal(pc.binary_length(leaf.values), 0), False).to_numpy(zero_copy_only=False)
            found.append(leaf.rows[empty])
        return found


@dataclass(frozen=True, slots=True)
class _Files:
    """Values of a column that are whole files: pictures (also in base64, or as pixels), or other bytes."""

    content: LeafContent
    form: str  # "picture", "base64", "pixels", "decoded video", "video", "sound" or "other"
    indices: NDArray[np.int64]

    @property
    def rows(self) -> NDArray[np.int64]:
        """Return the table row of each file in a column's cells."""
        return self.content.leaf.rows[self.indices]

    def oversized(self) -> NDArray[np.bool_]:
        """Return which files in a column's cells are longer than is read."""
        if self.form == "pixels":
            return np.zeros(len(self.indices), bool)
        lengths = pc.binary_length(self.content.leaf.values).take(pa.array(self.indices))
        return pc.greater(lengths, MAX_CELL_BYTES).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]

    def image(self, position: int, sample: str, place: str, row: int, original: tuple[int, int] | None) -> Hashable:
        """Return one of the files in a column's cells, to be hashed.

        Args:
            position: Which of the indices it is at.
            sample, place, row, original: As of an image that is hashed.
        """
        index = int(self.indices[position])
        if self.form == "pixels":
            return PixelImage(sample, place, row, self.content.arrays.pixels(index), original)
        value = self.content.leaf.values[index].as_py()
        if self.form == "decoded video":
            return EncodedVideo(sample, place, row, io.BytesIO(value), original)
        return EncodedImage(sample, place, row, decode_base64(value) if self.form == "base64" else value, original)


def _has_pictures_in_texts(content: LeafContent, *, is_json: bool) -> bool:
    """Return whether a table's column has texts with an encoded picture inside, such as Markdown with a data URL."""
    values = content.leaf.values
    longest = (pc.max(pc.binary_length(values)).as_py() or 0) if is_text_type(values.type) else 0
    if longest < MIN_BASE64 or (longest < MIN_ADDRESS_WITH_PICTURE and len(content.urls) == len(values)):
        return False
    others = np.ones(len(values), bool)
    others[content.base64] = False
    if is_json:  # what is in them was read
        begins = pc.or_(pc.starts_with(values, "{"), pc.starts_with(values, "["))
        others &= ~pc.fill_null(begins, False).to_numpy(zero_copy_only=False)
    if not others.any():
        return False
    texts = values if others.all() else values.filter(pa.array(others))
    # All texts at once: a pattern of this length takes longer to compile than to search most columns with.
    data, starts, lengths = layout(texts)
    if not may_hold_encoded_file(data[starts[0] : starts[-1] + lengths[-1]].tobytes()):
        return False
    return bool(pc.any(pc.match_substring_regex(texts, ENCODED_FILE)).as_py())


def has_unknown_encoding(content: LeafContent) -> bool:
    """Return whether a table's column has a text of letters without a blank that can be an encoded file."""
    values = content.leaf.values
    if not is_text_type(values.type) or (pc.max(pc.binary_length(values)).as_py() or 0) < MIN_LONG_RUN:
        return False
    long = pc.fill_null(pc.greater_equal(pc.binary_length(values), MIN_LONG_RUN), False)
    others = long.to_numpy(zero_copy_only=False).copy()
    others[content.base64] = False
    texts = values.filter(pa.array(others))
    texts = texts.filter(pc.match_substring_regex(texts, r"^[A-Za-z0-9+/=_-]{900}"))
    return any(is_unknown_encoding(text.as_py().encode()) for text in texts)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some rows of a table, and what is in them."""

    blob: Blob
    options: ReadOptions
    rows: RowBatch
    contents: tuple[LeafContent, ...]

    def samples(
        self, files: Sequence[_Files], without_bytes: Sequence[NDArray[np.int64]], *, is_main: bool
    ) -> Iterator[Samples]:
        """Yield the samples of a batch of rows.

        Args:
            files: The pictures and other files in the cells.
            without_bytes: Rows whose image has no bytes.
            is_main: Whether every row is a sample, also one that holds nothing.
        """
        count = len(self.rows.numbers)
        names = self._row_names(files)
        counted = np.zeros(count, bool)
        yield from self._file_samples(files, names, counted)
        missing = np.zeros(count, bool)
        for rows in without_bytes:
            missing[rows] = True
        missing &= ~counted
        if missing.any():
            gap = pa.repeat(pa.scalar("the row has no image bytes"), int(missing.sum()))
            yield self._samples("computed", {**self._shared(names, missing), "gap": gap}, ())
            counted |= missing
        yield from self._declared_samples(names, counted, is_main)

    def _samples(
        self,
        basis: str,
        columns: dict[str, pa.Array],
        algorithms: Sequence[str],
        already_counted: bool = False,
    ) -> Samples:
        """Return rows with these columns of digests and names as samples."""
        batch = build_sample_batch(columns, algorithms)
        return Samples(self.blob.ref("dataset"), basis, batch, already_counted)  # type: ignore[arg-type]

    def _shared(self, names: pa.Array, kept: NDArray[np.bool_] | NDArray[np.int64]) -> dict[str, pa.Array]:
        """Return the columns that all samples of these rows have."""
        numbers = self.rows.numbers
        if kept.dtype != bool or not kept.all():
            numbers = numbers[kept]
            names = names.filter(pa.array(kept)) if kept.dtype == bool else names.take(pa.array(kept))
        return {
            "row": pa.array(numbers, pa.int64()),
            "place": pa.repeat(pa.scalar(self.blob.uri), len(numbers)),
            "sample": names,
        }

    def _file_samples(self, files: Sequence[_Files], names: pa.Array, counted: NDArray[np.bool_]) -> Iterator[Samples]:
        """Yield the digests of files in the cells of rows; ``counted`` takes the rows that have any."""
        count = len(counted)
        in_row = np.zeros(count, np.int64)
        pictures = np.zeros(count, bool)
        for one in files:
            np.add.at(in_row, one.rows, 1)
            if one.form in ("picture", "base64", "pixels"):
                pictures[one.rows] = True
        counted |= in_row > 0
        wanted = self.options.algorithms & HASHED_ALGORITHMS
        encoded = [one for one in files if one.form in ("picture", "base64")]
        yield from self._hashed(encoded, names, in_row, wanted, "table picture")
        pixels = [one for one in files if one.form == "pixels"]
        yield from self._hashed(pixels, names, in_row, wanted & DECODING_ALGORITHMS, "pixel array")
        # Sound beside a picture is no further picture.
        decoded = [one for one in files if one.form == "decoded video"]
        asked = self.options.algorithms & frozenset(VIDEO_ALGORITHMS)
        yield from self._hashed(decoded, names, in_row, asked, "video", beside=pictures)
        others: tuple[tuple[str, Carrier], ...] = (("video", "video"), ("sound", "sound"), ("other", "other file"))
        for form, carrier in others:
            of_form = [one for one in files if one.form == form]
            yield from self._hashed(of_form, names, in_row, wanted & EXACT_ALGORITHMS, carrier, beside=pictures)

    def _hashed(
        self,
        files: Sequence[_Files],
        names: pa.Array,
        in_row: NDArray[np.int64],
        algorithms: frozenset[str],
        carrier: Carrier,
        beside: NDArray[np.bool_] | None = None,
    ) -> Iterator[Samples]:
        """Yield samples of the files in these rows, with computed digests."""
        if not files:
            return
        rows = np.concatenate([one.rows for one in files])
        which = np.repeat(np.arange(len(files)), [len(one.indices) for one in files])
        position = np.concatenate([np.arange(len(one.indices)) for one in files])
        oversized = np.concatenate([one.oversized() for one in files])
        order = np.lexsort((position, which, rows))
        widths, heights = (self._whole_numbers(name) for name in ("originalwidth", "originalheight"))
        labels = {index: self._label(files, rows, which, position, index, names, in_row) for index in order.tolist()}

        def images(kept: NDArray[np.int64]) -> Iterator[Hashable]:
            for index in kept.tolist():
                row = int(rows[index])
                width, height = widths[row], heights[row]
                original = (width, height) if width > 0 and height > 0 else None
                number, file = int(self.rows.numbers[row]), files[int(which[index])]
                yield file.image(int(position[index]), labels[index], self.blob.uri, number, original)

        ref = self.blob.ref("dataset")
        again = beside[rows[order]] if beside is not None else np.zeros(len(order), bool)
        for is_again in (False, True):
            part = order[(again == is_again) & ~oversized[order]]
            if len(part):
                texts: list[PictureText] = []
                batch = hash_images(images(part), algorithms, self.options.variants, texts)
                yield Samples(ref, "computed", batch, is_again, carrier)
                yield from stated_in_pictures(ref, texts, self.options.algorithms)
            large = order[(again == is_again) & oversized[order]]
            if len(large):
                columns = self._shared(names, rows[large])
                columns["sample"] = pa.array([labels[index] for index in large.tolist()])
                gap = pa.repeat(pa.scalar(f"the image is larger than {MAX_CELL_BYTES:,} bytes"), len(large))
                yield self._samples("computed", {**columns, "gap": gap}, (), is_again)

    def _label(
        self,
        files: Sequence[_Files],
        rows: NDArray[np.int64],
        which: NDArray[np.int64],
        position: NDArray[np.int64],
        index: int,
        names: pa.Array,
        in_row: NDArray[np.int64],
    ) -> str:
        """Return a sample's name: that of its row, with the column's path if the row holds several files."""
        row = int(rows[index])
        name = str(names[row].as_py())
        if in_row[row] == 1:
            return name
        leaf = files[int(which[index])].content.leaf
        value = int(files[int(which[index])].indices[position[index]])
        first = int(np.searchsorted(leaf.rows, row))
        path = re.sub(r"\[\](?!.*\[\])", f"[{value - first + 1}]", leaf.path, count=1)
        return f"{name} {path if path != leaf.path or value == first else f'{path} {value - first + 1}'}"

    def _whole_numbers(self, bare: str) -> list[int]:
        """Return the rows' column of widths or heights; 0 where it says nothing."""
        leaf = self._column((bare,))
        if leaf is None:
            return [0] * len(self.rows.numbers)
        text = text_by_row(leaf, len(self.rows.numbers))
        return pc.fill_null(to_whole_numbers(text, pa.int32()), 0).to_pylist()  # type: ignore[no-any-return]

    def _column(self, names: Sequence[str]) -> Leaf | None:
        """Return the rows' outermost column that has the first of these names that any has."""
        found = {bare_name(leaf.path): leaf for leaf in reversed(self.rows.leaves) if not leaf.problem}
        return next((found[name] for name in names if name in found and _is_plain(found[name])), None)

    def _row_names(self, files: Sequence[_Files]) -> pa.Array:
        """Return each row's name: its key or file name, else the path of its image, else its number."""
        count = len(self.rows.numbers)
        numbers = pa.array(self.rows.numbers).cast(pa.string())
        if leaf := self._column(_SAMPLE_NAMES):
            return pc.coalesce(text_by_row(leaf, count), numbers)
        for content in self.contents:
            parent, _, last = content.leaf.path.rpartition(".")
            is_image = content.is_named_image or any(one.content is content for one in files)
            if last == "bytes" and is_image and len(content.leaf.rows) == count:
                beside = next((leaf for leaf in self.rows.leaves if leaf.path == f"{parent}.path"), None)
                if beside is not None and _is_plain(beside) and len(beside.rows) == count:
                    return pc.coalesce(text_by_row(beside, count), numbers)
        return numbers

    def _declared_samples(self, names: pa.Array, counted: NDArray[np.bool_], is_main: bool) -> Iterator[Samples]:
        """Yield the samples that rows declare by digests and addresses."""
        count = len(counted)
        columns: dict[str, pa.Array] = {}
        further: list[tuple[str, str, NDArray[np.int64], pa.Array]] = []
        holds = np.zeros(count, bool)
        asked = self.options.algorithms
        found = sorted(
            {name for one in self.contents for name in one.digests if name in asked}, key=list(DIGEST_BYTES).index
        )
        for algorithm in found:
            parts = [
                (one.leaf.path, one.leaf.rows[one.digests[algorithm].indices], one.digests[algorithm].values)
                for one in sorted(self.contents, key=lambda one: algorithm in one.malformed or not one.is_main)
                if algorithm in one.digests
            ]
            columns[algorithm], rest = _first_of_each_row(parts, count, holds)
            further += ((algorithm, f"{algorithm}:{path}", rows, values) for path, rows, values in rest)
        if not asked.isdisjoint(TEXT_SIGNALS):
            parts = [
                (one.leaf.path, one.leaf.rows[one.urls], _take_text(one))
                for one in sorted(self.contents, key=lambda one: url_rank(one.leaf.path))
                if len(one.urls)
            ]
            if parts:
                columns["url"], rest = _first_of_each_row(parts, count, holds)
                further += (("url", f"url:{path}", rows, values) for path, rows, values in rest)
        parsed = {one.leaf.path.partition("{}")[0] for one in self.contents if "{}" in one.leaf.path}
        for one in self.contents:
            for name, indices, values in stated_in_texts(one, asked, is_json=one.leaf.path in parsed):
                further.append((name, f"{name}:{one.leaf.path} in the text", one.leaf.rows[indices], values))
        gap = self._gaps(holds)
        if gap is not None:
            columns["gap"] = gap
        if columns and "pdq" in found and (leaf := self._column(("pdqquality",))):
            columns["quality"] = to_whole_numbers(text_by_row(leaf, count), pa.int16())
        yield from self._split(names, columns, found, counted, np.ones(count, bool) if is_main else holds)
        for name, variant, rows, values in further:
            shared = self._shared(names, rows)
            extra = {name: values, "variant": pa.repeat(pa.scalar(variant), len(rows))}
            yield self._samples("declared", shared | extra, [name])

    def _split(
        self,
        names: pa.Array,
        columns: dict[str, pa.Array],
        algorithms: Sequence[str],
        counted: NDArray[np.bool_],
        kept: NDArray[np.bool_],
    ) -> Iterator[Samples]:
        """Yield what rows declare, those first whose pictures were counted already."""
        for already_counted, rows in ((True, kept & counted & bool(columns)), (False, kept & ~counted)):
            if not rows.any():
                continue
            mask = pa.array(rows)
            own = {name: column if rows.all() else column.filter(mask) for name, column in columns.items()}
            samples = self._samples("declared", self._shared(names, rows) | own, algorithms, already_counted)
            if counted.any():
                yield samples
                continue
            names_files = (leaf := self._column(_SAMPLE_NAMES)) is not None and bare_name(leaf.path) == "filename"
            for described, batch in split_by_described_files(self.blob, names_files, samples.batch):
                yield replace(samples, batch=batch, already_counted=described)

    def _gaps(self, holds: NDArray[np.bool_]) -> pa.Array | None:
        """Return the gap of each row's sample, null for none; None if no row has any."""
        faults = self.rows.faults
        malformed: list[tuple[str, NDArray[np.bool_]]] = []
        for content in self.contents:
            for algorithm, indices in content.malformed.items():
                if algorithm in self.options.algorithms and len(indices):
                    bad = np.zeros(len(holds), bool)
                    bad[content.leaf.rows[indices]] = True
                    malformed.append((f"the {algorithm} given is not one", bad))
        if not malformed and faults is None:
            return None
        gap = faults if faults is not None else pa.nulls(len(holds), pa.string())
        is_fault = gap.is_valid().to_numpy(zero_copy_only=False)
        holds |= is_fault if self.rows.may_hold is None else is_fault & self.rows.may_hold
        for why, bad in malformed:
            joined = pc.coalesce(pc.binary_join_element_wise(gap, why, "; "), pa.scalar(why))
            gap = pc.if_else(pa.array(bad), joined, gap)
        return gap


def _are_short_hashes(values: pa.Array) -> bool:
    """Return whether every value of a column of rows is a hash of 16 hex digits."""
    if not is_text_type(values.type) or len(values) == values.null_count:
        return False
    lengths = pc.min_max(pc.binary_length(values)).as_py()
    if lengths != {"min": 16, "max": 16}:
        return False
    return bool(pc.all(pc.match_substring_regex(values, "^[0-9a-fA-F]{16}$")).as_py())


def _is_plain(leaf: Leaf) -> bool:
    """Return whether a column of rows is of numbers, texts or bytes."""
    kind = leaf.values.type
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return is_number or bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))


def _take_text(content: LeafContent) -> pa.Array:
    """Return the addresses in a column of rows as text."""
    values = content.leaf.values
    return to_text(values if len(content.urls) == len(values) else values.take(pa.array(content.urls)))


_Part = tuple[str, NDArray[np.int64], pa.Array]


def _first_of_each_row(parts: Sequence[_Part], count: int, holds: NDArray[np.bool_]) -> tuple[pa.Array, list[_Part]]:
    """Return each row's first value, and the values that differ from it, by column.

    Args:
        parts: Of each column its path, the rows of its values, in order, and the values.
        count: The number of rows.
        holds: Takes the rows that have a value.
    """
    if len(parts) == 1 and len(parts[0][1]) == count and (parts[0][1] == np.arange(count)).all():
        holds[:] = True
        return parts[0][2], []
    chosen = np.full(count, -1, np.int64)
    left: list[_Part] = []
    offset = 0
    for path, rows, values in parts:
        is_first = np.ones(len(rows), bool)
        is_first[1:] = rows[1:] != rows[:-1]
        is_first &= chosen[rows] < 0
        chosen[rows[is_first]] = offset + np.flatnonzero(is_first)
        if not is_first.all():
            left.append((path, rows[~is_first], values.filter(pa.array(~is_first))))
        offset += len(rows)
    holds |= chosen >= 0
    first = pa.concat_arrays([values for _, _, values in parts]).take(pa.array(chosen, mask=chosen < 0))
    rest: list[_Part] = []
    for path, rows, values in left:
        differs = pc.not_equal(values, first.take(pa.array(rows)))
        if pc.any(differs).as_py():
            rest.append((path, rows[differs.to_numpy(zero_copy_only=False)], values.filter(differs)))
    return first, rest
