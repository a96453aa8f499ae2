/* base/embed.h: a file as it is in the tree, put into the binary by the assembler.
 *
 * EMBED(symbol, "path from the root of the tree") defines `symbol`, the text
 * with a NUL behind it, and `symbol_bytes`, its length. In the Makefile the
 * object depends on the file and is compiled with -fno-lto: symbols made by
 * assembly are lost to link-time optimisation. */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#include <stdint.h>

#define EMBED(symbol, path)                                                                                            \
    __asm__(".section .rodata\n"                                                                                       \
            ".balign 8\n" #symbol "_bytes:\n.quad 1f - " #symbol "\n" #symbol ":\n.incbin \"" path "\"\n1:\n.byte 0\n" \
            ".previous\n");                                                                                            \
    extern const uint64_t symbol##_bytes __attribute__((visibility("hidden")));                                        \
    extern const char symbol[] __attribute__((visibility("hidden")))

#endif
