"""The forecaster as plain numpy with a hand-written gradient, and the same computation as an ONNX graph.

For one window of log returns x, with mean m and standard deviation s::

    z    = (x - m) / s                         s = sqrt(variance + VARIANCE_FLOOR)
    f    = log(mean of the last k of |z| + ACTIVITY_FLOOR), for k in LOOKBACKS
    h1   = tanh(f W1 + b1)
    h2   = h1 + tanh(h1 W2 + b2)
    low  = h2 Wl + bl                          lowest quantile of every step, [HORIZON]
    gap  = softplus(h2 Wg + bg)                distances between neighbours, [HORIZON, QUANTILES - 1]
    u    = cumulative sum of [low, gap] over the quantiles
    yhat = u * s * sqrt(step)

The quantiles cannot cross, because every gap is >= 0. Returns that are multiplied by a constant give a forecast that
is multiplied by the same constant, as long as the variance is far above `VARIANCE_FLOOR`. A constant window gives a
finite forecast.

The features say how volatile the last days were against the whole window, at several horizons, as in the HAR model
(Corsi, 2009). The signed returns are left out on purpose: with them the validation loss got worse.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from bars import CONTEXT, HORIZON, FloatArray

QUANTILES = np.arange(1, 10) / 10
STEP_SCALE = np.sqrt(np.arange(1, HORIZON + 1))
LOOKBACKS = (2, 5, 10, 21, 42)
VARIANCE_FLOOR = 1e-10
ACTIVITY_FLOOR = 0.1
OPSET = 17
IR_VERSION = 8

Parameters = dict[str, FloatArray]


@dataclass(frozen=True)
class Activations:
    """What the backward pass needs of a forward pass."""

    features: FloatArray
    hidden1: FloatArray
    branch2: FloatArray
    hidden2: FloatArray
    gap_logits: FloatArray


def window_scale(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and floored standard deviation of every window, [N, 1] each."""
    mean = x.mean(axis=1, keepdims=True)
    return mean, np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True) + VARIANCE_FLOOR)


def averaging_matrix() -> FloatArray:
    """Column j averages the last `LOOKBACKS[j]` entries of a window, [CONTEXT, LOOKBACKS]."""
    age = np.arange(CONTEXT, 0, -1)[:, None]
    lookbacks = np.array(LOOKBACKS)
    return (age <= lookbacks) / lookbacks


def features_of(x: FloatArray) -> FloatArray:
    """Log of the recent mean absolute standardised return, [N, LOOKBACKS]."""
    mean, scale = window_scale(x)
    return np.log(np.abs((x - mean) / scale) @ averaging_matrix() + ACTIVITY_FLOOR)


def standardise_targets(x: FloatArray, y: FloatArray) -> FloatArray:
    """Targets in units of the window's standard deviation times the square root of the step, [N, HORIZON]."""
    return y / (window_scale(x)[1] * STEP_SCALE)


def softplus(logits: FloatArray) -> FloatArray:
    """log(1 + exp(logits)) without overflow."""
    return np.logaddexp(0.0, logits)


def init_parameters(rng: np.random.Generator, hidden: int, start: FloatArray) -> Parameters:
    """Random hidden layers; heads that begin at the unconditional quantiles `start`, [HORIZON, QUANTILES]."""
    inputs, gaps = len(LOOKBACKS), len(QUANTILES) - 1
    distances = np.maximum(np.diff(start, axis=1), 1e-3)
    return {
        "w1": rng.normal(0, 1 / np.sqrt(inputs), (inputs, hidden)),
        "b1": np.zeros(hidden),
        "w2": rng.normal(0, 1 / np.sqrt(hidden), (hidden, hidden)),
        "b2": np.zeros(hidden),
        "wl": rng.normal(0, 0.01, (hidden, HORIZON)),
        "bl": start[:, 0].copy(),
        "wg": rng.normal(0, 0.01, (hidden, HORIZON * gaps)),
        "bg": np.log(np.expm1(distances)).ravel(),
    }


def forward(parameters: Parameters, features: FloatArray) -> tuple[FloatArray, Activations]:
    """Quantiles in standardised units, [N, HORIZON, QUANTILES], and the activations."""
    hidden1 = np.tanh(features @ parameters["w1"] + parameters["b1"])
    branch2 = np.tanh(hidden1 @ parameters["w2"] + parameters["b2"])
    hidden2 = hidden1 + branch2
    low = hidden2 @ parameters["wl"] + parameters["bl"]
    gap_logits = hidden2 @ parameters["wg"] + parameters["bg"]
    gaps = softplus(gap_logits).reshape(len(features), HORIZON, -1)
    quantiles = np.cumsum(np.concatenate([low[:, :, None], gaps], axis=2), axis=2)
    return quantiles, Activations(features, hidden1, branch2, hidden2, gap_logits)


def backward(parameters: Parameters, seen: Activations, grad_quantiles: FloatArray) -> Parameters:
    """Gradient of a loss with respect to the parameters, from its gradient with respect to the quantiles."""
    count = len(seen.features)
    grad_summands = np.cumsum(grad_quantiles[:, :, ::-1], axis=2)[:, :, ::-1]
    grad_low = grad_summands[:, :, 0]
    sigmoid = 0.5 * (1 + np.tanh(0.5 * seen.gap_logits))
    grad_gap = grad_summands[:, :, 1:].reshape(count, -1) * sigmoid
    grad_hidden2 = grad_low @ parameters["wl"].T + grad_gap @ parameters["wg"].T
    grad_branch2 = grad_hidden2 * (1 - seen.branch2**2)
    grad_hidden1 = (grad_hidden2 + grad_branch2 @ parameters["w2"].T) * (1 - seen.hidden1**2)
    return {
        "w1": seen.features.T @ grad_hidden1,
        "b1": grad_hidden1.sum(axis=0),
        "w2": seen.hidden1.T @ grad_branch2,
        "b2": grad_branch2.sum(axis=0),
        "wl": seen.hidden2.T @ grad_low,
        "bl": grad_low.sum(axis=0),
        "wg": seen.hidden2.T @ grad_gap,
        "bg": grad_gap.sum(axis=0),
    }


