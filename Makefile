# trawl: everything is built under $(BUILD); quiet unless V=1.
#
#   make run DIR=… QUERY=…   install what is missing, build, index DIR, print hits, keep watching (ONCE=1: stop there)
#   make test                install what is missing, build, run every suite
#   make help                the other targets

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= gcc
V       ?=
PYTHON  := /usr/bin/python3
VERSION := 0.1.0

ifeq ($(origin CC),default)
CC := gcc
endif

libexecdir := $(PREFIX)/libexec/trawl
sharedir   := $(PREFIX)/share/trawl
mandir     := $(PREFIX)/share/man
unitdir    := $(PREFIX)/lib/systemd

comma := ,
hash := \#
Q := $(if $(V),,@)
say = $(if $(V),@true,@printf '  %-6s %s\n' $(1) $(2))

# --- what it is built with ---------------------------------------------------------------------

CORE_PKGS := libuv sqlite3 libcjson libzstd libsodium ini_config
# libsystemd is optional: without it there is no readiness, watchdog or socket activation.
HAVE_SYSTEMD := $(shell pkg-config --exists libsystemd 2>/dev/null && echo 1)
PKGS := $(CORE_PKGS) $(if $(HAVE_SYSTEMD),libsystemd)

WARN := -Wall -Wextra -Wformat=2 -Wshadow -Wconversion -Wcast-qual -Wpointer-arith -Wwrite-strings \
	-Wmissing-prototypes -Wstrict-prototypes -Wundef -Wvla -Wnull-dereference -Wswitch-enum
HARDEN := -fno-common -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
LDHARDEN := -pie -Wl,-z,relro,-z,now,-z,noexecstack
# SAN=address,undefined or SAN=thread: a sanitizer build, by clang, in its own folder (check-asan, check-tsan).
SAN ?=
ifeq ($(SAN),)
OPT := -O2 -g -D_FORTIFY_SOURCE=3
else
OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=all
LDHARDEN += -fsanitize=$(patsubst fuzzer-no-link,,$(subst fuzzer-no-link$(comma),,$(SAN)))
endif

DEFS := -D_GNU_SOURCE -DTRAWL_VERSION='"$(VERSION)"' -DTRAWL_LIBEXECDIR='"$(libexecdir)"' \
	-DTRAWL_SHAREDIR='"$(sharedir)"' $(if $(HAVE_SYSTEMD),-DHAVE_SYSTEMD=1,-DHAVE_SYSTEMD=0) $(if $(SAN),-DTRAWL_SANITIZED=1,-DTRAWL_SANITIZED=0)
pkg_cflags = $(shell pkg-config --cflags $(1) 2>/dev/null | sed 's/-I/-isystem /g')
pkg_libs = $(shell pkg-config --libs $(1) 2>/dev/null)

CFLAGS_ALL := -std=c17 $(OPT) $(WARN) $(HARDEN) $(DEFS) $(CFLAGS)
CFLAGS_DAEMON = $(CFLAGS_ALL) -Idaemon -I$(BUILD)/gen $(call pkg_cflags,$(PKGS))
# libstemmer has no file for pkg-config.
LIBS_DAEMON = $(call pkg_libs,$(PKGS)) -lstemmer -lpthread -lm

# --- what is built -----------------------------------------------------------------------------

