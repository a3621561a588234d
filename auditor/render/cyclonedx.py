"""The CycloneDX 1.7 ML-BOM: models and datasets with licences, parents, training data, files, and who says what.

Every field that a file or a text states has a citation that names the file. Digests are those of models' files, never
of samples. What rules found is annotated. At most :data:`MAX_SUBJECTS` models and datasets are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TextIO

from auditor.model import Ref, Statement, Subject
from auditor.pipeline.report import Report
from auditor.printable import printable
from auditor.reporting.acceptances import acceptance_sentences
from auditor.reporting.coverage import accounting_sentences, files_left_out, missing_lists
from auditor.reporting.finding_groups import most_severe_groups, severity_counts
from auditor.reporting.labels import subject_label
from auditor.reporting.redaction import report_notice
from auditor.reporting.render_options import RenderOptions
from auditor.reporting.report_summary import group_gaps
from auditor.reporting.stated_subjects import read_stated_subjects

HELP = "CycloneDX 1.7 ML-BOM: models, data, licences, parents, and who says each field"
SUFFIXES = (".cdx.json",)
SHOWS_PLACES = False  # a bill of materials is handed on
AUDIENCE = "author"
MAX_SUBJECTS = 5000
MAX_ANNOTATIONS = 5000
MAX_GAPS = 500
TOOL = "auditor"  # the bom-ref of this program

_HASHES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512", "blake3": "BLAKE3"}
# Statements that CycloneDX has no field for; they become properties of the model card or of the dataset.
_PROPERTIES = (
    "base_family",
    "clause",
    "contact",
    "data_size",
    "date",
    "evaluation",
    "gating",
    "generates",
    "intended_use",
    "language",
    "library",
    "limitations",
    "modality",
    "prohibited_use",
    "safety",
    "sourced_from",
    "tag",
    "training_data",
)
_PARAMETERS = {"task": "task", "architecture": "modelArchitecture", "base_family": "architectureFamily"}
# What this program derives; everything else is said by the file at the statement's place.
_DERIVED_SOURCES = frozenset({"lineage", "vocabulary", "scan", "known", ""})
_STATED = frozenset(
    {*_PROPERTIES, "task", "architecture", "licence", "licence_id", "base_model", "trained_on", "artefact", "provider"}
)
_SPDX_OPERATORS = frozenset({"AND", "OR", "WITH"})

Json = dict[str, object]


def render(report: Report, out: TextIO, options: RenderOptions) -> None:
    """Write the bill of materials. The same run gives the same serial number."""
    import uuid

    bom = _Bom(report).build(report_notice(report, options))
    content = json.dumps(bom, ensure_ascii=True, allow_nan=False, sort_keys=True)
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"urn:provenance-auditor:bom:{content}")
    head: Json = {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
    }
    json.dump({**head, **bom}, out, ensure_ascii=True, allow_nan=False, indent=1)
    out.write("\n")


@dataclass(slots=True)
class _Citations:
    """Who says which fields of a bill of materials: JSON pointers by the bom-ref of the source and its name."""

    pointers: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, source: str, note: str, pointer: str) -> None:
        """Attribute a field to a source."""
        self.pointers.setdefault((source, note), []).append(pointer)

    def to_json(self, timestamp: str) -> list[Json]:
        """Return the citations of CycloneDX."""
        return [
            {"pointers": pointers, "timestamp": timestamp, "attributedTo": source, "note": note}
            for (source, note), pointers in self.pointers.items()
        ]


class _Bom:
    """Builds a bill of materials from a report and the facts of its run."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._subjects, self._left_out = read_stated_subjects(report, _STATED, MAX_SUBJECTS)
        self._refs: dict[Ref, str] = {}
        for kind in ("model", "dataset"):
            numbered = [subject.ref for subject in self._subjects if subject.kind == kind]
            self._refs |= {ref: f"{kind}-{number}" for number, ref in enumerate(numbered, 1)}
        # A card names no revision: the first of a dataset's revisions stands for it.
        self._datasets = {ref.name: name for ref, name in reversed(self._refs.items()) if ref.kind == "dataset"}
        self._citations = _Citations()

    def build(self, notice: str) -> Json:
        """Return the bill of materials without its head."""
        report = self._report
        components = [self._component(subject, number) for number, subject in enumerate(self._subjects)]
        return {
            "metadata": self._metadata(notice),
            "components": components,
            "compositions": self._compositions(),
            "annotations": self._annotations(),
            "citations": self._citations.to_json(report.finished),
        }

    def _metadata(self, notice: str) -> Json:
        """Return who made the bill of materials from what, and what was not read."""
        report = self._report
        tool = {"type": "application", "bom-ref": TOOL, "name": "auditor", "version": report.version}
        extensions = [
            {"type": "library", "name": printable(one.distribution), "version": printable(one.version)}
            for one in {(one.distribution, one.version): one for one in report.policy.extensions}.values()
        ]
        properties = [("notice", notice), *zip(("files", "samples"), accounting_sentences(report), strict=True)]
        properties += [("target", printable(target)) for target in report.targets]
        properties += [("policy", report.policy.fingerprint), ("profile", printable(report.policy.profile))]
        if self._left_out:
            properties.append(("left out", f"{self._left_out:,} models and datasets beyond {MAX_SUBJECTS:,}"))
        properties += (("left out", printable(text)) for text in files_left_out(report))
        properties += (("not matched", text) for text in missing_lists(report))
        properties += (("accepted", text) for text in acceptance_sentences(report))
        properties += [("not read", line.sentence) for line in group_gaps(report.gaps, 1)[:MAX_GAPS]]
        return {
            "timestamp": report.finished,
            "tools": {"components": [tool, *extensions]},
            "properties": _properties(properties),
        }

    def _component(self, subject: Subject, number: int) -> Json:
        """Return a model or dataset with what is stated of it."""
        at, name = f"/components/{number}", self._refs[subject.ref]
        files = _Files(subject, name)
        component: Json = {
            "type": "machine-learning-model" if subject.kind == "model" else "data",
            "bom-ref": name,
            "name": printable(subject.name),
        }
        if subject.revision:
            component["version"] = printable(subject.revision, 1000)
        cite = _Citer(self._citations, files, at)
        if provider := next(subject.statements_for("provider"), None):
            component["supplier"] = {"name": printable(provider.value)}
            cite(provider, "/supplier/name")
        if licences := list(_licences(subject)):
            component["licenses"] = [licence for licence, _ in licences]
            for index, (_, statement) in enumerate(licences):
                cite(statement, f"/licenses/{index}")
        properties = _one_per_value(subject.statements_for(*_PROPERTIES))
        if subject.kind == "model":
            if ancestors := _one_per_value(one for one in subject.statements_for("base_model") if one.value):
                component["pedigree"] = {"ancestors": [_ancestor(one) for one in ancestors]}
                for index, statement in enumerate(ancestors):
                    cite(statement, f"/pedigree/ancestors/{index}")
            if card := self._model_card(subject, properties, cite):
                component["modelCard"] = card
        else:
            data: Json = {"type": "dataset", "name": printable(subject.name)}
            component["data"] = [data]
            if properties:
                component["properties"] = _statement_properties(properties, cite, "/properties")
        if listed := files.to_json():
            component["components"] = listed
        return component

    def _model_card(self, subject: Subject, properties: Sequence[Statement], cite: _Citer) -> Json:
        """Return the model card of a model: task, architecture, training data and what else is stated."""
        parameters: Json = {}
        for key, name in (
            ("task", "task"),
            ("architecture", "modelArchitecture"),
            ("base_family", "architectureFamily"),
        ):
            if statement := next(subject.statements_for(key), None):
                parameters[name] = printable(statement.value)
                cite(statement, f"/modelCard/modelParameters/{name}")
        if trained := _one_per_value(subject.statements_for("trained_on")):
            parameters["datasets"] = [self._dataset(statement.value) for statement in trained]
            for index, statement in enumerate(trained):
                cite(statement, f"/modelCard/modelParameters/datasets/{index}")
        card: Json = {"modelParameters": parameters} if parameters else {}
        if properties:
            card["properties"] = _statement_properties(properties, cite, "/modelCard/properties")
        return card

    def _dataset(self, name: str) -> Json:
        """Return a training dataset: a reference if it is in this bill of materials."""
        if reference := self._datasets.get(name):
            return {"ref": reference}
        return {"type": "dataset", "name": printable(name)}

    def _compositions(self) -> list[Json]:
        """Return which models and datasets are incomplete, as something was not read; of the others it is unknown."""
        unread = {ref for ref, _ in self._report.gaps if ref in self._refs}
        groups = {
            "incomplete": [name for ref, name in self._refs.items() if ref in unread],
            "unknown": [name for ref, name in self._refs.items() if ref not in unread],
        }
        return [{"aggregate": aggregate, "assemblies": names} for aggregate, names in groups.items() if names]

    def _annotations(self) -> list[Json]:
        """Return the findings of rules, as notes of this program, and how many are left out."""
        report = self._report
        groups, left_out = most_severe_groups(report, MAX_ANNOTATIONS)
        texts = [
            (
                [self._refs.get(group.first.ref, TOOL)],
                f"{group.severity if group.is_flagged else 'unchecked'}: {printable(group.first.rule)}: "
                f"{subject_label(group.first.ref) if group.first.ref not in self._refs else ''}"
                f"{'; '.join(group.facts)}",
            )
            for group in groups
        ]
        if left_out:
            texts.append(([TOOL], f"left out: {severity_counts(left_out)} (rules by subjects)"))
        annotator = {"component": {"type": "application", "name": "auditor", "version": report.version}}
        return [
            {"subjects": subjects, "annotator": annotator, "timestamp": report.finished, "text": text}
            for subjects, text in texts
        ]


