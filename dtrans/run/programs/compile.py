"""C text -> BPF instructions, by BCC: the only importer of `bcc`.

BCC runs in a child process. It hands back what was compiled as an `Object` of plain values, so that a crash of its
compiler cannot take the session down, its memory goes away, and the result can be kept on disk (`dtrans.cache`):

    BPF_HASH(seen, u32);                      maps      seen: hash, key 4, value 8, 10240 entries
    int prog_0(void *ctx) { ... }      ->     programs  prog_0: instructions; map "seen" used by instruction 7
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import marshal
import os
import re
import resource
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from dtrans.cache import cache_folder, cache_key
from dtrans.errors import DtransError, fail
from dtrans.run.kernel.bpf import MAPS_HINT, MapSpec, map_info
from dtrans.run.kernel.subprograms import with_subprograms
from dtrans.run.programs.bcc import bcc_folder
from dtrans.run.programs.objects import Object, StackError, symbolic_program
from dtrans.run.programs.stub import stub_files, write_stub


def _import_bcc() -> Any:
    import importlib.util

    folder = bcc_folder()
    spec = importlib.util.spec_from_file_location("bcc", f"{folder}/__init__.py", submodule_search_locations=[folder])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bcc"] = module
    spec.loader.exec_module(module)
    return module


# --- compiling ----------------------------------------------------------------------------------------------


#: Machines by the names that BCC has for them, in the variable ARCH as in the kernel's own build (src/cc/frontends/
#: clang/arch_helper.h).
_ARCHITECTURES = {"x86_64": "x86", "aarch64": "arm64"}


def compile_object(c_text: str, machine: str = "") -> Object:
    """Compiles a C text for BPF. Needs the rights to create maps: BCC makes them while it compiles. `machine`: the one
    whose kernel the programs are for, as ``uname -m`` has it; "" for this one.

    Raises D_NO_BCC, StackError, D_FILE where there is no room for temporary files or for the compiler, and D_INTERNAL
    when the text does not compile, which is a fault of dtrans.
    """
    bcc_folder()  # A missing BCC is told here and not by the child.
    try:
        machine = machine or os.uname().machine
        with _kernel_source(machine) as folder:
            return _compile_in_child(c_text, folder, machine)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        hint = "TMPDIR names another place; /tmp is the usual one"
        raise fail("D_FILE", f"the compiler has no place for temporary files: {reason}", hint=hint) from None


@contextlib.contextmanager
def _kernel_source(machine: str) -> Iterator[Path]:
    """The folder of what BCC takes for the source of a machine's kernel.

    It is in the cache, and stays there: a folder for each compilation would be left behind by a kill -9. It is a
    temporary one only where there is no cache.
    """
    kept = cache_folder()
    if kept is not None:
        folder = Path(kept) / f"headers-{cache_key(stub_files(machine).values())}"
        try:
            write_stub(folder, machine)
        except OSError:
            pass
        else:
            yield folder
            return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="dtrans-") as temporary:
        write_stub(Path(temporary), machine)
        yield Path(temporary)


#: Exit status of the child when the machine did not let it work: no memory for a library, no room for a file.
_MACHINE_REFUSED = 2


def _compile_in_child(c_text: str, folder: Path, machine: str) -> Object:
    """Compiles in a child process, in that folder, which hands on what it made, and what it says, in memory."""
    with (
        os.fdopen(os.memfd_create("dtrans-object"), "r+b") as result,
        os.fdopen(os.memfd_create("dtrans-messages"), "r+b") as messages,
    ):
        child = os.fork()
        if child == 0:
            _be_child(c_text, folder, machine, result, messages)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        messages.seek(0)
        result.seek(0)
        if code == -signal.SIGINT:
            raise KeyboardInterrupt
        if code == 0:
            return Object.from_plain(marshal.loads(result.read()))
        raise _compile_error(code, messages.read().decode(errors="replace"), c_text)


def _be_child(c_text: str, folder: Path, machine: str, result: BinaryIO, messages: BinaryIO) -> NoReturn:
    """Exit status 0 with the object in `result`, or another with the reason in `messages`."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        # A crash of LLVM is an answer like any other: no core file, no traceback of this Python.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        faulthandler.disable()
        # The folder that this process stands in may be gone, which Clang does not bear.
        os.chdir(folder)
        os.dup2(messages.fileno(), 1)
        os.dup2(messages.fileno(), 2)
        os.environ["BCC_KERNEL_SOURCE"] = str(folder)
        # A shell in which kernels are built may name another one.
        os.environ["ARCH"] = _ARCHITECTURES[machine]
        _hide_symbols(folder)
        result.write(marshal.dumps(_compile_here(c_text).to_plain()))
        result.flush()
        status = 0
    except OSError as error:
        status = _MACHINE_REFUSED
        os.write(2, f"{error}\n".encode())
    except BaseException as error:  # noqa: BLE001 (this process ends here; its parent reads the message)
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(status)


