"""Parse untrusted YAML 1.2 in bounded time and memory: size, depth and the growth of aliases are checked first."""

from __future__ import annotations

import re

import ryaml

from auditor.errors import Unreadable

MAX_YAML_LENGTH = 1 << 20  # characters; the largest block among 55,000 cards has 63,608 bytes
MAX_YAML_DEPTH = 100
_ANCHOR = re.compile(r"(?:^|[\s,\[{:-])&\w", re.M)
_ALIAS = re.compile(r"(?:^|[\s,\[{:-])\*\w", re.M)
_BRACKET = re.compile(r"[\[\]{}]")


def load_yaml(text: str) -> tuple[object, str]:
    """Parse YAML 1.2.

    If ryaml fails (duplicate keys, numbers beyond 128 bits), PyYAML parses the text, with the booleans and nulls of
    YAML 1.2 and every other scalar as it is written.

    Returns:
        The value, and what is doubtful about it, or "".

    Raises:
        Unreadable: The text is not YAML, or exceeds a limit.
    """
    if len(text) > MAX_YAML_LENGTH:
        raise Unreadable(f"longer than {MAX_YAML_LENGTH:,} characters")
    _check_brackets(text)
    if "&" in text and "*" in text and _ANCHOR.search(text) and _ALIAS.search(text):
        from auditor.syntax import irregular_yaml  # rarely needed, and slow to import

        irregular_yaml.check_events(text)
    try:
        return ryaml.loads(text), ""
    except ValueError as error:
        first = str(error)
    if "recursion limit" in first:
        raise Unreadable(f"nested more than {MAX_YAML_DEPTH} deep")
    from auditor.syntax import irregular_yaml

    return irregular_yaml.load_irregular_yaml(
        text
    ), f"its metadata is doubtful: {first}; the last value is used" if "duplicate" in first else ""


def _check_brackets(text: str) -> None:
    """Raise Unreadable if YAML flow collections are nested too deep."""
    # libyaml's scanner takes quadratic time over nested flow collections; ryaml stops only at the end of it.
    if text.count("[") + text.count("{") <= MAX_YAML_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.findall(text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        if depth > MAX_YAML_DEPTH:
            raise Unreadable(f"nested more than {MAX_YAML_DEPTH} deep")
