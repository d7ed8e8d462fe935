/* SPDX-License-Identifier: MIT */
/* ELF64 program files: checks them, and tells what to map where. */
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

/* One PT_LOAD. vaddr and offset are congruent modulo the page size, unless filesz is 0. */
struct elf_segment {
	vaddr_t vaddr; /* without the load bias */
	uint64_t memsz;
	uint64_t filesz; /* not more than memsz */
	uint64_t offset;
	unsigned flags; /* ELF_R | ELF_W | ELF_X */
};

struct elf_image {
	/* from elf_parse_header() */
	bool is_dyn;	/* may be loaded at any address (PIE, interpreter) */
	bool is_interp; /* read by elf_parse_interp_header() */
	bool is_odd;	/* an interpreter of a type that cannot be loaded: a late error */
	vaddr_t entry;	/* without the load bias, as is phdr */
	uint64_t phoff; /* file offset of the program headers */
	unsigned phnum; /* their number; elf_phdr_bytes() is their size */
	/* from elf_parse_phdrs() */
	/* For AT_PHDR: address of the program headers; 0 if they are in no segment. */
	vaddr_t phdr;
	unsigned nsegments; /* number of PT_LOADs */
	vaddr_t low, high;  /* page-aligned bounds of all segments with memsz > 0 */
	/* The greatest p_align of a PT_LOAD that is a power of two; at least a page. */
	uint64_t align;
	bool has_interp;	/* a dynamic program */
	uint64_t interp_offset; /* file offset of its interpreter's path */
	uint64_t interp_bytes;	/* length with NUL, 2 to ELF_INTERP_MAX */
	bool exec_stack;	/* PT_GNU_STACK asks for an executable stack */
};

/* The limits of the machine: user addresses are [base, top). */
struct elf_limits {
	vaddr_t base;
	vaddr_t top;
	uint64_t page_size;
};

/*
 * Checks a file's header. `bytes` is how much of it is in buf, up to ELF_HEADER_BYTES. Returns 0,
 * or -ENOEXEC if the file is not a program for this machine. (That is Linux's error for everything
 * that is wrong here.)
 */
int elf_parse_header(const void *buf, size_t bytes, struct elf_image *image);

/*
 * Checks the header of a program's interpreter, with ELF_HEADER_BYTES in buf. Returns 0 or -ELIBBAD. A
 * type that cannot be loaded is a late error of elf_parse_phdrs().
 */
int elf_parse_interp_header(const void *buf, struct elf_image *image);

static inline size_t elf_phdr_bytes(const struct elf_image *image)
{
	return (size_t)image->phnum * ELF_PHDR_BYTES;
}

/*
 * Checks the program headers. phdrs are the elf_phdr_bytes() bytes at image->phoff, copied to where
 * they are aligned to 8 bytes; if the file is too short for them, the caller returns -ENOEXEC.
 * Unknown types, PT_TLS, PT_NOTE and PT_PHDR are ignored, and PT_INTERP in an interpreter.
 *
 * Returns 0, or -ENOEXEC where Linux refuses the file too and the old image continues. Otherwise
 * sets *late and returns -EINVAL, -ENOMEM or -EPERM: Linux finds these errors only past the point
 * of no return, where exec ends in SIGSEGV. They are sizes that overflow, filesz > memsz, offset
 * and address not congruent, and addresses outside the user's part. If there are errors of both
 * kinds, it returns -ENOEXEC.
 *
 * Overlapping segments are legal; later ones cover earlier ones. So is an entry point in a hole:
 * then the first instruction of the program faults.
 */
int elf_parse_phdrs(const struct elf_limits *limits, const void *phdrs, struct elf_image *image,
		    bool *late);

/* Gets the next PT_LOAD of the file, from the same phdrs. *index is 0 at first. Returns false if there is no more. */
bool elf_next_segment(const struct elf_image *image, const void *phdrs, unsigned *index,
		      struct elf_segment *ret);