LIB_SRC  := $(filter-out daemon/cli/% daemon/convert/jail%.c daemon/store/characters.c,$(wildcard daemon/*/*.c))
CLI_SRC  := $(wildcard daemon/cli/*.c)
JAIL_SRC := $(filter-out daemon/convert/jail_policy.c,$(wildcard daemon/convert/jail*.c))
CONV_SRC := $(wildcard converters/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_HELP := $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c))

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
# Each converter names the libraries it needs in a line "pkg-config: …" of its opening comment; one whose libraries are
# not installed is left out, which `make` says.
conv_pkgs = $(shell sed -n 's/^ \* pkg-config: //p' $(1) | head -1)
conv_there = $(if $(shell pkg-config --exists $(call conv_pkgs,$(1)) 2>/dev/null && echo 1),$(1))
CONV_BUILT := $(foreach c,$(CONV_SRC),$(call conv_there,$(c)))
CONV_LEFT_OUT := $(filter-out $(CONV_BUILT),$(CONV_SRC))
# A file of converters/lib that needs more than CONVLIB_PKGS says so in the same way, and so do the programs that use it.
CONVLIB_FUSSY := $(shell grep -l '^ \* pkg-config: ' converters/lib/*.c)
CONVLIB_SRC := $(filter-out $(CONVLIB_FUSSY),$(wildcard converters/lib/*.c)) $(foreach c,$(CONVLIB_FUSSY),$(call conv_there,$(c)))
# What converters/lib may use; what a program does not need of it is not linked.
CONVLIB_PKGS := libcjson uchardet libxml-2.0 libarchive libmagic libzip expat
CONVERTERS := $(patsubst converters/%.c,$(BUILD)/trawl-convert-%,$(CONV_BUILT))
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
PROGRAMS := $(BUILD)/trawld $(BUILD)/trawl $(BUILD)/trawl-jail $(CONVERTERS)

.PHONY: all help deps deps-build run test check check-boot unit units check-asan check-tsan lint openrpc bench bench-deps bench-peers install uninstall clean \
	fuzz fuzzers fixtures profile
.DELETE_ON_ERROR:
all: $(PROGRAMS)
	$(if $(CONV_LEFT_OUT),@for c in $(CONV_LEFT_OUT); do echo "  SKIP   $$c: needs $$(sed -n 's/^ \* pkg-config: //p' $$c | head -1)"; done)

help:
	@sed -n '3,5p' Makefile
	@echo "all deps lint check check-asan check-tsan bench bench-deps bench-peers profile fuzz install uninstall clean"

$(BUILD)/gen/schema.inc: $(wildcard schema/*.sql) tests/lint/embed-sql.sh
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)sh tests/lint/embed-sql.sh $(sort $(wildcard schema/*.sql)) > $@

$(BUILD)/gen/results.inc: schema/results.json tests/lint/embed-sql.sh
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)sh tests/lint/embed-sql.sh $< > $@
$(BUILD)/obj/daemon/serve/openrpc.o: $(BUILD)/gen/results.inc

$(BUILD)/obj/daemon/%.o: daemon/%.c | $(BUILD)/gen/schema.inc
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_DAEMON) -MMD -MP -c -o $@ $<

# The tokenizer's table of characters, asked of SQLite when trawl is built.
$(BUILD)/gen/store/characters.inc: daemon/store/characters.c daemon/store/characters.h
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_DAEMON) $(LDHARDEN) -o $(BUILD)/gen/store/characters $< $(call pkg_libs,sqlite3) && $(BUILD)/gen/store/characters > $@
$(call obj,daemon/store/character.c): $(BUILD)/gen/store/characters.inc

$(BUILD)/obj/converters/lib/%.o: converters/lib/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Iconverters/lib $(call pkg_cflags,$(call conv_pkgs,$<) $(CONVLIB_PKGS)) -MMD -MP -c -o $@ $<
$(BUILD)/obj/converters/%.o: converters/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Iconverters/lib $(call pkg_cflags,$(call conv_pkgs,$<) $(CONVLIB_PKGS)) -MMD -MP -c -o $@ $<
$(BUILD)/obj/tests/unit/%.o: tests/unit/%.c | $(BUILD)/gen/schema.inc
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_DAEMON) -Itests/unit -Iconverters/lib -MMD -MP -c -o $@ $<

$(BUILD)/libtrawl.a: $(call obj,$(LIB_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/libconvert.a: $(call obj,$(CONVLIB_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/trawld: $(call obj,$(wildcard daemon/*.c)) $(BUILD)/libtrawl.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)
$(BUILD)/trawl: $(call obj,$(CLI_SRC)) $(BUILD)/libtrawl.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(call pkg_libs,libcjson)
# The jail's system calls, compiled with libseccomp when trawl is built.
$(BUILD)/gen/convert/jail_policy.inc: daemon/convert/jail_policy.c daemon/convert/jail_policy.h
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_DAEMON) $(LDHARDEN) -o $(BUILD)/gen/convert/jail_policy $< -lseccomp && $(BUILD)/gen/convert/jail_policy > $@
$(call obj,daemon/convert/jail_seccomp.c): $(BUILD)/gen/convert/jail_policy.inc
# Linked statically it starts in half the time: it is started for every one-shot conversion.
LDJAIL := $(if $(SAN),$(filter-out -fsanitize=thread,$(LDHARDEN)),$(patsubst -pie,-static-pie,$(LDHARDEN)))
# It has a single thread, and forks without exec, which the thread sanitizer does not survive.
$(call obj,$(JAIL_SRC)) $(BUILD)/trawl-jail-test: CFLAGS_ALL := $(filter-out -fsanitize=thread,$(CFLAGS_ALL))
$(BUILD)/trawl-jail: $(call obj,$(JAIL_SRC))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDJAIL) $(LDFLAGS) -o $@ $^
# The same with option -w, which switches layers off: for tests, never installed.
$(BUILD)/trawl-jail-test: $(JAIL_SRC) $(wildcard daemon/convert/jail*.h) $(BUILD)/gen/convert/jail_policy.inc
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS_DAEMON) -DTRAWL_JAIL_SWITCHES=1 $(LDJAIL) $(LDFLAGS) -o $@ $(JAIL_SRC)
# Neither have converters more than one, nor does the thread sanitizer live within the limits of a jail.
$(call obj,$(CONV_SRC) $(CONVLIB_SRC)): CFLAGS_ALL := $(filter-out -fsanitize=thread,$(CFLAGS_ALL))
$(CONVERTERS): LDHARDEN := $(filter-out -fsanitize=thread,$(LDHARDEN))
$(BUILD)/trawl-convert-%: $(BUILD)/obj/converters/%.o $(BUILD)/libconvert.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(call pkg_libs,$(call conv_pkgs,converters/$*.c)) -Wl,--as-needed $(call pkg_libs,$(CONVLIB_PKGS))
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(call obj,$(UNIT_HELP)) $(BUILD)/libtrawl.a $(BUILD)/libconvert.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON) $(call pkg_libs,cmocka) -Wl,--as-needed $(call pkg_libs,$(CONVLIB_PKGS))
# A bench within the daemon's own rooms.
$(BUILD)/obj/tests/bench/%.o: tests/bench/%.c | $(BUILD)/gen/schema.inc
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_DAEMON) -MMD -MP -c -o $@ $<
$(BUILD)/bench/bench_query: $(BUILD)/obj/tests/bench/made.o
$(BUILD)/bench/bench_%: $(BUILD)/obj/tests/bench/bench_%.o $(BUILD)/libtrawl.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- what it needs -----------------------------------------------------------------------------

BUILD_DEPS := gcc make pkg-config libc6-dev libuv1-dev libsqlite3-dev libcjson-dev libzstd-dev libsodium-dev \
	libini-config-dev libstemmer-dev libseccomp-dev libsystemd-dev \
	libuchardet-dev libmagic-dev libxml2-dev libarchive-dev libzip-dev libexpat1-dev libpoppler-glib-dev \
	libgmime-3.0-dev libgexiv2-dev libavformat-dev libavutil-dev libtesseract-dev \
	libdjvulibre-dev libgsf-1-dev libmobi-dev libmspack-dev ghostscript
TEST_DEPS := libcmocka-dev python3 python3-pytest python3-hypothesis clang clang-tidy libclang-rt-14-dev \
	cppcheck pmccabe mandoc systemd poppler-utils procps strace sqlite3 memcached python3-jsonschema \
	tesseract-ocr-eng zstd \
	libmupdf-dev libmujs-dev libgumbo-dev libopenjp2-7-dev libjbig2dec0-dev libfreetype-dev libjpeg-dev

# Installs only what is missing; as root, or through sudo.
define install_missing
	@missing=""; for p in $(1); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "  APT   $$missing"; \
		if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
		log=$$(mktemp) && { $$sudo apt-get update -q && \
			$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; } \
			> $$log 2>&1 || { cat $$log; rm -f $$log; exit 1; }; rm -f $$log; \
	fi
endef

deps:
	$(call install_missing,$(BUILD_DEPS) $(TEST_DEPS))
deps-build:
	$(call install_missing,$(BUILD_DEPS))

# The libraries are asked for their flags when make starts: what was installed meanwhile is seen by a second make.
run: deps-build
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@BUILD=$(BUILD) DIR="$(DIR)" QUERY="$(QUERY)" ONCE="$(ONCE)" sh tests/run.sh

# --- tests -------------------------------------------------------------------------------------

# What `make test` runs under each sanitizer; check-asan and check-tsan run everything.
ASAN_SLICE ?= test_bad_requests.py test_bad_documents.py test_formats.py test_damaged.py
TSAN_SLICE ?= test_sync.py test_search.py test_parts.py

test: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all units
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory check-asan ONLY="$(ASAN_SLICE)"
	@$(MAKE) --no-print-directory check-tsan ONLY="$(TSAN_SLICE)"
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=3 FUZZ_SEED=1

units: $(UNITS) $(BUILD)/trawl-jail-test
unit: all units
	@printf '%s\n' $(UNITS) | TRAWL_BUILD=$(abspath $(BUILD)) xargs -P "$$(nproc)" -n 1 sh -c \
		'echo "  UNIT   $${1##*/}"; "$$1" > "$$1.log" 2>&1 || { cat "$$1.log"; exit 255; }' unit

# ONLY="test_a.py test_b.py" runs these instead of all black-box tests.
ONLY ?=
check: unit
	$(Q)TRAWL_BUILD=$(abspath $(BUILD)) sh tests/integration/run.sh $(ONLY)

sanitized = $(MAKE) --no-print-directory BUILD=$(BUILD)/$(1) SAN=$(2) CC=clang
SAN_ENV = ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 \
	TSAN_OPTIONS=suppressions=$(abspath tests/tsan.supp):halt_on_error=0
check-asan:
	@$(call sanitized,asan,address$(comma)undefined) -j$$(nproc) all units
	@$(SAN_ENV) TRAWL_TEST_SLOW=3 $(call sanitized,asan,address$(comma)undefined) check ONLY="$(ONLY)"
check-tsan:
	@$(call sanitized,tsan,thread) -j$$(nproc) all units
	@$(SAN_ENV) TRAWL_TEST_SLOW=5 $(call sanitized,tsan,thread) check ONLY="$(ONLY)"

check-boot: all
	$(call install_missing,systemd-container)
	@BUILD=$(abspath $(BUILD)) sh tests/boot/run.sh

# The protocol, described for programs.
openrpc: $(BUILD)/trawld
	$(Q)$(BUILD)/trawld --describe > schema/openrpc.json

lint: $(BUILD)/trawld
	@BUILD=$(BUILD) sh tests/lint/run.sh

# Not for tests, which find the documents in tests/data: makes those anew.  GROUPS="text web" makes these only.
FIXTURE_DEPS := libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui libreoffice-draw-nogui pandoc \
	calibre fp-utils ghostscript groff poppler-utils qpdf djvulibre-bin imagemagick libimage-exiftool-perl ffmpeg texinfo \
	graphviz zip p7zip-full cpio genisoimage bzip2 xz-utils zstd lzip lz4 ncompress rpm python3
GROUPS ?=
fixtures:
	$(call install_missing,$(FIXTURE_DEPS))
	@sh tests/data/make.sh $(GROUPS)

bench: all
	$(Q)TRAWL_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/bench/bench.py
# Where the time goes; DIR: what is indexed, the text corpus otherwise.
TARGET ?= live
profile: all
	$(Q)TRAWL_BUILD=$(abspath $(BUILD)) DIR="$(if $(DIR),$(abspath $(DIR)))" $(PYTHON) tests/bench/profile.py $(TARGET)

# Other programs for the same, with what they read documents by; ONLY="text recoll" runs a part of it.
PEER_DEPS := recollcmd python3-recoll python3-lxml python3-chardet python3-six xsltproc antiword unrtf poppler-utils unzip \
	tracker-miner-fs tracker tracker-extract baloo-kf5 libkf5filemetadata-bin xapian-omega xapian-tools dbus-daemon
bench-deps:
	$(call install_missing,$(PEER_DEPS))
bench-peers: all
	$(Q)TRAWL_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/bench/peers.py $(ONLY)

FUZZ_SECONDS ?= 600
# 0: another search each time.  CI repeats the same one, so that what fails there fails again.
FUZZ_SEED ?= 0
# A converter's target is built where the converter is, and with its libraries.
FUZZ_LEFT_OUT := $(patsubst converters/%.c,tests/fuzz/fuzz_convert_%.c,$(CONV_LEFT_OUT))
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(filter-out $(FUZZ_LEFT_OUT),$(wildcard tests/fuzz/fuzz_*.c)))
fuzz_pkgs = $(if $(filter fuzz_convert_%,$(1)),$(call conv_pkgs,converters/$(patsubst fuzz_convert_%,%,$(1)).c),libcjson)
fuzz:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzzed SAN=fuzzer-no-link,address,undefined CC=clang -j$$(nproc) fuzzers
	@sh tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZ_SEED) $(patsubst $(BUILD)/fuzz/%,$(BUILD)/fuzzed/fuzz/%,$(FUZZERS))
