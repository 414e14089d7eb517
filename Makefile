# QuantLake's tasks. `make` or `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# One build folder outside the clone, and one profile (dev), for the build, the demo and the tests;
# what is measured and what works on real data is the release profile.
CARGO_TARGET_DIR ?= $(HOME)/.cache/quantlake/target
# The data folder of `make demo` and `make serve`, and the address of `make serve`.
DATA ?= demo-data
LISTEN ?= 127.0.0.1:5433
# The ONNX Runtime that the engine loads; set it to the one in .deps/lib-gpu to run on a GPU.
ORT_DYLIB_PATH ?= $(CURDIR)/.deps/lib/libonnxruntime.$(if $(filter Darwin,$(shell uname -s)),dylib,so)
export CARGO_TARGET_DIR ORT_DYLIB_PATH

BIN = $(CARGO_TARGET_DIR)/debug/quantlake
CARGO_BUILD = cargo build --workspace --all-targets --locked

.PHONY: help native-libs native-libs-gpu python-env test-data build release demo serve test bench golden docs clean-demo

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

native-libs: ## Fetch libduckdb and libonnxruntime into .deps/lib
	@scripts/native-libs.sh

native-libs-gpu: ## Fetch ONNX Runtime for CUDA and TensorRT into .deps/lib-gpu (Linux x86-64)
	@scripts/native-libs.sh --gpu

python-env: ## Make .deps/venv for the Python client tests
	@scripts/python-env.sh

test-data: ## Fetch the test data that does not ship with the project
	@scripts/test-data.sh

build: native-libs ## Build everything (dev profile)
	$(CARGO_BUILD)

release: native-libs ## Build the binary optimised (release profile), for real data
	cargo build --release --locked --bin quantlake

demo: build ## Import the sample files, start a server and run sql/demo.sql on it
	@DATA="$(DATA)" scripts/demo.sh

serve: build ## Serve the folder DATA (demo-data) on LISTEN (127.0.0.1:5433), in the foreground
	@[ -d "$(DATA)" ] || { echo "no folder '$(DATA)': run 'make demo' first, or set DATA" >&2; exit 1; }
	$(BIN) serve --data "$(DATA)" --listen "$(LISTEN)" --trust-loopback

test: ## Run everything that CI runs: format, lints and tests
	@scripts/test.sh

bench: native-libs ## Run the benchmarks
	@scripts/bench.sh

golden: ## Make the golden files anew from the reference implementations
	@tests/golden/make.sh

docs: build ## Write docs/functions.md, the list of SQL functions
	@mkdir -p docs
	$(BIN) docs > docs/functions.md.tmp && mv docs/functions.md.tmp docs/functions.md

clean-demo: ## Remove the demo's folder DATA
	@DATA="$(DATA)" scripts/demo.sh --clean
