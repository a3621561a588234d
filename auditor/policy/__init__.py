"""Load and evaluate what a run is judged by: rules, a profile, lists and vocabularies."""
