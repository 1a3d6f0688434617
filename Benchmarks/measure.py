"""Runs commands, and says what they took: wall time and peak memory of the whole process."""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Usage(NamedTuple):
    """What one run took, and why it failed if it did."""

    seconds: float
    peak: int
    failure: str | None


@dataclass
class Measurement:
    """What the runs of one tool on one model came to."""

    tool: str
    seconds: list[float] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)
    failure: str | None = None


def apart(function: Callable, *arguments: Any) -> Any:
    """Calls a function in a process of its own.

    This process must stay small: a child starts with its parent's peak memory on the books.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


def run(command: list[str], timeout: float | None = None, memory: int | None = None) -> Usage:
    """Runs a command to its end, or for `timeout` seconds, in `memory` bytes of address space."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=output,
            preexec_fn=None if memory is None else lambda: resource.setrlimit(
                resource.RLIMIT_AS, (memory, memory)))
        alarm = threading.Timer(timeout or 0, process.kill)
        if timeout is not None:
            alarm.start()
        _, status, usage = os.wait4(process.pid, 0)
        alarm.cancel()
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        failure = None
        if process.returncode:
            failure = output.read().decode(errors="replace").strip()[-400:] or (
                f"ended with status {process.returncode}, and without a word")
        if timeout is not None and seconds >= timeout:
            failure = f"took longer than {timeout:.0f} s"
        elif process.returncode < 0:
            failure = f"ended by signal {-process.returncode}: {failure}"
    return Usage(seconds, usage.ru_maxrss * 1024, failure)
