"""An NFS server and its client on one machine, without any program but this one.

The kernel's server is told what it may export as mountd would tell it; what it asks of rpcbind, and version 3's
question for the first file handle, are answered here.

    python3 tests/nfsload.py 3 FOLDER

FOLDER gets a file system of its own (memory), which is exported and mounted again; files there are worked on a known
number of times, through NFS, and everything is taken down.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

NFSD = Path("/proc/fs/nfsd")
CACHES = Path("/proc/net/rpc")
#: For how many seconds after its start the server gives nobody a new lock.
GRACE = Path("/sys/module/lockd/parameters/nlm_grace_period")
FOREVER = 2**31 - 1
#: include/uapi/linux/nfsd/export.h: any port, no wait for the disk, no check of the folder above, numbered file system.
FLAGS = 0x2 | 0x10 | 0x400 | 0x2000
PORT = 20049


def run(*words: str | Path) -> None:
    subprocess.run([*map(str, words)], check=True)


def tell(place: Path, text: str) -> None:
    """One line to a file of the kernel, in one write."""
    file = os.open(place, os.O_WRONLY)
    os.write(file, text.encode())
    os.close(file)


def start_server(folder: Path, undo: ExitStack) -> None:
    if not (NFSD / "threads").exists():
        run("mount", "-t", "nfsd", "nfsd", NFSD)
    tell(CACHES / "auth.unix.ip/channel", f"nfsd 127.0.0.1 {FOREVER} here\n")
    tell(CACHES / "nfsd.export/channel", f"here {folder} {FOREVER} {FLAGS} -2 -2 0\n")
    tell(CACHES / "nfsd.fh/channel", f"here 1 \\x00000000 {FOREVER} {folder}\n")
    tell(NFSD / "versions", "+3 +4\n")
    with suppress(OSError):
        tell(NFSD / "nfsv4gracetime", "10\n")
        tell(GRACE, "1")
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", PORT))
        listener.listen(8)
        tell(NFSD / "portlist", f"{listener.fileno()}\n")
    undo.callback(tell, NFSD / "threads", "0\n")
    tell(NFSD / "threads", "2\n")
    with suppress(OSError):
        tell(NFSD / "v4_end_grace", "Y\n")


def answer_rpcbind() -> None:
    """A server of the RPC binding protocols on their port, in a thread: it agrees to everything (RFC 1833)."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", 111))
    server.listen(8)

    def serve(link: socket.socket) -> None:
        while head := link.recv(4, socket.MSG_WAITALL):
            call = link.recv(struct.unpack("!I", head)[0] & 0x7FFFFFFF, socket.MSG_WAITALL)
            number, procedure = struct.unpack_from("!I16xI", call)
            reply = struct.pack("!IIIIII", number, 1, 0, 0, 0, 0) + (struct.pack("!I", 1) if procedure else b"")
            link.sendall(struct.pack("!I", 0x80000000 | len(reply)) + reply)

    def accept() -> None:
        while True:
            threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def first_handle(folder: Path) -> bytes:
    file = os.open(NFSD / "filehandle", os.O_RDWR)
    os.write(file, f"here {folder} 64\n".encode())
    text = os.read(file, 200).decode().strip()
    os.close(file)
    return bytes.fromhex(text.removeprefix("\\x"))


