/* SPDX-License-Identifier: MIT */
/* mremap: mappings grow where they are, shrink, and move. */
#include <string.h>

#include "counts.h"
#include "expect.h"
#include "ops.h"
#include "peek.h"

/* n cells from `from` on come to be `pages`, at `at`. */
struct remapping {
	struct model_space *m;
	unsigned from, n, to, pages, flags;
	unsigned at;
	bool named; /* the new place is: to be there, or a hint */
	bool moves, elsewhere;
	/* what goes before, whatever becomes of the rest */
	unsigned cleared, ncleared, tail, ntail;
	int result;
	bool committed;
};

static struct remapping outer;

static bool flags_are_good(const struct remapping *r)
{
	const unsigned known = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;

	if (r->flags & ~known || (r->flags != 0 && !(r->flags & MREMAP_MAYMOVE)))
		return false;
	return !(r->flags & MREMAP_DONTUNMAP) || r->n == r->pages;
}

static int check_resize(const struct remapping *r)
{
	const struct cell *c = &r->m->cell[r->from];
	unsigned more = r->flags & MREMAP_DONTUNMAP ? r->pages : r->pages - r->n;

	if (!c->mapped) /* the new place was over it */
		return -EFAULT;
	if (r->n == 0 && !c->shared)
		return -EINVAL;
	if (cell_va(r->from) + r->n * PAGE_SIZE > peek_end(r->m, r->from))
		return -EFAULT;
	if (more && !expect_may_expand(r->m, c->prot, !c->shared && !c->stack, more * PAGE_SIZE))
		return -ENOMEM;
	return 0;
}

/* Where the kernel likes, or out of sight. */
static int choose(struct remapping *r)
{
	bool hint = r->named && r->flags & MREMAP_DONTUNMAP;

	r->moves = true;
	if (hint && model_has_room(r->m, r->to, r->to + r->pages))
		r->at = r->to;
	else
		r->elsewhere = !model_highest_room(r->m, r->pages, &r->at);
	return 0;
}

/* As if those were gone already that go first. */
static int check_without_lost(struct remapping *r)
{
	bool mapped[CELLS];
	int result;

	for (unsigned i = 0; i < CELLS; i++) {
		mapped[i] = r->m->cell[i].mapped;
		if (i - r->cleared < r->ncleared || i - r->tail < r->ntail)
			r->m->cell[i].mapped = false;
	}
	result = check_resize(r);
	for (unsigned i = 0; i < CELLS; i++)
		r->m->cell[i].mapped = mapped[i];
	return result;
}

static int plan_move(struct remapping *r)
{
	int result;

	if (r->named && r->from + r->n > r->to && r->to + r->pages > r->from)
		return -EINVAL;
	if (r->flags & MREMAP_FIXED) {
		r->cleared = r->to;
		r->ncleared = r->pages;
	}
	if (r->n > r->pages) {
		r->tail = r->from + r->pages;
		r->ntail = r->n - r->pages;
		r->n = r->pages;
	}
	result = check_without_lost(r);
	if (result)
		return result;
	if (!(r->flags & MREMAP_FIXED))
		return choose(r);
	r->moves = true;
	r->at = r->to;
	return 0;
}

static int plan_resize(struct remapping *r)
{
	unsigned end = r->from + r->n;
	int result;

	r->at = r->from;
	if (r->n >= r->pages) {
		r->tail = r->from + r->pages;
		r->ntail = r->n - r->pages;
		r->n = r->pages;
		return 0;
	}
	result = check_resize(r);
	if (result)
		return result;
	if (peek_end(r->m, r->from) == cell_va(r->from) + r->n * PAGE_SIZE &&
	    model_is_free(r->m, end, r->from + r->pages))
		return 0;
	return r->flags & MREMAP_MAYMOVE ? choose(r) : -ENOMEM;
}

static int plan_remap(struct remapping *r)
{
	if (!flags_are_good(r) || r->pages == 0)
		return -EINVAL;
	if (!r->m->cell[r->from].mapped)
		return -EFAULT;
	return r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) ? plan_move(r) : plan_resize(r);
}

static void extend(struct model_space *m, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		cell_continue(&m->cell[i], &m->cell[i - 1]);
		memset(m->cell[i].bytes, 0, PAGE_SIZE);
	}
}

/* A page takes its place, with what has been done to it meanwhile. */
static void move_cell(struct remapping *r, unsigned from, unsigned to)
{
	struct cell *old = &r->m->cell[from], *new = &r->m->cell[to];
	bool either = new->either || old->either;

	if (depth > 1 && busy.m == r->m && busy.kind == BUSY_BYTES)
		either |= from >= busy.from && from < busy.to;
	*new = *old;
	new->either = either;
	new->heap = false;
}

static void leave_cell(struct remapping *r, unsigned i)
{
	struct cell *c = &r->m->cell[i];

	if (!(r->flags & MREMAP_DONTUNMAP)) {
		model_unmap(r->m, i, i + 1);
		return;
	}
	c->own = c->locked = c->onfault = false;
	memset(c->bytes, 0, PAGE_SIZE);
}

