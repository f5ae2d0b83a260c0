# Two commands: `make demo` and `make test`. Each does all the set-up that it needs.
# What follows from set-up (.venv, .tools) is git-ignored and goes with `make clean`.

PYTHON ?= python3
PYTEST_ARGS ?= -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Set-up of everything, or of the steps that are named; a run with nothing to do takes 0.1 s.
setup = $(PYTHON) -m tools.setup
run = .venv/bin/python -m

.PHONY: demo test lint bench soak schemas lock clean python-there
.NOTPARALLEL:

demo: python-there
	@$(setup)
	@$(run) tools.demo

test: python-there
	@$(setup)
	@$(MAKE) --no-print-directory lint
	$(run) pytest $(PYTEST_ARGS)

lint: python-there
	@$(setup) python
	$(run) ruff check .
	$(run) ruff format --check .
	$(run) mypy

bench: python-there
	@$(setup)
	@$(run) bench

# Long: faults at random moments, twenty instead of three.
soak: python-there
	@$(setup)
	$(run) pytest tests/end_to_end -m soak $(PYTEST_ARGS)

schemas: python-there
	@$(setup) python
	@$(run) tools.schemas

# Compiles the lock files anew. Pins stay where they still fit; `make lock UPGRADE=--upgrade` moves them.
compile = .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header $(UPGRADE)
lock: python-there
	@$(setup) python
	$(compile) pyproject.toml --group dev -o requirements.lock
	$(compile) sandbox/tracking/requirements.in -o sandbox/tracking/requirements.lock
	npm install --prefix tools/azurite --package-lock-only --omit-lockfile-registry-resolved
	cd tools/pulumi && go mod tidy
	cd tools/actionlint && go mod tidy

# Also stops the sandbox that runs in this checkout.
clean:
	@if [ -e .sandbox ] && [ -x .venv/bin/amlops ]; then .venv/bin/amlops sandbox stop || true; fi
	rm -rf .venv .tools .sandbox .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

python-there:
	@command -v $(PYTHON) >/dev/null || { echo "set-up: $(PYTHON) is missing. Wanted: Python >= 3.11 \
	with venv, from python.org or your package manager; then: make PYTHON=python3.12 …" >&2; exit 1; }
