"""Write numbers with their nouns."""

from __future__ import annotations


def pluralize(noun: str, number: int) -> str:
    """Return the noun in the plural, unless the number is one; "terms" is one already."""
    if number == 1 or noun == "terms":
        return noun
    if noun.endswith("copy"):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "ch")) else f"{noun}s"


def count_with_noun(number: int, noun: str) -> str:
    """Return a number with its noun, such as "1,200 samples"."""
    return f"{number:,} {pluralize(noun, number)}"