class _Files:
    """The files of a model or dataset that state something, or whose digests are known, as components."""

    def __init__(self, subject: Subject, owner: str) -> None:
        self._owner = owner
        self._components: dict[str, Json] = {}
        for statement in subject.statements_for("artefact"):
            algorithm, _, value = statement.value.partition(":")
            if (name := _HASHES.get(algorithm)) and re.fullmatch("[0-9a-f]+", value):
                hashes = self._file(statement.place.uri or statement.relation).setdefault("hashes", [])
                if (known := {"alg": name, "content": value}) not in hashes:  # type: ignore[operator]
                    hashes.append(known)  # type: ignore[attr-defined]

    def reference(self, uri: str) -> str:
        """Return the bom-ref of the file at a place."""
        return str(self._file(uri)["bom-ref"])

    def to_json(self) -> list[Json]:
        """Return the components, in the order in which they were named."""
        return list(self._components.values())

    def _file(self, uri: str) -> Json:
        """Return the component of a file, added if it is new."""
        number = len(self._components) + 1
        return self._components.setdefault(
            uri, {"type": "file", "bom-ref": f"{self._owner}-file-{number}", "name": printable(uri, 1000)}
        )


@dataclass(frozen=True, slots=True)
class _Citer:
    """Attributes fields of one component to the files that state them, or to this program where it derived them."""

    citations: _Citations
    files: _Files
    at: str

    def __call__(self, statement: Statement, pointer: str) -> None:
        """Attribute the field at a pointer below the component."""
        is_derived = statement.source in _DERIVED_SOURCES or not statement.place.uri
        source = TOOL if is_derived else self.files.reference(statement.place.uri)
        self.citations.add(source, printable(statement.source or "derived"), f"{self.at}{pointer}")


