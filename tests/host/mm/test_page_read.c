/* SPDX-License-Identifier: MIT */
/* Pages that are being read: one read for all who need the page, whatever happens meanwhile (R75). */
#include "rig.h"

#include <string.h>

#include "abi/errno.h"
#include "mm/check/alloc_fail.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "mm/swap/reclaim.h"
#include "scripted_device.h"
#include "linux/mem/object_room.h"

#define PAGES 8
#define MANY  100
#define BYTES (PAGES * PAGE_SIZE)
#define AT    0x40000000ul

static struct object object;
static struct space space[2];
static struct vm_wait wait; /* of the access that asked last */
static struct vm_wait waits[2][MANY];
static size_t free_before;

static void begin(void)
{
	device_start();
	memset(waits, 0, sizeof(waits));
	free_before = rig_free();
	object_init(&object, &device_ops, BYTES);
}

static void start(void)
{
	rig_start(2048);
	begin();
}

/* Drops the caller's reference: nothing is left but what the reads have. */
static void end(void)
{
	object_put(&object);
	device_end_all();
	assert_int_equal(1, device_destroyed);
	rig_check();
	assert_int_equal(free_before, rig_free());
}

/* One of two threads asks for the page, or asks again. When it has its answer, the access has ended. */
static int ask_as(unsigned who, uint64_t index)
{
	struct vm_wait *mine = &waits[who][index];
	struct page *page;
	int result = object_page(&object, index, &page, mine);

	wait = *mine;
	if (result == 0)
		page_put(page);
	if (result != VM_WAIT)
		vm_wait_init(mine);
	return result;
}

static int ask(uint64_t index)
{
	return ask_as(0, index);
}

static bool woken(const struct vm_wait *one)
{
	return waitq_sample(one->queue) != one->seq;
}

/* A thread that sleeps until it is woken: `woken` above does not tell one from all. */
struct sleeper {
	struct waiter waiter;
	bool woken;
};

static void sleeper_wake(struct waiter *waiter)
{
	container_of(waiter, struct sleeper, waiter)->woken = true;
}

#define SLEEPERS 4

/* The threads ask for a page that is not there yet, and sleep. */
static void sleepers_start(struct sleeper *sleepers, uint64_t index)
{
	for (unsigned i = 0; i < SLEEPERS; i++) {
		assert_int_equal(VM_WAIT, ask(index));
		sleepers[i].woken = false;
		waiter_init(&sleepers[i].waiter, sleeper_wake);
		assert_true(waitq_enqueue(wait.queue, &sleepers[i].waiter, wait.seq));
	}
}

static void assert_all_woken(struct sleeper *sleepers)
{
	for (unsigned i = 0; i < SLEEPERS; i++) {
		assert_true(sleepers[i].woken);
		(void)waitq_cancel(&sleepers[i].waiter);
	}
}

static void get_pages(struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		pages[i] = page_alloc(0, PAGE_OBJECT, PAGE_NORMAL);
		memset(page_address(pages[i]), (int)i, PAGE_SIZE);
	}
}

static int byte_at(uint64_t pos)
{
	unsigned char byte = 0xee;

	assert_int_equal(1, object_read_kernel(&object, pos, &byte, 1));
	return byte;
}

static void map_in(struct space *in, unsigned flags)
{
	struct map_request request = { .addr = AT,
				       .len = BYTES,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = flags | MAP_FIXED,
				       .object = &object };
	vaddr_t at;

	rig_create(in);
	assert_int_equal(0, vm_map(in, &request, &at));
}

TEST(two_faults_share_one_read)
{
	struct vm_wait both[2] = { 0 };

	start();
	for (unsigned i = 0; i < 2; i++) {
		map_in(&space[i], i ? MAP_SHARED : MAP_PRIVATE);
		assert_int_equal(VM_WAIT, vm_fault(&space[i], AT + PAGE_SIZE,
						   i ? VM_PROT_READ : VM_PROT_WRITE, &both[i]));
		assert_int_equal(WAITS_FOR_FILE | (i ? WAITS_FOR_OTHER : 0), both[i].why);
		assert_int_equal(VM_WAIT,
				 vm_fault(&space[i], AT + PAGE_SIZE, VM_PROT_READ, &both[i]));
	}
	assert_int_equal(1, device_started);
	rig_check();
	assert_false(woken(&both[0]) || woken(&both[1]));
	device_end(0, 0);
	assert_true(woken(&both[0]) && woken(&both[1]));
	for (unsigned i = 0; i < 2; i++) {
		rig_run(&space[i]);
		assert_int_equal(device_byte(PAGE_SIZE), fake_load(AT + PAGE_SIZE) & 0xff);
	}
	assert_int_equal(1, device_started);
	for (unsigned i = 0; i < 2; i++)
		rig_destroy(&space[i]);
	end();
}

