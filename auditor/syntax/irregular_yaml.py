"""Parse YAML that ryaml refuses with PyYAML, which is five times slower, after its events were checked."""

from __future__ import annotations

import re
from typing import ClassVar

import yaml

from auditor.errors import Unreadable
from auditor.syntax.safe_yaml import MAX_YAML_DEPTH

MAX_SLOW_YAML_LENGTH = 1 << 18  # characters
MAX_YAML_NODES = 200_000  # nodes after aliases are followed


def load_irregular_yaml(text: str) -> object:
    """Return the value of a YAML text, scalars but booleans and nulls of YAML 1.2 as they are written.

    Raises:
        Unreadable: The text is not YAML, or exceeds a limit.
    """
    check_events(text)
    try:
        return yaml.load(text, Loader=_Yaml12Loader)  # a safe loader
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise Unreadable(_yaml_error_text(error)) from error


def _yaml_error_text(error: Exception) -> str:
    """Return the first line of a YAML parser's error message."""
    mark = getattr(error, "problem", None)
    return str(mark or error).splitlines()[0][:120]


def check_events(text: str) -> None:
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
