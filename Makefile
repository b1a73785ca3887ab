# `make run` and `make test` set everything up: a .venv from the lock files, by uv, which is fetched if it is missing.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 3000
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME ?= $(CURDIR)/.dagster

# The rooms whose tests do not run the whole graph, a server or a browser.
UNIT := $(addprefix tests/,bench duckdb finance identity ingestion lake \
	sample specs staging store)

.PHONY: run dev watch serve deploy spark stream broker ml test test-all check lint golden docs bench bench-all bench-serving bench-stream fuzz clean lock

run: $(VENV)/run.stamp  ## from the sample's source files to an audience file
	$(BIN)/refi run --source data/sample --identity splink

dev: $(VENV)/run.stamp  ## the Dagster UI on port 3000
	$(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1 -p $(PORT)

watch: export REFI_WATCH = true
watch: dev  ## the same, and new files in the raw zone start a run

serve: $(VENV)/ml.stamp  ## the API on loopback, port 8080, with the last published offers; keys: `refi keys create`
	$(BIN)/refi serve

deploy: $(VENV)/deploy.stamp  ## the packages of the extra `deploy`: S3, Athena, Trino, PostgreSQL

spark: $(VENV)/spark.stamp  ## the packages of the extra `spark`; Spark also needs Java 17 or 21

stream: $(VENV)/stream.stamp  ## the packages of the extra `stream`, and the jars of Kafka; needs Java 17 or 21, and Maven
	$(BIN)/refi risk jars

broker: stream  ## Kafka on loopback, port 9092, with its data in the project's folder; ends with Ctrl+C
	$(BIN)/refi risk broker

ml: $(VENV)/ml.stamp  ## the packages of the extras `ml` and `api`: models and the API

# All tests of a module run in one worker, so that its lakes and servers are built once.
test: lint  ## everything that CI runs
	$(BIN)/pytest -n 2 --dist loadscope

test-all: lint fuzz  ## the same and the long tests: 50 random kills, daemons, real mortgages, the fakes' own tests, a fuzz
	$(BIN)/pytest -n 2 --dist loadscope -m "long or not long"

check: lint  ## lint, types, and the tests of single rooms, in a minute
	$(BIN)/pytest -n 2 --dist loadscope $(UNIT)

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

golden: $(VENV)/test.stamp  ## rewrite tests/golden: every statement as each engine runs it; review the diff
	$(BIN)/python -m tests.engines.golden_sql

docs: $(VENV)/ml.stamp  ## rewrite docs/contracts.md and docs/rules.md from contracts, SQL, policies and checks
	$(BIN)/python -m refi_assets.specs.contract_reference > docs/contracts.md
	$(BIN)/python -m refi_assets.cli.rules > docs/rules.md

BENCH := $(VENV)-bench/bin/python -m bench $(ROWS) $(if $(BENCH_DIR),--dir $(BENCH_DIR))

bench: $(VENV)-bench/bench.stamp  ## our job beside bare scripts and dbt; ROWS="20000 100000" tries it at other sizes
	$(BENCH)
	$(VENV)-bench/bin/python -m bench.models
	$(VENV)-bench/bin/python -m bench.offers
	$(VENV)-bench/bin/python -m bench.banking

bench-all: $(VENV)-bench/bench.stamp  ## the same, and 30 million borrowers, 5 million customers and 50 million transactions out of core, and Spark
	$(BENCH) --all
	$(VENV)-bench/bin/python -m bench.offers --all
	$(VENV)-bench/bin/python -m bench.banking --all
	$(VENV)-bench/bin/python -m bench.spark

bench-serving: $(VENV)-bench/bench.stamp  ## the API under load, in 12 minutes; BENCH_SECONDS=5 for a quick look
	$(VENV)-bench/bin/python -m bench.serving $(if $(BENCH_SECONDS),--seconds $(BENCH_SECONDS)) $(if $(BENCH_DIR),--dir $(BENCH_DIR))

bench-stream: $(VENV)-bench/bench.stamp  ## the stream beside a bare Spark query, in half an hour; BENCH_EVENTS=500000 for a quick look
	$(VENV)-bench/bin/python -m bench.stream $(if $(BENCH_EVENTS),--events $(BENCH_EVENTS)) $(if $(BENCH_DIR),--dir $(BENCH_DIR))

fuzz: $(VENV)/fuzz.stamp  ## the CSV reader against an independent one, for FUZZ_SECONDS (60)
	$(BIN)/python -m fuzz.reader -max_total_time=$(or $(FUZZ_SECONDS),60)

lock:  ## bring the lock files up to date with pyproject.toml
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra identity -o requirements.lock
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra identity --extra deploy --extra ml --extra api --extra spark --extra stream --group dev -o requirements-dev.lock
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra identity --extra deploy -o requirements-deploy.lock
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra identity --extra ml --extra api -o requirements-ml.lock
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra identity --extra spark -o requirements-spark.lock
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra identity --extra ml --extra api --extra stream -o requirements-stream.lock
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra identity --extra ml --extra api --extra spark --extra stream --group bench -o requirements-bench.lock
	echo hatchling | $(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 - -o infra/requirements-build.lock
	$(UV) pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --group fuzz -o requirements-fuzz.lock

clean:
	rm -rf $(VENV) $(VENV)-bench lake .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# The installed uv, or one in a virtual environment of its own.
UV := $(shell command -v uv 2>/dev/null || echo $(VENV)-uv/bin/uv)

$(VENV)-uv/bin/uv:
	$(PYTHON) -m venv $(VENV)-uv
	$(VENV)-uv/bin/pip install --quiet uv

# The packages of tests include those of a run, so nothing is uninstalled here.
$(VENV)/run.stamp: requirements.lock pyproject.toml | $(UV)
	test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

$(VENV)/test.stamp: requirements-dev.lock $(VENV)/run.stamp | $(UV)
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	touch $@

$(VENV)/deploy.stamp: requirements-deploy.lock $(VENV)/run.stamp | $(UV)
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-deploy.lock
	touch $@

$(VENV)/spark.stamp: requirements-spark.lock $(VENV)/run.stamp | $(UV)
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-spark.lock
	touch $@

$(VENV)/stream.stamp: requirements-stream.lock $(VENV)/run.stamp | $(UV)
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-stream.lock
	touch $@

$(VENV)/ml.stamp: requirements-ml.lock $(VENV)/run.stamp | $(UV)
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-ml.lock
	touch $@

# A separate environment, since dbt needs older packages than the tests.
$(VENV)-bench/bench.stamp: requirements-bench.lock pyproject.toml | $(UV)
	test -x $(VENV)-bench/bin/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)-bench
	$(UV) pip install --quiet --compile-bytecode --python $(VENV)-bench/bin/python --require-hashes -r requirements-bench.lock
	$(UV) pip install --quiet --python $(VENV)-bench/bin/python --no-deps --editable .
	touch $@

$(VENV)/fuzz.stamp: requirements-fuzz.lock $(VENV)/test.stamp | $(UV)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-fuzz.lock
	touch $@
