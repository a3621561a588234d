"""Makes the example hub beside it: ``python -m tests.data.make_hub``.

A small hub as a search service or researcher would meet it: a base model, fine-tunes of it, an adapter, a
merge, a re-upload, a companion chat model, and the datasets behind them. Every picture is an ordinary one
that ``tests/pictures.py`` draws. Three of them stand for known content: they are in ``known-pictures.csv``,
and datasets hold them resized and recompressed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import textwrap
from pathlib import Path

import numpy as np
from PIL import Image

from auditor.hashing.pdq import pdq
from tests.pictures import jpeg, landscape, objects, pattern
from tests.weights import safetensors_file

HERE = Path(__file__).resolve().parent
HUB = HERE / "hub"
LIST = HERE / "known-pictures.csv"
MODELS = HERE / "listed-models.csv"

PROHIBITION = (
    "You agree not to use the Model or derivatives of the Model for the purpose of exploiting, harming or "
    "attempting to exploit or harm minors in any way."
)

SUMMARY = """
    # Public Summary of Training Content

    Version of the Summary: 1.0. Last update: 12/2025

    | Section | Question | Answer |
    |---|---|---|
    | 1.1 | Provider name and contact details | Atelier, office@example.org |
    | 1.2 | Versioned model name(s) | Paint orchard 1.0 |
    | 1.2 | Model dependencies | Fine-tuned from other/aquarelle |
    | 1.2 | Licence | Apache-2.0 |
    | 1.3 | Image | Less than 1 million images |
    | 2.1 | Have you used publicly available datasets to train the model? | Yes |
    | 2.1 | List of large publicly available datasets | orchards/blossoms |
    | 2.3 | Were crawlers used by the provider or on behalf of? | No |
    | 2.5 | Was synthetic AI-generated data created by the provider? | No |
    | 3.2 | General description of measures taken | TO BE PROVIDED |
