"""plockstat: locks of pthreads, in a program that takes and waits for them a known number of times."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.compiled import compiled
from tests.conftest import Run

pytestmark = pytest.mark.needs("command:gcc", "feature:attach_cookie")

_LOCKS = """
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, checked = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
volatile int ready;
static void *holder(void *unused)
{
    pthread_mutex_lock(&mutex);
    pthread_rwlock_wrlock(&rwlock);
    ready = 1;
    usleep(200000);
    pthread_rwlock_unlock(&rwlock);
    usleep(200000);
    pthread_mutex_unlock(&mutex);
    return unused;
}
void begin(void *mutex, void *checked, void *rwlock) { asm volatile(""); }
int main(void)
{
    pthread_t thread;
    begin(&mutex, &checked, &rwlock);
    for (int i = 0; i < 10; i++) {
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
        pthread_rwlock_rdlock(&rwlock);
        pthread_rwlock_unlock(&rwlock);
    }
    pthread_mutex_lock(&checked);
    pthread_mutex_lock(&checked);
    pthread_create(&thread, 0, holder, 0);
    while (!ready)
        ;
    pthread_mutex_trylock(&mutex);
    pthread_rwlock_rdlock(&rwlock);
    pthread_mutex_lock(&mutex);
    pthread_join(thread, 0);
    pthread_rwlock_unlock(&rwlock);
    pthread_rwlock_wrlock(&rwlock);
    pthread_rwlock_wrlock(&rwlock);
    return 0;
}
"""


@pytest.mark.proves(
    *(f"plockstat:::mutex-{what}" for what in ("acquire", "block", "blocked", "error", "release")),
    *(f"plockstat:::rw-{what}" for what in ("acquire", "block", "blocked", "error", "release")),
)
@pytest.mark.parametrize("flags", [(), ("-static",)])
def test_locks_taken_waited_for_and_let_go(dtrace: Run, tmp_path: Path, flags: tuple[str, ...]) -> None:
    program = """
        pid$target::begin:entry { mutex = arg0; checked = arg1; rwlock = arg2; }
        plockstat$target:::mutex-acquire, plockstat$target:::mutex-release, plockstat$target:::mutex-block
        /arg0 == mutex/ { @["mutex", probename] = count(); }
        plockstat$target:::mutex-blocked /arg0 == mutex/ { @["mutex", arg1 ? "got it" : "did not"] = count(); }
        plockstat$target:::mutex-error /arg0 == checked/ { @["checked", lltostr(arg1)] = count(); }
        plockstat$target:::rw-acquire /arg0 == rwlock/ { @["rwlock", arg1 ? "writer" : "reader"] = count(); }
        plockstat$target:::rw-block /arg0 == rwlock/
        { @["rwlock", arg1 ? "writer waited" : "reader waited"] = count(); }
        plockstat$target:::rw-blocked /arg0 == rwlock && !arg1/ { @["rwlock", arg2 ? "got it" : "did not"] = count(); }
        plockstat$target:::rw-error /arg0 == rwlock && arg1/ { @["rwlock", lltostr(arg2)] = count(); }
        plockstat$target:::rw-release /arg0 == rwlock/ { @["rwlock", probefunc] = count(); }
        END { printa("%s %s %@d\\n", @); }
    """
    done = dtrace("-q", "-n", program, "-c", compiled(tmp_path, "locks", _LOCKS, *flags))
    assert sorted(filter(None, done.stdout.splitlines())) == [
        "checked 35 1",
        "mutex got it 1",
        "mutex mutex-acquire 12",
        "mutex mutex-block 1",
        "mutex mutex-release 11",
        "rwlock 35 1",  # EDEADLK
        "rwlock got it 1",
        "rwlock pthread_rwlock_unlock 12",
        "rwlock reader 11",
        "rwlock reader waited 1",
        "rwlock writer 2",
    ]
    assert done.stderr == ""


def test_spinning_is_told_to_be_unknown(dtrace: Run) -> None:
    done = dtrace("-n", "plockstat$target:::mutex-spin", "-c", "true", status=1)
    assert "PTHREAD_MUTEX_ADAPTIVE_NP" in done.stderr


_TAKEN = """
#include <pthread.h>
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
void begin(void *mutex, void *rwlock) { asm volatile(""); }
int main(void)
{
    begin(&mutex, &rwlock);
    for (int i = 0; i < 10; i++) {
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
        pthread_rwlock_rdlock(&rwlock);
        pthread_rwlock_unlock(&rwlock);
    }
    return 0;
}
"""


@pytest.mark.needs("command:musl-gcc")
def test_locks_of_another_c_library(dtrace: Run, tmp_path: Path) -> None:
    """musl's functions call one another: each lock counts once."""
    program = """
        pid$target::begin:entry { mutex = arg0; rwlock = arg1; }
        plockstat$target::: /arg0 == mutex || arg0 == rwlock/ { @[probename] = count(); }"""
    (tmp_path / "taken.c").write_text(_TAKEN)
    for flags in ((), ("-static",)):
        subprocess.run(["musl-gcc", *flags, "-o", tmp_path / "taken", tmp_path / "taken.c"], check=True)
        words = dtrace("-qn", program, "-c", tmp_path / "taken").stdout.split()
        assert sorted(words) == sorted(
            ["mutex-acquire", "10", "mutex-release", "10", "rw-acquire", "10", "rw-release", "10"]
        )
