"""Detect whether a text prohibits sexual exploitation or abuse of minors; the answer is the ``clause`` fact.

A text passes through these steps:

1. ``rows`` lays out data (JSON, YAML, CSV) as lists and tables; ``blocks`` and ``segment`` split the text into units,
   each with the stems and headings above it;
2. ``cues`` finds in each unit which cues stand in it: data of ``rules/vocabulary/clauses.toml``, in the kinds of
   ``cue_kinds``;
3. ``targets`` and ``label_targets`` find what must be prohibited, with the words of ``lexicon``;
4. ``grammar`` decides by tables of rules over cues whether words prohibit it, and ``prohibition`` asks it of the unit,
   of its stems and of its headings;
5. ``attribution`` finds prohibitions that are another party's, and ``by_reference`` a policy that the text refers to.

``detect`` is the entry: it gives the answer with its place and the ids of the cues.
"""
