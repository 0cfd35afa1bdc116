"""Probes that programs define: sites with known arguments."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.compiled import PROBES, compiled
from tests.conftest import Run, command

pytestmark = pytest.mark.needs("command:gcc", "path:/sys/bus/event_source/devices/uprobe")

_SITES = (
    PROBES
    + """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
SEMAPHORE(app_costly);
int counter = 77;
static struct { char pad[16]; short low; } record = { "", -9 };
int first(int number, char *text)
{
    long wide = -5000000000;
    unsigned char byte = 200;
    PROBE(app, my__probe, 0, "-4@%0 8@%1 -8@%2 1@%b3 -4@$-17 4@%4 -2@%5 -4@counter(%%rip)",
          "r"(number), "r"(text), "m"(wide), "r"(byte), "m"(number), "m"(record.low));
    return number;
}
int second(int number)
{
    PROBE(app, my__probe, 0, "-4@%0 8@%1", "r"(number * 2), "r"("second"));
    if (app_costly)
        PROBE(app, costly, app_costly, "-4@%0", "r"(number));
    return 0;
}
int main(int count, char **words)
{
    int times = count > 1 ? atoi(words[1]) : 3;
    char go;
    if (count > 2)
        read(0, &go, 1);
    for (int i = 0; i < times; i++) {
        first(i - 1, "hello");
        second(i);
    }
    return 0;
}
"""
)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`app:my__probe` at two sites and `app:costly` behind a semaphore, each three times or as the first word says."""
    return compiled(tmp_path_factory.mktemp("usdt"), "sites", _SITES, "-O2")


def test_arguments_by_the_sites_note_with_their_sizes_and_signs(dtrace: Run, sites: Path) -> None:
    program = """
        app$target:sites:first:my-probe /(int)arg0 == -1/
        {
            printf("%d %s %d %d %d %d %d %d\\n", arg0, copyinstr(arg1), arg2, arg3, arg4, (int)arg5, arg6, arg7);
            printf("%d %s %s %s\\n", probeprov == strjoin("app", lltostr($target)), probemod, probefunc, probename);
        }
    """
    done = dtrace("-q", "-n", program, "-c", sites)
    assert done.stdout.splitlines()[:2] == [
        "-1 hello -5000000000 200 -17 -1 -9 77",
        "1 a.out first my-probe",
    ]


def test_a_probe_has_several_sites(dtrace: Run, sites: Path) -> None:
    program = """
        app$target:::my-probe { @[probefunc, copyinstr(arg1), arg0] = count(); }
        END { printa("%s %s %d %@d\\n", @); }
    """
    done = dtrace("-q", "-n", program, "-c", sites)
    assert sorted(filter(None, done.stdout.splitlines())) == [
        *(f"first hello {number} 1" for number in (-1, 0, 1)),
        *(f"second second {number} 1" for number in (0, 2, 4)),
    ]
    assert "matched 2 probes" in dtrace("-n", "app$target:::my-probe { exit(0); }", "-c", sites).stderr


def test_a_semaphore_is_up_while_its_probe_is_traced(dtrace: Run, sites: Path) -> None:
    program = "app$target:::costly { @ = count(); }"
    assert dtrace("-q", "-n", program, "-c", f"{sites} 20").stdout.split() == ["20"]


def test_an_argument_that_the_site_does_not_have_is_a_fault(dtrace: Run, sites: Path) -> None:
    program = "app$target::second:my-probe { trace(arg2); } ERROR { @ = count(); } "
    done = dtrace("-q", "-n", program, "-c", sites)
    assert done.stdout.split() == ["3"]
    assert done.stderr.count("illegal operation") == 3


def test_processes_that_start_later_fire_and_tell_their_number(sites: Path) -> None:
    """The file is known by one process that runs; another is started when the probes are in place."""
    program = """
        app*:::my-probe { @[probeprov == strjoin("app", lltostr(pid)), probefunc] = count(); }
        app*:::costly { @[0, "costly"] = count(); }
        tick-50ms /!told++/ { printf("go\\n"); }
        tick-1s /++seconds > 2/ { exit(0); }
        END { printa("%d %s %@d\\n", @); }
    """
    with subprocess.Popen([sites, "1", "wait"], stdin=subprocess.PIPE) as waiting:
        line = command("-q", "-x", "switchrate=50hz", "-n", program, drop_in=True)
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as tracer:
            assert tracer.stdout
            assert tracer.stdout.readline() == "go\n"
            subprocess.run([sites, "5"], check=True)
            waiting.communicate(b"x")
            told, _ = tracer.communicate(timeout=60)
    assert sorted(filter(None, told.splitlines())) == ["0 costly 6", "1 first 6", "1 second 6"]


def test_what_a_program_does_not_define_is_told(dtrace: Run, sites: Path) -> None:
    done = dtrace("-n", "nowhere$target:::probe", "-c", sites, status=1)
    assert "defines probes of app" in done.stderr
    done = dtrace("-n", "nowhere*:::probe", status=1)
    assert "no process that runs now defines such a probe" in done.stderr
    dtrace("-Z", "-n", "nowhere*:::probe { } BEGIN { exit(0); }")
