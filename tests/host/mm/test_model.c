/* Random verbs and touches, against arrays of pages that say what must be seen. */
#include "model.h"

#include <string.h>

#include "mm/object.h"

static int nstores;
static struct object *file;

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
	static const unsigned rights[] = {
		RW, RW, RW, RW, PROT_READ, PROT_NONE, PROT_WRITE, PROT_READ | PROT_EXEC
	};

	return rights[below(8)];
}

static unsigned complete(unsigned rights)
{
	return rights & PROT_WRITE ? rights | PROT_READ : rights;
}

static int map_kind(struct model *m, vaddr_t addr, unsigned npages, unsigned rights, unsigned flags,
		    struct cell *like)
{
	struct map_request request = { .addr = addr,
				       .len = npages * PAGE_SIZE - below(PAGE_SIZE),
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
	assert_int_equal(map_kind(m, va_of(from), to - from, random_rights(), MAP_FIXED, &like),
			 from);
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
					  npages * PAGE_SIZE),
				 0);
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

/*
 * Bytes of the heap that were below a break once, and above it later, read as zeros when they come
 * back (R24).
 */
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
	static void (*const verbs[])(struct model * m) = { do_map,     do_map_free, do_unmap,
							   do_protect, do_protect,  do_advise,
							   do_brk,     do_fork,	    do_exit };

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
