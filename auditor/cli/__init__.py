"""The command line: thin commands that build, call, print and set the exit code."""