/* Ends n reads in the k-th order. Those of the indices in `failing` fail. */
static void end_in_order(unsigned k, unsigned n, unsigned failing)
{
	for (; n; k /= n, n--) {
		unsigned which = k % n;
		uint64_t index = device_reads[which]->index;
		int result = failing >> index & 1 ? -EIO : 0;

		device_end(which, result);
		assert_int_equal(result, ask(index));
	}
}

/* R75: an error goes to those who need the page; the next one asks the device again. */
TEST(every_order_of_answers_with_every_error)
{
	rig_start(2048);
	for (unsigned order = 0; order < 24; order++) {
		for (unsigned failing = 0; failing < 16; failing++) {
			begin();
			for (unsigned i = 0; i < 4; i++)
				assert_int_equal(VM_WAIT, ask(i));
			end_in_order(order, 4, failing);
			for (unsigned i = 0; i < 4; i++)
				assert_int_equal(failing >> i & 1 ? VM_WAIT : 0, ask(i));
			end();
		}
	}
}

TEST(an_error_is_the_fault_s_outcome_once)
{
	vm_wait_init(&wait);
	start();
	map_in(&space[0], MAP_SHARED);
	assert_int_equal(VM_WAIT, vm_fault(&space[0], AT, VM_PROT_READ, &wait));
	device_end(0, -EIO);
	assert_int_equal(VM_BUS, vm_fault(&space[0], AT, VM_PROT_READ, &wait));
	vm_wait_init(&wait);
	assert_int_equal(VM_WAIT, vm_fault(&space[0], AT, VM_PROT_READ, &wait));
	device_end(0, 0);
	assert_int_equal(0, vm_fault(&space[0], AT, VM_PROT_READ, &wait));
	rig_destroy(&space[0]);
	end();
}

/* Nobody asks again: the mark goes with the object. */
TEST(an_error_that_nobody_hears)
{
	start();
	assert_int_equal(VM_WAIT, ask(0));
	device_end(0, -EIO);
	end();
}

/* R75: all that have waited for the read are told, in any order. */
TEST(an_error_is_for_all_that_waited)
{
	start();
	assert_int_equal(VM_WAIT, ask_as(0, 3));
	assert_int_equal(VM_WAIT, ask_as(1, 3));
	device_end(0, -EIO);
	assert_int_equal(-EIO, ask_as(1, 3));
	assert_int_equal(-EIO, ask_as(0, 3));
	assert_int_equal(1, device_started);
	assert_int_equal(VM_WAIT, ask_as(0, 3));
	assert_int_equal(2, device_started);
	end();
}

/* R75: who had waited was killed, and nobody was told. The next one reads, however late it comes. */
TEST(an_error_is_for_nobody_who_comes_later)
{
	start();
	assert_int_equal(VM_WAIT, ask_as(0, 3));
	device_end(0, -EIO);
	assert_int_equal(VM_WAIT, ask_as(1, 3));
	assert_int_equal(2, device_started);
	rig_check();
	device_end(0, 0);
	assert_int_equal(0, ask_as(1, 3));
	assert_int_equal(device_byte(3 * PAGE_SIZE), byte_at(3 * PAGE_SIZE));
	end();
}

/* A read ends so, and the fault that has waited for it begins another one. */
static void asks_anew_after(int result, bool given_up)
{
	vm_wait_init(&wait);
	start();
	map_in(&space[0], MAP_SHARED);
	assert_int_equal(VM_WAIT, vm_fault(&space[0], AT, VM_PROT_READ, &wait));
	device_end(0, result);
	if (given_up)
		vm_wait_init(&wait);
	assert_int_equal(VM_WAIT, vm_fault(&space[0], AT, VM_PROT_READ, &wait));
	device_end(0, 0);
	assert_int_equal(0, vm_fault(&space[0], AT, VM_PROT_READ, &wait));
	rig_destroy(&space[0]);
	end();
}

