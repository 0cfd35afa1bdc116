"""What a process maps while it is traced, by dlopen() and by exec(), is traced from its first function on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dtrans.run.processes import arrivals
from tests.compiled import compiled
from tests.conftest import Run, command
from tests.programs import printed

pytestmark = pytest.mark.needs("command:gcc", "feature:attach_cookie", "enumerator:BPF_FUNC_loop")

_LIBRARY = """
int later(int x) { asm volatile(""); return x; }
__attribute__((constructor)) static void begin(void) { later(1000); }
"""
#: Loads libraries that are its words, each in a thread of its own, and calls what they have once. With the word "again"
#: at the end, it does so over and over until it is told to end.
_LOADS = """
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
static void *load(void *name)
{
    void *library = dlopen(name, RTLD_NOW);
    int (*later)(int) = dlsym(library, "later");
    later(1);
    dlclose(library);
    return 0;
}
int main(int count, char **words)
{
    struct pollfd told = {0, POLLIN};
    int again = !strcmp(words[count - 1], "again");
    do
        for (int i = 1; i < count - again; i++) {
            pthread_t thread;
            pthread_create(&thread, 0, load, words[i]);
            pthread_join(thread, 0);
        }
    while (again && !poll(&told, 1, 0));
    return 0;
}
"""


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A program, and six libraries that it can load."""
    folder = tmp_path_factory.mktemp("loads")
    libraries = [compiled(folder, f"late{number}.so", _LIBRARY, "-shared", "-fPIC") for number in range(6)]
    return [compiled(folder, "loads", _LOADS), *libraries]


def test_a_library_is_traced_before_any_of_its_code_runs(loads: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its constructor's call and the first after dlopen(). The thread waits here for as long as can be."""
    monkeypatch.setattr(arrivals, "_MOST_LOOKS", 1 << 23)
    program = """
        pid$target:late*:later:entry { @[probemod, arg0] = count(); }
        END { printa("%s %d %@d\\n", @); }"""
    shown = printed(program, commands=[" ".join(map(str, loads))], options={"quiet": "1", "zdefs": "1"})
    expected = [f"late{number}.so {call} 1" for number in range(6) for call in (1, 1000)]
    assert sorted(filter(None, shown.splitlines())) == sorted(expected)


def test_a_program_that_another_executes_is_traced_from_its_first_instruction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "_MOST_LOOKS", 1 << 23)
    text = """
        int early(int x) { asm volatile(""); return x; }
        __attribute__((constructor)) static void begin(void) { early(1); }
        int main(void) { return early(2) - 2; }
    """
    for name, *flags in (("next",), ("alone", "-static")):
        program = compiled(tmp_path, name, text, *flags)
        clause = "pid$target:a.out:early:entry { @[execname, arg0] = count(); }"
        shown = printed(clause, commands=[f"sh -c 'exec {program}'"], options={"quiet": "1", "zdefs": "1"})
        assert sorted(shown.split()) == ["1", "1", "1", "2", name, name]


def test_a_tracer_that_is_killed_leaves_nobody_waiting(loads: list[Path]) -> None:
    line = [*map(str, loads), "again"]
    with subprocess.Popen(line, stdin=subprocess.PIPE) as process:
        for _ in range(2):
            words = ["-Zqn", "pid$target:late*:later:entry { n++; }", "-n", 'tick-50ms { printf("go\\n"); }']
            tracing = command(*words, "-x", "switchrate=50hz", "-p", str(process.pid), drop_in=True)
            with subprocess.Popen(tracing, stdout=subprocess.PIPE, text=True) as tracer:
                assert tracer.stdout
                assert tracer.stdout.readline() == "go\n"
                tracer.kill()
        process.communicate(b"x")
    assert process.returncode == 0


def test_signals_reach_a_thread_that_is_held(dtrace: Run, tmp_path: Path, loads: list[Path]) -> None:
    """One that comes while it waits is not lost."""
    text = f"""
        #include <dlfcn.h>
        #include <signal.h>
        #include <unistd.h>
        static volatile int got;
        static void count(int number) {{ got++; }}
        int main(void)
        {{
            signal(SIGUSR1, count);
            for (int i = 0; i < 20; i++) {{
                int child = fork();
                if (!child) {{
                    kill(getppid(), SIGUSR1);
                    _exit(0);
                }}
                dlclose(dlopen("{loads[1]}", RTLD_NOW));
                while (got <= i)
                    usleep(1000);
            }}
            return got - 20;
        }}
    """
    program = compiled(tmp_path, "signals", text)
    done = dtrace("-Zn", "pid$target:late*:later:entry { @ = count(); }", "-c", program)
    assert done.stdout.split() == ["20"]
    assert "exited with status" not in done.stderr
