# make app: the page. make test: every check and test. Both need Python 3.11 or newer, nothing else.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: app setup test check bench soak tensorboard data models lock clean
.DELETE_ON_ERROR:

app: .venv/app.stamp
	$(BIN)/python app.py $(ARGS)

setup: .venv/setup.stamp

# The package itself is installed in place, without its dependencies: requirements/ pins them.
.venv/app.stamp: requirements/app.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) -r requirements/app.txt
	$(PIP) --no-deps --editable .
	touch $@

.venv/setup.stamp: requirements/dev.txt .venv/app.stamp
	$(PIP) -r requirements/dev.txt
	touch $@

check: .venv/setup.stamp
	$(BIN)/python .ci/tracked_files.py
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Two processes, a file of tests each: servers and Ray clusters of one file never run twice at a time.
test: check
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: .venv/setup.stamp
	$(BIN)/python benchmarks/inference.py
	$(BIN)/python benchmarks/generation.py
	$(BIN)/python benchmarks/tables.py
	$(BIN)/python benchmarks/corpus.py
	$(BIN)/python benchmarks/quality.py
	$(BIN)/python benchmarks/short_lists.py
	$(BIN)/python benchmarks/ngram_floor.py
	$(BIN)/python benchmarks/abstention.py
	$(BIN)/python benchmarks/full_names.py
	$(BIN)/python benchmarks/other_lists.py
	$(BIN)/python benchmarks/train.py
	$(BIN)/python benchmarks/faults.py
	$(BIN)/python benchmarks/service.py
	$(BIN)/python benchmarks/service.py page

# A mixed load on the service, in search of leaks and errors; make soak MINUTES=10 is a short one.
MINUTES ?= 60
soak: .venv/setup.stamp
	$(BIN)/python benchmarks/service.py soak --minutes $(MINUTES)

# The events of all training runs under runs/; make tensorboard RUNS=my-classifier shows those of one model folder.
RUNS ?= runs
tensorboard: .venv/setup.stamp
	$(BIN)/tensorboard --logdir $(RUNS) $(ARGS)

# Writes the bundled corpus from its sources (data) and the shipped models from the corpus (models).
data: .venv/setup.stamp
	$(BIN)/python data/build.py

# Larger batches and fewer epochs than usual: the corpus is large. Chosen on validation names.
LARGE := --init none --score-on tutorial --batch-size 512 --epochs 20 --patience 0 --schedule one-cycle --dropout 0.1
models: .venv/setup.stamp
	rm -rf runs/names
	$(BIN)/python -m charrnn.train classifier --data names $(LARGE) --learning-rate 0.008 --out runs/names/classifier
	$(BIN)/python -m charrnn.train generator --data names/latin --pipeline latin $(LARGE) --learning-rate 0.006 \
	    --out runs/names/generator
	for task in classifier generator; do \
	    rm -rf charrnn/pretrained/names/$$task runs/names/$$task/run; \
	    mkdir -p charrnn/pretrained/names; \
	    cp -r runs/names/$$task charrnn/pretrained/names/$$task; \
	done

# Pins the newest versions that fit together. pip freeze lists this package as charrnn-names @ file:///...
lock:
	rm -rf .venv/lock && $(PYTHON) -m venv .venv/lock
	.venv/lock/bin/python -m pip install --quiet --disable-pip-version-check ".[app]"
	( echo "# What the page and the command line need, pinned. Written by \`make lock\`."; \
	  .venv/lock/bin/python -m pip freeze | grep -v '^charrnn-names ' ) > requirements/app.txt
	.venv/lock/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 ".[dev]"
	( echo "# Everything for training, tests and benchmarks, pinned. Written by \`make lock\`."; \
	  .venv/lock/bin/python -m pip freeze | grep -v '^charrnn-names ' | sed 's/+cpu//' ) > requirements/dev.txt
	rm -rf .venv/lock

clean:
	rm -rf .venv runs .mypy_cache .ruff_cache .pytest_cache
