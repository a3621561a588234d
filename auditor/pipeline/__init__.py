"""A run from targets to a report: cut into shards, scan them, evaluate, gather cases."""

# Modules that the server of worker processes imports once: what workers need, and what a worker of the command line
# imports as its main module.
PRELOAD = ("auditor.pipeline.preload", "auditor.cli.main")
