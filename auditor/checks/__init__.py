"""Find the checks, and bind those that rules apply to a subject's statements. Each module of this package is one check.

Every module of this folder is a check with the duties of :class:`Check`; a module that lacks one is an error. The
parameters after ``*`` of its function ``ask`` are the rule's ``with`` table. Their annotations are the types of
:mod:`auditor.check_parameters` (``Key``, ``Where``, ``Fact`` …), which parse the table's values when the rule file is
read and refuse what cannot be used.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast, get_type_hints

from auditor.extensions import load_members
from auditor.model import Evidence, Statement
from auditor.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class CheckExample:
    """A rule's ``with`` table, the statements of a subject, and what the check must find."""

    params: Mapping[str, object]
    statements: tuple[Statement, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class Check(Protocol):
    """The interface of a check. Its name is the name of its module.

    A check is pure: it sees statements alone, and the order in which it yields evidence does not matter. A contract
    test runs its examples and feeds it junk.

    Attributes:
        HELP: One line that describes what the check looks for.
        EXAMPLES: At least one on which it finds something, and one on which it does not.
        TRIGGER: A parameter: the check finds nothing on a subject without a statement under any of its keys.
        FLAGS_ABSENCE: Whether it flags that something is not stated; what could not be read then leaves it open.
        SETTLED_BY: A parameter: the check finds nothing on a subject with a statement under one of its keys that
            accept any value ("": there is no such parameter).
        PLACE_KEY: A key that it always reads, to give the place of a finding ("": none).
    """

    HELP: str
    EXAMPLES: tuple[CheckExample, ...]
    TRIGGER: str
    FLAGS_ABSENCE: bool = False
    SETTLED_BY: str = ""
    PLACE_KEY: str = ""

    @property
    def ask(self) -> Callable[..., Iterator[Evidence]]:
        """Yield what the check finds among the statements of a subject: ``ask(stated, *, …)``."""


def checks() -> Mapping[str, Check]:
    """Return every check by name. Raises :class:`auditor.errors.ExtensionError` for a module that is not one."""
    return cast("Mapping[str, Check]", load_members(__name__, Check))


def bind_check(check: str, params: Mapping[str, object]) -> partial[Iterator[Evidence]]:
    """Return the check with a rule's ``with`` table bound to it. Raises :class:`ValueError` if they do not fit."""
    if check not in checks():
        similar = did_you_mean(check, checks())
        raise ValueError(f"check: there is no check {check!r}{similar}; there are {', '.join(checks())}")
    ask = checks()[check].ask
    types = get_type_hints(ask)
    parameters = [p for p in inspect.signature(ask).parameters.values() if p.kind is p.KEYWORD_ONLY]
    names = [parameter.name for parameter in parameters]
    for name in params:
        if name not in names:
            similar = did_you_mean(name, names)
            raise ValueError(f"with.{name}: {check!r} has no such parameter{similar}; it has {', '.join(names)}")
    given: dict[str, object] = {}
    for parameter in parameters:
        if parameter.name in params:
            try:
                given[parameter.name] = types[parameter.name].read(params[parameter.name])
            except ValueError as error:
                raise ValueError(f"with.{parameter.name}: {error}") from error
        elif parameter.default is parameter.empty:
            raise ValueError(f"with.{parameter.name}: missing, and {check!r} needs it")
    return partial(ask, **given)