/* An error is not kept for a fault that was given up: its thread's next one begins anew. */
TEST(an_error_is_not_for_another_fault)
{
	asks_anew_after(-EIO, true);
}

TEST(a_read_that_is_undone_is_no_error)
{
	asks_anew_after(-EAGAIN, false);
}

static void read_ends(void)
{
	device_end(0, 0);
}

static void read_fails(void)
{
	device_end(0, -EIO);
}

static void read_is_undone(void)
{
	device_end(0, -EAGAIN);
}

static void page_is_cut_off(void)
{
	assert_int_equal(0, object_set_size(&object, PAGE_SIZE));
}

static void page_is_cut(void)
{
	assert_int_equal(0, object_set_size(&object, 3 * PAGE_SIZE + 100));
}

static void file_is_changed(void)
{
	assert_true(object_remove_unmapped(&object));
}

/* R75 */
TEST(all_that_wait_for_a_page_are_woken)
{
	static void (*const ways[])(void) = { read_ends,       read_fails,  read_is_undone,
					      page_is_cut_off, page_is_cut, file_is_changed };
	struct sleeper sleepers[SLEEPERS];

	rig_start(2048);
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		begin();
		sleepers_start(sleepers, 3);
		ways[i]();
		assert_all_woken(sleepers);
		end();
	}
}

/* What was waited for is one page of one object: another's error is not told. */
TEST(an_error_is_not_for_another_page)
{
	struct page *page;

	start();
	assert_int_equal(VM_WAIT, ask(3));
	assert_int_equal(VM_WAIT, ask(4));
	device_end(0, -EIO);
	assert_int_equal(VM_WAIT, object_page(&object, 3, &page, &waits[0][4]));
	assert_int_equal(3, device_started);
	end();
}

/* Somebody reads again before one that waited has looked: that one waits for the new read. */
TEST(a_new_read_takes_the_error_away)
{
	start();
	assert_int_equal(VM_WAIT, ask_as(0, 3));
	device_end(0, -EIO);
	assert_int_equal(VM_WAIT, ask_as(1, 3));
	assert_int_equal(VM_WAIT, ask_as(0, 3));
	assert_int_equal(2, device_started);
	device_end(0, 0);
	assert_int_equal(0, ask_as(0, 3));
	assert_int_equal(0, ask_as(1, 3));
	end();
}

/* A device that fails at once: who started the read is told, and does not start for ever. */
TEST(a_device_that_fails_at_once)
{
	start();
	device_broken = true;
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(-EIO, ask_as(i & 1, 3));
		assert_int_equal(i, device_started);
	}
	device_broken = false;
	assert_int_equal(VM_WAIT, ask(3));
	device_end(0, 0);
	assert_int_equal(0, ask(3));
	end();
}

/* A page that is written as a whole needs no read, whatever became of the last one. */
TEST(a_page_is_made_where_a_read_has_failed)
{
	struct page *page;

	start();
	device_broken = true;
	assert_int_equal(-EIO, ask(3));
	get_pages(&page, 1);
	assert_int_equal(0, object_publish(&object, 3, page, object.truncations, 0, &page));
	page_put(page);
	assert_int_equal(1, object.npages);
	assert_int_equal(0, ask(3));
	end();
}

/* Reclaim takes what is left of failed reads: there may be one for each page of a large file. */
TEST(failed_reads_are_reclaimed)
{
	start();
	device_broken = true;
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(-EIO, ask(i));
	object_trim();
	assert_true(radix_empty(&object.pages));
	end();
}

TEST(a_truncation_does_not_wait)
{
	struct vm_wait first;

	start();
	assert_int_equal(VM_WAIT, ask(3));
	first = wait;
	assert_int_equal(0, object_set_size(&object, PAGE_SIZE));
	assert_true(woken(&first));
	assert_int_equal(-ENXIO, ask(3));
	rig_check();
	assert_int_equal(0, object_set_size(&object, BYTES));
	device_end(0, 0);
	assert_int_equal(0, byte_at(3 * PAGE_SIZE));
	assert_int_equal(1, device_started);
	end();
}

