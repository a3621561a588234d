"""Many encoded images to one batch of samples: the digests that are wanted, of the forms that are wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from auditor.errors import Unreadable
from auditor.hashing import exact, pdq, perceptual
from auditor.hashing.decode import EMPTY, NO_MEMORY, Decoded, decode
from auditor.hashing.orientation import TURNS, turned, upright
from auditor.hashing.unpad import content_box
from auditor.samples import SAMPLE_FIELDS, build_sample_batch

# In the order of a batch's columns.
COMPUTED = (*exact.ALGORITHMS, "pdq", *perceptual.ALGORITHMS)
DECODING = frozenset(("pdq", *perceptual.ALGORITHMS))


@dataclass(frozen=True, slots=True)
class Encoded:
    """An image as a file or a table's cell holds it, and where that is.

    ``original`` is the (width, height) that a dataset tool's metadata gives for the picture before it was
    resized and padded; None: not given.
    """

    sample: str
    place: str
    row: int
    data: bytes
    original: tuple[int, int] | None = None
    url: str | None = None


def hash_images(images: Iterable[Encoded], algorithms: Collection[str], variants: Collection[str]) -> pa.RecordBatch:
    """A row an image, in order, each followed by rows of its other forms; images are taken one at a time.

    Has :data:`auditor.samples.SAMPLE_FIELDS` and a column for each of ``algorithms`` that bytes can answer.
    Exact digests stand on the row of variant "" alone. ``gap`` says why a picture has no perceptual digest
    (its exact ones are there all the same), or what of it was not hashed. ``variants`` are ``oriented`` (EXIF
    applied, where it turns the picture), ``unpadded`` (where there is a border), ``512`` (the C++ tool's
    PDQ, where it differs: a side above 512) and ``dihedral`` (``rotate-90``, ``flip-x``, …); forms combine
    (``unpadded+rotate-90+512``). Nothing is decoded unless a perceptual algorithm is wanted.
    """
    wanted = [name for name in COMPUTED if name in algorithms]
    rows = _Rows(wanted)
    for image in images:
        known = exact.digests(image.data, wanted) if image.data else {}
        if DECODING.isdisjoint(wanted):
            rows.add(image, "", known, gap=EMPTY if wanted and not image.data else "")
            continue
        try:
            decoded = decode(image.data, gray=not set(perceptual.ALGORITHMS).isdisjoint(wanted))
            forms = list(_forms(decoded, image.original, wanted, variants))
        except Unreadable as error:
            rows.add(image, "", known, gap=str(error))
        except MemoryError:
            rows.add(image, "", known, gap=NO_MEMORY)
        else:
            for variant, found, quality in forms:
                if variant:
                    rows.add(image, variant, found, quality)
                else:
                    rows.add(image, "", {**known, **found}, quality, decoded.gap)
    return build_sample_batch(rows.columns, wanted)


class _Rows:
    """The batch's columns while they grow."""

    def __init__(self, wanted: Collection[str]) -> None:
        self.columns: dict[str, list[object]] = {name: [] for name in (*(f.name for f in SAMPLE_FIELDS), *wanted)}
        self._wanted = tuple(wanted)

    def add(
        self,
        image: Encoded,
        variant: str,
        digests: Mapping[str, bytes],
        quality: int | None = None,
        gap: str = "",
    ) -> None:
        cells = (image.sample, image.place, image.row, image.url, quality, variant, gap or None)
        for field, cell in zip(SAMPLE_FIELDS, cells, strict=True):
            self.columns[field.name].append(cell)
        for name in self._wanted:
            self.columns[name].append(digests.get(name))


Form = tuple[str, Mapping[str, bytes], int | None]


def _forms(
    decoded: Decoded, original: tuple[int, int] | None, wanted: Collection[str], variants: Collection[str]
) -> Iterator[Form]:
    """Each form's name, perceptual digests and PDQ quality; the picture as stored comes first."""
    luma, gray = decoded.luma, decoded.gray
    yield from _turns("", luma, gray, wanted, variants, dihedral="dihedral" in variants)
    if "oriented" in variants and turned(decoded.orientation):
        shown = None if gray is None else upright(gray, decoded.orientation)
        # The dihedral forms of the stored picture hold this one's.
        yield from _turns("oriented", upright(luma, decoded.orientation), shown, wanted, variants, dihedral=False)
    box = content_box(luma, original) if "unpadded" in variants else None
    if box is not None:
        inside = (slice(box[0], box[1]), slice(box[2], box[3]))
        shown = None if gray is None else gray[inside]
        yield from _turns("unpadded", luma[inside], shown, wanted, variants, dihedral="dihedral" in variants)


def _turns(
    name: str,
    luma: pdq.Luma,
    gray: NDArray[np.uint8] | None,
    wanted: Collection[str],
    variants: Collection[str],
    *,
    dihedral: bool,
) -> Iterator[Form]:
    """A form, its dihedral forms and those by the other PDQ convention."""
    spectrum, quality = pdq.transform(luma) if "pdq" in wanted else (None, None)
    own = {} if spectrum is None else {"pdq": pdq.bits(spectrum)}
    yield name, {**own, **_perceptual(gray, wanted)}, quality
    if dihedral:
        turns = {} if spectrum is None else pdq.dihedral(spectrum)
        for turn, view in TURNS.items():
            digests = {"pdq": turns[turn]} if turn in turns else {}
            shown = None if gray is None else view(gray)
            yield _named(name, turn), {**digests, **_perceptual(shown, wanted)}, quality
    if spectrum is not None and "512" in variants and max(luma.shape) > pdq.SCALED_SIDE:
        spectrum, quality = pdq.transform(pdq.scaled(luma))
        yield _named(name, "512"), {"pdq": pdq.bits(spectrum)}, quality
        if dihedral:
            for turn, digest in pdq.dihedral(spectrum).items():
                yield _named(name, turn, "512"), {"pdq": digest}, quality


def _perceptual(gray: NDArray[Any] | None, wanted: Collection[str]) -> Mapping[str, bytes]:
    return {} if gray is None else perceptual.perceptual(Image.fromarray(np.ascontiguousarray(gray)), wanted)


def _named(*parts: str) -> str:
    return "+".join(part for part in parts if part)
