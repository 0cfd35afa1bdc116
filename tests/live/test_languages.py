"""Languages: their runtimes' own probes, bash by its functions, under the names that scripts know."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.compiled import PROBES, compiled
from tests.conftest import Run, needs
from tests.programs import TOO_LONG

pytestmark = pytest.mark.needs("feature:attach_cookie")


def _lines(text: str) -> list[str]:
    return sorted(filter(None, text.splitlines()))


def _script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


# --- bash ------------------------------------------------------------------------------------------------------------

_BASH = """\
outer() {
    inner one
    return 3
}
inner() { :; builtin false; }
outer
for word in 1 2; do
    inner
done
(exit 5)
x=$(pwd)
/bin/false
eval 'true
[ 1 = 2 ]'
cd .; pushd . >/dev/null
exit 4
"""
_SHELL = """
    sh$target:::function-entry, sh$target:::function-return, sh$target:::builtin-entry, sh$target:::builtin-return,
    sh$target:::command-entry, sh$target:::command-return
    { @named[probename, copyinstr(arg1), arg2] = count(); }
    sh$target:::line, sh$target:::subshell-return, sh$target:::script-done { @[probename, arg1] = count(); }
    sh$target:::subshell-entry { @[probename, arg1 > 1] = count(); }
    sh$target:::script-start { @[basename(copyinstr(arg0)), 0] = count(); }
    END { printa("%s %s:%d %@d\\n", @named); printa("%s:%d %@d\\n", @); }
