"""Select the tensors that distinguish models, and digest each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from auditor.hashing.weight_digests import RangeHasher
from auditor.hashing.weight_dtypes import NUMPY_DTYPES, decode_values
from auditor.hashing.weight_formula_tables import is_formula_table
from auditor.syntax.safetensors_header import SafetensorsHeader, Tensor

# Fewer bytes of tensors are mostly zeros or ones, and the same in unlike models.
MIN_DISTINCTIVE_BYTES = 1024
# Types of masks and positions: their values follow from a formula.
INDEX_DTYPES = ("BOOL", "I64", "U64")
# Norms and embeddings are similar in unrelated models. In a file that holds nothing else they count.
_SIMILAR_PART = re.compile(
    r"(?:^|[._])(?:norm|ln|layernorm|embed|embedding|embeddings|wte|wpe|lm_head)[\d_]*(?:[._]|$)|_norm|embed_"
)
# The first half of an adapter's pair hardly leaves its starting values, which follow from a seed that thousands of
# adapters share. State-space models begin with the same decays, log 1 to log n.
_STARTING_VALUES = re.compile(r"lora[._]?(?:down|A)(?:[._]|$)|(?:^|[._])A_log(?:[._]|$)")
# Parts of a checkpoint that unlike models take over unchanged. In a file that holds nothing else they count.
_SHARED_PART = re.compile(
    r"(?:first_stage_model|cond_stage_model|conditioner|vae|text_encoders?|text_model)[._]"
    r"|(?:model[.])?(?:vision_tower|vision_model|image_encoder)[._]"
)
# Values that a formula gives are the same in unlike models: rotary positions, mel filters.
_FORMULA = re.compile(r"rotary|freqs|_cached|position|mel_filter")


def distinctive_tensors(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Yield the name and the entry of each tensor by which models are told apart; embeddings if there is no other."""
    tables = list(learned_tables(tensors))
    distinctive = [(name, tensor) for name, tensor in tables if not _SIMILAR_PART.search(name)]
    yield from distinctive or tables


def learned_tables(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Yield the name and the entry of each tensor with several dimensions that is a model's own, embeddings too."""
    skip_shared = not all(map(_SHARED_PART.match, tensors))
    for name, tensor in tensors.items():
        is_shared = skip_shared and _SHARED_PART.match(name)
        if len(tensor.shape) > 1 and not _STARTING_VALUES.search(name) and not is_shared:
            yield name, tensor


def tensor_hasher(header: SafetensorsHeader) -> RangeHasher:
    """Return the hasher of each distinctive tensor of at least :data:`MIN_DISTINCTIVE_BYTES` that follows no formula.

    It is to be fed the bytes that follow the header. A tensor's type and shape are part of its digest; its name is
    not, so that a renamed tensor has the same digest.
    """
    tensors = [
        tensor
        for name, tensor in distinctive_tensors(header.tensors)
        if tensor.dtype not in INDEX_DTYPES
        and tensor.data_offsets[1] - tensor.data_offsets[0] >= MIN_DISTINCTIVE_BYTES
        and not _FORMULA.search(name)
    ]

    def is_formula(number: int, head: bytes) -> bool:
        """Return whether the values of a tensor, of which these are the first bytes, follow from a formula."""
        tensor = tensors[number]
        return tensor.dtype in NUMPY_DTYPES and is_formula_table(decode_values(head, tensor.dtype), tensor.shape[-1])

    ranges = ((f"{tensor.dtype} {tensor.shape}\n".encode(), *tensor.data_offsets) for tensor in tensors)
    return RangeHasher(ranges, is_formula)
