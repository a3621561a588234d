"""SARIF 2.1.0 (OASIS) for code scanning: one result for a rule and a subject, the heaviest first, never one a sample.

Code scanning services take a few thousand results, so at most :data:`RESULTS` are written and a notification
says how many are left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TextIO
from urllib.parse import quote

from auditor.errors import UsageError
from auditor.model import GAP_KINDS, SEVERITIES, Finding, Place, Rule, Severity
from auditor.pipeline.audit import Report
from auditor.printable import printable
from auditor.reporting import guidance, sharing
from auditor.reporting.options import Options
from auditor.reporting.summary import gap_lines, weight

HELP = "SARIF 2.1.0, for code scanning services and editors"
RESULTS = 5000
FACTS = 20  # of one rule and subject that a message tells
NOTIFICATIONS = 500
LONGEST = 2000  # characters of a URI

Json = dict[str, object]


def render(report: Report, out: TextIO, options: Options) -> None:
    """Write one log with one run; memory is bounded by :data:`RESULTS`."""
    if options.places:
        raise UsageError(
            "SARIF is made to be uploaded and never holds places; use --format terminal, json, csv or html"
        )
    shown = sharing.prepared(report, options)
    kept, left = _heaviest(shown)
    rules = {rule.id: number for number, rule in enumerate(shown.policy.rules)}
    run: Json = {
        "tool": {
            "driver": {
                "name": "auditor",
                "semanticVersion": shown.version,
                "rules": [_rule(rule) for rule in shown.policy.rules],
                "notifications": [
                    {"id": name, "shortDescription": {"text": text}}
                    for name, text in {
                        **GAP_KINDS,
                        "left-out": "results that are left out",
                        "advice": "what to do",
                    }.items()
                ],
            }
        },
        "invocations": [
            {
                "executionSuccessful": shown.complete,
                "startTimeUtc": _utc(shown.started),
                "endTimeUtc": _utc(shown.finished),
                "toolExecutionNotifications": list(_notifications(shown, left)),
            }
        ],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "notice": sharing.notice(report, options),
            "targets": [printable(target) for target in shown.targets],
            "policy": shown.policy.fingerprint,
            "counts": {
                name: f"{count.collected} collected = {count.scanned} scanned + {count.skipped} skipped + "
                f"{count.errored} errored{'' if count.is_balanced else ': does not add up'}"
                for name, count in (("files", shown.tally.files), ("samples", shown.tally.samples))
            },
            "lists": [
                {
                    "name": printable(one.name),
                    "version": printable(one.version),
                    "means": printable(one.means),
                    "entries": one.entries,
                }
                for one in shown.policy.lists
            ],
            "coverage": {printable(key): number for key, number in sorted(shown.tally.coverage.items())},
            "cases": [
                {"id": case.id, "ground": case.ground, "kind": case.kind, "subject": printable(case.subject)}
                for case in shown.cases[:RESULTS]
            ],
        },
        "results": [_result(result, rules) for result in kept],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    json.dump(log, out, ensure_ascii=True, allow_nan=False, indent=1)
    out.write("\n")


@dataclass(frozen=True, slots=True)
class _Group:
    """The findings of one rule, subject and outcome: the first ones, and how many."""

    findings: tuple[Finding, ...]
    number: int

    @property
    def severity(self) -> Severity:
        return self.findings[0].severity


def _groups(report: Report) -> Iterator[_Group]:
    for _, of_subject in groupby(report.findings, key=lambda finding: finding.ref):
        first: dict[tuple[str, str], list[Finding]] = {}
        numbers: Counter[tuple[str, str]] = Counter()
        for finding in of_subject:
            key = (finding.rule, str(finding.outcome))
            numbers[key] += 1
            few = first.setdefault(key, [])
            if len(few) < FACTS:
                few.append(finding)
        for key, few in first.items():
            yield _Group(tuple(few), numbers[key])


def _heaviest(report: Report) -> tuple[list[_Group], Counter[Severity]]:
    """At most :data:`RESULTS` groups, and how many of each severity are left out."""
    kept: dict[tuple[int, bool], list[_Group]] = {}
    total: Counter[Severity] = Counter()
    for group in _groups(report):
        total[group.severity] += 1
        alike = kept.setdefault(weight(group.findings[0]), [])
        if len(alike) < RESULTS:
            alike.append(group)
    chosen = [group for _, alike in sorted(kept.items(), reverse=True) for group in alike][:RESULTS]
    return chosen, total - Counter(group.severity for group in chosen)


def _rule(rule: Rule) -> Json:
    why = _prose(rule.why)
    said = [f"Why: {why}", f"What the owner can do: {_prose(rule.fix)}"]
    said += [f"For reviewers: {_prose(rule.review)}"] if rule.review else []
    described: Json = {
        "id": rule.id,
        "shortDescription": {"text": _prose(rule.title)},
        "fullDescription": {"text": why},
        "help": {"text": "\n\n".join(said)},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"tags": list(rule.applies), **({"case": rule.case} if rule.case else {})},
    }
    links = [address for _, address in map(guidance.reference, rule.references) if address]
    return {**described, "helpUri": quote(links[0], safe=_KEPT + ":#[]")} if links else described


def _result(group: _Group, rules: dict[str, int]) -> Json:
    finding = group.findings[0]
    flagged = finding.outcome == "FLAGGED"
    facts = [_fact(other) for other in group.findings]
    if group.number > len(facts):
        facts.append(f"and {group.number - len(facts):,} more")
    subject = printable(sharing.called(finding.ref))
    where = _location(finding.place)
    return {
        "ruleId": finding.rule,
        **({"ruleIndex": rules[finding.rule]} if finding.rule in rules else {}),
        # "open": there was not enough to decide; the standard then wants level "none" (3.27.9, 3.27.10).
        "kind": "fail" if flagged else "open",
        "level": group.severity if flagged else "none",
        "message": {"text": f"{subject}: {'; '.join(facts)}"},
        "locations": [{**where, "logicalLocations": [{"fullyQualifiedName": subject, "kind": "resource"}]}],
        "partialFingerprints": {"auditorSubject/v1": _identity(finding)},
        "properties": {"outcome": finding.outcome, "severity": group.severity},
    }


def _fact(finding: Finding) -> str:
    remark = f" ({printable(finding.remark)})" if finding.remark else ""
    return f"{printable(finding.fact)}{remark}"


def _identity(finding: Finding) -> str:
    parts = (finding.rule, finding.kind, finding.subject, finding.outcome)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _location(place: Place) -> Json:
    if not place.uri:
        return {}
    region = {"region": {"startLine": place.line}} if place.line else {}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(place.uri)}, **region}}


_KEPT = "/%!$&'()*+,;=@~"


def _uri(uri: str) -> str:
    """A relative URI reference (RFC 3986): no scheme or host can come of a file's name."""
    found = re.match(r"hf://", uri)
    scheme = found.group() if found else ""
    bare = uri[len(scheme) : LONGEST]
    stray = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", bare if scheme else bare.lstrip("/"))
    return scheme + quote(stray.encode("utf-8", "backslashreplace"), safe=_KEPT)


