/* SPDX-License-Identifier: MIT */
/* The ELF reader: odd but legal images (R73) and bad ones (R74); tests/fuzz tries any bytes. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bits.h"
#include "lib/elf.h"
#include "test.h"

#define PAGE	  4096ul
#define TOP	  (1ul << 38)
/* Offsets in files are signed. */
#define LAST_PAGE ((1ul << 63) - PAGE)

static const struct elf_limits limits = { .base = 0x10000, .top = TOP, .page_size = PAGE };

/* A file's headers, as the C library's <elf.h> names them: the layout is checked too. */
static Elf64_Ehdr eh;
static Elf64_Phdr ph[ELF_PHNUM_MAX];
static struct elf_image image;
static bool late;

/* A program like those of gcc -static: text with headers, data with BSS at an odd place. */
static void fresh(void)
{
	memset(&eh, 0, sizeof(eh));
	memset(ph, 0, sizeof(ph));
	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	eh.e_type = ET_EXEC;
	eh.e_machine = 243;
	eh.e_entry = 0x10400;
	eh.e_phoff = sizeof(eh);
	eh.e_phentsize = sizeof(ph[0]);
	eh.e_phnum = 2;
	ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
			      .p_flags = PF_R | PF_X,
			      .p_vaddr = 0x10000,
			      .p_filesz = 0x5dc00,
			      .p_memsz = 0x5dc00,
			      .p_align = PAGE };
	ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD,
			      .p_flags = PF_R | PF_W,
			      .p_offset = 0x60dc0,
			      .p_vaddr = 0x71dc0,
			      .p_filesz = 0x5000,
			      .p_memsz = 0xa000,
			      .p_align = PAGE };
}

/* Copies to memory that ends with the headers, so that a byte too far is seen. */
static int parse_header(size_t bytes)
{
	char *copy = malloc(bytes);
	int r;

	memcpy(copy, &eh, bytes);
	r = elf_parse_header(copy, bytes, &image);
	free(copy);
	return r;
}

static int parse(void)
{
	int r = parse_header(sizeof(eh));
	size_t n;
	char *copy;

	late = false;
	if (r < 0)
		return r;
	n = elf_phdr_bytes(&image);
	copy = malloc(n);
	memcpy(copy, ph, n);
	r = elf_parse_phdrs(&limits, copy, &image, &late);
	free(copy);
	return r;
}

static void refused(int error, bool is_late)
{
	assert_int_equal(error, parse());
	assert_int_equal(is_late, late);
}

#define R74_CASE(change, error)        \
	do {                           \
		fresh();               \
		change;                \
		refused(error, false); \
	} while (0)
#define R74_LATE(change, error)       \
	do {                          \
		fresh();              \
		change;               \
		refused(error, true); \
	} while (0)
#define R73_CASE(change)           \
	do {                       \
		fresh();           \
		change;            \
		refused(0, false); \
	} while (0)

TEST(good)
{
	struct elf_segment segment;
	unsigned index = 0;

	R73_CASE((void)0);
	assert_false(image.is_dyn);
	assert_int_equal(0x10400, image.entry);
	assert_int_equal(2, image.phnum);
	assert_int_equal(0x10040, image.phdr);
	assert_int_equal(2, image.nsegments);
	assert_int_equal(0x10000, image.low);
	assert_int_equal(0x7c000, image.high);
	assert_int_equal(PAGE, image.align);
	assert_false(image.has_interp);
	assert_false(image.exec_stack);
	assert_true(elf_next_segment(&image, ph, &index, &segment));
	assert_int_equal(ELF_R | ELF_X, segment.flags);
	assert_true(elf_next_segment(&image, ph, &index, &segment));
	assert_int_equal(0x71dc0, segment.vaddr);
	assert_int_equal(0x60dc0, segment.offset);
	assert_int_equal(0x5000, segment.filesz);
	assert_int_equal(0xa000, segment.memsz);
	assert_int_equal(ELF_R | ELF_W, segment.flags);
	assert_false(elf_next_segment(&image, ph, &index, &segment));
}

