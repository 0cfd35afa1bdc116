"""Database servers that run already: PostgreSQL by its probes, MariaDB by its functions."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import command
from tests.programs import TOO_LONG

pytestmark = pytest.mark.needs("feature:attach_cookie")


@contextmanager
def _folder_of(user: str) -> Iterator[Path]:
    """A new folder that a server may write to, and that is gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"{user}-"))
    try:
        shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(*line: str | Path, check: bool = True) -> int:
    return subprocess.run(line, check=check, cwd="/", capture_output=True, timeout=TOO_LONG).returncode


def _told(ask: Callable[[], object], *arguments: str) -> list[str]:
    """What a tracer tells of what is asked when all is in place; it ends by itself."""
    go = 'tick-10ms /!told++/ { printf("go\\n"); }'
    line = command("-q", "-x", "switchrate=50hz", "-n", go, *arguments, drop_in=True)
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as tracer:
        assert tracer.stdout
        assert tracer.stdout.readline() == "go\n"
        ask()
        told, _ = tracer.communicate(timeout=TOO_LONG)
    return sorted(filter(None, told.splitlines()))


_POSTGRESQL = """
    postgresql*:::query-start /copyinstr(args[0]) == "select 4711"/ { mine = pid; }
    postgresql*:::query-start, postgresql*:::query-done, postgresql*:::query-parse-start,
    postgresql*:::query-parse-done, postgresql*:::query-rewrite-start, postgresql*:::query-rewrite-done
    /pid == mine/ { @[probename, copyinstr(args[0])] = count(); }
    postgresql*:::query-plan-start, postgresql*:::query-plan-done, postgresql*:::query-execute-start,
    postgresql*:::query-execute-done /pid == mine/ { @[probename, "all"] = count(); }
    postgresql*:::transaction-start /mine && pid == mine/ { self->number = args[0]; }
    postgresql*:::transaction-commit, postgresql*:::transaction-abort /pid == mine/
    { @[probename, args[0] == self->number ? "same" : "another"] = count(); }
    postgresql*:::sort-start /pid == mine/ { @[probename, args[2] == 1 ? "one" : "more"] = count(); }
    postgresql*:::sort-done /pid == mine/ { @[probename, args[0] == 0 ? "in memory" : ""] = count(); }
    postgresql*:::query-done /pid == mine && copyinstr(args[0]) == "select 4712"/ { exit(0); }
    END { printa("%s %s %@d\\n", @); }
"""


@pytest.mark.needs("probes:/usr/lib/postgresql/*/bin/postgres", "command:runuser")
def test_queries_and_transactions_of_postgresql() -> None:
    """The process that serves the client is told by its first query. One query is wrong."""
    programs = next(Path("/usr/lib/postgresql").glob("*/bin"))
    first, _, ordered, last = queries = [
        "select 4711",
        "select nosuch",
        "select x from generate_series(1, 9) x order by -x",
        "select 4712",
    ]
    with _folder_of("postgres") as folder:
        as_server: list[str | Path] = ["runuser", "-u", "postgres", "--"]
        _run(*as_server, programs / "initdb", "-N", "-A", "trust", "-D", folder / "data")
        control = [*as_server, programs / "pg_ctl", "-w", "-D", folder / "data", "-l", folder / "log"]
        _run(*control, "-o", f"-k {folder} -c listen_addresses='' -c autovacuum=off", "start")
        try:
            asked = [word for query in queries for word in ("-c", query)]
            client = [*as_server, programs / "psql", "-X", "-h", folder, *asked, "postgres"]
            told = _told(lambda: _run(*client, check=False), "-n", _POSTGRESQL)
        finally:
            _run(*control, "-m", "immediate", "stop", check=False)
    right = first, ordered, last
    assert told == sorted(
        [
            # The first one begins before it is known whose it is.
            *(f"query-start {query} 1" for query in queries),
            *(f"query-parse-{end} {query} 1" for query in queries for end in ("start", "done")),
            *(f"query-rewrite-start {query} 1" for query in queries),
            *(f"query-rewrite-done {query} 1" for query in right),
            *(f"query-{step}-{end} all 3" for step in ("plan", "execute") for end in ("start", "done")),
            *(f"query-done {query} 1" for query in right),
            "sort-start one 1",
            "sort-done in memory 1",
            "transaction-abort same 1",
            "transaction-commit same 3",
        ]
    )


_MYSQL = """
    mysql$target:::query-start /copyinstr(arg0) == "select 4711"/ { mine = tid; }
    mysql$target:::query-start /tid == mine/ { @[probename, copyinstr(arg0), 0] = count(); }
    mysql$target:::query-done /tid == mine/ { @[probename, "all", arg0] = count(); }
    mysql$target:::command-start /tid == mine/ { @[probename, "all", arg1] = count(); self->command = arg1; }
    mysql$target:::command-done /self->command == 3/ { @[probename, "all", arg0] = count(); }
    mysql$target:::query-done /tid == mine && ++n == 2/ { exit(0); }
    END { printa("%s %s %d %@d\\n", @); }
"""


