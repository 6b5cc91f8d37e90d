# Every verb of this repository. `make help` lists them; each one sets up what it needs by itself.
PYTHON ?= python3
BIN := .venv/bin
UV := .tools/bin/uv
# Four processes for two cores, because tests wait; each takes from another when it has no more.
SHARED := -n 4 --dist worksteal
# The files that have such tests: to load all the others takes longer than many of these.
marked = $$(grep -rl "mark\.$(1)" tests --include="test_*.py")

define newline


endef
# One word for the shell whatever it holds: neither make nor the shell reads what is in it.
quoted = '$(subst $(newline),\n,$(subst ','\'',$(1)))'
# Exported, they would be expanded on the way.
unexport name entity plural source result steps id
# What was said on the command line, and not what the environment happens to hold.
told = $(foreach word,$(1),$(if $(findstring command,$(origin $(word))),$(call quoted,$(word)=$(value $(word)))))

.DEFAULT_GOAL := help
.PHONY: help setup demo serve worker observe family family-update migrate docs test slow scaffold e2e chaos fuzz check fmt lock bench bench-spine bench-peers console console-check clean

help: ## list these verbs
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## make the virtual environment (every other verb does this by itself)

demo: .venv/.ready ## a dry run and a run over made-up rows; or another: make demo FAMILY=greeting ENGINE=qstash
	@$(BIN)/sluice demo $(if $(FAMILY),--family $(FAMILY)) $(if $(ENGINE),--engine $(ENGINE))

serve: .venv/.ready ## keep the service up on the demo's database, with one worker and the code as it changes
	@$(BIN)/sluice serve --worker --demo --reload

worker: .venv/.ready ## run one more worker beside `make serve`
	@$(BIN)/sluice worker --demo

observe: .venv/.ready ## the demo, two workers and a Prometheus that scrapes them: make observe CHECK=1
	@$(BIN)/python -m ops.observe $(if $(CHECK),--check) $(if $(PORT),--port $(PORT))

family: .venv/.ready ## start a job family: asks, or: make family name=invoice-reminder entity=invoice
	@$(BIN)/python -m scaffold family $(call told,name entity plural source result steps id)

family-update: .venv/.ready ## merge what is new in the template: make family-update name=invoice-reminder
	@$(BIN)/python -m scaffold update $(call told,name)

migrate: .venv/.ready ## bring the database's tables up to date
	@$(BIN)/sluice migrate

docs: .venv/.ready ## build the documentation as a site, and check every link within it
	@rm -rf docs/_build/html
	@$(BIN)/python -m sphinx -c docs -b html -W -n --keep-going -q -d docs/_build/read . docs/_build/html
	@$(BIN)/python -m docs.check docs/_build/html
	@echo "The documentation is built. Open docs/_build/html/index.html"

test: .venv/.ready ## run the tests on a real Postgres and a real Valkey
ifdef ARGS
	@$(BIN)/python -m pytest $(SHARED) $(ARGS)
else
	@$(BIN)/python -m pytest $(SHARED) -q -m "not alone and not slow and not scaffold and not tutorial"
	@$(BIN)/python -m pytest -q -m alone $(call marked,alone)
endif

slow: .venv/.ready ## run the tests that kill processes, or move very many rows
	@# One by one, those with the longest time limit first, so that none of these begins last.
	@$(BIN)/python -m pytest -n 3 --dist load --maxschedchunk 1 -q -m slow $(call marked,slow)

scaffold: .venv/.ready ## start families and a service in copies of this folder, and test those
	@$(BIN)/python -m pytest -n 2 --dist loadfile -q -m scaffold tests/scaffold

# copier: if examples
.PHONY: tutorial-test screenshots

tutorial-test: .venv/.ready ## do what docs/tutorial.md says, in a fresh clone, as it stands
	@$(BIN)/python -m pytest -q -m tutorial tests/tutorial

screenshots: .venv/.e2e ## pictures of every view of the console, light and dark, into docs/screenshots
	@$(BIN)/python -m tests.e2e.screenshots

# copier: endif
e2e: .venv/.e2e ## the console in a real browser, which has to be there: make e2e SHORT=1
	@$(BIN)/python -m pytest -q $(if $(SHORT),-m short) $(if $(ARGS),$(ARGS),tests/e2e)

chaos: .venv/.ready ## kill workers every second, and look what was lost: make chaos FOR=60
	@$(BIN)/python -m tests.chaos $(FOR)

fuzz: .venv/.fuzz ## call every route with what nobody should send: make fuzz FOR=120 SEED=7
	@$(BIN)/python -m tests.fuzz $(FOR) $(if $(SEED),--seed $(SEED))

