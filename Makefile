# The gallery's commands. `make run` and `make test` need Python 3.11 or newer, make and git, and nothing else.
PYTHON ?= python3
HOST   =
PORT   =
DATA   =
PHOTOS =
BIN    := .venv/bin
GIVEN  := $(if $(HOST),GALLERY_HOST="$(HOST)") $(if $(PORT),GALLERY_PORT="$(PORT)") $(if $(DATA),GALLERY_DATA="$(DATA)")

export TF_CPP_MIN_LOG_LEVEL ?= 3
export TF_ENABLE_ONEDNN_OPTS ?= 1

.PHONY: run test test-crash lint format bench eval demo screenshots requirements protocol models browser clean help

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/installed models gallery  ## start the gallery; PORT=8080 DATA=/path/gallery.h5 HOST=0.0.0.0
	@$(GIVEN) $(BIN)/flask --app app gallery serve

test: .venv/tested models browser  ## run all tests
	$(BIN)/pytest -n 2 --dist loadgroup

test-crash: .venv/tested models  ## explore crashes of the gallery file and faults of all parts in full (long)
	CRASH_TESTS=full $(BIN)/pytest tests/crash tests/resilience tests/app/store/test_concurrency.py -n 2 -m "long or not long"

lint: .venv/tested  ## check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: .venv/tested  ## rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/tested models  ## measure what the README claims; PHOTOS=FOLDER for the ingest
	$(BIN)/python -m benchmarks $(if $(PHOTOS),--photos "$(PHOTOS)")

eval: .venv/tested models  ## measure how well searches find labelled photos; PHOTOS=FOLDER
	$(BIN)/python -m benchmarks.quality --photos "$(PHOTOS)"

screenshots: .venv/tested models browser  ## take the README's pictures anew
	$(BIN)/python -m example_imgs.take_screenshots

demo: .venv/tested models gallery  ## put the freely licensed photos of installed packages into the gallery
	$(BIN)/python -m example_imgs.demo_photos build/demo_photos
	$(GIVEN) ./gallery import build/demo_photos

models: .venv/installed  ## build the default model unless that is done already
	@$(BIN)/python -m model_server build

browser: .venv/tested  ## find or install a browser for the tests
	@$(BIN)/python -m tests.browser.install

protocol: .venv/tested  ## generate the code of the model server's messages anew
	$(BIN)/python -m grpc_tools.protoc -I . --python_out=. --mypy_out=. app/inference/protocol/serving.proto

requirements: .venv/installed  ## compile the pinned requirements anew
	$(BIN)/pip install --quiet uv
	for folder in . model_server tests; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    $$folder/requirements.in --output-file $$folder/requirements.txt; done
	$(BIN)/uv pip compile --quiet --no-deps --generate-hashes \
	  model_server/requirements-no-deps.in --output-file model_server/requirements-no-deps.txt

clean:  ## remove what was installed and built; photos stay
	rm -rf .venv build gallery

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

.venv/installed: requirements.txt model_server/requirements.txt model_server/requirements-no-deps.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r model_server/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r model_server/requirements-no-deps.txt
	@touch $@

.venv/tested: tests/requirements.txt .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

gallery: Makefile
	@printf '#!/bin/sh\n# The gallery on the command line; made by `make`.\nhere=$$(dirname "$$0")\nexec "$$here/.venv/bin/flask" --app "$$here/app" gallery "$$@"\n' > $@
	@chmod +x $@
