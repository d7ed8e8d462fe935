/* SPDX-License-Identifier: MIT */
/* fault_classify over every combination, against the case table in words. */
#include "mm/fault/fault_classify.h"

#include "tests/host/lib/test.h"

#define RWX (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC)

/*
 * What the sentences of the table say, each asked on its own; the first of the table's order whose
 * sentence holds is expected. Nothing here follows the shape of the code under test.
 */
struct truth {
	const struct fault_facts *f;
	bool read, write, exec; /* what is wanted */
};

static bool page_is_held(const struct truth *t)
{
	switch (t->f->entry_state) {
	case ENTRY_PRESENT:
	case ENTRY_RESIDENT:
		return true;
	default:
		return false;
	}
}

static bool prot_cover(unsigned prot, const struct truth *t)
{
	if (t->read && !(prot & VM_PROT_READ))
		return false;
	if (t->write && !(prot & VM_PROT_WRITE))
		return false;
	return !t->exec || (prot & VM_PROT_EXEC);
}

static bool is_denied(const struct truth *t)
{
	return !prot_cover(t->f->vma_prot, t);
}

static bool is_user_wp(const struct truth *t)
{
	return page_is_held(t) && t->write && (t->f->entry_flags & ENTRY_WP) == ENTRY_WP;
}

static bool is_accessed(const struct truth *t)
{
	const struct fault_facts *f = t->f;
	bool marks_missing;

	if (!page_is_held(t))
		return false;
	if (!prot_cover(f->entry_prot, t))
		return !t->write; /* it lags behind its VMA */
	marks_missing = f->entry_state == ENTRY_RESIDENT || !(f->entry_flags & ENTRY_ACCESSED) ||
			(t->write && !(f->entry_flags & ENTRY_DIRTY));
	return marks_missing;
}

static bool is_spurious(const struct truth *t)
{
	return t->f->entry_state == ENTRY_PRESENT && prot_cover(t->f->entry_prot, t) &&
	       (t->f->entry_flags & ENTRY_ACCESSED) &&
	       (!t->write || (t->f->entry_flags & ENTRY_DIRTY));
}

static bool is_swapped(const struct truth *t)
{
	return t->f->entry_state == ENTRY_SWAP;
}

static bool is_fill(const struct truth *t)
{
	return t->f->entry_state == ENTRY_EMPTY;
}

static bool is_reuse(const struct truth *t)
{
	const struct fault_facts *f = t->f;
	bool pinned = f->page_flags & FACT_PINNED, cached = f->page_flags & FACT_SWAP_CACHED;
	bool alone = f->page_flags & FACT_SWAP_ALONE, read = f->refs > f->maps;

	return t->write && !f->vma_shared && f->page_kind == PAGE_ANON && f->maps == 1 &&
	       (pinned || (!read && (!cached || alone)));
}

static bool is_cow(const struct truth *t)
{
	return t->write && !t->f->vma_shared;
}

static enum fault_kind expected(const struct truth *t)
{
	static const struct {
		bool (*holds)(const struct truth *t);
		enum fault_kind kind;
	} table[] = {
		{ is_denied, FAULT_DENY_ACCERR }, { is_user_wp, FAULT_USER_WP },
		{ is_accessed, FAULT_ACCESSED },  { is_spurious, FAULT_SPURIOUS },
		{ is_swapped, FAULT_SWAPPED },	  { is_fill, FAULT_FILL },
		{ is_reuse, FAULT_REUSE },	  { is_cow, FAULT_COW },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].holds(t))
			return table[i].kind;
	}
	return FAULT_REMAP;
}

static unsigned long cases, seen[FAULT_KINDS];

static void check(const struct fault_facts *f)
{
	bool counts_as_write = (f->access & ACCESS_POPULATE) && !f->vma_shared &&
			       (f->vma_prot & VM_PROT_WRITE);
	struct truth t = {
		.f = f,
		.read = f->access & VM_PROT_READ && !counts_as_write,
		.write = (f->access & VM_PROT_WRITE) || counts_as_write,
		.exec = f->access & VM_PROT_EXEC && !counts_as_write,
	};
	enum fault_kind kind = fault_classify(f);

	if (kind != expected(&t))
		fail_msg(
			"%s, not %s: access %#x, VMA %u%s, entry %d %u %#x, page %d %#x maps %u refs %u",
			fault_kind_name(kind), fault_kind_name(expected(&t)), f->access,
			f->vma_prot, f->vma_shared ? " shared" : "", f->entry_state, f->entry_prot,
			f->entry_flags, f->page_kind, f->page_flags, f->maps, f->refs);
	cases++;
	seen[kind]++;
}

