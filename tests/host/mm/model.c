/* What a few spaces must look like: arrays of pages, touched and compared at random. */
#include "model.h"

struct model models[SPACES];
unsigned char stores[STORES][STORE_PAGES][2];
uint64_t file_size, file_backed;
struct model *busy;
unsigned busy_from, busy_to;
bool no_stores;
unsigned touches, refusals;

unsigned below(unsigned n)
{
	return (unsigned)test_below(n);
}

static unsigned char file_byte(uint64_t pos)
{
	return pos < file_backed ? rig_byte(pos) : 0;
}

vaddr_t va_of(unsigned page)
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

void touch(struct model *m, struct cell *c, vaddr_t page, unsigned which, bool store)
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

struct model *random_model(void)
{
	struct model *m;

	do
		m = &models[below(SPACES)];
	while (!m->alive);
	return m;
}

void touch_window(struct model *m, bool store)
{
	unsigned page = below(PAGES);

	if (m == busy && page >= busy_from && page < busy_to)
		return;
	touch(m, &m->cell[page], va_of(page), below(2), store && !(m == busy && no_stores));
}

void touch_heap(struct model *m)
{
	unsigned page = below(HEAP_PAGES);

	if (m != busy)
		touch(m, &m->heap[page], m->space.brk_start + page * PAGE_SIZE, below(2), below(2));
}

int others(struct vm_wait *wait)
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
