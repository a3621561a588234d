"""``python -m auditor``: the same as the command ``auditor``."""

from auditor.cli.main import main

main(prog_name="auditor")
