/* Random map, unmap, protect, advise, brk, fork, truncate and touch, against arrays of pages that say what must be seen. */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#include "mm/alloc_fail.h"
#include "mm/object.h"

#define SPACES 4
#define PAGES 256u
#define HEAP_PAGES 24u
#define STORES 3000
#define STORE_PAGES 48u

/* The window lies across the border of two gibibytes: leaf and middle tables come and go. */
#define WINDOW (GIB - PAGES / 2 * PAGE_SIZE)
#define LAST (PAGE_SIZE - 1)

/* One page of one space. Of its bytes the first and the last are looked at. */
struct cell {
	bool mapped;
	unsigned rights;
	int store;  /* of shared memory; -1: private */
	bool file;  /* private, of the file */
	bool own;   /* private, of the file: a copy of its own */
	unsigned index;
	unsigned char byte[2];
};

struct model {
	bool alive;
	struct space space;
	struct cell cell[PAGES];
	struct cell heap[HEAP_PAGES + 1];
	vaddr_t high; /* highest break over the page of the break */
};

static struct model models[SPACES];
static unsigned char stores[STORES][STORE_PAGES][2];
static int nstores;
static struct object *file;
static uint64_t file_size, file_backed;

/* What a verb that pauses has in hand: not to be touched meanwhile. */
static struct model *busy;
static unsigned busy_from, busy_to;
static bool no_stores;
static unsigned touches, refusals;

static unsigned below(unsigned n)
{
	return (unsigned)test_below(n);
}

static unsigned char file_byte(uint64_t pos)
{
	return pos < file_backed ? rig_byte(pos) : 0;
}

static vaddr_t va_of(unsigned page)
{
	return WINDOW + page * PAGE_SIZE;
}

/* The byte that must be read (or VM_*), and where the model keeps it if it can be written. */
static int expected_byte(struct cell *c, unsigned which, unsigned access, unsigned char **home)
{
	*home = NULL;
	if (!c->mapped)
		return VM_SEGV_MAPERR;
	if (access & ~c->rights)
		return VM_SEGV_ACCERR;
	if (c->store >= 0)
		*home = &stores[c->store][c->index][which];
	else
		*home = &c->byte[which];
	if (!c->file || c->own)
		return **home;
	if ((uint64_t)c->index << PAGE_SHIFT >= file_size)
		return VM_BUS;
	return file_byte(((uint64_t)c->index << PAGE_SHIFT) + which * LAST);
}

/* A private file page becomes the space's own by a write. */
static void make_own(struct cell *c)
{
	if (!c->file || c->own)
		return;
	c->own = true;
	for (unsigned i = 0; i < 2; i++)
		c->byte[i] = file_byte(((uint64_t)c->index << PAGE_SHIFT) + i * LAST);
}

static void touch(struct model *m, struct cell *c, vaddr_t page, unsigned which, bool store)
{
	unsigned char *home, value = (unsigned char)test_random();
	int want = expected_byte(c, which, store ? RIGHT_WRITE : RIGHT_READ, &home);
	vaddr_t va = page + which * LAST;
	int got;

	touches++;
	rig_run(&m->space);
	rig_outcome = 0;
	got = store ? fake_store(va, value) : fake_load(va);
	if (want < 0) {
		refusals++;
		assert_int_equal(got, -1);
		assert_int_equal(rig_outcome, want);
		return;
	}
	if (!store) {
		assert_int_equal(got, want);
		return;
	}
	assert_int_equal(got ? rig_outcome : 0, 0);
	make_own(c);
	*home = value;
}

static struct model *random_model(void)
{
	struct model *m;

	do
		m = &models[below(SPACES)];
	while (!m->alive);
	return m;
}

static void touch_window(struct model *m, bool store)
{
	unsigned page = below(PAGES);

	if (m == busy && page >= busy_from && page < busy_to)
		return;
	touch(m, &m->cell[page], va_of(page), below(2), store && !(m == busy && no_stores));
}

static void touch_heap(struct model *m)
{
	unsigned page = below(HEAP_PAGES);

	if (m != busy)
		touch(m, &m->heap[page], m->space.brk_start + page * PAGE_SIZE, below(2), below(2));
}

/* Between the pieces of a verb: others run. */
static int others(struct vm_wait *wait)
{
	struct model *was = NULL;

	(void)wait;
	for (unsigned i = 0; i < SPACES; i++) {
		if (fake_active() == &models[i].space.mmu)
			was = &models[i];
	}
	touch_window(random_model(), below(2));
	touch_window(random_model(), below(2));
	touch_heap(random_model());
	rig_run(was && was->alive ? &was->space : NULL);
	return 0;
}

static void verb_begins(struct model *m, unsigned from, unsigned to)
{
	busy = m;
	busy_from = from;
	busy_to = to;
}

static void verb_ends(void)
{
	busy = NULL;
	no_stores = false;
}

static void random_range(unsigned *from, unsigned *to)
{
	unsigned length = below(8) ? 1 + below(20) : 1 + below(PAGES);

	*from = below(PAGES);
	*to = MIN(*from + length, PAGES);
}

