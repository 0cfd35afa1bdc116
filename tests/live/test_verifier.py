"""Programs of which a compiler likes to make what the verifier refuses: each is loaded.

A part of a program's context is read at a constant offset; a map has at least one element; a program has 512 bytes of
stack.
"""

from __future__ import annotations

import os

import pytest

from dtrans.run.programs.load import load
from tests.programs import host, knowledge, pipeline, printed

PROGRAMS = {
    "either field": "sdt:sched::sched_switch { trace(gi ? args[1] : args[5]); }",
    "either field, kept": """
        sdt:sched::sched_switch { self->x = gi ? args[1] : args[5]; printf("%s", gi ? args[0] : args[4]); }""",
    "any field": "sdt:sched::sched_switch { x = gi == 1 ? args[1] : gi == 2 ? args[5] : gi == 3 ? args[2] : args[6]; }",
    "either argument": """
        rawtp:::sched_switch { x = gi ? (uint64_t)args[1] : (uint64_t)args[2]; trace(gi > 1 ? args[1] : args[2]); }""",
    "result in many branches": """
        fsinfo:::open
        /args[0]->fi_mount != "x"/
        {
            printf("%d %d %d ", args[0]->fi_offset, args[0]->fi_oflags, args[1]);
            printf("%s %s ", args[0]->fi_name, args[0]->fi_dirname);
            printf("%s %s %s", args[0]->fi_pathname, args[0]->fi_fs, args[0]->fi_mount);
        }""",
    "either register": """
        pid$target:libc.so*:malloc:entry { x = gi ? arg0 : arg1; y = gi > 1 ? uregs[R_SP] : uregs[R_PC]; }""",
    "either counter": "profile-97 { x = gi ? arg0 : arg1; if (gi) { trace(arg0); } else { trace(arg1); } }",
    "large ERROR alone": f"""
        ERROR {{ printf("%d %d %d %d %d", arg1, arg2, arg3, arg4, arg5); {"trace(arg1); " * 8} }}""",
}


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_the_verifier_takes(text: str) -> None:
    load(pipeline(f"int gi;\n{text}", target=True).artifact, host()).close()


# --- many values at a time: the stack ------------------------------------------------------------------------------


def members(structure: str, of: str) -> tuple[list[str], list[str]]:
    """All members of a translated structure, as its first translator has them: the numbers, and the texts."""
    row = knowledge().structures[structure]
    known = [row.members[name] for name in row.translators[0].members if row.members[name].note.fidelity != "none"]
    known = [member for member in known if member.type not in knowledge().structures]
    texts = [f"{of}->{member.name}" for member in known if member.type == "string"]
    return [f"{of}->{member.name}" for member in known if member.type != "string"], texts


def everything(probe: str, numbers: list[str], texts: list[str]) -> str:
    """A clause that prints all values, adds them, keeps them, and has them in keys."""
    both = numbers + texts
    eight = (numbers[:4] + texts * 4)[:8]
    total = " + ".join(f"(int64_t){one}" for one in numbers)
    joined = "this->all"
    for one in texts:
        joined = f"strjoin({joined}, {one})"
    return f"""
{probe} /({total}) != -1 && {texts[0]} != "none"/
{{
    this->all = lltostr({total});
    printf("{"%d " * len(numbers)}{"%s " * len(texts)}", {", ".join(both)});
    @texts[{", ".join((texts * 8)[:8])}] = count();
    @eight[{", ".join(eight)}] = quantize({total});
    kept[{", ".join(eight)}] = {numbers[0]} * {numbers[-1]};
    this->all = {joined};
    self->all = strjoin(this->all, lltostr(kept[{", ".join(eight)}]));
    printf("%s %s %d", this->all, self->all, {total});
}}"""


def test_all_members_of_structures_at_once_are_loaded() -> None:
    numbers, texts = members("psinfo_t", "args[0]")
    threads, states = members("lwpsinfo_t", "curlwpsinfo")
    for text in (
        everything("proc:::create", numbers, texts),
        everything(
            "syscall::accept*:return", threads, [*states, "execname", "cwd", "inet_ntoa6((in6_addr_t *)alloca(16))"]
        ),
    ):
        load(pipeline(text).artifact, host()).close()


