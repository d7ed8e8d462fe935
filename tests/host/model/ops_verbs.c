/* SPDX-License-Identifier: MIT */
/* munmap, mprotect, brk and fork. */
#include <string.h>

#include "counts.h"
#include "expect.h"
#include "ops.h"
#include "peek.h"

void op_unmap(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);
	unsigned from, to;
	int result;

	if (!m || m->locked)
		return;
	op_range(op, &from, &to);
	verb_begin(m, BUSY_UNMAP, from, to);
	result = vm_unmap(&m->space, cell_va(from), (to - from) * PAGE_SIZE);
	verb_end(m);
	if (result == -ENOMEM && out_of_memory())
		return;
	expect(result == (from == to ? -EINVAL : 0), "munmap ended with %d", result);
	model_unmap(m, from, to);
}

/* mprotect that ended in the middle: each page has the old permissions or the new ones, these first. */
static void check_protect_part(struct model_space *m, unsigned from, unsigned to, unsigned prot)
{
	bool old = false;

	for (unsigned i = from; i < to && m->cell[i].mapped; i++) {
		unsigned had = m->cell[i].prot;

		peek_settle_prot(m, i);
		expect(m->cell[i].prot == had || m->cell[i].prot == prot,
		       "mprotect gave other rights");
		if (had == prot)
			continue;
		expect(!old || m->cell[i].prot == had, "mprotect left out a part");
		old = m->cell[i].prot == had;
	}
}

/* Locked memory that may be written from now on has been filled: of a file, it has copies by now. */
static void settle_locked(struct model_space *m, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct cell *c = &m->cell[i];

		if (!c->locked || c->shared || c->file < 0 || !(c->prot & VM_PROT_WRITE))
			continue;
		if (depth > 1)
			c->either = true;
		else
			peek_settle(m, i);
	}
}

static void check_protect(struct model_space *m, unsigned from, unsigned to, unsigned prot,
			  int result)
{
	bool limited = m->space.limit_as != UINT64_MAX || m->space.limit_data != UINT64_MAX;
	int want = 0;

	if (result == -ENOMEM && (limited || out_of_memory())) {
		check_protect_part(m, from, to, prot);
		return;
	}
	for (unsigned i = from; i < to && !want; i++) {
		if (!m->cell[i].mapped)
			want = -ENOMEM;
		else if (m->cell[i].unwritable && prot & VM_PROT_WRITE)
			want = -EACCES;
		else if (plant != PLANT_PROTECT || i != from + 2)
			m->cell[i].prot = (unsigned char)prot;
	}
	expect(result == want, "mprotect ended with %d, not %d", result, want);
}

/* PROT_GROWSDOWN: from where the stack begins, that is, its part. */
static int grows_from(struct model_space *m, unsigned *from, unsigned to)
{
	struct vma *vma = vma_find_next(&m->space, cell_va(*from));

	if (!vma || vma->start >= cell_va(*from) + (to - *from) * PAGE_SIZE)
		return -ENOMEM;
	if (!(vma->flags & VMA_STACK))
		return -EINVAL;
	*from = (unsigned)(cell_of(m, vma->start) - m->cell);
	return 0;
}

void op_protect(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);
	unsigned from, to, prot = (unsigned)op->arg[3] % 8;
	int result, want = 0;
	vaddr_t va;
	size_t len;

	if (!m || m->locked)
		return;
	op_range(op, &from, &to);
	va = cell_va(from);
	len = (to - from) * PAGE_SIZE;
	if (op->verb == OP_GROWSDOWN && len)
		want = grows_from(m, &from, to);
	verb_begin(m, BUSY_PROTECT, from, to);
	busy.prot = depth == 1 ? prot_complete(prot) : busy.prot;
	result = vm_protect(&m->space, va, len,
			    prot | (op->verb == OP_GROWSDOWN ? PROT_GROWSDOWN : 0));
	verb_end(m);
	if (want)
		expect(result == want, "mprotect of a stack ended with %d, not %d", result, want);
	else if (!m->dying)
		check_protect(m, from, to, prot_complete(prot), result);
	settle_locked(m, from, to);
}

/* The page that the break is in, if it is the heap's. */
static struct cell *break_cell(struct model_space *m)
{
	struct cell *c = cell_of(m, m->brk);

	return c && c->mapped && c->heap && c->prot & VM_PROT_WRITE ? c : NULL;
}

/* Bytes above the break that were heap once read as zeros when they are again (R24). */
static void clear_tail(struct model_space *m, vaddr_t brk)
{
	vaddr_t high = MIN(brk, m->high);
	struct cell *c = high > m->brk ? break_cell(m) : NULL;

	if (c && plant != PLANT_BRK)
		memset(cell_bytes(c, true) + (m->brk & PAGE_MASK), 0, high - m->brk);
}

static unsigned heap_cell(vaddr_t va)
{
	return HEAP_FIRST + (unsigned)((ALIGN_UP(va, PAGE_SIZE) - HEAP_VA) >> PAGE_SHIFT);
}

static unsigned mapped_in(const struct model_space *m, unsigned from, unsigned to)
{
	unsigned n = 0;

	for (unsigned i = from; i < to; i++)
		n += m->cell[i].mapped;
	return n;
}

static bool may_move(const struct model_space *m, vaddr_t brk)
{
	unsigned old = heap_cell(m->brk), new = heap_cell(brk);

	if (brk - HEAP_VA > m->space.limit_data)
		return false;
	if (new < old)
		return mapped_in(m, new, old);
	return new == old ||
	       (!mapped_in(m, old, new + 1) && model_has_room(m, old, new + 1) &&
		expect_may_expand(m, VM_PROT_READ | VM_PROT_WRITE, true, (new - old) * PAGE_SIZE));
}

