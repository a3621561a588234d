"""The XML of a draft for NCMEC's CyberTipline: the one document that opens a report.

The schema is behind a login: elements and their order are those that public clients write
(Johannes-Andersen/CyberTipline-Tools). A person files it; nothing was viewed, and nothing is attached. Details of a
file (``fileDetails``) are sent after that file was uploaded, and none is, so hashes stand in the report's text
(https://report.cybertip.org/ispws/documentation, "Submit" and "File Info").
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence

from auditor.printable import printable

DRAFT_NOTICE = "DRAFT: written by a program and sent to nobody; a person must check, complete and file it"
FILL_IN = "TO BE FILLED IN"
# Characters of an element, of what was found, and of hashes in it.
_MAX_TEXT, _MAX_FOUND, _MAX_HASHES = 2_000, 10_000, 5_000


def build_cybertipline_draft(
    *, found_at: str, found_words: str, sentences: Iterable[str], urls: Sequence[str] = (), hashes: Sequence[str] = ()
) -> str:
    """Return a draft of a CyberTipline report as one document.

    Args:
        found_at: When it was found, ISO 8601.
        found_words: What that time is the time of.
        sentences: What was found.
        urls: Where it is published.
        hashes: Hashes of its files; the text says how many there was no room for.
    """
    report = ET.Element("report")
    report.append(ET.Comment(f" {DRAFT_NOTICE} "))
    incident = ET.SubElement(report, "incidentSummary")
    _add_element(incident, "incidentType", "Child Pornography (possession, manufacture, and distribution)")
    _add_element(incident, "incidentDateTime", found_at)
    _add_element(incident, "incidentDateTimeDescription", found_words)
    if urls:
        page = ET.SubElement(ET.SubElement(report, "internetDetails"), "webPageIncident")
        for url in urls:
            _add_element(page, "url", url)
    person = ET.SubElement(ET.SubElement(report, "reporter"), "reportingPerson")
    for name in ("firstName", "lastName", "email"):
        _add_element(person, name, FILL_IN)
    text = printable(" ".join((f"{DRAFT_NOTICE}.", *sentences)), _MAX_FOUND - _MAX_HASHES)
    _add_element(report, "additionalInfo", " ".join((text, *_fit_hashes(hashes))), _MAX_FOUND)
    ET.indent(report)
    return ET.tostring(report, encoding="unicode", xml_declaration=True) + "\n"


def _fit_hashes(hashes: Sequence[str]) -> list[str]:
    """Return the hashes that there is room for, and how many are left out."""
    shown: list[str] = []
    for text in hashes:
        if sum(map(len, shown)) + len(shown) + len(text) > _MAX_HASHES - 100:
            return [*shown, f"and {len(hashes) - len(shown):,} more, which there is no room for here."]
        shown.append(text)
    return shown


def _add_element(parent: ET.Element, name: str, text: str, longest: int = _MAX_TEXT) -> ET.Element:
    """Add an element with a text to a CyberTipline draft, and return it."""
    element = ET.SubElement(parent, name)
    element.text = printable(text, longest)
    return element
