"""Read NCMEC Hash Sharing v2: XML pages of images and videos, with tombstones and fingerprints by reference."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import pyarrow as pa

from auditor.errors import ListError, Unreadable
from auditor.hashing.digest_parsing import parse_digests
from auditor.known.entries import ListHeader, ListItem, ListOptions, MalformedEntry, WithdrawnIds
from auditor.known.entry_columns import EntryCollector, signal_type_of
from auditor.known.list_file import open_list_file
from auditor.known.list_formats import ListExample

HELP = "NCMEC Hash Sharing v2 XML (means csam)"

_SPACE = "https://hashsharing.ncmec.org/hashsharing/v2"
_CHUNK = 1 << 16
_DECLARATION_BYTES = 256
_DECLARES_UTF_16 = re.compile(rb"\s*<\?xml[^>]*encoding\s*=\s*[\"']UTF-16", re.I)
_TEXT = 1 << 16  # characters of one element
_ITEMS = ("image", "video")
_GONE = ("deletedImage", "deletedVideo")


def claims(head: bytes, name: str) -> int:
    """Return how sure it is that a file is an NCMEC Hash Sharing page."""
    if b"hashsharing.ncmec.org" not in head:
        return 0
    return 90 if b"queryResult" in head else 40


def read(path: Path, options: ListOptions) -> Iterator[ListItem]:
    """Yield the header and the entries of an NCMEC Hash Sharing page."""
    with open_list_file(path) as file:
        yield ListHeader("ncmec", holder="NCMEC", means="csam", feed=True)
        page = _Page()
        # A file in UTF-16 arrives as UTF-8 and still declares UTF-16.
        recoded = _DECLARES_UTF_16.match(file.read(_DECLARATION_BYTES))
        file.seek(0)
        parser = expat.ParserCreate("utf-8" if recoded else None, namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = page.start
        parser.EndElementHandler = page.end
        parser.CharacterDataHandler = page.text
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.ExternalEntityRefHandler = _refuse
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        collector = EntryCollector()
        gone: list[str] = []
        while True:
            chunk = file.read(_CHUNK)
            try:
                parser.Parse(chunk, not chunk)
            except LookupError as error:  # an encoding that Python does not have
                raise ListError(
                    f"{path}: the XML names an encoding that is unknown ({error}); save it as UTF-8"
                ) from error
            except expat.ExpatError as error:
                raise ListError(
                    f"{path}:{error.lineno}: not well-formed XML: {expat.ErrorString(error.code)}"
                ) from error
            for record in page.done:
                if record.gone:
                    gone.append(record.key)
                else:
                    yield from _entries(record, collector)
            page.done.clear()
            if not chunk:
                break
        if page.root != "queryResult":
            raise ListError(f"{path}: a {page.root or 'file'} of NCMEC's, not a queryResult with hashes")
        yield from collector.finish()
        if gone:
            yield WithdrawnIds(tuple(gone))


def _refuse(*_: object) -> int:
    """Refuse an NCMEC page whose XML declares a document type or entities. Raises Unreadable."""
    raise Unreadable("the XML declares a document type or entities; NCMEC's does not, so it is refused")


@dataclass(slots=True)
class _Record:
    number: int
    gone: bool
    fields: dict[str, str] = field(default_factory=dict)
    hashes: list[tuple[str, str]] = field(default_factory=list)
    disputed: set[str] = field(default_factory=set)
    affirmed: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        """Return the item's id with its member's id, because ids are unique only among the items of one member."""
        return f"{self.fields.get('member id', '')}-{self.fields.get('id', '')}"


@dataclass(slots=True)
class _Page:
    """The parser's handlers: only the item that is open is kept."""

    root: str = ""
    path: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    length: int = 0
    count: int = 0
    open: _Record | None = None
    done: list[_Record] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Handle the start of an XML element of an NCMEC page."""
        space, _, local = name.rpartition(" ")
        if not self.path:
            self.root = local
            if space != _SPACE:
                raise Unreadable(f"the XML's namespace is not {_SPACE}")
        if len(self.path) > 50:
            raise Unreadable("XML nested deeper than 50")
        self.path.append(local)
        self.words.clear()
        self.length = 0
        record = self.open
        if record is None and len(self.path) == 3 and local in (*_ITEMS, *_GONE):
            self.count += 1
            self.open = _Record(self.count, local in _GONE)
        elif record is not None and len(self.path) == 4 and local == "member":
            record.fields["member id"] = attributes.get("id", "")
        elif record is not None and local in ("negativeFeedback", "affirmativeFeedback"):
            kind = signal_type_of(attributes.get("type", "")) or attributes.get("type", "").lower()
            (record.disputed if local == "negativeFeedback" else record.affirmed).add(kind)
        elif record is not None and self.path[-2] == "fingerprints" and "href" in attributes:
            record.hashes.append((f"{local} by reference", attributes["href"]))

    def text(self, words: str) -> None:
        """Handle the text inside an XML element of an NCMEC page."""
        self.length += len(words)
        if self.length > _TEXT:
            raise Unreadable(f"an element's text is longer than {_TEXT:,} characters")
        self.words.append(words)

    def end(self, name: str) -> None:
        """Handle the end of an XML element of an NCMEC page."""
        local = self.path.pop()
        words = "".join(self.words).strip()
        self.words.clear()
        self.length = 0
        record = self.open
        if record is None:
            return
        if len(self.path) == 2 and local in (*_ITEMS, *_GONE):
            self.done.append(record)
            self.open = None
        elif len(self.path) == 3 and local in ("id", "classification", "member"):
            record.fields[local] = words
        elif self.path[-1] == "fingerprints" and words:
            record.hashes.append((local, words))


def _entries(record: _Record, collector: EntryCollector) -> Iterator[ListItem]:
    """Add the hashes of one item of an NCMEC page; yield full batches, and an item without an id as malformed."""
    if not record.fields.get("id"):
        yield MalformedEntry(record.number, "the item has no id")
        return
    for name, value in record.hashes:
        algorithm = signal_type_of(name)
        if algorithm == "photodna" and parse_digests(pa.array([value]), "photodna")[1].any():
            # How NCMEC writes PhotoDNA is not public: what is not 144 bytes in a known form is counted, not guessed.
            name = "pdna in an unknown form"
        feedback = "disputed" if algorithm in record.disputed else "affirmed" if algorithm in record.affirmed else None
        yield from collector.add(
            name,
            value,
            record.number,
            ids=record.key,
            classification=record.fields.get("classification"),
            contributor=record.fields.get("member") or record.fields.get("member id"),
            feedback=feedback,
        )


EXAMPLES = (
    ListExample(
        "page.xml",
        b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images count="2">
<image><member id="42">Hills</member><id>i1</id>
<classification>A1</classification>
<fingerprints><md5>9e107d9d372bb6826bd81d3542a419d6</md5><pdna>AB...</pdna><videntifier href="/x"/></fingerprints>
<feedback><negativeFeedback type="Md5"><members><member id="43">Lakes</member></members>
</negativeFeedback></feedback></image>
<deletedImage><member id="43">Lakes</member><id>i2</id></deletedImage></images>
<videos count="1"><video><member id="42">Hills</member><id>v1</id>
<fingerprints><sha1>2fd4e1c67a2d28fced849ee1bb76e7391b93eb12</sha1></fingerprints></video></videos>
<paging><next>/v2/entries?start=2001</next></paging></queryResult>""",
        ListHeader("ncmec", holder="NCMEC", means="csam", feed=True),
        (
            ("md5", "9e107d9d372bb6826bd81d3542a419d6", "42-i1", "A1", False),
            ("sha1", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "42-v1", "", False),
        ),
        withdrawn=("43-i2",),
        unknown=(("pdna in an unknown form", 1), ("videntifier by reference", 1)),
    ),
    ListExample(
        "entity.xml",
        b'<!DOCTYPE queryResult [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
        b'<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2">&a;</queryResult>',
        refused="declares a document type or entities",
    ),
    ListExample(
        "encoding.xml",
        b'<?xml version="1.0" encoding="x-hills"?><queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"/>',
        refused="the XML names an encoding that is unknown (unknown encoding: x-hills); save it as UTF-8",
    ),
    ListExample(
        "feedback.xml",
        b'<feedbackSubmission xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><affirmative/></feedbackSubmission>',
        refused="a feedbackSubmission of NCMEC's, not a queryResult with hashes",
    ),
)
