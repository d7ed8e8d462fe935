/* munmap, mprotect, madvise, brk and fork. */
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

/* mprotect that ended in the middle: each page has the old rights or the new ones, these first. */
static void check_protect_part(struct model_space *m, unsigned from, unsigned to, unsigned rights)
{
	bool old = false;

	for (unsigned i = from; i < to && m->cell[i].mapped; i++) {
		unsigned had = m->cell[i].rights;

		peek_settle_rights(m, i);
		expect(m->cell[i].rights == had || m->cell[i].rights == rights,
		       "mprotect gave other rights");
		if (had == rights)
			continue;
		expect(!old || m->cell[i].rights == had, "mprotect left out a part");
		old = m->cell[i].rights == had;
	}
}

static void check_protect(struct model_space *m, unsigned from, unsigned to, unsigned rights,
			  int result)
{
	bool limited = m->space.limit_as != UINT64_MAX || m->space.limit_data != UINT64_MAX;
	int want = 0;

	if (result == -ENOMEM && (limited || out_of_memory())) {
		check_protect_part(m, from, to, rights);
		return;
	}
	for (unsigned i = from; i < to && !want; i++) {
		if (!m->cell[i].mapped)
			want = -ENOMEM;
		else if (plant != PLANT_PROTECT || i != from + 2)
			m->cell[i].rights = (unsigned char)rights;
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
	unsigned from, to, rights = (unsigned)op->arg[3] % 8;
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
	busy.rights = depth == 1 ? rights_complete(rights) : busy.rights;
	result = vm_protect(&m->space, va, len,
			    rights | (op->verb == OP_GROWSDOWN ? PROT_GROWSDOWN : 0));
	verb_end(m);
	if (want)
		expect(result == want, "mprotect of a stack ended with %d, not %d", result, want);
	else if (!m->dying)
		check_protect(m, from, to, rights_complete(rights), result);
}

void op_drop(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);
	unsigned from, to;
	int result, want = 0;

	if (!m || m->locked)
		return;
	op_range(op, &from, &to);
	verb_begin(m, BUSY_DROP, from, to);
	result = vm_madvise(&m->space, cell_va(from), (to - from) * PAGE_SIZE, MADV_DONTNEED);
	verb_end(m);
	for (unsigned i = from; i < to; i++) {
		struct cell *c = &m->cell[i];

		want = c->mapped ? want : -ENOMEM;
		c->own = false;
		if (plant != PLANT_DROP && c->store < 0)
			memset(c->bytes, 0, PAGE_SIZE);
	}
	if (m->dying || (disturbed && from >= STACK_FIRST))
		return; /* a stack may have grown into it, before or after it was looked at */
	expect(result == want, "madvise ended with %d, not %d", result, want);
}

static int populate_error(int outcome)
{
	switch (outcome) {
	case 0:
		return 0;
	case VM_SEGV_ACCERR:
		return -EINVAL;
	case VM_BUS:
		return -EFAULT;
	default:
		return -ENOMEM;
	}
}

static void advise_populate(struct model_space *m, unsigned from, unsigned to, bool write)
{
	int result, want;

	verb_begin(m, BUSY_BYTES, from, to);
	result = vm_madvise(&m->space, cell_va(from), (to - from) * PAGE_SIZE,
			    write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
	if (is_loose(m) || killed || out_of_memory()) {
		settle_range(m, cell_va(from), (to - from) * PAGE_SIZE);
	} else {
		want = populate_error(
			model_populate(m, from, to, write ? RIGHT_WRITE : RIGHT_READ));
		expect(result == want, "filling ahead ended with %d, not %d", result, want);
	}
	verb_end(m);
}

static int expected_advice(const struct model_space *m, unsigned from, unsigned to, unsigned which)
{
	int want = 0;

	if (which == ADVISE_NONSENSE)
		return -EINVAL;
	for (unsigned i = from; i < to; i++) {
		const struct cell *c = &m->cell[i];

		if (which == ADVISE_FREE && c->mapped && (c->store >= 0 || c->file >= 0))
			return -EINVAL;
		want = c->mapped ? want : -ENOMEM;
	}
	return want;
}

void op_advise(const struct op *op)
{
	static const int advice[ADVISE_END] = { MADV_FREE, MADV_WILLNEED, 0, 0, 12345 };
	struct model_space *m = space_at(op->arg[0]);
	unsigned from, to, which = (unsigned)op->arg[3] % ADVISE_END;
	int result, want;

	if (!m || m->locked)
		return;
	op_range(op, &from, &to);
	if (which == ADVISE_READ || which == ADVISE_WRITE) {
		if (from < STACK_FIRST)
			advise_populate(m, from, to, which == ADVISE_WRITE);
		return;
	}
	verb_begin(m, BUSY_NONE, from, to);
	want = expected_advice(m, from, to, which);
	result = vm_madvise(&m->space, cell_va(from), (to - from) * PAGE_SIZE, advice[which]);
	verb_end(m);
	if (m->dying || (disturbed && from >= STACK_FIRST))
		return;
	expect(result == want, "an advice ended with %d, not %d", result, want);
}

/* The page that the break is in, if it is the heap's. */
static struct cell *break_cell(struct model_space *m)
{
	struct cell *c = cell_of(m, m->brk);

	return c && c->mapped && c->heap && c->rights & RIGHT_WRITE ? c : NULL;
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
	       (!mapped_in(m, old, new + 1) &&
		expect_may_expand(m, RIGHT_READ | RIGHT_WRITE, true, (new - old) * PAGE_SIZE));
}

static void commit_brk(struct model_space *m, vaddr_t brk)
{
	unsigned old = heap_cell(m->brk), new = heap_cell(brk);

	model_unmap(m, MIN(new, old), old);
	for (unsigned i = old; i < new; i++) {
		m->cell[i] = (struct cell){ .mapped = true, .heap = true, .store = -1, .file = -1 };
		m->cell[i].rights = RIGHT_READ | RIGHT_WRITE;
	}
	if (brk < m->brk)
		m->high = MIN(MAX(m->high, m->brk), ALIGN_UP(brk, PAGE_SIZE));
	else
		m->high = MAX(m->high, brk);
	m->brk = brk;
}

void op_brk(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);
	vaddr_t brk = HEAP_VA + (unsigned)op->arg[1] % ((HEAP_CELLS - 2) * PAGE_SIZE), got;
	bool may;

	if (!m || m->locked)
		return;
	may = may_move(m, brk);
	verb_begin(m, BUSY_UNMAP, MIN(heap_cell(brk), heap_cell(m->brk)), heap_cell(m->brk));
	got = vm_brk(&m->space, brk);
	verb_end(m);
	if (m->dying)
		return;
	if (out_of_memory() && got == m->brk && break_cell(m)) {
		peek_settle(m, (unsigned)(break_cell(m) - m->cell));
		return;
	}
	if (brk > m->brk && brk - HEAP_VA <= m->space.limit_data)
		clear_tail(m, brk);
	may = may && !((out_of_memory() || limit_is_open(m)) && got == m->brk);
	expect(got == (may ? brk : m->brk), "brk moved to %#lx, not %#lx", got - HEAP_VA,
	       (may ? brk : m->brk) - HEAP_VA);
	if (may)
		commit_brk(m, brk);
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
