/* SPDX-License-Identifier: MIT */
/* Program files: lib/elf's answer against the rules of elf.h, written down once more in numbers that can't overflow. */
#include <elf.h>
#include <stdlib.h>

#include "abi/errno.h"
#include "fuzz.h"
#include "lib/elf.h"
#include "lib/string.h"

#define PAGE 4096
#define BASE 0x1000
#define TOP  (1ll << 38)

typedef __int128 wide;

static const struct elf_limits limits = { .base = BASE, .top = TOP, .page_size = PAGE };

/* What the second reader makes of a file. */
struct naive {
	int error;
	bool late;
	struct elf_image image;
};

static bool has_odd_type(const Elf64_Ehdr *eh)
{
	return eh->e_type != ET_EXEC && eh->e_type != ET_DYN;
}

/* What is wrong in it apart from its type. */
static int header_error(const Elf64_Ehdr *eh, size_t size)
{
	if (size < sizeof(*eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != EM_RISCV ||
	    eh->e_phentsize != sizeof(Elf64_Phdr) || eh->e_phnum < 1 ||
	    eh->e_phnum * sizeof(Elf64_Phdr) > 4096 || eh->e_phoff >> 63)
		return -ENOEXEC;
	return 0;
}

static int load_error(const struct naive *naive, const Elf64_Phdr *ph)
{
	wide start = ph->p_vaddr, end = start + ph->p_memsz;

	if (ph->p_filesz > ph->p_memsz)
		return -EINVAL;
	if (ph->p_filesz > 0 && ph->p_offset % PAGE != ph->p_vaddr % PAGE)
		return -EINVAL;
	if ((wide)ph->p_offset + ph->p_filesz > INT64_MAX)
		return -EINVAL;
	if (end > TOP)
		return start >= TOP ? -ENOMEM : -EINVAL;
	return !naive->image.is_dyn && ph->p_memsz > 0 && start < BASE ? -EPERM : 0;
}

static void add_load(struct naive *naive, const Elf64_Phdr *ph)
{
	struct elf_image *image = &naive->image;
	uint64_t low = ph->p_vaddr / PAGE * PAGE;
	uint64_t high = (ph->p_vaddr + ph->p_memsz + PAGE - 1) / PAGE * PAGE;

	image->nsegments++;
	if ((wide)image->phoff >= ph->p_offset &&
	    (wide)image->phoff < (wide)ph->p_offset + ph->p_filesz)
		image->phdr = ph->p_vaddr + (image->phoff - ph->p_offset);
	if (__builtin_popcountll(ph->p_align) == 1 && ph->p_align > image->align)
		image->align = ph->p_align;
	if (ph->p_memsz == 0)
		return;
	image->low = image->high == 0 || low < image->low ? low : image->low;
	image->high = high > image->high ? high : image->high;
}

static void read_phdr(struct naive *naive, const Elf64_Phdr *ph)
{
	struct elf_image *image = &naive->image;

	if (ph->p_type == PT_INTERP && !image->has_interp && !image->is_interp) {
		image->has_interp = true;
		image->interp_offset = ph->p_offset;
		image->interp_bytes = ph->p_filesz;
		if (ph->p_filesz < 2 || ph->p_filesz > 4096)
			naive->error = -ENOEXEC;
	} else if (ph->p_type == PT_GNU_STACK) {
		image->exec_stack = ph->p_flags & PF_X;
	}
}

static void read_loads(struct naive *naive, const Elf64_Phdr *ph)
{
	if (naive->image.is_odd)
		naive->error = -EINVAL;
	for (unsigned i = 0; i < naive->image.phnum && naive->error == 0; i++)
		if (ph[i].p_type == PT_LOAD) {
			naive->error = load_error(naive, &ph[i]);
			if (naive->error == 0)
				add_load(naive, &ph[i]);
		}
	if (naive->error == 0 && (naive->image.is_dyn || naive->image.is_interp) &&
	    naive->image.high == 0)
		naive->error = -EINVAL;
	naive->late = naive->error != 0;
}

static void compare_image(const struct elf_image *ours, const struct elf_image *theirs)
{
	fuzz_equal(ours->is_dyn, theirs->is_dyn);
	fuzz_equal(ours->entry, theirs->entry);
	fuzz_equal(ours->phoff, theirs->phoff);
	fuzz_equal(ours->phnum, theirs->phnum);
	fuzz_equal(ours->phdr, theirs->phdr);
	fuzz_equal(ours->nsegments, theirs->nsegments);
	fuzz_equal(ours->low, theirs->low);
	fuzz_equal(ours->high, theirs->high);
	fuzz_equal(ours->align, theirs->align);
	fuzz_equal(ours->has_interp, theirs->has_interp);
	fuzz_equal(ours->interp_offset, theirs->interp_offset);
	fuzz_equal(ours->interp_bytes, theirs->interp_bytes);
	fuzz_equal(ours->exec_stack, theirs->exec_stack);
}

/* Every segment comes, in order, and lies inside what the image says of itself. */
static void compare_segments(const struct elf_image *image, const Elf64_Phdr *ph)
{
	struct elf_segment segment;
	unsigned index = 0;

	for (unsigned i = 0; i < image->phnum; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		fuzz_check(elf_next_segment(image, ph, &index, &segment));
		fuzz_equal(segment.vaddr, ph[i].p_vaddr);
		fuzz_equal(segment.memsz, ph[i].p_memsz);
		fuzz_equal(segment.filesz, ph[i].p_filesz);
		fuzz_equal(segment.offset, ph[i].p_offset);
		fuzz_equal(segment.flags, ph[i].p_flags & 7);
		if (segment.memsz > 0) {
			fuzz_check(segment.vaddr >= image->low);
			fuzz_check(segment.vaddr + segment.memsz <= image->high);
		}
	}
	fuzz_check(!elf_next_segment(image, ph, &index, &segment));
	fuzz_check(image->high <= TOP && image->low <= image->high);
}

/* Returns a copy of the program headers, to be freed; NULL if they are not all in the file. */
static void *copy_phdrs(const uint8_t *data, size_t size, const struct elf_image *image)
{
	size_t n = elf_phdr_bytes(image);
	void *copy;

	if (image->phoff > size || n > size - image->phoff)
		return NULL;
	copy = malloc(n);
	memcpy(copy, data + image->phoff, n);
	return copy;
}

static bool try_phdrs(struct elf_image *image, const Elf64_Phdr *ph)
{
	struct naive naive = { .image = *image };
	bool late = true;
	int err = elf_parse_phdrs(&limits, ph, image, &late);

	naive.image.align = PAGE;
	for (unsigned i = 0; i < naive.image.phnum && naive.error == 0; i++)
		read_phdr(&naive, &ph[i]);
	if (naive.error == 0)
		read_loads(&naive, ph);
	fuzz_equal(err, naive.error);
	fuzz_equal(late, naive.late);
	if (err == 0) {
		compare_image(image, &naive.image);
		compare_segments(image, ph);
	}
	return err == 0;
}

static bool try_image(const uint8_t *data, size_t size, const Elf64_Ehdr *eh,
		      struct elf_image *image)
{
	Elf64_Phdr *ph;
	bool good;

	fuzz_equal(image->is_dyn, eh->e_type == ET_DYN);
	fuzz_equal(image->entry, eh->e_entry);
	fuzz_equal(image->phoff, eh->e_phoff);
	fuzz_equal(image->phnum, eh->e_phnum);
	ph = copy_phdrs(data, size, image);
	if (!ph)
		return false;
	good = try_phdrs(image, ph);
	free(ph);
	return good;
}

/* Parses the file as the interpreter of another one. */
static void try_interp(const uint8_t *data, size_t size, const Elf64_Ehdr *eh)
{
	struct elf_image image = { 0 };
	int err;

	if (size < sizeof(*eh))
		return;
	err = elf_parse_interp_header(data, &image);
	fuzz_equal(err, header_error(eh, size) ? -ELIBBAD : 0);
	if (err != 0)
		return;
	fuzz_check(image.is_interp);
	fuzz_equal(image.is_odd, has_odd_type(eh));
	try_image(data, size, eh, &image);
	fuzz_check(!image.has_interp);
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	struct elf_image image = { 0 };
	Elf64_Ehdr eh = { 0 };
	int err;

	memcpy(&eh, data, size < sizeof(eh) ? size : sizeof(eh));
	try_interp(data, size, &eh);
	err = elf_parse_header(data, size, &image);
	fuzz_equal(err, has_odd_type(&eh) ? -ENOEXEC : header_error(&eh, size));
	return err == 0 && try_image(data, size, &eh, &image);
}
