"""Make ``docs/rules.md`` from the rules: ``python -m tests.make_rule_docs``.

``tests/cli/test_rule_docs.py`` compares the page with the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from auditor.model import Rule
from auditor.policy.profiles import Profile, read_profiles
from auditor.policy.rule_files import read_rules

PAGE = Path(__file__).parents[1] / "docs" / "rules.md"
INTRODUCTION = """\
# Rules

What the auditor judges by, made from [the rules](../rules/README.md) by `python -m tests.make_rule_docs`.
`auditor rules explain RULE` also shows the facts that a rule reads, and its examples. The severity is that of the
profile `default`; where other [profiles](#profiles) differ, they are named.
"""
GROUNDS = {
    None: "opens no case",
    "linked": "opens a case (linked)",
    "exposed": "opens a case (exposed)",
    "report": "opens a case (report)",
}


def rules_page() -> str:
    """Return the page."""
    rules = read_rules(())
    profiles = read_profiles((), rules)
    known = [rule for rule, _ in rules.values()]
    return "\n".join(
        [INTRODUCTION, *_profiles(profiles.values()), *_overview(known), *_sections(known, profiles.values())]
    )


def _profiles(profiles: Iterable[Profile]) -> Iterator[str]:
    yield "## Profiles\n\n| profile | for |\n|---|---|"
    for profile in profiles:
        yield f"| `{profile.name}` | {_line(profile.description)} |"
    yield ""


def _overview(rules: Iterable[Rule]) -> Iterator[str]:
    yield "## All rules\n\n| rule | title |\n|---|---|"
    for rule in rules:
        yield f"| [{rule.id}](#{rule.id}) | {_line(rule.title)} |"
    yield ""


def _sections(rules: Iterable[Rule], profiles: Iterable[Profile]) -> Iterator[str]:
    profiles = list(profiles)
    for rule in rules:
        yield f"## {rule.id}\n\n**{_line(rule.title)}**\n"
        ground = GROUNDS.get(rule.case, f"opens a case ({rule.case})")
        yield f"Judges {', '.join(rule.applies)}; {ground}. {_severities(rule, profiles)}\n"
        yield f"{_line(rule.why)}\n"
        yield f"*What the owner can do.* {_line(rule.fix)}\n"
        if rule.review:
            yield f"*What reviewers, platforms and search services do.* {_line(rule.review)}\n"
        if rule.references:
            yield "\n".join(f"* {_line(reference)}" for reference in rule.references) + "\n"


def _severities(rule: Rule, profiles: Iterable[Profile]) -> str:
    """Say the rule's severity, and the profiles in which it has another one."""
    others = sorted((profile.severity(rule), profile.name) for profile in profiles if profile.name != "default")
    different = [
        f"{severity} in {', '.join(name for _, name in names)}"
        for severity, names in groupby(others, key=lambda pair: pair[0])
        if severity != rule.severity
    ]
    return f"Severity: {'; '.join([rule.severity, *different])}."


def _line(text: str) -> str:
    """Return a text as one line of Markdown in which nothing is HTML."""
    return " ".join(text.split()).replace("<", "&lt;").replace("|", "\\|")


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(rules_page(), encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
