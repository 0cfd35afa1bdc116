"""``dtrans list``: the probes of this machine, as ``dtrace -l`` lists them."""

from __future__ import annotations

import click

from dtrans.cli.trace import list_matching
from dtrans.invocation.arguments import Arguments, Spec

HELP = """List the probes of this machine.

PATTERN is a probe description, provider:module:function:name, or a provider's name alone. Empty parts match anything,
and so do *, ? and [...].

\b
Examples:
  dtrans list                                         all of them
  dtrans list io                                      one provider's
  dtrans list 'syscall::*read*:entry'
  dtrans list -v io:::start                           with the arguments' types
"""


@click.command("list", help=HELP)
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
@click.option("-v", "verbose", is_flag=True, help="Tell the arguments' types, and what the probe is on this kernel.")
def command(patterns: tuple[str, ...], verbose: bool) -> int:
    specs = tuple(Spec("name" if ":" in pattern else "provider", pattern) for pattern in patterns)
    return list_matching(Arguments(mode="list", specs=specs, verbose=verbose))