#: linux/sched.h, linux/mount.h.
_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000


def _hide_symbols(folder: Path) -> None:
    """Shows this process, for the kernel's functions, the few that the folder names. BCC reads all of them for each
    program, which takes longer than to compile a short one. Without a right to mounts of its own it does so."""
    libc = ctypes.CDLL(None)
    if libc.unshare(_CLONE_NEWNS) == 0 and libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) == 0:
        libc.mount(os.fsencode(folder / "kallsyms"), b"/proc/kallsyms", None, _MS_BIND, None)


#: The function by which BCC tells where the section of `dtrans.run.kernel.subprograms` begins.
_SUBPROGRAMS = b"subprograms"


#: The text is our own: its warnings would tell a user nothing. D's char has a sign on every machine. What BCC has made
#: for debuggers nobody reads here, and it takes the compiler a third as long again.
_FLAGS = ("-w", "-fwrapv", "-fsigned-char", "-Werror=implicit-function-declaration", "-g0")


def _compile_here(c_text: str) -> Object:
    bcc = _import_bcc()
    lib = _with_prototypes(bcc.lib)
    module = bcc.BPF(text=c_text.encode(), cflags=list(_FLAGS)).module
    maps: dict[int, MapSpec] = {}
    for number in range(lib.bpf_num_tables(module)):
        name = lib.bpf_table_name(module, number).decode()
        descriptor = lib.bpf_table_fd_id(module, number)
        info = map_info(descriptor)
        maps[descriptor] = MapSpec(name, info.type, info.key_size, info.value_size, info.max_entries, info.flags)
    programs = []
    for number in range(lib.bpf_num_functions(module)):
        raw_name = lib.bpf_function_name(module, number)
        size = lib.bpf_function_size(module, raw_name)
        if raw_name == _SUBPROGRAMS:
            continue
        code = ctypes.string_at(lib.bpf_function_start(module, raw_name), size)
        start = lib.bpf_function_start(module, _SUBPROGRAMS)
        code, functions = with_subprograms(code, partial(_subprogram_instruction, start))
        names = {descriptor: spec.name for descriptor, spec in maps.items()}
        programs.append(symbolic_program(raw_name.decode(), code, names, functions))
    return Object(tuple(maps.values()), tuple(programs))


def _subprogram_instruction(start: int, index: int) -> bytes:
    return ctypes.string_at(start + index * 8, 8)


def _with_prototypes(lib: Any) -> Any:
    """BCC's Python declares only the functions of libbcc that it calls itself (src/cc/bcc_common.h has them all)."""
    lib.bpf_num_tables.restype, lib.bpf_num_tables.argtypes = ctypes.c_size_t, [ctypes.c_void_p]
    lib.bpf_table_name.restype, lib.bpf_table_name.argtypes = ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_size_t]
    lib.bpf_table_fd_id.restype, lib.bpf_table_fd_id.argtypes = ctypes.c_int, [ctypes.c_void_p, ctypes.c_size_t]
    return lib


#: BCC makes the maps, too, while it compiles.
_MAP_REFUSED = re.compile(r"could not open bpf map: (\w+), error: (.+)")


_PLACE = re.compile(r"^(?:error: )?/virtual/main\.c:(?:\d+:)*\s*(?:(?:fatal )?error:\s*)?")
#: LLVM says so of each function (lib/Target/BPF/BPFRegisterInfo.cpp).
_STACK_EXCEEDED = re.compile(r"in function (\w+) .*\bBPF stack limit\b")


def _compile_error(status: int, messages: str, c_text: str) -> DtransError | StackError:
    lines = [line.strip() for line in messages.splitlines() if line.strip()]
    if os.environ.get("DTRANS_DEBUG"):
        with contextlib.suppress(OSError):
            os.write(2, (c_text + "\n" + messages).encode())
    if status == _MACHINE_REFUSED:
        hint = "is there memory and disk space enough, also by the limits of this shell (ulimit -a)?"
        return fail("D_FILE", f"the compiler cannot work here: {lines[-1] if lines else 'no message'}", hint=hint)
    refused = _MAP_REFUSED.search(messages)
    if refused:
        return fail("D_KERNEL", f"no memory for the map '{refused[1]}': {refused[2]}", hint=MAPS_HINT)
    exceeded = _STACK_EXCEEDED.search(messages)
    if exceeded:
        return StackError(exceeded[1])
    useful = next((line for line in lines if "error" in line.lower()), lines[0] if lines else "no message")
    # The place in the virtual file that BCC compiled is of no use to a person.
    useful = _PLACE.sub("", useful)
    how = f"ended by signal {-status}" if status < 0 else "failed"
    return fail(
        "D_INTERNAL",
        f"compiling the generated program {how}: {useful}",
        hint="this is a fault of dtrans: please report it, with the D program (DTRANS_DEBUG=1 shows all of it)",
    )
