"""The SARIF 2.1.0 (OASIS) report for code scanning: one result for a rule and a subject, the most severe first.

A sample is never a result. At most :data:`MAX_RESULTS` are written; a notification says how many are left out.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from auditor.model import GAP_KINDS, Finding, Place, Ref, Rule, Severity
from auditor.pipeline.baseline import BaselineEntry
from auditor.pipeline.report import Report
from auditor.printable import printable
from auditor.reporting import guidance
from auditor.reporting.acceptances import acceptance_sentences
from auditor.reporting.coverage import comparison_rows, coverage_counts
from auditor.reporting.finding_groups import MAX_FACTS, FindingGroup, card_places, most_severe_groups, severity_counts
from auditor.reporting.labels import subject_label
from auditor.reporting.local_paths import local_path
from auditor.reporting.redaction import report_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_summary import group_gaps
from auditor.reporting.web_links import split_reference

HELP = "SARIF 2.1.0, for code scanning services and editors"
SUFFIXES = (".sarif",)
SHOWS_PLACES = False  # it is made to be uploaded
AUDIENCE = "author"
MAX_RESULTS = 5000  # GitHub shows no more of a run, and refuses more than 25,000
MAX_NOTIFICATIONS = 500  # of each kind
MAX_URI_LENGTH = 2000
MAX_MESSAGE_LENGTH = 1000  # characters; GitHub takes 10 MB of compressed SARIF, and a list shows one line of a message
NOTIFICATION_KINDS = {**GAP_KINDS, "left-out": "results that are left out", "advice": "what to do"}

# GitHub's grades: over 7.0 high, 4.0 to 6.9 medium, 0.1 to 3.9 low.
_SECURITY_SEVERITY: Mapping[Severity, str] = {"error": "8.0", "warning": "5.0", "note": "2.0"}

Json = dict[str, object]


def render(report: Report, out: TextIO, options: RenderOptions) -> None:
    """Write the SARIF report: one log with one run. Memory is bounded by :data:`MAX_RESULTS`."""
    groups, left_out = most_severe_groups(report, MAX_RESULTS)
    cards = card_places(report, groups)
    rule_indices = {rule.id: index for index, rule in enumerate(report.policy.rules)}
    run: Json = {
        "tool": {"driver": _driver_json(report), **_extensions_json(report)},
        "invocations": [
            {
                "executionSuccessful": report.complete,
                "startTimeUtc": _rfc3339(report.started),
                "endTimeUtc": _rfc3339(report.finished),
                "toolExecutionNotifications": list(_notifications_json(report, left_out)),
            }
        ],
        "columnKind": "unicodeCodePoints",
        "properties": {"notice": report_notice(report, options), **_properties_json(report)},
        # Code scanning services keep the results of each category apart.
        "automationDetails": {"id": f"auditor/{printable(report.policy.profile)}/"},
        "results": [
            *(_result_json(group, rule_indices, cards, report.targets) for group in groups),
            *_accepted_results(report, rule_indices),
        ],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    json.dump(log, out, ensure_ascii=True, allow_nan=False, indent=1)
    out.write("\n")


def _driver_json(report: Report) -> Json:
    """Return the SARIF driver: the program, its rules and its notifications."""
    return {
        "name": "auditor",
        "semanticVersion": report.version,
        "rules": [_rule_descriptor(rule) for rule in report.policy.rules],
        "notifications": [
            {"id": name, "shortDescription": {"text": text}} for name, text in NOTIFICATION_KINDS.items()
        ],
    }


def _properties_json(report: Report) -> Json:
    """Return the SARIF properties, for what it has no place: policy, counts, lists, coverage, comparisons, cases."""
    return {
        "targets": [printable(target) for target in report.targets],
        "audience": report.audience,
        "policy": report.policy.fingerprint,
        "counts": {
            name: f"{count.collected} collected = {count.scanned} scanned + {count.partly} partly + "
            f"{count.skipped} skipped + {count.errored} errored{'' if count.is_balanced else ': does not add up'}"
            for name, count in (("files", report.tally.files), ("samples", report.tally.samples))
        },
        "lists": [
            {
                "name": printable(summary.name),
                "version": printable(summary.version),
                "means": printable(summary.means),
                "entries": summary.entries,
            }
            for summary in report.policy.lists
        ],
        "coverage": {printable(key): number for key, number in sorted(report.tally.coverage.items())},
        "coverageInWords": {printable(what): number for what, number in coverage_counts(report)},
        "comparisons": [
            {**asdict(row), "list": printable(row.list), "of": row.total} for row in comparison_rows(report)
        ],
        "cases": [
            {"id": case.id, "ground": case.ground, "kind": case.kind, "subject": printable(case.subject)}
            for case in report.cases[:MAX_RESULTS]
        ],
    }


def _extensions_json(report: Report) -> Json:
    """Return the SARIF extensions: the packages that add readers or list formats, if there are any."""
    extensions = [
        {"name": printable(extension.distribution), "version": printable(extension.version)}
        for extension in report.policy.extensions
    ]
    return {"extensions": extensions} if extensions else {}


def _rule_descriptor(rule: Rule) -> Json:
    """Return a rule as a SARIF reportingDescriptor."""
    why = _one_line(rule.why)
    paragraphs = [f"Why: {why}", f"What the owner can do: {_one_line(rule.fix)}"]
    paragraphs += [f"For reviewers: {_one_line(rule.review)}"] if rule.review else []
    described: Json = {
        "id": rule.id,
        "shortDescription": {"text": _one_line(rule.title)},
        "fullDescription": {"text": why},
        "help": {"text": "\n\n".join(paragraphs), "markdown": "\n\n".join(map(_emphasize_label, paragraphs))},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {
            # GitHub shows a security severity of results with this tag only.
            "tags": ["security", *rule.applies],
            "security-severity": _SECURITY_SEVERITY[rule.severity],
            **({"case": rule.case} if rule.case else {}),
        },
    }
    links = [address for _, address in map(split_reference, rule.references) if address]
    return {**described, "helpUri": quote(links[0], safe=_SAFE_IN_URI + ":#[]")} if links else described


def _emphasize_label(paragraph: str) -> str:
    """Return a paragraph of a SARIF rule that begins with a label and a colon as Markdown, the label in bold."""
    label, _, text = paragraph.partition(": ")
    return f"**{label}:** {_MARKDOWN_SPECIAL.sub(_ESCAPED, text)}"


def _result_json(
    group: FindingGroup, rules: Mapping[str, int], cards: Mapping[Ref, Place], targets: Sequence[str]
) -> Json:
    """Return the SARIF result of a group of findings.

    Args:
        group: What the result says.
        rules: The index of each rule in the log.
        cards: The card of each subject whose findings have no place: code scanning services refuse a result without
            one.
        targets: What was scanned.
    """
    finding, flagged = group.first, group.is_flagged
    subject = printable(subject_label(finding.ref))
    where = _location_json(group.place(cards), targets)
    fingerprint = _partial_fingerprint(finding)
    return {
        "ruleId": finding.rule,
        **({"ruleIndex": rules[finding.rule]} if finding.rule in rules else {}),
        # "open": there was not enough to decide; the standard then wants level "none" (3.27.9, 3.27.10).
        "kind": "fail" if flagged else "open",
        "level": group.severity if flagged else "none",
        "message": {"text": printable(f"{subject}: {'; '.join(group.facts)}", MAX_MESSAGE_LENGTH)},
        "locations": [{**where, "logicalLocations": [{"fullyQualifiedName": subject, "kind": "resource"}]}],
        # GitHub compares the second, which ends with a count of equal lines.
        "partialFingerprints": {"auditorSubject/v1": fingerprint, "primaryLocationLineHash": f"{fingerprint}:1"},
        "properties": {"outcome": finding.outcome, "severity": group.severity},
    }


def _accepted_results(report: Report, rules: Mapping[str, int]) -> Iterator[Json]:
    """Yield a suppressed SARIF result for each rule, subject and entry of a baseline that accepts findings."""
    groups: dict[tuple[Ref, str, BaselineEntry], list[Finding]] = {}
    for finding, entry in report.accepted.findings[:MAX_RESULTS]:
        groups.setdefault((finding.ref, finding.rule, entry), []).append(finding)
    cards = report.card_places({ref for ref, _, _ in groups})
    for (_, _, entry), findings in groups.items():
        group = FindingGroup(tuple(findings[:MAX_FACTS]), len(findings))
        result = _result_json(group, rules, cards, report.targets)
        text = printable(f"{entry.owner}, until {entry.expires}: {entry.reason}", 1000)
        # Others of the rule and subject may be open: the two results must not be taken for one.
        print_ = _partial_fingerprint(findings[0])
        prints = {"auditorSubject/v1": f"{print_}:accepted", "primaryLocationLineHash": f"{print_}:2"}
        suppressions = [{"kind": "external", "status": "accepted", "justification": text}]
        yield {**result, "partialFingerprints": prints, "suppressions": suppressions}


def _partial_fingerprint(finding: Finding) -> str:
    """Return the fingerprint by which code scanning recognises a SARIF result again."""
    parts = (finding.rule, finding.kind, finding.subject, finding.outcome)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _location_json(place: Place, targets: Sequence[str]) -> Json:
    """Return the SARIF location of a place: a path from where the command ran, and a line, the first if none is known.

    Without a place it is the first target.
    """
    path = local_path(place.uri, targets)
    uri = Path(path).as_uri() if os.path.isabs(path) else _relative_uri(path)
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": max(place.line, 1)}}}


_MARKDOWN_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~]")
_ESCAPED = r"\\\g<0>"
_SAFE_IN_URI = "/%!$&'()*+,;=@~"


def _relative_uri(uri: str) -> str:
    """Return a relative URI reference for SARIF (RFC 3986): a file's name cannot become a scheme or a host."""
    found = re.match(r"(?:hf|s3|gs|abfs)://", uri)
    scheme = found.group() if found else ""
    bare = uri[len(scheme) : MAX_URI_LENGTH]
    stray = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", bare if scheme else bare.lstrip("/"))
    return scheme + quote(stray.encode("utf-8", "backslashreplace"), safe=_SAFE_IN_URI)


