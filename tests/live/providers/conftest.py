"""What several providers' tests need of the machine: a disk file, a disk of one's own, swap, a small control group."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loads import NAME


@pytest.fixture
def disk_file() -> Iterator[Path]:
    """The path of a file on a disk: /var/tmp is one where /tmp may be memory."""
    path = Path(f"/var/tmp/{NAME}-{os.getpid()}")
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def disk_folder() -> Iterator[Path]:
    """A folder on a disk: /var/tmp is on one where /tmp may be memory."""
    folder = Path(f"/var/tmp/{NAME}-{os.getpid()}-folder")
    folder.mkdir()
    yield folder
    for one in folder.iterdir():
        one.unlink()
    folder.rmdir()


@pytest.fixture
def loop_device() -> Iterator[str]:
    """A disk of 64 MB of one's own: a loop device over a file."""
    path = Path(f"/var/tmp/{NAME}-disk-{os.getpid()}")
    with path.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["modprobe", "-q", "loop"], check=False)
    done = subprocess.run(["losetup", "--find", "--show", path], capture_output=True, text=True, check=False)
    if done.returncode:
        path.unlink()
        pytest.skip("needs a loop device")
    yield done.stdout.strip()
    subprocess.run(["losetup", "--detach", done.stdout.strip()], check=True)
    path.unlink()


@pytest.fixture
def swap(loop_device: str) -> Iterator[str]:
    """A swap device."""
    subprocess.run(["mkswap", loop_device], check=True, capture_output=True)
    if subprocess.run(["swapon", loop_device], capture_output=True, check=False).returncode:
        pytest.skip("needs swap")
    yield loop_device
    subprocess.run(["swapoff", loop_device], check=True)


@pytest.fixture
def small_group() -> Iterator[Path]:
    """A control group with 16 MB of memory."""
    top = Path("/sys/fs/cgroup")
    first = not (top / "cgroup.controllers").exists()
    group = (top / "memory" if first else top) / f"{NAME}-{os.getpid()}"
    try:
        if not first:
            (top / "cgroup.subtree_control").write_text("+memory")
        group.mkdir()
        (group / ("memory.limit_in_bytes" if first else "memory.max")).write_text(str(16 << 20))
    except OSError:
        pytest.skip("needs control groups of memory")
    yield group
    group.rmdir()
