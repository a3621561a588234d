"""JUnit XML for CI services that show tests: one test case for a rule and a subject that it says something of.

An error or warning is a failed test. A note is none, and an unchecked rule or a gap is a skipped one. The first test
case says whether everything was read and compared. There is none for what was not found: silence proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from auditor.model import Place, Rule
from auditor.pipeline.report import Report
from auditor.printable import printable
from auditor.reporting.acceptances import acceptance_sentences
from auditor.reporting.coverage import accounting_sentences, files_left_out, missing_lists, nothing_read_or_compared
from auditor.reporting.finding_groups import FindingGroup, card_places, most_severe_groups, severity_counts
from auditor.reporting.labels import subject_label
from auditor.reporting.local_paths import local_place
from auditor.reporting.redaction import report_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_summary import group_gaps

if TYPE_CHECKING:
    from xml.etree import ElementTree

HELP = "JUnit XML, for CI services that show tests"
SUFFIXES = (".junit.xml",)
SHOWS_PLACES = False  # test reports are shown to everyone who sees the project
AUDIENCE = "author"
MAX_GROUPS = 5000
MAX_GAPS = 500
READ_AND_COMPARED = "everything was read and compared"

# What XML 1.0 cannot hold, even as a reference (https://www.w3.org/TR/xml/#charsets).
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, out: TextIO, options: RenderOptions) -> None:
    """Write the test suite in ASCII. Memory is bounded by :data:`MAX_GROUPS`."""
    from xml.etree import ElementTree

    groups, left_out = most_severe_groups(report, MAX_GROUPS)
    cards = card_places(report, groups)
    rules = {rule.id: rule for rule in report.policy.rules}
    suite = ElementTree.Element("testsuite", name="auditor", timestamp=report.started.removesuffix("Z"))
    properties = ElementTree.SubElement(suite, "properties")
    described = {
        "notice": report_notice(report, options),
        **dict(zip(("files", "samples"), accounting_sentences(report), strict=True)),
        "profile": printable(report.policy.profile),
        "policy": report.policy.fingerprint,
        **({"left out": f"{severity_counts(left_out)} (rules by subjects)"} if left_out else {}),
    }
    pairs = [*described.items(), *(("extension", str(one)) for one in report.policy.extensions)]
    pairs += (("left out", printable(text)) for text in files_left_out(report))
    pairs += (("not matched", text) for text in missing_lists(report))
    pairs += (("accepted", text) for text in acceptance_sentences(report))
    for name, value in pairs:
        ElementTree.SubElement(properties, "property", name=name, value=_xml_text(value))
    _add_accounting(suite, report)
    for group in groups:
        _add_group(suite, group, report, group.place(cards), rules)
    for line in group_gaps(report.gaps, 1)[:MAX_GAPS]:
        case = ElementTree.SubElement(suite, "testcase", classname="auditor.not_checked", name=_xml_text(line.sentence))
        ElementTree.SubElement(case, "skipped", message=_xml_text(line.sentence))
    counts = {
        "tests": len(suite.findall("testcase")),
        "failures": len(suite.findall("testcase/failure")),
        "errors": len(suite.findall("testcase/error")),
    }
    suite.attrib |= {name: str(number) for name, number in counts.items()}
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suites = ElementTree.Element("testsuites", {"name": "auditor", **{key: str(n) for key, n in counts.items()}})
    suites.append(suite)
    ElementTree.indent(suites)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(ElementTree.tostring(suites, "us-ascii", xml_declaration=False).decode())
    out.write("\n")


def _add_accounting(suite: ElementTree.Element, report: Report) -> None:
    """Add the test case that fails where the exit code would be 3: something was not read, compared or judged."""
    from xml.etree import ElementTree

    case = ElementTree.SubElement(suite, "testcase", classname="auditor", name=READ_AND_COMPARED)
    if report.exit_code("never") == 3:
        reasons = nothing_read_or_compared(report) or ("Something was not read, compared or judged.",)
        error = ElementTree.SubElement(case, "error", type="unchecked", message=_xml_text(" ".join(reasons)))
        error.text = "\n".join(accounting_sentences(report))


def _add_group(
    suite: ElementTree.Element, group: FindingGroup, report: Report, place: Place, rules: Mapping[str, Rule]
) -> None:
    """Add the test case of a group of findings."""
    from xml.etree import ElementTree

    first = group.first
    subject = _xml_text(printable(subject_label(first.ref)))
    case = ElementTree.SubElement(suite, "testcase", classname=subject, name=_xml_text(printable(first.rule)))
    lines = [*group.facts, *([f"at {local_place(place, report.targets)}"] if place.uri else [])]
    if rule := rules.get(first.rule):
        lines += [f"Why: {_one_line(rule.why)}", f"What the owner can do: {_one_line(rule.fix)}"]
    if not group.is_flagged:
        ElementTree.SubElement(case, "skipped", message=_xml_text("; ".join(group.facts)))
    elif group.severity == "note":
        ElementTree.SubElement(case, "system-out").text = _xml_text("\n".join(("note", *lines)))
    else:
        message = _xml_text(group.facts[0])
        ElementTree.SubElement(case, "failure", type=group.severity, message=message).text = _xml_text("\n".join(lines))


def _one_line(text: str) -> str:
    """Return a rule's text on one line of a test case."""
    return printable(" ".join(text.split()), 2000)


def _xml_text(text: str) -> str:
    """Return the text without characters that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
