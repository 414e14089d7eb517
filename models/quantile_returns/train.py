"""Trains the quantile forecaster and writes the ONNX file and its manifest.

    python train.py --out DIR [--data DIR]

The same versions of numpy and its BLAS on the same kind of processor give the same bytes again.
"""

import argparse
import hashlib
import json
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
import onnx
import pyarrow

import bars
from bars import CONTEXT, HORIZON, TEST_END, TEST_START, TRAIN_END, FloatArray, Split, Windows
from network import (
    IR_VERSION,
    OPSET,
    QUANTILES,
    STEP_SCALE,
    Parameters,
    backward,
    features_of,
    forward,
    gradient_error,
    init_parameters,
    pinball,
    pinball_gradient,
    predict,
    standardise_targets,
    to_onnx,
    window_scale,
)

HERE = Path(__file__).resolve().parent
DATA_DIR = HERE.parents[1] / "data"
MODEL_FILE = "quantile_returns.onnx"
VERSION = "1"
LICENCE = "Apache-2.0"
SOURCE = "trained by models/quantile_returns/train.py on data/spx_msft_daily.parquet and data/us5_daily.parquet"

BLOCK_DAYS = 60
BOOTSTRAPS = 1000

Forecaster = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Settings:
    """What the training run depends on besides the data. Chosen by the validation loss alone."""

    hidden: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    batch: int = 256
    averaging: float = 0.01
    max_epochs: int = 100
    patience: int = 15
    seed: int = 20061231


@dataclass(frozen=True)
class Fit:
    """Parameters of the best epoch, counted from 1, and its losses in standardised units."""

    parameters: Parameters
    epoch: int
    train_loss: float
    validation_loss: float


class AdamW:
    """Adam with decoupled weight decay on the weight matrices (Loshchilov and Hutter, 2019)."""

    def __init__(self, parameters: Parameters, learning_rate: float, weight_decay: float) -> None:
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.steps = 0
        self.first = {name: np.zeros_like(value) for name, value in parameters.items()}
        self.second = {name: np.zeros_like(value) for name, value in parameters.items()}

    def update(self, parameters: Parameters, gradient: Parameters) -> None:
        """One step in place."""
        self.steps += 1
        for name, value in parameters.items():
            self.first[name] += 0.1 * (gradient[name] - self.first[name])
            self.second[name] += 0.001 * (gradient[name] ** 2 - self.second[name])
            mean = self.first[name] / (1 - 0.9**self.steps)
            spread = np.sqrt(self.second[name] / (1 - 0.999**self.steps)) + 1e-8
            decay = self.weight_decay * value if value.ndim == 2 else 0.0
            value -= self.learning_rate * (mean / spread + decay)


def unconditional_quantiles(standardised: FloatArray) -> FloatArray:
    """Empirical quantiles of every step over all windows, [HORIZON, QUANTILES]."""
    return np.quantile(standardised, QUANTILES, axis=0).T


def train(split: Split, settings: Settings) -> Fit:
    """Fits the network; early stopping looks at the validation loss of the averaged parameters and keeps the best."""
    rng = np.random.default_rng(settings.seed)
    features, targets = features_of(split.train.x), standardise_targets(split.train.x, split.train.y)
    held_features = features_of(split.validation.x)
    held_targets = standardise_targets(split.validation.x, split.validation.y)

    def held_loss() -> float:
        return float(pinball(forward(average, held_features)[0], held_targets).mean())

    parameters = init_parameters(rng, settings.hidden, unconditional_quantiles(targets))
    error = gradient_error(parameters, features[:64], targets[:64], np.random.default_rng(settings.seed))
    print(f"gradient check: largest relative error {error:.1e}")
    if error > 1e-4:
        raise AssertionError("the hand-written gradient disagrees with central differences")
    average = {name: value.copy() for name, value in parameters.items()}
    print(f"before training: validation loss {held_loss():.6f}")

    optimiser = AdamW(parameters, settings.learning_rate, settings.weight_decay)
    best = Fit({}, 0, np.inf, np.inf)
    for epoch in range(1, settings.max_epochs + 1):
        total = 0.0
        order = rng.permutation(len(features))
        for start in range(0, len(order), settings.batch):
            rows = order[start : start + settings.batch]
            quantiles, seen = forward(parameters, features[rows])
            total += float(pinball(quantiles, targets[rows]).mean()) * len(rows)
            optimiser.update(parameters, backward(parameters, seen, pinball_gradient(quantiles, targets[rows])))
            for name, value in parameters.items():
                average[name] += settings.averaging * (value - average[name])
        loss, validation_loss = total / len(order), held_loss()
        better = validation_loss < best.validation_loss
        mark = " *" if better else ""
        print(f"epoch {epoch:3d}: training loss {loss:.6f}, validation loss {validation_loss:.6f}{mark}")
        if better:
            best = Fit({name: value.copy() for name, value in average.items()}, epoch, loss, validation_loss)
        elif epoch - best.epoch >= settings.patience:
            break
    return best


