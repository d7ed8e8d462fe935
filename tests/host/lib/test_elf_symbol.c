/* SPDX-License-Identifier: MIT */
/* Symbols of ELF files (R121): which one an address gets, and files that are damaged or hostile. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bits.h"
#include "lib/elf_symbol.h"
#include "test.h"

enum { SYMBOLS = 8, NAMES_BYTES = 160 };

/* A file: the header, three section headers, symbols, names. */
static struct {
	Elf64_Ehdr eh;
	Elf64_Shdr sh[3];
	Elf64_Sym symbols[SYMBOLS];
	char names[NAMES_BYTES];
} image;

static size_t image_bytes;
static unsigned reads;
static struct elf_symbol found;

/* Copies from memory that ends with the file, so that a byte too far is seen. */
static ssize_t read_image(void *arg, uint64_t pos, void *to, size_t n)
{
	(void)arg;
	reads++;
	assert_true(pos <= (uint64_t)INT64_MAX && n <= (uint64_t)INT64_MAX - pos);
	if (pos >= image_bytes)
		return 0;
	n = MIN(n, image_bytes - (size_t)pos);
	memcpy(to, (char *)&image + pos, n);
	return (ssize_t)n;
}

static int find(vaddr_t addr)
{
	const struct elf_file file = { .read = read_image };

	reads = 0;
	return elf_find_symbol(&file, addr, &found);
}

static void add_symbol(unsigned index, const char *name, unsigned bind, unsigned type,
		       uint64_t value, uint64_t size)
{
	size_t at = 1;

	while (image.names[at])
		at += strlen(image.names + at) + 1;
	assert_true(at + strlen(name) + 1 < NAMES_BYTES);
	strcpy(image.names + at, name);
	image.symbols[index] = (Elf64_Sym){ .st_name = (Elf64_Word)at,
					    .st_info = ELF64_ST_INFO(bind, type),
					    .st_shndx = 1,
					    .st_value = value,
					    .st_size = size };
}

static void fresh(void)
{
	memset(&image, 0, sizeof(image));
	image_bytes = sizeof(image);
	memcpy(image.eh.e_ident, ELFMAG, SELFMAG);
	image.eh.e_ident[EI_CLASS] = ELFCLASS64;
	image.eh.e_shoff = sizeof(image.eh);
	image.eh.e_shentsize = sizeof(image.sh[0]);
	image.eh.e_shnum = 3;
	image.sh[1] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
				    .sh_offset = (char *)image.symbols - (char *)&image,
				    .sh_size = sizeof(image.symbols),
				    .sh_link = 2,
				    .sh_entsize = sizeof(image.symbols[0]) };
	image.sh[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
				    .sh_offset = (char *)image.names - (char *)&image,
				    .sh_size = sizeof(image.names) };
	add_symbol(1, "_start", STB_GLOBAL, STT_NOTYPE, 0x10000, 0);
	add_symbol(2, "helper", STB_LOCAL, STT_FUNC, 0x10100, 0x40);
	add_symbol(3, "main", STB_GLOBAL, STT_FUNC, 0x10200, 0x80);
	add_symbol(4, "main_again", STB_LOCAL, STT_FUNC, 0x10200, 0x80);
	add_symbol(5, "$x", STB_LOCAL, STT_NOTYPE, 0x10210, 0);
	add_symbol(6, "table", STB_GLOBAL, STT_OBJECT, 0x20000, 0x100);
	add_symbol(7, "inner", STB_GLOBAL, STT_FUNC, 0x10220, 0x10);
}

static void expect(vaddr_t addr, const char *name, uint64_t offset)
{
	assert_int_equal(0, find(addr));
	assert_string_equal(name, found.name);
	assert_int_equal(offset, found.offset);
}

TEST(R121_addresses_have_names)
{
	fresh();
	expect(0x10200, "main", 0);
	expect(0x1021f, "main", 0x1f);
	expect(0x10224, "inner", 4);
	expect(0x10230, "main", 0x30);
	expect(0x1013f, "helper", 0x3f);
	expect(0x200ff, "table", 0xff);
	assert_true(found.variable);
	expect(0x10140, "_start", 0x140);
	assert_false(found.variable);
	assert_int_equal(-ENOENT, find(0xffff));
	assert_int_equal(-ENOENT, find(0x20100));
	assert_int_equal(-ENOENT, find(UINT64_MAX));
}

TEST(R121_no_symbols_no_name)
{
	fresh();
	image.sh[1].sh_type = SHT_DYNSYM;
	assert_int_equal(-ENOENT, find(0x10200));
	fresh();
	image.eh.e_shoff = 0;
	assert_int_equal(-ENOENT, find(0x10200));
	fresh();
	image.sh[1].sh_link = 1;
	assert_int_equal(-ENOENT, find(0x10200));
	fresh();
	image.sh[1].sh_entsize = 23;
	assert_int_equal(-ENOENT, find(0x10200));
	fresh();
	image.symbols[3].st_name = NAMES_BYTES;
	image.symbols[4].st_value = 0;
	assert_int_equal(-ENOENT, find(0x10200));
}

/* What a name holds goes to the log: printable, and of a bounded length. */
TEST(R121_names_are_cleaned)
{
	fresh();
	strcpy(image.names + image.symbols[3].st_name, "m\033[2");
	expect(0x10200, "m?[2", 0);
	fresh();
	memset(image.names + image.symbols[7].st_name, 'n', 60);
	assert_int_equal(0, find(0x10220));
	assert_int_equal(ELF_SYMBOL_NAME - 1, strlen(found.name));
	assert_string_equal("...", found.name + ELF_SYMBOL_NAME - 4);
	fresh();
	memset(image.names, 'n', sizeof(image.names));
	image.symbols[3].st_name = NAMES_BYTES - 2;
	image.symbols[4].st_value = 0;
	assert_int_equal(0, find(0x10200));
	assert_string_equal("...", found.name);
}

/* Without all symbols, or any of the name, there is none. A name that the file cuts off is told as far as it goes. */
TEST(R121_any_length_of_the_file)
{
	for (size_t bytes = 0; bytes <= sizeof(image); bytes++) {
		size_t name, whole;

		fresh();
		name = (size_t)(image.names - (char *)&image) + image.symbols[3].st_name;
		whole = name + strlen("main");
		image_bytes = bytes;
		if (bytes <= name)
			assert_int_equal(-ENOENT, find(0x10200));
		else
			expect(0x10200,
			       bytes > whole	? "main"
			       : bytes == whole ? "m..."
						: "...",
			       0);
	}
}

/* However many symbols a file says it has, they are read a bounded number of times. */
TEST(R121_work_is_bounded)
{
	fresh();
	image.sh[1].sh_size = UINT64_MAX;
	image.eh.e_shnum = 0xffff;
	(void)find(0x10200);
	assert_in_range(reads, 1, ELF_SECTIONS_MAX + ELF_SYMBOLS_MAX / 32 + 8);
}

TEST(R121_mutations)
{
	static const uint64_t odd[] = {
		0, 1, 23, 24, 64, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX
	};
	unsigned steps = test_steps(50000), named = 0;

	for (unsigned step = 0; step < steps; step++) {
		fresh();
		for (unsigned n = 1 + (unsigned)test_below(3); n > 0; n--) {
			char *at = (char *)&image + test_below(sizeof(image) - 8);
			uint64_t word = test_below(2) ? odd[test_below(ARRAY_SIZE(odd))]
						      : test_random();

			memcpy(at, &word, 1u << test_below(4));
		}
		if (find(0x10000 + test_below(0x400)) != 0)
			continue;
		named++;
		for (const char *c = found.name; *c; c++)
			assert_in_range(*c, ' ' + 1, '~');
		assert_in_range(strlen(found.name), 1, ELF_SYMBOL_NAME - 1);
	}
	assert_in_range(named, steps / 20, steps);
}
