"""Layers that move elements between channels and positions, or change the size of a map."""

from __future__ import annotations

from random_linear import pointwise, resized
from random_sketch import Map, Sketch, UnfitError
from random_weights import chance


def depth_to_space(s: Sketch, x: Map) -> Map:
    """Spreads four channels over positions, in either order."""
    if s.graph.opset < 11 or max(max(size) for size in x.sizes) > 16:
        raise UnfitError
    if x.channels % 4:
        x = pointwise(s, x, 4 * int(s.rng.integers(1, 4)))
    name = s.graph.op("DepthToSpace", [x.name], blocksize=2, mode=s.pick("DCR", "CRD"))
    return Map(name, x.channels // 4, resized(x.sizes, lambda extent, axis: extent * 2))


def space_to_depth(s: Sketch, x: Map) -> Map:
    """Gathers four positions as channels."""
    if any(extent % 2 for size in x.sizes for extent in size) or x.channels > 10:
        raise UnfitError
    name = s.graph.op("SpaceToDepth", [x.name], blocksize=2)
    return Map(name, 4 * x.channels, resized(x.sizes, lambda extent, axis: extent // 2))


def resize_like(s: Sketch, x: Map) -> Map:
    """Resizes to the size of another map, whose extents are taken from its shape."""
    others = [each for each in s.maps if max(max(size) for size in each.sizes) <= 24]
    if s.graph.opset < 13 or not others:
        raise UnfitError
    other = s.pick(*others)
    own, wanted = s.graph.op("Shape", [x.name]), s.graph.op("Shape", [other.name])
    # onnxruntime 1.32 mistakes a Slice of a Shape with open extents for an empty list of sizes.
    parts = [s.graph.op("Gather", [shape, s.graph.integers(axes, "axes")], axis=0)
             for shape, axes in ((own, [0, 1]), (wanted, [2, 3]))]
    sizes = s.graph.op("Concat", parts, axis=0)
    inputs = [x.name, "", "", sizes]
    name = s.graph.op("Resize", inputs, mode=s.pick("nearest", "linear"),
                      coordinate_transformation_mode=s.pick("half_pixel", "asymmetric"))
    return Map(name, x.channels, other.sizes)


def reflect(s: Sketch, x: Map) -> Map:
    """Adds a border that continues the map."""
    if min(min(size) for size in x.sizes) < 3:
        raise UnfitError
    pads, mode = [0, 0, 1, 2, 0, 0, 2, 0], s.pick("reflect", "edge")
    if s.graph.opset < 11:
        name = s.graph.op("Pad", [x.name], mode=mode, pads=pads)
    else:
        name = s.graph.op("Pad", [x.name, s.graph.integers(pads, "pads")], mode=mode)
    return Map(name, x.channels, resized(
        x.sizes, lambda extent, axis: extent + (2 if axis else 3)))


def shuffle_by_shape(s: Sketch, x: Map) -> Map:
    """ShuffleNet's permutation with extents taken from the shape."""
    groups = [each for each in (2, 3, 4) if x.channels % each == 0 and x.channels > each]
    if not groups or s.graph.opset < 10:
        raise UnfitError
    group = s.pick(*groups)
    shape = s.graph.op("Shape", [x.name])
    batch = s.graph.slice(shape, [0], [1], [0])
    size = s.graph.slice(shape, [2], [4], [0])
    inner = s.graph.integers([group, x.channels // group], "groups")
    split_up = s.graph.op("Reshape", [
        x.name, s.graph.op("Concat", [batch, inner, size], axis=0)])
    turned = s.graph.op("Transpose", [split_up], perm=[0, 2, 1, 3, 4])
    if chance(s.rng, 0.5):
        return s.like(x, "Reshape", [turned, shape])
    whole = s.graph.integers([x.channels], "channels")
    return s.like(x, "Reshape", [turned, s.graph.op("Concat", [batch, whole, size], axis=0)])


def transposed_groups(s: Sketch, x: Map) -> Map:
    """A transposed convolution in groups, with padding and overlapping windows."""
    groups = [each for each in (2, 3, 4) if x.channels % each == 0]
    if not groups or max(max(size) for size in x.sizes) > 16:
        raise UnfitError
    group, outs = s.pick(*groups), int(s.rng.integers(1, 4))
    weight = s.filters(x.channels, outs, 3, 3)
    name = s.graph.op("ConvTranspose", [x.name, weight], group=group, strides=[2, 2],
                      kernel_shape=[3, 3], pads=[1, 1, 1, 1], output_padding=[1, 1])
    return Map(name, group * outs, resized(x.sizes, lambda extent, axis: extent * 2))