/* The old read of the page where the file ends now and a new one, in both orders. */
TEST(a_truncation_within_the_page)
{
	rig_start(2048);
	for (unsigned first = 0; first < 2; first++) {
		struct vm_wait before;

		begin();
		assert_int_equal(VM_WAIT, ask(1));
		before = wait;
		assert_int_equal(0, object_set_size(&object, PAGE_SIZE + 100));
		assert_true(woken(&before));
		assert_int_equal(0, object_set_size(&object, BYTES));
		assert_int_equal(VM_WAIT, ask(1));
		assert_int_equal(2, device_count);
		rig_check();
		device_end(first, 0);
		assert_int_equal(first ? 0 : VM_WAIT, ask(1));
		device_end(0, 0);
		assert_int_equal(device_byte(PAGE_SIZE + 99), byte_at(PAGE_SIZE + 99));
		assert_int_equal(0, byte_at(PAGE_SIZE + 100));
		assert_int_equal(0, byte_at(2 * PAGE_SIZE - 1));
		end();
	}
}

/* Somebody else has changed the file: mapped pages stay, others go, and a read ends for nothing. */
TEST(a_changed_file_is_read_anew)
{
	struct vm_wait first;

	start();
	map_in(&space[0], MAP_SHARED);
	assert_int_equal(VM_WAIT, ask(1));
	device_end(0, 0);
	assert_int_equal(0, vm_fault(&space[0], AT + PAGE_SIZE, VM_PROT_READ, &wait));
	assert_int_equal(VM_WAIT, ask(0));
	device_end(0, 0);
	assert_int_equal(VM_WAIT, ask(2));
	first = wait;
	assert_false(object_remove_unmapped(&object));
	assert_true(woken(&first));
	rig_check();
	device_end(0, 0);
	assert_int_equal(0, ask(1));
	assert_int_equal(VM_WAIT, ask(2));
	assert_int_equal(VM_WAIT, ask(0));
	device_end_all();
	assert_int_equal(0, vm_unmap(&space[0], AT, BYTES));
	assert_true(object_remove_unmapped(&object));
	assert_int_equal(0, object.npages);
	rig_destroy(&space[0]);
	end();
}

/* A store that was made before the page was cut off is not seen again either. */
TEST(a_file_that_is_cut_and_written_meanwhile)
{
	unsigned char byte = 7;

	start();
	assert_int_equal(VM_WAIT, ask(1));
	assert_int_equal(0, object_set_size(&object, 0));
	assert_int_equal(1, object_write_kernel(&object, PAGE_SIZE + 5, &byte, 1));
	device_end(0, 0);
	assert_int_equal(0, byte_at(PAGE_SIZE + 4));
	assert_int_equal(7, byte_at(PAGE_SIZE + 5));
	end();
}

TEST(unmap_fork_and_exit_do_not_wait)
{
	start();
	map_in(&space[0], MAP_PRIVATE);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(VM_WAIT,
				 vm_fault(&space[0], AT + i * PAGE_SIZE, VM_PROT_WRITE, &wait));
	rig_create(&space[1]);
	assert_int_equal(0, vm_fork(&space[0], &space[1]));
	assert_int_equal(0, vm_unmap(&space[0], AT, PAGE_SIZE));
	device_end(1, 0);
	rig_run(&space[1]);
	assert_int_equal(device_byte(PAGE_SIZE), fake_load(AT + PAGE_SIZE) & 0xff);
	rig_destroy(&space[0]);
	rig_check();
	rig_destroy(&space[1]);
	assert_int_equal(2, device_count);
	end();
}

/* The object goes with its last read, not before. */
TEST(the_last_reference_is_a_read_s)
{
	start();
	assert_int_equal(VM_WAIT, ask(0));
	assert_int_equal(VM_WAIT, ask(5));
	object_put(&object);
	device_end(0, -EIO);
	assert_int_equal(0, device_destroyed);
	rig_check();
	device_end(0, 0);
	assert_int_equal(1, device_destroyed);
	rig_check();
	assert_int_equal(free_before, rig_free());
}

