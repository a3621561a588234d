"""Sketches of similar models are similar, and the sketch of a model does not depend on the names of its tensors."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.hashing.weight_sketch import normalize_vector, sketch_tensors


def model(seed: int, tensors: int) -> tuple[dict[str, tuple[int, ...]], dict[str, np.ndarray]]:
    random = np.random.default_rng(seed)
    shapes = {f"blocks.{number}.weight": (32, 8 * (1 + number % 3)) for number in range(tensors)}
    return shapes, {name: normalize_vector(random.normal(size=256).astype(np.float32)) for name in shapes}


def test_sketches_of_similar_models_are_similar_and_others_are_orthogonal() -> None:
    shapes, values = model(1, 60)
    random = np.random.default_rng(8)
    near = {
        name: normalize_vector(floats + random.normal(0, 0.02, 256).astype(np.float32))
        for name, floats in values.items()
    }
    cosine = float(np.mean([values[name] @ near[name] for name in shapes]))
    sketch = normalize_vector(sketch_tensors(shapes, values))
    assert float(sketch @ normalize_vector(sketch_tensors(shapes, near))) == pytest.approx(cosine, abs=0.05)
    assert abs(float(sketch @ normalize_vector(sketch_tensors(*model(2, 60))))) < 0.15


def test_a_sketch_does_not_depend_on_the_names_of_the_tensors() -> None:
    shapes, values = model(3, 12)
    renamed = {f"renamed.{name}": floats for name, floats in values.items()}
    sketch = sketch_tensors({f"renamed.{name}": shape for name, shape in shapes.items()}, renamed)
    assert np.array_equal(sketch, sketch_tensors(shapes, values))


def test_the_sketches_of_two_files_add_up_to_that_of_the_model() -> None:
    shapes, values = model(4, 12)
    names = list(values)
    halves = [sketch_tensors(shapes, {name: values[name] for name in part}) for part in (names[:5], names[5:])]
    assert np.allclose(halves[0] + halves[1], sketch_tensors(shapes, values), atol=1e-5)
