"""Runs the cases of ONNX's backend suite with `dearc run`, and counts what comes of them.

usage: conformance.py DEARC WORK [--kind node,simple,...] [--only TEXT] [--json FILE] [--jobs N]

A case passes if every output of every data set is as the suite has it, in its tolerance. Cases whose inputs are
no tensors, or whose operators dearc has no kernel for, are unsupported, and the reason is counted. EXCEPTIONS fail,
and are known to.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

# The suite's numbers are themselves rounded in single precision: where terms cancel they are 1.9e-7 and the exact
# answer is 0, which is farther away than the 1e-7 that the suite allows.
EXCEPTIONS = {"test_dft_inverse", "test_dft_inverse_opset19"}

UNSUPPORTED = ("there is no kernel", "cannot convert", "has no kernel", "runs only as in inference", "no elements of")


@dataclass
class Outcome:
    """What came of one case."""

    name: str
    operator: str
    verdict: str
    reason: str = ""


def read(path: Path, type_: onnx.TypeProto | None) -> np.ndarray | None:
    """A tensor of a data set; None if it is a sequence or an optional."""
    if type_ is not None and type_.WhichOneof("value") not in (None, "tensor_type"):
        return None
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(tensor)


def storable(array: np.ndarray) -> np.ndarray | None:
    """The array as numpy's files can hold it; half precision with an 8-bit exponent as its bits."""
    if array.dtype.name == "bfloat16":
        return array.view(np.uint16)
    return array if array.dtype.kind in "biufc" and array.dtype.isbuiltin == 1 else None


def run(dearc: str, case, folder: Path, inputs: list[np.ndarray]) -> tuple[int, str]:
    """Runs the model; returns the exit status and what went wrong."""
    model = onnx.load(Path(case.model_dir) / "model.onnx", load_external_data=False)
    stored = {each.name for each in model.graph.initializer}
    names = [each.name for each in model.graph.input if each.name not in stored or len(inputs) == len(model.graph.input)]
    command = [dearc, "run", str(Path(case.model_dir) / "model.onnx"), "--save-outputs", str(folder), "--quiet"]
    for place, (name, array) in enumerate(zip(names, inputs)):
        held = storable(array)
        if held is None:
            return 65, f"no elements of numpy's for {array.dtype}"
        np.save(folder / f"input{place}.npy", held)
        command += ["--tensor", f"{name}={folder / f'input{place}.npy'}"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return result.returncode, result.stderr.strip()


def compare(case, model: onnx.ModelProto, folder: Path, expected: list[np.ndarray]) -> str:
    """What is wrong with the outputs, or nothing."""
    for output, want in zip(model.graph.output, expected):
        path = folder / (output.name.replace("/", "_") + ".npy")
        if not path.exists():
            return f"output {output.name} is missing"
        found = np.load(path)
        if want.dtype.name == "bfloat16":
            want = want.astype(np.float32)
        if found.shape != want.shape:
            return f"{output.name} has shape {found.shape}, not {want.shape}"
        if found.dtype != want.dtype:
            return f"{output.name} is {found.dtype}, not {want.dtype}"
        if want.dtype.kind in "fc":
            if not np.allclose(found, want, rtol=case.rtol, atol=case.atol, equal_nan=True):
                return f"{output.name} is {np.nanmax(np.abs(found.astype(np.float64) - want)):.2e} away"
        elif not np.array_equal(found, want):
            return f"{output.name} has other elements"
    return ""


def light_case(case, work: Path):
    """A network of the light set as a case of its own folder: the suite has its answers, and makes its input of a ramp."""
    source = Path(onnx.__file__).parent.parent / case.url
    folder = work / case.name
    data = folder / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, folder / "model.onnx")
    model = onnx.load(source)
    stored = {each.name for each in model.graph.initializer}
    for place, port in enumerate(each for each in model.graph.input if each.name not in stored):
        shape = [dim.dim_value or 1 for dim in port.type.tensor_type.shape.dim]
        count = np.prod(shape)
        ramp = (np.arange(count).reshape(shape) / count).astype(np.float32)
        (data / f"input_{place}.pb").write_bytes(numpy_helper.from_array(ramp).SerializeToString())
    for place in range(len(model.graph.output)):
        shutil.copy(source.with_name(f"{source.stem}_output_{place}.pb"), data / f"output_{place}.pb")
    return replace(case, model_dir=str(folder), kind="light")


def judge(dearc: str, case, work: Path) -> Outcome:
    """Runs one case."""
    folder = Path(case.model_dir)
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    operator = model.graph.node[0].op_type if case.kind == "node" and model.graph.node else case.kind
    if case.kind == "node" and len(model.graph.node) > 1:
        operator = "several"
    sets = sorted(folder.glob("test_data_set_*"))
    for data in sets:
        pairs = [sorted(data.glob(f"{side}_*.pb"), key=lambda path: int(path.stem.split("_")[1]))
                 for side in ("input", "output")]
        stored = {each.name for each in model.graph.initializer}
        ports = [each for each in model.graph.input if each.name not in stored]
        inputs = [read(path, ports[place].type if place < len(ports) else None) for place, path in enumerate(pairs[0])]
        outputs = [read(path, model.graph.output[place].type) for place, path in enumerate(pairs[1])]
        if any(each is None for each in inputs + outputs):
            return Outcome(case.name, operator, "unsupported", "sequences and optionals")
        if any(each.dtype.kind in "OSU" for each in inputs + outputs):
            return Outcome(case.name, operator, "unsupported", "strings")
        with tempfile.TemporaryDirectory(dir=work) as temporary:
            status, message = run(dearc, case, Path(temporary), inputs)
            if status:
                lacks = any(each in message for each in UNSUPPORTED)
                return Outcome(case.name, operator, "unsupported" if lacks else "failed", message[:200])
            wrong = compare(case, model, Path(temporary), outputs)
            if wrong:
                return Outcome(case.name, operator, "failed", wrong)
    return Outcome(case.name, operator, "passed")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dearc")
    parser.add_argument("work", type=Path)
    parser.add_argument("--kind", default="node,simple,pytorch-converted,pytorch-operator,real")
    parser.add_argument("--only", default="")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    cases = [case if case.model_dir else light_case(case, arguments.work)
             for kind in arguments.kind.split(",") for case in load_model_tests(kind=kind)
             if arguments.only in case.name]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        outcomes = list(pool.map(lambda case: judge(arguments.dearc, case, arguments.work), cases))
    table: dict[str, Counter] = defaultdict(Counter)
    for outcome in outcomes:
        if outcome.name in EXCEPTIONS and outcome.verdict == "failed":
            outcome.verdict = "excepted"
        table[outcome.operator][outcome.verdict] += 1
    for outcome in outcomes:
        if outcome.verdict in ("failed", "excepted"):
            print(f"{outcome.verdict.upper()} {outcome.name}: {outcome.reason}")
    for operator in sorted(table):
        print(f"{operator:<28}" + "  ".join(f"{table[operator][each]:4} {each}" for each in ("passed", "failed", "excepted", "unsupported")))
    total = Counter(each.verdict for each in outcomes)
    print(f"{len(outcomes)} cases: {total['passed']} passed, {total['failed']} failed, {total['excepted']} excepted, "
          f"{total['unsupported']} unsupported")
    if arguments.json:
        arguments.json.write_text(json.dumps([vars(each) for each in outcomes], indent=1))
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
