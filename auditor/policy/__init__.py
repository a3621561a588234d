"""What a run judges by: rules, a profile, lists and vocabularies."""
