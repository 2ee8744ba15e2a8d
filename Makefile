# The pipeline: make data stage1 stage2 stage3 evaluate
# PROFILE=quick (embedded data, small network) or paper (ResNet-101 at 368 px, real data); DATA=FILE.yaml other data, DATA=STORE.h5 a
# store to train on, whose last person validates;
# ARGS="--model.lr_multipliers.trunk 0.01" anything the command line takes.

PROFILE ?= quick
DATA ?=
ARGS ?=
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
FLOOR := .venv-floor
STORE = --data pose3d.data.PoseDataModule --data.train_files [$(DATA)] --data.val_subjects last
OVERLAYS = $(if $(filter %.h5,$(DATA)),$(STORE),$(if $(DATA),--config $(DATA)))

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help setup data stage1 stage2 stage3 evaluate release rehearsal sweep report findings findings-data bench check test test-slow test-floor torture docs clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(READY) ## create .venv with the tested versions (the other targets do it themselves)
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pose3d needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

data: $(READY) ## render the embedded data set into data/embedded (about 3 minutes on two cores)
	$(BIN)/pose3d synth --out data/embedded

# The embedded data set is only wanted where no other is named.
stage1 stage2 stage3: $(if $(DATA)$(filter paper,$(PROFILE)),$(READY),data)
stage1: ## 2DPoseNet: heatmaps
stage2: ## 3DPoseNet: P, O1, O2 with corrective skips, from stage 1
stage3: ## fusion of P, O1, O2 at 1/10000 of the rate, from stage 2
stage1 stage2 stage3:
	$(BIN)/lightning fit --config configs/profiles/$(PROFILE)/$@.yaml $(OVERLAYS) $(ARGS)

evaluate: $(READY) ## score the predictions of stage 3 under the 3DHP protocol
	$(BIN)/pose3d evaluate runs/$(PROFILE)/stage3/predictions.npz --protocol 3dhp $(ARGS)

release: $(READY) ## the released weights from nothing: render, train, test, export; resumes (hours; docs/released_weights.md)
	$(BIN)/python scripts/release.py $(ARGS)

rehearsal: $(READY) ## the paper in rehearsal: official trees, then all tables from them, a few steps each; resumes (docs/paper.md)
	$(BIN)/python scripts/rehearsal.py $(ARGS)

report: $(READY) ## one HTML page about the three runs: curves, tables, pictures in 3D
	$(BIN)/pose3d report $(foreach n,1 2 3,runs/$(PROFILE)/stage$(n)) --out runs/$(PROFILE)/report.html $(ARGS)

bench: $(READY) ## how fast the data loader is here, beside a baseline pipeline
	OMP_NUM_THREADS=1 $(BIN)/pose3d bench $(ARGS)

findings-data: $(READY) ## render what the paper's findings are looked for with into data/findings (54,000 images, 2,000 places)
	$(BIN)/pose3d synth --out data/findings --preset findings --places 2000

findings: findings-data ## train, test and report the paper's findings; resumes; ARGS="--seeds 2 --parallel 8" (docs/miniatures.md)
	$(BIN)/pose3d paper run findings --profile findings $(ARGS)
	$(BIN)/pose3d paper report --profile findings

sweep: $(READY) ## the grid of Table 1 on this machine (needs stage1); ARGS="--out DIR"
	$(BIN)/pose3d sweep configs/sweeps/table1.yaml $(ARGS)

check: $(READY) ## ruff, format, mypy, import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest tests/test_imports.py

test: $(READY) ## the test suite, a few minutes on two cores
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 $(ARGS)

torture: $(READY) ## kill, fill the disk, damage inputs: campaigns that continue where they stopped (docs/reliability.md)
	for part in kill kill-prepare kill-synth kill-sweep disk clean fuzz; do OMP_NUM_THREADS=1 $(BIN)/python -m scripts.torture $$part $(ARGS) || exit 1; done
test-slow: $(READY) ## the proofs that take longer
	OMP_NUM_THREADS=1 $(BIN)/pytest -m slow $(ARGS)

# Old versions warn of what newer ones have changed, so warnings are no errors there.
test-floor: ## the test suite with the lowest version of each dependency, in .venv-floor
	test -x $(FLOOR)/bin/python || $(PYTHON) -m venv $(FLOOR)
	$(PYTHON) scripts/floors.py > $(FLOOR)/floors.txt
	$(FLOOR)/bin/python -m pip install --quiet --disable-pip-version-check -r $(FLOOR)/floors.txt -e .
	OMP_NUM_THREADS=1 $(FLOOR)/bin/pytest -n 2 -W default $(ARGS)

docs: $(READY) ## build the documentation site into site/; a broken link is an error; with onnxruntime-web from npm, also the live page
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	test ! -d node_modules/onnxruntime-web || $(BIN)/pose3d live --write site/live

clean: ## remove runs, the built site and caches; data and environments stay
	rm -rf runs site .pytest_cache .mypy_cache .ruff_cache
