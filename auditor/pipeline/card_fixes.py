"""Find what can be added to the cards of a run without inventing anything, and write it.

Only what another part of the same repository states already is added: a licence that its text or licence file states,
a base model that its configuration, weights' header or text names, datasets that its text links. Where the terms do not
prohibit the sexual exploitation of minors, a paragraph is added that the clause check finds clear. What is stated is
never changed, and every other byte of the card stays.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from auditor.disk_sync import sync_folder
from auditor.errors import Unreadable
from auditor.model import Ref
from auditor.pipeline.report import Report
from auditor.safe_open import open_regular_file
from auditor.syntax.card_keys import intended_key
from auditor.syntax.front_matter import Card, split_card
from auditor.target_paths import target_that_holds
from auditor.terms.assess import SUGGESTED_PARAGRAPH
from auditor.terms.licences import Licence

MAX_CARD_BYTES = 4 << 20  # a larger card is not edited
# Ids that the hub accepts (huggingface/hub-docs: docs/hub/repositories-licenses.md); others need `license: other`.
HUB_LICENCES = frozenset(
    """afl-3.0 agpl-3.0 apache-2.0 apple-amlr apple-ascl artistic-2.0 bigcode-openrail-m bigscience-bloom-rail-1.0
    bigscience-openrail-m bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc cc-by-2.0 cc-by-2.5
    cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
    cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0
    cdla-permissive-2.0 cdla-sharing-1.0 creativeml-openrail-m deepfloyd-if-license ecl-2.0 epl-1.0 epl-2.0 etalab-2.0
    eupl-1.1 eupl-1.2 fair-noncommercial-research-license gemma gfdl gpl gpl-2.0 gpl-3.0 h-research intel-research isc
    lgpl lgpl-2.1 lgpl-3.0 lgpl-lr llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 lppl-1.3c mit mpl-2.0 ms-pl ncsa
    odbl odc-by ofl-1.1 openrail openrail++ osl-3.0 pddl postgresql unlicense wtfpl zlib""".split()
)
_LICENCE_KEYS = ("license", "licenses", "licence", "license_name", "license_link")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
NEWLINE = "\n"
_FACT_KEYS = ("card", "licence", "licence_in_text", "licence_text", "base_model", "trained_on", "clause")
# Whatever a rule says of the base model makes its name doubtful.
_BASE_RULES = frozenset({"base-disagrees-with-weights", "header-card-base-disagree", "lookalike-name"})


@dataclass(frozen=True, slots=True)
class CardFix:
    """What is added to one card.

    Attributes:
        path: The card.
        before: Its bytes.
        after: Its bytes with what is added.
        changes: What is added, and who states it already, a sentence each.
    """

    path: Path
    before: bytes
    after: bytes
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Fact:
    key: str
    value: str
    relation: str
    source: str
    place: str


@dataclass(frozen=True, slots=True)
class _Addition:
    """A key of the metadata to add (empty: a paragraph below the text), its values, and who states it."""

    key: str
    values: tuple[str, ...]
    stated_by: str


def find_card_fixes(report: Report, licences: Mapping[str, Licence]) -> Iterator[CardFix | str]:
    """Yield what can be added to the cards of a run on this machine, and a sentence for each card that is not edited.

    A card that needs nothing yields nothing.

    Args:
        report: The report of the run.
        licences: The licences of the vocabulary by id, which tell whether one prohibits the exploitation of minors.
    """
    doubtful = {finding.ref for finding in report.findings if finding.rule in _BASE_RULES}
    for ref, facts in sorted(_facts_by_subject(report).items()):
        cards = {fact.place.rpartition(":")[0] for fact in facts if fact.key == "card"}
        additions = tuple(_find_additions(ref, facts, licences, is_base_doubtful=ref in doubtful))
        if len(cards) != 1 or not additions:
            continue
        (uri,) = cards
        try:
            if fix := _fix_card(_card_path(uri, report.targets), additions):
                yield fix
        except (Unreadable, OSError) as error:
            yield f"{uri}: nothing is added: {getattr(error, 'strerror', None) or error}"


def write_card_fix(fix: CardFix) -> None:
    """Write a fixed card whole or not at all, with the mode of the file that it replaces.

    Raises:
        Unreadable: The card has changed since it was read, or is a link now.
        OSError: It cannot be written.
    """
    if _read_card(fix.path) != fix.before:
        raise Unreadable("the card has changed since it was read")
    handle, name = tempfile.mkstemp(prefix=".auditor-", dir=fix.path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(fix.after)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(fix.path, name)
        os.replace(name, fix.path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(fix.path.parent)


def _facts_by_subject(report: Report) -> Mapping[Ref, list[_Fact]]:
    """Return the facts that fixes are made from, of each model and dataset."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.dataset as pads

    paths = sorted(map(str, report.facts.glob("*.parquet"))) if report.facts else []
    if not paths:
        return {}
    wanted = pc.field("key").isin(pa.array(_FACT_KEYS)) & pc.field("kind").isin(pa.array(["model", "dataset"]))
    columns = ["kind", "name", "revision", "key", "value", "relation", "source", "uri", "line"]
    found: dict[Ref, list[_Fact]] = {}
    for row in pads.dataset(paths).to_table(columns, filter=wanted).to_pylist():
        place = f"{row['uri']}:{row['line']}"
        fact = _Fact(row["key"], row["value"], row["relation"], row["source"], place)
        found.setdefault(Ref(row["kind"], row["name"], row["revision"]), []).append(fact)
    return found


