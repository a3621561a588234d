"""From what runs found to cases for people: one for each ground and set of weights, and what each rests on.

A case keeps the facts that its reasons follow from, so that it can be judged again without any one of them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import RunError, UsageError
from auditor.extensions import Extension
from auditor.lineage.artefacts import is_shared_component
from auditor.model import STATEMENT_KEYS, Case, Digest, Finding, Ground, Ref, Rule, Statement, Subject
from auditor.pipeline.audit import ListSummary, PolicySummary, Report, report
from auditor.policy.evaluate import evaluate_subject
from auditor.policy.load import Policy, load_policy
from auditor.review import reviewers, serialization
from auditor.review.case_state import State
from auditor.review.decisions import STRENGTHS, Fact, ListSource, Reason, Strength
from auditor.review.ledger import Act, Ledger

if TYPE_CHECKING:
    import pyarrow as pa

# Cases whose facts are read at a time.
CHUNK = 2_000
_TENSORS = "sha256-tensors"
# The relations of ``known_content`` that expose a model trained on the data: computed from bytes, not claimed.
EXPOSING = ("exact", "near")
# Whose word a fact is, the weakest first: what anyone can write in a card weighs less than what we computed.
WORDS: Mapping[str, str] = {
    "card": "the publisher's card",
    "card-text": "the publisher's card",
    "stated": "what is stated of the model",
    "configuration": "the publisher's configuration",
    "manifest": "digests that a manifest declares",
    "header": "the weights file's header",
    "weights": "the weights, as compared",
    "list": "a list's holder",
    "computed": "digests computed from the files",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening the cases of a run changed: ids of cases. ``unweighed`` have no digest of any weights file."""

    new: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()  # of the new ones: other weights of a subject that has a case
    joined: tuple[str, ...] = ()  # cases that got a re-upload or a reason
    unchanged: tuple[str, ...] = ()
    unweighed: tuple[str, ...] = ()

    def __add__(self, other: Opened) -> Opened:
        return Opened(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Found:
    """A case as a run shows it: subjects with the same weights, and the reasons on any of them."""

    ground: Ground
    subject: Ref
    copies: tuple[Ref, ...]
    digests: tuple[Digest, ...]
    weights: str
    reasons: tuple[Reason, ...]
    facts: tuple[Fact, ...]

    @property
    def id(self) -> str:
        parts = (self.ground, self.subject.kind, self.subject.name, self.weights or self.subject.revision)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Without:
    """What would be left of a case if this fact were wrong: reasons that fall, and whether any stays."""

    fact: Fact
    lost: tuple[Reason, ...]
    falls: bool


@dataclass(frozen=True, slots=True)
class Rests:
    """What a case rests on: each fact in turn left out, and the smallest set that opens it by itself.

    ``same_policy``: were the rules, the profile and the vocabularies the ones it was opened under?
    """

    without: tuple[Without, ...]
    smallest: tuple[Fact, ...]
    same_policy: bool


def open_cases(ledger: Ledger, run: str | os.PathLike[str], *, rules: Sequence[Path] = ()) -> Opened:
    """Open the cases of a finished run, or let them join the cases there are.

    The same weights under another name join their case; a commit that leaves weights and reasons as they were
    changes nothing; other weights of a subject that has a case open a linked one. ``rules`` are the further
    folders that the run was judged by. Raises :class:`auditor.errors.AuditorError`.
    """
    folder = Path(run)
    made = report(folder)
    policy = policy_of(made.policy, rules)
    if policy.fingerprint != made.policy.fingerprint:
        raise UsageError(
            f"{folder}: was judged by other rules than these; name its rules with --rules, "
            f"or judge it again: auditor judge {folder} --out DIR"
        )
    if made.cases and not any(known["fingerprint"] == policy.fingerprint for known in ledger.policies()):
        ledger.record(Act("policy", "", reviewers.MACHINE, _policy(made)))
    opened = Opened()
    for start in range(0, len(made.cases), CHUNK):
        opened += _open(ledger, found(folder, made.cases[start : start + CHUNK], policy, made.policy.lists), made)
    return opened


def policy_of(summary: PolicySummary | Mapping[str, Any], rules: Sequence[Path] = ()) -> Policy:
    """The policy that a run or a ledger names, from the rules as they are now; fingerprints tell whether it is."""
    if isinstance(summary, PolicySummary):
        return load_policy(tuple(rules), summary.profile, summary.lists, summary.extensions)
    lists = tuple(ListSummary(**known) for known in summary["lists"])
    extensions = tuple(Extension(*one) for one in summary.get("extensions", ()))
    return load_policy(tuple(rules), summary["profile"], lists, extensions)


def _policy(made: Report) -> dict[str, Any]:
    shown = ("id", "title", "severity", "case", "why", "fix", "review", "references")
    return {
        "fingerprint": made.policy.fingerprint,
        "profile": made.policy.profile,
        "version": made.version,
        "lists": [asdict(known) for known in made.policy.lists],
        **({"extensions": made.policy.extensions} if made.policy.extensions else {}),
        "rules": [{name: getattr(rule, name) for name in shown} for rule in made.policy.rules if rule.case],
    }


def _open(ledger: Ledger, candidates: Iterable[Found], made: Report) -> Opened:
    acts: dict[str, Act] = {}
    opened = Opened()
    for candidate in candidates:
        act, change = _act(ledger, candidate, made)
        if act and act.case in acts:  # another of this chunk has the same weights: let it be recorded first
            ledger.record(*acts.values())
            acts = {}
            act, change = _act(ledger, candidate, made)
        if act:
            acts[act.case] = act
        opened += change
    if acts:
        ledger.record(*acts.values())
    return opened


def _act(ledger: Ledger, candidate: Found, made: Report) -> tuple[Act | None, Opened]:
    content: dict[str, Any] = {
        "reasons": [serialization.of(reason) for reason in candidate.reasons],
        "facts": [serialization.of(fact) for fact in candidate.facts],
        "digests": [serialization.of(digest) for digest in candidate.digests],
        "copies": [serialization.of(copy) for copy in candidate.copies],
        "policy": made.policy.fingerprint,
        "version": made.version,
    }
    unweighed = () if candidate.weights else (candidate.id,)
    same = _same(ledger, candidate)
    if same is None:
        linked = _linked(ledger, candidate)
        content |= {
            "ground": candidate.ground,
            "subject": serialization.of(candidate.subject),
            "weights": candidate.weights,
            "linked": linked,
        }
        change = Opened(new=(candidate.id,), linked=(candidate.id,) if linked else (), unweighed=unweighed)
        return Act("opened", candidate.id, reviewers.MACHINE, content), change
    known = {(ref.kind, ref.name) for ref in (same.subject, *same.copies, *same.joined)}
    copies = [ref for ref in (candidate.subject, *candidate.copies) if (ref.kind, ref.name) not in known]
    said = {_key(reason) for reason in same.reasons}
    real = {_key(reason) for reason in same.reasons if not reason.test_lists}
    # A list of known content may find again what only a test list had found.
    reasons = [reason for reason in candidate.reasons if _key(reason) not in (said if reason.test_lists else real)]
    if not copies and not reasons:
        return None, Opened(unchanged=(same.id,), unweighed=unweighed)
    content |= {
        "copies": [serialization.of(ref) for ref in copies],
        "reasons": [serialization.of(reason) for reason in reasons],
    }
    return Act("joined", same.id, reviewers.MACHINE, content), Opened(joined=(same.id,), unweighed=unweighed)


def _key(reason: Reason) -> tuple[str, str, str]:
    return reason.rule, reason.subject.name, reason.fact


def _same(ledger: Ledger, candidate: Found) -> State | None:
    """The case of these weights; where digests are missing on a side, the one of this name and revision."""
    if candidate.weights:
        for case in ledger.cases_of(candidate.ground, weights=candidate.weights):
            return ledger.state(case)
    for case in ledger.cases_of(candidate.ground, name=candidate.subject.name):
        state = ledger.state(case)
        unknown = not candidate.weights or not state.weights
        before = Ref(state.subject.kind, state.subject.name, candidate.subject.revision)
        if unknown and before == state.subject and before.kind == candidate.subject.kind:
            return state
    return None


def _linked(ledger: Ledger, candidate: Found) -> str:
    """The newest case of another set of weights of this subject, or with a weights file in common."""
    cases = ledger.cases_of(candidate.ground, name=candidate.subject.name)
    for digest in candidate.digests if not cases else ():
        cases += ledger.cases_of(candidate.ground, digest=str(digest))
    return cases[-1] if cases else ""


# Reading a run


def found(folder: Path, cases: Sequence[Case], policy: Policy, lists: Sequence[ListSummary] = ()) -> Iterator[Found]:
    """The cases of a run with the facts they rest on and the digests of their weights.

    ``lists`` are those of the run: who holds a list of models stands with each reason that follows from it.
    """
    holders = {known.name: known.holder for known in lists}
    named = {ref.name for case in cases for ref in (case.ref, *case.copies)}
    grounds = case_policy(policy)
    subjects, edges = _facts(folder, named, _keys(grounds))
    for case in cases:
        by_weights: dict[str, list[Ref]] = {}
        for ref in (case.ref, *case.copies):
            key = _weights(_digests(subjects, ref))
            by_weights.setdefault(key or f"{ref.name}\0{ref.revision}", []).append(ref)
        for refs in by_weights.values():
            findings = [reason for reason in case.reasons if reason.ref in refs]
            if findings:
                yield _found(case.ground, refs, findings, subjects, edges, grounds, folder, holders)


def _found(
    ground: Ground,
    refs: Sequence[Ref],
    findings: Sequence[Finding],
    subjects: Mapping[tuple[str, str], tuple[Subject, ...]],
    edges: Mapping[str, tuple[tuple[str, str], ...]],
    policy: Policy,
    folder: Path,
    holders: Mapping[str, str],
) -> Found:
    facts = tuple(dict.fromkeys(fact for finding in findings for fact in _rests_on(finding.ref, subjects, edges)))
    reasons = []
    for finding in findings:
        enough = smallest(facts, policy, ground, finding)
        if not enough:
            raise RunError(f"{folder}: {finding.subject} cannot be judged again by its facts; run auditor judge again")
        test_lists = _test_lists(finding, facts, enough, policy, ground)
        reasons.append(replace(_reason(finding, enough, holders), test_lists=test_lists))
    reasons.sort(key=lambda reason: (list(STRENGTHS).index(reason.strength), reason.rule, reason.subject, reason.fact))
    subject = findings[0].ref
    digests = tuple(sorted({d for ref in refs for files in _digests(subjects, ref).values() for d in files}))
    copies = tuple(ref for ref in refs if ref != subject)
    return Found(ground, subject, copies, digests, _weights(_digests(subjects, subject)), tuple(reasons), facts)


def _facts(
    folder: Path, named: set[str], keys: frozenset[str]
) -> tuple[dict[tuple[str, str], tuple[Subject, ...]], dict[str, tuple[tuple[str, str], ...]]]:
    """What is stated of these subjects and of the datasets they were trained on; and which those are, by whose word."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as pads
    import pyarrow.parquet as pq

    from auditor.facts import FACTS_SCHEMA, subjects_from_rows

    graph = pq.read_table(folder / "derived" / "edges.parquet")
    graph = graph.filter(pc.is_in(graph["child"], pa.array(sorted(named), pa.string())))
    graph = graph.filter(pc.equal(graph["relation"], "trained-on"))
    edges: dict[str, set[tuple[str, str]]] = {}
    for row in graph.to_pylist():
        edges.setdefault(row["child"], set()).add((row["parent"], row["source"]))
    asked = sorted(named | {parent for pairs in edges.values() for parent, _ in pairs})
    files = [str(path) for path in (*sorted((folder / "facts").glob("*.parquet")), folder / "derived/derived.parquet")]
    table: pa.Table = pads.dataset(files, schema=FACTS_SCHEMA, format="parquet").to_table(
        filter=pc.field("name").isin(asked) & pc.field("key").isin(sorted(keys | {"artefact", "known_content"}))
    )
    stated: dict[tuple[str, str], tuple[Subject, ...]] = {}
    for subject in subjects_from_rows(table):
        stated[subject.kind, subject.name] = (*stated.get((subject.kind, subject.name), ()), subject)
    return stated, {child: tuple(sorted(pairs)) for child, pairs in edges.items()}


def _stated(subjects: Mapping[tuple[str, str], tuple[Subject, ...]], ref: Ref) -> Iterator[Statement]:
    for subject in subjects.get((ref.kind, ref.name), ()):
        if subject.revision in ("", ref.revision) or not ref.revision:
            yield from subject.statements


def _rests_on(
    ref: Ref,
    subjects: Mapping[tuple[str, str], tuple[Subject, ...]],
    edges: Mapping[str, tuple[tuple[str, str], ...]],
) -> Iterator[Fact]:
    """The facts of a subject that rules of cases read. ``exposed`` is taken apart into what it was derived from.

    That is never a match that a manifest only claims.
    """
    exposing = set()
    for statement in _stated(subjects, ref):
        if statement.key == "exposed":
            exposing.add(statement.value)
        elif statement.key != "artefact":
            yield Fact(ref, statement)
    for dataset, source in edges.get(ref.name, ()):
        if dataset in exposing:
            yield Fact(ref, Statement("trained_on", dataset, "", source=source))
    for dataset in sorted(exposing):
        for subject in subjects.get(("dataset", dataset), ()):
            yield from (
                Fact(subject.ref, said) for said in subject.statements_for("known_content") if said.relation in EXPOSING
            )


def _digests(subjects: Mapping[tuple[str, str], tuple[Subject, ...]], ref: Ref) -> dict[str, list[Digest]]:
    """The digests of a subject's weights files, by file; without the parts that unlike models share as they are."""
    files: dict[str, list[Digest]] = {}
    for statement in _stated(subjects, ref):
        if statement.key == "artefact" and not is_shared_component(statement.place.uri):
            algorithm, _, value = statement.value.partition(":")
            files.setdefault(statement.place.uri, []).append(Digest(algorithm, value))
    return files


def _weights(files: Mapping[str, Sequence[Digest]]) -> str:
    """The identity of a set of weights: of all its files, whatever their headers say. "" where none is known.

    All of them, so that nobody can draw a model into a case by publishing a copy of one of its files beside others.
    """
    digests = sorted({max(found, key=lambda digest: digest.algorithm == _TENSORS).value for found in files.values()})
    return hashlib.sha256("\n".join(digests).encode()).hexdigest() if digests else ""


def _reason(finding: Finding, facts: Sequence[Fact], holders: Mapping[str, str]) -> Reason:
    strength = min((_strength(fact.statement) for fact in facts), key=list(STRENGTHS).index)
    words = sorted({word for fact in facts for word in _words(fact.statement)}, key=_weight)
    named = sorted({fact.statement.value for fact in facts if fact.statement.key == "known_model"})
    lists = tuple(ListSource(name, holders.get(name, "")) for name in named)
    severity, remark = finding.severity, finding.remark
    return Reason(finding.rule, finding.ref, finding.fact, severity, strength, tuple(words), remark, lists=lists)


# What a relation of ``known_model`` shows. Any other is a lead.
_MODEL_STRENGTHS: Mapping[str, Strength] = {
    "same-weights": "listed",
    "name": "by-name",
    "same-autov3": "short",
    "dedicated": "derived",
    "same-values": "alike",  # values were sampled: whoever holds the list confirms it before a decision
}


def _test_lists(
    finding: Finding, facts: Sequence[Fact], enough: Sequence[Fact], policy: Policy, ground: Ground
) -> tuple[str, ...]:
    """Return the test lists that a finding cannot do without, whatever else the profile treats them as.

    Args:
        finding: What a rule flagged.
        facts: All facts of its case.
        enough: The facts of which the finding needs every one.
        policy: The rules that open cases, and the lists as they were declared.
        ground: The ground of the case.
    """
    names = {known.name for known in policy.lists if known.means == "test"}
    others = [fact for fact in facts if fact.list not in names]
    if len(others) == len(facts) or (finding.rule, finding.subject, finding.fact) in _judged(others, policy, ground):
        return ()
    return tuple(sorted({fact.list for fact in enough} & names))


def _strength(statement: Statement) -> Strength:
    if statement.key == "known_model":
        return _MODEL_STRENGTHS.get(statement.relation, "stated")
    if statement.key == "known_content":
        return "near" if statement.relation == "near" else "exact"
    return "stated"


def _words(statement: Statement) -> Iterator[str]:
    """Whose word it is. A match is the list holder's word and that of whoever gave what was compared."""
    if statement.key in ("known_content", "known_model"):
        yield "list"
        yield (
            "computed"
            if statement.relation in _COMPUTED
            else "manifest"
            if statement.relation in _CLAIMED
            else "stated"
        )
    else:
        yield statement.source


# Relations of what was compared by bytes that were here.
_COMPUTED = frozenset({*EXPOSING, "same-weights", "same-autov3", "same-values"})

# Relations of what was compared by a digest that a manifest or a pointer only declares.
_CLAIMED = frozenset({"claimed-exact", "claimed-near", "claimed-weights"})


def _weight(word: str) -> tuple[int, str]:
    order = list(WORDS)
    return (order.index(word) if word in order else 0, word)


# Judging again


def case_policy(policy: Policy) -> Policy:
    """The rules that open cases, alone."""
    rules = tuple(rule for rule in policy.rules if rule.case)
    return replace(policy, rules=rules, fingerprint=f"{policy.fingerprint} cases")


def rests(state: State, policy: Policy) -> Rests:
    """What a case rests on, judged by this policy without each of its facts in turn."""
    rules = case_policy(policy)
    whole = _judged(state.facts, rules, state.ground)
    without = []
    for fact in state.facts:
        left = _judged([other for other in state.facts if other is not fact], rules, state.ground)
        lost = tuple(reason for reason in state.reasons if _key(reason) in whole - left)
        without.append(Without(fact, lost, not left))
    enough = [smallest(state.facts, rules, state.ground, reason) for reason in state.reasons]
    return Rests(tuple(without), min(filter(None, enough), key=len, default=()), policy.fingerprint == state.policy)


def smallest(facts: Sequence[Fact], policy: Policy, ground: Ground, reason: Reason | Finding) -> tuple[Fact, ...]:
    """Facts of which none can be spared for this reason to hold; () where all together do not make it hold.

    Where one of several would do, the strongest is kept.
    """
    name = reason.subject.name if isinstance(reason, Reason) else reason.subject
    key = (reason.rule, name, reason.fact)
    if key not in _judged(facts, policy, ground):
        return ()
    order = list(STRENGTHS)
    kept = sorted(facts, key=lambda f: (-order.index(_strength(f.statement)), _weight(f.statement.source)))
    for fact in tuple(kept):
        fewer = [other for other in kept if other is not fact]
        if key in _judged(fewer, policy, ground):
            kept = fewer
    return tuple(kept)


def _judged(facts: Iterable[Fact], policy: Policy, ground: Ground) -> set[tuple[str, str, str]]:
    """(rule, subject, fact) of what the rules flag on these facts alone."""
    stated: dict[Ref, list[Statement]] = {}
    for fact in facts:
        stated.setdefault(fact.subject, []).append(fact.statement)
    grounds = {rule.id: rule.case for rule in policy.rules}
    return {
        (finding.rule, finding.subject, finding.fact)
        for ref, statements in stated.items()
        for finding in evaluate_subject(
            Subject(ref.kind, ref.name, ref.revision, (*statements, *_exposed(statements, stated))), policy
        )
        if finding.outcome == "FLAGGED" and grounds[finding.rule] == ground
    }


def _exposed(statements: Sequence[Statement], stated: Mapping[Ref, Sequence[Statement]]) -> Iterator[Statement]:
    """What :mod:`auditor.lineage.exposure` derives: a model's own training data has matches by its bytes."""
    data = {statement.value for statement in statements if statement.key == "trained_on"}
    relations = {
        (ref.name, said.relation)
        for ref, others in stated.items()
        if ref.kind == "dataset" and ref.name in data
        for said in others
        if said.key == "known_content" and said.relation in EXPOSING
    }
    return (Statement("exposed", name, relation, source="lineage") for name, relation in sorted(relations))


def _keys(policy: Policy) -> frozenset[str]:
    """Every statement key that a rule of this policy reads."""
    return frozenset(key for rule in policy.rules for key in _named(rule))


def _named(rule: Rule) -> Iterator[str]:
    def words(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            for key, inner in value.items():
                yield from words(key)
                yield from words(inner)
        elif isinstance(value, (list, tuple)):
            for inner in value:
                yield from words(inner)

    return (word for word in (*words(rule.params), *rule.when) if word in STATEMENT_KEYS)
