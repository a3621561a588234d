"""Make ``tests/data/ordinary``, a small dataset as people publish them: ``python -m tests.data.make_ordinary``.

Nothing in it is hard to read, so a scan of it must exit 0: see ``tests/test_ordinary.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from tests.pictures import jpeg, landscape

ORDINARY = Path(__file__).parent / "ordinary"

TEXTS = {
    "README.md": (
        "---\nlicense: cc-by-4.0\ntask_categories:\n- image-classification\npretty_name: Hills\n---\n# Hills\n\n"
        "Six drawings of hills, made by a program for tests.\n\n"
        "The homepage is https://hills.example/ and questions go to hills@hills.example.\n"
    ),
    "LICENSE": "Creative Commons Attribution 4.0 International\n\nhttps://creativecommons.org/licenses/by/4.0/\n",
    ".gitattributes": "*.jpg -text\n*.png -text\n*.npy -text\n*.parquet -text\n",
    ".gitignore": "__pycache__/\n",
    "labels.csv": "file,class,share\n" + "".join(f"{n}.jpg,{n % 3},{n / 7:.3f}\n" for n in range(6)),
    "classes.txt": "hill\nvalley\nlake\n",
    "train.py": (
        "import numpy as np\n\n\ndef main() -> None:\n"
        '    vectors = np.load("embeddings.npy", allow_pickle=False)\n    print(vectors.mean())\n\n\nmain()\n'
    ),
    "settings.yaml": "seed: 1\nepochs: 3\nlearning_rate: 0.001\n",
    "tokenizer.json": json.dumps(
        {"version": "1.0", "model": {"type": "BPE", "vocab": {"hill": 0, "lake": 1}, "merges": ["h i", "l l"]}},
        indent=1,
    ),
    "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n" + "".join(f"word{n}\n##part{n}\n" for n in range(200)),
    "dataset_infos.json": json.dumps(
        {
            "default": {
                "features": {"label": {"dtype": "int64", "_type": "Value"}},
                "splits": {"train": {"num_examples": 6}},
            }
        }
    ),
    "log.txt": "".join(f"epoch {n} loss {1 / (n + 1):.4f}\n" for n in range(30)),
}


def make(folder: Path) -> None:
    """Write the dataset into a folder."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    vectors = np.random.default_rng(1).normal(size=(6, 32)).astype(np.float32)
    np.save(folder / "embeddings.npy", vectors)
    table = {"id": list(range(6)), "label": [n % 3 for n in range(6)], "embedding": vectors.tolist()}
    pq.write_table(pa.table(table), folder / "embeddings.parquet")
    for number in range(6):
        (folder / "images" / f"{number}.jpg").write_bytes(jpeg(landscape(number)))
    Image.new("RGB", (64, 64), "white").save(folder / "images" / "blank.png")


if __name__ == "__main__":
    make(ORDINARY)