def _notifications(report: Report, left: Counter[Severity]) -> Iterator[Json]:
    if left:
        parts = ", ".join(f"{left[severity]:,} {severity}" for severity in reversed(SEVERITIES) if left[severity])
        text = f"Results left out, beyond {RESULTS:,} (rules by subjects): {parts}. The JSON report has them all."
        yield _notification("left-out", "warning", text)
    for text in guidance.advice(report):
        yield _notification("advice", "note", text)
    for line in gap_lines(report.gaps, 1)[:NOTIFICATIONS]:
        ref, gap = line.examples[0]
        example = printable(sharing.called(ref))
        text = f"{line.count:,} × {line.what}: {printable(line.why) or 'other reasons'}; for example {example}"
        where = _location(gap.place)
        yield {**_notification(line.what, "warning", text), **({"locations": [where]} if where else {})}
    for reason, number in sorted(report.tally.reasons.items())[:NOTIFICATIONS]:
        yield _notification("file", "note", f"{number:,} × {printable(reason)}")


def _notification(name: str, level: str, text: str) -> Json:
    known = {"descriptor": {"id": name}} if name in {*GAP_KINDS, "left-out", "advice"} else {}
    return {"level": level, "message": {"text": text}, **known}


def _prose(text: str) -> str:
    return printable(" ".join(text.split()), 2000)


def _utc(time: str) -> str:
    """The standard wants RFC 3339 in UTC, ending in Z."""
    return re.sub(r"(\+00:00)?$", "", time).removesuffix("Z") + "Z"