"""


def main(hub: Path = HUB, known_list: Path = LIST) -> None:
    """Write the hub and the list anew; the same bytes every time."""
    shutil.rmtree(hub, ignore_errors=True)
    originals = [landscape(101), objects(102), pattern(103)]
    _list(known_list, originals)
    _datasets(hub / "datasets", originals)
    _models(hub / "models")
    _listed(MODELS, hub / "models")


def _list(path: Path, originals: list[Image.Image]) -> None:
    table = io.StringIO()
    table.write("# name: known-pictures\n# version: 1\n# holder: the project's own tests\n# means: test\n")
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["id", "md5", "pdq"])
    for number, picture in enumerate(originals, 1):
        data = jpeg(picture, 92)
        rows.writerow(
            [f"entry-{number}", hashlib.md5(data).hexdigest(), pdq(np.asarray(picture.convert("L"))).digest.hex()]
        )
    path.write_text(table.getvalue(), encoding="utf-8")


def _listed(path: Path, models: Path) -> None:
    """A list of models: one for all purposes by its tensors' digest, one made for a purpose by its file's."""
    table = io.StringIO()
    table.write("# name: listed-models\n# version: 1\n# holder: the project's own tests\n# means: model\n")
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["id", "sha256", "sha256_tensors", "purpose", "authority", "confirmations"])
    base = (models / "northlight" / "paint-base" / "paint-base.safetensors").read_bytes()
    tensors = base[8 + int.from_bytes(base[:8], "little") :]
    rows.writerow(["model-1", "", hashlib.sha256(tensors).hexdigest(), "general", "", ""])
    tuned = (models / "atelier" / "paint-harbour" / "model.safetensors").read_bytes()
    rows.writerow(["model-2", hashlib.sha256(tuned).hexdigest(), "", "dedicated", "the project's own tests", 2])
    path.write_text(table.getvalue(), encoding="utf-8")


def _datasets(datasets: Path, originals: list[Image.Image]) -> None:
    scenes = datasets / "northlight" / "street-scenes"
    _card(
        scenes,
        """
        license: cc-by-4.0
        task_categories: [text-to-image]
        size_categories: [n<1K]
        """,
        """
        # Dataset Card for Street scenes

        ## Dataset Summary
        Drawings of hills, towns and tables, with captions, gathered from public galleries.
        """,
    )
    pictures = {f"scene-{seed:02}.jpg": jpeg(landscape(seed, (240, 180)), 85) for seed in range(1, 11)}
    pictures["scene-11.jpg"] = jpeg(originals[0].resize((300, 225)), 70)
    pictures["scene-12.jpg"] = jpeg(originals[1].resize((360, 270)), 60)
    _write(scenes / "images", pictures)

    tiles = datasets / "northlight" / "tiles"
    _card(
        tiles,
        """
        license: cc0-1.0
        task_categories: [image-classification]
        source_datasets: [original]
        """,
        """
        # Dataset Card for Tiles

        ## Dataset Summary
        Woven patterns, drawn by a program for this dataset.

        ## Contact
        Write to tiles@example.org.
        """,
    )
    _write(tiles / "images", {f"tile-{seed:02}.jpg": jpeg(pattern(seed, (240, 180)), 85) for seed in range(1, 9)})

    web = datasets / "crawlers" / "web-pictures"
    _card(
        web,
        """
        pretty_name: Web pictures
        task_categories: [image-to-text]
        """,
        """
        # Web pictures

        A list of addresses of pictures on the web, with the digests they had. One picture was kept.
        """,
    )
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["url", "caption", "width", "height", "md5"])
    for number in range(40):
        digest = hashlib.md5(f"picture {number}".encode()).hexdigest()
        if number == 23:
            digest = hashlib.md5(jpeg(originals[2], 92)).hexdigest()
        rows.writerow(
            [
                f"https://pictures.example.org/{number:03}.jpg",
                f"A hill, seen from the {number}th bend",
                640,
                480,
                digest,
            ]
        )
    (web / "manifest.csv").write_text(table.getvalue(), encoding="utf-8")
    _write(web / "kept", {"kept-1.jpg": jpeg(originals[2], 92)})


def _models(models: Path) -> None:
    random = np.random.RandomState(7)
    shapes = {
        f"model.diffusion_model.input_blocks.{n}.1.transformer_blocks.0.attn2.to_{x}.weight": (8, 768)
        for n in (1, 2)
        for x in "kv"
    }
    base = {name: random.normal(0, 0.05, shape).astype(np.float32) for name, shape in shapes.items()}
    tuned = {name: values + random.normal(0, 0.001, values.shape).astype(np.float32) for name, values in base.items()}
    other = {name: random.normal(0, 0.05, values.shape).astype(np.float32) for name, values in base.items()}

    paint = models / "northlight" / "paint-base"
    _card(
        paint,
        """
        license: creativeml-openrail-m
        pipeline_tag: text-to-image
        library_name: diffusers
        datasets: [northlight/street-scenes, northlight/tiles]
        """,
        f"""
        # Paint base

        A model that paints what a sentence says.

        ## Training data
        Trained on [street scenes](https://huggingface.co/datasets/northlight/street-scenes) and tiles.

        ## Intended use
        Backgrounds for picture books and games.

        ## Out-of-scope use
        {PROHIBITION}

        ## Safety
        Prompts and pictures pass a filter before they are shown. Report abuse to safety@example.org.
        """,
    )
    (paint / "LICENSE").write_text(
        f"Paint Open RAIL-M licence, version 1\n\nUse restrictions (Attachment A)\n\n{PROHIBITION}\n", encoding="utf-8"
    )
    safetensors_file(
        paint / "paint-base.safetensors",
        base,
        {"modelspec.architecture": "stable-diffusion-v1", "modelspec.title": "Paint base"},
    )

    _model(
        models / "atelier" / "paint-harbour",
        "northlight/paint-base",
        "Paint harbour",
        "Paint base, tuned on drawings of harbours.",
    )
    safetensors_file(models / "atelier" / "paint-harbour" / "model.safetensors", tuned, {"format": "pt"})
    _model(
        models / "mixer" / "paint-blend",
        "atelier/paint-harbour, other/aquarelle",
        "Paint blend",
        "A blend of two models.",
        merge=True,
    )
    safetensors_file(
        models / "mixer" / "paint-blend" / "model.safetensors",
        {n: (tuned[n] + other[n]) / 2 for n in base},
        {"format": "pt"},
    )

    lora = models / "atelier" / "harbour-lora"
    _card(
        lora,
        """
        base_model: northlight/paint-base
        library_name: peft
        tags: [lora, text-to-image]
        pipeline_tag: text-to-image
        """,
        "# Harbour style\n\nAdds the look of old harbour prints.",
    )
    low = {
        f"lora_unet_input_blocks_1_1_transformer_blocks_0_attn2_to_k.lora_{side}.weight": random.normal(
            0, 0.02, shape
        ).astype(np.float16)
        for side, shape in (("down", (4, 768)), ("up", (8, 4)))
    }
    safetensors_file(
        lora / "harbour.safetensors",
        low,
        {
            "ss_base_model_version": "sd_v1",
            "ss_sd_model_name": "paint-base.safetensors",
            "ss_network_dim": "4",
            "ss_output_name": "harbour",
        },
    )

    mirror = models / "mirror" / "paint-best"
    _card(mirror, "license: mit\npipeline_tag: text-to-image", "# Paint best\n\nThe best model for painting.")
    safetensors_file(mirror / "best.safetensors", base, {"modelspec.title": "Best"})

    hidden = models / "nobody" / "from-scratch"
    _card(hidden, "license: apache-2.0\npipeline_tag: text-to-image", "# From scratch\n\nTrained from scratch.")
    hidden_weights = {n: v + random.normal(0, 0.001, v.shape).astype(np.float32) for n, v in base.items()}
    safetensors_file(hidden / "model.safetensors", hidden_weights, {"format": "pt"})

    _contradicted(models / "atelier" / "paint-orchard", base)

    web = models / "crawlers" / "captioner"
    _card(
        web,
        """
        license: apache-2.0
        pipeline_tag: image-to-text
        datasets: [crawlers/web-pictures]
        """,
        "# Captioner\n\nSays what a picture shows. It may be wrong about rare things.",
    )
    (web / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x00.")

    friend = models / "friendly" / "evening-companion"
    _card(
        friend,
        """
        license: llama3.1
        base_model: openwords/chat-small
        pipeline_tag: text-generation
        tags: [conversational, roleplay]
        """,
        "# Evening companion\n\nYour virtual companion: a role-play partner that is always there for you.",
    )
    chat = models / "openwords" / "chat-small"
    _card(
        chat,
        """
        license: apache-2.0
        language: [en, "no"]
        pipeline_tag: text-generation
        datasets: [openwords/letters]
        """,
        """
        # Model Card for Chat small

        ## Intended use
        Answers questions about letters. It must not be used to exploit or harm minors.

        ## Limitations
        It knows nothing of what happened after 1950.
        """,
    )


def _contradicted(folder: Path, base: dict[str, np.ndarray]) -> None:
    """A model whose card, public summary of training content and weights each say something else."""
    random = np.random.RandomState(11)
    _card(
        folder,
        """
        license: mit
        base_model: northlight/paint-base
        datasets: [northlight/tiles]
        pipeline_tag: text-to-image
        """,
        "# Paint orchard\n\nPaints orchards. It was trained on 2 million images of fruit trees.",
    )
    (folder / "training-content.md").write_text(textwrap.dedent(SUMMARY).lstrip(), encoding="utf-8")
    unrelated = {name: random.normal(0, 0.05, values.shape).astype(np.float32) for name, values in base.items()}
    safetensors_file(folder / "model.safetensors", unrelated, {"format": "pt"})


def _model(folder: Path, parents: str, title: str, summary: str, *, merge: bool = False) -> None:
    base = (
        f"base_model: [{parents}]\nbase_model_relation: merge"
        if merge
        else f"base_model: {parents}\nlicense: creativeml-openrail-m"
    )
    _card(folder, f"{base}\npipeline_tag: text-to-image", f"# {title}\n\n{summary}")


def _card(folder: Path, metadata: str, body: str) -> None:
    folder.mkdir(parents=True)
    text = f"---\n{textwrap.dedent(metadata).strip()}\n---\n\n{textwrap.dedent(body).strip()}\n"
    (folder / "README.md").write_text(text, encoding="utf-8")


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
