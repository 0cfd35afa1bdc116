"""Probes that programs define: sites with known arguments."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.compiled import PROBES, compiled
from tests.conftest import Run, command, needs

pytestmark = pytest.mark.needs("command:gcc", "feature:attach_cookie")

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


_FORMS = (
    PROBES
    + """
static struct { int numbers[4]; long wide[4]; short low; } table = { { 1, 2, -3, 4 }, { 5, 6, -7, 8 }, -9 };
long pair[2] = { 10, -11 };
int main(void)
{
    unsigned long bits = 0xfedcba9876543281, two = 2;
    PROBE(forms, registers, 0, "1@%b0 -1@%b0 2@%w0 -2@%w0 4@%k0 -4@%k0 8@%0 -8@%0", "r"(bits));
    PROBE(forms, numbered, 0, "1@%%r9b 2@%%r9w -4@%%r9d 8@%%r9 -1@%%bpl 8@%%sp", "r"(bits));
    PROBE(forms, memory, 0, "-4@(%0,%1,4) 4@8(%0) -8@16(%0,%1,8) 8@0x10(%0) -2@48(%0) -1@-1+1(%0)",
          "r"(&table), "r"(two));
    PROBE(forms, others, 0, "-4@$-5 4@$-5 2@$-5 8@$0x10 -8@pair+8(%%rip) 8@pair(%%rip) 8f@%%xmm0", "r"(two));
    return 0;
}
"""
)


def test_every_form_of_operand(dtrace: Run, tmp_path: Path) -> None:
    needs("machine:x86_64")
    program = compiled(tmp_path, "forms", _FORMS)
    text = """
        forms$target:::registers
        { printf("%d %d %d %d %u %d %u %d\\n", arg0, arg1, arg2, arg3, arg4, arg5, arg6, arg7); }
        forms$target:::numbered { printf("%d %d %d\\n", arg0 == (uregs[R_R9] & 255), arg1 == (uregs[R_R9] & 65535),
            arg3 == uregs[R_R9]); printf("%d\\n", arg5 == uregs[R_SP]); }
        forms$target:::memory { printf("%d %u %d %u %d %d\\n", arg0, arg1, arg2, arg3, arg4, arg5); }
        forms$target:::others { printf("%d %u %u %d %d %d\\n", arg0, arg1, arg2, arg3, arg4, arg5); }
        forms$target:::others { trace(arg6); }
        ERROR { printf("fault\\n"); }
    """
    bits = 0xFEDCBA9876543281
    done = dtrace("-q", "-n", text, "-c", program)
    registers = "129 -127 12929 12929 1985229441 1985229441"
    assert done.stdout.splitlines()[:6] == [
        f"{registers} {bits} {bits - (1 << 64)}",
        "1 1 1",
        "1",
        "-3 4294967293 -7 5 -9 1",
        "-5 4294967291 65531 16 -11 10",
        "fault",
    ]


def test_a_semaphore_is_down_again_when_the_tracer_was_killed(tmp_path: Path) -> None:
    text = """
#include <unistd.h>
SEMAPHORE(app_costly);
int main(void)
{
    char go;
    while (read(0, &go, 1) == 1) {
        char now = '0' + app_costly;
        write(1, &now, 1);
        if (app_costly)
            PROBE(app, costly, app_costly, "-4@$1", "r"(0));
    }
    return 0;
}
"""
    program = compiled(tmp_path, "waits", PROBES + text)
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout

        def semaphore() -> bytes:
            assert process.stdin
            assert process.stdout
            process.stdin.write(b"x")
            process.stdin.flush()
            return process.stdout.read(1)

        assert semaphore() == b"0"
        text = 'app$target:::costly { } tick-10ms /!told++/ { printf("go\\n"); }'
        line = command("-q", "-x", "switchrate=50hz", "-n", text, "-p", str(process.pid), drop_in=True)
        for _ in range(2):
            with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as tracer:
                assert tracer.stdout
                assert tracer.stdout.readline() == "go\n"
                assert semaphore() == b"1"
                tracer.kill()
            # The kernel takes down what a process held a little after its end.
            deadline = time.monotonic() + 60
            while semaphore() != b"0":
                assert time.monotonic() < deadline
        process.stdin.close()


def test_an_argument_of_which_nothing_tells_the_type_is_refused_with_what_would(dtrace: Run) -> None:
    told = dtrace("-n", "nobody_has_it*:::probe { trace(args[0]->member); }", status=1).stderr
    assert "a declaration of the provider would" in told
    assert "hint" not in dtrace("-n", "proc:::exit { trace(args[0]->member); }", status=1).stderr
