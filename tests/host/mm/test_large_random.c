/* SPDX-License-Identifier: MIT */
/* Random verbs on parts of blocks that large entries map, in spaces that fork, against arrays of pages. */
#include "large.h"
#include "one_swap.h"

#include <stdio.h>

#include "arch/hart.h"
#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/get_user_page.h"

#define BLOCKS	   6u
#define PAGES	   (BLOCKS * BLOCK)
#define SPACES	   4u
#define PINS	   6u
#define AREA_SLOTS 8192u
#define AT_BYTE	   8u /* where a page has its byte; all others are 0 */

struct cell {
	bool mapped, locked;
	bool freed; /* since MADV_FREE: it may be zeros any time, and stays so */
	unsigned char prot, byte;
	unsigned age; /* changes when the page is another one */
};

static struct model {
	bool alive;
	struct space space;
	struct cell cell[PAGES];
} models[SPACES];

/* Pages that are pinned. */
static struct pin {
	struct model *of;
	struct page *page;
	size_t at;
	unsigned age;
} pins[PINS];

static unsigned next_age;

/* ---- random numbers ---- */

static uint64_t state;

static unsigned below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 20) % n;
}

/* Borders that blocks have, or that are near these, or anywhere. */
static size_t random_border(void)
{
	size_t at = below(BLOCKS + 1) * BLOCK;

	if (below(2))
		at = at + below(7) - 3;
	if (below(3) == 0)
		at = below(PAGES + 1);
	return MIN(at, (size_t)PAGES);
}

struct range {
	size_t first, end;
};

static struct range random_range(void)
{
	size_t a = random_border(), b = below(3) ? random_border() : a + 1 + below(9);

	b = MIN(b, (size_t)PAGES);
	if (a == b)
		return (struct range){ b ? b - 1 : 0, b ? b : 1 };
	return (struct range){ MIN(a, b), MAX(a, b) };
}

static bool alike(const struct cell *a, const struct cell *b)
{
	return a->mapped && b->mapped && a->prot == b->prot && a->locked == b->locked;
}

/* A range of which all is mapped, and alike. It is empty if its first page is not mapped. */
static struct range random_run(const struct model *m)
{
	struct range range = random_range();
	size_t i = range.first;

	for (unsigned tries = 0; tries < 8 && !m->cell[i].mapped; tries++) {
		range = random_range();
		i = range.first;
	}
	while (i < range.end && alike(&m->cell[range.first], &m->cell[i]))
		i++;
	range.end = i;
	return range;
}

static struct model *random_model(void)
{
	struct model *m;

	do
		m = &models[below(SPACES)];
	while (!m->alive);
	return m;
}

/* ---- verbs that may be out of memory ---- */

static vaddr_t va_of(size_t page)
{
	return AT + page * P;
}

static int refuse_all(struct relief *relief)
{
	(void)relief;
	return -ENOMEM;
}

/* Does it with an allocation that fails, sometimes, and then again: nothing is lost, and it is all the same if it is done twice. */
#define to_the_end(result, call)                                            \
	do {                                                                \
		uint64_t nth = below(6) ? 0 : 1 + below(4);                 \
		bool failed;                                                \
                                                                            \
		(void)alloc_fail_set(nth, NULL, ALLOC_FAIL_REFUSE);         \
		(result) = (call);                                          \
		failed = alloc_fail_set(0, NULL, ALLOC_FAIL_ASK);           \
		if (failed && ((result) == -ENOMEM || (result) == -EAGAIN)) \
			(result) = (call);                                  \
	} while (0)

static void become_new(struct cell *cell)
{
	cell->age = ++next_age;
	cell->byte = 0;
	cell->freed = false;
}

static void become(struct cell *cell, unsigned byte)
{
	cell->byte = (unsigned char)byte;
	cell->freed = false;
}

/* ---- operations ---- */