TEST(R73_odd_segments)
{
	/* no section headers, odd version, ABI and flags */
	R73_CASE((eh.e_shoff = -1ul, eh.e_shnum = 0xffff, eh.e_version = 0, eh.e_flags = -1u,
		  eh.e_ident[EI_OSABI] = 0xaa));
	/* BSS only: the offset does not matter */
	R73_CASE((ph[1].p_filesz = 0, ph[1].p_offset = 12345));
	/* up to the last offset of any file */
	R73_CASE((ph[1].p_offset = LAST_PAGE + 0xdc0, ph[1].p_filesz = PAGE - 0xdc0 - 1));
	/* empty */
	R73_CASE((ph[1].p_filesz = 0, ph[1].p_memsz = 0));
	assert_int_equal(0x6e000, image.high);
	/* several in one page, and overlapping */
	R73_CASE((ph[1].p_vaddr = 0x10dc0));
	/* a fixed one with nothing to load: it is Linux's affair to kill it */
	R73_CASE((ph[0].p_type = PT_NOTE, ph[1].p_type = PT_NOTE));
	assert_int_equal(0, image.nsegments);
	assert_int_equal(0, image.phdr);
	/* up to the end of the user's part */
	R73_CASE((ph[1].p_memsz = TOP - ph[1].p_vaddr));
	/* an entry in a hole faults when it runs */
	R73_CASE(eh.e_entry = 0);
	/* odd alignments are no reason */
	R73_CASE((ph[0].p_align = 3, ph[1].p_align = 0));
	assert_int_equal(PAGE, image.align);
	R73_CASE(ph[1].p_align = 1 << 21);
	assert_int_equal(1 << 21, image.align);
}

TEST(R73_many_headers)
{
	fresh();
	eh.e_phnum = ELF_PHNUM_MAX;
	for (unsigned i = 2; i < ELF_PHNUM_MAX; i++)
		ph[i] = (Elf64_Phdr){ .p_type = PT_LOAD,
				      .p_vaddr = 0x100000 + i * PAGE,
				      .p_memsz = 16 };
	refused(0, false);
	assert_int_equal(ELF_PHNUM_MAX, image.nsegments);
}

TEST(R73_ignored_types)
{
	static const uint32_t types[] = { PT_NULL, PT_DYNAMIC,	 PT_NOTE,    PT_SHLIB,	 PT_PHDR,
					  PT_TLS,  PT_GNU_RELRO, 0x70000003, 0x6fedcba0, -1u };

	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		R73_CASE((eh.e_phnum = 3,
			  ph[2] = (Elf64_Phdr){ types[i], 7, -1ul, -1ul, -1ul, -1ul, -1ul, 3 }));
		assert_int_equal(2, image.nsegments);
	}
}

TEST(R73_stack)
{
	R73_CASE((eh.e_phnum = 3, ph[2].p_type = PT_GNU_STACK, ph[2].p_flags = PF_R | PF_W));
	assert_false(image.exec_stack);
	R73_CASE((eh.e_phnum = 3, ph[2].p_type = PT_GNU_STACK, ph[2].p_flags = PF_R | PF_W | PF_X));
	assert_true(image.exec_stack);
}

TEST(R73_static_pie)
{
	R73_CASE((eh.e_type = ET_DYN, ph[0].p_vaddr = 0, ph[1].p_vaddr = 0x61dc0,
		  eh.e_entry = 0x400));
	assert_true(image.is_dyn);
	assert_int_equal(0, image.low);
	assert_int_equal(0x6c000, image.high);
	assert_int_equal(0x40, image.phdr);
	R74_LATE((eh.e_type = ET_DYN, eh.e_phnum = 1, ph[0].p_type = PT_NOTE), -EINVAL);
}

TEST(R73_interpreter)
{
	R73_CASE((eh.e_phnum = 4, ph[2].p_type = PT_INTERP, ph[2].p_offset = 0x200,
		  ph[2].p_filesz = 28, ph[3].p_type = PT_INTERP, ph[3].p_filesz = 0));
	assert_true(image.has_interp);
	assert_int_equal(0x200, image.interp_offset);
	assert_int_equal(28, image.interp_bytes);
	R73_CASE((eh.e_phnum = 3, ph[2].p_type = PT_INTERP, ph[2].p_filesz = 4096));
	R74_CASE((eh.e_phnum = 3, ph[2].p_type = PT_INTERP, ph[2].p_filesz = 4097), -ENOEXEC);
	R74_CASE((eh.e_phnum = 3, ph[2].p_type = PT_INTERP, ph[2].p_filesz = 1), -ENOEXEC);
	R74_CASE((eh.e_phnum = 3, ph[2].p_type = PT_INTERP, ph[2].p_filesz = 0), -ENOEXEC);
}

/* Parses the file as an interpreter. */
static int parse_interp(void)
{
	int r = elf_parse_interp_header(&eh, &image);

	late = false;
	return r < 0 ? r : elf_parse_phdrs(&limits, ph, &image, &late);
}

