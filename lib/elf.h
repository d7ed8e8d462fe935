/* SPDX-License-Identifier: MIT */
/* ELF64 program files: which ones start, and what they want mapped where. */
#pragma once

#include "lib/types.h"

#define ELF_HEADER_BYTES 64
#define ELF_PHDR_BYTES	 56
/* Program headers are at most a page, as on Linux. */
#define ELF_PHNUM_MAX	 (4096 / ELF_PHDR_BYTES)
/* The longest path in a PT_INTERP, with its NUL. */
#define ELF_INTERP_MAX	 4096

#define ELF_R 4u
#define ELF_W 2u
#define ELF_X 1u

/*
 * One PT_LOAD, as in the file.
 * => vaddr and offset are congruent modulo the page size where filesz is not 0
 */
struct elf_segment {
	vaddr_t vaddr; /* without the load bias */
	uint64_t memsz;
	uint64_t filesz; /* not more than memsz */
	uint64_t offset;
	unsigned flags; /* ELF_R | ELF_W | ELF_X */
};

struct elf_image {
	/* from elf_parse_header() */
	bool is_dyn;	/* may be loaded anywhere (static PIE, interpreter); else where it says */
	vaddr_t entry;	/* without the load bias, as is phdr */
	uint64_t phoff; /* where in the file the program headers are */
	unsigned phnum; /* how many: elf_phdr_bytes() bytes */
	/* from elf_parse_phdrs() */
	vaddr_t phdr;	    /* for AT_PHDR: of the program headers; 0: they are in no segment */
	unsigned nsegments; /* PT_LOADs */
	vaddr_t low, high;  /* page-aligned bounds of all segments with memsz > 0 */
	uint64_t align;	 /* greatest p_align of a PT_LOAD that is a power of two; at least a page */
	bool has_interp; /* a dynamic program: */
	uint64_t interp_offset; /*   the path of its interpreter in the file */
	uint64_t interp_bytes;	/*   with its NUL, 2 to ELF_INTERP_MAX */
	bool exec_stack;	/* PT_GNU_STACK says so */
};

/* What the machine allows: user addresses are [base, top). */
struct elf_limits {
	vaddr_t base;
	vaddr_t top;
	uint64_t page_size;
};

/*
 * Checks a file's header. bytes: how much of it buf has, up to ELF_HEADER_BYTES.
 * => 0; -ENOEXEC: not a program for this machine (Linux says this of all that is wrong here)
 */
int elf_parse_header(const void *buf, size_t bytes, struct elf_image *image);

static inline size_t elf_phdr_bytes(const struct elf_image *image)
{
	return (size_t)image->phnum * ELF_PHDR_BYTES;
}

/*
 * Checks the program headers. phdrs: elf_phdr_bytes() bytes read at image->phoff (a file too short
 * for that is -ENOEXEC, the caller's to say). Unknown types, PT_TLS, PT_NOTE and PT_PHDR are
 * ignored.
 * => 0; -ENOEXEC: Linux refuses too, the old image lives on
 * => *late set and -EINVAL, -ENOMEM or -EPERM: Linux finds this only past the point of no return,
 *    where exec ends in SIGSEGV: sizes that overflow, filesz > memsz, offset and address not
 *    congruent, addresses outside the user's part
 * Where both are wrong, -ENOEXEC wins. Overlapping segments are legal: later ones lie over earlier
 * ones. So is an entry in a hole: the program's first instruction faults.
 */
int elf_parse_phdrs(const struct elf_limits *limits, const void *phdrs, struct elf_image *image,
		    bool *late);

/* The next PT_LOAD in the file's order, *index being 0 at first. => false: no more */
bool elf_next_segment(const struct elf_image *image, const void *phdrs, unsigned *index,
		      struct elf_segment *ret);
