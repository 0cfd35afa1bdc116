"""print(), trace(), tracemem() and times on the real kernel, where their values are the kernel's own."""

from __future__ import annotations

import re
import time

import pytest

from tests.loads import line
from tests.programs import printed


def test_a_kernel_structure_is_printed_with_its_types_names_and_functions() -> None:
    shown = printed("BEGIN { print(*curthread->fs); print(*curthread->sched_class); exit(0); }")
    assert shown.startswith("struct fs_struct {\n    int users = 0x")
    assert "\n    spinlock_t lock = {\n" in shown or "\n    seqlock_t seq = {\n" in shown, "typedefs have their names"
    assert re.search(r"\n +(union|struct)  \{\n", shown), "members without a name"
    assert re.search(r"\n    void \(\*\)\(\) enqueue_task = vmlinux`enqueue_task_\w+\n", shown)


def test_every_member_of_a_large_structure_is_there() -> None:
    shown = printed("BEGIN { print(*curthread); exit(0); }")
    assert shown.count("{\n") == shown.count("}")
    assert re.search(r'\n    char \[16\] comm = \[ "\w+" \]\n', shown)
    assert re.search(r"\n    pid_t pid = 0x[0-9a-f]+\n", shown)
    assert re.search(r"\n    unsigned int \w+ :1 = (0|0x1)\n", shown)


def test_what_a_translator_makes_is_printed_whole() -> None:
    source = """
        syscall::getppid:entry /pid == $target/
        { print(*curpsinfo); printf("\\n%x %s\\n", pid, curpsinfo->pr_psargs); print(fds[0]); }"""
    process, told, file = re.split(r"(?<=\n\})\n(.*)\n", printed(source, commands=[line("getppid", 1)]))
    number, arguments = told.split(" ", 1)
    assert process.startswith("psinfo_t {\n    int pr_nlwp = 0x1\n")
    assert f"\n    pid_t pr_pid = 0x{number}\n" in process
    assert f'\n    string pr_psargs = [ "{arguments}" ]\n' in process
    assert "pr_start" not in process, "a member that is made of members is left out"
    assert re.search(r"fileinfo_t \{\n(    \w+ fi_\w+ = .+\n)+\}", file)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"quiet": "1"}, rb"\n[\w.-]+\n"),
        ({"quiet": "1", "rawbytes": "1"}, rb"\n\n +0  1  2 .*\n +0: ([0-9a-f]{2} ){16} .{16}\n\n"),
    ],
)
def test_an_array_of_characters_is_text_but_with_rawbytes(options: dict[str, str], expected: bytes) -> None:
    shown = printed('BEGIN { printf("\\n"); trace(curthread->comm); printf("\\n"); exit(0); }', options=options)
    assert re.match(expected, shown.encode()), shown


def test_memory_is_dumped_to_a_length_known_at_run_time() -> None:
    shown = printed("BEGIN { this->n = 3; tracemem(curthread->comm, 16, this->n); exit(0); }")
    assert re.fullmatch(r"\n +0  1  2.*\n +0: [0-9a-f]{2} [0-9a-f]{2} [0-9a-f]{2} {41}...\n\n", shown), shown


def test_wall_clock_time_has_the_fraction_of_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    before = time.time_ns()
    program = """
    BEGIN
    {
        this->t = walltimestamp;
        printf("%d|%Y|%#Y|%#.3Y|%T\\n", this->t, this->t, this->t, this->t, this->t);
        exit(0);
    }
    """
    number, plain, full, short, mail = printed(program).strip().split("|")
    assert before < int(number) < time.time_ns()
    seconds, fraction = divmod(int(number), 10**9)
    now = time.gmtime(seconds)
    assert plain == time.strftime("%Y %b ", now) + f"{now.tm_mday:2d}" + time.strftime(" %T", now)
    assert (full, short) == (f"{plain}.{fraction:09d}", f"{plain}.{fraction // 10**6:03d}")
    assert mail == time.strftime("%a, %d %b %G %T UTC", now)
    monkeypatch.undo()
    time.tzset()


def test_print_names_a_members_type_as_the_kernel_declares_it() -> None:
    shown = printed(
        "BEGIN { print(curthread->pid); print(curthread->flags); print(curthread->cred->uid.val); exit(0); }"
    )
    assert [line.rpartition(" ")[0] for line in shown.splitlines() if line] == ["pid_t", "unsigned int", "unsigned int"]
