"""One filled template, written in many ways: each field is read as it is, or is said not to be."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.benchmarks.bench_summaries import score
from tests.readers.summary_renderings import CHOICES, MODALITIES, REMOVALS, RENDERINGS, SECTIONS, Filled, Style

IDS = ("acme/leaves", "allenai/dolma", "HuggingFaceFW/fineweb-2", "rajpurkar/squad_v2", "openassistant/oasst2")
MODELS = ("acme/tree", "Qwen/Qwen2.5-0.5B", "mistralai/mistral-nemo-instruct-2407", "facebook/opt-125m")
_EXAMPLES = 12  # of each rendering: nothing is shrunk, since a summary is read whole


@st.composite
def filled_templates(draw: st.DrawFn) -> Filled:
    """Draw the answers of a filled template."""
    names = st.lists(st.sampled_from(IDS), min_size=1, max_size=3, unique=True).map(tuple)
    models = st.lists(st.sampled_from(MODELS), min_size=1, max_size=2, unique=True).map(tuple)
    used = draw(st.sets(st.sampled_from(MODALITIES), min_size=1))
    return Filled(
        answers={number: draw(st.booleans()) for number, *_ in SECTIONS},
        provider=draw(st.sampled_from(("Leaf Works Ltd", "Brenta S.p.A.", "Université de la Forêt", "Halden AS"))),
        model=draw(st.sampled_from(("Leaf-7B v1.2", "Oak 2", "brenta-small-0.9"))),
        base=draw(st.one_of(st.just(()), models)),
        datasets=draw(names),
        generators=draw(models),
        modalities=tuple(name for name in MODALITIES if name in used),
        band=draw(st.integers(0, 2)),
        latest=(draw(st.integers(2022, 2026)), draw(st.integers(1, 12))),
        removal=draw(st.sampled_from(sorted(REMOVALS))),
    )


STYLES = st.builds(Style, st.booleans(), st.booleans(), st.integers(0, 5), st.sampled_from(CHOICES))


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_a_filled_template_is_read_as_it_was_filled_in_however_it_is_written(rendering: str) -> None:
    if rendering.startswith("Word"):
        pytest.importorskip("docx")
    if rendering.startswith("PDF"):
        pytest.importorskip("pypdf")

    @settings(max_examples=_EXAMPLES, derandomize=True, phases=(Phase.explicit, Phase.generate))
    @given(filled_templates(), STYLES)
    def check(filled: Filled, style: Style) -> None:
        name, data = RENDERINGS[rendering](filled, style)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            fields = score(filled.truth(), path)
        bad = [field for field in fields if field.outcome in ("wrong", "missed")]
        assert not bad, f"{rendering}, {style}:\n{data[:4000].decode('utf-8', 'replace')}\n{bad}"

    check()
