# Verbs: setup, run, test, lint, soak, clean. Everything they install lives in .venv, except what
# the tests need of the system (engine, dig), which `make test` and `make soak` install as root.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
READY_DEV := .venv/.ready-dev
# Two a core: much of a test's time goes by in waiting for the process that it has started.
WORKERS = $(shell expr 2 \* $$(nproc))
UNIT = -m "not lab" -n $(WORKERS) --dist worksteal
# Real parts take processors, not only time: one a core. One at a time: who has the lab's one engine,
# and who measures.
PARTS = -m "lab and not engine and not alone" -n $$(nproc) --dist worksteal
SINGLY = -m "engine or alone"

.PHONY: help run setup lint test test-unit test-all cluster wheel soak fuzz bench screenshots lock clean

help:
	@echo "make run        a running proxy with the embedded catalog on 127.0.0.1:5300"
	@echo "make test       everything, on a real engine and a real Consul (as root)"
	@echo "make test-unit  what needs neither"
	@echo "make test-all   test, then end to end once more on the current Consul release"
	@echo "make cluster    three hosts to play with, until Ctrl-C (as root); ARGS='--servers 3'"
	@echo "make soak       random operations and faults: five minutes of the registrar, an hour of DNS"
	@echo "make fuzz       a quarter of an hour of it for everything that reads bytes; part of soak"
	@echo "make bench      figures, beside gliderlabs/registrator where Go is there (as root)"
	@echo "                SUBJECT=outages: what clients get while upstreams or Consul are away"
	@echo "                SUBJECT=speed: beside dnsmasq, Unbound, dnsdist, CoreDNS and Consul"
	@echo "                SUBJECT=coherence: for how long an answer is stale after a change"
	@echo "                SUBJECT=isolation: what the registrar's work costs the answers"
	@echo "                SUBJECT=cluster: what containers of three hosts see when one of them fails"
	@echo "                SUBJECT=catalog: the embedded catalog with few services and with 10,000"
	@echo "                SUBJECT=page: what the status page costs at 10,000 queries a second"
	@echo "make wheel      dist/seamark-*.whl, to install elsewhere"
	@echo "make screenshots  docs/pictures/ anew, of a page with containers and load (as root)"
	@echo "make lint       ruff, mypy, import-linter"
	@echo "make setup      .venv with seamark, registrar and dnsproxy in it"

run: $(READY)
	@exec $(BIN)/seamark up --listen 127.0.0.1:5300 --services conf/services.json $(ARGS)

setup: $(READY)

lint: $(READY_DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(READY_DEV)
	$(BIN)/python -m tests.lab.prepare --tests
ifeq ($(ARGS),)
	$(BIN)/python -m pytest $(UNIT)
	$(BIN)/python -m pytest $(PARTS)
	$(BIN)/python -m pytest $(SINGLY)
else
	$(BIN)/python -m pytest $(ARGS)
endif

test-unit: $(READY_DEV)
	$(BIN)/python -m pytest $(UNIT) $(ARGS)

test-all: test
	$(BIN)/python -m tests.lab.prepare --tests --consul current
	SEAMARK_LAB_CONSUL=current $(BIN)/python -m pytest tests/e2e tests/catalog \
	  tests/cluster/test_cluster.py tests/docs/test_one_host_to_a_cluster.py \
	  tests/docs/test_acl_and_tls.py $(ARGS)

cluster: $(READY_DEV)
	@$(BIN)/python -m tests.lab.prepare
	@exec $(BIN)/python -m tests.cluster $(ARGS)

wheel: $(READY)
	@rm -rf build
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps -w dist .

# ARGS="--seed N" walks again as a run did that printed N; one after the other, each to its end.
soak: $(READY_DEV)
	$(BIN)/python -m tests.lab.prepare
	$(BIN)/python -m tests.soak --seconds 300 --containers 40 $(ARGS)
	$(BIN)/python -m tests.soak.dns --seconds 3600 $(ARGS)
	@$(MAKE) --no-print-directory fuzz

# Ten minutes of inputs that nobody thought of, for everything that reads bytes; then a million
# messages that dnspython and dnslib read too, and a million packets that are no queries.
fuzz: $(READY_DEV)
	$(BIN)/python -m tests.fuzz --seconds 600
	$(BIN)/python -m tests.fuzz.differential --messages 1000000
	$(BIN)/python -m tests.fuzz.flood --packets 1000000

# Six minutes on an idle machine; ARGS=--quick for less. SUBJECT=outages, cluster, speed, coherence,
# isolation, catalog or page for the DNS proxy's. Those from speed on need no engine, and find by
# themselves what they need, but for the browser of page.
SUBJECT ?= registrar
bench: $(READY_DEV)
ifeq ($(filter $(SUBJECT),speed coherence isolation catalog),)
	@$(BIN)/python -m tests.lab.prepare $(if $(filter page,$(SUBJECT)),--tests) >&2
endif
	@$(BIN)/python -m bench $(SUBJECT) $(ARGS)

# Six minutes: the charts need something to show.
screenshots: $(READY_DEV)
	@$(BIN)/python -m tests.lab.prepare --tests
	$(BIN)/python -m tests.page.shots $(ARGS)

# The versions that everybody gets, until somebody runs this again and commits the difference.
lock:
	rm -rf .venv
	$(MAKE) --no-print-directory .venv
	$(BIN)/pip install --quiet --upgrade -e '.[lint,test]'
	$(BIN)/pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv:
	@test -n "$(PYTHON)" || { echo "error: no python3.11 on PATH; hint: apt-get install python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $(PYTHON) is older than 3.11; hint: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(MAKE) --no-print-directory venv-package
	$(PYTHON) -m venv .venv

# Debian cuts venv out of its Python and puts it into a package of its own.
.PHONY: venv-package
venv-package:
	@package=$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	  echo "error: $(PYTHON) cannot make virtual environments; hint: apt-get install $$package" >&2; \
	  exit 1; fi; \
	echo "installing $$package"; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y $$package >/dev/null

# The build fetches what draws the charts; where that is missing, it has to run once more.
CHARTS := seamark/status/page/vendor/uPlot.iife.min.js
FETCH := $(if $(or $(wildcard $(CHARTS)),$(filter none,$(SEAMARK_CHARTS))),,fetch-charts)
.PHONY: fetch-charts
fetch-charts:

$(READY): pyproject.toml constraints.txt conf/build/charts.py $(FETCH) | .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(READY_DEV): pyproject.toml constraints.txt conf/build/charts.py $(FETCH) | .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[lint,test]'
	@touch $@ $(READY)
