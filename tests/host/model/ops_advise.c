/* SPDX-License-Identifier: MIT */
/* madvise: what is given back, filled ahead, and noted for a child. */
#include <string.h>

#include "counts.h"
#include "expect.h"
#include "ops.h"
#include "peek.h"

static void model_drop(struct cell *c)
{
	c->own = false;
	if (plant != PLANT_DROP && !c->shared)
		memset(c->bytes, 0, PAGE_SIZE);
}

/* A stack may have grown into the region, before or after it was looked at. */
static bool may_have_grown(const struct model_space *m, unsigned from)
{
	for (unsigned i = from; i < region_end(from) && disturbed; i++) {
		if (m->cell[i].stack)
			return true;
	}
	return false;
}

void op_drop(const struct op *op)
{
	struct model_space *m = space_at(op->arg[0]);
	unsigned from, to;
	bool even_locked = op->arg[3] % 2;
	int result, want = 0;

	if (!m || m->locked)
		return;
	op_range(op, &from, &to);
	verb_begin(m, BUSY_DROP, from, to);
	result = vm_madvise(&m->space, cell_va(from), (to - from) * PAGE_SIZE,
			    even_locked ? MADV_DONTNEED_LOCKED : MADV_DONTNEED);
	verb_end(m);
	for (unsigned i = from; i < to && want != -EINVAL; i++) {
		struct cell *c = &m->cell[i];

		want = c->mapped ? want : -ENOMEM;
		want = c->locked && !even_locked ? -EINVAL : want;
		if (want != -EINVAL)
			model_drop(c);
	}
	if (m->dying || may_have_grown(m, from))
		return;
	counts.way[WAY_KEPT_LOCKED] += want == -EINVAL;
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
	do
		result = vm_madvise(&m->space, cell_va(from), (to - from) * PAGE_SIZE,
				    write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
	while (!out_of_memory() && run_again(result == -EFAULT));
	if (is_loose(m) || killed || out_of_memory()) {
		settle_range(m, cell_va(from), (to - from) * PAGE_SIZE);
	} else {
		want = populate_error(
			model_populate(m, from, to, write ? VM_PROT_WRITE : VM_PROT_READ));
		expect(result == want, "filling ahead ended with %d, not %d", result, want);
	}
	verb_end(m);
}

/* What a child is to get of a page. */
static void mark(struct cell *c, unsigned which)
{
	switch (which) {
	case ADVISE_DONTFORK:
	case ADVISE_DOFORK:
		c->dontfork = which == ADVISE_DONTFORK;
		break;
	case ADVISE_WIPE:
	case ADVISE_KEEP:
		c->wipe = which == ADVISE_WIPE;
		break;
	case ADVISE_FREE:
		c->freed = true;
		break;
	default:
		break;
	}
}

static bool is_refused(const struct cell *c, unsigned which)
{
	bool has_object = c->store >= 0 || c->file >= 0;

	switch (which) {
	case ADVISE_FREE:
		return has_object || c->locked;
	case ADVISE_COLD:
	case ADVISE_PAGEOUT:
		return c->locked;
	case ADVISE_WIPE:
		return has_object;
	default:
		return false;
	}
}

/* Part after part, up to the first that refuses; holes are told of in the end. */
static int model_advise(struct model_space *m, unsigned from, unsigned to, unsigned which)
{
	int want = 0;

	if (which == ADVISE_NONSENSE)
		return -EINVAL;
	for (unsigned i = from; i < to; i++) {
		struct cell *c = &m->cell[i];

		if (!c->mapped)
			want = -ENOMEM;
		else if (is_refused(c, which))
			return -EINVAL;
		else
			mark(c, which);
	}
	return want;
}

static void check_advice(struct model_space *m, unsigned from, unsigned to, unsigned which,
			 int result)
{
	int want = model_advise(m, from, to, which);

	if ((result == -EAGAIN && out_of_memory()) || m->dying || may_have_grown(m, from)) {
		peek_settle_flags(m, region_start(from), region_end(from));
		return;
	}
	expect(result == want, "an advice ended with %d, not %d", result, want);
}

void op_advise(const struct op *op)
{
	static const int advice[ADVISE_END] = { MADV_FREE,   MADV_WILLNEED,   0,
						0,	     12345,	      MADV_DONTFORK,
						MADV_DOFORK, MADV_WIPEONFORK, MADV_KEEPONFORK,
						MADV_COLD,   MADV_PAGEOUT };
	struct model_space *m = space_at(op->arg[0]);
	unsigned from, to, which = (unsigned)op->arg[3] % ADVISE_END;
	int result;

	if (!m || m->locked)
		return;
	op_range(op, &from, &to);
	if (which == ADVISE_READ || which == ADVISE_WRITE) {
		advise_populate(m, from, to, which == ADVISE_WRITE);
		return;
	}
	if (which == ADVISE_FREE) /* it may be dropped from now on */
		(void)model_advise(m, from, to, which);
	verb_begin(m, BUSY_NONE, from, to);
	result = vm_madvise(&m->space, cell_va(from), (to - from) * PAGE_SIZE, advice[which]);
	check_advice(m, from, to, which, result);
	verb_end(m);
}
