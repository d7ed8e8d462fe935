/* SPDX-License-Identifier: MIT */
/* Looks an address up in the symbol table of an ELF64 file, a bounded piece at a time. */
#include "lib/elf_symbol.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"

#define SECTIONS_AT	40 /* where struct header_tail is in the ELF header */
#define CLASS_64	2
#define SECTION_SYMTAB	2u
#define SECTION_STRTAB	3u
#define INDEX_RESERVED	0xff00u
#define TYPE_NONE	0u
#define TYPE_OBJECT	1u
#define TYPE_FUNCTION	2u
#define TYPE_INDIRECT	10u
#define BIND_LOCAL	0u
#define LABEL_REACH	65536ul
#define SYMBOLS_AT_ONCE 24u

/* The ELF header from SECTIONS_AT on. */
struct header_tail {
	uint64_t shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct section {
	uint32_t name, type;
	uint64_t flags, addr, offset, size;
	uint32_t link, info;
	uint64_t addralign, entsize;
};

struct symbol {
	uint32_t name;
	uint8_t info, other;
	uint16_t index;
	uint64_t value, size;
};

_Static_assert(sizeof(struct header_tail) == 24, "as in the file");
_Static_assert(sizeof(struct section) == 64, "as in the file");
_Static_assert(sizeof(struct symbol) == 24, "as in the file");

/* How well a symbol fits. */
enum fit { FIT_NONE, FIT_BELOW, FIT_INSIDE };

static bool elf_file_read_all(const struct elf_file *file, uint64_t pos, void *to, size_t n)
{
	uint64_t end;

	if (add_overflows(pos, n, &end) || end > (uint64_t)INT64_MAX)
		return false;
	return file->read(file->arg, pos, to, n) == (ssize_t)n;
}

static bool elf_file_read_header(const struct elf_file *file, struct header_tail *tail)
{
	static const uint8_t magic[4] = { 0x7f, 'E', 'L', 'F' };
	uint8_t ident[16];

	if (!elf_file_read_all(file, 0, ident, sizeof(ident)) ||
	    memcmp(ident, magic, sizeof(magic)) != 0)
		return false;
	if (ident[4] != CLASS_64 || !elf_file_read_all(file, SECTIONS_AT, tail, sizeof(*tail)))
		return false;
	return tail->shoff != 0 && tail->shentsize == sizeof(struct section);
}

static bool read_section(const struct elf_file *file, const struct header_tail *tail,
			 unsigned index, struct section *ret)
{
	uint64_t pos;

	if (index >= tail->shnum || index >= ELF_SECTIONS_MAX)
		return false;
	if (add_overflows(tail->shoff, index * sizeof(*ret), &pos))
		return false;
	return elf_file_read_all(file, pos, ret, sizeof(*ret));
}

/* Finds the symbol table and its table of names. */
static bool find_tables(const struct elf_file *file, const struct header_tail *tail,
			struct section *symbols, struct section *names)
{
	for (unsigned i = 0; read_section(file, tail, i, symbols); i++) {
		if (symbols->type != SECTION_SYMTAB || symbols->entsize != sizeof(struct symbol))
			continue;
		return read_section(file, tail, symbols->link, names) &&
		       names->type == SECTION_STRTAB;
	}
	return false;
}

static enum fit fit_of(const struct symbol *symbol, vaddr_t addr)
{
	unsigned type = symbol->info & 15, bind = symbol->info >> 4;

	if (symbol->index == 0 || symbol->index >= INDEX_RESERVED || symbol->name == 0 ||
	    symbol->value > addr)
		return FIT_NONE;
	if (type == TYPE_NONE
		    ? bind == BIND_LOCAL
		    : type != TYPE_OBJECT && type != TYPE_FUNCTION && type != TYPE_INDIRECT)
		return FIT_NONE;
	if (symbol->size)
		return addr - symbol->value < symbol->size ? FIT_INSIDE : FIT_NONE;
	return addr - symbol->value < LABEL_REACH ? FIT_BELOW : FIT_NONE;
}

/* Is `symbol` better? If both fit equally well, the nearest one is, then one that is not local. */
static bool elf_symbol_is_better(const struct symbol *symbol, enum fit fit,
				 const struct symbol *best, enum fit best_fit)
{
	if (fit != best_fit)
		return fit > best_fit;
	if (fit == FIT_NONE || symbol->value != best->value)
		return fit != FIT_NONE && symbol->value > best->value;
	return best->info >> 4 == BIND_LOCAL && symbol->info >> 4 != BIND_LOCAL;
}

static enum fit find_best(const struct elf_file *file, const struct section *table, vaddr_t addr,
			  struct symbol *best)
{
	uint64_t count = MIN(table->size / sizeof(struct symbol), (uint64_t)ELF_SYMBOLS_MAX), done;
	struct symbol piece[SYMBOLS_AT_ONCE];
	enum fit best_fit = FIT_NONE;

	*best = (struct symbol){ 0 };
	for (done = 0; done < count; done += SYMBOLS_AT_ONCE) {
		size_t n = MIN(count - done, (uint64_t)SYMBOLS_AT_ONCE);
		uint64_t pos;

		if (add_overflows(table->offset, done * sizeof(struct symbol), &pos) ||
		    !elf_file_read_all(file, pos, piece, n * sizeof(piece[0])))
			break;
		for (size_t i = 0; i < n; i++) {
			enum fit fit = fit_of(&piece[i], addr);

			if (!elf_symbol_is_better(&piece[i], fit, best, best_fit))
				continue;
			*best = piece[i];
			best_fit = fit;
		}
	}
	return best_fit;
}

/* Characters that can't be printed are replaced, because names go into the log. */
static bool read_name(const struct elf_file *file, const struct section *names, uint32_t at,
		      char *name)
{
	uint64_t pos;
	ssize_t n;

	if (at >= names->size || add_overflows(names->offset, at, &pos) ||
	    pos > (uint64_t)INT64_MAX - ELF_SYMBOL_NAME)
		return false;
	n = file->read(file->arg, pos, name, MIN(names->size - at, (uint64_t)ELF_SYMBOL_NAME));
	if (n <= 0)
		return false;
	for (ssize_t i = 0; i < n; i++) {
		if (!name[i])
			return i > 0;
		if (name[i] <= ' ' || name[i] > '~')
			name[i] = '?';
	}
	n = MIN(n, (ssize_t)ELF_SYMBOL_NAME - 1);
	memcpy(name + MAX(n, 3) - 3, "...", 4);
	return true;
}

int elf_find_symbol(const struct elf_file *file, vaddr_t addr, struct elf_symbol *ret)
{
	struct section symbols, names;
	struct elf_symbol found;
	struct header_tail tail;
	struct symbol best;

	if (!elf_file_read_header(file, &tail) || !find_tables(file, &tail, &symbols, &names))
		return -ENOENT;
	if (find_best(file, &symbols, addr, &best) == FIT_NONE ||
	    !read_name(file, &names, best.name, found.name))
		return -ENOENT;
	found.offset = addr - best.value;
	found.variable = (best.info & 15) == TYPE_OBJECT;
	*ret = found;
	return 0;
}