def answer_mounts(handle: bytes) -> int:
    """A server of the mount protocol, version 3 (RFC 1813, appendix I), in a thread; its port."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    padded = handle + bytes(-len(handle) % 4)
    mounted = struct.pack("!II", 0, len(handle)) + padded + struct.pack("!II", 1, 1)

    def serve() -> None:
        while True:
            call, peer = server.recvfrom(1000)
            number, procedure = struct.unpack_from("!I16xI", call)
            reply = struct.pack("!IIIIII", number, 1, 0, 0, 0, 0)
            server.sendto(reply + (mounted if procedure == 1 else b""), peer)

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


def work(place: Path, exported: Path) -> None:
    """What is done through NFS: see tests/live/providers/test_nfs.py."""
    (exported / "far").symlink_to("one")  # A client knows where a link leads that it made itself.
    (place / "far").readlink()
    one, two, three = (place / name for name in ("one", "two", "three"))
    with mmap.mmap(-1, 4096) as page:
        file = os.open(one, os.O_RDWR | os.O_CREAT | os.O_DIRECT | os.O_SYNC)
        for number in range(3):
            os.pwrite(file, page, 4096 * number)
        for number in range(5):
            os.preadv(file, [page], 4096 * (number % 3))
        os.pread(file, 0, 0)  # Nothing, for which nobody asks the server.
        os.close(file)
    one.chmod(0o640)
    two.symlink_to("one")
    two.unlink()
    two.hardlink_to(one)
    two.rename(three)
    three.unlink()
    three.mkdir()
    three.rmdir()
    os.mkfifo(two)
    list(place.iterdir())
    os.statvfs(place)
    file = os.open(three, os.O_WRONLY | os.O_CREAT)
    os.write(file, bytes(4 * 4096))
    os.fsync(file)
    os.close(file)


def lock(place: Path, exported: Path) -> None:
    """Opens of a file that is open on the server too, one within the other, and locks. So nothing is delegated."""
    with (exported / "one").open("r+b"), (place / "one").open("rb"), (place / "one").open("r+b") as both:
        fcntl.lockf(both, fcntl.LOCK_EX)
        fcntl.fcntl(both, fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 9, 1, 0))
        fcntl.lockf(both, fcntl.LOCK_UN)


def delegate(place: Path, exported: Path) -> None:
    """A file whose opens are left to the client, until somebody wants to write to it on the server. The first time the
    server does not know yet whether it can call the client back."""
    (exported / "given").write_bytes(b"x")
    for _ in range(4):
        with (place / "given").open("rb") as file:
            file.read()
            time.sleep(0.5)
            os.close(os.open(exported / "given", os.O_WRONLY))


# --- calls by hand (RFC 5531, 1813, 7530) -----------------------------------------------------------------------------


def opaque(data: bytes) -> bytes:
    return struct.pack("!I", len(data)) + data + bytes(-len(data) % 4)


def call(version: int, procedure: int, arguments: bytes, serial: int = 0x600DCAFE) -> None:
    """A call to the server by the user 4711 of the group 4712, whose answer is not looked at."""
    user = opaque(struct.pack("!I", 0) + opaque(b"far") + struct.pack("!III", 4711, 4712, 0))
    head = struct.pack("!IIIIIII", serial, 0, 2, 100003, version, procedure, 1)
    message = head + user + struct.pack("!II", 0, 0) + arguments
    with socket.create_connection(("127.0.0.1", PORT)) as link:
        link.sendall(struct.pack("!I", 0x80000000 | len(message)) + message)
        link.recv(4, socket.MSG_WAITALL)


def compound(*operations: bytes) -> None:
    call(4, 1, opaque(b"") + struct.pack("!II", 0, len(operations)) + b"".join(operations))


def ask_by_hand() -> None:
    """What no client asks for without need: is the root a folder (2) or a file (1), how may a file be reached, what is
    above the root, is this client still known."""
    root, kind = struct.pack("!I", 24), struct.pack("!II", 1, 2)  # The attribute 1, type.
    verify, differs = (
        struct.pack("!I", code) + kind + opaque(struct.pack("!I", of)) for code, of in ((37, 2), (17, 1))
    )
    compound(root, verify, differs, struct.pack("!I", 33) + opaque(b"one"))
    compound(root, struct.pack("!I", 16))
    compound(struct.pack("!IQ", 30, 1))


def main(version: str, base: Path) -> None:
    ctypes.CDLL(None).prctl(15, b"dtransload", 0, 0, 0)  # PR_SET_NAME
    exported, mounted = base / "exported", base / "mounted"
    with ExitStack() as undo:
        for folder in (exported, mounted):
            folder.mkdir()
            undo.callback(folder.rmdir)
        run("mount", "-t", "tmpfs", "none", exported)
        undo.callback(run, "umount", "-l", exported)
        answer_rpcbind()
        start_server(exported, undo)
        options = f"addr=127.0.0.1,port={PORT},proto=tcp,vers={version},rsize=4096,wsize=4096"
        if version == "3":
            port = answer_mounts(first_handle(exported))
            options += f",mountaddr=127.0.0.1,mountport={port},mountproto=udp,nolock"
            source = f"127.0.0.1:{exported}"
        else:
            options, source = options.replace("vers=4", "vers=4.0") + ",clientaddr=127.0.0.1", "127.0.0.1:/"
        kind = "nfs" if version == "3" else "nfs4"
        run("mount", "-i", "-t", kind, "-o", options, source, mounted)
        undo.callback(run, "umount", mounted)
        work(mounted, exported)
        if version == "3":
            call(3, 1, opaque(first_handle(exported)))
            run("mount", "-i", "-t", kind, "-o", f"{options},nordirplus,nosharecache", source, mounted)
            undo.callback(run, "umount", mounted)
            list(mounted.iterdir())
        else:
            lock(mounted, exported)
            delegate(mounted, exported)
            ask_by_hand()
        time.sleep(0.2)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
