"""``dtrans explain``: what a program becomes on Linux, or what an error's tag means."""

from __future__ import annotations

import re
from pathlib import Path

import click

from dtrans.cli.explain import show_explanations, show_provider, show_structure, show_tag
from dtrans.cli.group import DtraceCommand, dtrace_options
from dtrans.cli.programs import is_description, read_words
from dtrans.cli.tags import find_tag
from dtrans.errors import fail

HELP = """Tell what a D program becomes on Linux: each probe and each member, how faithful it is, and what differs.

Or what a provider offers, what a structure holds, or what an error's tag means. Nothing is traced.

\b
Examples:
  dtrans explain script.d
  dtrans explain io:::start
  dtrans explain tcp                                  a provider: its probes, arguments and sources
  dtrans explain tcpsinfo_t                           a structure: its members
  dtrans explain -n 'syscall::read:entry { trace(fds[arg0].fi_pathname); }'
  dtrans explain script.d --stage c                   the generated C
  dtrans explain D_PROTO_LEN
"""

#: A word that may be the name of a provider or a structure, and looks like no file's.
_NAME = re.compile(r"[A-Za-z_]\w*")
_TAG = re.compile(r"D_[A-Z0-9_]+", re.IGNORECASE)


@click.command("explain", cls=DtraceCommand, help=HELP)
@click.argument("words", nargs=-1, metavar="[FILE|PROBE|PROVIDER|STRUCTURE|TAG] [ARGS]...", type=click.UNPROCESSED)
@click.option(
    "--stage", type=click.Choice(["ast", "typed", "plan", "c"]), help="Print what one stage of the compiler made."
)
def command(words: tuple[str, ...], stage: str | None) -> int:
    if len(words) == 1 and _TAG.fullmatch(words[0]):
        show_tag(find_tag(words[0]))
        return 0
    if len(words) == 1 and _explained_row(words[0]):
        return 0
    from dtrans.cli.trace import make_pipeline

    pipeline, _ = make_pipeline(read_words(words, descriptions=True), target=True)
    if stage is None:
        show_explanations(pipeline.explanations)
    else:
        click.echo(pipeline.dump(stage))
    return 0


def _explained_row(word: str) -> bool:
    """Tells what a provider or a structure is, when the word names one and no file. Raises DtransError D_FILE for a
    word that is a name of nothing."""
    from dtrans.knowledge.load import load
    from dtrans.knowledge.lookup import nearest

    knowledge = load()
    if Path(word).exists():
        return False
    if word in knowledge.providers:
        from dtrans.check.universe import Universe
        from dtrans.run.kernel.host import HostFacts

        show_provider(knowledge.providers[word], Universe(HostFacts(), knowledge))
    elif word in knowledge.structures:
        show_structure(knowledge.structures[word])
    elif _NAME.fullmatch(word) and not is_description(word):
        close = nearest(word, (*knowledge.providers, *knowledge.structures))
        hint = f"do you mean {' or '.join(close)}?" if close else "'dtrans list' shows the probes that there are"
        raise fail("D_FILE", f"'{word}' is no file, provider, structure or probe description", hint=hint)
    return word in knowledge.providers or word in knowledge.structures


dtrace_options("nsxwZCIDU")(command)
