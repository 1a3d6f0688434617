"""Tables for people, and what surrounds a weight that stayed wide."""

from __future__ import annotations

import json
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import onnx
from interpreter import run_everything
from judge import reasons, wide_weights

ORDER = ("failed", "broken", "wrong", "wide", "rounding", "ideal")


def print_table(rows: list[dict]) -> None:
    """One line for each case, failures first."""
    rows = sorted(rows, key=lambda row: (ORDER.index(row["outcome"]), row["model"]))
    print(f"{'case':58} {'outcome':9} {'kept %':>7} {'ideal %':>7} {'differs':>8} {'s':>6}  first cause")
    for row in rows:
        name = f"{row['model']}.{row['exporter']}.{row['mode']}"
        share = 100 * row["achieved"] / row["elements"] if row["achieved"] is not None else 0
        cause = row["message"].strip().replace("\n", " ")[:90]
        if row["wide"]:
            first = row["wide"][0]
            said = next(iter(row.get("reasons") or {}), "nothing said")
            cause = f"{said}; {len(row['wide'])} wide, {first['node'][-40:]} {first['shape']}"
        print(f"{name:58} {row['outcome']:9} {share:7.2f} {100 * row['ideal'] / row['elements']:7.2f} "
              f"{row['difference'] if row['difference'] is not None else -1:8.1e} "
              f"{row['seconds'] or 0:6.2f}  {cause}{'' if row['sound'] else '  [unsound case]'}")
    counts = Counter(row["outcome"] for row in rows)
    print(", ".join(f"{counts[each]} {each}" for each in ORDER if counts[each]))


def latest(work: Path) -> dict[tuple[str, str, str], dict]:
    """The newest verdict of each case."""
    rows = {}
    for line in (work / "results.jsonl").read_text().splitlines():
        row = json.loads(line)
        rows[row["model"], row["exporter"], row["mode"]] = row
    return rows


def summary(work: Path) -> None:
    """Shares by exporter and mode; a network counts as ideal if all its modes are."""
    rows = [row for row in latest(work).values() if (work / "models" / (
        f"{row['model']}.{row['exporter']}.{row['mode']}.json")).exists()]
    for row in rows:
        if not row["sound"]:
            print(f"left out, a slot is not dead: {row['model']}.{row['exporter']}.{row['mode']}")
    rows = [row for row in rows if row["sound"]]
    groups: dict[str, list[dict]] = defaultdict(list)
    for row in rows:
        groups[f"{row['exporter']}, {row['mode']}"].append(row)
    print(f"{'cases':24} {'number':>6} " + " ".join(f"{each:>9}" for each in ORDER) + "   exactly")
    for name, members in sorted(groups.items()):
        counts = Counter(row["outcome"] for row in members)
        exactly = sum(row["exactly"] for row in members)
        print(f"{name:24} {len(members):6} " + " ".join(
            f"{counts[each]:9}" for each in ORDER) + f" {exactly:9}")
    networks: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for row in rows:
        networks[row["exporter"], row["model"]].append(row)
    for exporter in sorted({each for each, _ in networks}):
        members = [each for (own, _), each in networks.items() if own == exporter]
        good = sum(all(row["outcome"] == "ideal" for row in each) for each in members)
        idle = sum(not any(row.get("zeroed", 1) for row in each) for each in members)
        print(f"{exporter}: {good} of {len(members)} networks ideal, {100 * good / len(members):.1f} %"
              f"; {idle} of them have no slot to lose")


    causes(rows)
    for path in sorted((work / "models").glob("*.failed")):
        print(f"not exported: {path.stem}: {path.read_text().splitlines()[0][:110]}")


def causes(rows: list[dict]) -> None:
    """What keeps networks from the ideal, by what dearc says of most channels."""
    groups: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["outcome"] != "ideal":
            said = next(iter(row.get("reasons", {})), row["message"].strip()[:60] or "nothing said")
            groups[f"{row['outcome']}: {said}"].add(f"{row['model']}.{row['exporter']}")
    for cause, names in sorted(groups.items(), key=lambda each: -len(each[1])):
        print(f"{len(names):4} {cause}: {', '.join(sorted(names))}")


def explain(dearc: Path, stem: Path) -> None:
    """Where weights stayed wide, which operators follow, and what dearc says."""
    case = json.loads(Path(f"{stem}.json").read_text())
    target = stem.parent.parent / "explained.onnx"
    done = subprocess.run([dearc, "prune", f"{stem}.onnx", "-o", target, "--json", "--no-verify"],
                          capture_output=True, check=False)
    if done.returncode != 0:
        print(done.stderr.decode(errors="replace"))
        return
    model = onnx.load(f"{stem}.onnx")
    shapes = traced_shapes(model, stem)
    rows = wide_weights(case, onnx.load(target))
    print(f"{stem.name}: {len(rows)} of {len(case['weights'])} linear weights wide; "
          f"unmodelled {case['unmodelled']}, computed beforehand {Counter(case['settled'])}")
    for row in rows[:3]:
        print(f"\n{row['operator']} {row['node']} {row['shape']} → {row['left']}, "
              f"ideal {row['ideal']} elements")
        for line in following(model, row["node"], row["weight"], shapes):
            print("   ", line)
    for reason, count in reasons(json.loads(done.stdout)):
        print(f"  dearc: {count} channels: {reason}")


def traced_shapes(model: onnx.ModelProto, stem: Path) -> dict[str, str]:
    """The shapes of all values that hold floating-point numbers, from a run."""
    inputs = np.load(f"{stem}.npz")
    values, = run_everything(model, {"input": inputs["arr_2"]})
    shapes = {name: "×".join(map(str, array.shape)) or "scalar"
              for name, array in values.items() if array.dtype.kind == "f"}
    for each in model.graph.initializer:
        shapes[each.name] = "[" + "×".join(map(str, each.dims)) + "]"
    return shapes


def following(model: onnx.ModelProto, name: str, weight: str, shapes: dict[str, str],
              limit: int = 22) -> list[str]:
    """The nodes that read what a node makes, in order."""
    nodes = list(model.graph.node)
    start = next((place for place, node in enumerate(nodes)
                  if weight in node.input or (name and node.name == name)), None)
    if start is None:
        return []
    reached, lines = set(nodes[start].output), [describe(nodes[start], shapes)]
    for node in nodes[start + 1:]:
        if len(lines) >= limit:
            break
        if reached.intersection(node.input) and node.output[0] in shapes:
            lines.append(describe(node, shapes))
            if node.op_type not in ("Conv", "Gemm", "MatMul", "Shape") or not any(
                    each in {init.name for init in model.graph.initializer} for each in node.input):
                reached.update(node.output)
    return lines


def describe(node: onnx.NodeProto, shapes: dict[str, str]) -> str:
    """A node in one line."""
    inputs = ", ".join(shapes[each] for each in node.input if each in shapes)
    given = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute
             if each.name in ("axis", "axes", "perm", "group", "transB", "split", "keepdims",
                              "equation", "allowzero")}
    return f"{node.op_type}({inputs}) → {shapes.get(node.output[0], '·')} {given or ''}"
