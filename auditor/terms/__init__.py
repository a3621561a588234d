"""Derive what texts state: licences, what cards describe, signals for a review, by the terms of a vocabulary."""
