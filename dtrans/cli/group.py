"""Click's part of the command line: the group of subcommands, and commands that take dtrace's options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

import click

from dtrans import __version__

_HELP = """Run DTrace's D programs on Linux, through eBPF.

\b
  dtrans run script.d                                 a script, with the flags of its #! line
  dtrans run -n 'syscall:::entry { @[execname] = count(); }'
  dtrans run script.d -c 'ls -l'                      a command, with its process id as $target
  dtrans explain script.d                             what each probe and member becomes here
  dtrans list 'io:::'                                 the probes of a provider
  dtrans doctor                                       what this machine can trace
"""


def group(subcommands: Mapping[str, tuple[str, str]]) -> click.Group:
    """The command ``dtrans`` over subcommands: name -> (module with `command`, line in the overview)."""

    class Lazy(click.Group):
        """Imports a subcommand when it is called; the overview needs none of them."""

        def list_commands(self, ctx: click.Context) -> list[str]:
            return list(subcommands)

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            if cmd_name not in subcommands:
                return None
            command = import_module(subcommands[cmd_name][0]).command
            assert isinstance(command, click.Command)
            return command

        def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
            with formatter.section("Commands"):
                formatter.write_dl([(name, line) for name, (_, line) in subcommands.items()])

    made = Lazy(
        "dtrans", help=_HELP, context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100}
    )
    return click.version_option(__version__, message="dtrans %(version)s")(made)


class DtraceCommand(click.Command):
    """A command that takes dtrace's options: `dtrans.invocation.arguments` reads them, in dtrace's own way, and click
    only what is declared with two dashes (``--stage``). The others are declared for the help and for completion."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if any(word in ("--help", "-h") for word in args) and not ctx.resilient_parsing:
            args = ["--help"]
        if ctx.resilient_parsing or args == ["--help"]:
            return super().parse_args(ctx, args)
        long, words = self._split(args)
        rest = super().parse_args(ctx, long)
        ctx.params["words"] = tuple(words)
        return rest

    def _split(self, args: Sequence[str]) -> tuple[list[str], list[str]]:
        """The declared long options with their values, and all other words."""
        declared = {
            name: parameter
            for parameter in self.params
            for name in parameter.opts
            if isinstance(parameter, click.Option) and name.startswith("--")
        }
        long, words = [], []
        pending = list(reversed(args))
        while pending:
            word = pending.pop()
            option = declared.get(word.partition("=")[0])
            if option is None:
                words.append(word)
                continue
            long.append(word)
            if not option.is_flag and "=" not in word and pending:
                long.append(pending.pop())
        return long, words


#: dtrace's options for the help: letter, value, line.
_LETTERS = (
    ("-n", "PROGRAM", "D text; as often as needed."),
    ("-s", "FILE", "A D script; as often as needed."),
    ("-c", "COMMAND", "Run a command with the trace; its process id is $target."),
    ("-p", "PID", "Trace a running process; its id is $target."),
    ("-q", "", "Print only what the program prints."),
    ("-x", "NAME[=VALUE]", "Set an option, such as bufsize=16m or switchrate=10hz."),
    ("-w", "", "Permit destructive actions."),
    ("-Z", "", "Permit descriptions that match no probe."),
    ("-C", "", "Run the C preprocessor on scripts."),
    ("-I", "FOLDER", "A folder for the preprocessor's includes."),
    ("-D", "NAME[=VALUE]", "Define a name for the preprocessor."),
    ("-U", "NAME", "Undefine a name for the preprocessor."),
    ("-F", "", "Indent entries and returns."),
    ("-b", "SIZE", "The size of the record buffer: -x bufsize=SIZE."),
    ("-o", "FILE", "Append the output to a file."),
    ("-v", "", "Report the program's stability, and what differs here."),
    ("-e", "", "Compile, and do not run."),
    ("-S", "", "Show the plan and the C text that the program becomes."),
    ("-L", "FOLDER", "A folder of D libraries."),
)


def dtrace_options(letters: str) -> Callable[[click.Command], click.Command]:
    """Declares some of dtrace's options, by their letters, on a `DtraceCommand`."""

    def declare(command: click.Command) -> click.Command:
        command.params[:0] = [
            click.Option(
                [letter, f"dtrace_{letter[1]}"], metavar=value or None, is_flag=not value, expose_value=False, help=line
            )
            for letter, value, line in _LETTERS
            if letter[1] in letters
        ]
        return command

    return declare
