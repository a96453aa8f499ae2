# Builds everything; called by ./dev, which installs what is needed first.
#   make MODE=release|debug|asan|fuzz [CC=gcc|clang] TARGET
# release: what users run.  debug, asan: with the test hooks.  fuzz: libFuzzer.
MODE ?= release
CC    = gcc
CXX   = $(if $(findstring clang,$(CC)),clang++,g++)
AR    = $(if $(findstring release,$(MODE)),gcc-ar,ar)
OUT   = build/$(MODE)

WARN  = -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
BASE  = -std=c17 -D_GNU_SOURCE -Isrc -I$(OUT) -MMD -MP $(WARN)
LIBS  = -luv -lcurl -ljansson -lsqlite3 -lsodium -lidn2 -lcares -lz -lm -lpthread

FLAGS_release = -O2 -g -DNDEBUG -flto=auto -fno-plt -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -ffunction-sections
FLAGS_debug   = -O1 -g -DUNSTUCK_TEST_HOOKS -fno-omit-frame-pointer
FLAGS_asan    = -O1 -g -DUNSTUCK_TEST_HOOKS -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_fuzz    = $(FLAGS_asan) -fsanitize=fuzzer-no-link
LINK_release  = -pie -flto=auto -O2 -Wl,-z,relro,-z,now,--as-needed,--gc-sections
LINK_debug    =
LINK_asan     = -fsanitize=address,undefined
LINK_fuzz     = -fsanitize=address,undefined,fuzzer

CFLAGS_ALL = $(BASE) $(FLAGS_$(MODE)) $(CFLAGS)

# Libraries of C++ are reached through shims: src/FOLDER/NAME_shim.cc becomes a shared object of
# its own, NAME_shim.so, that the program embeds and loads when it is first needed (base/shim.h).
# So the program itself stays C, and pays for none of them until then.
SHIM      = $(patsubst %.cc,$(OUT)/%.so,$(notdir $(wildcard src/*/*_shim.cc)))
SHIM_BASE = -std=c++17 -D_GNU_SOURCE -Isrc -MMD -MP -fPIC -fvisibility=hidden \
            $(filter-out -Wstrict-prototypes -Wmissing-prototypes,$(WARN))
SHIM_LINK = -shared -Wl,-z,defs,-z,relro,-z,now,--as-needed
LIBS_tree = -lsimdjson # of tree_shim.cc
LIBS_phone = -lphonenumber

# llhttp comes as sources in Debian's node-llhttp; they are not held to our warnings.
LLHTTP_DIR = /usr/share/llhttp
LLHTTP_OBJ = $(OUT)/llhttp/api.o $(OUT)/llhttp/http.o $(OUT)/llhttp/llhttp.o
BASE      += -isystem /usr/share/include/llhttp

CONNECTORS = $(sort $(wildcard connectors/*/connector.json))
SRC     = $(filter-out src/main.c,$(wildcard src/*/*.c))
OBJ     = $(SRC:%.c=$(OUT)/%.o)
LIB     = $(OUT)/libunstuck.a
BIN     = $(OUT)/unstuck
UNIT    = $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(wildcard tests/unit/*_test.c))
BENCH   = $(patsubst tests/bench/%.c,$(OUT)/bench/%,$(wildcard tests/bench/*.c))
FUZZ    = $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))

.DELETE_ON_ERROR:
.PHONY: all unit fuzzers benches FORCE
all: $(BIN)
unit: $(UNIT)
fuzzers: $(FUZZ)
benches: $(BENCH)

$(OUT)/llhttp/%.o: $(LLHTTP_DIR)/%.c
	@mkdir -p $(@D)
	@$(CC) -O2 -g $(filter -fsanitize%,$(FLAGS_$(MODE))) -isystem /usr/share/include/llhttp -w -c $< -o $@

# Not sanitized: neither is the library behind it. Stripped, since the program carries it.
vpath %_shim.cc $(sort $(dir $(wildcard src/*/*_shim.cc)))
$(OUT)/%_shim.so: %_shim.cc
	@mkdir -p $(@D)
	@$(CXX) $(SHIM_BASE) -O2 -s $(SHIM_LINK) $< $(LIBS_$*) -o $@

$(OUT)/src/%.o: src/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS_ALL) -c $< -o $@

# The sandbox's people, the contract and the connectors are part of the binary
# (base/embed.h): rebuild when they change. Symbols made by assembly are lost to
# link-time optimisation.
EMBEDDED = $(OUT)/src/providers/sandbox.o $(OUT)/src/providers/builtin.o $(OUT)/src/api/openapi.o \
           $(OUT)/src/identity/phone_library.o $(OUT)/src/base/tree_library.o
$(OUT)/src/identity/phone_library.o: $(OUT)/phone_shim.so
$(OUT)/src/base/tree_library.o: $(OUT)/tree_shim.so
$(OUT)/src/providers/sandbox.o: $(wildcard sandbox/*)
$(OUT)/src/providers/builtin.o: $(CONNECTORS) $(OUT)/providers/connectors.def
$(OUT)/src/api/openapi.o: src/api/openapi.json
$(EMBEDDED): CFLAGS += -fno-lto

# A connector is built in by having a folder: CONNECTOR(number, "name") for each.
$(OUT)/providers/connectors.def: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(CONNECTORS) | sed -nE 's|^connectors/(.*)/connector\.json$$|\1|p' | \
	    awk '{ printf "CONNECTOR(%d, \"%s\")\n", NR, $$0 }' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
FORCE:

$(LIB): $(OBJ) $(LLHTTP_OBJ)
	@rm -f $@
	@$(AR) rcs $@ $^

$(BIN): $(OUT)/src/main.o $(LIB)
	@$(CC) $(CFLAGS_ALL) $< $(LIB) $(LINK_$(MODE)) $(LIBS) -o $@

$(OUT)/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS_ALL) -Itests/unit $< $(LIB) $(LINK_$(MODE)) -lcmocka $(LIBS) -o $@

$(OUT)/bench/%: tests/bench/%.c $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS_ALL) $< $(LIB) $(LINK_$(MODE)) $(LIBS) -o $@

# In any mode but fuzz a target is linked with a driver that replays its corpus.
$(OUT)/fuzz/%: tests/fuzz/%.c $(if $(filter fuzz,$(MODE)),,tests/fuzz/replay.c) $(LIB)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS_ALL) $(filter %.c,$^) $(LIB) $(LINK_$(MODE)) $(LIBS) -o $@

-include $(shell test -d $(OUT) && find $(OUT) -name '*.d')
