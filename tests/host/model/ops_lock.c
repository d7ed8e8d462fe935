/* SPDX-License-Identifier: MIT */
/* mlock and its kin, mincore and msync. */
#include "counts.h"
#include "expect.h"
#include "ops.h"
#include "peek.h"
#include "linux/mem/mem.h"

unsigned lock_right(unsigned prot)
{
	return (prot & VM_PROT_READ ? VM_PROT_READ : VM_PROT_EXEC) | ACCESS_POPULATE;
}

static void mark(struct cell *c, unsigned lock)
{
	c->locked = lock & VMA_LOCKED;
	c->onfault = lock & VMA_ONFAULT;
}

/* Up to the first page that is not mapped: 0 or -ENOMEM. */
static int mark_cells(struct model_space *m, unsigned from, unsigned to, unsigned lock)
{
	for (unsigned i = from; i < to; i++) {
		if (!m->cell[i].mapped)
			return -ENOMEM;
		mark(&m->cell[i], lock);
	}
	return 0;
}

/* What is locked is there, unless a fault is to bring it. */
static int fill_cells(struct model_space *m, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		const struct cell *c = &m->cell[i];

		if (!c->mapped || !c->locked || c->onfault)
			continue;
		if (model_populate(m, i, i + 1, lock_right(c->prot)))
			return -ENOMEM;
		expect(peek_present(m, i), "a locked page is missing");
	}
	return 0;
}

static void check_lock(struct model_space *m, unsigned from, unsigned to, unsigned lock, int result)
{
	int want = mark_cells(m, from, to, lock);

	if (is_loose(m) || killed || out_of_memory()) {
		settle_range(m, cell_va(from), (to - from) * PAGE_SIZE);
		peek_settle_flags(m, region_start(from), region_end(from));
		return;
	}
	if (!want && lock)
		want = fill_cells(m, from, to);
	counts.way[WAY_LOCK] += lock && to > from && !result;
	counts.way[WAY_LOCK_REFUSED] += lock && result;
	expect(result == want, "%s ended with %d, not %d", lock ? "mlock" : "munlock", result,
	       want);
}

/* The bytes at its ends need not be whole pages. */
void op_lock(const struct op *op)
{
	static const unsigned locks[] = { VMA_LOCKED, VMA_LOCKED | VMA_ONFAULT, 0 };
	struct model_space *m = space_at(op->arg[0]);
	unsigned from, to, lock = locks[(unsigned)op->arg[3] % 3];
	vaddr_t va;
	size_t len;
	int result;

	if (!m || m->locked)
		return;
	op_range(op, &from, &to);
	va = cell_va(from);
	len = (to - from) * PAGE_SIZE;
	if (len && op->arg[3] % 2) {
		va += 5;
		len -= 5 + PAGE_SIZE / 2;
	}
	verb_begin(m, BUSY_BYTES, from, to);
	do
		result = lock ? vm_lock(&m->space, va, len, lock) : vm_unlock(&m->space, va, len);
	while (!out_of_memory() && run_again(lock && result == -ENOMEM));
	check_lock(m, from, to, lock, result);
	verb_end(m);
}

/* VMA by VMA: what can't be filled in one does not keep the next from it. */
static void fill_all(struct model_space *m)
{
	unsigned end;

	for (unsigned i = 0; i < CELLS; i = end) {
		end = i + 1;
		if (!m->cell[i].mapped)
			continue;
		while (end < region_end(i) && cell_va(end) < peek_end(m, i))
			end++;
		(void)fill_cells(m, i, end);
	}
}

void op_lock_all(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);
	bool now = op->arg[1] & 1, future = op->arg[1] & 2;
	unsigned lock = op->arg[1] & 4 ? VMA_LOCKED | VMA_ONFAULT : VMA_LOCKED;

	if (!m || m->locked)
		return;
	verb_begin(m, BUSY_BYTES, 0, CELLS);
	vm_lock_all(&m->space, now ? lock : 0, future ? lock : 0);
	m->future = future;
	m->future_onfault = future && lock & VMA_ONFAULT;
	for (unsigned i = 0; i < CELLS && (now || !future); i++) {
		if (m->cell[i].mapped)
			mark(&m->cell[i], now ? lock : 0);
	}
	if (is_loose(m) || killed || out_of_memory() || swap_failed()) {
		settle_all(m);
		peek_settle_flags(m, 0, CELLS);
	} else if (now) {
		fill_all(m);
	}
	verb_end(m);
}

void op_mincore(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);
	unsigned char there[WINDOW_CELLS];
	unsigned from, to, n;
	ssize_t got;

	if (!m || m->locked || m->dying)
		return;
	op_range(op, &from, &to);
	n = (unsigned)((peek_end(m, from) - cell_va(from)) >> PAGE_SHIFT);
	note_out(m, from, to);
	m->locked++;
	got = vm_mincore(&m->space, cell_va(from), to - from, there);
	m->locked--;
	expect(got == (m->cell[from].mapped ? (ssize_t)MIN(n, to - from) : -ENOMEM),
	       "mincore ended with %ld", (long)got);
	for (ssize_t i = 0; i < got; i++) {
		unsigned cell = from + (unsigned)i;
		bool own = depth == 1 && m->cell[cell].own && !peek_out(m, cell, cell + 1);
		bool want = own || peek_present(m, cell);

		expect(there[i] == want, "mincore told %u of a page", there[i]);
	}
}

static int expected_sync(const struct model_space *m, unsigned from, unsigned to, unsigned flags)
{
	int holes = 0;

	for (unsigned i = from; i < to; i++) {
		if (!m->cell[i].mapped)
			holes = -ENOMEM;
		if (holes && flags == MS_ASYNC)
			return holes;
		if (m->cell[i].locked && flags & MS_INVALIDATE && plant != PLANT_LOCK)
			return -EBUSY;
	}
	return holes;
}

void op_sync(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);
	unsigned from, to, flags = (unsigned)op->arg[3] % 8;
	int result, want;

	if (!m || m->locked || m->dying)
		return;
	op_range(op, &from, &to);
	want = expected_sync(m, from, to, flags);
	note_out(m, from, to);
	m->locked++;
	result = vm_sync(&m->space, cell_va(from), (to - from) * PAGE_SIZE, flags);
	m->locked--;
	expect(result == want, "msync ended with %d, not %d", result, want);
}
