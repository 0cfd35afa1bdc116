"""What the hand-written BCC programs share: start, say so, wait for Ctrl-C."""

import signal
import sys
import time

from bcc import BPF


def wait(poll=None):
    """Say "ready", then poll (or sleep) until SIGINT."""
    stopped = []
    signal.signal(signal.SIGINT, lambda *_: stopped.append(True))
    print("ready", flush=True)
    while not stopped:
        poll() if poll else time.sleep(0.05)


__all__ = ["BPF", "sys", "wait"]