def _find_additions(
    ref: Ref, facts: list[_Fact], known: Mapping[str, Licence], *, is_base_doubtful: bool
) -> Iterator[_Addition]:
    """Yield what one part of a repository states and its card does not; what parts state differently is left out."""
    licences = [
        fact for fact in facts if (fact.key, fact.relation) in {("licence_in_text", "alone"), ("licence_text", "exact")}
    ]
    others = {fact.value for fact in facts if fact.key in ("licence_in_text", "licence_text")}
    stated = any(fact.key == "licence" for fact in facts)
    clauses = {fact.value for fact in facts if fact.key == "clause"}
    if not stated and len(others) == 1 and licences and licences[0].value in HUB_LICENCES:
        yield _Addition("license", (licences[0].value,), licences[0].place)
        clauses.add(known[licences[0].value].clause)  # once the metadata names it, this counts
    for key, metadata_key in (("base_model", "base_model"), ("trained_on", "datasets")):
        named = [fact for fact in facts if fact.key == key]
        values = tuple(dict.fromkeys(fact.value for fact in named))
        if ref.kind != "model" or not named or any(fact.source == "card" for fact in named):
            continue
        if not all(map(_REPOSITORY.fullmatch, values)):
            continue
        if key == "base_model":
            is_merge = all(fact.relation == "merge" for fact in named)
            if is_base_doubtful or (len(values) > 1 and not is_merge):
                continue
        yield _Addition(metadata_key, values, named[0].place)
    if clauses == {"absent"}:
        yield _Addition("", (SUGGESTED_PARAGRAPH,), "")


def _card_path(uri: str, targets: tuple[str, ...]) -> Path:
    """Return the path of a card in a target. Raises Unreadable if it is not a file of a local target itself."""
    if "://" in uri or "!/" in uri:
        raise Unreadable("it is not a file on this machine")
    candidates = [Path(target if os.path.isdir(target) else os.path.dirname(target), uri) for target in targets]
    if len(targets) > 1:  # then a place begins with the name of its target
        candidates += [Path(target, uri.partition("/")[2]) for target in targets]
    found = [path for path in candidates if os.path.lexists(path)]
    if len(found) != 1:
        raise Unreadable("it cannot be told which file this is")
    (path,) = found
    real = Path(os.path.realpath(path))
    if real != Path(os.path.realpath(path.parent)) / path.name or not target_that_holds(real, targets):
        raise Unreadable("a link leads to it")
    return path


def _read_card(path: Path) -> bytes:
    """Return the bytes of a card. Raises Unreadable or OSError."""
    with open(path, "rb", opener=open_regular_file) as file:
        data = file.read(MAX_CARD_BYTES + 1)
    if len(data) > MAX_CARD_BYTES:
        raise Unreadable(f"it has more than {MAX_CARD_BYTES:,} bytes")
    return data


def _fix_card(path: Path, additions: tuple[_Addition, ...]) -> CardFix | None:
    """Return a card with what is added; None if it states all of it already."""
    before = _read_card(path)
    try:
        text = before.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("it is not UTF-8") from error
    newline = "\r\n" if "\r\n" in text else "\n"
    plain = text.replace("\r\n", "\n")
    if "\r" in plain or plain.replace("\n", newline) != text:
        raise Unreadable("its lines end in different ways")
    card = split_card(plain)
    if card.warnings or card.placement == "late-front-matter":
        raise Unreadable("its metadata is not a block of YAML at its beginning")
    keys = {intended_key(key) for key in card.metadata} | card.metadata.keys()
    taken = {one.key: _LICENCE_KEYS if one.key == "license" else (one.key,) for one in additions}
    new = [one for one in additions if one.key and keys.isdisjoint(taken[one.key])]
    paragraphs = [one for one in additions if not one.key and SUGGESTED_PARAGRAPH not in plain]
    if not new and not paragraphs:
        return None
    fixed = _add_metadata(plain, card, {one.key: one.values for one in new})
    for one in paragraphs:
        fixed += f"{'' if fixed.endswith(NEWLINE) else NEWLINE}\n## Prohibited use\n\n{one.values[0]}\n"
    changes = [f"{one.key}: {', '.join(one.values)} (stated in {one.stated_by})" for one in new]
    changes += ["a paragraph that prohibits the sexual exploitation of minors" for _ in paragraphs]
    return CardFix(path, before, fixed.replace("\n", newline).encode(), tuple(changes))


def _add_metadata(text: str, card: Card, values: Mapping[str, tuple[str, ...]]) -> str:
    """Return a card's text with keys added at the end of its metadata. Raises Unreadable if it would read otherwise."""
    if not values:
        return text
    added = "".join(
        f"{key}: {names[0]}\n" if len(names) == 1 and key != "datasets" else f"{key}:\n{_yaml_list(names)}"
        for key, names in values.items()
    )
    if card.placement == "none":
        mark = "\ufeff" if text.startswith("\ufeff") else ""  # a byte order mark stays first
        fixed = f"{mark}---\n{added}---\n\n{text.removeprefix(mark)}"
    else:
        lines = text.split("\n")
        end = card.first_line - 1 + len(card.lines)
        fixed = "\n".join([*lines[:end], *added[:-1].split("\n"), *lines[end:]])
    expected = {key: list(names) if len(names) > 1 or key == "datasets" else names[0] for key, names in values.items()}
    read = split_card(fixed)
    if read.warnings or dict(read.metadata) != {**card.metadata, **expected}:
        raise Unreadable("its metadata cannot be extended line by line")
    return fixed


def _yaml_list(names: tuple[str, ...]) -> str:
    """Return names as a list of YAML."""
    return "".join(f"- {name}\n" for name in names)
