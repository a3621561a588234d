"""Signatures and the Merkle log. Nothing here knows models, cases or lists."""
