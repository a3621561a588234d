"""What several report formats share: summaries, redaction, guidance, wording and layout."""
