# vnetflow: `make demo` shows it, `make test` checks it. Each does its own set-up; a second run only does what changed.
#
# Needs rustup's cargo, Python 3.10 or later with venv, Node 20 or later. All else comes from the package registries.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
VIEWER := wasm/viewer
CHROMIUM ?= /usr/bin/chromium
export CHROMIUM
RUST_SOURCES := $(shell find core python/src tests/demo -name '*.rs' -o -name 'Cargo.toml' | sort) Cargo.toml Cargo.lock

.PHONY: help demo test setup build rust-test lint python-test wasm wasm-test viewer viewer-test bench-viewer bench-viewer-large pictures \
	notebook-test bench wheel format clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 16

demo: build ## write the demo network's logs and answer the first questions about them
	@$(BIN)/vnetflow demo $(DEMO) --hours 4
	@echo
	$(BIN)/vnetflow summary $(DEMO)
	@echo
	$(BIN)/vnetflow top $(DEMO) --by src_ip --n 5
	@echo
	$(BIN)/vnetflow top $(DEMO) --by conversation --filter 'denied and rule nossh' --metric denied --n 5
	@echo
	@echo "next: source $(BIN)/activate; vnetflow top --help; vnetflow convert $(DEMO) demo.parquet; or open notebooks/1_why_ssh_fails.ipynb"

test: lint rust-test python-test wasm-test viewer-test notebook-test ## set up and run every check
	@echo "all checks passed"

setup: $(VENV)/.ready ## make the Python environment

$(VENV)/.ready: python/requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(BIN)/pip install --quiet --requirement $<
	touch $@

build: $(VENV)/.built ## build the extension into the environment

$(VENV)/.built: $(VENV)/.ready $(RUST_SOURCES) pyproject.toml
	PIP_QUIET=1 $(BIN)/maturin develop --release --quiet
	touch $@

lint: $(VENV)/.built ## formats, lints, types
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	$(BIN)/ruff format --check
	$(BIN)/ruff check --quiet
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python -m mypy.stubtest vnetflow._core --mypy-config-file pyproject.toml

rust-test: ## the core, the corpus, the oracle, the laws, the generator
	$(PYTHON) tests/corpus/expect.py --check
	cargo test --workspace --quiet

python-test: $(VENV)/.built ## the package, the command line, the documentation's examples
	$(BIN)/pytest --quiet

wasm: $(VIEWER)/node_modules/.ready ## build the browser module into wasm/pkg
	wasm/build.sh

wasm-test: wasm ## the corpus through WebAssembly
	node --test wasm/test/*.test.mjs

$(VIEWER)/node_modules/.ready: $(VIEWER)/package-lock.json
	cd $(VIEWER) && npm ci --silent
	touch $@

# Debian's package; other systems name theirs with CHROMIUM.
$(CHROMIUM):
	as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	$$as_root apt-get update --quiet && $$as_root apt-get install --yes --quiet --no-install-recommends chromium

viewer: $(VIEWER)/node_modules/.ready wasm ## build the viewer: a site, one file, and both in the Python package
	cd $(VIEWER) && npm run --silent build

viewer-test: viewer $(VENV)/.built $(CHROMIUM) ## the viewer's types, engine, page and builds, in real Chromium
	cd $(VIEWER) && npx tsc --project tsconfig.json && npm run --silent check && npm run --silent test
	cd $(VIEWER) && npm run --silent test:engine && npm run --silent test:browser

bench-viewer: viewer $(VENV)/.built $(CHROMIUM) ## how long a drop and a filter take in Chromium; medians of five
	test -d target/bench-viewer || $(BIN)/vnetflow demo target/bench-viewer --hours 4 --rate 410000 --quiet
	cd $(VIEWER) && npm run --silent bench -- ../../target/bench-viewer 5

bench-viewer-large: viewer $(VENV)/.built $(CHROMIUM) ## the same once with 12.5 million tuples, and the memory they take
	test -d target/bench-viewer-large || $(BIN)/vnetflow demo target/bench-viewer-large --hours 4 --rate 3130000 --quiet
	cd $(VIEWER) && npm run --silent bench -- ../../target/bench-viewer-large 1

pictures: viewer $(CHROMIUM) ## take the documentation's pictures of the viewer anew
	cd $(VIEWER) && npx playwright test --config test/pictures/playwright.config.ts

notebook-test: $(VENV)/.built ## execute the notebooks
	$(BIN)/pytest --quiet -n 2 --nbmake notebooks

bench: $(VENV)/.built ## speed and memory, against others, with the answers checked
	$(BIN)/pytest --quiet -m slow
	$(BIN)/python tests/bench/decode.py

wheel: $(VENV)/.ready viewer ## build a release wheel into dist, with the viewer in it
	$(BIN)/maturin build --release --out dist

format: $(VENV)/.ready ## format everything
	cargo fmt --all
	$(BIN)/ruff format
	$(BIN)/ruff check --fix --quiet

clean: ## remove everything that was built
	cargo clean
	rm -rf $(VENV) $(DEMO) dist wasm/pkg $(VIEWER)/node_modules $(VIEWER)/dist* python/vnetflow/viewer_site
