"""Signatures, encryption and the Merkle tree. Nothing here knows models, cases or lists."""
