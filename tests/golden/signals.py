"""Writes tests/golden/signals/*.csv: fused scores, labels and squashed numbers by numpy.

Run from the root of the repository:

    pip install numpy==2.4.6
    python tests/golden/signals.py

* fuse.csv: numpy.ma.average of clipped scores, with the missing ones masked. Empty is missing.
* label.csv: numpy.searchsorted over the four thresholds. Scores lie on, just below and just above
  each threshold.
* squash.csv: numpy.tanh.
"""

import csv
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parent / "signals"
LABELS = ["STRONG_SELL", "SELL", "HOLD", "BUY", "STRONG_BUY"]


def write(name, header, rows):
    with open(OUT / name, "w", newline="") as f:
        f.write(f"# numpy {np.__version__}, python tests/golden/signals.py\n")
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def text(value):
    return "" if value is None or np.isnan(value) else repr(float(value))


def fuse_rows(rng):
    for i in range(400):
        scores = np.round(rng.uniform(-1.3, 1.3, 4), 6)
        scores[rng.random(4) < 0.3] = np.nan
        weights = np.round(rng.uniform(0, 5, 4), 3)
        weights[rng.random(4) < 0.2] = 0.0
        if not weights.any():
            weights[i % 4] = 1.0
        masked = np.ma.masked_invalid(np.clip(scores, -1, 1))
        known = weights[~masked.mask]
        fused = np.ma.average(masked, weights=weights) if known.sum() > 0 else np.nan
        yield [*map(text, scores), *map(repr, map(float, weights)), text(fused)]


def label_rows(rng):
    for strong, weak in [(0.6, 0.2), (0.5, 0.1), (1.0, 0.25), (0.3, 0.299)]:
        edges = [edge for t in (strong, weak) for edge in (t, -t)]
        near = [np.nextafter(e, d) for e in edges for d in (-2, 2)]
        for score in [*edges, *near, *np.round(rng.uniform(-1.2, 1.2, 30), 4)]:
            # Buying thresholds are closed on their left side, selling ones on their right.
            buys = np.searchsorted([weak, strong], score, side="right")
            sells = np.searchsorted([weak, strong], -score, side="right")
            yield [repr(strong), repr(weak), repr(float(score)), LABELS[2 + buys - sells]]


def squash_rows(rng):
    for x in [0.0, -0.0, 1e-300, 1e300, *rng.normal(0, 3, 100)]:
        for scale in (0.02, 1.0, 7.5):
            yield [repr(float(x)), repr(scale), repr(float(np.tanh(x / scale)))]


def main():
    rng = np.random.default_rng(20130301)
    OUT.mkdir(exist_ok=True)
    sources = ["forecast", "pattern", "sentiment", "indicator"]
    write("fuse.csv", [*sources, *(s + "_weight" for s in sources), "fused"], fuse_rows(rng))
    write("label.csv", ["strong", "weak", "score", "label"], label_rows(rng))
    write("squash.csv", ["x", "scale", "score"], squash_rows(rng))


if __name__ == "__main__":
    main()