/* Who finds the page busy with a read that was refused after all looks again. */
TEST(no_room_for_a_read)
{
	start();
	device_full = true;
	assert_int_equal(VM_WAIT, ask(2));
	assert_ptr_equal(&device_room, wait.queue);
	rig_check();
	assert_true(radix_empty(&object.pages));
	device_full = false;
	assert_int_equal(VM_WAIT, ask(2));
	assert_ptr_not_equal(&device_room, wait.queue);
	end();
}

/* The mark of a page that reclaim has dropped stays until the page is read. */
TEST(no_room_for_a_page_that_was_dropped)
{
	start();
	assert_int_equal(VM_WAIT, ask(2));
	device_end(0, 0);
	assert_int_equal(1, reclaim(1));
	assert_int_equal(0, object.npages);
	assert_int_equal(1, object.pages.count);
	device_full = true;
	assert_int_equal(VM_WAIT, ask(2));
	assert_int_equal(1, object.pages.count);
	device_full = false;
	assert_int_equal(VM_WAIT, ask(2));
	device_end(0, 0);
	assert_int_equal(0, ask(2));
	assert_int_equal(1, object.pages.count);
	end();
}

/* R45: each allocation fails once: no index stays busy. */
TEST(no_memory_for_a_read)
{
	uint64_t nth = 0;
	int result;

	start();
	do {
		alloc_fail_at = ++nth;
		result = ask(PAGES - 1);
		alloc_fail_at = 0;
		assert_true(result == -ENOMEM || result == VM_WAIT);
		if (result == -ENOMEM)
			assert_true(radix_empty(&object.pages));
		rig_check();
	} while (result == -ENOMEM);
	assert_true(nth > 2);
	end();
}

/* Trimming drops pages that were read, and no reads. */
TEST(a_trim_leaves_reads_alone)
{
	start();
	assert_int_equal(VM_WAIT, ask(0));
	assert_int_equal(VM_WAIT, ask(1));
	device_end(1, 0);
	assert_int_equal(1, object.npages);
	object_trim();
	assert_int_equal(0, object.npages);
	device_end(0, 0);
	assert_int_equal(0, ask(0));
	assert_int_equal(VM_WAIT, ask(1));
	end();
}

/* ---- against a naive model ---- */

enum state { GONE, BUSY, BROKEN, HERE };

static struct {
	enum state state[PAGES];
	const struct page *read[PAGES]; /* BUSY: the one that counts */
	bool asked[2][PAGES];		/* by whom, who has no answer yet */
	uint64_t size, backed;
} model;

static void model_begin(void)
{
	memset(&model, 0, sizeof(model));
	model.size = model.backed = BYTES;
}

static int expected(unsigned who, uint64_t index)
{
	if (index >= object_pages(model.size))
		return -ENXIO;
	if (model.state[index] == BROKEN && model.asked[who][index])
		return -EIO;
	if (model.state[index] == GONE || model.state[index] == BROKEN)
		model.state[index] = index < object_pages(model.backed) ? BUSY : HERE;
	return model.state[index] == BUSY ? VM_WAIT : 0;
}

static void step_ask(void)
{
	uint64_t index = test_below(PAGES);
	unsigned before = device_count, who = (unsigned)test_below(2);
	bool was_busy = model.state[index] == BUSY;
	int want = expected(who, index);

	assert_int_equal(want, ask_as(who, index));
	model.asked[who][index] = want == VM_WAIT;
	assert_int_equal(before + (want == VM_WAIT && !was_busy), device_count);
	if (device_count != before)
		model.read[index] = device_reads[before];
}

static void step_end(void)
{
	unsigned which = (unsigned)test_below(DEVICE_READS);
	int result = test_below(4) ? 0 : -EIO;
	uint64_t index;

	if (which >= device_count)
		return;
	index = device_reads[which]->index;
	if (model.state[index] == BUSY && model.read[index] == device_reads[which])
		model.state[index] = result ? BROKEN : HERE;
	device_end(which, result);
}

static void step_size(void)
{
	uint64_t size = test_below(BYTES + 1);

	assert_int_equal(0, object_set_size(&object, size));
	if (size < model.size) {
		for (uint64_t i = object_pages(size); i < PAGES; i++)
			model.state[i] = GONE;
		if (size & PAGE_MASK && model.state[size >> PAGE_SHIFT] != HERE)
			model.state[size >> PAGE_SHIFT] = GONE;
		model.backed = MIN(model.backed, size);
	}
	model.size = size;
}

