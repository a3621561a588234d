"""Compute exact digests, perceptual hashes (PDQ, pHash, dHash), and digests and sketches of model weights.

No module here imports lists or subjects.
"""