static int expected(const struct cell *cell)
{
	return cell->mapped && cell->prot & PROT_READ ? cell->byte : -1;
}

/* What was read of the page is what it has. */
static void check_byte(struct cell *cell, int found)
{
	if (cell->freed && expected(cell) > 0 && found == 0)
		become_new(cell);
	assert_int_equal(expected(cell), found);
}

static void load(struct model *m, size_t i)
{
	check_byte(&m->cell[i], fake_load(va_of(i) + AT_BYTE));
	if (expected(&m->cell[i]) >= 0)
		assert_int_equal(0, fake_load(va_of(i) + 2000));
}

static void op_write(struct model *m)
{
	struct range range = random_range();
	const bool down = below(4) == 0;
	const unsigned char byte = (unsigned char)below(200);

	rig_run(&m->space);
	for (size_t n = 0; n < range.end - range.first; n++) {
		size_t i = down ? range.end - 1 - n : range.first + n;
		struct cell *cell = &m->cell[i];
		bool may = cell->mapped && cell->prot & PROT_WRITE;

		assert_int_equal(may ? 0 : -1,
				 fake_store(va_of(i) + AT_BYTE, (unsigned char)(byte + i % 50)));
		if (may)
			become(cell, byte + i % 50);
	}
}

static void op_read(struct model *m)
{
	struct range range = random_range();

	rig_run(&m->space);
	for (size_t i = range.first; i < range.end; i++)
		load(m, i);
}

static void map_again(struct model *m, struct range range)
{
	size_t n = range.end - range.first;
	long at;

	to_the_end(at, rig_map(&m->space, va_of(range.first), n * P, RW, ANON | MAP_FIXED));
	assert_int_equal(va_of(range.first), at);
	if (below(3))
		assert_int_equal(0,
				 vm_madvise(&m->space, va_of(range.first), n * P, MADV_HUGEPAGE));
	for (size_t i = range.first; i < range.end; i++) {
		m->cell[i] = (struct cell){ .mapped = true, .prot = RW };
		become_new(&m->cell[i]);
	}
}

static void op_map(struct model *m)
{
	map_again(m, random_range());
}

static void unmap(struct model *m, struct range range)
{
	int result;

	to_the_end(result, vm_unmap(&m->space, va_of(range.first), (range.end - range.first) * P));
	assert_int_equal(0, result);
	for (size_t i = range.first; i < range.end; i++)
		m->cell[i] = (struct cell){ 0 };
}

static void op_unmap(struct model *m)
{
	unmap(m, random_range());
}

/* Whole blocks, of which nothing is left, are written or at least touched. */
static void op_renew(struct model *m)
{
	const size_t first = below(BLOCKS), n = 1 + below((unsigned)(BLOCKS - first));
	const struct range range = { first * BLOCK, (first + n) * BLOCK };

	unmap(m, range);
	map_again(m, range);
	rig_run(&m->space);
	for (size_t i = range.first; i < range.end; i += 1 + below(1 << below(10))) {
		become(&m->cell[i], below(256));
		assert_int_equal(0, fake_store(va_of(i) + AT_BYTE, m->cell[i].byte));
	}
}

static void op_protect(struct model *m)
{
	static const unsigned char prots[] = { RW, RW, PROT_READ, PROT_NONE };
	struct range range = random_run(m);
	unsigned char prot = prots[below(ARRAY_SIZE(prots))];
	int result;

	if (range.first == range.end)
		return;
	to_the_end(result,
		   vm_protect(&m->space, va_of(range.first), (range.end - range.first) * P, prot));
	assert_int_equal(0, result);
	for (size_t i = range.first; i < range.end; i++)
		m->cell[i].prot = prot;
}

static void op_drop(struct model *m)
{
	struct range range = random_run(m);
	int result;

	if (range.first == range.end || m->cell[range.first].locked)
		return;
	to_the_end(result, vm_madvise(&m->space, va_of(range.first), (range.end - range.first) * P,
				      MADV_DONTNEED));
	assert_int_equal(0, result);
	for (size_t i = range.first; i < range.end; i++)
		become_new(&m->cell[i]);
}

