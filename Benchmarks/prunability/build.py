"""Makes the networks to prune: exports, chooses slots, zeroes them, and records the ideal."""

from __future__ import annotations

import json
import multiprocessing
import time
import traceback
from pathlib import Path

import numpy as np
import onnx

LARGEST = 1300e6
"""Bytes of the weights of the largest network that is built."""
DEAF = 0.02
"""A network whose answer moves less with the picture would hide mistakes."""


def case_name(name: str, exporter: str, mode: str) -> str:
    """What a case is called, in files and tables."""
    return f"{name}.{exporter}.{mode}"


def build(name: str, exporter: str, folder: Path) -> None:
    """All cases of one network by one exporter."""
    import torch
    from export import export
    from randomise import randomise
    from zoo import construct
    torch.set_num_threads(1)
    start = time.perf_counter()
    model, size = construct(name)
    parameters = sum(each.numel() for each in model.parameters())
    if 4 * parameters > LARGEST:
        raise ValueError(f"skipped: {4 * parameters / 1e6:.0f} MB are over the limit")
    edge = min(size, 256)
    randomise(model, torch.randn(4, 3, size, size) if edge < size else torch.randn(4, 3, edge, edge))
    exported = export(model, size, exporter, folder, has_open_size(name, folder))
    del model
    seconds = time.perf_counter() - start
    record = {"model": name, "exporter": exporter, "shapes": exported.shapes,
              "settled": exported.settled, "export_seconds": round(seconds, 1)}
    if zero(exported.model, record, "heads", folder):
        zero(exported.model, record, "dims", folder)


def has_open_size(name: str, folder: Path) -> bool:
    """Whether the quicker exporter, which is asked first, could leave the size open."""
    for path in folder.glob(f"{name}.torchscript.*.json"):
        shapes = json.loads(path.read_text())["shapes"]
        return shapes[0] != shapes[1]
    return True


def zero(model: onnx.ModelProto, record: dict, mode: str, folder: Path) -> bool:
    """One case. Tells whether the network has heads, so that there is another mode."""
    from interpreter import session
    from zeroing import analyse, check, ideal, zeroed
    start = time.perf_counter()
    inputs = [pictures(shape, seed) for seed, shape in enumerate(record["shapes"])]
    run, plan = analyse(model, {"input": inputs[-1]}, mode == "heads", 3)
    for loudness in (0, 0.5, 0.75, 1):
        result = zeroed(model, run, plan, loudness)
        runtime = session(result)
        outputs = [runtime.run(None, {"input": each})[0] for each in inputs]
        other = runtime.run(None, {"input": pictures(record["shapes"][0], 9)})[0]
        largest = float(np.abs(outputs[0]).max())
        response = float(np.abs(outputs[0] - other).max()) / largest
        if np.isfinite(response) and response > DEAF:
            break
    before, after, rows = ideal(run, plan)
    verdict = check(result, run, plan, {"input": inputs[-1]})
    case = record | {
        "mode": mode if run.ledger.scores or mode == "dims" else "plain", "elements": before, "ideal": after,
        "slots": plan.slots, "zeroed": plan.zeroed, "groups": plan.groups,
        "closed_groups": plan.closed_groups, "unmodelled": run.ledger.unmodelled,
        "check": verdict, "largest": largest,
        "response": response, "loudness": loudness,
        "zero_seconds": round(time.perf_counter() - start, 1), "weights": rows}
    stem = folder / case_name(record["model"], record["exporter"], case["mode"])
    onnx.save(result, f"{stem}.onnx")
    np.savez(f"{stem}.npz", *[each for pair in zip(inputs, outputs, strict=True) for each in pair])
    Path(f"{stem}.json").write_text(json.dumps(case))
    return bool(run.ledger.scores)


def pictures(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Random pictures."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def attempt(name: str, exporter: str, folder: Path) -> None:
    """Builds, and writes down why that failed if it did."""
    failure = folder / f"{name}.{exporter}.failed"
    try:
        build(name, exporter, folder)
    except Exception as error:  # noqa: BLE001  one network must not stop the others
        trace = traceback.format_exc()
        failure.write_text(f"{type(error).__name__}: {str(error)[:600]}\n\n{trace[-3000:]}")


def build_apart(name: str, exporter: str, folder: Path, timeout: float) -> str:
    """Builds in a process of its own, so that nothing but files outlives it."""
    import timm  # noqa: F401  loaded once, before the fork
    import torch  # noqa: F401
    import torchvision  # noqa: F401
    process = multiprocessing.get_context("fork").Process(
        target=attempt, args=(name, exporter, folder))
    process.start()
    process.join(timeout)
    failure = folder / f"{name}.{exporter}.failed"
    if process.is_alive():
        process.kill()
        process.join()
        failure.write_text(f"took longer than {timeout:.0f} s\n")
    elif process.exitcode != 0:
        failure.write_text(f"died with {process.exitcode}\n")
    return failure.read_text().splitlines()[0] if failure.exists() else "built"