def pinball(quantiles: FloatArray, targets: FloatArray) -> FloatArray:
    """Pinball loss of every window, step and quantile, [N, HORIZON, QUANTILES]."""
    error = targets[:, :, None] - quantiles
    return np.maximum(QUANTILES * error, (QUANTILES - 1) * error)


def pinball_gradient(quantiles: FloatArray, targets: FloatArray) -> FloatArray:
    """Gradient of the mean pinball loss with respect to the quantiles."""
    return ((targets[:, :, None] < quantiles) - QUANTILES) / quantiles.size


def gradient_error(
    parameters: Parameters, features: FloatArray, targets: FloatArray, rng: np.random.Generator
) -> float:
    """Largest relative difference between `backward` and central differences, along random directions.

    One random direction per parameter array. The pinball loss has kinks, so the step is small and the windows few.
    """

    def loss(changed: Parameters) -> float:
        return float(pinball(forward(changed, features)[0], targets).mean())

    quantiles, seen = forward(parameters, features)
    gradient = backward(parameters, seen, pinball_gradient(quantiles, targets))
    step, worst = 1e-6, 0.0
    for name, value in parameters.items():
        direction = rng.normal(size=value.shape)
        direction /= np.linalg.norm(direction)
        above = loss({**parameters, name: value + step * direction})
        below = loss({**parameters, name: value - step * direction})
        expected = float((gradient[name] * direction).sum())
        found = (above - below) / (2 * step)
        worst = max(worst, abs(found - expected) / max(abs(expected), 1e-4))
    return worst


def predict(parameters: Parameters, x: FloatArray) -> FloatArray:
    """Quantiles of the cumulative log return, [N, HORIZON, QUANTILES], for raw log returns [N, CONTEXT]."""
    quantiles, _ = forward(parameters, features_of(x))
    return quantiles * window_scale(x)[1][:, :, None] * STEP_SCALE[:, None]


def to_onnx(parameters: Parameters, metadata: dict[str, str]) -> onnx.ModelProto:
    """The forecaster as a checked ONNX model: `x` f32[B, CONTEXT, 1] -> `yhat` f32[B, HORIZON, QUANTILES]."""
    gaps = len(QUANTILES) - 1
    constants = {name: value.astype(np.float32) for name, value in parameters.items()} | {
        "variance_floor": np.array(VARIANCE_FLOOR, np.float32),
        "averaging": averaging_matrix().astype(np.float32),
        "activity_floor": np.array(ACTIVITY_FLOOR, np.float32),
        "step_scale": STEP_SCALE.astype(np.float32).reshape(1, HORIZON, 1),
        "window_shape": np.array([0, CONTEXT], np.int64),
        "low_shape": np.array([0, HORIZON, 1], np.int64),
        "gap_shape": np.array([0, HORIZON, gaps], np.int64),
        "quantile_axis": np.array(2, np.int64),
    }
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["x", "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "centred"], ["squared"]),
        helper.make_node("ReduceMean", ["squared"], ["variance"], axes=[1], keepdims=1),
        helper.make_node("Add", ["variance", "variance_floor"], ["floored"]),
        helper.make_node("Sqrt", ["floored"], ["scale"]),
        helper.make_node("Div", ["centred", "scale"], ["standardised"]),
        helper.make_node("Reshape", ["standardised", "window_shape"], ["z"]),
        helper.make_node("Abs", ["z"], ["abs_z"]),
        helper.make_node("MatMul", ["abs_z", "averaging"], ["recent"]),
        helper.make_node("Add", ["recent", "activity_floor"], ["activity"]),
        helper.make_node("Log", ["activity"], ["features"]),
        helper.make_node("Gemm", ["features", "w1", "b1"], ["logits1"]),
        helper.make_node("Tanh", ["logits1"], ["hidden1"]),
        helper.make_node("Gemm", ["hidden1", "w2", "b2"], ["logits2"]),
        helper.make_node("Tanh", ["logits2"], ["branch2"]),
        helper.make_node("Add", ["hidden1", "branch2"], ["hidden2"]),
        helper.make_node("Gemm", ["hidden2", "wl", "bl"], ["low_flat"]),
        helper.make_node("Reshape", ["low_flat", "low_shape"], ["low"]),
        helper.make_node("Gemm", ["hidden2", "wg", "bg"], ["gap_logits"]),
        helper.make_node("Softplus", ["gap_logits"], ["gap_flat"]),
        helper.make_node("Reshape", ["gap_flat", "gap_shape"], ["gap"]),
        helper.make_node("Concat", ["low", "gap"], ["summands"], axis=2),
        helper.make_node("CumSum", ["summands", "quantile_axis"], ["standard_quantiles"]),
        helper.make_node("Mul", ["scale", "step_scale"], ["unit"]),
        helper.make_node("Mul", ["standard_quantiles", "unit"], ["yhat"]),
    ]
    graph = helper.make_graph(
        nodes,
        "quantile_returns",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", CONTEXT, 1])],
        [helper.make_tensor_value_info("yhat", TensorProto.FLOAT, ["B", HORIZON, len(QUANTILES)])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph, producer_name="quantile_returns", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    return model
