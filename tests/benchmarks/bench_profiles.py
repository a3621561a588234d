"""How many subjects of real model and dataset cards have an error or a warning, by profile.

    python tests/benchmarks/bench_profiles.py FOLDER...    [--show PROFILE RULE...]

Every subject of the folders is judged by every shipped profile. Aims over ordinary model cards: gate at most 2 % with
an error and 50 % with a warning, hub 25 %, default 3 %. ``--show`` lists the subjects of these rules' findings.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from auditor.pipeline.audit import audit
from auditor.pipeline.reevaluate import reevaluate
from auditor.pipeline.report import Report

PROFILES = ("default", "hub", "gate", "research", "search")


def subjects_with(report: Report, *severities: str) -> set[tuple[str, str]]:
    """Return the subjects that have a finding of one of these severities."""
    return {(f.kind, f.subject) for f in report.findings if f.outcome == "FLAGGED" and f.severity in severities}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--show", nargs="+", default=[], metavar="PROFILE RULE")
    arguments = parser.parse_args()
    total = 0
    errors: Counter[str] = Counter()
    above: Counter[str] = Counter()
    rules: dict[str, Counter[tuple[str, str]]] = {profile: Counter() for profile in PROFILES}
    with tempfile.TemporaryDirectory() as temporary:
        for at, folder in enumerate(arguments.folders):
            run = Path(temporary) / f"run-{at}"
            total += sum(audit(folder, out=run).subjects.values())
            for profile in PROFILES:
                report = reevaluate([run], profile=profile, out=Path(temporary) / f"{profile}-{at}")
                errors[profile] += len(subjects_with(report, "error"))
                above[profile] += len(subjects_with(report, "error", "warning"))
                flagged = {(f.severity, f.rule, f.subject) for f in report.findings if f.outcome == "FLAGGED"}
                rules[profile].update((severity, rule) for severity, rule, _ in flagged if severity != "note")
                if profile in arguments.show[:1]:
                    for severity, rule, subject in sorted(flagged):
                        if rule in arguments.show[1:] or severity in arguments.show[1:]:
                            print(f"{profile} {severity} {rule} {subject}")
    for profile in PROFILES:
        share, worse = errors[profile] / total, above[profile] / total
        print(f"{profile}: {share:.1%} of {total:,} subjects have an error, {worse:.1%} a warning or worse")
        for (severity, rule), number in rules[profile].most_common():
            print(f"    {severity} {rule}: {number}")


if __name__ == "__main__":
    main()