/* Some of those that wait are killed. */
static void step_give_up(void)
{
	unsigned who = (unsigned)test_below(2), index = (unsigned)test_below(PAGES);

	vm_wait_init(&waits[who][index]);
	model.asked[who][index] = false;
}

static void step_trim(void)
{
	object_trim();
	for (unsigned i = 0; i < PAGES; i++)
		model.state[i] = model.state[i] == BUSY ? BUSY : GONE;
}

/* Every resident page has the right bytes up to the size. */
static void check_bytes(void)
{
	for (uint64_t i = 0; i < PAGES; i++) {
		struct page *page = object_page_resident(&object, i);
		const unsigned char *bytes = page ? page_address(page) : NULL;
		uint64_t pos = i << PAGE_SHIFT;

		assert_int_equal(model.state[i] == HERE, page != NULL);
		for (unsigned b = 0; page && b < PAGE_SIZE && pos + b < model.size; b += 37)
			assert_int_equal(pos + b < model.backed ? device_byte(pos + b) : 0,
					 bytes[b]);
		if (page)
			page_put(page);
	}
}

/* R142: what another party has cut off and added again is read, and not zeros. */
TEST(the_size_follows_another_party)
{
	start();
	assert_int_equal(VM_WAIT, ask(4));
	device_end(0, 0);
	assert_int_equal(0, object_set_backed(&object, 3 * PAGE_SIZE + 5));
	assert_int_equal(3 * PAGE_SIZE + 5, object_size(&object));
	assert_int_equal(-ENXIO, ask(4));
	assert_int_equal(0, object_set_backed(&object, BYTES));
	assert_int_equal(VM_WAIT, ask(4));
	assert_int_equal(2, device_started);
	device_end(0, 0);
	assert_int_equal(device_byte(4 * PAGE_SIZE), byte_at(4 * PAGE_SIZE));
	assert_int_equal(-EFBIG, object_set_backed(&object, OBJECT_SIZE_MAX + 1));
	assert_int_equal(BYTES, object_size(&object));
	end();
}

/* R142 */
TEST(a_run_of_pages_is_read_at_once)
{
	struct page *pages[PAGES];

	start();
	assert_int_equal(VM_WAIT, ask(2));
	device_end(0, 0);
	get_pages(pages, PAGES);
	assert_int_equal(0, object_read_run(&object, 2, pages, PAGES));
	assert_int_equal(2, object_read_run(&object, 0, pages, PAGES)); /* there is page 2 */
	assert_int_equal(VM_WAIT, ask(1));
	assert_int_equal(1, device_started);
	assert_false(woken(&wait));
	page_read_run_done(pages, 2);
	assert_true(woken(&wait));
	assert_int_equal(0, ask(1));
	assert_int_equal(1, byte_at(PAGE_SIZE + 7));
	/* Up to the end of the object, and those that were not used are the caller's. */
	assert_int_equal(PAGES - 5, object_read_run(&object, 5, pages + 2, 6));
	page_read_run_done(pages + 2, PAGES - 5);
	for (unsigned i = PAGES - 3; i < PAGES; i++)
		page_put(pages[i]);
	assert_int_equal(PAGES - 4, byte_at(BYTES - 1));
	end();
}

/* R142: of the last page some bytes have come, and of those behind it none. */
TEST(a_run_of_which_a_part_has_come)
{
	struct page *pages[PAGES];

	start();
	get_pages(pages, PAGES);
	assert_int_equal(4, object_read_run(&object, 0, pages, 4));
	assert_int_equal(VM_WAIT, ask(0));
	page_read_run_end(pages, 4, PAGE_SIZE + 100);
	assert_true(woken(&wait));
	assert_int_equal(0, ask(0));
	assert_int_equal(1, byte_at(PAGE_SIZE + 99));
	for (unsigned i = 100; i < PAGE_SIZE; i++)
		assert_int_equal(0, byte_at(PAGE_SIZE + i));
	assert_int_equal(VM_WAIT, ask(3));
	assert_int_equal(1, device_started);
	device_end(0, 0);
	/* Nothing has come: that is an error for who has waited for the first page, and for nobody else. */
	assert_int_equal(2, object_read_run(&object, 5, pages + 4, 2));
	assert_int_equal(VM_WAIT, ask(5));
	assert_int_equal(VM_WAIT, ask(6));
	page_read_run_end(pages + 4, 2, 0);
	assert_int_equal(-EIO, ask(5));
	assert_int_equal(VM_WAIT, ask(6));
	assert_int_equal(2, device_started);
	for (unsigned i = 6; i < PAGES; i++)
		page_put(pages[i]);
	end();
}

