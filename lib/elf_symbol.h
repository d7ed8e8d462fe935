/* SPDX-License-Identifier: MIT */
/* Finds the symbol of an ELF64 file to which an address belongs; the file is not trusted. */
#pragma once

#include "lib/types.h"

/* Room for a name. Longer names are cut and end in "...". */
#define ELF_SYMBOL_NAME 48

/* Section headers and symbols beyond these numbers are not read. */
#define ELF_SECTIONS_MAX 256
#define ELF_SYMBOLS_MAX	 65536

/* The file to read. read() returns the count, less than n at the end, or a negative errno. */
struct elf_file {
	ssize_t (*read)(void *arg, uint64_t pos, void *to, size_t n);
	void *arg;
};

struct elf_symbol {
	char name[ELF_SYMBOL_NAME]; /* printable characters only */
	uint64_t offset;	    /* offset of the address in the symbol */
	bool variable;		    /* not a function or label */
};

/*
 * Finds the function or variable that addr (without the load bias) lies in, or else the nearest
 * label without a size not far below. Returns 0, or -ENOENT if there is none, if the file has no
 * symbols, or if it is damaged.
 */
int elf_find_symbol(const struct elf_file *file, vaddr_t addr, struct elf_symbol *ret);
