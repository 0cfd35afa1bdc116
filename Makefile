# `make run` and `make test` set up what they need the first time, and only then.
#
#   make run     trace this machine for five seconds (examples/demo.d)
#   make test    linters, types, import layers, unit tests, live tests
#   make test-vm the live tests on the kernels of the lab (tests/vm/), or on some: make test-vm KERNELS="6.1 newest"
#   make proofs  the same on this machine too, and keeps what they prove of translators/; then make docs
#   make docs    the pages of docs/ that are made from data
#   make examples  runs the examples of docs/reference/ anew, some in the lab, then the same
#   make bench   side by side with bpftrace and hand-written BCC programs
#   make lint    the checks of `make test` without the tests
#   make format  rewrite the Python files in the project's format

VENV := .venv
BIN  := $(VENV)/bin
# Root needs no sudo, and a minimal machine has none.
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
CODE := dtrans tests bench docs
# The lab's kernels (tests/vm/kernels.py), and words for pytest there.
KERNELS := 5.10 6.1 6.12 newest
WORDS :=

.PHONY: run test test-vm proofs docs examples bench lint format clean system system-test system-vm system-bench
.DELETE_ON_ERROR:

run: $(VENV)/.run
	$(SUDO) $(BIN)/dtrans run examples/demo.d

# Unit tests share the processors; live tests have the machine to themselves, one after the other. What else the machine
# does they cannot know: one that fails has a second run, and the report says which needed it.
test: lint | system-test
	$(BIN)/pytest -q -n 2 -m "not live"
	$(live) || { echo "--- once more, what failed ---"; $(live) -v --last-failed --last-failed-no-failures none; }

live = $(SUDO) $(BIN)/pytest -q -m live -o cache_dir=/run/dtrans-tests

test-vm: $(VENV)/.dev | system-vm
	$(SUDO) $(BIN)/python -m tests.vm $(KERNELS:%=--kernel %) -- $(WORDS)

proofs: $(VENV)/.dev | system-vm
	$(SUDO) $(BIN)/pytest -q -m "live and proves" -p no:cacheprovider --proofs tests/proofs/host.json
	$(SUDO) $(BIN)/python -m tests.vm --record $(KERNELS:%=--kernel %) -- -m "live and proves"
	$(MAKE) docs

docs: $(VENV)/.dev
	$(BIN)/python docs/generate.py

examples: $(VENV)/.dev | system-vm
	$(SUDO) $(BIN)/python docs/generate.py --examples

lint: $(VENV)/.dev
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	@$(BIN)/lint-imports > $(VENV)/lint-imports.log || { cat $(VENV)/lint-imports.log; exit 1; }
	@grep Contracts: $(VENV)/lint-imports.log

format: $(VENV)/.dev
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: $(VENV)/.run | system-bench
	$(SUDO) $(BIN)/python bench/bench.py

clean:
	rm -rf $(VENV) bench/build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# --- what the machine must have -----------------------------------------------------------------------------------

# Any Python from 3.11 on will do: BCC's module is found by path. The distribution's comes first.
find-python = for python in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; done

# $(call install,commands that append to $$missing): installs the packages named, asking for new lists only when the
# ones at hand do not do.
define install
	@missing=; $(1); \
	[ -z "$$missing" ] && exit 0; \
	command -v apt-get >/dev/null || { echo "please install the equivalents of these Debian packages:$$missing" >&2; exit 1; }; \
	echo "installing:$$missing"; \
	export DEBIAN_FRONTEND=noninteractive; \
	get="$(SUDO) apt-get install -qq -y --no-install-recommends $$missing"; \
	$$get >/dev/null 2>&1 || { $(SUDO) apt-get update -qq && $$get >/dev/null; }
endef

system:
	$(call install, $(find-python); \
		[ -n "$$python" ] || { missing="$$missing python3"; python=/usr/bin/python3; }; \
		"$$python" -c 'import ensurepip; import venv' 2>/dev/null || missing="$$missing python3-venv"; \
		ls -d /usr/lib/python3*/*-packages/bcc >/dev/null 2>&1 || missing="$$missing python3-bpfcc"; \
		command -v cpp >/dev/null || missing="$$missing cpp")

# What live tests trace, and hold their results against.
system-test: system
	$(call install, \
		command -v cc >/dev/null || missing="$$missing gcc libc6-dev"; \
		command -v bpftool >/dev/null || missing="$$missing bpftool"; \
		ls /usr/include/sys/sdt.h /usr/include/*/sys/sdt.h 2>/dev/null | grep -q . || missing="$$missing systemtap-sdt-dev"; \
		command -v tclsh >/dev/null || missing="$$missing tcl"; \
		command -v php >/dev/null || missing="$$missing php-cli"; \
		command -v ruby >/dev/null || missing="$$missing ruby"; \
		command -v bpftrace >/dev/null || missing="$$missing bpftrace")

system-vm: system
	$(call install, \
		command -v qemu-system-x86_64 >/dev/null || missing="$$missing qemu-system-x86"; \
		command -v busybox >/dev/null || missing="$$missing busybox-static"; \
		command -v modprobe >/dev/null || missing="$$missing kmod"; \
		command -v cpio >/dev/null || missing="$$missing cpio"; \
		command -v xz >/dev/null || missing="$$missing xz-utils"; \
		command -v mkfs.ext4 >/dev/null || missing="$$missing e2fsprogs")

system-bench:
	$(call install, \
		command -v bpftrace >/dev/null || missing="$$missing bpftrace"; \
		command -v cc >/dev/null || missing="$$missing gcc libc6-dev")

# The stamps stand in the environment that they describe: without it they are gone too.
$(BIN)/python: | system
	@$(find-python); echo "making $(VENV) with $$python"; "$$python" -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.run
