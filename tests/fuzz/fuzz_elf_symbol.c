/* SPDX-License-Identifier: MIT */
/* Symbols for reports: lib/elf_symbol's choice against a search through the whole file. */

/*
 * An input: 8 bytes, the address that is looked up; a byte: which read of the file fails, 0: none;
 * then the file.
 */
#include <elf.h>

#include "abi/errno.h"
#include "fuzz.h"
#include "lib/elf_symbol.h"
#include "lib/string.h"

#define HEAD 9

static const uint8_t *bytes;
static size_t nbytes;
static unsigned reads, failing;

static ssize_t read_bytes(void *arg, uint64_t pos, void *to, size_t n)
{
	fuzz_check(arg == &bytes && pos <= INT64_MAX);
	if (++reads == failing)
		return -EIO;
	if (pos >= nbytes)
		return 0;
	n = n < nbytes - pos ? n : nbytes - pos;
	memcpy(to, bytes + pos, n);
	return (ssize_t)n;
}

/* Copies n bytes of the file. Returns false if the file does not have all of them. */
static bool get(unsigned __int128 pos, void *to, size_t n)
{
	if (pos > nbytes || n > nbytes - pos)
		return false;
	memcpy(to, bytes + pos, n);
	return true;
}

static bool get_section(const Elf64_Ehdr *eh, unsigned i, Elf64_Shdr *ret)
{
	unsigned __int128 pos = (unsigned __int128)eh->e_shoff + i * sizeof(*ret);

	return i < eh->e_shnum && i < ELF_SECTIONS_MAX && get(pos, ret, sizeof(*ret));
}

static bool get_tables(Elf64_Shdr *symbols, Elf64_Shdr *names)
{
	Elf64_Ehdr eh;

	if (!get(0, &eh, sizeof(eh)) || memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_shentsize != sizeof(*symbols) ||
	    eh.e_shoff == 0)
		return false;
	for (unsigned i = 0; get_section(&eh, i, symbols); i++)
		if (symbols->sh_type == SHT_SYMTAB && symbols->sh_entsize == sizeof(Elf64_Sym))
			return get_section(&eh, symbols->sh_link, names) &&
			       names->sh_type == SHT_STRTAB;
	return false;
}

/* Whether it may be named at all, and how near it is: greater is better; 0: not it. */
static unsigned __int128 rank(const Elf64_Sym *sym, uint64_t addr)
{
	unsigned type = ELF64_ST_TYPE(sym->st_info);
	bool local = ELF64_ST_BIND(sym->st_info) == STB_LOCAL;
	bool typed = type == STT_OBJECT || type == STT_FUNC || type == STT_GNU_IFUNC;
	bool inside = sym->st_size > 0;

	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE || sym->st_name == 0)
		return 0;
	if (!typed && (type != STT_NOTYPE || local))
		return 0;
	if (sym->st_value > addr || addr - sym->st_value >= (inside ? sym->st_size : 65536))
		return 0;
	return ((unsigned __int128)inside << 66) + ((unsigned __int128)sym->st_value << 1) +
	       !local + ((unsigned __int128)1 << 65);
}

/* The table is read 32 symbols at a time; of a piece that is not all there none counts. */
static bool get_best(const Elf64_Shdr *table, uint64_t addr, Elf64_Sym *best)
{
	uint64_t count = table->sh_size / sizeof(*best);
	unsigned __int128 highest = 0;
	Elf64_Sym sym;

	count = count < ELF_SYMBOLS_MAX ? count : ELF_SYMBOLS_MAX;
	for (uint64_t i = 0; i < count; i++) {
		unsigned __int128 pos = (unsigned __int128)table->sh_offset + i * sizeof(sym);
		uint64_t piece = count - i / 32 * 32 < 32 ? count - i / 32 * 32 : 32;

		if (pos - i % 32 * sizeof(sym) + piece * sizeof(sym) > nbytes)
			break;
		get(pos, &sym, sizeof(sym));
		if (rank(&sym, addr) > highest) {
			highest = rank(&sym, addr);
			*best = sym;
		}
	}
	return highest != 0;
}

/* Makes the name as it is to be shown. Returns false if there is none. */
static bool get_name(const Elf64_Shdr *names, uint32_t at, char to[ELF_SYMBOL_NAME])
{
	unsigned __int128 pos = (unsigned __int128)names->sh_offset + at;
	size_t n = 0;
	uint8_t c = 0;

	if (at >= names->sh_size)
		return false;
	for (; n < names->sh_size - at && n < ELF_SYMBOL_NAME && get(pos + n, &c, 1) && c; n++)
		to[n] = c > ' ' && c < 0x7f ? (char)c : '?';
	if (n == 0)
		return false;
	if (n < names->sh_size - at && n < ELF_SYMBOL_NAME && pos + n < nbytes) {
		to[n] = '\0';
		return true;
	}
	n = n < ELF_SYMBOL_NAME ? n : ELF_SYMBOL_NAME - 1;
	strcpy(to + (n > 3 ? n - 3 : 0), "...");
	return true;
}

static void check_name(const char *name)
{
	size_t n = strnlen(name, ELF_SYMBOL_NAME);

	fuzz_check(n > 0 && n < ELF_SYMBOL_NAME);
	for (size_t i = 0; i < n; i++)
		fuzz_check(name[i] > ' ' && name[i] < 0x7f);
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	struct elf_file file = { .read = read_bytes, .arg = &bytes };
	struct elf_symbol symbol;
	char name[ELF_SYMBOL_NAME];
	Elf64_Shdr symbols, names;
	Elf64_Sym best;
	uint64_t addr;
	int err;

	if (size < HEAD)
		return false;
	memcpy(&addr, data, 8);
	failing = data[8];
	bytes = data + HEAD;
	nbytes = size - HEAD;
	reads = 0;
	err = elf_find_symbol(&file, addr, &symbol);
	if (err == 0)
		check_name(symbol.name);
	else
		fuzz_equal(err, -ENOENT);
	if (failing && reads >= failing)
		return false;
	if (!get_tables(&symbols, &names) || !get_best(&symbols, addr, &best) ||
	    !get_name(&names, best.st_name, name)) {
		fuzz_equal(err, -ENOENT);
		return false;
	}
	fuzz_equal(err, 0);
	fuzz_check(strcmp(symbol.name, name) == 0);
	fuzz_equal(symbol.offset, addr - best.st_value);
	fuzz_equal(symbol.variable, ELF64_ST_TYPE(best.st_info) == STT_OBJECT);
	return true;
}
