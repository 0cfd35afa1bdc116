"""``dtrans completion``: the script by which a shell completes the command line of dtrans."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

HELP = """Print the shell's completion script for dtrans.

\b
Examples:
  dtrans completion bash > /etc/bash_completion.d/dtrans
  dtrans completion zsh > "${fpath[1]}/_dtrans"
  dtrans completion fish > ~/.config/fish/completions/dtrans.fish
"""


@click.command("completion", help=HELP)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    kind = get_completion_class(shell)
    assert kind is not None
    root = context.find_root()
    click.echo(kind(root.command, {}, "dtrans", "_DTRANS_COMPLETE").source())
    return 0
