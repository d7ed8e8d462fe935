/* SPDX-License-Identifier: MIT */
/* madvise, msync, mincore and the locks. */
#include "vm_fuzz.h"

#define DONTNEED_LOCKED 24
#define POPULATE_READ	22
#define POPULATE_WRITE	23

/*
 * Left out: MADV_PAGEOUT, which on Linux drops what MADV_FREE has been told of (with the word `swaps` it takes the place of
 * MADV_FREE), and MADV_REMOVE and newer ones, which are not built (docs/ABI.md).
 */
static const struct {
	int advice;
	unsigned char weight, wide;
} advices[] = {
	{ MADV_DONTNEED, 30, 24 },
	{ MADV_FREE, 8, 16 },
	{ MADV_WILLNEED, 4, 4 },
	{ MADV_DONTFORK, 6, 6 },
	{ MADV_DOFORK, 8, 8 },
	{ MADV_WIPEONFORK, 6, 6 },
	{ MADV_KEEPONFORK, 5, 5 },
	{ MADV_NORMAL, 2, 2 },
	{ MADV_RANDOM, 2, 2 },
	{ MADV_SEQUENTIAL, 2, 2 },
	{ MADV_COLD, 2, 8 },
	{ MADV_HUGEPAGE, 3, 24 },
	{ MADV_NOHUGEPAGE, 1, 4 },
	{ MADV_DONTDUMP, 1, 1 },
	{ MADV_DODUMP, 1, 1 },
	{ DONTNEED_LOCKED, 4, 4 },
	{ POPULATE_READ, 6, 6 },
	{ POPULATE_WRITE, 6, 6 },
	{ 5, 1, 1 },
	{ 6, 1, 1 },
	{ 99, 1, 1 },
	{ -1, 1, 1 },
};

/* What may only be written may be read too, but not be populated by reading on Linux (docs/ABI.md). */
static bool only_writable(struct range r)
{
	for (unsigned i = r.first; i < r.first + r.n; i++)
		if ((cells[i].prot & PROT_UNKNOWN) || (cells[i].prot & RW) == PROT_WRITE)
			return true;
	return false;
}

static void keep_advice(struct range r, int advice, long value)
{
	if (value != 0 && value != -ENOMEM)
		return;
	arena_cut(r); /* on Linux most are flags of the mapping, which is split for them */
	if (advice == MADV_DONTFORK || advice == MADV_DOFORK)
		for (unsigned i = r.first; i < r.first + r.n; i++)
			cells[i].nofork = advice == MADV_DONTFORK;
}

void do_madvise(void)
{
	unsigned char weights[sizeof(advices) / sizeof(advices[0])];
	struct range r = one_in(8) ? range_any() : range_mapped();
	char *addr = at(r.first);
	size_t len = r.n * PAGE - (one_in(5) ? rnd(PAGE) : 0);
	int advice;
	long value;

	for (size_t i = 0; i < sizeof(weights); i++)
		weights[i] = wide ? advices[i].wide : advices[i].weight;
	advice = advices[pick(weights, sizeof(weights))].advice;
	if (advice == MADV_FREE && swaps)
		advice = MADV_PAGEOUT;
	if (advice == POPULATE_READ && only_writable(r))
		advice = POPULATE_WRITE;
	if (one_in(20))
		spoil(&addr, &len);
	if (len == 1ul << 40) /* advice goes beyond holes, and to the program's own memory */
		len = r.n * PAGE;
	value = CALL(SYS_madvise, addr, len, advice);
	tell(OP_MADVISE, value, "%u+%u, %#lx at %#lx, advice %d", r.first, r.n, len,
	     place((long)addr), advice);
	if (len > r.n * PAGE)
		r.n = area_end(r.first) - r.first;
	keep_advice(r, advice, value);
}

void do_msync(void)
{
	static const int all[] = { MS_SYNC, MS_ASYNC, MS_INVALIDATE,	  MS_SYNC | MS_INVALIDATE,
				   0,	    MS_ASYNC, MS_SYNC | MS_ASYNC, 8 };
	struct range r = one_in(8) ? range_any() : range_mapped();
	char *addr = at(r.first);
	size_t len = r.n * PAGE;
	int flags = all[rnd(8)];

	if (one_in(12))
		spoil(&addr, &len);
	tell(OP_MSYNC, CALL(SYS_msync, addr, len, flags), "%u+%u, %#lx at %#lx, flags %d", r.first,
	     r.n, len, place((long)addr), flags);
}

/*
 * What is not compared: which pages a child has, as Linux leaves to faults what was only read before, and pages of
 * files, as those that fallocate has made are told of on Linux once they were touched (docs/ABI.md).
 */
static bool may_tell(unsigned page)
{
	return !is_child && (!cells[page].mapped || cells[page].kind == KIND_PRIVATE ||
			     cells[page].kind == KIND_SHARED);
}

void do_mincore(void)
{
	struct range r = one_in(8) ? range_any() : range_mapped();
	static unsigned char vec[MOST_PAGES];
	char *addr = at(r.first), text[FEW_PAGES + HEAP_PAGES + 1] = { 0 };
	size_t len = r.n * PAGE;
	long value;

	memset(vec, 2, sizeof(vec));
	if (one_in(12))
		spoil(&addr, &len);
	value = CALL(SYS_mincore, addr, len, vec);
	for (unsigned i = 0; i < r.n && !wide; i++) { /* a huge page is there as a whole */
		text[i] = (char)(may_tell(r.first + i) ? '0' + vec[i] : '-');
		mix((uint64_t)text[i]);
	}
	tell(OP_MINCORE, value, "%u+%u, %#lx at %#lx: %s", r.first, r.n, len, place((long)addr),
	     text);
}

void do_lock(void)
{
	struct range r = one_in(8) ? range_any() : range_mapped();
	char *addr = at(r.first);
	size_t len = r.n * PAGE;
	unsigned what = rnd(8) | (swaps ? 4 : 0);
	long value;

	if (one_in(16))
		spoil(&addr, &len);
	if (what < 2) {
		value = CALL(SYS_mlock, addr, len);
		tell(OP_MLOCK, value, "%u+%u, %#lx at %#lx", r.first, r.n, len, place((long)addr));
	} else if (what < 4) {
		int flags = one_in(6) ? 2 : (int)rnd(2);

		value = CALL(SYS_mlock2, addr, len, flags);
		tell(OP_MLOCK2, value, "%u+%u, %#lx at %#lx, flags %d", r.first, r.n, len,
		     place((long)addr), flags);
	} else {
		value = CALL(SYS_munlock, addr, len);
		tell(OP_MUNLOCK, value, "%u+%u, %#lx at %#lx", r.first, r.n, len,
		     place((long)addr));
	}
	if (len > r.n * PAGE)
		r.n = area_end(r.first) - r.first;
	if (value != -EINVAL)
		arena_cut(r);
}

void do_lock_all(void)
{
	if (one_in(4) && !swaps) {
		int flags = (int)rnd(9);

		tell(OP_MLOCKALL, CALL(SYS_mlockall, flags), "%d", flags);
	} else {
		tell(OP_MUNLOCKALL, CALL(SYS_munlockall), " ");
	}
}
