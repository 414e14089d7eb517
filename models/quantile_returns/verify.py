"""Runs the shipped ONNX file by ONNX Runtime, checks it against its manifest, and writes golden values.

    python verify.py [--out DIR] [--data DIR]

`golden.csv` holds one line per window: window, symbol, ts (the last bar), the 64 inputs `x_0`..`x_63`, oldest first,
and the 108 outputs `yhat_<step>_<quantile>`, every number as the shortest text that gives the same float32 again.
`golden.json` says which program wrote it.
"""

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

import bars
from bars import CONTEXT, HORIZON, TEST_END, TEST_START, FloatArray, Windows
from network import QUANTILES, pinball
from train import DATA_DIR, HERE, MODEL_FILE, coverage

GOLDEN_FILE = "us5_daily.parquet"
GOLDEN_SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
GOLDEN_PRICE = "adj_close"
WINDOWS_PER_SYMBOL = 8
METRIC_TOLERANCE = 2e-6

Float32Array = npt.NDArray[np.float32]


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A session on one CPU thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, x: FloatArray) -> Float32Array:
    """Quantiles [N, HORIZON, QUANTILES] for log returns [N, CONTEXT]."""
    return session.run(["yhat"], {"x": x.astype(np.float32)[:, :, None]})[0]


def check_files(manifest: dict[str, Any], model: Path, data_dir: Path) -> None:
    """The model and the data are those of the manifest."""
    assert bars.sha256_of(model) == manifest["sha256"], "the model is not the manifest's"
    for entry in manifest["data"]:
        assert bars.sha256_of(data_dir / Path(entry["file"]).name) == entry["sha256"], f"{entry['file']} has changed"


def check_metadata(session: onnxruntime.InferenceSession, manifest: dict[str, Any]) -> None:
    """Metadata, inputs and outputs inside the model agree with the manifest."""
    metadata = session.get_modelmeta().custom_metadata_map
    for key in ("name", "version", "licence", "source", "freq", "scaling", "target", "train_start", "train_end"):
        assert metadata[key] == manifest[key], f"metadata key {key}"
    assert [float(part) for part in metadata["quantiles"].split(",")] == manifest["quantiles"]
    assert metadata["features"].split(",") == manifest["features"]
    assert int(metadata["context_length"]) == manifest["context_length"]
    assert int(metadata["horizon"]) == manifest["horizon"]
    for found, expected in zip(
        [*session.get_inputs(), *session.get_outputs()], [*manifest["inputs"], *manifest["outputs"]], strict=True
    ):
        assert (found.name, found.shape) == (expected["name"], expected["shape"])


def check_metrics(session: onnxruntime.InferenceSession, manifest: dict[str, Any], data_dir: Path) -> None:
    """The test metrics of the manifest hold for what ONNX Runtime computes."""
    test = bars.split_windows(bars.load_windows(data_dir)).test
    quantiles = run(session, test.x).astype(np.float64)
    assert len(test) == manifest["test"]["windows"]
    for name, value in (
        ("pinball", pinball(quantiles, test.y).mean()),
        ("coverage_10_90", coverage(quantiles, test.y).mean()),
    ):
        difference = abs(value - manifest["test"][name])
        print(f"test {name}: {value:.6f}, difference from the manifest {difference:.1e}")
        assert difference < METRIC_TOLERANCE, f"{name} differs from the manifest"


def check_properties(session: onnxruntime.InferenceSession, x: FloatArray) -> None:
    """No crossing, no NaN for constant windows, equivariance in scale, independence from the batch."""
    quantiles = run(session, x)
    assert np.all(np.diff(quantiles, axis=2) >= 0), "quantiles cross"
    assert np.all(np.isfinite(run(session, np.outer([0.0, 0.01, -0.5], np.ones(CONTEXT))))), "constant window"
    assert np.allclose(run(session, 4 * x), 4 * quantiles, rtol=1e-4, atol=1e-6), "scale"
    single = np.concatenate([run(session, row[None]) for row in x])
    assert np.allclose(single, quantiles, rtol=1e-5, atol=1e-7), "batch"
    assert run(session, x[:0]).shape == (0, HORIZON, len(QUANTILES)), "empty batch"


def golden_windows(data_dir: Path) -> Windows:
    """Windows of the test period, evenly spaced in time for every symbol."""
    parts = []
    for symbol in GOLDEN_SYMBOLS:
        windows = bars.cut_windows(bars.load_series(data_dir / GOLDEN_FILE, symbol, GOLDEN_PRICE))
        windows = windows.where((windows.origin >= TEST_START) & (windows.last <= TEST_END))
        chosen = np.linspace(0, len(windows) - 1, WINDOWS_PER_SYMBOL).astype(int)
        parts.append(windows.where(np.isin(np.arange(len(windows)), chosen)))
    return bars.concatenate(parts)


def write_golden(out: Path, session: onnxruntime.InferenceSession, windows: Windows, manifest: dict[str, Any]) -> None:
    """Writes `golden.csv` and `golden.json`."""
    inputs, outputs = windows.x.astype(np.float32), run(session, windows.x).reshape(len(windows), -1)
    output_names = [f"yhat_{step}_{quantile}" for step in range(1, HORIZON + 1) for quantile in QUANTILES]
    with (out / "golden.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["window", "symbol", "ts", *(f"x_{index}" for index in range(CONTEXT)), *output_names])
        for index, (symbol, origin) in enumerate(zip(windows.symbol, windows.origin, strict=True)):
            numbers = [str(value) for value in (*inputs[index], *outputs[index])]
            writer.writerow([index, symbol, f"{origin} 00:00:00", *numbers])
    sidecar = {
        "file": "golden.csv",
        "sha256": bars.sha256_of(out / "golden.csv"),
        "program": "onnxruntime (Python)",
        "version": onnxruntime.__version__,
        "execution_provider": session.get_providers()[0],
        "model": {"file": manifest["file"], "sha256": manifest["sha256"]},
        "data": {
            "file": f"data/{GOLDEN_FILE}",
            "price": GOLDEN_PRICE,
            "x": f"float32 of ln(price / previous price) of the {CONTEXT} bars that end at ts",
        },
        "windows": len(windows),
        "tolerance": {"relative": 1e-4, "absolute": 1e-6},
        "command": "python models/quantile_returns/verify.py",
    }
    (out / "golden.json").write_text(json.dumps(sidecar, indent=2) + "\n")


def main() -> None:
    """Checks the shipped model and writes the golden values."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the model, for the golden files too")
    parser.add_argument("--data", type=Path, default=DATA_DIR, help="folder with the Parquet files (default: data/)")
    arguments = parser.parse_args()

    model = arguments.out / MODEL_FILE
    manifest = json.loads((arguments.out / "manifest.json").read_text())
    check_files(manifest, model, arguments.data)
    session = open_session(model)
    check_metadata(session, manifest)
    check_metrics(session, manifest, arguments.data)
    windows = golden_windows(arguments.data)
    check_properties(session, windows.x)
    write_golden(arguments.out, session, windows, manifest)
    print(f"{arguments.out / 'golden.csv'}: {len(windows)} windows by onnxruntime {onnxruntime.__version__}")


if __name__ == "__main__":
    main()