def _notifications_json(report: Report, left_out: Counter[Severity]) -> Iterator[Json]:
    """Yield the SARIF notifications of a report: results left out, gaps and what else was not checked."""
    if left_out:
        parts = severity_counts(left_out)
        text = f"Results left out, beyond {MAX_RESULTS:,} (rules by subjects): {parts}. The JSON report has them all."
        yield _notification_json("left-out", "warning", text)
    for text in (*guidance.advice_lines(report), *acceptance_sentences(report)):
        yield _notification_json("advice", "note", text)
    for line in group_gaps(report.gaps, 1)[:MAX_NOTIFICATIONS]:
        place = line.examples[0][1].place
        where = {"locations": [_location_json(place, report.targets)]} if place.uri else {}
        yield {**_notification_json(line.what, "warning", line.sentence), **where}
    for reason, number in sorted(report.tally.reasons.items())[:MAX_NOTIFICATIONS]:
        yield _notification_json("file", "note", f"{number:,} × {printable(reason)}")


def _notification_json(name: str, level: str, text: str) -> Json:
    """Return one SARIF notification."""
    known = {"descriptor": {"id": name}} if name in NOTIFICATION_KINDS else {}
    return {"level": level, "message": {"text": text}, **known}


def _one_line(text: str) -> str:
    """Return a text of the SARIF report on one line."""
    return printable(" ".join(text.split()), 2000)


def _rfc3339(time: str) -> str:
    """Return the time as SARIF wants it: RFC 3339 in UTC, ending in Z."""
    return re.sub(r"(\+00:00)?$", "", time).removesuffix("Z") + "Z"
