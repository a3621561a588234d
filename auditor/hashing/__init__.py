"""Bytes to digests: exact digests, PDQ, pHash and dHash. Nothing here knows lists or subjects."""