def skill_interval(loss: FloatArray, reference: FloatArray, origin: bars.DateArray) -> list[float]:
    """95 % interval of 1 - loss / reference by a moving-block bootstrap over days.

    Windows overlap and symbols move together, so whole blocks of `BLOCK_DAYS` days are drawn, all symbols at once.
    """
    _, day = np.unique(origin, return_inverse=True)
    days = int(day.max()) + 1
    by_day = np.stack([np.bincount(day, weights=values, minlength=days) for values in (loss, reference)])
    rng = np.random.default_rng(0)
    starts = rng.integers(0, days - BLOCK_DAYS + 1, (BOOTSTRAPS, -(-days // BLOCK_DAYS)))
    drawn = (starts[:, :, None] + np.arange(BLOCK_DAYS)).reshape(BOOTSTRAPS, -1)[:, :days]
    sums = by_day[:, drawn].sum(axis=2)
    return [float(value) for value in np.quantile(1 - sums[0] / sums[1], [0.025, 0.975])]


def skill_by(group: npt.NDArray[Any], loss: FloatArray, reference: FloatArray) -> dict[str, float]:
    """1 - loss / reference for every value of `group`."""
    return {
        str(value): float(1 - loss[group == value].sum() / reference[group == value].sum())
        for value in np.unique(group)
    }


def coverage(quantiles: FloatArray, y: FloatArray) -> FloatArray:
    """Share of targets inside the lowest and the highest quantile, per step."""
    return ((y >= quantiles[:, :, 0]) & (y <= quantiles[:, :, -1])).mean(axis=0)


def references(known: Windows) -> dict[str, Forecaster]:
    """Forecasters to beat: unconditional quantiles of `known` times a volatility estimate of the window.

    `window_volatility` takes the standard deviation of the window; `ewma_volatility` the exponentially weighted one of
    RiskMetrics with decay 0.94.
    """
    weights = 0.94 ** np.arange(CONTEXT - 1, -1, -1)
    weights /= weights.sum()

    def ewma(x: FloatArray) -> FloatArray:
        return np.sqrt(x**2 @ weights)[:, None]

    def scaled_by(volatility: Forecaster) -> Forecaster:
        table = unconditional_quantiles(known.y / (volatility(known.x) * STEP_SCALE))
        return lambda x: volatility(x)[:, :, None] * STEP_SCALE[:, None] * table

    return {"window_volatility": scaled_by(lambda x: window_scale(x)[1]), "ewma_volatility": scaled_by(ewma)}


def report(windows: Windows, forecaster: Forecaster, baselines: dict[str, Forecaster]) -> dict[str, Any]:
    """Pinball loss of raw cumulative log returns, coverage, and skill = 1 - loss / loss of a reference."""
    quantiles = forecaster(windows.x)
    loss = pinball(quantiles, windows.y)
    per_window = loss.mean(axis=(1, 2))
    found: dict[str, Any] = {
        "windows": len(windows),
        "first_origin": str(windows.origin.min()),
        "last_origin": str(windows.origin.max()),
        "pinball": float(loss.mean()),
        "coverage_10_90": float(coverage(quantiles, windows.y).mean()),
        "coverage_10_90_by_step": coverage(quantiles, windows.y).tolist(),
        "share_below_quantile": (windows.y[:, :, None] < quantiles).mean(axis=(0, 1)).tolist(),
    }
    for name, baseline in baselines.items():
        reference_quantiles = baseline(windows.x)
        reference = pinball(reference_quantiles, windows.y)
        reference_per_window = reference.mean(axis=(1, 2))
        found[f"against_{name}"] = {
            "pinball": float(reference.mean()),
            "coverage_10_90": float(coverage(reference_quantiles, windows.y).mean()),
            "skill": float(1 - loss.mean() / reference.mean()),
            "skill_95_interval": skill_interval(per_window, reference_per_window, windows.origin),
            "skill_by_quantile": (1 - loss.mean(axis=(0, 1)) / reference.mean(axis=(0, 1))).tolist(),
            "skill_by_step": (1 - loss.mean(axis=(0, 2)) / reference.mean(axis=(0, 2))).tolist(),
            "skill_by_symbol": skill_by(windows.symbol, per_window, reference_per_window),
            "skill_by_year": skill_by(windows.origin.astype("datetime64[Y]"), per_window, reference_per_window),
        }
    return found


def rounded(value: Any) -> Any:
    """`value` with every float inside rounded to six decimals."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return value


def metadata_of(train_start: np.datetime64) -> dict[str, str]:
    """What the engine reads from the model file; see models/README.md."""
    return {
        "name": "quantile_returns",
        "version": VERSION,
        "licence": LICENCE,
        "source": SOURCE,
        "quantiles": ",".join(str(quantile) for quantile in QUANTILES),
        "context_length": str(CONTEXT),
        "horizon": str(HORIZON),
        "freq": "1d",
        "features": "log_return",
        "scaling": "none",
        "target": "cum_log_return",
        "train_start": str(train_start),
        "train_end": str(TRAIN_END),
    }


def data_files(data_dir: Path) -> list[dict[str, Any]]:
    """Every data file with its hash and the series taken from it."""
    return [
        {
            "file": f"data/{file}",
            "sha256": bars.sha256_of(data_dir / file),
            "series": [{"symbol": symbol, "price": price} for name, symbol, price in bars.SOURCES if name == file],
        }
        for file in sorted({file for file, _, _ in bars.SOURCES})
    ]


def manifest_of(
    model: bytes, metadata: dict[str, str], split: Split, settings: Settings, fit: Fit, data_dir: Path
) -> dict[str, Any]:
    """The manifest, without anything that differs from run to run.

    The references of the validation part know the training windows; those of the test know all windows before it.
    """
    known = bars.concatenate([split.train, split.validation])

    def forecaster(x: FloatArray) -> FloatArray:
        return predict(fit.parameters, x)

    return {
        "name": metadata["name"],
        "version": metadata["version"],
        "licence": metadata["licence"],
        "source": metadata["source"],
        "file": MODEL_FILE,
        "bytes": len(model),
        "sha256": hashlib.sha256(model).hexdigest(),
        "opset": OPSET,
        "ir_version": IR_VERSION,
        "parameters": sum(value.size for value in fit.parameters.values()),
        "inputs": [
            {"name": "x", "type": "float32", "shape": ["B", CONTEXT, 1], "meaning": "log returns, oldest first"}
        ],
        "outputs": [
            {
                "name": "yhat",
                "type": "float32",
                "shape": ["B", HORIZON, len(QUANTILES)],
                "meaning": "quantiles of the cumulative log return after 1..12 bars, not decreasing in the quantile",
            }
        ],
        "quantiles": QUANTILES.tolist(),
        "context_length": CONTEXT,
        "horizon": HORIZON,
        "freq": metadata["freq"],
        "features": [metadata["features"]],
        "scaling": metadata["scaling"],
        "target": metadata["target"],
        "train_start": metadata["train_start"],
        "train_end": metadata["train_end"],
        "split": {
            "train": {"windows": len(split.train), "last_target": str(split.train.last.max())},
            "validation": {"windows": len(split.validation), "first_origin": str(split.validation_start)},
            "test": {"windows": len(split.test), "from": str(TEST_START), "to": str(TEST_END)},
            "purge_bars": bars.PURGE,
        },
        "training": asdict(settings)
        | {"best_epoch": fit.epoch, "train_loss": fit.train_loss, "validation_loss": fit.validation_loss},
        "validation": report(split.validation, forecaster, references(split.train)),
        "test": report(split.test, forecaster, references(known)),
        "data": data_files(data_dir),
        "programs": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pyarrow": pyarrow.__version__,
            "onnx": onnx.__version__,
        },
        "command": "python models/quantile_returns/train.py --out models/quantile_returns",
    }


def main() -> None:
    """Reads the bars, trains, and writes the model and its manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the model and its manifest")
    parser.add_argument("--data", type=Path, default=DATA_DIR, help="folder with the Parquet files (default: data/)")
    arguments = parser.parse_args()

    split = bars.split_windows(bars.load_windows(arguments.data))
    bars.check_split(split)
    print(f"{len(split.train)} training, {len(split.validation)} validation and {len(split.test)} test windows")

    settings = Settings()
    fit = train(split, settings)
    exported = {name: value.astype(np.float32).astype(np.float64) for name, value in fit.parameters.items()}
    fit = replace(fit, parameters=exported)
    metadata = metadata_of(split.train.first.min())
    model = to_onnx(fit.parameters, metadata).SerializeToString(deterministic=True)
    manifest = rounded(manifest_of(model, metadata, split, settings, fit, arguments.data))

    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / MODEL_FILE).write_bytes(model)
    (arguments.out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    print(json.dumps(manifest["test"], indent=2))
    print(f"{arguments.out / MODEL_FILE}: {len(model)} bytes, sha256 {manifest['sha256']}")


if __name__ == "__main__":
    main()
