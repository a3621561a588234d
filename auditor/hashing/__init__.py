"""From bytes to digests: exact digests, perceptual hashes (PDQ, pHash, dHash), digests and sketches of model weights.

Nothing here knows lists or subjects.
"""
