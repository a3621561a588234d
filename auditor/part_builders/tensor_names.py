"""Determine a model's family, whether it is an adapter, and its training tool from the names and shapes of tensors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import re2

from auditor.syntax.safetensors_header import SafetensorsHeader, Tensor


@dataclass(frozen=True, slots=True)
class TensorNames:
    """The description of a model that the names and shapes of its tensors give.

    Attributes:
        family: The family of base models (``sd1``, ``sdxl``, ``flux``, …); "" if it is unknown.
        are_adapter: Whether they are those of an adapter (LoRA, LoKr, LoHa, OFT).
        are_named_by_kohya: Whether they have the names that kohya's trainer gives.
    """

    family: str
    are_adapter: bool
    are_named_by_kohya: bool


def describe_tensors(header: SafetensorsHeader) -> TensorNames:
    """Describe a model by the names and shapes of its tensors."""
    words = _find_words("\n".join(header.tensors))
    return TensorNames(_family(header, words), not words.isdisjoint(_ADAPTER_WORDS), _KOHYA in words)


# Architectures of ModelSpec and base versions of kohya's trainer begin so.
_FAMILIES_OF_VERSIONS = (
    ("stable-diffusion-xl", "sdxl"),
    ("sdxl", "sdxl"),
    ("stable-diffusion-v1", "sd1"),
    ("sd_v1", "sd1"),
    ("sd_1", "sd1"),
    ("stable-diffusion-v2", "sd2"),
    ("sd_v2", "sd2"),
    ("sd_2", "sd2"),
    ("stable-diffusion-3", "sd3"),
    ("sd3", "sd3"),
    ("flux-1", "flux"),
    ("flux1", "flux"),
    ("anima", "anima"),
)


def family_of_version(version: str) -> str:
    """Return the family of models that an architecture or a base version in tensors' metadata belongs to, or ""."""
    lowered = version.lower()
    return next((family for prefix, family in _FAMILIES_OF_VERSIONS if lowered.startswith(prefix)), "")


_ADAPTER_WORDS = ("lora_", "lokr_", "hada_w", ".lora.", "oft_", "dora_scale")
_KOHYA = r"(?m)^lora_(?:unet|te|te1|te2|transformer|prior_te)_"
_ANIMA = r"blocks[._]\d+[._](?:cross|self)_attn[._][qkv]_proj|blocks[._]\d+[._]adaln_modulation"
_WAN = r"blocks[._]\d+[._]cross_attn[._][qkvo][._]"
# Tensors whose second dimension shows the family: a word that their names hold, and the pattern of the names.
_DOWN_WEIGHT = r"[._](?:lora[._])?(?:lora_)?(?:A\.(?:default\.)?|down\.)?weight$"
_CROSS_ATTENTION = "attn2", re.compile(rf"attn2[._](?:processor[._])?to_k(?:_lora)?{_DOWN_WEIGHT}")
_TEXT_ENCODER = "lora_te_text_model_", re.compile(rf"_[qk]_proj{_DOWN_WEIGHT}")
_FLUX_BLOCK = (
    "_blocks",
    re.compile(
        r"(?:double_blocks[._]\d+[._]img_attn[._](?:proj|qkv)|single_transformer_blocks[._]\d+[._]attn[._]to_q)"
        + _DOWN_WEIGHT
    ),
)
# Width of the text that cross-attention takes: CLIP-L, OpenCLIP-H, CLIP-L + OpenCLIP-bigG, bigG alone (refiner).
_FAMILIES_OF_TEXT_WIDTHS = {768: "sd1", 1024: "sd2", 2048: "sdxl", 1280: "sdxl"}
# Width of the image stream; 0: no such tensor has two dimensions.
_FAMILIES_OF_FLUX_WIDTHS = {0: "flux", 3072: "flux", 6144: "flux2"}
# Textual inversions are one tensor of these names, as wide as the text encoder's embeddings.
_EMBEDDING_NAMES = ("emb_params", "*")
_FAMILIES_OF_EMBEDDINGS = {768: "sd1", 1024: "sd2"}

# One pass over the names finds all of these.
_LITERALS = (
    "txtfusion",
    "single_transformer_blocks",
    "double_blocks",
    "single_blocks",
    "individual_token_refiner",
    "distilled_guidance_layer",
    "joint_blocks",
    "conditioner.embedders.1.",
    "lora_te2_",
    "cond_stage_model.",
    "cond_stage_model.model.",
    *_ADAPTER_WORDS,
    *(word for word, _ in (_CROSS_ATTENTION, _TEXT_ENCODER, _FLUX_BLOCK)),
)
_PATTERNS = (_ANIMA, _WAN, _KOHYA)
_WORDS = (*_LITERALS, *_PATTERNS)


@cache
def _word_finder() -> re2.Set:
    """Return the finder of the words that tell a model's family by the names of its tensors."""
    finder = re2.Set.SearchSet()
    for pattern in (*map(re.escape, _LITERALS), *_PATTERNS):
        finder.Add(pattern)
    finder.Compile()
    return finder


def _find_words(names: str) -> frozenset[str]:
    """Return which of :data:`_WORDS` occur in the names of tensors."""
    return frozenset(_WORDS[index] for index in _word_finder().Match(names.encode("utf-8", "surrogatepass")) or ())


def _family(header: SafetensorsHeader, words: frozenset[str]) -> str:
    """Return the family of base models that the tensors' names and shapes show, or "".

    Names are those of diffusers (loaders/single_file_utils.py), widths those of InvokeAI (configs/lora.py).
    """

    def width(word: str, pattern: re.Pattern[str]) -> int:
        """Return the second dimension of the first tensor with the word whose name fits the pattern; 0 for none."""
        for name, tensor in header.tensors.items() if word in words else ():
            if word in name and len(tensor.shape) > 1 and pattern.search(name):
                return tensor.shape[1]
        return 0

    if "txtfusion" in words:
        return "krea2"
    if "single_transformer_blocks" in words or ("double_blocks" in words and "single_blocks" in words):
        if "individual_token_refiner" in words:
            return "hunyuan-video"
        if "distilled_guidance_layer" in words:
            return "chroma"
        return _FAMILIES_OF_FLUX_WIDTHS.get(width(*_FLUX_BLOCK), "")
    if "joint_blocks" in words:
        return "sd3"
    if family := _FAMILIES_OF_TEXT_WIDTHS.get(width(*_CROSS_ATTENTION)):
        return family
    if "conditioner.embedders.1." in words or "lora_te2_" in words:
        return "sdxl"
    if "cond_stage_model." in words:
        return "sd2" if "cond_stage_model.model." in words else "sd1"
    if family := _FAMILIES_OF_TEXT_WIDTHS.get(width(*_TEXT_ENCODER)):
        return family
    if _ANIMA in words:
        return "anima"
    if _WAN in words:
        return "wan"
    if set(header.tensors) == {"clip_l", "clip_g"}:
        return "sdxl"
    name, tensor = next(iter(header.tensors.items())) if len(header.tensors) == 1 else ("", Tensor())
    return _FAMILIES_OF_EMBEDDINGS.get((0, *tensor.shape)[-1], "") if name in _EMBEDDING_NAMES else ""
