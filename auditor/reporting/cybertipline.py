"""The XML of a draft for NCMEC's CyberTipline.

The schema is behind a login: elements and their order are those that public clients write
(Johannes-Andersen/CyberTipline-Tools). A person files it; nothing was viewed, and nothing is attached.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence

from auditor.printable import printable

DRAFT_NOTICE = "DRAFT: written by a program and sent to nobody; a person must check, complete and file it"
FILL_IN = "TO BE FILLED IN"
# Characters of an element, and of what was found.
_MAX_TEXT, _MAX_FOUND = 2_000, 10_000


def build_cybertipline_draft(
    *, found_at: str, found_words: str, sentences: Iterable[str], urls: Sequence[str] = ()
) -> ET.Element:
    """Return a draft of a CyberTipline report, to which details of files can be added.

    Args:
        found_at: When it was found, ISO 8601.
        found_words: What that time is the time of.
        sentences: What was found.
        urls: Where it is published.
    """
    draft = ET.Element("draft", {"note": DRAFT_NOTICE})
    report = ET.SubElement(draft, "report")
    incident = ET.SubElement(report, "incidentSummary")
    add_element(incident, "incidentType", "Child Pornography (possession, manufacture, and distribution)")
    add_element(incident, "incidentDateTime", found_at)
    add_element(incident, "incidentDateTimeDescription", found_words)
    if urls:
        page = ET.SubElement(ET.SubElement(report, "internetDetails"), "webPageIncident")
        for url in urls:
            add_element(page, "url", url)
    person = ET.SubElement(ET.SubElement(report, "reporter"), "reportingPerson")
    for name in ("firstName", "lastName", "email"):
        add_element(person, name, FILL_IN)
    add_element(report, "additionalInfo", " ".join((f"{DRAFT_NOTICE}.", *sentences)), _MAX_FOUND)
    return draft


def add_element(parent: ET.Element, name: str, text: str, longest: int = _MAX_TEXT) -> ET.Element:
    """Add an element with a text to a CyberTipline draft, and return it."""
    element = ET.SubElement(parent, name)
    element.text = printable(text, longest)
    return element


def cybertipline_text(draft: ET.Element) -> str:
    """Return a CyberTipline draft as a document."""
    ET.indent(draft)
    return ET.tostring(draft, encoding="unicode", xml_declaration=True) + "\n"