fuzzers: $(FUZZERS)
$(BUILD)/obj/tests/fuzz/%.o: tests/fuzz/%.c | $(BUILD)/gen/schema.inc
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_DAEMON) -DTRAWL_FUZZ -I. -Iconverters/lib $(call pkg_cflags,$(call fuzz_pkgs,$*)) $(call pkg_cflags,$(CONVLIB_PKGS)) -MMD -MP -c -o $@ $<
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/libtrawl.a $(BUILD)/libconvert.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDHARDEN) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON) $(call pkg_libs,$(call fuzz_pkgs,$*)) $(call pkg_libs,$(CONVLIB_PKGS))

# --- installation --------------------------------------------------------------------------------

MAN := daemon/trawld.8 daemon/convert/trawl-jail.8 daemon/cli/trawl.1 conf/trawld.conf.5 \
	converters/trawl-converter.7 schema/trawl-protocol.7

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(libexecdir) $(DESTDIR)$(sharedir)/converters.d \
		$(DESTDIR)$(unitdir)/system $(DESTDIR)$(unitdir)/user $(DESTDIR)$(PREFIX)/lib/sysusers.d \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(BUILD)/trawld $(BUILD)/trawl $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/trawl-jail $(CONVERTERS) $(DESTDIR)$(libexecdir)
	install -m 644 conf/converters.d/*.conf conf/converters.d/*.example $(DESTDIR)$(sharedir)/converters.d
	install -m 644 conf/trawld.conf $(DESTDIR)$(sharedir)/trawld.conf.sample
	for m in $(MAN); do d=$(DESTDIR)$(mandir)/man$${m##*.}; install -d $$d; install -m 644 $$m $$d; done
	for u in trawld.service trawld.socket; do \
		sed 's,@bindir@,$(PREFIX)/bin,g' conf/systemd/$$u > $(DESTDIR)$(unitdir)/system/$$u; done
	sed 's,@bindir@,$(PREFIX)/bin,g' conf/systemd/user/trawld.service > $(DESTDIR)$(unitdir)/user/trawld.service
	install -m 644 conf/systemd/sysusers.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/trawl.conf
	install -m 644 daemon/cli/completions/trawl.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/trawl
	install -m 644 daemon/cli/completions/_trawl $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_trawl
	install -m 644 daemon/cli/completions/trawl.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/trawl.fish

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/trawld $(DESTDIR)$(PREFIX)/bin/trawl
	rm -rf $(DESTDIR)$(libexecdir) $(DESTDIR)$(sharedir)
	for m in $(MAN); do rm -f $(DESTDIR)$(mandir)/man$${m##*.}/$${m##*/}; done
	rm -f $(DESTDIR)$(unitdir)/system/trawld.service $(DESTDIR)$(unitdir)/system/trawld.socket \
		$(DESTDIR)$(unitdir)/user/trawld.service $(DESTDIR)$(PREFIX)/lib/sysusers.d/trawl.conf \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/trawl \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_trawl \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/trawl.fish

clean:
	rm -rf $(BUILD)

.SECONDARY:
