/* SPDX-License-Identifier: MIT */
/* All that can be seen: which pages are mapped, whether they can be read, and their bytes; the files' too. */
#include "vm_fuzz.h"

/* Four words a turn: this is most of what the program does. */
uint64_t page_hash(const void *page)
{
	const uint64_t *words = page;
	uint64_t a = 1, b = 2, c = 3, d = 4;

	for (size_t i = 0; i < PAGE / sizeof(*words); i += 4) {
		a = (a ^ words[i]) * 0x9e3779b97f4a7c15;
		b = (b ^ words[i + 1]) * 0xbf58476d1ce4e5b9;
		c = (c ^ words[i + 2]) * 0x94d049bb133111eb;
		d = (d ^ words[i + 3]) * 0xff51afd7ed558ccd;
		a ^= a >> 31;
		b ^= b >> 29;
		c ^= c >> 30;
		d ^= d >> 32;
	}
	return a ^ b << 1 ^ c << 2 ^ d << 3;
}

/* What is not mapped is not touched: a stack might grow there. */
static void look_at(unsigned page)
{
	uint64_t value = 0;
	unsigned char vec;
	bool mapped = mincore(at(page), PAGE, &vec) == 0, readable;

	readable = mapped && try_access(LOAD_BYTE, at(page), &value);
	mix((uint64_t)mapped << 1 | readable);
	value = readable ? page_hash(at(page)) : 0;
	mix(value);
	if (mapped)
		note("page %u: %#lx", page, (long)(value >> 32));
}

void do_look(void)
{
	for (unsigned i = 0; i < npages(); i++)
		look_at(i);
	files_look();
	tell(OP_LOOK, 0, " ");
}
