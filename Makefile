# `make` alone lists the targets.

# The newest Python the machine has, never older than 3.11.
PYTHON ?= $(firstword $(foreach p,python3.14 python3.13 python3.12 python3.11 python3,$(shell \
	command -v $(p) >/dev/null && $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo $(p))) python3)
BIN := .venv/bin
SOURCES := accounts agencies procedures dossiers reports motcua tests benchmarks manage.py
CODE = $(wildcard $(SOURCES))
TEMPLATES = $(shell find templates -name '*.html' -o -name '*.txt' 2>/dev/null)
MANAGE_TEST := DJANGO_SETTINGS_MODULE=motcua.settings.test $(BIN)/python manage.py
PYTEST_ARGS ?= -n 2
SIZE ?= 100000
export SIZE

.DEFAULT_GOAL := help
.PHONY: help demo test check lint fix bench mutants lock

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: ## run the product: a province on this machine (PORT=8000, DEMO_PASSWORD=...)
	@$(PYTHON) .ci/prepare demo
	@exec $(BIN)/python -m motcua.demo

test: ## set up and run every test (PYTEST_ARGS="tests/dossiers -k receive")
	@$(PYTHON) .ci/prepare test
	@exec $(BIN)/python -m motcua.embedded var/test $(BIN)/python -m pytest $(PYTEST_ARGS)

check: lint test ## lint, types, import contracts, migrations, templates, then every test

lint:
	@$(PYTHON) .ci/prepare test
	$(BIN)/ruff check $(CODE) .ci/prepare
	$(BIN)/ruff format --check $(CODE) .ci/prepare
	$(BIN)/djade --target-version 5.2 --check $(TEMPLATES)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/deptry . --no-ansi
	@exec $(BIN)/python -m motcua.embedded var/test sh -ec '\
	  export DJANGO_SETTINGS_MODULE=motcua.settings.test; set -x; \
	  $(BIN)/python manage.py makemigrations --check --dry-run; \
	  $(BIN)/python manage.py lintmigrations --sql-analyser postgresql'
	$(BIN)/python -m motcua.deployment

fix: ## mend what the linters can mend
	@$(PYTHON) .ci/prepare test
	$(BIN)/ruff check --fix $(CODE) .ci/prepare
	$(BIN)/ruff format $(CODE) .ci/prepare
	$(BIN)/djade --target-version 5.2 $(TEMPLATES)

bench: ## measure against the limits (SIZE=100000 dossiers)
	@$(PYTHON) .ci/prepare test
	@exec $(BIN)/python -m motcua.embedded var/bench $(BIN)/python -m benchmarks

mutants: ## judge the tests of the legal core by mutants (docs/mutation.md)
	@$(PYTHON) .ci/prepare test
	rm -rf mutants
	@exec nice -n 10 $(BIN)/python -m motcua.embedded var/test $(BIN)/python -m tests.mutation

# The command each lock file names in its head; hashes and no index address.
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile \
	pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet

lock: ## write requirements/*.txt anew
	@$(PYTHON) .ci/prepare test
	$(COMPILE) --extra demo --output-file requirements/base.txt
	$(COMPILE) --extra demo --extra dev --constraints requirements/base.txt \
	  --output-file requirements/dev.txt