static void op_advise(struct model *m)
{
	static const unsigned char advice[] = { MADV_HUGEPAGE, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
						MADV_COLD,     MADV_PAGEOUT,  MADV_FREE,
						MADV_FREE };
	struct range range = random_run(m);
	const unsigned char what = advice[below(ARRAY_SIZE(advice))];
	int result;

	if (range.first == range.end || m->cell[range.first].locked)
		return;
	for (size_t i = range.first; i < range.end && what == MADV_FREE; i++)
		m->cell[i].freed = true;
	to_the_end(result,
		   vm_madvise(&m->space, va_of(range.first), (range.end - range.first) * P, what));
	assert_int_equal(0, result);
}

/* Of one block or two. A page may be in use otherwise, nothing may be there, or a hole. */
static void op_collapse(struct model *m)
{
	const size_t first = below(BLOCKS) * BLOCK, last = first + BLOCK * (below(4) ? 1 : 2),
		     n = MIN(last, (size_t)PAGES) - first;
	int result;

	to_the_end(result, vm_madvise(&m->space, va_of(first), n * P, MADV_COLLAPSE));
	assert_true(result == 0 || result == -EINVAL || result == -EAGAIN || result == -ENOMEM);
	rig_run(&m->space);
	for (size_t i = first; i < first + n; i += 1 + below(20))
		load(m, i);
}

static void op_populate(struct model *m)
{
	struct range range = random_run(m);
	const unsigned prot = m->cell[range.first].prot;
	int result;

	if (range.first == range.end || prot == PROT_NONE)
		return;
	to_the_end(result,
		   vm_madvise(&m->space, va_of(range.first), (range.end - range.first) * P,
			      prot == RW && below(2) ? MADV_POPULATE_WRITE : MADV_POPULATE_READ));
	assert_int_equal(0, result);
}

static void op_lock(struct model *m)
{
	struct range range = random_run(m);
	size_t n = range.end - range.first;
	const bool lock = below(3) == 0;
	int result;

	if (n == 0 || (lock && m->cell[range.first].prot != RW))
		return;
	if (lock)
		to_the_end(result, vm_lock(&m->space, va_of(range.first), n * P, VMA_LOCKED));
	else
		to_the_end(result, vm_unlock(&m->space, va_of(range.first), n * P));
	assert_int_equal(0, result);
	for (size_t i = range.first; i < range.end; i++)
		m->cell[i].locked = lock;
}

/* Elsewhere, mostly to the same place in a block. */
static void op_move(struct model *m)
{
	struct range range = random_run(m);
	size_t n = range.end - range.first, to = random_border();
	vaddr_t at;
	int result;

	if (below(3))
		to = to / BLOCK * BLOCK + range.first % BLOCK;
	if (n == 0 || to + n > PAGES || (to < range.end && range.first < to + n))
		return;
	to_the_end(result, vm_remap(&m->space, va_of(range.first), n * P, n * P,
				    MREMAP_MAYMOVE | MREMAP_FIXED, va_of(to), &at));
	if (result == -EFAULT) { /* more than one VMA; what was at `to` may be gone */
		assert_int_equal(0, vm_unmap(&m->space, va_of(to), n * P));
		memset(&m->cell[to], 0, n * sizeof(m->cell[0]));
		return;
	}
	assert_int_equal(0, result);
	for (size_t i = 0; i < n; i++) {
		m->cell[to + i] = m->cell[range.first + i];
		m->cell[range.first + i] = (struct cell){ 0 };
	}
}

static void put_pin(struct pin *pin)
{
	put_user_page(&pin->of->space, pin->page, VM_PROT_WRITE);
	pin->of = NULL;
}