def test_many_values_at_once_are_right() -> None:
    numbers = ["pid", "ppid", "pgid", "sid", "uid", "euid", "gid", "egid"]
    values = [
        os.getpid(),
        os.getppid(),
        os.getpgid(0),
        os.getsid(0),
        os.getuid(),
        os.geteuid(),
        os.getgid(),
        os.getegid(),
    ]
    fields = [f"curpsinfo->pr_{name}" for name in numbers]
    total = " + ".join(f"((int64_t){field} << {at})" for at, field in enumerate(fields))
    text = f"""
BEGIN {{ address = "/a/./b/../c//d"; sought = "c/"; }}
BEGIN
{{
    this->v6 = (uint8_t *)alloca(16);
    this->v6[0] = 0xfe; this->v6[1] = 0x80; this->v6[15] = 9;
    this->path = strjoin(cleanpath(address), strjoin("/", lltostr(curpsinfo->pr_pid)));
    printf("{"%d " * 8}%d %s %s %s %s %s %d %d %s %s %s\\n", {", ".join(fields)}, {total}, this->path,
        inet_ntoa6((in6_addr_t *)this->v6), inet_ntop(AF_INET6, this->v6), inet_ntoa((ipaddr_t *)this->v6),
        lltostr({total}, 16), index(address, sought), rindex(address, sought), strstr(address, sought),
        basename(this->path), dirname(this->path));
    @[{", ".join(fields)}] = sum({total});
    @texts[cleanpath(address), lltostr({total}), strstr(address, sought), inet_ntoa6((in6_addr_t *)this->v6),
        strtok(address, sought), basename(this->path), toupper(sought), substr(this->path, 1, 3)] = count();
    exit(0);
}}
END {{ printa("{"%d " * 8}%@d\\n", @); printa("{"%s " * 8}%@d\\n", @texts); }}
"""
    shown = printed(text).split("\n")
    whole = sum(value << at for at, value in enumerate(values))
    path = f"/a/c/d/{os.getpid()}"
    plain = " ".join(map(str, values))
    found = f"10 10 c//d {os.getpid()} /a/c/d"
    assert shown[0] == f"{plain} {whole} {path} fe80::9 fe80::9 254.128.0.0 {whole:#x} {found}"
    assert f"{plain} {whole}" in shown
    assert f"/a/c/d {whole} c//d fe80::9 a {os.getpid()} C/ a/c 1" in shown


def test_many_local_variables_and_operands_that_wait_are_right() -> None:
    count = 60
    declared = "".join(f"this int64_t v{at}; " for at in range(count))
    set_ = " ".join(f"this->v{at} = {at} + (curthread->pid != 0);" for at in range(count))
    added = " ".join(f"this->v{at} += this->v{at * 7 % count};" for at in range(count))
    nested = "this->v0"
    for at in range(1, count):
        nested = f"(curthread->real_parent->tgid * 0 + this->v{at} - {nested})"
    values = [at + 1 for at in range(count)]
    for at in range(count):
        values[at] += values[at * 7 % count]
    result = values[0]
    for value in values[1:]:
        result = value - result
    shown = ", ".join(f"this->v{at}" for at in range(count))
    text = f"""{declared}
BEGIN {{ {set_} }}
BEGIN {{ {added} }}
BEGIN {{ printf("%d{" %d" * count}", {nested}, {shown}); exit(0); }}"""
    assert printed(text).strip() == " ".join(map(str, [result, *values]))


def test_the_verifier_takes_a_search_of_a_long_string_for_a_long_one() -> None:
    text = 'string one; string two; BEGIN { one = "an abcabcdef"; two = "abcd"; trace(strstr(one, two)); exit(0); }'
    assert printed(text, options={"quiet": "1", "strsize": "1024"}).strip() == "abcdef"