static unsigned random_rights(void)
{
	static const unsigned rights[] = { RW, RW, RW, RW, PROT_READ, PROT_NONE, PROT_WRITE,
					   PROT_READ | PROT_EXEC };

	return rights[below(8)];
}

static unsigned complete(unsigned rights)
{
	return rights & PROT_WRITE ? rights | PROT_READ : rights;
}

static int map_kind(struct model *m, vaddr_t addr, unsigned npages, unsigned rights, unsigned flags,
		    struct cell *like)
{
	struct map_request request = { .addr = addr, .len = npages * PAGE_SIZE - below(PAGE_SIZE),
				       .rights = rights,
				       .max_rights = PROT_READ | PROT_WRITE | PROT_EXEC,
				       .flags = flags | (below(16) ? 0 : MAP_POPULATE) };
	unsigned kind = below(6);
	vaddr_t at = 0;
	int result;

	*like = (struct cell){ .mapped = true, .rights = complete(rights), .store = -1 };
	if (kind == 0 && npages <= STORE_PAGES && nstores < STORES) {
		request.flags |= MAP_SHARED | MAP_ANONYMOUS;
		like->store = nstores++;
	} else if (kind == 1) {
		request.flags |= MAP_PRIVATE;
		like->file = true;
		like->index = below(80);
		request.offset = (uint64_t)like->index << PAGE_SHIFT;
		request.object = file;
	} else {
		request.flags |= ANON;
	}
	result = vm_map(&m->space, &request, &at);
	assert_true(result || at == addr || !(flags & MAP_FIXED));
	return result ? result : (int)((at - WINDOW) / PAGE_SIZE);
}

static void do_map(struct model *m)
{
	unsigned from, to;
	struct cell like;

	random_range(&from, &to);
	verb_begins(m, from, to);
	assert_int_equal(map_kind(m, va_of(from), to - from, random_rights(), MAP_FIXED, &like), from);
	for (unsigned i = from; i < to; i++) {
		m->cell[i] = like;
		like.index++;
	}
	verb_ends();
}

/* The kernel chooses: the highest free range in the window, or one outside of it. */
static void do_map_free(struct model *m)
{
	unsigned npages = 1 + below(12), run = 0, want = PAGES;
	struct cell like;
	int at;

	for (unsigned i = PAGES; i-- > 0 && run < npages;) {
		run = m->cell[i].mapped ? 0 : run + 1;
		want = i;
	}
	verb_begins(m, run == npages ? want : 0, run == npages ? want + npages : 0);
	m->space.mmap_top = va_of(PAGES);
	at = map_kind(m, 0, npages, random_rights(), 0, &like);
	if (run == npages) {
		assert_int_equal(at, want);
		for (unsigned i = 0; i < npages; i++) {
			m->cell[want + i] = like;
			like.index++;
		}
	} else {
		assert_true(at < 0);
		assert_int_equal(vm_unmap(&m->space, WINDOW + (long)at * (long)PAGE_SIZE,
					  npages * PAGE_SIZE), 0);
	}
	verb_ends();
}

static void do_unmap(struct model *m)
{
	unsigned from, to;

	random_range(&from, &to);
	verb_begins(m, from, to);
	assert_int_equal(vm_unmap(&m->space, va_of(from), (to - from) * PAGE_SIZE), 0);
	for (unsigned i = from; i < to; i++)
		m->cell[i].mapped = false;
	verb_ends();
}

static void do_protect(struct model *m)
{
	unsigned from, to, rights = random_rights();
	int want = 0;

	random_range(&from, &to);
	verb_begins(m, from, to);
	for (unsigned i = from; i < to && !want; i++) {
		if (m->cell[i].mapped)
			m->cell[i].rights = complete(rights);
		else
			want = -ENOMEM;
	}
	assert_int_equal(vm_protect(&m->space, va_of(from), (to - from) * PAGE_SIZE, rights), want);
	verb_ends();
}

static void do_advise(struct model *m)
{
	unsigned from, to;
	int want = 0;

	random_range(&from, &to);
	verb_begins(m, from, to);
	for (unsigned i = from; i < to; i++) {
		struct cell *c = &m->cell[i];

		want = c->mapped ? want : -ENOMEM;
		c->own = false;
		if (c->store < 0)
			c->byte[0] = c->byte[1] = 0;
	}
	assert_int_equal(vm_madvise(&m->space, va_of(from), (to - from) * PAGE_SIZE, MADV_DONTNEED),
			 want);
	verb_ends();
}

/* Bytes of the heap that were below a break once, and above it later, read as zeros when they come back (R24). */
static void heap_to(struct model *m, vaddr_t brk)
{
	vaddr_t old = m->space.brk, start = m->space.brk_start;

	for (unsigned i = 0; i < HEAP_PAGES; i++) {
		vaddr_t page = start + i * PAGE_SIZE;
		struct cell *c = &m->heap[i];
		bool was = c->mapped;

		c->mapped = page < brk;
		c->rights = RW;
		c->store = -1;
		if (!c->mapped || !was)
			c->byte[0] = c->byte[1] = 0;
		else if (old <= page + LAST && page + LAST < MIN(brk, m->high))
			c->byte[1] = 0;
	}
	m->high = brk < old ? MIN(MAX(m->high, old), ALIGN_UP(brk, PAGE_SIZE)) : MAX(m->high, brk);
}