static void put_pins_of(const struct model *m)
{
	for (unsigned i = 0; i < PINS; i++)
		if (pins[i].of && (!m || pins[i].of == m))
			put_pin(&pins[i]);
}

static void op_exit(struct model *m)
{
	unsigned alive = 0;

	for (unsigned i = 0; i < SPACES; i++)
		alive += models[i].alive;
	if (alive == 1)
		return;
	put_pins_of(m);
	m->alive = false;
	rig_destroy(&m->space);
}

static void op_fork(struct model *m)
{
	struct model *child = &models[below(SPACES)];
	int result;

	if (child == m)
		return;
	if (child->alive)
		op_exit(child);
	rig_create(&child->space);
	(void)alloc_fail_set(below(4) ? 0 : 1 + below(8), NULL, ALLOC_FAIL_REFUSE);
	result = vm_fork(&m->space, &child->space);
	if (result) {
		assert_true(alloc_fail_set(0, NULL, ALLOC_FAIL_ASK));
		assert_int_equal(-ENOMEM, result);
		rig_destroy(&child->space);
		return;
	}
	(void)alloc_fail_set(0, NULL, ALLOC_FAIL_ASK);
	child->alive = true;
	memcpy(child->cell, m->cell, sizeof(m->cell));
	for (size_t i = 0; i < PAGES; i++)
		child->cell[i].locked = false;
}

/* Takes a pin, or writes by one that is there and puts it. */
static void op_pin(struct model *m)
{
	struct pin *pin = &pins[below(PINS)];
	size_t at = random_border() % PAGES;
	int result;

	if (!pin->of) {
		bool may = m->cell[at].mapped && m->cell[at].prot & PROT_WRITE;

		result = get_user_page(&m->space, va_of(at), VM_PROT_WRITE, &pin->page);
		assert_int_equal(may ? 0 : -EFAULT, result);
		if (!result) {
			pin->of = m;
			pin->at = at;
			pin->age = m->cell[at].age;
		}
		return;
	}
	/* Where the page has moved to is not looked for. */
	if (pin->of->cell[pin->at].age == pin->age) {
		struct cell *cell = &pin->of->cell[pin->at];

		if (cell->mapped) {
			become(cell, below(256));
			((unsigned char *)page_address(pin->page))[AT_BYTE] = cell->byte;
		}
	}
	put_pin(pin);
}

/* A look from outside, which other accesses may follow while the page is kept. */
static void op_peek(struct model *m)
{
	size_t at = random_border() % PAGES;
	struct page *page;
	int result = get_user_page(&m->space, va_of(at), VM_PROT_READ, &page);

	assert_int_equal(expected(&m->cell[at]) >= 0 ? 0 : -EFAULT, result);
	if (result)
		return;
	check_byte(&m->cell[at], ((unsigned char *)page_address(page))[AT_BYTE]);
	if (below(2) && m->cell[at].prot & PROT_WRITE) {
		rig_run(&m->space);
		become(&m->cell[at], below(256));
		assert_int_equal(0, fake_store(va_of(at) + AT_BYTE, m->cell[at].byte));
	}
	put_user_page(&m->space, page, VM_PROT_READ);
}

static void op_reclaim(struct model *m)
{
	(void)m;
	(void)reclaim(1 + below(200));
	if (below(2))
		disk_end_all();
}

static void op_mode(struct model *m)
{
	thp_mode = below(4) ? THP_ALWAYS : THP_MADVISE;
	m->space.thp_disabled = below(8) == 0;
}

static const struct {
	void (*run)(struct model *m);
	unsigned weight;
} ops[] = {
	{ op_write, 30 },   { op_read, 10 },	{ op_map, 6 },	   { op_renew, 14 },
	{ op_unmap, 8 },    { op_protect, 10 }, { op_drop, 8 },	   { op_advise, 10 },
	{ op_lock, 4 },	    { op_move, 8 },	{ op_fork, 8 },	   { op_exit, 3 },
	{ op_pin, 8 },	    { op_peek, 4 },	{ op_reclaim, 4 }, { op_mode, 2 },
	{ op_collapse, 8 }, { op_populate, 6 },
};

