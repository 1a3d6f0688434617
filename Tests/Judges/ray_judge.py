"""Runs scripts/cluster/dissect_on_ray.py on a Ray cluster of this machine, and breaks things meanwhile.

Two nodes measure three shards. In the middle of one its worker is killed, in the middle of another its node.
The statistics must be those of one plain run all the same. A second run must compute nothing, and what dearc
refuses must be reported, not tried again.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts/cluster/dissect_on_ray.py"
SHARDS = 3
MODEL = ROOT / "fixtures/detector/detector.onnx"
OPTIONS = ["--preprocess", "imagenet", "--batch", "2", "--save-every", "0"]
"""Something is put aside after every batch, so that there is a middle in which to kill."""
PATIENCE = 900
"""Seconds after which something that should happen is given up; a slow machine needs many."""


def wait_for(what: str, condition: Callable[[], object]) -> object:
    """Waits until `condition` holds, and returns what it says."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen in {PATIENCE} s")


def arguments_of(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []


def parent_of(process: int) -> int:
    """The process that started `process`; 0 if there is none any more."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def measuring(parts: Path) -> dict[int, Path]:
    """The processes of dearc that measure shards, and the files that they are to write."""
    found = {}
    for entry in Path("/proc").iterdir():
        words = arguments_of(int(entry.name)) if entry.name.isdigit() else []
        if words[1:2] == ["dissect"] and "--output" in words:
            output = Path(words[words.index("--output") + 1])
            if output.parent == parts:
                found[int(entry.name)] = output
    return found


class Cluster:
    """Two nodes of one processor each, on this machine, whom nobody else can join."""

    def __init__(self, python: str, folder: Path) -> None:
        self.python = python
        self.folder = folder
        self.nodes: list[subprocess.Popen] = []
        self.environment = os.environ | {
            "HOME": str(folder), "RAY_TMPDIR": str(folder), "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Starts both nodes, and ends what is left of them."""
        try:
            self.start("--head", "--port=0", "--include-dashboard=false", f"--temp-dir={self.folder}")
            address = self.folder / "ray_current_cluster"
            wait_for("the cluster's start", lambda: address.exists() and address.read_text())
            self.environment["RAY_ADDRESS"] = address.read_text().strip()
            self.start(f"--address={self.environment['RAY_ADDRESS']}")
            yield
        finally:
            for node in reversed(self.nodes):
                node.terminate()
                node.wait(PATIENCE)

    def start(self, *arguments: str) -> None:
        """Starts a node."""
        with (self.folder / f"node-{len(self.nodes)}.log").open("w") as log:
            self.nodes.append(subprocess.Popen(
                [self.python, "-m", "ray.scripts.scripts", "start", *arguments, "--num-cpus=1",
                 "--object-store-memory=80000000", "--block"],
                env=self.environment, stdout=log, stderr=log))


class Job:
    """One run of the script."""

    def __init__(self, cluster: Cluster, dearc: str, output: Path, *arguments: object) -> None:
        self.parts = Path(f"{output}.shards")
        self.log = output.with_suffix(".log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [cluster.python, SCRIPT, *map(str, arguments), "--shards", str(SHARDS), "-o", output,
                 "--dearc", dearc, "--", *OPTIONS],
                env=cluster.environment, stdout=log, stderr=log)

    def end(self, status: int) -> str:
        """Waits for the end, which must have this exit status, and returns what was said."""
        found = self.process.wait(PATIENCE)
        said = self.log.read_text()
        assert found == status, f"exit status {found}, not {status}:\n{said}"
        return said

    def stopped_on(self, node: subprocess.Popen) -> tuple[int, Path] | None:
        """Stops a dearc on `node` that has put something aside, so that it cannot end meanwhile.

        None if all shards ended before one could be stopped.
        """
        def found() -> tuple[int, Path] | bool:
            for process, output in measuring(self.parts).items():
                aside = Path(f"{output}.partial")
                if aside.exists() and parent_of(raylet_of(process)) == node.pid:
                    os.kill(process, signal.SIGSTOP)
                    if aside.exists() and not output.exists():
                        return process, output
                    os.kill(process, signal.SIGCONT)
            return self.process.poll() is not None
        result = wait_for("the middle of a shard", found)
        return None if result is True else result

    def kill(self, stopped: tuple[int, Path], victim: int) -> None:
        """Kills what a stopped dearc depends on, which must take it along, and waits for the next try."""
        process, output = stopped
        with h5py.File(f"{output}.partial") as file:
            count = file["images"].size
        assert count > 0
        os.kill(victim, signal.SIGKILL)
        wait_for("dearc's end", lambda: process not in measuring(self.parts))
        assert not output.exists()
        wait_for("the next try", lambda: output.exists() or output in measuring(self.parts).values())
        print(f"{output.name}: killed after {count} pictures, and tried again")


def raylet_of(process: int) -> int:
    """The process of a node's that started the worker that started `process`."""
    return parent_of(parent_of(process))


def survive(cluster: Cluster, dearc: str, pictures: Path, output: Path) -> bool:
    """Kills a worker and a node while all is measured; false if that was done too soon."""
    job = Job(cluster, dearc, output, MODEL, "--images", pictures)
    for node, ancestor in ((cluster.nodes[0], parent_of), (cluster.nodes[1], raylet_of)):
        stopped = job.stopped_on(node)
        if stopped is None:
            job.end(0)
            return False
        job.kill(stopped, ancestor(stopped[0]))
    print(job.end(0))
    return True


def run_judge(name: str, *arguments: object) -> str:
    """Runs a program beside this one, and returns what it printed."""
    command = [sys.executable, Path(__file__).with_name(name), *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def state(parts: Path) -> dict[str, tuple[int, int]]:
    """Which files there are; one that is written anew is another."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in parts.iterdir()}


def judge(cluster: Cluster, dearc: str, folder: Path) -> None:
    """Breaks runs until one was broken in the middle, then looks at what came of it."""
    for count in (300, 1200, 4800):
        pictures, output = folder / f"pictures-{count}", folder / f"cluster-{count}.h5"
        run_judge("diagnostic_set.py", pictures, count)
        if survive(cluster, dearc, pictures, output):
            break
    else:
        raise AssertionError("all was measured before anything could be killed")
    plain = folder / "plain.h5"
    subprocess.run([dearc, "dissect", MODEL, "--images", pictures, "-o", plain, "--threads", "1",
                    *OPTIONS], check=True)
    difference = float(run_judge("statistics_difference.py", plain, output))
    assert difference <= 1e-12, difference
    print(f"equal to one run to {difference:.1e}")
    found, merged = state(Path(f"{output}.shards")), output.read_bytes()
    Job(cluster, dearc, output, MODEL, "--images", pictures).end(0)
    assert state(Path(f"{output}.shards")) == found
    assert output.read_bytes() == merged
    refused = folder / "refused.h5"
    said = Job(cluster, dearc, refused, folder / "absent.onnx", "--images", pictures).end(66)
    assert said.count("absent.onnx: ") == 1 and f"{SHARDS} of {SHARDS}" in said, said
    assert not refused.exists()
    print(said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dearc")
    parser.add_argument("ray", help="the Python interpreter that has Ray")
    arguments = parser.parse_args()
    # Ray makes sockets there, whose paths must be short.
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as name:
        folder = Path(name)
        cluster = Cluster(arguments.ray, folder)
        with cluster.running():
            judge(cluster, arguments.dearc, folder)


if __name__ == "__main__":
    main()
