# make            build/sund, which is build/release/sund and sund-full
# make demo       the main job on real data (installs what it needs)
# make test       every test (installs what it needs); last line: N passed, N failed
# make lint       layers, sizes, headers         make format   clang-format
# make bench      what is measured, against what (bench/README.md)
VARIANT ?= release
B       := build/$(VARIANT)
CSTD    := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -ffp-contract=off
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
           -Wold-style-definition -Wwrite-strings -Wcast-qual -Wcast-align -Wpointer-arith -Wundef \
           -Wvla -Wformat=2 -Wswitch-enum -Wdouble-promotion -Wnull-dereference -Wimplicit-fallthrough \
           -fno-common
HARDEN  := -fstack-protector-strong -fPIE
LIBS    := -lexpat -lserd-0 -lpcre2-8 -lhts -ldeflate -lcurl -lzstd -lxxhash -lz -lsodium -lcrypto -lgnutls -lmicrohttpd -lcjose -lsqlite3 -lm -lpthread
ifeq ($(WERROR),1)
WARN += -Werror
endif
OPT.release := -O2 -g -D_FORTIFY_SOURCE=2
OPT.asan    := -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT.tsan    := -O1 -g -fsanitize=thread
OPT.fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
OPT.o0      := -O0 -g
OPT.native  := -O3 -march=native
OPT.clang   := -O3
CC.fuzz     := clang
CC.clang    := clang
CC          := $(if $(CC.$(VARIANT)),$(CC.$(VARIANT)),gcc)
WARN.fuzz   := -Wall -Wextra
WARN.clang  := -Wall -Wextra
CFLAGS  := $(CSTD) $(if $(WARN.$(VARIANT)),$(WARN.$(VARIANT)),$(WARN)) $(HARDEN) $(OPT.$(VARIANT)) -MMD -MP -Isrc -isystem /usr/include/serd-0
LDFLAGS := $(filter -fsanitize%,$(OPT.$(VARIANT))) -pie

LIBSRC  := $(filter-out src/cmd/%,$(wildcard src/*/*.c))
FRONTSRC := $(patsubst %,src/cmd/%.c,front freq chosen end)
CMDSRC  := $(filter-out src/cmd/front.c,$(wildcard src/cmd/*.c))
TESTSRC := $(wildcard test/unit/test_*.c)
AIDSRC  := $(filter-out $(wildcard test/unit/test_*.c),$(wildcard test/unit/*.c))
FUZZSRC := $(wildcard test/fuzz/fuzz_*.c)
BENCHSRC := $(wildcard bench/*.c)
obj      = $(patsubst %.c,$(B)/%.o,$(1))
TESTS   := $(patsubst test/unit/%.c,$(B)/test/%.t,$(TESTSRC))
FUZZERS := $(patsubst test/fuzz/fuzz_%.c,$(B)/fuzz/%,$(FUZZSRC))
BENCHES := $(patsubst bench/%.c,$(B)/bench/%,$(BENCHSRC))

all: build/sund
build/sund: $(B)/sund ; @ln -sf $(VARIANT)/sund $@
$(B)/libsund.a: $(call obj,$(LIBSRC)) ; @rm -f $@; $(AR) rcs $@ $^
$(B)/sund-full: $(call obj,$(CMDSRC)) $(B)/libsund.a ; $(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/sund: $(call obj,$(FRONTSRC)) $(B)/libsund.a | $(B)/sund-full ; $(CC) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(LIBS)
$(B)/test/%.t: $(B)/test/unit/%.o $(call obj,$(AIDSRC)) $(B)/libsund.a ; @mkdir -p $(@D) && $(CC) $(LDFLAGS) -o $@ $^ -lRmath -ljansson $(LIBS)
$(B)/fuzz/%: $(B)/test/fuzz/fuzz_%.o $(B)/libsund.a ; @mkdir -p $(@D) && $(CC) -fsanitize=fuzzer,address,undefined -pie -o $@ $^ -ljansson $(LIBS)
$(B)/bench/%.o: CPPFLAGS += -I.
$(B)/bench/%: $(B)/bench/%.o $(B)/libsund.a ; $(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/%.o: %.c ; @mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

unit: $(TESTS)
fuzzers: $(FUZZERS)
benches: $(BENCHES)
lint: ; @tools/check-layers src/LAYERS src && tools/check-size src test bench && tools/check-headers '$(CC) $(CSTD) -Isrc' src
test: ; @tools/install-packages packages.txt build demo test && tools/run-tests
demo: ; @tools/install-packages packages.txt build demo && $(MAKE) --no-print-directory all && demo/run $(if $(KEEP),--keep)
bench: ; @tools/install-packages packages.txt build demo test bench && $(MAKE) --no-print-directory all benches && bench/run
format: ; clang-format -i $(wildcard src/*/*.[ch] test/unit/*.[ch])
clean: ; rm -rf build demo/out
.PHONY: all unit fuzzers benches lint test demo bench format clean
.DELETE_ON_ERROR:
.SECONDARY:
-include $(patsubst %.o,%.d,$(call obj,$(LIBSRC) $(CMDSRC) src/cmd/front.c $(TESTSRC) $(AIDSRC) $(FUZZSRC) $(BENCHSRC)))
