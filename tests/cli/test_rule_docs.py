"""docs/rules.md says what the rules say."""

from __future__ import annotations

from tests.make_rule_docs import PAGE, rules_page


def test_the_page_is_made_from_the_rules() -> None:
    message = "docs/rules.md differs from the rules: run python -m tests.make_rule_docs"
    assert PAGE.read_text(encoding="utf-8") == rules_page(), message
