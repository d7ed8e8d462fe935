/* SPDX-License-Identifier: MIT */
/* Checks ELF headers (of ELF64), in the order of Linux and with its errors. */
#include "lib/elf.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/string.h"

#define ELF_CLASS_64	  2
#define ELF_TYPE_EXEC	  2
#define ELF_TYPE_DYN	  3
#define ELF_MACHINE_RISCV 243

#define ELF_PT_LOAD	 1u
#define ELF_PT_INTERP	 3u
#define ELF_PT_GNU_STACK 0x6474e551u

struct elf_ehdr {
	uint8_t ident[16];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint64_t entry;
	uint64_t phoff;
	uint64_t shoff;
	uint32_t flags;
	uint16_t ehsize;
	uint16_t phentsize;
	uint16_t phnum;
	uint16_t shentsize;
	uint16_t shnum;
	uint16_t shstrndx;
};

struct elf_phdr {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t vaddr;
	uint64_t paddr;
	uint64_t filesz;
	uint64_t memsz;
	uint64_t align;
};

_Static_assert(sizeof(struct elf_ehdr) == ELF_HEADER_BYTES, "as in the file");
_Static_assert(sizeof(struct elf_phdr) == ELF_PHDR_BYTES, "as in the file");

/* Checks all but the type. */
static bool elf_is_ours(const struct elf_ehdr *header)
{
	static const uint8_t magic[4] = { 0x7f, 'E', 'L', 'F' };

	if (memcmp(header->ident, magic, sizeof(magic)) != 0)
		return false;
	if (header->machine != ELF_MACHINE_RISCV || header->ident[4] != ELF_CLASS_64)
		return false;
	if (header->phentsize != ELF_PHDR_BYTES || header->phnum == 0 ||
	    header->phnum > ELF_PHNUM_MAX)
		return false;
	/* Offsets in files are signed. */
	return header->phoff <= INT64_MAX;
}

static bool elf_is_loadable(const struct elf_ehdr *header)
{
	return header->type == ELF_TYPE_EXEC || header->type == ELF_TYPE_DYN;
}

static struct elf_image elf_image_of(const struct elf_ehdr *header)
{
	return (struct elf_image){
		.is_dyn = header->type == ELF_TYPE_DYN,
		.entry = header->entry,
		.phoff = header->phoff,
		.phnum = header->phnum,
	};
}

int elf_parse_header(const void *buf, size_t bytes, struct elf_image *image)
{
	struct elf_ehdr header;

	if (bytes < sizeof(header))
		return -ENOEXEC;
	memcpy(&header, buf, sizeof(header));
	if (!elf_is_ours(&header) || !elf_is_loadable(&header))
		return -ENOEXEC;
	*image = elf_image_of(&header);
	return 0;
}

int elf_parse_interp_header(const void *buf, struct elf_image *image)
{
	struct elf_ehdr header;

	memcpy(&header, buf, sizeof(header));
	if (!elf_is_ours(&header))
		return -ELIBBAD;
	*image = elf_image_of(&header);
	image->is_interp = true;
	image->is_odd = !elf_is_loadable(&header);
	return 0;
}

/* Only the first PT_INTERP counts, and none in an interpreter. */
static int elf_note_interp(struct elf_image *image, const struct elf_phdr *ph)
{
	if (image->has_interp || image->is_interp)
		return 0;
	if (ph->filesz < 2 || ph->filesz > ELF_INTERP_MAX)
		return -ENOEXEC;
	image->has_interp = true;
	image->interp_offset = ph->offset;
	image->interp_bytes = ph->filesz;
	return 0;
}

/* Checks what Linux checks when it maps the segment: its place in the file and in memory. */
static int elf_check_load(const struct elf_limits *limits, const struct elf_image *image,
			  const struct elf_phdr *ph)
{
	uint64_t in_page = ph->vaddr & (limits->page_size - 1);
	uint64_t end;

	if (ph->filesz > ph->memsz)
		return -EINVAL;
	if (ph->filesz > 0 && !IS_ALIGNED(ph->offset - in_page, limits->page_size))
		return -EINVAL;
	if (add_overflows(ph->offset, ph->filesz, &end) || end > INT64_MAX)
		return -EINVAL;
	if (add_overflows(ph->vaddr, ph->memsz, &end) || end > limits->top)
		return ph->vaddr >= limits->top ? -ENOMEM : -EINVAL;
	if (!image->is_dyn && ph->memsz > 0 && ph->vaddr < limits->base)
		return -EPERM;
	return 0;
}

/*
 * Records where the program headers are in memory, if this segment has them. The last segment that
 * has them counts, as on Linux.
 */
static void elf_note_phdr(struct elf_image *image, const struct elf_phdr *ph)
{
	if (ph->offset <= image->phoff && image->phoff - ph->offset < ph->filesz)
		image->phdr = image->phoff - ph->offset + ph->vaddr;
}

/* Records a segment that was checked. */
static void elf_note_load(const struct elf_limits *limits, struct elf_image *image,
			  const struct elf_phdr *ph)
{
	vaddr_t low = ALIGN_DOWN(ph->vaddr, limits->page_size);
	vaddr_t high = ALIGN_UP(ph->vaddr + ph->memsz, limits->page_size);

	image->nsegments++;
	elf_note_phdr(image, ph);
	if (is_power_of_2(ph->align))
		image->align = MAX(image->align, ph->align);
	if (ph->memsz == 0)
		return;
	if (image->high == 0) {
		image->low = low;
		image->high = high;
	}
	image->low = MIN(image->low, low);
	image->high = MAX(image->high, high);
}

int elf_parse_phdrs(const struct elf_limits *limits, const void *phdrs, struct elf_image *image,
		    bool *late)
{
	const struct elf_phdr *ph = phdrs;
	int late_error = image->is_odd ? -EINVAL : 0;
	int r;

	*late = false;
	image->align = limits->page_size;
	for (unsigned i = 0; i < image->phnum; i++, ph++) {
		if (ph->type == ELF_PT_INTERP) {
			r = elf_note_interp(image, ph);
			if (r < 0)
				return r;
		} else if (ph->type == ELF_PT_GNU_STACK) {
			image->exec_stack = (ph->flags & ELF_X) != 0;
		} else if (ph->type == ELF_PT_LOAD && late_error == 0) {
			late_error = elf_check_load(limits, image, ph);
			if (late_error == 0)
				elf_note_load(limits, image, ph);
		}
	}
	/* What is position-independent must have some memory, and so must every interpreter. */
	if (late_error == 0 && (image->is_dyn || image->is_interp) && image->high == 0)
		late_error = -EINVAL;
	*late = late_error != 0;
	return late_error;
}

bool elf_next_segment(const struct elf_image *image, const void *phdrs, unsigned *index,
		      struct elf_segment *ret)
{
	while (*index < image->phnum) {
		const struct elf_phdr *ph = (const struct elf_phdr *)phdrs + (*index)++;

		if (ph->type != ELF_PT_LOAD)
			continue;
		*ret = (struct elf_segment){
			.vaddr = ph->vaddr,
			.memsz = ph->memsz,
			.filesz = ph->filesz,
			.offset = ph->offset,
			.flags = ph->flags & (ELF_R | ELF_W | ELF_X),
		};
		return true;
	}
	return false;
}
