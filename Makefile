# Two commands: `make demo` runs churnml on a simulated shop, `make test` runs all tests. Each sets up .venv by itself.
# While you write: `make check`, lint, types and the fast tests; `make docs` builds the site.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Where the shell forbids it, Python would compile, and pytest rewrite, every test module in every run.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2

.PHONY: demo check test mutants lint docs pictures tutorials lock clean

demo: $(VENV)/.installed
	$(BIN)/churnml demo --out demo

# Unmarked tests of more than a second are listed at the end: they want pytest.mark.slow, or to be made faster.
check: lint
	$(PYTEST) -q -m "not slow" --durations=10 --durations-min=1

test: $(VENV)/.installed-test
	$(PYTEST)

# Changes the numbers that matter one by one, and names the changes that no test notices; MUTANTS=--changed takes a sample
# of the lines that differ from origin/main, MUTANTS=churnml/training/judge/gate.py a module.
mutants: $(VENV)/.installed-test
	$(BIN)/python -m tests.mutation $(MUTANTS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	$(BIN)/numpydoc lint $$(find churnml -name '*.py')

# The site, in docs/site; a warning, a broken link or code that fails ends it.
docs: $(VENV)/.installed-docs
	$(BIN)/python -W ignore -m docs.build

# The pictures of the README, from the demo's list; needs Chromium and LibreOffice.
pictures: $(VENV)/.installed-test
	test -d demo/list || $(MAKE) demo
	$(BIN)/python -m docs.pictures demo/list

# What the notebooks' cells give, kept for the site: after a change of their code, or of what they show.
tutorials: $(VENV)/.installed-test
	$(BIN)/python -m docs.tutorials

$(BIN)/python:
	$(PYTHON) -m venv $(VENV) || uv venv --seed --python $(PYTHON) $(VENV)

$(VENV)/.installed: constraints.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.installed-test: constraints-test.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints-test.txt
	touch $@

$(VENV)/.installed-docs: constraints-docs.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints-docs.txt
	touch $@

# Locks the newest versions that fit pyproject.toml, with hashes and without the name of an index.
LOCK := uv pip compile pyproject.toml --universal --generate-hashes --no-header --no-annotate --quiet
lock:
	$(LOCK) --python-version 3.11 -o constraints.txt
	$(LOCK) --python-version 3.11 --extra test -c constraints.txt -o constraints-test.txt
	$(LOCK) --python-version 3.11 --extra docs -c constraints-test.txt -o constraints-docs.txt

clean:
	rm -rf $(VENV) demo docs/.build docs/site .pytest_cache .mypy_cache .ruff_cache .hypothesis
