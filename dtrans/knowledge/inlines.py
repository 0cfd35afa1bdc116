"""The inlines that D programs know without declaring them: `translators/inlines.d`.

["... tcp_state_string[args[3]->tcps_state] ..."]  ->  Source("<inlines.d>/tcp_state_string", "inline ...")
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dtrans.data import data_dir
from dtrans.files import read_text
from dtrans.source import Source

#: What the names of their sources begin with.
STANDARD = "<inlines.d>"
_INLINE = re.compile(r"^inline [^=;]*?(?P<name>\w+)(\[[^]]*\])? =[^;]*;", re.MULTILINE)


def standard_inlines(texts: Sequence[str]) -> Iterator[Source]:
    """The declarations of those inlines whose names stand in some D texts, unless the texts declare them."""
    for found in _INLINE.finditer(read_text(f"{data_dir('translators')}/inlines.d")):
        named = re.compile(rf"(inline\s[^=;]*)?\b{found['name']}\b")
        uses = [match for text in texts for match in named.finditer(text)]
        if uses and not any(match[1] for match in uses):
            yield Source(f"{STANDARD}/{found['name']}", found[0])