/* Every page, for an entry that holds one. */
static void over_pages(struct fault_facts *f)
{
	static const enum page_kind kinds[] = { PAGE_ZERO, PAGE_ANON, PAGE_OBJECT };
	static const uint32_t maps[] = { 1, 2, 3, UINT32_MAX };

	for (unsigned k = 0; k < 3; k++) {
		for (unsigned m = 0; m < 4; m++) {
			for (f->page_flags = 0; f->page_flags < 8; f->page_flags++) {
				f->page_kind = kinds[k];
				f->maps = f->refs = maps[m];
				check(f);
				if (maps[m] == UINT32_MAX)
					continue;
				f->refs++;
				check(f);
			}
		}
	}
}

static void over_entries(struct fault_facts *f)
{
	for (int state = ENTRY_EMPTY; state <= ENTRY_SWAP; state++) {
		f->entry_state = (enum entry_state)state;
		f->entry_prot = f->entry_flags = 0;
		if (state != ENTRY_PRESENT && state != ENTRY_RESIDENT) {
			check(f);
			continue;
		}
		for (f->entry_prot = 0; f->entry_prot <= RWX; f->entry_prot++) {
			for (f->entry_flags = 0; f->entry_flags < 16; f->entry_flags++) {
				/* entry_prot() has the W that is withheld */
				if ((f->entry_flags & ENTRY_WP) != ENTRY_WP ||
				    f->entry_prot & VM_PROT_WRITE)
					over_pages(f);
			}
		}
	}
}

static void over_vmas(unsigned access)
{
	for (unsigned prot = 0; prot <= RWX; prot++) {
		for (unsigned shared = 0; shared < 2; shared++) {
			struct fault_facts f = {
				.access = access,
				.vma_prot = prot,
				.vma_shared = shared,
			};

			if ((prot & VM_PROT_WRITE) && !(prot & VM_PROT_READ))
				continue; /* no VMA is like that (R94) */
			over_entries(&f);
		}
	}
}

TEST(every_combination)
{
	static const unsigned wanted[] = { VM_PROT_READ, VM_PROT_WRITE, VM_PROT_EXEC };

	for (unsigned i = 0; i < 3; i++) {
		over_vmas(wanted[i]);
		over_vmas(wanted[i] | ACCESS_POPULATE);
	}
	for (int kind = FAULT_DENY_ACCERR; kind < FAULT_KINDS; kind++)
		assert_true(seen[kind] > 0);
	print_message("# %lu combinations\n", cases);
}

/* The sentences that have a requirement's number. */

TEST(truly_read_only_is_denied) /* R61 */
{
	struct fault_facts f = { .access = VM_PROT_WRITE,
				 .vma_prot = VM_PROT_READ | VM_PROT_EXEC,
				 .entry_state = ENTRY_PRESENT,
				 .entry_prot = VM_PROT_READ,
				 .entry_flags = ENTRY_ACCESSED | ENTRY_COW,
				 .page_kind = PAGE_ANON,
				 .maps = 2 };

	assert_int_equal(FAULT_DENY_ACCERR, fault_classify(&f));
	f.vma_prot |= VM_PROT_WRITE;
	assert_int_equal(FAULT_COW, fault_classify(&f));
}

TEST(last_holder_reuses) /* R62 */
{
	struct fault_facts f = { .access = VM_PROT_WRITE,
				 .vma_prot = VM_PROT_READ | VM_PROT_WRITE,
				 .entry_state = ENTRY_PRESENT,
				 .entry_prot = VM_PROT_READ,
				 .entry_flags = ENTRY_ACCESSED | ENTRY_COW,
				 .page_kind = PAGE_ANON,
				 .maps = 1,
				 .refs = 1 };

	assert_int_equal(FAULT_REUSE, fault_classify(&f));
	f.refs = 2; /* somebody reads it */
	assert_int_equal(FAULT_COW, fault_classify(&f));
	f.page_flags = FACT_PINNED;
	assert_int_equal(FAULT_REUSE, fault_classify(&f));
	f.page_flags = 0;
	f.page_kind = PAGE_ZERO;
	assert_int_equal(FAULT_COW, fault_classify(&f));
	f.page_kind = PAGE_OBJECT;
	assert_int_equal(FAULT_COW, fault_classify(&f));
}

TEST(names)
{
	assert_string_equal("DENY_MAPERR", fault_kind_name(FAULT_DENY_MAPERR));
	assert_string_equal("REMAP", fault_kind_name(FAULT_REMAP));
	assert_string_equal("?", fault_kind_name(FAULT_KINDS));
}
