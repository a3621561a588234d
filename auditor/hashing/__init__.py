"""Compute exact digests, perceptual hashes (PDQ, pHash, dHash), and digests and sketches of model weights.

Nothing here knows lists or subjects.
"""
