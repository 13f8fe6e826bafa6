# make demo · make web · make test · make check · make setup · make clean
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
GUI_CV2 := opencv-contrib-python>=4.10,<4.12

.PHONY: demo web test check setup clean

demo: setup
	@$(BIN)/fer-live --demo

web: setup
	@$(BIN)/fer-live web

# Three tests at once, one file to a process: files share servers. A thread each, so that two cores are enough: often
# one of the three waits for a page.
test: setup
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile

check: setup
	@$(BIN)/ruff format --check fer_live train scripts tests
	@$(BIN)/ruff check fer_live train scripts tests
	@$(BIN)/mypy
	@$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32
	@$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))" || { \
		echo "$(PYTHON) is not Python 3.10, 3.11 or 3.12; name one that is, such as: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "1/4 virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade pip
	@echo "2/4 fer-live and what it needs (PyTorch is large: this takes some minutes)"
	@$(PIP) install --editable ".[onnx,train,test,web]"
	@echo "3/4 OpenCV with windows (other packages bring builds of cv2 that overwrite it)"
	@$(PIP) install --force-reinstall --no-deps "$(GUI_CV2)"
	@echo "4/4 a look at what is there"
	@$(BIN)/fer-live doctor
	@touch $@

clean:
	rm -rf $(VENV) dist build runs .mypy_cache .pytest_cache .ruff_cache
