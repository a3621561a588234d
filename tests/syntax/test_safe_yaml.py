"""YAML 1.2 from outside gives plain values only."""

from __future__ import annotations

import pytest

from auditor.syntax.safe_yaml import load_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # YAML 1.2.2, 10.3.2: the core schema; YAML 1.1 reads these as false, 10, a date and 5400.
        ("no", "no"),
        ("012", "012"),
        ("2020-01-01", "2020-01-01"),
        ("1:30:00", "1:30:00"),
        ("true", True),
        ("~", None),
    ],
)
@pytest.mark.parametrize("twice", ["", "b: 1\nb: 1\n"], ids=["regular", "read by the second parser"])
def test_scalars_are_those_of_yaml_1_2(text: str, value: object, twice: str) -> None:
    read, _ = load_yaml(f"a: {text}\n{twice}")
    assert isinstance(read, dict)
    assert read["a"] == value


def test_yaml_tags_give_plain_values_only() -> None:
    value, _ = load_yaml("a: !!python/name:os.system x\nb: !!int nine\nb: !!timestamp never\nc: !!binary '*'\n")
    assert value == {"a": "x", "b": "never", "c": "*"}
