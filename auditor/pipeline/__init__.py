"""What a run does: cut the targets into shards, scan the shards, evaluate the rules, gather cases, write the report."""

# Modules that the server of worker processes imports once: those that workers need, and the main module of the command
# line, which each of its workers imports.
PRELOAD = ("auditor.pipeline.preload", "auditor.cli.main")
