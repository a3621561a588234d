"""``auditor completion``: print shell completion scripts."""

from __future__ import annotations

import click


@click.command(
    epilog="""\b
Examples:
  auditor completion bash >> ~/.bashrc
  auditor completion zsh >> ~/.zshrc
  auditor completion fish > ~/.config/fish/completions/auditor.fish"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL."""
    from click.shell_completion import get_completion_class

    completion = get_completion_class(shell)
    assert completion
    click.echo(completion(context.find_root().command, {}, "auditor", "_AUDITOR_COMPLETE").source())
