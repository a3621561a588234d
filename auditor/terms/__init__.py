"""Licences, clauses and vocabularies: what a text says, in the words of policies."""
