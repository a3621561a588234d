"""Reads evaluation results that the hub keeps beside a model (``.eval_results/*.yaml``): what it was evaluated on.

Each file is a list of results with the dataset, its task, the value, the date and who says so (huggingface.co/docs/hub/
eval-results).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.blob import Blob, Unread
from auditor.errors import Unreadable
from auditor.model import Gap, Place, Statement, Subject
from auditor.part_builders.file_parts import read_file_parts
from auditor.part_builders.read_options import ReadOptions
from auditor.parts import MAX_VALUE_CHARACTERS, Part, PartlyRead
from auditor.readers import ReaderExample
from auditor.syntax.card_keys import metadata_values
from auditor.syntax.plain_json import find_line
from auditor.syntax.safe_yaml import MAX_YAML_LENGTH, load_yaml
from auditor.syntax.text_encoding import decode_text

UNREAD_GAP = "card"
FOLDER = ".eval_results"
# Hundreds of results of one model are known; more are not read.
MAX_RESULTS = 1000


def claims(blob: Blob, head: bytes) -> int:
    """Claim YAML files in the folder of evaluation results."""
    is_result = blob.uri.rpartition("/")[0].rpartition("/")[2] == FOLDER and blob.suffix in (".yaml", ".yml")
    return 70 if is_result else 0


def read(blobs: Iterable[Blob], options: ReadOptions) -> Iterator[Part | PartlyRead | Unread]:
    """Yield what each file of evaluation results states."""
    return read_file_parts(blobs, part, MAX_YAML_LENGTH + 1)


def part(blob: Blob, data: bytes) -> Part:
    """Return the datasets that the evaluation results in ``data`` name, and their dates. Raises :class:`Unreadable`."""
    text, encoding_gap = decode_text(data)
    results, doubt = load_yaml(text)
    if not isinstance(results, list):
        raise Unreadable("is not a list of evaluation results")
    gaps = [why for why in (encoding_gap, doubt) if why]
    if len(results) > MAX_RESULTS:
        gaps.append(f"names more than {MAX_RESULTS:,} results")
    subject = blob.ref("model")
    statements = tuple(
        Statement(
            key,
            value[:MAX_VALUE_CHARACTERS],
            relation,
            Place(blob.uri, find_line(text, value)),
            "evaluation results",
            remark,
        )
        for key, value, relation, remark in dict.fromkeys(_iter_statements(results[:MAX_RESULTS]))
    )
    return Part(
        Subject(
            "model",
            subject.name,
            subject.revision,
            statements,
            tuple(Gap("card", why, Place(blob.uri)) for why in gaps),
        )
    )


def _iter_statements(results: Iterable[object]) -> Iterator[tuple[str, str, str, str]]:
    """Yield the key, value, relation and remark of what each evaluation result states; others are passed over."""
    for result in results:
        dataset = result.get("dataset") if isinstance(result, Mapping) else None
        if not isinstance(result, Mapping) or not isinstance(dataset, Mapping):
            continue
        source = result.get("source")
        author = metadata_values(source.get("name") or source.get("url")) if isinstance(source, Mapping) else []
        remark = f"reported by {author[0][:MAX_VALUE_CHARACTERS]}" if author else ""
        for name in metadata_values(dataset.get("id"))[:1]:
            yield "evaluation", name, "", remark
            for date in metadata_values(result.get("date"))[:1]:
                yield "date", date[:10], "evaluated", name


EXAMPLES = (
    ReaderExample(
        ".eval_results/benchmark.yaml",
        b"- dataset:\n    id: acme/benchmark\n    task_id: hard\n  value: 63.3\n  date: '2026-02-03'\n"
        b"  source:\n    name: Model card\n",
        states=(("evaluation", "acme/benchmark", ""), ("date", "2026-02-03", "evaluated")),
    ),
    ReaderExample(".eval_results/benchmark.yaml", b"a: b\n", unread="is not a list of evaluation results"),
)