static void do_brk(struct model *m)
{
	vaddr_t start = m->space.brk_start, brk = start + test_below(HEAP_PAGES * PAGE_SIZE);

	if (below(3) == 0)
		brk = ALIGN_DOWN(brk, PAGE_SIZE);
	verb_begins(m, 0, 0);
	heap_to(m, brk);
	assert_int_equal(vm_brk(&m->space, brk), brk);
	verb_ends();
}

static struct model *dead_model(void)
{
	for (unsigned i = 0; i < SPACES; i++) {
		if (!models[i].alive)
			return &models[i];
	}
	return NULL;
}

static void do_fork(struct model *m)
{
	struct model *child = dead_model();

	if (!child)
		return;
	memset(child, 0, sizeof(*child));
	assert_int_equal(space_create(&child->space), 0);
	verb_begins(m, 0, 0);
	no_stores = true;
	assert_int_equal(vm_fork(&m->space, &child->space), 0);
	memcpy(child->cell, m->cell, sizeof(m->cell));
	memcpy(child->heap, m->heap, sizeof(m->heap));
	child->high = m->high;
	child->alive = true;
	verb_ends();
}

static void do_exit(struct model *m)
{
	unsigned alive = 0;

	for (unsigned i = 0; i < SPACES; i++)
		alive += models[i].alive;
	if (alive == 1)
		return;
	m->alive = false;
	rig_run(NULL);
	rig_destroy(&m->space);
}

static void do_truncate(struct model *m)
{
	uint64_t size = test_below(100 * PAGE_SIZE);

	(void)m;
	for (unsigned i = 0; i < SPACES; i++) {
		for (unsigned p = 0; p < PAGES; p++) {
			struct cell *c = &models[i].cell[p];

			if (c->file && (uint64_t)c->index << PAGE_SHIFT >= size)
				c->own = false;
		}
	}
	file_size = size;
	file_backed = MIN(file_backed, size);
	rig_pause = NULL; /* what others see of the file meanwhile may be old or new */
	assert_int_equal(object_set_size(file, size), 0);
	rig_pause = others;
}

static void renew_file(void)
{
	for (unsigned i = 0; i < SPACES; i++) {
		for (unsigned p = 0; p < PAGES && models[i].alive; p++) {
			if (!models[i].cell[p].file || !models[i].cell[p].mapped)
				continue;
			assert_int_equal(vm_unmap(&models[i].space, va_of(p), PAGE_SIZE), 0);
			models[i].cell[p].mapped = false;
		}
	}
	object_put(file);
	file_size = file_backed = 64 * PAGE_SIZE + 1234;
	file = rig_file(file_size);
}

static void step(unsigned n)
{
	static void (*const verbs[])(struct model *m) = { do_map,     do_map_free, do_unmap,
							  do_protect, do_protect,  do_advise,
							  do_brk,     do_fork,	   do_exit };

	if (below(3)) {
		touch_window(random_model(), below(2));
		touch_heap(random_model());
		return;
	}
	if (n % 400 == 0)
		do_truncate(NULL);
	else if (n % 4001 == 0)
		renew_file();
	else
		verbs[below(9)](random_model());
}

static void check_all(void)
{
	for (unsigned i = 0; i < SPACES; i++) {
		struct model *m = &models[i];

		for (unsigned p = 0; p < PAGES && m->alive; p++)
			touch(m, &m->cell[p], va_of(p), p % 2, false);
		for (unsigned p = 0; p < HEAP_PAGES && m->alive; p++)
			touch(m, &m->heap[p], m->space.brk_start + p * PAGE_SIZE, p % 2, false);
	}
}

static void run(unsigned steps)
{
	size_t before = rig_free();

	file_size = file_backed = 64 * PAGE_SIZE + 1234;
	file = rig_file(file_size);
	models[0].alive = true;
	rig_create(&models[0].space);
	rig_pause = others;
	for (unsigned n = 1; n <= steps; n++) {
		step(n);
		if (n % 50 == 0)
			rig_check();
		if (n % 1000 == 0)
			check_all();
	}
	rig_pause = NULL;
	for (unsigned i = 0; i < SPACES; i++) {
		if (models[i].alive)
			rig_destroy(&models[i].space);
		models[i].alive = false;
	}
	object_put(file);
	assert_int_equal(rig_free(), before);
	rig_check();
	print_message("# %u steps, %u touches, %u of them refused\n", steps, touches, refusals);
}

static void test_model(void **state)
{
	(void)state;
	rig_start(4096);
	run(test_steps(20000));
}

static void test_model_with_a_and_d_in_software(void **state)
{
	(void)state;
	rig_start(4096);
	arch_ad_soft_set(true);
	run(test_steps(20000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		isolated_test(test_model),
		isolated_test(test_model_with_a_and_d_in_software),
	};

	return test_group("mm_model", tests);
}
