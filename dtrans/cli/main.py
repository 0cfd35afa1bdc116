"""The command ``dtrans``: its subcommands, each in a module that is imported only when it is asked for.

``dtrans run`` does not even import click: tracing starts tens of milliseconds sooner without it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from dtrans.cli.failure import guarded

#: Subcommand -> module that has its `command`, and its line in the overview.
SUBCOMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("dtrans.cli.commands.run", "Run a D program."),
    "list": ("dtrans.cli.commands.list", "List the probes of this machine."),
    "explain": ("dtrans.cli.commands.explain", "Tell what a program becomes on Linux, or what an error tag means."),
    "translate": ("dtrans.cli.commands.translate", "Write a program as a stand-alone BCC program."),
    "port": ("dtrans.cli.commands.port", "Translate a whole folder of scripts, with a report."),
    "doctor": ("dtrans.cli.commands.doctor", "Tell what this machine can trace, and how to get the rest."),
    "install-dtrace": ("dtrans.cli.commands.install", "Install the drop-in dtrace command."),
    "completion": ("dtrans.cli.commands.completion", "Print the shell's completion script for dtrans."),
}


def main() -> int:
    """The command ``dtrans``: returns its exit status."""
    words = sys.argv[1:]
    if words[:1] == ["run"] and not {"--help", "-h"}.intersection(words):
        from dtrans.cli.commands.run import run

        return guarded(lambda: run(words[1:]))
    return guarded(lambda: _main(words))


def _main(words: Sequence[str]) -> int:
    import click

    from dtrans.cli.group import group

    try:
        status = group(SUBCOMMANDS).main(list(words), prog_name="dtrans", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    sys.exit(main())
