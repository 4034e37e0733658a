# One entry point for everything: `make help`.
STACK ?= local
PYTHON := .venv/bin/python
ENVIRONMENT := eval "$$($(PYTHON) -m local.environment)"

.DEFAULT_GOAL := help
.SILENT:
.PHONY: help up down status env preview demo-canary check test bench format golden dashboards schema offerings prices lock

help: ## show this
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	echo
	echo '  eval "$$(make -s env)"   then plain pulumi and kubectl work here'

up: .venv/installed ## everything: cluster, platform, real inputs through it
	$(PYTHON) -m local up --stack $(STACK)

down: .venv/installed ## stop the embedded cluster; nothing of it stays but the cache
	$(PYTHON) -m local.cluster down

status: .venv/installed ## the embedded cluster's processes
	$(PYTHON) -m local.cluster status

env: .venv/installed ## print the environment for plain pulumi and kubectl
	$(PYTHON) -m local.environment

# A file backend writes the whole deployment after each resource, in a preview too, which saves nothing. Leaving that out
# makes a large preview several times faster; an update must never leave it out.
preview: .venv/installed ## what an update of STACK would change, judged by the policies
	$(ENVIRONMENT) && PULUMI_EXPERIMENTAL=true PULUMI_SKIP_CHECKPOINTS=true \
		pulumi preview --stack $(STACK) --policy-pack policies

demo-canary: .venv/installed ## a good version and a bad one rolled out under load, live; needs `make up`
	$(ENVIRONMENT) && $(PYTHON) -m ops demo-canary

check: .venv/installed ## format, lint, types, unit tests; no cluster
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m basedpyright
	$(PYTHON) -m pytest -m "not engine and not cluster"

test: .venv/installed ## everything, the embedded cluster included
	$(PYTHON) -m local ensure
	$(ENVIRONMENT) && $(PYTHON) -m pytest --numprocesses 2

bench: .venv/installed ## measure; figures go to benchmarks/results/
	$(PYTHON) -m local ensure
	$(ENVIRONMENT) && $(PYTHON) -m benchmarks

format: .venv/installed ## format the code
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

golden: .venv/installed ## rewrite the generated texts that tests compare with
	GOLDEN=rewrite $(PYTHON) -m pytest -q -k golden

dashboards: .venv/installed ## rewrite the dashboards in observability/dashboards/generated/
	$(PYTHON) -m observability.dashboards.build

schema: .venv/installed ## rewrite stacks/schema.json
	$(PYTHON) -m stacks.schema > stacks/schema.json

offerings: .venv/installed ## read anew which instance types AWS has where: make offerings DATE=2026-10-27, of moto's release
	$(PYTHON) -m economics.refresh_offerings $(DATE)

prices: .venv/installed ## read anew what instances cost, with AWS credentials: make prices REGION=us-east-1
	$(PYTHON) -m economics.refresh_prices $(REGION)

lock: .venv/installed ## pin dependencies again, with hashes
	$(PYTHON) -m uv pip compile pyproject.toml --group models --group dev --generate-hashes --no-header \
		--python-version 3.11 --upgrade --quiet --output-file requirements.lock
	$(PYTHON) -m uv pip compile tests/scanner/requirements.in --generate-hashes --no-header \
		--python-version 3.11 --upgrade --quiet --output-file tests/scanner/requirements.lock
	$(PYTHON) -m uv pip compile tests/tensorrt/requirements.in --generate-hashes --no-header --no-annotate \
		--only-binary :all: --python-version 3.11 --upgrade --quiet --output-file tests/tensorrt/requirements.lock

.venv/installed: requirements.lock
	echo "installing Python packages into .venv (a minute or two, once)" >&2
	python3.11 -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@
