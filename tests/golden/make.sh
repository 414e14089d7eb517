#!/usr/bin/env bash
# Makes every file of expected values again, each script in an environment of its own with pinned
# programs. `git diff tests/golden` shows what a new version of a program changes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# run NAME PACKAGES -- ARGUMENTS...: installs the packages and runs the script with its arguments.
run() {
  local name=$1 packages=$2 venv
  shift 3
  venv=.deps/golden/$name
  printf 'golden: %s\n' "$*" >&2
  if [ ! -x "$venv/bin/python" ]; then
    python3 -m venv "$venv"
    # shellcheck disable=SC2086 # a list of packages
    "$venv/bin/pip" install --quiet --prefer-binary $packages
    if [ "$name" = risk ] || [ "$name" = metrics ]; then
      # Its own requirements are older than what it runs with.
      "$venv/bin/pip" install --quiet --no-deps empyrical-reloaded==0.5.9
    elif [ "$name" = stats ]; then
      # These ask for an older numpy than they need.
      "$venv/bin/pip" install --quiet --no-deps antropy==0.2.3 numba==0.68.1 llvmlite hurst==0.0.5 tsdownsample==0.1.5.1
    fi
  fi
  "$venv/bin/python" "$@"
}

base="numpy==2.4.6 pandas==3.1.1 pyarrow==26.0.1"
run indicators "ta-lib==0.8.2 $base" -- tests/golden/indicators.py
run indicators "ta-lib==0.8.2 $base" -- tests/golden/indicators_formulas.py
run indicators "ta-lib==0.8.2 $base" -- tests/golden/indicators_hash.py
run indicators "ta-lib==0.8.2 $base" -- tests/golden/conventions.py
run labels "polars==2.1.0 polars-ta==0.5.18 $base" -- tests/golden/labels.py
run labels-mlfinpy "mlfinpy==0.1.2 scikit-learn==1.9.1" -- tests/golden/labels.py mlfinpy
run patterns "$base" -- tests/golden/patterns.py
run models "onnx==1.23.2 onnxruntime==1.31.1 $base" -- tests/golden/models.py
run sentiment "vaderSentiment==3.3.2" -- tests/golden/sentiment.py
run signals "numpy==2.4.6" -- tests/golden/signals.py
run risk "quantstats==0.0.86 skfolio==1.12.2 pandas-datareader==0.11.1 peewee==4.5.3 bottleneck==1.6.0 $base" -- tests/golden/risk.py
run signals "numpy==2.4.6" -- tests/golden/risk_capacity.py
run metrics "quantstats==0.0.86 ffn==1.4.1 skfolio==1.12.2 backtesting==0.6.6 scipy==1.17.1 pandas-datareader==0.11.1 peewee==4.5.3 bottleneck==1.6.0 $base" -- tests/golden/metrics.py
run honest "scipy==1.17.1 statsmodels==0.15.0 arch==8.0.0 purgedcv==0.1.11 quantstats==0.0.86 scikit-learn==1.9.1 skfolio==1.12.2 mpmath==1.4.1 $base" -- tests/golden/honest.py
run honest "" -- tests/golden/portfolio_risk.py
run portfolio "pyportfolioopt==1.6.0 skfolio==1.12.2 riskfolio-lib==7.4.0 scipy==1.17.1 scikit-learn==1.9.1 $base" -- tests/golden/portfolio.py
run backtest "backtesting==0.6.6 vectorbt==1.2.0 $base" -- tests/golden/backtest.py
run backtest "backtesting==0.6.6 vectorbt==1.2.0 $base" -- tests/golden/backtest_rules.py vectorbt
run backtest-rules-zipline "zipline-reloaded==3.2.1 pyfolio-reloaded==0.9.9 pandas==2.3.3 numpy==2.4.6" -- tests/golden/backtest_rules.py zipline
run backtest-rules-nautilus "nautilus_trader==1.221.0" -- tests/golden/backtest_rules.py nautilus
run signals "numpy==2.4.6" -- tests/golden/backtest_rules.py formulas
run backtest-peers "backtesting==0.6.6 vectorbt==1.2.0 bt==1.4.1 $base" -- tests/golden/backtest_peers.py
run signals "numpy==2.4.6" -- tests/golden/backtest_random.py
run trend "ta-lib==0.8.2 statsmodels==0.15.0 scipy==1.17.1 $base" -- tests/golden/trend.py
run volatility "ta-lib==0.8.2 arch==8.0.0 scipy==1.17.1 statsmodels==0.15.0 empyrical-reloaded==0.7.1 quantstats==0.0.86 pandas-ta-classic==0.8.32 $base" -- tests/golden/volatility.py
run volume "ta-lib==0.8.2 pandas-ta-classic==0.8.32 scipy==1.17.1 statsmodels==0.15.0 $base" -- tests/golden/volume.py
run market "ta-lib==0.8.2 scipy==1.17.1 tzdata==2026.6 $base" -- tests/golden/market.py
run shapes "$base" -- tests/golden/shapes.py
run alpha "scipy==1.17.1 statsmodels==0.15.0 polars==2.1.0 polars-ta==0.5.18 $base" -- tests/golden/alpha.py
run stats "scipy==1.17.1 scikit-learn==1.9.1 statsmodels==0.15.0 arch==8.0.0 $base" -- tests/golden/stats.py
run indicators "ta-lib==0.8.2 $base" -- tests/golden/features60.py
run alpha101 "$base" -- tests/golden/alpha101.py
run alpha101v "alpha101v==0.1.9 scipy==1.17.1 $base" -- tests/golden/alphas/second_opinion.py
run alpha158 "pyqlib==0.9.7 numpy==2.4.6 pandas==3.1.1" -- tests/golden/alpha158.py
