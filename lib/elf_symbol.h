/* SPDX-License-Identifier: MIT */
/* Which symbol of an ELF64 file an address belongs to; the file is anybody's and is not trusted. */
#pragma once

#include "lib/types.h"

/* Room for a name; longer ones are cut and end in "...". */
#define ELF_SYMBOL_NAME 48

/* More than so many section headers or symbols are not looked at. */
#define ELF_SECTIONS_MAX 256
#define ELF_SYMBOLS_MAX	 65536

/* Where the file's bytes come from: the count read, less at its end, negative for an error. */
struct elf_file {
	ssize_t (*read)(void *arg, uint64_t pos, void *to, size_t n);
	void *arg;
};

struct elf_symbol {
	char name[ELF_SYMBOL_NAME]; /* printable characters only */
	uint64_t offset;	    /* of the address in it */
	bool variable;		    /* not a function or label */
};

/*
 * Finds the function or variable that addr (without the load bias) lies in, or else the nearest
 * label without a size not far below. 0, or -ENOENT: none, no symbols, or the file is damaged.
 */
int elf_find_symbol(const struct elf_file *file, vaddr_t addr, struct elf_symbol *ret);
