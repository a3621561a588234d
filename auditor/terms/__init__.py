"""Derive statements from texts: licences, descriptions in cards, signals for a review, by a vocabulary's terms."""