#define R74_INTERP(change, error, is_late)               \
	do {                                             \
		fresh();                                 \
		change;                                  \
		assert_int_equal(error, parse_interp()); \
		assert_int_equal(is_late, late);         \
	} while (0)

TEST(R74_interpreters)
{
	R74_INTERP((void)0, 0, false);
	assert_true(image.is_interp);
	R74_INTERP((eh.e_phnum = 3, ph[2].p_type = PT_INTERP, ph[2].p_filesz = 0), 0, false);
	assert_false(image.has_interp);
	R74_INTERP(eh.e_machine = EM_X86_64, -ELIBBAD, false);
	R74_INTERP(eh.e_phnum = 0, -ELIBBAD, false);
	R74_INTERP((eh.e_type = ET_REL, eh.e_phentsize = 1), -ELIBBAD, false);
	R74_INTERP(eh.e_type = ET_REL, -EINVAL, true);
	R74_INTERP(ph[1].p_memsz = 16, -EINVAL, true);
	/* a fixed one with nothing to load, which a program may be */
	R74_INTERP((ph[0].p_type = PT_NOTE, ph[1].p_type = PT_NOTE), -EINVAL, true);
}

TEST(R74_bad_headers)
{
	R74_CASE(eh.e_ident[0] = 0x7e, -ENOEXEC);
	R74_CASE(eh.e_ident[3] = 'G', -ENOEXEC);
	R74_CASE(eh.e_ident[EI_CLASS] = ELFCLASS32, -ENOEXEC);
	R74_CASE(eh.e_machine = EM_X86_64, -ENOEXEC);
	R74_CASE(eh.e_machine = 0, -ENOEXEC);
	R74_CASE(eh.e_type = ET_REL, -ENOEXEC);
	R74_CASE(eh.e_type = ET_CORE, -ENOEXEC);
	R74_CASE(eh.e_type = ET_NONE, -ENOEXEC);
	R74_CASE(eh.e_phnum = 0, -ENOEXEC);
	R74_CASE(eh.e_phnum = ELF_PHNUM_MAX + 1, -ENOEXEC);
	R74_CASE(eh.e_phnum = 0xffff, -ENOEXEC);
	R74_CASE(eh.e_phentsize = 55, -ENOEXEC);
	R74_CASE(eh.e_phentsize = 32, -ENOEXEC);
	R74_CASE(eh.e_phoff = 1ul << 63, -ENOEXEC);
	R74_CASE(eh.e_phoff = -64ul, -ENOEXEC);
}

TEST(R74_truncated_header)
{
	fresh();
	for (size_t n = 0; n < sizeof(eh); n++)
		assert_int_equal(-ENOEXEC, parse_header(n));
	assert_int_equal(0, parse_header(sizeof(eh)));
}

TEST(R74_bad_segments)
{
	R74_LATE(ph[1].p_memsz = 16, -EINVAL);
	R74_LATE(ph[0].p_filesz = ph[0].p_memsz = -1ul, -EINVAL);
	R74_LATE(ph[0].p_filesz = ph[0].p_memsz = 1ul << 63, -EINVAL);
	R74_LATE(ph[1].p_memsz = -1ul, -EINVAL);
	R74_LATE(ph[1].p_memsz = 1ul << 63, -EINVAL);
	R74_LATE(ph[1].p_memsz = TOP, -EINVAL);
	R74_LATE(ph[1].p_memsz = TOP - ph[1].p_vaddr + 1, -EINVAL);
	R74_LATE(ph[1].p_vaddr = 0xffffffff80000dc0, -ENOMEM);
	R74_LATE((ph[1].p_vaddr = TOP, ph[1].p_offset = 0), -ENOMEM);
	R74_LATE((ph[1].p_vaddr = -PAGE, ph[1].p_offset = 0, ph[1].p_filesz = 1,
		  ph[1].p_memsz = 2 * PAGE),
		 -ENOMEM);
	R74_LATE(ph[1].p_vaddr++, -EINVAL);
	R74_LATE(ph[1].p_offset += 512, -EINVAL);
	R74_LATE((ph[1].p_offset = LAST_PAGE + 0xdc0, ph[1].p_filesz = PAGE - 0xdc0), -EINVAL);
	R74_LATE(ph[1].p_offset = (1ul << 63) + 0xdc0, -EINVAL);
	R74_LATE(ph[1].p_offset = -PAGE + 0xdc0, -EINVAL);
	R74_LATE((ph[0].p_vaddr = 0), -EPERM);
}

TEST(R74_early_wins)
{
	R74_CASE((eh.e_phnum = 3, ph[0].p_memsz = 1, ph[2].p_type = PT_INTERP), -ENOEXEC);
}
