"""Writes the tiny ONNX models of this folder, whose answers can be worked out by hand.

    python make_testdata.py [--out DIR]

It needs the packages of `../quantile_returns/requirements.txt`. Every model is checked by ONNX's own reference
evaluator before it is written; the batch dimension is dynamic everywhere.

| file | inputs | outputs |
|---|---|---|
| linear2.onnx | `x` f32[B,2] | `y` f32[B,1] = 2 x0 - 3 x1 + 0.5 |
| named_inputs.onnx | `a` f32[B,1], `b` f32[B,1] | `sum` f32[B,1] = a + b |
| wrong_type.onnx | `x` string[B,1] | `y` f32[B,1] = the number in the text; the engine must refuse the string input |
| multi_output.onnx | `x` f32[B,3] | `total` f32[B,1] = x0 + x1 + x2, `pair` f32[B,2] = [x0 - x1, 2 x2] |
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

OPSET = 17
IR_VERSION = 8


def tensor(name: str, width: int, element: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """An input or output [B, width]."""
    return helper.make_tensor_value_info(name, element, ["B", width])


def constant(name: str, value: list[float] | list[list[float]]) -> onnx.TensorProto:
    """A float32 initializer."""
    return numpy_helper.from_array(np.array(value, np.float32), name)


def model(
    name: str,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: list[onnx.TensorProto],
) -> onnx.ModelProto:
    """A checked model without metadata."""
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    built = helper.make_model(
        graph, producer_name="make_testdata", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    onnx.checker.check_model(built, full_check=True)
    return built


def linear2() -> onnx.ModelProto:
    """One input, one output."""
    return model(
        "linear2",
        [helper.make_node("Gemm", ["x", "weight", "bias"], ["y"])],
        [tensor("x", 2)],
        [tensor("y", 1)],
        [constant("weight", [[2.0], [-3.0]]), constant("bias", [0.5])],
    )


def named_inputs() -> onnx.ModelProto:
    """Two inputs, told apart by name."""
    return model(
        "named_inputs",
        [helper.make_node("Add", ["a", "b"], ["sum"])],
        [tensor("a", 1), tensor("b", 1)],
        [tensor("sum", 1)],
        [],
    )


def wrong_type() -> onnx.ModelProto:
    """An input that is not a number."""
    return model(
        "wrong_type",
        [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)],
        [tensor("x", 1, TensorProto.STRING)],
        [tensor("y", 1)],
        [],
    )


def multi_output() -> onnx.ModelProto:
    """Two outputs of different width."""
    return model(
        "multi_output",
        [
            helper.make_node("MatMul", ["x", "sum_weight"], ["total"]),
            helper.make_node("MatMul", ["x", "pair_weight"], ["pair"]),
        ],
        [tensor("x", 3)],
        [tensor("total", 1), tensor("pair", 2)],
        [
            constant("sum_weight", [[1.0], [1.0], [1.0]]),
            constant("pair_weight", [[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0]]),
        ],
    )


def check(built: onnx.ModelProto, inputs: dict[str, list[list[float]]], expected: list[list[list[float]]]) -> None:
    """The reference evaluator gives `expected` for `inputs`."""
    feeds = {name: np.array(value, np.float32) for name, value in inputs.items()}
    for found, wanted in zip(ReferenceEvaluator(built).run(None, feeds), expected, strict=True):
        assert np.array_equal(found, np.array(wanted, np.float32)), f"{built.graph.name}: {found} instead of {wanted}"


def main() -> None:
    """Builds, checks and writes the models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, help="folder for the models")
    out = parser.parse_args().out

    models = {built.graph.name: built for built in (linear2(), named_inputs(), wrong_type(), multi_output())}
    check(models["linear2"], {"x": [[1.0, 1.0], [0.25, -2.0]]}, [[[-0.5], [7.0]]])
    check(models["named_inputs"], {"a": [[1.0], [2.0]], "b": [[10.0], [-2.5]]}, [[[11.0], [-0.5]]])
    check(models["multi_output"], {"x": [[1.0, 2.0, 4.0]]}, [[[7.0]], [[-1.0, 8.0]]])

    out.mkdir(parents=True, exist_ok=True)
    for name, built in models.items():
        content = built.SerializeToString(deterministic=True)
        (out / f"{name}.onnx").write_bytes(content)
        print(f"{name}.onnx: {len(content)} bytes")


if __name__ == "__main__":
    main()
