"""Parse untrusted YAML 1.2 in bounded time and memory: size, depth and the growth of aliases are checked first."""

from __future__ import annotations

import re
from typing import ClassVar

import ryaml
import yaml

from auditor.errors import Unreadable

MAX_YAML_LENGTH = 1 << 20  # characters; the largest block among 55,000 cards has 63,608 bytes

MAX_SLOW_YAML_LENGTH = 1 << 18  # characters, if PyYAML must read it, which is five times slower

MAX_YAML_DEPTH = 100

MAX_YAML_NODES = 200_000  # nodes after aliases are followed

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
        _check_events(text)
    try:
        return ryaml.loads(text), ""
    except ValueError as error:
        first = str(error)
    if "recursion limit" in first:
        raise Unreadable(f"nested more than {MAX_YAML_DEPTH} deep")
    _check_events(text)
    try:
        value = yaml.load(text, Loader=_Yaml12Loader)  # a safe loader
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise Unreadable(_yaml_error_text(error)) from error
    return value, f"its metadata is doubtful: {first}; the last value is used" if "duplicate" in first else ""


def _yaml_error_text(error: Exception) -> str:
    """Return the first line of a YAML parser's error message."""
    mark = getattr(error, "problem", None)
    return str(mark or error).splitlines()[0][:120]


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


def _check_events(text: str) -> None:
    """Raise Unreadable unless the YAML text, with its aliases followed, is shallow and small."""
    if len(text) > MAX_SLOW_YAML_LENGTH:
        raise Unreadable(f"irregular, and longer than {MAX_SLOW_YAML_LENGTH:,} characters")
    sizes: dict[str, int] = {}
    stack: list[tuple[str | None, int]] = []  # anchor and nodes before it, of the collections that are open
    nodes = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):
                if event.anchor not in sizes:
                    raise Unreadable("an alias names no anchor, or one that holds the alias itself")
                nodes += sizes[event.anchor]
            elif isinstance(event, yaml.ScalarEvent):
                nodes += 1
                if event.anchor is not None:
                    sizes[event.anchor] = 1
            elif isinstance(event, yaml.CollectionStartEvent):
                stack.append((event.anchor, nodes))
                sizes.pop(event.anchor, None)
                nodes += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, before = stack.pop()
                if anchor is not None:
                    sizes[anchor] = nodes - before
            if nodes > MAX_YAML_NODES:
                raise Unreadable(f"more than {MAX_YAML_NODES:,} values once its aliases are followed")
            if len(stack) > MAX_YAML_DEPTH:
                raise Unreadable(f"nested more than {MAX_YAML_DEPTH} deep")
    except yaml.YAMLError as error:
        raise Unreadable(_yaml_error_text(error)) from error


class _Yaml12Loader(yaml.CSafeLoader):  # type: ignore[misc]
    """Reads null and booleans as YAML 1.2 defines them, and every other scalar as written, whatever its tag."""

    yaml_implicit_resolvers: ClassVar[dict[object, object]] = {}
    yaml_constructors: ClassVar[dict[object, object]] = {}
    yaml_multi_constructors: ClassVar[dict[object, object]] = {}

    def by_shape(self, node: yaml.Node) -> object:
        """Construct a plain dict, list or string, whatever the tag of the YAML node."""
        if isinstance(node, yaml.MappingNode):
            return self.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return self.construct_sequence(node, deep=True)
        return self.construct_scalar(node)


_Yaml12Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)

_Yaml12Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)

_Yaml12Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])

_Yaml12Loader.add_constructor("tag:yaml.org,2002:null", lambda loader, node: None)

_Yaml12Loader.add_constructor("tag:yaml.org,2002:bool", lambda loader, node: node.value.lower() == "true")

_Yaml12Loader.add_constructor(None, _Yaml12Loader.by_shape)
