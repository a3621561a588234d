"""Screen single pictures against known-content lists: from Python, from the command line and over HTTP."""
