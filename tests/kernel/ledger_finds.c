/* SPDX-License-Identifier: MIT */
/* The ledger itself (R111): it agrees with what is right, and finds what is wrong. */
#include "desc/fdtable.h"
#include "desc/pipe.h"
#include "ipc/endpoint.h"
#include "mm/check/ledger.h"
#include "mm/fault/get_user_page.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "proc/process.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"

#define AREA 0x40000ul

static struct uspace *two_pages(void)
{
	struct uspace *us = space_new();

	if (!us || space_map(us, AREA, 4 * PAGE_SIZE, READ_WRITE, 0) != AREA)
		return NULL;
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(0, space_touch(us, AREA + PAGE_SIZE, READ));
	return us;
}

/* R111: the frames by kind, and what a touch moves from one to another */
KTEST(ledger_counts_each_frame_by_its_kind)
{
	struct uspace *us = two_pages();
	struct ledger before, after;
	size_t sum = 0;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, ledger_check(&before));
	EXPECT_EQ(0, space_touch(us, AREA + 2 * PAGE_SIZE, WRITE));
	EXPECT_EQ(0, ledger_check(&after));
	EXPECT_EQ(before.kind[PAGE_ANON] + 1, after.kind[PAGE_ANON]);
	EXPECT_EQ(before.kind[PAGE_FREE] - 1, after.kind[PAGE_FREE]);
	EXPECT_EQ(before.kind[PAGE_TABLE], after.kind[PAGE_TABLE]);
	EXPECT_EQ(1, after.kind[PAGE_ZERO]);
	for (unsigned kind = 0; kind < PAGE_KINDS; kind++)
		sum += after.kind[kind];
	EXPECT_EQ(after.total, sum);
	EXPECT_EQ(page_alloc_free_count(), after.kind[PAGE_FREE]);
	space_end(us);
}

/* R111, R44: seeded wrongs, each found, each mended again */
KTEST(ledger_finds_a_count_too_many)
{
	struct uspace *us = two_pages();
	struct page *page;

	ASSERT_TRUE(us);
	page = space_page(us, AREA);
	page_map_get(page);
	EXPECT_TRUE(ledger_check(NULL) > 0);
	page_map_put(page);
	page_get(page);
	EXPECT_TRUE(ledger_check(NULL) > 0);
	page_put(page);
	page_map_get(zero_page);
	EXPECT_TRUE(ledger_check(NULL) > 0);
	page_map_put(zero_page);
	EXPECT_EQ(0, ledger_check(NULL));
	space_end(us);
}

#ifdef FAULTLINE_HARDENED

/*
 * Where an address is left on the stack of a thread that sleeps, the ledger takes that for a holder. So
 * of these things there are several, until one is found.
 */
#define TRIES 8u

/* R111, R172: what has a reference and no holder is found, and what is right again is right */
KTEST(ledger_finds_a_reference_without_holder)
{
	struct object *objects[TRIES];
	struct file *receive, *send = NULL;
	unsigned n = 0;

	do {
		objects[n] = object_create_anon(PAGE_SIZE);
		ASSERT_TRUE(objects[n]);
	} while (++n < TRIES && ledger_check(NULL) == 0);
	EXPECT_EQ(1, ledger_check(NULL)); /* nobody but this test has it */
	receive = endpoint_create();
	ASSERT_TRUE(receive);
	EXPECT_EQ(2, ledger_check(NULL));
	EXPECT_EQ(0, endpoint_badge(receive, 1, false, &send));
	EXPECT_EQ(3, ledger_check(NULL));
	file_put(send);
	file_put(receive);
	while (n--)
		object_put(objects[n]);
	EXPECT_EQ(0, ledger_check(NULL));
}

/* How many references without a holder the ledger finds when this end is no open file's. */
static int errors_without(struct file *end)
{
	int errors;

	counted_end(&end->counted);
	errors = ledger_check(NULL);
	counted_begin(&file_kind, &end->counted, &end->refs.n);
	return errors;
}

/* R111, R172: an end of a pipe that no open file is */
KTEST(ledger_finds_a_pipe_without_holder)
{
	struct file *readers[TRIES], *writers[TRIES];
	unsigned n = 0;
	int before, after;

	do {
		ASSERT_TRUE(pipe_create(0, &readers[n], &writers[n]) == 0);
		before = ledger_check(NULL); /* the open files; the pipes are theirs */
		after = errors_without(readers[n++]);
	} while (after != before && n < TRIES); /* one fewer, and the pipe */
	EXPECT_EQ(before, after);
	while (n--) {
		file_put(readers[n]);
		file_put(writers[n]);
	}
	EXPECT_EQ(0, ledger_check(NULL));
}

/* R111, R172: an address space that no process has */
KTEST(ledger_finds_a_space_without_holder)
{
	struct uspace *made[TRIES];
	unsigned n = 0;
	int errors;

	do {
		made[n] = uspace_create();
		ASSERT_TRUE(made[n]);
		n++;
		errors = ledger_check(NULL);
	} while (!errors && n < TRIES);
	EXPECT_EQ(1, errors);
	while (n--)
		uspace_put(made[n]);
	EXPECT_EQ(0, ledger_check(NULL));
}

/* R111, R172: a pin that no call has */
KTEST(ledger_finds_a_pin_without_holder)
{
	struct uspace *us = two_pages();
	struct page *page;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, get_user_page(&us->space, AREA, VM_PROT_WRITE, &page));
	EXPECT_EQ(2, ledger_check(NULL)); /* the pin and the reference */
	page_get(page);
	put_user_page(&us->space, page, VM_PROT_WRITE);
	EXPECT_EQ(1, ledger_check(NULL));
	page_put(page);
	EXPECT_EQ(0, ledger_check(NULL));
	space_end(us);
}

/* R111, R172: a descriptor that no call has set aside */
KTEST_IN_PROCESS(ledger_finds_a_descriptor_without_holder)
{
	struct fdtable *table = current_thread()->fdtable;
	int fd = fdtable_reserve(table, 0, false);

	EXPECT_EQ(0, fd);
	EXPECT_EQ(1, ledger_check(NULL));
	fdtable_unreserve(table, fd);
	EXPECT_EQ(0, ledger_check(NULL));
}

static struct file *watched;

/* Waits with a reference. */
static int wait_with_file(void *queue)
{
	struct file *volatile mine = endpoint_create();

	watched = mine;
	thread_wait_always(queue, waitq_sample(queue));
	file_put(mine);
	return 0;
}

/* R111, R172: a reference that a call holds while it waits has a holder; one more than it knows has none */
KTEST(ledger_finds_what_a_waiting_call_holds)
{
	static struct waitq queue = WAITQ_INIT(queue);
	int pid;

	watched = NULL;
	pid = ktest_spawn(wait_with_file, &queue);
	ASSERT_TRUE(pid > 0);
	ktest_settle();
	ASSERT_TRUE(watched);
	EXPECT_EQ(0, ledger_check(NULL));
	for (unsigned i = 0; i < 64; i++)
		file_get(watched);
	EXPECT_EQ(1, ledger_check(NULL));
	for (unsigned i = 0; i < 64; i++)
		file_put(watched);
	waitq_wake_all(&queue);
	EXPECT_EQ(EXITED(0), ktest_reap(pid));
}

#endif
