"""Load and evaluate the policy of a run: rules, a profile, lists and vocabularies."""
