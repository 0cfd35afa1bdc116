"""Programs that are broken, and command lines that fit badly."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = [path.read_text() for path in sorted((ROOT / "tests" / "cases").glob("*.d"))]
PROGRAMS += [path.read_text() for path in sorted((ROOT / "examples").glob("*.d"))]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|/\*.*?\*/|\w+|->|\+\+|--|<<|>>|[<>=!]=|&&|\|\||\s+|.', re.DOTALL)


def tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


WORDS = sorted({token for text in PROGRAMS for token in tokens(text) if not token.isspace() and "/*" not in token})


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A program with some tokens lost, doubled, replaced by others or taken from another program."""
    parts = tokens(draw(st.sampled_from(PROGRAMS)))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, max(0, len(parts) - 1)))
        match draw(st.sampled_from(("replace", "insert", "remove", "repeat", "cut"))):
            case "replace":
                parts[at : at + 1] = [draw(st.sampled_from(WORDS))]
            case "insert":
                parts.insert(at, " " + draw(st.sampled_from(WORDS)) + " ")
            case "remove":
                del parts[at]
            case "repeat":
                parts[at:at] = parts[at : at + draw(st.integers(1, 6))]
            case "cut":
                del parts[at:]
        if not parts:
            break
    return "".join(parts)


#: Options of dtrace, well used and not.
OPTIONS = """
-q -v -F -Z -S -C -H -w -V -G -h -A -a -32 -64 -xtemporal -xerrtags -xrawbytes -xzdefs -xnolibs -xdefaultargs -lv -l
-xbufsize=1 -xbufsize=4g -xbufsize=x -xstrsize=0 -xstrsize=7 -xstrsize=4096 -xstrsize=100000000 -xaggsize=1 -xaggsize=1t
-xnosuch -x= -xquiet=maybe -xoformat=json -xoformat=xml -xdynvarsize=0 -xdynvarsize=100g -xnspec=0 -xnspec=100000
-xspecsize=0 -xswitchrate=0 -xaggrate=1ns -xstackframes=100000 -xustackframes=0 -xmaxframes=0 -xcpu=99 -xcpu=-1
-xbufpolicy=ring -xbufpolicy=x -xjstackstrsize=1 -xstatusrate=0 -xcleanrate=0 -xlibdir=/nonexistent
-b1k -bx -o/nonexistent/x -o/dev/full -c/nonexistent -p1 -p999999 -px -Pio -Pno*such -mvmlinux -fread -nBEGIN -n:::
-n/ -nBEGIN{exit(0)} -i1 -i99999999999999999999 -ix -I/nonexistent -DX=1 -D= -UX -L/nonexistent -Xa -Xq -s/dev/null
-s/nonexistent -s/tmp a $ --help -- -
""".split()

#: A few options, and what ends a program that would trace on: the option that only compiles, or a command that ends.
COMMAND_LINES = st.tuples(
    st.lists(st.sampled_from(OPTIONS), max_size=3), st.sampled_from((["-e"], ["-c", "/bin/true"]))
).map(lambda parts: [*parts[0], *parts[1]])