/* R144 */
TEST(nobody_waits_for_a_page_of_its_own)
{
	start();
	device_is_own = true;
	assert_int_equal(-EDEADLK, ask(1));
	assert_int_equal(0, device_started);
	device_is_own = false;
	assert_int_equal(VM_WAIT, ask(1));
	device_is_own = true;
	assert_int_equal(-EDEADLK, ask_as(1, 1));
	device_end(0, 0);
	assert_int_equal(0, ask_as(1, 1));
	end();
}

/* It takes nodes for the index where they are missing, and stops where there is no memory for them. */
TEST(a_run_goes_on_across_nodes)
{
	struct page *pages[READ_RUN_MAX];
	unsigned n;

	start();
	assert_int_equal(0, object_set_backed(&object, MANY * PAGE_SIZE));
	get_pages(pages, READ_RUN_MAX);
	n = object_read_run(&object, 50, pages, READ_RUN_MAX);
	assert_int_equal(READ_RUN_MAX, n);
	assert_int_equal(VM_WAIT, ask(64));
	page_read_run_done(pages, n);
	assert_true(woken(&wait));
	assert_int_equal(31, byte_at(81 * PAGE_SIZE));
	assert_int_equal(0, device_started);
	rig_check();
	end();
}

/* Its pages have two queues. */
TEST(all_that_wait_for_a_run_are_woken)
{
	struct sleeper at_first[SLEEPERS], at_last[SLEEPERS];
	struct page *pages[READ_RUN_MAX];

	start();
	assert_int_equal(0, object_set_backed(&object, MANY * PAGE_SIZE));
	get_pages(pages, READ_RUN_MAX);
	assert_int_equal(READ_RUN_MAX, object_read_run(&object, 50, pages, READ_RUN_MAX));
	sleepers_start(at_first, 50);
	sleepers_start(at_last, 81);
	page_read_run_done(pages, READ_RUN_MAX);
	assert_all_woken(at_first);
	assert_all_woken(at_last);
	end();
}

/* A truncation in the middle cancels the reads behind it. The others are done. */
TEST(a_truncation_cancels_a_part_of_a_run)
{
	struct page *pages[READ_RUN_MAX], *page;

	start();
	assert_int_equal(0, object_set_backed(&object, MANY * PAGE_SIZE));
	get_pages(pages, READ_RUN_MAX);
	assert_int_equal(READ_RUN_MAX, object_read_run(&object, 50, pages, READ_RUN_MAX));
	assert_int_equal(0, object_set_backed(&object, 70 * PAGE_SIZE));
	assert_int_equal(0, object_set_backed(&object, MANY * PAGE_SIZE));
	page_read_run_done(pages, READ_RUN_MAX);
	assert_int_equal(19, byte_at(69 * PAGE_SIZE));
	page = object_page_resident(&object, 70);
	assert_null(page);
	assert_int_equal(VM_WAIT, ask(81));
	assert_int_equal(1, device_started);
	rig_check();
	end();
}

TEST(random_reads_against_a_model)
{
	start();
	model_begin();
	for (unsigned i = 0; i < 20000; i++) {
		unsigned what = (unsigned)test_below(43);

		if (i % 1000 == 999) {
			end();
			begin();
			model_begin();
		}
		if (what < 18 && device_count < DEVICE_READS)
			step_ask();
		else if (what < 36)
			step_end();
		else if (what < 37)
			step_trim();
		else if (what < 38)
			step_size();
		else if (what < 41)
			step_give_up();
		check_bytes();
		if (i % 100 == 0)
			rig_check();
	}
	end();
}
