"""Measures alignment statistics on a Ray cluster: one task for each shard of the pictures, then a merge.

README.md beside this file says what machines have to share, and what happens when something fails.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

# Ray reports its use to its makers unless told otherwise; it reads this when it starts.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray  # noqa: E402

# As dearc's own, and sysexits' for what may succeed when it is tried again.
USAGE, UNREADABLE, CANNOT_WRITE, TRY_AGAIN, INTERRUPTED = 64, 66, 73, 75, 130


@dataclass(frozen=True)
class Outcome:
    """How a shard ended: dearc's exit status, and what it wrote to standard error."""

    status: int
    errors: str
    host: str


class Killed(Exception):
    """A signal ended dearc: the shard is worth another try, as if its worker had died."""


def dissect(command: Sequence[str], folder: str) -> Outcome:
    """Runs dearc on whichever machine Ray chose.

    dearc dies with the worker, so that no two of them measure a shard when Ray tries it again.
    """
    host = socket.gethostname()
    bound = ["setpriv", "--pdeathsig", "KILL", *command]
    if not os.path.isdir(folder):
        return Outcome(UNREADABLE, f"there is no folder {folder} on {host}\n", host)
    for program in (bound[0], command[0]):
        if shutil.which(program) is None:
            return Outcome(UNREADABLE, f"there is no program {program} on {host}\n", host)
    done = subprocess.run(bound, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    if done.returncode < 0:
        raise Killed(f"{signal.Signals(-done.returncode).name} ended dearc on {host}")
    return Outcome(done.returncode, done.stderr, host)


class Run:
    """All shards of one output, and what has become of them."""

    def __init__(self, arguments: argparse.Namespace, further: Sequence[str]) -> None:
        self.arguments = arguments
        self.further = further
        self.failure = 0
        self.said: set[str] = set()
        self.parts = Path(f"{arguments.output}.shards")
        self.files = [self.parts / f"{index:0{len(str(arguments.shards))}}-of-{arguments.shards}.h5"
                      for index in range(arguments.shards)]

    def command(self, index: int) -> list[str]:
        """What dearc is to do for a shard."""
        given = self.arguments
        masks = ["--masks", given.masks] if given.masks else []
        return [given.dearc, "dissect", given.model, "--images", given.images, *masks,
                "--shard", f"{index}/{given.shards}", "--resume", "--threads", str(given.threads),
                "--output", str(self.files[index]), *self.further]

    def measure(self) -> None:
        """Has the cluster measure all shards, and reports each as it ends."""
        task = ray.remote(dissect).options(
            name="dearc dissect", num_cpus=self.arguments.threads, retry_exceptions=[Killed],
            max_retries=self.arguments.retries)
        shards = {task.remote(self.command(index), os.getcwd()): index
                  for index in range(self.arguments.shards)}
        waiting = list(shards)
        while waiting:
            (done,), waiting = ray.wait(waiting)
            where = f"shard {shards[done]}/{len(shards)}"
            self.report(done, where, f"{len(shards) - len(waiting)} of {len(shards)}")

    def report(self, done: ray.ObjectRef, where: str, progress: str) -> None:
        """Says how a shard ended."""
        try:
            outcome = ray.get(done)
        except ray.exceptions.RayError as error:
            self.failure = self.failure or TRY_AGAIN
            reason = str(error).strip().splitlines()[-1]
            say(f"{progress}: {where} was given up after {self.arguments.retries} retries: {reason}")
            return
        self.failure = self.failure or outcome.status
        result = f"failed with exit status {outcome.status}" if outcome.status else "is done"
        say(f"{progress}: {where} {result} on {outcome.host}")
        # Most of what one shard has to say, all have.
        for line in outcome.errors.splitlines():
            if line not in self.said:
                say(f"  {line}")
                self.said.add(line)

    def merge(self) -> int:
        """Joins all shards in their order, which makes the result the same however they were run."""
        command = [self.arguments.dearc, "stats", "merge", *map(str, self.files),
                   "--output", self.arguments.output]
        return subprocess.run(command, check=False).returncode


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def connect(address: str | None, threads: int) -> None:
    """Joins the cluster at an address, or starts one on this machine alone."""
    if address:
        ray.init(address=address)
    else:
        ray.init(address="local", include_dashboard=False)
    processors = max(node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"])
    if processors >= threads:
        return
    message = f"no machine has {threads} processors for --threads; the largest has {processors:g}"
    if not address:
        say(message)
        sys.exit(USAGE)
    say(f"{message}. Waiting for one that has.")


class Parser(argparse.ArgumentParser):
    """Ends as dearc does when it cannot make sense of its arguments."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: error: {message}\n")


def number(least: int) -> Callable[[str], int]:
    """What reads a number that is not less than `least`."""
    def read(text: str) -> int:
        if (result := int(text)) < least:
            raise argparse.ArgumentTypeError(f"{result} is less than {least}")
        return result
    read.__name__ = "number"
    return read


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        description="Measure alignment statistics on a Ray cluster: one task a shard, then a merge.",
        epilog="What follows -- is given to every dearc dissect: -- --preprocess imagenet --crop 224")
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--images", required=True, metavar="DIR", help="the folder of pictures")
    parser.add_argument("--masks", metavar="DIR", help="the folder of masks; that of pictures otherwise")
    parser.add_argument("-o", "--output", required=True, metavar="FILE",
                        help="the statistics; shards are kept in FILE.shards")
    parser.add_argument("--shards", required=True, type=number(2), metavar="N")
    parser.add_argument("--threads", default=1, type=number(1), metavar="N",
                        help="processors for each shard (1)")
    parser.add_argument("--retries", default=10, type=number(0), metavar="N",
                        help="how often a shard is tried again when its worker dies (10)")
    parser.add_argument("--address", default=os.environ.get("RAY_ADDRESS"),
                        help="a cluster (RAY_ADDRESS); one is started on this machine otherwise")
    parser.add_argument("--dearc", default="dearc", metavar="PROGRAM",
                        help="the program, if it is not on the PATH of every machine")
    found = parser.parse_args(given)
    if os.sep in found.dearc:
        found.dearc = os.path.abspath(found.dearc)
    return found


def main(given: Sequence[str]) -> int:
    split = given.index("--") if "--" in given else len(given)
    run = Run(arguments(given[:split]), given[split + 1:])
    try:
        run.parts.mkdir(exist_ok=True)
    except OSError as error:
        say(f"{run.parts}: cannot make the folder of shards: {error.strerror}")
        return CANNOT_WRITE
    try:
        connect(run.arguments.address, run.arguments.threads)
        run.measure()
    except ConnectionError as error:
        say(f"there is no cluster at {run.arguments.address}: {error}")
        return TRY_AGAIN
    except KeyboardInterrupt:
        say(f"Interrupted. The same command goes on from what is in {run.parts}.")
        return INTERRUPTED
    if run.failure:
        say(f"Nothing was merged. The same command goes on from what is in {run.parts}.")
        return run.failure
    return run.merge()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
