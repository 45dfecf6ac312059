# Everything runs in a virtual environment of its own, .venv, which git ignores. It is made when it
# is first needed, by the Python that PYTHON names.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# What is installed is the same on every day: one version of each library.
INSTALL := $(PIP) install --quiet --constraint constraints.txt
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
INSTALLED_RECIPES := $(VENV)/.installed-recipes
INSTALLED_BROWSER := $(VENV)/.installed-browser
INSTALLED_DOCS := $(VENV)/.installed-docs

# What `make test` and `make bench` hand on, e.g. `make test TESTFLAGS="-k lookback"`.
TESTFLAGS ?=
BENCHFLAGS ?=
# Another calendar clock for the tests (tests/clock/run.py); empty: this machine's own.
CLOCK ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what can be made.
	@awk -F ':.*## ' '/^##@ / { print "\n" substr($$0, 5) } \
		/^[a-z]+:.*## / && $$1 != "help" { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Use it

.PHONY: install
install: $(INSTALLED) ## Install navfeed in .venv.

.PHONY: demo
demo: $(INSTALLED) ## Run the main job against a practice feed: no network, no token.
	@$(BIN)/python examples/demo.py

##@ Test

# Hundreds of processes start: with bytecode on disk each takes a third less.
test: export PYTHONDONTWRITEBYTECODE :=

.PHONY: test
test: $(INSTALLED_DEV) ## Run the tests; CLOCK=+45 on another day.
	@$(if $(CLOCK),$(BIN)/python tests/clock/run.py $(CLOCK)) $(BIN)/python -m pytest -n auto --dist worksteal $(TESTFLAGS)

# On which the suite once failed or might: far ahead, a leap day, both changes of time, the turn of a day.
CLOCKS := +45 +400 2028-02-29T12:00 2027-03-28T01:59 2027-10-31T02:59 midnight

.PHONY: clocks
clocks: $(INSTALLED_DEV) ## Run the tests under each of several clocks (takes long).
	@for clock in $(CLOCKS); do $(MAKE) --no-print-directory test CLOCK=$$clock || exit; done

SQLITES := 3.44.0 3.46.0 3.51.1 3.54.1

.PHONY: sqlites
sqlites: $(INSTALLED_DEV) ## Run the erasure tests on other versions of SQLite.
	@for version in $(SQLITES); do $(BIN)/python tests/sqlite/run.py $$version \
		$(BIN)/python -m pytest -q -n auto tests/test_erasure.py tests/test_shards.py tests/test_unscrubbed.py || exit; done

.PHONY: campaign
campaign: $(INSTALLED_DEV) ## Run the long tests: 2,000 schedules, mutations, five weeks (takes long).
	@HYPOTHESIS_PROFILE=campaign $(BIN)/python -m pytest -n auto -m "" $(TESTFLAGS)
	@$(BIN)/python benchmarks/five_weeks.py

.PHONY: recipes
recipes: $(INSTALLED_RECIPES) ## Run what needs other people's programs: the how-to guides, parquet.
	@NEED_ALL_TOOLS=1 $(BIN)/python -m pytest -n auto tests/docs/test_how_to.py tests/cli/test_export_tables.py $(TESTFLAGS)

ENGINES := build/engines/classpath

.PHONY: engines
engines: $(INSTALLED_DEV) $(ENGINES) ## Run the tests of `push` against a real search engine (Java 17, Maven).
	@NEED_ALL_TOOLS=1 $(BIN)/python -m pytest -n auto tests/push $(TESTFLAGS)

$(ENGINES): tests/engines/pom.xml tests/engines/src/main/java/SingleNode.java
	@mvn -q -f tests/engines/pom.xml compile dependency:build-classpath -Dmdep.outputFile=$(CURDIR)/$@

.PHONY: browser
browser: $(INSTALLED_BROWSER) $(INSTALLED_DOCS) ## Look at the page of `serve` and the site in headless Chromium, and with axe-core.
	@$(BIN)/python -m pytest tests/browser $(TESTFLAGS)

.PHONY: bench
bench: $(INSTALLED) ## Measure beside bare scripts, NAV's recipe and dlt (takes minutes).
	@$(BIN)/python benchmarks/bench.py $(BENCHFLAGS)

##@ Check

.PHONY: lint
lint: $(INSTALLED_DEV) ## Check style and layout.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: $(INSTALLED_DEV) ## Check types.
	@$(BIN)/mypy

.PHONY: ci
ci: ## Run what CI runs: style, types, the site, tests, coverage.
	@.ci/run

##@ Write what is generated

.PHONY: docs
docs: $(INSTALLED_DEV) ## Regenerate the pages and pictures of docs.
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/pictures.py

.PHONY: site
site: $(INSTALLED_DOCS) ## Build the site from docs, strictly, into build/site.
	@$(BIN)/sphinx-build --quiet --fresh-env --fail-on-warning --keep-going docs build/site

.PHONY: constraints
constraints: $(INSTALLED_DEV) ## Regenerate constraints.txt with the newest compatible versions.
	@$(BIN)/python .ci/constraints.py

.PHONY: licences
licences: $(INSTALLED) ## List what navfeed installs beside itself, with versions and licences.
	@$(BIN)/python .ci/licences.py

##@ Release

.PHONY: dist
dist: $(INSTALLED_DEV) ## Build sdist and wheel into dist.
	@rm -rf dist
	@$(BIN)/hatchling build -d dist

.PHONY: release
release: $(INSTALLED_DEV) ## Set VERSION=1.2.0 and close the changelog's section; commits nothing.
	@$(BIN)/python .ci/release.py --cut $(VERSION)
	@$(BIN)/python docs/generate.py

.PHONY: deb
deb: ## Build a Debian package of navfeed and its libraries into dist.
	@PYTHON=$(PYTHON) packaging/debian/build dist

##@ Clean up

.PHONY: clean
clean: ## Remove everything that was made here.
	rm -rf $(VENV) .demo build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests docs benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +

# Some distributions ship Python without ensurepip; then the system's pip does its work.
$(BIN)/python:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
		&& $(PYTHON) -m venv $(VENV) \
		|| { $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing navfeed in $(VENV) ..."
	@$(INSTALL) --editable .
	@touch $@

# A Python's own pip may be too old to know dependency groups.
$(INSTALLED_DEV): $(INSTALLED)
	@echo "installing what the tests need in $(VENV) ..."
	@$(PIP) install --quiet --upgrade pip
	@$(INSTALL) --group dev
	@touch $@

$(INSTALLED_RECIPES): $(INSTALLED_DEV)
	@echo "installing what the how-to guides are about in $(VENV) ..."
	@$(INSTALL) --group recipes
	@touch $@

$(INSTALLED_BROWSER): $(INSTALLED_DEV)
	@echo "installing what drives a browser in $(VENV) ..."
	@$(INSTALL) --group browser
	@touch $@

$(INSTALLED_DOCS): $(INSTALLED_DEV)
	@echo "installing what the site needs in $(VENV) ..."
	@$(INSTALL) --group docs
	@touch $@
