"""Probes that programs define, wherever the programs are: in libraries, in other namespaces, in files that are gone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.compiled import PROBES, compiled
from tests.conftest import Run, command

pytestmark = pytest.mark.needs("command:gcc", "feature:attach_cookie")

_ROUNDS = (
    PROBES
    + """
#include <stdio.h>
#include <unistd.h>
int main(int count, char **words)
{
    char go;
    write(1, "\\n", 1);
    for (int round = 0; read(0, &go, 1) == 1; round++)
        PROBE(rounds, one__round, 0, "-4@%0 8@%1", "r"(round), "r"(words[0]));
    return 0;
}
"""
)


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that fires `rounds:one__round` for each byte that it reads, with the number and its own name."""
    return compiled(tmp_path_factory.mktemp("rounds"), "rounds", _ROUNDS)


def _started(command_line: Sequence[str | Path], stack: ExitStack) -> subprocess.Popen[bytes]:
    """A process that runs its program already: it says so."""
    process = stack.enter_context(subprocess.Popen(command_line, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    stack.callback(process.kill)
    assert process.stdout
    assert process.stdout.read(1) == b"\n"
    return process


def _told(processes: Sequence[subprocess.Popen[bytes]], *arguments: str) -> list[str]:
    """What a tracer tells of processes that go three rounds when all is in place; it ends by itself."""
    go = 'tick-10ms /!told++/ { printf("go\\n"); }'
    line = command("-q", "-x", "switchrate=50hz", "-n", go, *arguments, drop_in=True)
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as tracer:
        assert tracer.stdout
        assert tracer.stdout.readline() == "go\n"
        for process in processes:
            assert process.stdin
            process.stdin.write(b"123")
            process.stdin.flush()
        told, _ = tracer.communicate(timeout=60)
    assert tracer.returncode == 0
    return sorted(filter(None, told.splitlines()))


_ROUND = 'printf("%s %s %d %s\\n", probemod, probename, arg0, basename(copyinstr(arg1)));'
#: One process by its number among all that have the provider, and the process of -p.
_ANY = f"rounds*:::one-round /pid == $1/ {{ {_ROUND} }} rounds*:::one-round /pid == $1 && ++n == 3/ {{ exit(0); }}"
_TARGET = f"rounds$target:::one-round {{ {_ROUND} }} rounds$target:::one-round /arg0 == 2/ {{ exit(0); }}"


@pytest.mark.needs("command:unshare")
def test_a_program_that_only_another_mount_namespace_has(rounds: Path, tmp_path: Path) -> None:
    """Here another program has its name."""
    folder = tmp_path / "inside"
    folder.mkdir()
    shutil.copy("/bin/true", folder / "rounds")
    script = f'mount -t tmpfs none "{folder}" && cp "{rounds}" "{folder}/rounds" && exec "{folder}/rounds"'
    with ExitStack() as stack:
        line = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
        expected = [f"a.out one-round {number} rounds" for number in range(3)]
        process = _started(line, stack)
        assert _told([process], "-n", _ANY, str(process.pid)) == expected
        process = _started(line, stack)
        assert _told([process], "-n", _TARGET, "-p", str(process.pid)) == expected


def test_a_program_whose_file_is_gone_or_another_now(rounds: Path, tmp_path: Path) -> None:
    file = tmp_path / "rounds"
    expected = [f"a.out one-round {number} rounds" for number in range(3)]
    for replaced in (False, True):
        with ExitStack() as stack:
            shutil.copy(rounds, file)
            processes = [_started([file], stack) for _ in range(2)]
            file.unlink()
            if replaced:
                shutil.copy("/bin/true", file)
            one, other = processes
            assert _told([one], "-n", _ANY, str(one.pid)) == expected
            assert _told([other], "-n", _TARGET, "-p", str(other.pid)) == expected


def test_many_processes_of_one_program(rounds: Path) -> None:
    """All of them by the provider's name, and only one by its process."""
    with ExitStack() as stack:
        processes = [_started([rounds], stack) for _ in range(5)]
        counted = '@[probeprov, probeprov == strjoin("rounds", lltostr(pid))] = count();'
        program = f"rounds*:::one-round {{ {counted} }} rounds*:::one-round /++n == 15/ {{ exit(0); }}"
        told = _told(processes, "-n", program + ' END { printa("%s %d %@d\\n", @); }')
        assert told == sorted(f"rounds{process.pid} 1 3" for process in processes)
        # Those that are not traced go first.
        *others, one = processes
        told = _told([*others, one], "-n", _TARGET.replace("arg0 == 2", "++n == 3"), "-p", str(one.pid))
        assert told == [f"a.out one-round {number} rounds" for number in range(3, 6)]


_LIBRARY = (
    PROBES
    + """
SEMAPHORE(shelf_taken);
int shelf_enabled(void) { return shelf_taken; }
void shelf_take(int number) { PROBE(shelf, taken, shelf_taken, "-4@%0", "r"(number)); }
"""
)
_READER = """
#include <dlfcn.h>
#include <unistd.h>
int main(int count, char **words)
{
    void *library = dlopen(words[1], RTLD_NOW);
    int (*enabled)(void) = dlsym(library, "shelf_enabled");
    void (*take)(int) = dlsym(library, "shelf_take");
    while (!enabled())
        usleep(1000);
    for (int i = 0; i < 4; i++)
        take(i);
    return 0;
}
"""
_LINKED = """
int shelf_enabled(void);
void shelf_take(int);
int main(void)
{
    for (int i = 0; i < 4; i++)
        shelf_take(i + 10 * shelf_enabled());
    return 0;
}
"""


def test_probes_of_libraries_that_are_there_at_the_start_and_that_come_later(dtrace: Run, tmp_path: Path) -> None:
    """A library that is loaded later is traced when its semaphore is up, which the program waits for."""
    library = compiled(tmp_path, "libshelf.so", _LIBRARY, "-shared", "-fPIC")
    linked = compiled(
        tmp_path, "linked", _LINKED, f"-L{tmp_path}", "-Wl,--no-as-needed", "-lshelf", f"-Wl,-rpath,{tmp_path}"
    )
    reader = compiled(tmp_path, "reader", _READER)
    counted = '{ @[probemod, probefunc, arg0] = count(); } END { printa("%s %s %d %@d\\n", @); }'
    done = dtrace("-q", "-n", f"shelf$target:libshelf::taken {counted}", "-c", linked)
    told = sorted(filter(None, done.stdout.splitlines()))
    assert told == [f"libshelf.so shelf_take {number} 1" for number in range(10, 14)]
    done = dtrace("-q", "-Z", "-n", f"shelf$target:::taken {counted}", "-c", f"{reader} {library}")
    told = sorted(filter(None, done.stdout.splitlines()))
    assert told == [f"libshelf.so shelf_take {number} 1" for number in range(4)]