static void op_any(void)
{
	unsigned total = 0, i = 0, at;

	for (size_t k = 0; k < ARRAY_SIZE(ops); k++)
		total += ops[k].weight;
	for (at = below(total); at >= ops[i].weight; i++)
		at -= ops[i].weight;
	ops[i].run(random_model());
	assert_int_equal(0, fake_tlb_debts());
}

/* The ledger does not look for what tests hold. */
static void check_all(void)
{
	put_pins_of(NULL);
	rig_check();
	for (unsigned k = 0; k < SPACES; k++) {
		if (!models[k].alive)
			continue;
		rig_run(&models[k].space);
		for (size_t i = 0; i < PAGES; i++)
			load(&models[k], i);
	}
	rig_check();
}

static uint64_t collapsed; /* of all seeds */

/* ---- memory of which few blocks are free ---- */

#define FRAMES	   20480u
#define WHOLE	   8u /* blocks that stay free, and may become pieces */
#define HELD_INDEX 77u

static struct page *held;

/* Takes all frames, and frees them but for one of each block. */
static void hold_fragments(void)
{
	struct page *all = NULL, *page;
	unsigned whole = 0;

	while ((page = page_alloc(0, PAGE_KERNEL, PAGE_OPTIONAL))) {
		page->owner = all;
		all = page;
	}
	while ((page = all)) {
		all = page->owner;
		page->owner = NULL;
		if (page_to_pfn(page) % BLOCK == HELD_INDEX && ++whole > WHOLE) {
			page->owner = held;
			held = page;
		} else {
			page_free(page, 0);
		}
	}
}

static void put_fragments(void)
{
	while (held) {
		struct page *page = held;

		held = page->owner;
		page->owner = NULL;
		page_free(page, 0);
	}
}

static void run_seed(uint64_t seed, unsigned steps)
{
	const bool fragments = seed % 8 > 4;

	state = seed * 0x9e3779b97f4a7c15u + 1;
	objects_before = rig_objects();
	begin_disk(AREA_SLOTS);
	mm_host.relieve = refuse_all;
	arch_ad_soft_set(seed % 4 == 3);
	thp_mode = THP_ALWAYS;
	large_counts = (struct large_counts){ 0 };
	memset(models, 0, sizeof(models));
	if (fragments)
		hold_fragments();
	rig_create(&models[0].space);
	models[0].alive = true;
	if (seed % 4 == 2)
		space_share(&models[0].space);
	op_map(&models[0]);
	for (unsigned n = 1; n <= steps; n++) {
		op_any();
		if (n % 64 == 0)
			check_all();
	}
	check_all();
	printf("# seed %lu: %lu filled, %lu collapsed, %lu split, %lu refused\n", seed,
	       large_counts.filled, large_counts.collapsed, large_split_count(),
	       large_counts.refused);
	assert_true(large_counts.filled > 0 && large_split_count() > 0);
	collapsed += large_counts.collapsed;
	assert_true(!fragments || large_counts.refused > 0);
	thp_mode = THP_NEVER;
	for (unsigned k = 0; k < SPACES; k++)
		if (models[k].alive)
			rig_destroy(&models[k].space);
	disk_end_all();
	disk_stop();
	arch_ad_soft_set(false);
	put_fragments();
	check_gone();
}

/* Seeds that differ in who maintains A and D, in whether threads share the first space, and in how many blocks are free. */
TEST(large_random)
{
	const uint64_t first = test_random() / 2;

	rig_start(FRAMES);
	for (uint64_t seed = first; seed < first + 8; seed++)
		run_seed(seed, test_steps(300));
	assert_true(collapsed > 0);
}