static void move_cells(struct remapping *r)
{
	unsigned moved = MAX(r->n, 1u);

	for (unsigned i = 0; i < moved && !r->elsewhere; i++)
		move_cell(r, r->from + i, r->at + i);
	if (!r->elsewhere)
		extend(r->m, r->at + moved, r->at + r->pages);
	if (!r->elsewhere && r->n == 0)
		r->m->cell[r->at].either = false;
	for (unsigned i = 0; i < r->n && plant != PLANT_REMAP; i++)
		leave_cell(r, r->from + i);
}

/* What was touched there may have been what moves already. */
static void clear_place(struct remapping *r)
{
	for (unsigned i = r->cleared; i < r->cleared + r->ncleared; i++) {
		bool either = r->m->cell[i].either;

		model_unmap(r->m, i, i + 1);
		r->m->cell[i].either = either;
	}
}

static void commit(struct remapping *r)
{
	if (r->committed)
		return;
	r->committed = true;
	clear_place(r);
	model_unmap(r->m, r->tail, r->tail + r->ntail);
	if (!r->result && r->moves)
		move_cells(r);
	else if (!r->result)
		extend(r->m, r->from + r->n, r->from + r->pages);
	if (depth == 1) {
		busy.kind = BUSY_BYTES; /* locked memory is filled from now on */
		busy.from = r->at;
		busy.to = r->at + r->pages;
	}
}

static void commit_outer(void)
{
	commit(&outer);
}

/* Out of sight: it goes at once. */
static void take_away(const struct remapping *r, vaddr_t at)
{
	memory_back();
	expect(!cell_of(r->m, at), "mremap found room where there is none");
	expect(vm_unmap(&r->m->space, at, r->pages * PAGE_SIZE) == 0, "it can't go");
}

static void count_way(const struct remapping *r)
{
	bool over = !r->result && !model_is_free(r->m, r->cleared, r->cleared + r->ncleared);
	bool moves = !r->result && r->moves && r->n;

	counts.way[WAY_REMAP_REFUSED] += r->result != 0;
	counts.way[WAY_REMAP_MOVE] += moves && peek_present(r->m, r->at);
	counts.way[WAY_REMAP_STACK] += moves && r->m->cell[r->from].stack;
	counts.way[WAY_REMAP_OVER] += moves && over;
	counts.way[WAY_REMAP_KEEP] += moves && r->flags & MREMAP_DONTUNMAP;
	counts.way[WAY_REMAP_AGAIN] += !r->result && r->n == 0;
	counts.way[WAY_REMAP_GROW] += !r->result && !r->moves && r->pages > r->n;
	counts.way[WAY_REMAP_SHRINK] += !r->result && r->ntail;
}

static void check_remap(struct remapping *r, int result, vaddr_t at)
{
	const struct cell *c;

	if (result == -ENOMEM && (out_of_memory() || limit_is_open(r->m))) {
		peek_settle_unmapped(r->m, r->cleared, r->cleared + r->ncleared);
		peek_settle_unmapped(r->m, r->tail, r->tail + r->ntail);
		return;
	}
	expect(result == r->result, "mremap ended with %d, not %d", result, r->result);
	count_way(r);
	commit(r);
	if (result)
		return;
	if (r->elsewhere) {
		if (disturbed)
			peek_settle_shared(); /* of cells that have gone */
		take_away(r, at);
		return;
	}
	expect(at == cell_va(r->at), "mremap chose another place");
	c = &r->m->cell[r->at];
	if (r->pages > r->n && c->locked && !c->onfault)
		model_fill(r->m, r->at + r->n, r->at + r->pages, lock_right(c->prot));
}

static void remap_begin(struct remapping *r)
{
	verb_begin(r->m, BUSY_MOVE, r->elsewhere ? 0 : r->at, r->elsewhere ? 0 : r->at + r->pages);
	if (depth > 1)
		return;
	note_seen(&r->m->cell[r->from]);
	outer = *r;
	busy.old = r->from;
	busy.nold = r->n;
	busy.commit = commit_outer;
}

void op_remap(const struct op *op)
{
	struct remapping plan = { .m = space_at(op->arg[0]) }, *r = depth > 1 ? &plan : &outer;
	unsigned asked, end;
	vaddr_t at = 0;
	int result;

	if (!plan.m || plan.m->locked)
		return;
	op_range(op, &plan.from, &end);
	asked = plan.n = end - plan.from;
	plan.to = (unsigned)op->arg[4] % CELLS;
	plan.flags = (unsigned)op->arg[5] % 16;
	plan.pages = (unsigned)op->arg[3] % (WINDOW_CELLS + 1);
	plan.pages = MIN(plan.pages, region_end(plan.from) - plan.from);
	if (plan.flags & MREMAP_FIXED)
		plan.pages = MIN(plan.pages, region_end(plan.to) - plan.to);
	plan.named = plan.flags & MREMAP_FIXED || plan.to + plan.pages <= WINDOW_CELLS;
	plan.result = plan_remap(&plan);
	note_out(plan.m, plan.from, plan.from + plan.n);
	remap_begin(&plan);
	result = vm_remap(&plan.m->space, cell_va(plan.from), asked * PAGE_SIZE,
			  plan.pages * PAGE_SIZE, plan.flags, plan.named ? cell_va(plan.to) : 0,
			  &at);
	check_remap(r, result, at);
	verb_end(plan.m);
}
