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
LDHARDEN += -fsanitize=$(SAN)
endif

DEFS := -D_GNU_SOURCE -DTRAWL_VERSION='"$(VERSION)"' -DTRAWL_LIBEXECDIR='"$(libexecdir)"' \
	-DTRAWL_SHAREDIR='"$(sharedir)"' $(if $(HAVE_SYSTEMD),-DHAVE_SYSTEMD=1,-DHAVE_SYSTEMD=0) $(if $(SAN),-DTRAWL_SANITIZED=1,-DTRAWL_SANITIZED=0)
pkg_cflags = $(shell pkg-config --cflags $(1) 2>/dev/null | sed 's/-I/-isystem /g')
pkg_libs = $(shell pkg-config --libs $(1) 2>/dev/null)

CFLAGS_ALL := -std=c17 $(OPT) $(WARN) $(HARDEN) $(DEFS) $(CFLAGS)
CFLAGS_DAEMON = $(CFLAGS_ALL) -Idaemon -I$(BUILD)/gen $(call pkg_cflags,$(PKGS))
LIBS_DAEMON = $(call pkg_libs,$(PKGS)) -lpthread -lm

# --- what is built -----------------------------------------------------------------------------

LIB_SRC  := $(filter-out daemon/cli/% daemon/convert/jail%.c,$(wildcard daemon/*/*.c))
CLI_SRC  := $(wildcard daemon/cli/*.c)
JAIL_SRC := $(wildcard daemon/convert/jail*.c)
CONV_SRC := $(wildcard converters/*.c)
CONVLIB_SRC := $(wildcard converters/lib/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_HELP := $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c))

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
CONVERTERS := $(patsubst converters/%.c,$(BUILD)/trawl-convert-%,$(CONV_SRC))
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
PROGRAMS := $(BUILD)/trawld $(BUILD)/trawl $(BUILD)/trawl-jail $(CONVERTERS)

.PHONY: all help deps run test check unit check-asan check-tsan lint bench install uninstall clean fuzz
.DELETE_ON_ERROR:
all: $(PROGRAMS)

help:
	@sed -n '3,5p' Makefile
	@echo "all deps lint check check-asan check-tsan bench fuzz install uninstall clean"

$(BUILD)/gen/schema.inc: $(wildcard schema/*.sql) tests/lint/embed-sql.sh
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)sh tests/lint/embed-sql.sh $(sort $(wildcard schema/*.sql)) > $@

$(BUILD)/obj/daemon/%.o: daemon/%.c | $(BUILD)/gen/schema.inc
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_DAEMON) -MMD -MP -c -o $@ $<

# Each converter names the libraries it needs in a line "pkg-config: …" of its opening comment.
conv_pkgs = $(shell sed -n 's/^ \* pkg-config: //p' $(1) | head -1)
$(BUILD)/obj/converters/lib/%.o: converters/lib/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Iconverters/lib $(call pkg_cflags,libcjson uchardet) -MMD -MP -c -o $@ $<
$(BUILD)/obj/converters/%.o: converters/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -Iconverters/lib $(call pkg_cflags,$(call conv_pkgs,$<)) -MMD -MP -c -o $@ $<
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
$(BUILD)/trawld: $(BUILD)/obj/daemon/main.o $(BUILD)/libtrawl.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON)
$(BUILD)/trawl: $(call obj,$(CLI_SRC)) $(BUILD)/libtrawl.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(call pkg_libs,libcjson)
$(BUILD)/trawl-jail: $(call obj,$(JAIL_SRC))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^
$(BUILD)/trawl-convert-%: $(BUILD)/obj/converters/%.o $(BUILD)/libconvert.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(call pkg_libs,$(call conv_pkgs,converters/$*.c) libcjson)
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(call obj,$(UNIT_HELP)) $(BUILD)/libtrawl.a $(BUILD)/libconvert.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS_DAEMON) $(call pkg_libs,cmocka)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

clean:
	rm -rf $(BUILD)