static void commit_brk(struct model_space *m, vaddr_t brk)
{
	unsigned old = heap_cell(m->brk), new = heap_cell(brk);

	model_unmap(m, MIN(new, old), old);
	for (unsigned i = old; i < new; i++) {
		m->cell[i] = (struct cell){ .mapped = true, .heap = true, .store = -1, .file = -1 };
		m->cell[i].prot = VM_PROT_READ | VM_PROT_WRITE;
		m->cell[i].locked = m->future;
		m->cell[i].onfault = m->future_onfault;
	}
	if (brk < m->brk)
		m->high = MIN(MAX(m->high, m->brk), ALIGN_UP(brk, PAGE_SIZE));
	else
		m->high = MAX(m->high, brk);
	m->brk = brk;
}

/* The one that runs by itself; pages of a break that is raised are filled when they are there. */
static struct {
	struct model_space *m;
	vaddr_t brk, old;
	bool done;
} raised;

static void commit_raised(void)
{
	if (!peek_is_mapped(raised.m, heap_cell(raised.m->brk)))
		return;
	raised.done = true;
	busy.kind = BUSY_BYTES;
	busy.again = NULL;
	clear_tail(raised.m, raised.brk);
	commit_brk(raised.m, raised.brk);
}

static void brk_begin(struct model_space *m, vaddr_t brk, bool may)
{
	unsigned old = heap_cell(m->brk), new = heap_cell(brk);

	verb_begin(m, BUSY_UNMAP, MIN(new, old), MAX(new, old));
	if (depth > 1)
		return;
	raised.m = m;
	raised.brk = brk;
	raised.old = m->brk;
	raised.done = false;
	if (may && new > old && m->future)
		busy.again = commit_raised;
}

static void fill_raised(struct model_space *m, unsigned from, unsigned to)
{
	if (from < to && m->future && !m->future_onfault)
		model_fill(m, from, to, VM_PROT_READ | ACCESS_POPULATE);
}

/* The page of the break may not have come: it is left as it is. */
static bool gave_out(void)
{
	return out_of_memory() || swap_failed() || killed || gave_up;
}

/* false: it is refused, or was done already. */
static bool brk_may(struct model_space *m, vaddr_t brk, vaddr_t old, vaddr_t got, bool may)
{
	if (depth == 1 && raised.done) {
		expect(got == brk, "brk is refused after all");
		return false;
	}
	may = may && !((gave_out() || limit_is_open(m)) && got == old);
	expect(got == (may ? brk : old), "brk moved to %#lx, not %#lx", got - HEAP_VA,
	       (may ? brk : old) - HEAP_VA);
	return may;
}

static void check_brk(struct model_space *m, vaddr_t brk, vaddr_t got, bool may)
{
	vaddr_t old = depth == 1 && raised.done ? raised.old : m->brk;

	if (m->dying)
		return;
	if (gave_out() && got == old && break_cell(m)) {
		peek_settle(m, cell_number(m, break_cell(m)));
		return;
	}
	if (brk > m->brk && brk - HEAP_VA <= m->space.limit_data)
		clear_tail(m, brk);
	if (brk_may(m, brk, old, got, may))
		commit_brk(m, brk);
	if (got == brk)
		fill_raised(m, heap_cell(old), heap_cell(brk));
}

void op_brk(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);
	vaddr_t brk = HEAP_VA + (unsigned)op->arg[1] % ((HEAP_CELLS - 2) * PAGE_SIZE);
	bool may;

	if (!m || m->locked)
		return;
	may = may_move(m, brk);
	brk_begin(m, brk, may);
	check_brk(m, brk, vm_brk(&m->space, brk), may);
	verb_end(m);
}

/* A child has no locks, and not what it is not to have. */
static void inherit(struct model_space *child)
{
	for (unsigned i = 0; i < CELLS; i++) {
		struct cell *c = &child->cell[i];

		c->locked = c->onfault = false;
		counts.way[WAY_NO_CHILD] += c->dontfork;
		counts.way[WAY_WIPED] += c->wipe;
		if (c->dontfork && plant != PLANT_FORK)
			model_unmap(child, i, i + 1);
		else if (c->wipe)
			memset(c->bytes, 0, PAGE_SIZE);
	}
}

/* What the child has of a parent that went on meanwhile, the kernel says. */
static void commit_fork(struct model_space *m, struct model_space *child)
{
	memcpy(child->cell, m->cell, sizeof(m->cell));
	child->brk = m->brk;
	child->high = m->high;
	child->alive = true;
	if (depth > 1 && busy.m == m && busy.kind == BUSY_BYTES) {
		for (unsigned i = busy.from; i < busy.to; i++)
			child->cell[i].either = true;
	}
	inherit(child);
	peek_settle_stack(child);
}

void op_fork(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);
	struct model_space *child = &spaces_[(unsigned)op->arg[1] % SPACES];
	int result;

	if (!m || m->locked || child->alive || child->locked || child->users)
		return;
	memset(child, 0, sizeof(*child));
	child->locked++;
	result = space_create(&child->space);
	if (result) {
		expect(out_of_memory(), "no memory for a child");
		child->locked--;
		return;
	}
	verb_begin(m, BUSY_FORK, 0, CELLS);
	result = vm_fork(&m->space, &child->space);
	verb_end(m);
	child->locked--;
	if (!result)
		commit_fork(m, child);
	else
		space_end(child);
	if (!m->dying)
		expect(result == 0 || (result == -EINTR && killed && depth == 1) ||
			       (result == -ENOMEM && out_of_memory()),
		       "fork ended with %d", result);
}
