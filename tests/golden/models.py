"""Models and expected values for the tests of udfs/models, by Python's onnx, onnxruntime and numpy.

    python tests/golden/models.py

It writes `models/*.onnx`, `models/cases.json` (rows in, rows out, by onnxruntime) and `models/forecast.csv` (forecasts
of the shipped forecaster over real prices, by onnxruntime and numpy), all beside this file. Versions: see the sidecar
`models/models.json`. Packages: onnx, onnxruntime, numpy, pyarrow.

| file | inputs | outputs |
|---|---|---|
| fixed_batch.onnx | `x` f32[4,2] | `y` f32[4,1] = x0 + 10 x1 |
| whole.onnx | `a` i64[B], `b` i32[B,1] | `y` i64[B,1] = a + b |
| one_row.onnx | `x` f64[3] | `y` f64[] = x0 x1 x2 |
| classifier.onnx | `x` f32[B,2] | `label` i64[B], `probabilities` f32[B,2] = softmax(x) |
| squeezed.onnx | `x` f32[B,2] | `y` f32[1], the mean of everything: not one row per row |
| not_finite.onnx | `x` f32[B,1] | `y` f32[B,1] = log(x) |
| endless.onnx | `x` f32[B,1] | `y` f32[B,1] after 2**62 passes of a loop |
| external.onnx | `x` f32[B,2] | `y` f32[B,1]; the weights lie in another file |
| unknown_operator.onnx | `x` f32[B,1] | `y` f32[B,1] by an operator that nobody has |
| last_value.onnx | `x` f32[B,3] | `yhat` f32[B,2] = the last value, and it plus the last change; metadata says so |
"""

import csv
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pyarrow
import pyarrow.compute as pc
import pyarrow.parquet as pq
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).resolve().parent
OUT = HERE / "models"
ROOT = HERE.parents[1]
FORECASTER = ROOT / "models" / "quantile_returns" / "quantile_returns.onnx"
BARS = ROOT / "data" / "us5_daily.parquet"
FLOAT, DOUBLE, INT32, INT64, BOOL = (
    TensorProto.FLOAT,
    TensorProto.DOUBLE,
    TensorProto.INT32,
    TensorProto.INT64,
    TensorProto.BOOL,
)


def info(name, shape, element=FLOAT):
    """An input or output."""
    return helper.make_tensor_value_info(name, element, shape)


def const(name, value, dtype=np.float32):
    """An initializer."""
    return numpy_helper.from_array(np.array(value, dtype), name)


def model(name, nodes, inputs, outputs, constants=(), metadata=None, check=True, domains=()):
    """A model of opset 17."""
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    built = helper.make_model(graph, producer_name="models.py", ir_version=8, opset_imports=opsets)
    if metadata:
        helper.set_model_props(built, metadata)
    if check:
        onnx.checker.check_model(built, full_check=True)
    return built


def node(kind, inputs, outputs, **attributes):
    """An operator."""
    return helper.make_node(kind, inputs, outputs, **attributes)


def endless():
    """A loop whose body adds a small number, 2**62 times."""
    body = helper.make_graph(
        [node("Add", ["state", "step"], ["next"]), node("Identity", ["go"], ["still"])],
        "body",
        [info("pass", [], INT64), info("go", [], BOOL), info("state", ["B", 1])],
        [info("still", [], BOOL), info("next", ["B", 1])],
        [const("step", [[1e-9]])],
    )
    return model(
        "endless",
        [node("Loop", ["passes", "yes", "x"], ["y"], body=body)],
        [info("x", ["B", 1])],
        [info("y", ["B", 1])],
        [const("passes", 2**62, np.int64), const("yes", True, np.bool_)],
    )


def last_value():
    """The naive forecast and the drift of the last change, with metadata for plain values."""
    return model(
        "last_value",
        [node("MatMul", ["x", "w"], ["yhat"])],
        [info("x", ["B", 3])],
        [info("yhat", ["B", 2])],
        [const("w", [[0, 0], [0, -1], [1, 2]])],
        {"context_length": "3", "features": "value", "train_end": "2001-01-01"},
    )


def working_models():
    """Models that run, with the rows that go into `cases.json`."""
    return {
        "fixed_batch": (
            model(
                "fixed_batch",
                [node("MatMul", ["x", "w"], ["y"])],
                [info("x", [4, 2])],
                [info("y", [4, 1])],
                [const("w", [[1], [10]])],
            ),
            [[i, i + 0.5] for i in range(10)],
        ),
        "whole": (
            model(
                "whole",
                [
                    node("Unsqueeze", ["a", "axis"], ["column"]),
                    node("Cast", ["b"], ["wide"], to=INT64),
                    node("Add", ["column", "wide"], ["y"]),
                ],
                [info("a", ["B"], INT64), info("b", ["B", 1], INT32)],
                [info("y", ["B", 1], INT64)],
                [const("axis", [1], np.int64)],
            ),
            [[1, 2], [-5, 7], [2**40, -1]],
        ),
        "one_row": (
            model(
                "one_row",
                [node("ReduceProd", ["x"], ["y"], keepdims=0)],
                [info("x", [3], DOUBLE)],
                [info("y", [], DOUBLE)],
            ),
            [[1.5, 2, 3], [0.1, 0.2, 0.3], [1e200, 1e100, 1]],
        ),
        "classifier": (
            model(
                "classifier",
                [
                    node("ArgMax", ["x"], ["label"], axis=1, keepdims=0),
                    node("Softmax", ["x"], ["probabilities"], axis=1),
                ],
                [info("x", ["B", 2])],
                [info("label", ["B"], INT64), info("probabilities", ["B", 2])],
            ),
            [[0, 0], [1, 0], [-2.5, 3]],
        ),
        "last_value": (last_value(), [[1, 2, 4], [10, 9, 7]]),
        "not_finite": (
            model("not_finite", [node("Log", ["x"], ["y"])], [info("x", ["B", 1])], [info("y", ["B", 1])]),
            [[1], [0], [-1], [2]],
        ),
    }


