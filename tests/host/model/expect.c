/* SPDX-License-Identifier: MIT */
/* What an access must come to: the rules, said as naively as can be. */
#include "expect.h"

#include <string.h>

#include "busy.h"
#include "disk.h"

bool file_is_bad(unsigned file, uint64_t index)
{
	return index << PAGE_SHIFT < files[file].backed && disk_is_bad(file, index);
}

bool cell_reads_file(const struct cell *c)
{
	return c->file >= 0 && !c->own && c->from_file;
}

int cell_outcome(const struct cell *c, unsigned prot, unsigned right)
{
	if (!c->mapped)
		return VM_SEGV_MAPERR;
	if (right & ~prot)
		return VM_SEGV_ACCERR;
	if (c->store >= 0)
		return c->index < store_pages[c->store] ? 0 : VM_BUS;
	if (!cell_reads_file(c))
		return 0;
	if ((uint64_t)c->index << PAGE_SHIFT >= files[c->file].size)
		return VM_BUS;
	return file_is_bad((unsigned)c->file, c->index) ? VM_BUS : 0;
}

static unsigned char *file_page(const struct cell *c)
{
	return files[c->file].byte + ((size_t)c->index << PAGE_SHIFT);
}

static void make_own(struct cell *c)
{
	memcpy(c->bytes, file_page(c), c->from_file);
	memset(c->bytes + c->from_file, 0, PAGE_SIZE - c->from_file);
	c->own = true;
}

unsigned char *cell_bytes(struct cell *c, bool write)
{
	if (c->store >= 0)
		return stores[c->store] + ((size_t)c->index << PAGE_SHIFT);
	if (c->shared)
		return file_page(c);
	if (write && c->freed) { /* to what was there, or to zeros */
		c->freed = false;
		c->either = true;
	}
	if (cell_reads_file(c) && (write || c->from_file < PAGE_SIZE))
		make_own(c);
	return cell_reads_file(c) ? file_page(c) : c->bytes;
}

unsigned char cell_dropped_byte(const struct cell *c, unsigned off)
{
	if (c->file < 0 || off >= c->from_file)
		return 0;
	return file_page(c)[off];
}

size_t bytes_mapped(const struct model_space *m)
{
	size_t n = 1; /* the fence below the window */

	for (unsigned i = 0; i < CELLS; i++)
		n += m->cell[i].mapped;
	return n << PAGE_SHIFT;
}

bool limit_is_open(const struct model_space *m)
{
	return disturbed && (m->space.limit_as != UINT64_MAX || m->space.limit_data != UINT64_MAX);
}

static size_t bytes_of_data(const struct model_space *m)
{
	size_t n = 0;

	for (unsigned i = 0; i < CELLS; i++) {
		const struct cell *c = &m->cell[i];

		n += c->mapped && c->prot & VM_PROT_WRITE && !c->shared && !c->stack;
	}
	return n << PAGE_SHIFT;
}

bool expect_may_expand(const struct model_space *m, unsigned prot, bool data, size_t bytes)
{
	if (bytes_mapped(m) + bytes > m->space.limit_as)
		return false;
	return !data || !(prot & VM_PROT_WRITE) || bytes_of_data(m) + bytes <= m->space.limit_data;
}

/* The highest mapped page below the stack's page: is it far enough from `va`? */
static bool stack_gap_is_free(struct model_space *m, vaddr_t va)
{
	vaddr_t first = BELOW_VA;

	if (va < BELOW_VA)
		first = cell_va(region_start(cell_number(m, cell_of(m, va))));
	for (vaddr_t below = va - PAGE_SIZE; below >= first; below -= PAGE_SIZE) {
		const struct cell *c = cell_of(m, below);

		if (c && c->mapped)
			return c->stack || !c->prot || va - (below + PAGE_SIZE) >= STACK_GUARD_GAP;
	}
	return true;
}

/* The lowest mapped page above: what a stack there may grow down to. */
static struct cell *mapped_above(struct model_space *m, vaddr_t va, vaddr_t *va_ret)
{
	struct cell *c = cell_of(m, va);
	vaddr_t end = STACK_TOP;

	if (va < BELOW_VA)
		end = c ? cell_va(region_end(cell_number(m, c)) - 1) + PAGE_SIZE : 0;
	for (; va < end; va += PAGE_SIZE) {
		c = cell_of(m, va);
		*va_ret = va;
		if (c && c->mapped)
			return c;
	}
	return NULL;
}

/* The end of the stack's own VMA: where a verb has split it, the kernel knows. */
static vaddr_t stack_end(struct model_space *m, vaddr_t start)
{
	return vma_find(&m->space, start)->end;
}

static int grow(struct model_space *m, vaddr_t va)
{
	vaddr_t start = 0;
	struct cell *stack = mapped_above(m, va, &start);

	if (!stack || !stack->stack)
		return VM_SEGV_MAPERR;
	if (stack_end(m, start) - va > STACK_LIMIT || !stack_gap_is_free(m, va) ||
	    !expect_may_expand(m, 0, false, start - va))
		return start - va > STACK_GUARD_GAP ? VM_SEGV_MAPERR : VM_SEGV_STACK;
	for (vaddr_t at = va; at < start; at += PAGE_SIZE)
		cell_grow(cell_of(m, at), stack);
	return 0;
}

int expect_access(struct model_space *m, vaddr_t va, unsigned right)
{
	vaddr_t page = ALIGN_DOWN(va, PAGE_SIZE);
	struct cell *c = cell_of(m, page);
	int result = 0;

	if (m->dying)
		return VM_DYING;
	if (!c || !c->mapped) {
		result = grow(m, page);
		c = cell_of(m, page);
	}
	return result ? result : cell_outcome(c, c->prot, right);
}