"""


#: pushd has cd's builtin do its work; return, exit and builtin do not come back themselves.
_SHELL_CALLS = """
function-entry outer:6 1
function-entry inner:2 1
function-entry inner:8 2
function-return outer:3 1
function-return inner:1 3
builtin-entry ::5 3
builtin-entry builtin:5 3
builtin-entry false:5 3
builtin-entry return:3 1
builtin-entry eval:14 1
builtin-entry true:14 1
builtin-entry [:15 1
builtin-entry cd:15 1
builtin-entry pushd:15 1
builtin-entry exit:16 1
builtin-return ::0 3
builtin-return false:1 3
builtin-return eval:1 1
builtin-return true:0 1
builtin-return [:1 1
builtin-return cd:0 1
builtin-return pushd:0 1
command-entry /bin/false:12 1
command-return /bin/false:1 1
subshell-entry:1 2
subshell-return:5 1
subshell-return:0 1
calls.sh:0 1
script-done:4 1
line:2 1
line:3 1
line:5 6
line:6 1
line:7 1
line:8 2
line:11 1
line:12 1
line:14 2
line:15 3
line:16 1
"""


@pytest.mark.needs("path:/bin/bash")
@pytest.mark.proves(
    *(
        f"sh:::{name}"
        for name in (
            *("function-entry", "function-return", "builtin-entry", "builtin-return", "command-entry"),
            *("command-return", "subshell-entry", "subshell-return", "line", "script-start", "script-done"),
        )
    )
)
def test_what_a_shell_script_does(dtrace: Run, tmp_path: Path) -> None:
    script = _script(tmp_path, "calls.sh", _BASH)
    done = dtrace("-q", "-n", _SHELL, "-c", f"/bin/bash {script}", timeout=TOO_LONG)
    assert _lines(done.stdout) == _lines(_SHELL_CALLS)


@pytest.mark.needs("path:/bin/dash")
def test_a_shell_without_symbols_is_refused(dtrace: Run) -> None:
    done = dtrace("-n", "sh$target:::function-entry", "-c", "/bin/dash -c :", status=1)
    assert "run the script with bash" in done.stderr


# --- runtimes with probes --------------------------------------------------------------------------------------------


def test_functions_of_python(dtrace: Run, tmp_path: Path) -> None:
    needs("probes:/usr/bin/python3")
    text = "def inner(n):\n    return n\n\ndef outer():\n    return sum(inner(i) for i in range(7))\n\nouter()\n"
    script = _script(tmp_path, "calls.py", text)
    program = """
        python$target:::function-return /copyinstr(arg1) == "inner"/
        { @[basename(copyinstr(arg0)), copyinstr(arg1), arg2] = count(); }
        python*:::function-return /pid == $target && copyinstr(arg1) == "outer"/
        { @[probename, "outer", arg2] = count(); }
        END { printa("%s %s %d %@d\\n", @); }
    """
    done = dtrace("-q", "-n", program, "-c", f"/usr/bin/python3 {script}")
    assert _lines(done.stdout) == ["calls.py inner 2 7", "function-return outer 5 1"]


@pytest.mark.needs("probes:/usr/bin/python3")
def test_the_tracer_does_not_trace_itself(dtrace: Run) -> None:
    """It may be a program with such probes itself: what it does to print a record would make the next one."""
    program = """
        python*:::function-return { printf("%d\\n", pid); }
        BEGIN { printf("%d\\n", $pid); }
        tick-500ms { exit(0); }
    """
    own, *others = dtrace("-q", "-n", program).stdout.split()
    assert own not in others


@pytest.mark.needs("probes:/usr/lib/*-linux-gnu/libruby*.so*")
@pytest.mark.proves("ruby:::function-entry", "ruby:::function-return", "ruby:::object-create-start")
@pytest.mark.proves("ruby:::object-create-done", "ruby:::gc-begin", "ruby:::gc-end")
def test_methods_of_ruby_under_the_names_of_its_first_provider(dtrace: Run, tmp_path: Path) -> None:
    text = """\
class Thing
  def outer
    3.times { inner }
  end
  def inner
    Process.pid
  end
end
TracePoint.new(:call, :return) {}.enable
Thing.new.outer
GC.start
"""
    script = _script(tmp_path, "calls.rb", text)
    program = """
        ruby$target:::function-entry, ruby$target:::function-return, ruby$target:::method-entry
        /basename(copyinstr(arg2)) == "calls.rb" && (copyinstr(arg0) == "Thing" || copyinstr(arg1) == "pid")/
        { @[probename, copyinstr(arg0), copyinstr(arg1), arg3] = count(); }
        ruby$target:::object-create-start, ruby$target:::object-create-done /copyinstr(arg0) == "Thing"/
        { @[probename, copyinstr(arg0), basename(copyinstr(arg1)), arg2] = count(); }
        ruby$target:::gc-begin, ruby$target:::gc-end { collected[probename] = 1; }
        END { printa("%s %s.%s:%d %@d\\n", @); printf("%d\\n", collected["gc-begin"] + collected["gc-end"]); }
    """
    done = dtrace("-q", "-n", program, "-c", f"/usr/bin/ruby --disable=gems {script}")
    assert _lines(done.stdout) == [
        "2",
        "function-entry Process.pid:6 3",
        "function-entry Thing.inner:6 3",
        "function-entry Thing.outer:3 1",
        "function-return Process.pid:6 3",
        "function-return Thing.inner:7 3",
        "function-return Thing.outer:4 1",
        "method-entry Thing.inner:6 3",
        "method-entry Thing.outer:3 1",
        "object-create-done Thing.calls.rb:10 1",
        "object-create-start Thing.calls.rb:10 1",
    ]


@pytest.mark.needs("probes:/usr/lib/*-linux-gnu/libruby*.so*")
def test_what_a_language_does_not_tell_is_refused_with_the_reason(dtrace: Run, dtrans: Run) -> None:
    assert "Ruby has no probe for lines" in dtrace("-n", "ruby*:::line", status=1).stderr
    told = dtrans("explain", "-n", "ruby*:::line, python*:::function-entry { trace(pid); }").stdout.splitlines()
    assert told[0] == "ruby*:::line: none"
    assert "python*:::function-entry: partial" in told


@pytest.mark.needs("probes:/usr/bin/php")
def test_functions_of_php(dtrace: Run, tmp_path: Path) -> None:
    text = """\
<?php
class A {
  static function inner() {}
}
function outer() {
  A::inner(); A::inner();
}
outer();
"""
    script = _script(tmp_path, "calls.php", text)
    program = """
        php*:::function-entry, php*:::function-return /pid == $target && arg0/
        { @[probename, copyinstr(arg0), basename(copyinstr(arg1)), arg2, copyinstr(arg3)] = count(); }
        END { printa("%s %s %s:%d %s %@d\\n", @); }
    """
    done = dtrace("-q", "-n", program, "-c", f"/usr/bin/env USE_ZEND_DTRACE=1 php -n {script}")
    assert _lines(done.stdout) == [
        "function-entry inner calls.php:3 A 2",
        "function-entry main calls.php:8  1",
        "function-entry outer calls.php:6  1",
        "function-return inner calls.php:3 A 2",
        "function-return main calls.php:8  1",
        "function-return outer calls.php:6  1",
    ]


_WORK = """
public class Work {
    static final Object lock = new Work();
    static int inner(int n) { return n; }
    static int outer(int n) { return inner(n) + 1; }
    public static void main(String[] words) throws Exception {
        Thread helper = new Thread(() -> { synchronized (lock) { lock.notifyAll(); } }, "helper");
        synchronized (lock) { helper.start(); lock.wait(77777); }
        helper.join();
        for (int i = 0; i < 5; i++) new Work();
        for (int i = 0; i < 9; i++) outer(i);
        Thread.sleep(7);
        System.gc();
    }
}
"""
#: Methods of Work alone are compiled, when they are first called; all else is interpreted.
_JAVA = (
    "java -Xms256m -XX:+ExtendedDTraceProbes -XX:+UseSerialGC -XX:+PreserveFramePointer -XX:+UnlockDiagnosticVMOptions "
    "-XX:+DumpPerfMapAtExit -Xcomp -XX:CompileCommand=quiet -XX:CompileCommand=compileonly,Work.* "
    "-XX:CompileCommand=dontinline,Work.* -cp {folder} Work"
)
_JAVA_PROBES = """
    hotspot$target:::method-entry, hotspot$target:::method-return
    /copyinstr(args[1], args[2]) == "Work" && copyinstr(args[3], args[4]) != "<init>"/
    { @[probename, copyinstr(args[3], args[4]), copyinstr(args[5], args[6]), 0] = count(); }
    hotspot$target:::method-entry
    /copyinstr(args[1], args[2]) == "Work" && copyinstr(args[3], args[4]) == "inner" && !shown++/ { jstack(); }
    hotspot$target:::thread-start, hotspot$target:::thread-stop /copyinstr(args[0], args[1]) == "helper"/
    { @[probename, copyinstr(args[0], args[1]), "", args[4]] = count(); }
    hotspot$target:::monitor-wait /copyinstr(args[2], args[3]) == "Work"/
    { @[probename, copyinstr(args[2], args[3]), "", args[4]] = count(); monitor = args[1]; }
    hotspot$target:::monitor-waited, hotspot$target:::monitor-notifyAll /args[1] == monitor/
    { @[probename, copyinstr(args[2], args[3]), "", 0] = count(); }
    hotspot$target:::object-alloc /copyinstr(args[1], args[2]) == "Work"/ { @[probename, "Work", "", 0] = count(); }
    hotspot$target:::thread-sleep-begin, hotspot$target:::thread-sleep-end { @[probename, "", "", arg0] = count(); }
    hotspot$target:::gc-begin { @[probename, "", "", args[0]] = count(); }
    hotspot$target:::gc-end, hotspot$target:::vm-init-begin, hotspot$target:::vm-init-end, hotspot$target:::vm-shutdown
    { @[probename, "", "", 0] = count(); }
    hotspot$target:::mem-pool-gc-begin
    /args[5] <= args[6] && args[6] <= args[7] && copyinstr(args[2], args[3]) == "Eden Space"/
    { @[probename, copyinstr(args[2], args[3]), "", 0] = count(); }
    hotspot$target:::class-loaded, hotspot$target:::class-initialization-end /copyinstr(args[0], args[1]) == "Work"/
    { @[probename, "Work", "", 0] = count(); }
    hotspot$target:::method-compile-begin /copyinstr(args[4], args[5]) == "inner"/
    { compiler = copyinstr(args[0], args[1]); compiled = copyinstr(args[2], args[3]); }
    hotspot$target:::vmops-begin, hotspot$target:::vmops-end /copyinstr(args[0], args[1]) == "GenCollectFull"/
    { @[probename, "GenCollectFull", "", args[2]] = count(); }
    hotspot_jni$target:::GetStaticMethodID-entry /copyinstr(args[2]) == "main"/
    { @[probename, copyinstr(args[2]), copyinstr(args[3]), 0] = count(); self->asked = 1; }
    hotspot_jni$target:::GetStaticMethodID-return /self->asked/ { main = args[0]; self->asked = 0; }
    hotspot_jni$target:::CallStaticVoidMethod-entry /args[2] == main/ { @[probename, "", "", 0] = count(); }
    END { printa("%s %s%s %d %@d\\n", @); printf("%s by a compiler: %d\\n", compiled, strstr(compiler, "C") != NULL); }
"""
_JAVA_TOLD = """
CallStaticVoidMethod-entry  0 1
GetStaticMethodID-entry main([Ljava/lang/String;)V 0 1
Work by a compiler: 1
class-initialization-end Work 0 1
class-loaded Work 0 1
gc-begin  1 1
gc-end  0 1
mem-pool-gc-begin Eden Space 0 1
method-entry <clinit>()V 0 1
method-entry inner(I)I 0 9
method-entry lambda$main$0()V 0 1
method-entry main([Ljava/lang/String;)V 0 1
method-entry outer(I)I 0 9
method-return <clinit>()V 0 1
method-return inner(I)I 0 9
method-return lambda$main$0()V 0 1
method-return main([Ljava/lang/String;)V 0 1
method-return outer(I)I 0 9
monitor-notifyAll Work 0 1
monitor-wait Work 77777 1
monitor-waited Work 0 1
object-alloc Work 0 6
thread-sleep-begin  7 1
thread-sleep-end  0 1
thread-start helper 0 1
thread-stop helper 0 1
vm-init-begin  0 1
vm-init-end  0 1
vm-shutdown  0 1
vmops-begin GenCollectFull 0 1
vmops-end GenCollectFull 0 1
"""


@pytest.mark.needs("command:javac", "probes:/usr/lib/jvm/java-17*/lib/server/libjvm.so")
def test_what_java_does_and_where(dtrace: Run, tmp_path: Path) -> None:
    """The JVM is mapped after java has started: its file is known beforehand. Methods are named by the map that the JVM
    writes at its end."""
    subprocess.run(["javac", "-d", tmp_path, _script(tmp_path, "Work.java", _WORK)], check=True)
    maps = set(Path("/tmp").glob("perf-*.map"))
    done = dtrace("-q", "-n", _JAVA_PROBES, "-c", _JAVA.format(folder=tmp_path), timeout=TOO_LONG)
    for written in set(Path("/tmp").glob("perf-*.map")) - maps:
        if "Work.main" in written.read_text(errors="replace"):
            written.unlink()
    told = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    frames = [line for line in told if "Work." in line or "`" in line]
    assert frames[0].startswith("libjvm.so`")
    assert frames[1:4] == ["int Work.inner(int)", "int Work.outer(int)", "void Work.main(java.lang.String[])"]
    counted = [line.rstrip() for line in done.stdout.splitlines() if line and not line.startswith(" ")]
    assert sorted(counted) == _lines(_JAVA_TOLD)


_TCL = """\
proc inner {n} { return [string length $n] }
proc outer {a b} { inner $a; inner $b; return ok }
outer 1 2
outer 3 4
apply {{x} {inner $x}} 7
catch {inner 1 2 3}
puts -nonewline ""
"""


@pytest.mark.needs("command:tclsh", "path:/usr/lib/x86_64-linux-gnu/libtcl8.6.so")
@pytest.mark.proves("tcl:::proc-entry", "tcl:::proc-return", "tcl:::cmd-entry")
def test_procedures_and_commands_of_tcl(dtrace: Run, tmp_path: Path) -> None:
    """Its library has no probes as Debian builds it, and its functions tell. arg2 are the arguments themselves: values,
    whose text is at 8."""
    script = _script(tmp_path, "calls.tcl", _TCL)
    program = """
        int in;
        tcl$target:::proc-entry, tcl$target:::cmd-entry /in/ { @counted[probename, copyinstr(arg0), arg1] = count(); }
        tcl$target:::proc-entry /copyinstr(arg0) == "outer"/
        {
            in = 1;
            @texts[copyinstr(*(uintptr_t *)copyin(*(uintptr_t *)copyin(arg2 + 8, 8) + 8, 8))] = count();
        }
        tcl$target:::proc-return /in/ { @counted[probename, copyinstr(arg0), 0] = count(); }
        END { printa("%s %s %d %@d\\n", @counted); printa("second %s %@d\\n", @texts); }
    """
    done = dtrace("-q", "-n", program, "-c", f"tclsh {script}")
    told = _lines(done.stdout)
    # Tcl begins and ends with commands of its own.
    own = {"exit"}
    assert [line for line in told if line.split()[1] not in own] == _lines("""
proc-entry outer 2 1
proc-entry inner 1 5
proc-entry {x} {inner $x} 1 1
proc-entry inner 3 1
proc-return outer 0 2
proc-return inner 0 6
proc-return {x} {inner $x} 0 1
cmd-entry outer 2 1
cmd-entry inner 1 5
cmd-entry inner 3 1
cmd-entry apply 2 1
cmd-entry catch 1 1
cmd-entry puts 2 1
second 2 1
second 4 1
""")
    done = dtrace("-n", "tcl$target:::cmd-return", "-c", f"tclsh {script}", status=1)
    assert "nearest: cmd-entry" in done.stderr


def test_a_library_with_probes_of_its_own_has_no_need_of_its_functions(dtrace: Run, tmp_path: Path) -> None:
    """As Tcl has where it is built with them: each fires once, and those that its functions do not tell fire too."""
    needs("command:gcc")
    library = """
        void TclNRInterpProcCore(void *interp) { PROBE(tcl, proc__entry, 0, "8@%0 -4@$1 8@$2", "r"("own")); }
        void ended(void) { PROBE(tcl, cmd__return, 0, "8@%0 -4@$7", "r"("own")); }
    """
    compiled(tmp_path, "libtcl8.6.so", PROBES + library, "-shared", "-fPIC")
    main = "void TclNRInterpProcCore(void *); void ended(void); int main(void) { TclNRInterpProcCore(0); ended(); }"
    flags = [f"-L{tmp_path}", "-Wl,--no-as-needed", "-l:libtcl8.6.so", f"-Wl,-rpath,{tmp_path}"]
    program = compiled(tmp_path, "program", main, *flags)
    text = """tcl$target:::proc-entry, tcl$target:::cmd-return
        { printf("%s %s %d\\n", probename, copyinstr(arg0), arg1); }"""
    done = dtrace("-q", "-n", text, "-c", program)
    assert done.stdout.splitlines()[:2] == ["proc-entry own 1", "cmd-return own 7"]


@pytest.mark.needs("probes:/usr/bin/python3")
def test_modules_lines_and_garbage_of_python(dtrace: Run, tmp_path: Path) -> None:
    text = """\
import sys, gc
def inner():
    one = 1
    return one
gc.collect()
sys.audit("mine.begins")
inner()
import colorsys
try:
    import nosuch_module
except ImportError:
    pass
gc.collect(1)
"""
    script = _script(tmp_path, "calls.py", text)
    program = """
        python$target:::audit /copyinstr(args[0]) == "mine.begins"/ { in = 1; }
        python$target:::line /in && stringof(args[1]) == "inner"/
        { @[probename, basename(copyinstr(args[0])), args[2]] = count(); }
        python$target:::import-find-load-start /in/ { self->module = copyinstr(args[0]); }
        python$target:::import-find-load-done /in/ { @[probename, copyinstr(args[0]), args[1]] = count(); }
        python$target:::import-find-load-done /in && copyinstr(args[0]) != self->module/ { printf("another\\n"); }
        python$target:::gc-start /in && args[0] == 1/ { @[probename, "", args[0]] = count(); self->collects = 1; }
        python$target:::gc-done /self->collects/ { @[probename, "", args[0] >= 0] = count(); self->collects = 0; }
        END { printa("%s %s %d %@d\\n", @); }
    """
    done = dtrace("-q", "-n", program, "-c", f"/usr/bin/python3 -I -S {script}")
    assert _lines(done.stdout) == [
        "gc-done  1 1",
        "gc-start  1 1",
        "import-find-load-done colorsys 1 1",
        "import-find-load-done nosuch_module 0 1",
        "line calls.py 3 1",
        "line calls.py 4 1",
    ]


@pytest.mark.needs("probes:/usr/bin/php")
def test_requests_and_exceptions_of_php(dtrace: Run, tmp_path: Path) -> None:
    text = """\
<?php
class Trouble extends Exception {}
try { throw new Trouble("no"); } catch (Trouble $caught) {}
"""
    script = _script(tmp_path, "calls.php", text)
    program = """
        php*:::request-startup, php*:::request-shutdown, php*:::compile-file-entry, php*:::compile-file-return
        /pid == $target/ { @[probename, basename(copyinstr(args[0])), 0] = count(); }
        php*:::exception-thrown /pid == $target && arg0/ { @[probename, copyinstr(args[0]), 0] = count(); }
        php*:::exception-caught /pid == $target/ { @[probename, copyinstr(args[0] + 24), 0] = count(); }
        END { printa("%s %s %d %@d\\n", @); }
    """
    done = dtrace("-q", "-n", program, "-c", f"/usr/bin/env USE_ZEND_DTRACE=1 php -n -d display_errors=0 {script}")
    assert _lines(done.stdout) == [
        "compile-file-entry calls.php 0 1",
        "compile-file-return calls.php 0 1",
        "exception-caught Trouble 0 1",
        "exception-thrown Trouble 0 1",
        "request-shutdown calls.php 0 1",
        "request-startup calls.php 0 1",
    ]


@pytest.mark.needs("probes:/usr/lib/*-linux-gnu/libruby*.so*")
def test_objects_and_errors_of_ruby(dtrace: Run, tmp_path: Path) -> None:
    text = """\
class Trouble < StandardError
end
load ARGV[0]
begin
  raise Trouble
rescue Trouble
end
one = [1, 2, one]
two = {a: one}
three = "t#{two.size}"
"""
    script, other = _script(tmp_path, "calls.rb", text), _script(tmp_path, "other.rb", "1\n")
    program = """
        ruby$target:::raise { @[probename, copyinstr(args[0]), args[2]] = count(); }
        ruby$target:::load-entry, ruby$target:::load-return /basename(copyinstr(args[0])) == "other.rb"/
        { @[probename, basename(copyinstr(args[0])), 0] = count(); }
        ruby$target:::array-create, ruby$target:::hash-create
        /basename(copyinstr(args[1])) == "calls.rb" && args[2] > 7/ { @[probename, "", args[2]] = count(); }
        ruby$target:::cmethod-entry /basename(copyinstr(args[2])) == "calls.rb" && copyinstr(args[1]) == "load"/
        { @[probename, copyinstr(args[0]), args[3]] = count(); }
        END { printa("%s %s %d %@d\\n", @); }
    """
    done = dtrace("-q", "-n", program, "-c", f"/usr/bin/ruby --disable=gems {script} {other}")
    assert _lines(done.stdout) == [
        "array-create  8 1",
        "cmethod-entry Kernel 3 1",
        "hash-create  9 1",
        "load-entry other.rb 0 1",
        "load-return other.rb 0 1",
        "raise Trouble 5 1",
    ]


# --- stacks of code that a runtime makes -----------------------------------------------------------------------------


@pytest.mark.needs("command:node")
def test_stacks_of_node_have_the_names_of_its_functions(dtrace: Run, tmp_path: Path) -> None:
    text = """\
function inner() { process.kill(process.pid, 0); }
function outer() { inner(); }
outer();
"""
    script = _script(tmp_path, "calls.js", text)
    program = r'syscall::kill:entry /pid == $target && arg1 == 0/ { printf("%d", pid); jstack(); }'
    logs = f"--logfile={tmp_path}/v8.log --no-logfile-per-isolate"
    node = f"node --perf-basic-prof --interpreted-frames-native-stack {logs} {script}"
    pid, *frames = filter(None, map(str.strip, dtrace("-q", "-n", program, "-c", node).stdout.splitlines()))
    Path(f"/tmp/perf-{pid}.map").unlink()
    assert frames[0].startswith("libc.so.6`")
    mine = [frame.partition(" ")[0] for frame in frames if str(script) in frame]
    assert mine == ["JS:~inner", "JS:~outer", "JS:~"]