def refused_models():
    """Models that the engine must refuse, at once or when they run."""
    return {
        "squeezed": model(
            "squeezed",
            [node("ReduceMean", ["x"], ["mean"], keepdims=1), node("Reshape", ["mean", "shape"], ["y"])],
            [info("x", ["B", 2])],
            [info("y", [1])],
            [const("shape", [1], np.int64)],
        ),
        "endless": endless(),
        "unknown_operator": model(
            "unknown_operator",
            [node("Prophesy", ["x"], ["y"], domain="nobody")],
            [info("x", ["B", 1])],
            [info("y", ["B", 1])],
            check=False,
            domains=["nobody"],
        ),
    }


def external():
    """A model whose weights lie in another file, which is not written."""
    weight = const("w", [[1], [1]])
    built = model("external", [node("MatMul", ["x", "w"], ["y"])], [info("x", ["B", 2])], [info("y", ["B", 1])], [weight])
    tensor = built.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "external.bin"), ("offset", "0"), ("length", "8")):
        tensor.external_data.add(key=key, value=value)
    return built


def session_of(content):
    """An onnxruntime session on one CPU thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run_rows(session, rows):
    """Every output, row by row, by feeding the model as its inputs are declared; None for what is not finite."""
    inputs = session.get_inputs()
    kinds = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(int32)": np.int32}
    outputs = {output.name: [] for output in session.get_outputs()}
    for row in rows:
        feeds, start = {}, 0
        for spec in inputs:
            shape = [size if isinstance(size, int) else 1 for size in spec.shape]
            width = int(np.prod(shape[1:])) if len(shape) > 1 else (shape or [1])[0]
            value = np.array(row[start : start + width], kinds[spec.type])
            # A batch of fixed size is filled with the same row.
            feeds[spec.name] = np.resize(value, shape)
            start += width
        for spec, value in zip(session.get_outputs(), session.run(None, feeds), strict=True):
            first = value if len(inputs[0].shape) == 1 and inputs[0].shape != ["B"] else value[0]
            outputs[spec.name].append([float(n) if np.isfinite(n) else None for n in np.atleast_1d(first)])
    return outputs


def summaries(quantiles, levels):
    """median, lower, upper, expected and up_probability of quantiles [N, Q], by numpy."""
    found = []
    for values in np.sort(quantiles.astype(np.float64), axis=1):
        grid = np.concatenate([[0.0], levels, [1.0]])
        padded = np.concatenate([values[:1], values, values[-1:]])
        below = np.interp(0.0, values, levels)
        found.append([np.interp(0.5, levels, values), values[0], values[-1], np.trapezoid(padded, grid), 1 - below])
    return np.array(found)


def write_forecast():
    """Forecasts 1, 5 and 12 bars ahead at every bar of three symbols, out of past bars only."""
    session = session_of(FORECASTER.read_bytes())
    metadata = session.get_modelmeta().custom_metadata_map
    context = int(metadata["context_length"])
    levels = np.array([float(part) for part in metadata["quantiles"].split(",")])
    table = pq.read_table(BARS, columns=["symbol", "ts", "adj_close"])
    with (OUT / "forecast.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        names = ("median", "lower", "upper", "expected", "up_probability")
        steps = (1, 5, 12)
        writer.writerow(["symbol", "ts", "price", *(f"{name}_{step}" for step in steps for name in names)])
        for symbol in ("AAPL", "IBM", "GOOG"):
            rows = table.filter(pc.equal(table["symbol"], symbol)).sort_by("ts").slice(1200, 200)
            prices = rows["adj_close"].to_numpy()
            returns = np.diff(np.log(prices))
            windows = np.lib.stride_tricks.sliding_window_view(returns, context).astype(np.float32)
            answers = session.run(None, {"x": windows[:, :, None]})[0]
            columns = np.hstack([summaries(answers[:, step - 1], levels) for step in steps])
            for index, (ts, price) in enumerate(zip(rows["ts"].to_pylist(), prices, strict=True)):
                known = index - context
                values = [repr(float(v)) for v in columns[known]] if known >= 0 else [""] * columns.shape[1]
                writer.writerow([symbol, ts.isoformat(sep=" "), repr(float(price)), *values])


def main():
    """Writes everything."""
    OUT.mkdir(exist_ok=True)
    cases = {}
    for name, (built, rows) in working_models().items():
        content = built.SerializeToString(deterministic=True)
        (OUT / f"{name}.onnx").write_bytes(content)
        cases[name] = {"rows": rows, "outputs": run_rows(session_of(content), rows)}
    for name, built in {**refused_models(), "external": external()}.items():
        (OUT / f"{name}.onnx").write_bytes(built.SerializeToString(deterministic=True))
    (OUT / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
    write_forecast()
    sidecar = {
        "files": "*.onnx, cases.json, forecast.csv",
        "programs": {
            "onnx": onnx.__version__,
            "onnxruntime": onnxruntime.__version__,
            "numpy": np.__version__,
            "pyarrow": pyarrow.__version__,
        },
        "execution_provider": "CPUExecutionProvider",
        "command": "python tests/golden/models.py",
    }
    (OUT / "models.json").write_text(json.dumps(sidecar, indent=2) + "\n")


if __name__ == "__main__":
    main()
