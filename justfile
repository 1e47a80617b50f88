# Every command a person or CI runs. `uv run just` works without installing anything.

set shell := ["bash", "-euo", "pipefail", "-c"]
set positional-arguments := true

# List the recipes.
default:
    @just --list --unsorted

# Install what is needed, as the lock file says.
setup:
    uv sync --locked

# Start everything on this machine: database, API, tool server, demo organization.
up *arguments:
    uv run hexdesk up "$@"

# Run the tests, or those that the arguments name.
test *arguments:
    uv run pytest "$@"

# Run the unit tests only: no I/O, a few seconds.
unit *arguments:
    uv run pytest tests/unit "$@"

# Check everything that CI checks.
check: lint types contracts cover core-alone

# Look for mistakes, forbidden calls and unformatted code.
lint:
    uv lock --check
    uv run ruff check
    uv run ruff format --check

# Put the code into its one format and mend what can be mended safely.
format:
    uv run ruff check --fix-only
    uv run ruff format

# Check the types, strictly.
types:
    uv run pyright

# Check who may import whom.
contracts:
    uv run lint-imports --no-logo

# Run all tests, and fail where too little of the code was run.
cover:
    uv run coverage erase
    uv run pytest --cov --cov-report= --cov-fail-under=0
    uv run coverage report
    uv run coverage report --include='core/*' --fail-under=100

# Run the core's unit tests where nothing but hexdesk-core is installed.
core-alone:
    uv run --locked --isolated --no-editable --refresh-package hexdesk-core --package hexdesk-core --extra testing --group test \
        pytest tests/unit/core --confcutdir=tests/unit/core

# Measure what hexdesk costs beside a bare agent; the table belongs in docs/explanation.
bench *arguments:
    uv run python -m tests.benchmarks "$@"

# Write the migration that brings the database to what the tables now say.
db-migrate message:
    uv run python -m hexdesk.adapters.storage.postgres.migrations.draft "$1"

# Bring the database to the newest schema.
db-upgrade *arguments:
    uv run hexdesk db upgrade "$@"

# Print the OpenAPI document.
openapi:
    @uv run hexdesk openapi