check: .venv/.ready ## format, lint, names, types and import arrows: what CI runs before the tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@# Without the servers of the other tests, which these need not.
	@$(BIN)/python -m pytest -q --noconftest -p no:xdist -p no:cacheprovider tests/unit/test_names.py
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fmt: .venv/.ready ## format and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: .venv/.ready ## every target of the design's table, or one: make bench ROW=ceiling
	@$(BIN)/python -m bench $(ROW) $(ARGS)

bench-spine: .venv/.ready ## 20,000 no-op items through all three layers with one worker
	@$(BIN)/python -m bench.spine

PEERS := pgqueuer dramatiq taskiq celery

bench-peers: .venv/.ready $(PEERS:%=.venv/peers/%/.ready) ## beside its peers: make bench-peers ROW=rate,kill ONLY=sluice,taskiq
	@$(BIN)/python -m bench.peers $(if $(ROW),--row $(ROW)) $(if $(ONLY),--only $(ONLY)) $(ARGS)

console: ## build the console into app/console/static, as it is committed; needs Node
	@cd console && npm ci --no-fund --no-audit --loglevel=error && npm run --silent build

console-check: .venv/.ready ## test the console, build it anew, and compare it with what is committed, bit for bit
	@console/check

lock: $(UV) ## pin every dependency with its hashes anew
	@$(UV) pip compile -q --universal --generate-hashes --python-version 3.11 --no-header \
		pyproject.toml -o requirements.lock $(LOCK)
	@$(UV) pip compile -q --universal --generate-hashes --python-version 3.11 --no-header \
		--extra embedded --group dev pyproject.toml -o requirements-dev.lock $(LOCK)
	@$(UV) pip compile -q --universal --generate-hashes --python-version 3.11 --no-header \
		--group e2e --constraints requirements-dev.lock -o requirements-e2e.lock $(LOCK)
	@$(UV) pip compile -q --universal --generate-hashes --python-version 3.11 --no-header \
		--group fuzz --constraints requirements-dev.lock -o requirements-fuzz.lock $(LOCK)
	@for peer in $(PEERS); do $(UV) pip compile -q --universal --generate-hashes --python-version 3.11 \
		--no-header bench/peers/requirements/$$peer.in -o bench/peers/requirements/$$peer.lock $(LOCK) \
		|| exit 1; done
	@echo uv==$$($(UV) --version | cut -d' ' -f2) \
		| $(UV) pip compile -q --universal --generate-hashes --no-header - -o requirements-tools.lock

clean: ## remove the virtual environments, the embedded servers' data and every cache
	@rm -rf .venv .tools .sluice .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache docs/_build

# uv comes from pip, into its own environment, so that nothing outside this folder is touched.
$(UV): requirements-tools.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Sluice needs Python 3.11 or newer. Name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "This Python has no venv module. On Debian and Ubuntu this mends it: sudo apt-get install -y python3-venv" >&2; exit 1; }
	@rm -rf .tools && $(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-tools.lock
	@touch $@

.venv/.ready: requirements-dev.lock pyproject.toml $(UV)
	@$(UV) venv -q --allow-existing --python .tools/bin/python .venv
	@VIRTUAL_ENV=.venv $(UV) pip sync -q --require-hashes --compile-bytecode requirements-dev.lock
	@VIRTUAL_ENV=.venv $(UV) pip install -q --offline --no-deps --no-build-isolation -e .
	@touch $@

# What the tests in a browser need beside the rest. It brings no browser.
.venv/.e2e: requirements-e2e.lock .venv/.ready
	@VIRTUAL_ENV=.venv $(UV) pip install -q --require-hashes -r requirements-e2e.lock
	@touch $@

# What calls the service from outside. In an environment of its own, because it is a plug-in of
# pytest, which the tests are not to load.
.venv/.fuzz: requirements-fuzz.lock .venv/.ready
	@$(UV) venv -q --allow-existing --python .tools/bin/python .venv/fuzz
	@VIRTUAL_ENV=.venv/fuzz $(UV) pip sync -q --require-hashes requirements-fuzz.lock
	@touch $@

# A peer of `make bench-peers`: in an environment of its own, so that none of it is ours.
.venv/peers/%/.ready: bench/peers/requirements/%.lock .venv/.ready
	@$(UV) venv -q --allow-existing --python .tools/bin/python .venv/peers/$*
	@VIRTUAL_ENV=.venv/peers/$* $(UV) pip sync -q --require-hashes --compile-bytecode $<
	@touch $@
