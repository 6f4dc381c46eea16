# SPDX-License-Identifier: LGPL-2.1-or-later
# Meson builds everything; this file provides the usual targets.
#
#   make         build; the programs then run as bin/ballast ...
#   make run     install what is missing, build, show the main use (ARGS=... are passed on)
#   make test    install what is missing, build, run every test, including those on a real Xen in QEMU
#   make test-here  only those that need no Xen
#   make test-lab  only those on a real Xen: more than half an hour
#   make check   build, then test-fast; for use while you work
#   make test-fast  units, policies, ledger and scenarios: less than half a minute
#   make lint    format, layers, circles, names, words, messages, sizes, .bats and how-to-add checks, without a build
#   make asan    the whole suite under the address and undefined-behaviour sanitizers
#   make tsan    the whole suite under the thread sanitizer
#   make fuzz    libFuzzer for each reader: the same inputs each time (FUZZ_SEED=1), or new ones for FUZZ_SECONDS=300
#   make campaign  every random test with 200 new seeds, facts about Xen, starts on a slow one, mutants: hours; docs/reliability.md
#                (SEEDS=200 STEPS="seeds facts claims kills xl slow mutants" ONLY="property sim-random" CLAIM_TRIES=20)
#   make lab     a shell in dom0 of a real Xen in QEMU (XEN=4.17 GUESTS=pv,pvh,hvm); docs/lab.md
#   make lab-all the tests of the lab on Xen 4.14, 4.17 and 4.20
#   make lab-matrix  measured and predicted cost of guests on each Xen: docs/accuracy.md
#   make mutants  mutation testing: MUTANTS='--part 1' (docs/reliability.md)
#   make bench   the benchmarks; docs/benchmarks.md has the figures
#   make install PREFIX=/usr/local
#   make clean

BUILD ?= build
ASAN_BUILD ?= $(BUILD)-asan
TSAN_BUILD ?= $(BUILD)-tsan
FUZZ_BUILD ?= $(BUILD)-fuzz
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 0
SEEDS ?= 200
XEN ?= 4.17
GUESTS ?= pv
MUTANTS ?=
NINJA = ninja -C $(BUILD)
# A test that hangs is stopped eventually; on a busy machine none is stopped for being slow.
MESON_TEST = meson test --no-rebuild --print-errorlogs --timeout-multiplier 10
# These run no program of the build: a sanitizer adds nothing.
NO_PROGRAM = --no-suite spin --no-suite docs --no-suite layers

.PHONY: all setup run test test-here run-here test-fast test-lab run-lab asan tsan fuzz campaign lab lab-all lab-matrix mutants bench check lint format install clean

all: $(BUILD)/build.ninja
	@$(NINJA)
	@mkdir -p bin
	@for p in $(BUILD)/ballast*; do test -f $$p -a -x $$p && ln -sfn ../$$p bin/ || true; done

$(BUILD)/build.ninja:
	@tools/configure $(BUILD) --prefix=$(PREFIX)

setup:
	@tools/setup

run: setup
	@$(MAKE) --no-print-directory all
	@examples/run $(ARGS)

test: setup
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory lint
	@$(NINJA) lab-programs
	@tests/lab/beside $(BUILD)/lab.log nice -n 19 $(MAKE) --no-print-directory -k run-here asan fuzz

test-here: setup
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory run-here

run-here:
	$(MESON_TEST) -C $(BUILD) --no-suite lab

asan: setup
	@test -f $(ASAN_BUILD)/build.ninja || \
	    tools/configure $(ASAN_BUILD) -Db_sanitize=address,undefined -Db_lundef=false -Dbench=false
	ninja -C $(ASAN_BUILD)
	ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:abort_on_error=1 \
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	    $(MESON_TEST) -C $(ASAN_BUILD) --no-suite lab $(NO_PROGRAM)

# Our programs have one thread each: this checks threads of libraries, and tests/api/test_threads.
tsan: setup
	@test -f $(TSAN_BUILD)/build.ninja || \
	    tools/configure $(TSAN_BUILD) -Db_sanitize=thread -Db_lundef=false -Dbench=false
	ninja -C $(TSAN_BUILD)
	TSAN_OPTIONS=halt_on_error=1 \
	    meson test -C $(TSAN_BUILD) --no-suite lab --print-errorlogs -t 4

fuzz: setup
	@test -f $(FUZZ_BUILD)/build.ninja || CC=clang tools/configure $(FUZZ_BUILD) -Dfuzz=true \
	    -Dtests=false -Dbench=false -Db_sanitize=address,undefined -Db_lundef=false
	ninja -C $(FUZZ_BUILD)
	tests/fuzz/run $(FUZZ_BUILD) $(FUZZ_SECONDS)

campaign: setup
	@$(MAKE) --no-print-directory all
	@tools/campaign --build $(BUILD) --seeds $(SEEDS) --only "$(ONLY)" $(STEPS)

lab:
	@lab/run --xen $(XEN) --guests "$(GUESTS)"

test-lab: setup
	@$(MAKE) --no-print-directory all
	@$(NINJA) lab-programs
	@$(MAKE) --no-print-directory run-lab

run-lab:
	$(MESON_TEST) -C $(BUILD) --suite lab --logbase lab

lab-matrix: setup
	@tests/lab/matrix

lab-all: setup
	@failed=; for xen in 4.14 4.17 4.20; do \
	    echo "# Xen $$xen"; \
	    tests/lab/run-tests --xen $$xen --all || failed="$$failed $$xen"; \
	done; test -z "$$failed" || { echo "failed on:$$failed"; exit 1; }

mutants: setup
	@tools/mutants $(MUTANTS)

bench: setup
	@$(MAKE) --no-print-directory all
	bench/run $(BUILD)

check: all
	@$(MAKE) --no-print-directory test-fast

test-fast: $(BUILD)/build.ninja
	meson test -C $(BUILD) --suite unit --suite policy --suite ledger --suite scenario --no-suite random --print-errorlogs

lint:
	@tests/layers/check-layers
	@tests/layers/check-size
	@tests/layers/check-bats
	@tests/layers/check-circles
	@tests/layers/check-names
	@tests/layers/check-words
	@tests/layers/check-messages
	@tests/layers/check-how-to-add
	@tools/check-format

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

install: all
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) $(ASAN_BUILD) $(TSAN_BUILD) $(FUZZ_BUILD) bin
