"""Tells what the columns of a table hold, by their names in real-life spellings, their types and their first cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from auditor.hashing.digest_parsing import (
    algorithm_from_cells,
    algorithm_from_column_name,
    is_unspecified_digest_column,
)
from auditor.readers import ReadOptions
from auditor.readers.table.arrow_types import is_bytes, is_text
from auditor.samples import TEXT_SIGNALS
from auditor.syntax.card_columns import bare_name

# What can be computed of the bytes of an image.
HASHED_ALGORITHMS = frozenset({"md5", "sha1", "sha256", "sha512", "pdq", "phash-64", "dhash-64"})
# What the digest of a column that names no algorithm can be.
_EXACT_ALGORITHMS = frozenset({"md5", "sha1", "sha256", "sha512"})
# Names of columns are compared in lower-case letters and digits alone, see bare_name().
_URL_NAME = re.compile(r".*(?:url|uri)s?|.*(?:imagelink|imglink)|link|href|src|imagesrc|imgsrc")
_IMAGE_NAME = re.compile(
    r"(?:image|img|picture|photo|pixels?|jpe?g|png|webp)s?(?:bytes|data|content)?|bytes|content|data"
)
# The surest first.
_URL_ORDER = ("url", "imageurl", "contenturl", "imgurl", "photoimageurl", "originalurl")
_SAMPLE_ORDER = ("filename", "key", "imagekey", "filepath", "imagepath", "imageid", "photoid", "sampleid", "uid", "id")


@dataclass(frozen=True, slots=True)
class ColumnRoles:
    """Which column of a table holds what, by name; "" for none.

    Attributes:
        digests: The column of each algorithm's digests.
        unnamed_digest: A column of digests whose algorithm only its cells tell.
        urls: Columns of addresses, that of the image itself first.
        sample: The name of the row's sample.
        image: The bytes of an image, or a struct of its bytes and path.
        width: The image's width before it was resized.
        height: The image's height before it was resized.
        quality: The quality of the row's PDQ hash.
    """

    digests: Mapping[str, str]
    unnamed_digest: str = ""
    urls: tuple[str, ...] = ()
    sample: str = ""
    image: str = ""
    width: str = ""
    height: str = ""
    quality: str = ""

    @property
    def usable(self) -> bool:
        """Whether any column holds something that a list can be asked about."""
        return bool(self.digests or self.unnamed_digest or self.urls or self.image)

    @property
    def names_files(self) -> bool:
        """Whether the sample's name is that of a file, as in Hugging Face's ``metadata.csv``."""
        return bare_name(self.sample) == "filename"

    def columns_to_read(self, options: ReadOptions) -> tuple[str, ...]:
        """Return the columns that a run with these options needs, without doubles."""
        digests = [name for algorithm, name in self.digests.items() if algorithm in options.algorithms]
        urls = self.urls if options.algorithms & set(TEXT_SIGNALS) else ()
        image = [self.image, self.width, self.height] if options.algorithms & HASHED_ALGORITHMS else []
        unnamed = [self.unnamed_digest] if options.algorithms & _EXACT_ALGORITHMS else []
        quality = [self.quality] if "pdq" in options.algorithms and "pdq" in self.digests else []
        used = [*digests, *unnamed, *urls, *image, *quality]
        sample = self.sample if any(used) or self.names_files else ""
        return tuple(dict.fromkeys(name for name in [*used, sample] if name))


def column_roles(schema: pa.Schema) -> ColumnRoles:
    """Return what the columns of a table hold, by their names and types; of two for one role, the first."""
    digests: dict[str, str] = {}
    urls: list[str] = []
    plain: dict[str, str] = {}
    unnamed_digest = image = ""
    for field in schema:
        bare = bare_name(field.name)
        has_text = is_text(field.type)
        if algorithm := algorithm_from_column_name(field.name):
            if has_text or is_bytes(field.type):
                digests.setdefault(algorithm, field.name)
        elif _holds_images(field, bare):
            image = image or field.name
        elif has_text and is_unspecified_digest_column(field.name):
            unnamed_digest = unnamed_digest or field.name
        elif has_text and _URL_NAME.fullmatch(bare):
            urls.append(field.name)
        elif has_text or pa.types.is_integer(field.type) or pa.types.is_floating(field.type):
            plain.setdefault(bare, field.name)
    urls.sort(key=lambda name: _rank(bare_name(name), _URL_ORDER))
    return ColumnRoles(
        digests,
        unnamed_digest,
        tuple(urls),
        next((plain[name] for name in _SAMPLE_ORDER if name in plain), ""),
        image,
        plain.get("originalwidth", ""),
        plain.get("originalheight", ""),
        plain.get("pdqquality", ""),
    )


def names_from_cells(cells: Sequence[str]) -> list[str]:
    """Return column names for a table without a header, by the cells of its first row; none if they tell nothing."""
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = "url" if re.match(r"https?://", cell) else algorithm_from_cells(pa.array([cell.strip()]))
        names.append(name if name and name not in names else f"column {number}")
    return names if any(not name.startswith("column ") for name in names) else []


def _holds_images(field: pa.Field[pa.DataType], bare: str) -> bool:
    """Return whether it is a binary column with such a name, or Hugging Face's ``image: {bytes, path}``."""
    kind = field.type
    if pa.types.is_struct(kind):
        return {"bytes", "path"} <= {child.name for child in kind} and is_bytes(kind.field("bytes").type)
    return (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)) and _IMAGE_NAME.fullmatch(bare) is not None


def _rank(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)
