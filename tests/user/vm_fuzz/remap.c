/* SPDX-License-Identifier: MIT */
/* mremap: in place, to a place of the arena, and to wherever the kernel likes, from where it is brought back. */
#include "vm_fuzz.h"

/*
 * Old ranges lie within what one call has mapped and no other has split: neighbours that are alike are one mapping
 * here, and not always on Linux, where a range over two is EFAULT (docs/ABI.md).
 */
struct move {
	struct range from, to;
	char *old, *new;
	size_t old_len, new_len;
	int flags;
	bool fixed;
};

static bool overlap(struct range a, struct range b)
{
	return a.first < b.first + b.n && b.first < a.first + a.n;
}

static void choose_target(struct move *m)
{
	unsigned most;

	for (int i = 0; i < 20; i++) {
		m->to = one_in(2) ? range_free() : range_any();
		most = area_end(m->to.first) - m->to.first;
		m->to.n = one_in(2) || (m->flags & MREMAP_DONTUNMAP) ? m->from.n
								     : 1 + rnd(m->from.n + 4);
		if (m->to.n <= most && !overlap(m->from, m->to))
			break;
	}
	if (m->to.n > most)
		m->to.n = most;
	m->new = at(m->to.first);
}

/* Before what is known to be another mapping, or none, the old range may reach beyond its own: EFAULT. */
static void reach_beyond(struct move *m)
{
	unsigned next = m->from.first + m->from.n;

	if (next >= area_end(m->from.first))
		return;
	if (!cells[next].mapped || cells[next].kind != cells[next - 1].kind)
		m->old_len += PAGE;
}

static void spoil_move(struct move *m)
{
	switch (rnd(7)) {
	case 0:
		m->flags |= 8;
		break;
	case 1:
		m->new_len = 0;
		break;
	case 2:
		m->flags = MREMAP_FIXED;
		break;
	case 3:
		m->flags = MREMAP_DONTUNMAP | (int)rnd(2);
		m->new_len += PAGE;
		break;
	case 4:
		if (m->fixed)
			m->new += 1 + rnd(PAGE - 1);
		else
			m->old += 1 + rnd(PAGE - 1);
		break;
	case 5:
		reach_beyond(m);
		break;
	default:
		if (m->fixed)
			m->new = m->old;
		else
			m->new_len = 1ul << 40;
		break;
	}
}

static void choose_move(struct move *m)
{
	static const unsigned char weights[] = { 4, 3, 4, 2 };

	m->from = range_one();
	switch (pick(weights, 4)) {
	case 0: /* in place, if it can be */
		m->to = m->from;
		m->to.n = one_in(2) ? m->from.n + 1 + rnd(6) : 1 + rnd(m->from.n);
		m->flags = one_in(3) ? MREMAP_MAYMOVE : 0;
		break;
	case 1: /* away */
		m->flags = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
		m->to = m->from;
		break;
	case 2:
		m->fixed = true;
		m->flags = MREMAP_MAYMOVE | MREMAP_FIXED;
		break;
	default:
		m->fixed = true;
		m->flags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
		break;
	}
	if (m->fixed)
		choose_target(m);
	else if (m->to.first + m->to.n > area_end(m->to.first))
		m->to.n = area_end(m->to.first) - m->to.first;
}

/* What the kernel has put somewhere else comes to a place of the arena. */
static bool bring_back(struct move *m, long value)
{
	size_t len = m->new_len;
	long back;

	m->to = range_any();
	m->to.n = (unsigned)(len / PAGE);
	if (m->to.first + m->to.n > area_end(m->to.first))
		m->to.first = 0;
	back = CALL(SYS_mremap, value, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, at(m->to.first));
	tell(OP_MREMAP, place(back), "back, %u+%u", m->to.first, m->to.n);
	return back >= 0;
}

static void keep_move(struct move *m, long value)
{
	struct cell what = cells[m->from.first];
	unsigned page;
	bool in_place = value == (long)m->old;

	if (in_place && m->new_len < m->old_len) {
		m->from.first += m->to.n;
		m->from.n -= m->to.n;
		arena_unmap(m->from);
		return;
	}
	if (!in_place && m->old_len != 0 && !(m->flags & MREMAP_DONTUNMAP))
		arena_unmap(m->from);
	else if (!in_place)
		arena_cut(m->from);
	if (!page_of((void *)value, &page) && !bring_back(m, value)) {
		arena_sync(m->to);
		return;
	}
	arena_map(m->to, what.prot, what.kind, what.grows);
	for (unsigned i = m->to.first; i < m->to.first + m->to.n; i++)
		cells[i].nofork = what.nofork;
}

static void unlock(struct range r)
{
	if (r.n == 0)
		return;
	tell(OP_MUNLOCK, CALL(SYS_munlock, at(r.first), r.n * PAGE), "%u+%u", r.first, r.n);
	arena_cut(r);
}

/* With MREMAP_DONTUNMAP of a part Linux unlocks all of the old mapping, and not the part alone (docs/ABI.md). */
static void unlock_around(struct range r)
{
	unsigned first = r.first, end = r.first + r.n;

	while (first != 0 && first != main_pages && cells[first - 1].mapped)
		first--;
	while (end < area_end(r.first) && cells[end].mapped)
		end++;
	unlock((struct range){ first, r.first - first });
	unlock((struct range){ r.first + r.n, end - r.first - r.n });
}

void do_mremap(void)
{
	struct move m = { 0 };
	long value;

	choose_move(&m);
	m.old = at(m.from.first);
	m.old_len = m.from.n * PAGE;
	m.new_len = m.to.n * PAGE;
	if (m.fixed && one_in(8) && cells[m.from.first].kind == KIND_FILE)
		m.old_len = 0; /* once more */
	if (one_in(10))
		spoil_move(&m);
	if (m.flags & MREMAP_DONTUNMAP)
		unlock_around(m.from);
	value = CALL(SYS_mremap, m.old, m.old_len, m.new_len, m.flags, m.new);
	tell(OP_MREMAP, place(value), "%u+%u, %#lx to %#lx, flags %d, to %u", m.from.first,
	     m.from.n, m.old_len, m.new_len, m.flags, m.fixed ? m.to.first : npages());
	if (value >= 0)
		keep_move(&m, value);
	if (value < 0 && m.fixed) { /* what was there may be gone, and the old end cut off */
		arena_sync(m.to);
		arena_sync(m.from);
	}
}
