# Two commands on a fresh machine: `make run` and `make test`. They set up what they need and ask nothing.
PYTHON ?= python3
BIN := .venv/bin
export JEKULU_DATA ?= $(CURDIR)/jekulu-data

.PHONY: run test check lint bench axe crash kannel fuzz prove docs browser migration clean

run: .venv/ready           ## load the demonstration and start on http://127.0.0.1:8000 (PORT and JEKULU_DATA are honoured)
	@$(BIN)/jekulu demo

test: .venv/ready          ## every test, on SQLite and on PostgreSQL
	@$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

check: lint                ## style, types, layers, tables; prints sizes to judge
	@$(BIN)/pytest -q tests/structure

lint: .venv/ready          ## the part of it that is no test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.structure.sizes

bench: .venv/ready         ## one JSON line a figure, each beside its limit on this machine
	@$(BIN)/python -m tests.benchmarks

axe: .venv/ready           ## every page by axe, by its bytes and by its load on a slow line; needs chromium
	@$(BIN)/python -m tests.benchmarks.axe

crash: .venv/ready         ## kill -9 while it sends, judged by a fake Twilio; an hour, with size=small or CI set 3 minutes
	@$(BIN)/python -m tests.crash $(if $(CI)$(filter small,$(size)),--small,--full)

kannel: .venv/ready        ## Debian's real Kannel at full length: letter for letter, and what each kill -9 costs; some minutes
	@JEKULU_KANNEL_FULL=1 $(BIN)/pytest -q -s tests/kannel

fuzz: .venv/ready          ## 100 000 random and mutated texts through reader and handlers
	@$(BIN)/python -m tests.fuzz

prove:                     ## everything that the limits rest on, at full length; some hours
	@$(MAKE) CI= bench
	@$(MAKE) CI= size= crash
	@$(MAKE) CI= fuzz
	@$(MAKE) CI= axe
	@$(MAKE) CI= kannel
	@JEKULU_TEST_FULL=1 $(BIN)/pytest -q tests/scenarios/test_ninety_days.py tests/campaigns/test_fuzz.py

docs: .venv/ready          ## write the pages that come from the code
	@$(BIN)/python -m tests.structure.documents

migration: .venv/ready     ## write the next migration from the models: make migration name="what it does"
	@$(BIN)/python -m tests.structure.migration "$(name)"

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	@test -d .venv || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@
