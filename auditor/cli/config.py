"""``auditor config``: show every setting, its value and where it comes from."""

from __future__ import annotations

import json
import re
from typing import Any

import click

from auditor.cli.options import isolated_option, trust_target_option

# The user and password of an address.
_CREDENTIALS = re.compile(r"(?<=//)[^/\s@]+@")


@click.command(
    epilog="""\b
Examples:
  auditor config                   what applies in the current folder
  auditor config . --json          what applies to `auditor scan .`, for a program

The command line counts before an environment variable (AUDITOR_PROFILE, AUDITOR_FAIL_ON, …), that before the file
auditor.toml or the table [tool.auditor] of pyproject.toml, and that before the default."""
)
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@isolated_option
@trust_target_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(targets: tuple[str, ...], isolated: bool, trust_target: bool, as_json: bool) -> None:
    """Show every setting, its value and where it comes from, as a scan of the TARGETs would have it."""
    from auditor.printable import printable
    from auditor.settings import SETTINGS, Setting, Settings, load_settings

    settings = Settings({}) if isolated else load_settings(() if trust_target else targets)
    defaults = _defaults()
    shown = {key: settings.values.get(key, Setting(defaults.get(key), "default")) for key in SETTINGS}
    values = {key: _without_credentials(setting.value) for key, setting in shown.items()}
    if as_json:
        table = {key: {"value": values[key], "source": setting.source} for key, setting in shown.items()}
        ignored = [str(path) for path in settings.ignored]
        click.echo(json.dumps({"settings": table, "file": str(settings.file or ""), "ignored": ignored}, indent=1))
        return
    for key, setting in shown.items():
        click.echo(f"{key:<10} = {printable(json.dumps(values[key]), 300)}  ({printable(setting.source, 300)})")
    for path in settings.ignored:
        click.echo(f"not read, as it lies in a target: {printable(str(path), 300)}")


def _defaults() -> dict[str, Any]:
    """Return the defaults of the settings, which are those of the options of ``auditor scan``."""
    from auditor.cli.scan import command as scan

    found = {
        max(parameter.opts, key=len).removeprefix("--"): parameter.get_default(click.Context(scan))
        for parameter in scan.params
    }
    # click marks an option without a default by a value of its own.
    return {key: value if isinstance(value, str | int | tuple | list) else None for key, value in found.items()}


def _without_credentials(value: Any) -> Any:
    """Return the value of a setting without the user and password of an address in it."""
    if isinstance(value, list):
        return [_without_credentials(one) for one in value]
    return _CREDENTIALS.sub("***@", value) if isinstance(value, str) else value