@lru_cache(maxsize=1)
def _spdx_ids() -> Mapping[str, str]:
    """Return the SPDX ids of the licences that the shipped vocabulary knows, by its own ids."""
    from auditor.policy.vocabularies import load_vocabularies

    known = load_vocabularies().licences.by_id
    return {name: licence.spdx for name, licence in known.items() if licence.spdx}


def _is_spdx_expression(text: str) -> bool:
    """Return whether a text is an SPDX expression of several licences that are all known."""
    words = re.sub(r"[()]", " ", text).split()
    known = {*_spdx_ids().values(), *_SPDX_OPERATORS}
    return not _SPDX_OPERATORS.isdisjoint(words) and all(word in known for word in words)


def _licences(subject: Subject) -> Iterator[tuple[Json, Statement]]:
    """Yield the licences that are declared, once each: an SPDX expression or id, else a name."""
    expressions = [one for one in subject.statements_for("licence") if _is_spdx_expression(one.value)]
    for statement in _one_per_value(expressions):
        yield {"expression": statement.value, "acknowledgement": "declared"}, statement
    if expressions:
        return
    stated = _one_per_value(subject.statements_for("licence_id")) or _one_per_value(subject.statements_for("licence"))
    for statement in stated:
        spdx = _spdx_ids().get(statement.value)
        named = {"id": spdx} if spdx else {"name": printable(statement.value)}
        yield {"license": {**named, "acknowledgement": "declared"}}, statement


def _ancestor(statement: Statement) -> Json:
    """Return the model that a model was made from, and how."""
    how = f"{statement.relation} of this model" if statement.relation else "made from this model"
    return {
        "type": "machine-learning-model",
        "name": printable(statement.value),
        "properties": _properties([("relation", how)]),
    }


def _one_per_value(statements: Iterable[Statement]) -> list[Statement]:
    """Return the first statement of each key, value and relation."""
    return list({(one.key, one.value, one.relation): one for one in reversed(list(statements))}.values())[::-1]


def _statement_properties(statements: Sequence[Statement], cite: _Citer, pointer: str) -> list[Json]:
    """Return statements as properties, and cite who says each."""
    for index, statement in enumerate(statements):
        cite(statement, f"{pointer}/{index}")
    return _properties(
        (one.key, f"{printable(one.value)} ({printable(one.relation)})" if one.relation else printable(one.value))
        for one in statements
    )


def _properties(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    """Return name-value pairs as properties of CycloneDX, in this program's namespace."""
    return [{"name": f"auditor:{name.replace(' ', '-')}", "value": value} for name, value in pairs]
