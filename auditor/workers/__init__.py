"""Worker processes: how they start, what they may use, and what becomes of their tasks."""