#: What a statement becomes: the probes by their text, their status, or neither, and how often where that is certain.
_MYSQL_STEPS = """
    mysql$target:::query-start /copyinstr(arg0) == "insert into d.t values (1,5), (2,4), (3,3)"/ { mine = tid; }
    mysql$target:::query-parse-start, mysql$target:::query-exec-start, mysql$target:::select-start,
    mysql$target:::insert-start, mysql$target:::update-start, mysql$target:::delete-start,
    mysql$target:::multi-update-start
    /tid == mine/ { printf("%s %s\\n", probename, copyinstr(arg0)); }
    mysql$target:::query-parse-done, mysql$target:::query-exec-done, mysql$target:::select-done,
    mysql$target:::insert-done, mysql$target:::update-done, mysql$target:::delete-done,
    mysql$target:::multi-update-done, mysql$target:::filesort-done,
    mysql$target:::insert-row-done, mysql$target:::update-row-done, mysql$target:::delete-row-done
    /tid == mine/ { @[probename, arg0] = count(); }
    mysql$target:::insert-row-start, mysql$target:::update-row-start, mysql$target:::delete-row-start,
    mysql$target:::filesort-start, mysql$target:::connection-done /tid == mine/ { @[probename, 0] = count(); }
    mysql$target:::handler-rdlock-done, mysql$target:::handler-wrlock-done, mysql$target:::handler-unlock-done,
    mysql$target:::read-row-done, mysql$target:::index-read-row-done, mysql$target:::net-write-done
    /tid == mine && arg0 == 0/ { @some[probename] = min(0); }
    mysql$target:::read-row-start, mysql$target:::index-read-row-start, mysql$target:::handler-rdlock-start,
    mysql$target:::handler-wrlock-start, mysql$target:::handler-unlock-start, mysql$target:::net-read-start
    /tid == mine/ { @some[probename] = min(0); }
    mysql$target:::connection-start { @some[probename] = min(0); }
    mysql$target:::net-write-start /tid == mine && arg0 > 0/ { @some[probename] = min(0); }
    mysql$target:::net-read-done /tid == mine && !arg0 && arg1 == 1 + strlen(LAST)/ { @some[probename] = min(0); }
    mysql$target:::connection-done /tid == mine/ { exit(0); }
    END { printa("%s %d %@d\\n", @); printa("%s\\n", @some); }
"""
_STEPS = {
    "insert": "insert into d.t values (1,5), (2,4), (3,3)",
    "select": "select a from d.t order by b",
    "update": "update d.t set b = 9 where a = 2",
    "multi-update": "update d.t, d.u set d.t.b = 8 where d.t.a = d.u.a",
    "delete": "delete from d.t where a = 3",
    "wrong": "nonsense",
}
#: Rows that they write, and what fires too, as often as the server likes.
_ROWS = {"insert": 3, "update": 2, "delete": 1}
_SOME = ("read-row", "index-read-row", "net-read", "net-write", "handler-rdlock", "handler-wrlock", "handler-unlock")


@pytest.mark.needs("path:/usr/sbin/mariadbd", "command:mariadb-install-db", "command:mariadb")
@pytest.mark.proves(
    "mysql:::query-start", "mysql:::query-done", "mysql:::command-start", "mysql:::command-done",
    *(f"mysql:::connection-{end}" for end in ("start", "done")),
    *(
        f"mysql:::{step}-{end}"
        for step in (
            "query-parse", "query-exec", "select", "insert", "update", "multi-update", "delete", "insert-row",
            "update-row", "delete-row", "read-row", "index-read-row", "filesort", "net-read", "net-write",
            "handler-rdlock", "handler-wrlock", "handler-unlock",
        )
        for end in ("start", "done")
    ),
)  # fmt: skip
def test_queries_of_mariadb() -> None:
    """Command 3 is a query."""
    with _folder_of("mysql") as folder:
        places = [f"--datadir={folder}/data", "--user=mysql"]
        _run("mariadb-install-db", "--no-defaults", *places, "--skip-test-db")
        client = ["mariadb", "--no-defaults", f"--socket={folder}/socket", "-e"]
        server = ["mariadbd", "--no-defaults", *places, f"--socket={folder}/socket", f"--pid-file={folder}/pid"]
        server += ["--skip-networking", "--skip-grant-tables", "--innodb-buffer-pool-size=8M"]
        with (folder / "log").open("w") as log, subprocess.Popen(server, stdout=log, stderr=log) as process:
            try:
                deadline = time.monotonic() + TOO_LONG
                while _run(*client, "select 1", check=False):
                    assert process.poll() is None, (folder / "log").read_text()
                    assert time.monotonic() < deadline
                told = _told(lambda: _run(*client, "select 4711; select 'two'"), "-n", _MYSQL, "-p", str(process.pid))
                made = "create database d; create table d.t (a int primary key, b int); create table d.u select 1 a"
                _run(*client, made)
                asked = [*client[:-1], "--force", "-e", "; ".join(_STEPS.values())]
                program = _MYSQL_STEPS.replace("LAST", f'"{_STEPS["wrong"]}"')
                steps = _told(lambda: _run(*asked, check=False), "-n", program, "-p", str(process.pid))
            finally:
                process.terminate()
    assert told == [
        "command-done all 0 1",
        "command-start all 3 1",
        "query-done all 0 2",
        "query-start select 'two' 0 1",
        "query-start select 4711 0 1",
    ]
    texts = [f"query-parse-start {text}" for text in _STEPS.values()]
    for step, text in _STEPS.items():
        texts += [f"{step}-start {text}", f"query-exec-start {text}"] if step != "wrong" else []
    rows = [f"{row}-row-{end} 0 {count}" for row, count in _ROWS.items() for end in ("start", "done")]
    done = [f"{step}-done 0 1" for step in _STEPS if step != "wrong"]
    parsed = ["query-parse-done 0 5", "query-parse-done 1 1", "query-exec-done 0 5"]
    once = ["filesort-start 0 1", "filesort-done 0 1", "connection-done 0 1", "connection-start"]
    some = [f"{what}-{end}" for what in _SOME for end in ("start", "done")]
    assert steps == sorted([*texts, *rows, *done, *parsed, *once, *some])
