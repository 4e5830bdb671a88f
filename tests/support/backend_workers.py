"""The processes of a backend with several workers, one at a time."""

import time
from contextlib import contextmanager, suppress

import psutil
from backend_process import GENEROUS_S


def workers_of(backend):
    """Return the processes that serve."""
    found = []
    for child in psutil.Process(backend.process.pid).children():
        with suppress(psutil.NoSuchProcess):  # one that has ended is no worker any more
            found += [] if "resource_tracker" in str(child.cmdline()) else [child]
    return found


@contextmanager
def standing_still(process):
    """Stop a process while the block runs."""
    process.suspend()
    until(lambda: process.status() == psutil.STATUS_STOPPED)
    yield
    process.resume()


def replaced(backend, ended):
    """Whether there are two again, without the one that has ended."""
    pids = {worker.pid for worker in workers_of(backend)}
    return len(pids) == 2 and ended.pid not in pids


def until(condition):
    """Wait until something is so."""
    latest = time.monotonic() + GENEROUS_S
    while not condition():
        assert time.monotonic() < latest
        time.sleep(0.05)
