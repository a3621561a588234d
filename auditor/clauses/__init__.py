"""Detect whether a text prohibits sexual exploitation or abuse of minors; the answer is the ``clause`` fact.

``detect`` is the entry. ``blocks`` and ``segment`` split the text into units. ``targets`` and ``label_targets`` find
what must be prohibited, with the words of ``lexicon``; ``prohibition``, ``prohibition_cues`` and ``sanctions`` find
what prohibits it; ``negation`` and ``attribution`` find what undoes a prohibition or makes it another party's;
``by_reference`` finds a policy that the text refers to.
"""
