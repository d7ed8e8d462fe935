/* SPDX-License-Identifier: MIT */
/* File locks against models that are too simple to be wrong: a map of bytes, and all owners at once with those that wait. */
#include <stdio.h>
#include <string.h>

#include "abi/errno.h"
#include "fake.h"
#include "fake_proc.h"
#include "linux/fs/file/linux_file.h"
#include "mm/check/alloc_fail.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "tree.h"

#define BYTES 24

/* The last byte of the model stands for all from there to the end. */
static uint64_t end_of(unsigned byte)
{
	return byte == BYTES - 1 ? LOCK_RANGE_END : byte;
}

static unsigned any_type(void)
{
	static const unsigned types[] = { F_RDLCK, F_WRLCK, F_UNLCK };

	return types[test_below(3)];
}

/* Compares, and checks what is promised of the list. Returns how many ranges the map makes. */
static unsigned compare(const struct lock_ranges *ranges, const unsigned map[BYTES])
{
	const struct lock_range *range, *before = NULL;
	unsigned n = 0, count = 0, writer = 0;

	for (unsigned i = 0; i < BYTES; i++) {
		n += map[i] != F_UNLCK && (i == 0 || map[i] != map[i - 1]);
		range = lock_ranges_find(ranges, i, end_of(i), true);
		assert_int_equal(map[i], range ? range->type : F_UNLCK);
		range = lock_ranges_find(ranges, i, end_of(i), false);
		assert_int_equal(map[i] == F_WRLCK, range != NULL);
		while (writer < BYTES && (writer < i || map[writer] != F_WRLCK))
			writer++;
		range = lock_ranges_find(ranges, i, LOCK_RANGE_END, false);
		assert_int_equal(writer < BYTES, range != NULL);
		assert_true(!range || (range->start <= writer && writer <= range->end));
	}
	for (range = lock_ranges_next(ranges, NULL); range;
	     range = lock_ranges_next(ranges, range)) {
		assert_true(range->start <= range->end);
		if (before)
			assert_true(before->end < range->start && (before->end + 1 < range->start ||
								   before->type != range->type));
		before = range;
		count++;
	}
	assert_int_equal(n, count);
	assert_int_equal(ranges->count, count);
	return n;
}

static unsigned ranges_of(const unsigned map[BYTES])
{
	unsigned n = 0;

	for (unsigned i = 0; i < BYTES; i++)
		n += map[i] != F_UNLCK && (i == 0 || map[i] != map[i - 1]);
	return n;
}

TEST(ranges_are_those_of_a_map_of_bytes)
{
	static struct lock_range memory[BYTES + LOCK_SPARES_MAX];
	unsigned map[BYTES], refused = 0;
	struct lock_ranges ranges;
	struct lock_spares spares, held_back;

	lock_ranges_init(&ranges);
	lock_spares_init(&spares);
	lock_spares_init(&held_back);
	for (unsigned i = 0; i < BYTES; i++)
		map[i] = F_UNLCK;
	for (unsigned i = 0; i < BYTES + LOCK_SPARES_MAX; i++)
		lock_spares_add(&spares, &memory[i]);
	for (unsigned step = 0; step < test_steps(40000); step++) {
		unsigned start = (unsigned)test_below(BYTES), type = any_type();
		unsigned end = start + (unsigned)test_below(test_below(4) ? 4 : BYTES - start);
		uint32_t most = (uint32_t)(test_below(8) ? BYTES : test_below(6));
		unsigned wanted[BYTES], before = ranges.count, after;
		int err;

		if (end > BYTES - 1)
			end = BYTES - 1;
		memcpy(wanted, map, sizeof(map));
		for (unsigned i = start; i <= end; i++)
			wanted[i] = type;
		after = ranges_of(wanted);
		while (test_below(16) == 0 && spares.count > 0)
			lock_spares_add(&held_back, lock_spares_take(&spares));
		err = lock_ranges_set(&ranges, type, start, end_of(end), most, &spares);
		if (after > before && after > most)
			assert_int_equal(-ENOLCK, err);
		else if (held_back.count == 0)
			assert_int_equal(0, err);
		refused += err != 0;
		if (!err)
			memcpy(map, wanted, sizeof(map));
		compare(&ranges, map);
		assert_int_equal(BYTES + LOCK_SPARES_MAX,
				 ranges.count + spares.count + held_back.count);
		while (held_back.count > 0 && test_below(2))
			lock_spares_add(&spares, lock_spares_take(&held_back));
	}
	assert_true(refused > 0);
}

TEST(two_spares_are_always_enough)
{
	static struct lock_range memory[BYTES + LOCK_SPARES_MAX];
	struct lock_ranges ranges;
	struct lock_spares rest, spares;

	lock_ranges_init(&ranges);
	lock_spares_init(&rest);
	for (unsigned i = 0; i < BYTES + LOCK_SPARES_MAX; i++)
		lock_spares_add(&rest, &memory[i]);
	for (unsigned step = 0; step < test_steps(20000); step++) {
		unsigned start = (unsigned)test_below(BYTES);
		unsigned end = start + (unsigned)test_below(BYTES - start);

		lock_spares_init(&spares);
		for (unsigned i = 0; i < LOCK_SPARES_MAX; i++)
			lock_spares_add(&spares, lock_spares_take(&rest));
		assert_int_equal(0,
				 lock_ranges_set(&ranges, any_type(), start, end, BYTES, &spares));
		while (spares.count > 0)
			lock_spares_add(&rest, lock_spares_take(&spares));
	}
}

/*
 * All owners at once: processes, and open files, of which each file has some. While one sleeps, the
 * others go on: what they do runs inside its sleep.
 */
#define FILES	  2
#define OPEN	  2 /* open files of each */
#define PROCESSES 3
#define OWNERS	  (PROCESSES + OPEN)
#define DEPTH	  4
#define WHOLE	  1 /* the second layer: flock */

static struct file *files[FILES][OPEN];
static struct lock_owner processes[PROCESSES];
static unsigned has[2][FILES][OWNERS][BYTES];
static uint64_t since[2][FILES][OWNERS]; /* the first lock that an owner has was set then */
static uint64_t now;

static struct waiting {
	unsigned layer, file, owner, type, start, end;
	int blocker; /* a process, or -1 */
	bool done;
	int result;
} * waiting[DEPTH];
static unsigned nwaiting, nsleeping;
static unsigned waited, handed_over, interrupted, deadlocked, in_the_way;

static bool has_any(unsigned layer, unsigned file, unsigned owner)
{
	for (unsigned i = 0; i < BYTES; i++)
		if (has[layer][file][owner][i] != F_UNLCK)
			return true;
	return false;
}

static void model_set(const struct waiting *it)
{
	bool before = has_any(it->layer, it->file, it->owner);

	for (unsigned i = it->start; i <= it->end; i++)
		has[it->layer][it->file][it->owner][i] = it->type;
	if (!before)
		since[it->layer][it->file][it->owner] = ++now;
}

/* The owner of the first lock in the way, or -1. */
static int model_blocker(const struct waiting *it)
{
	int first = -1;

	for (unsigned owner = 0; owner < OWNERS; owner++) {
		bool blocks = false;

		for (unsigned i = it->start; i <= it->end && owner != it->owner; i++)
			blocks |= has[it->layer][it->file][owner][i] == F_WRLCK ||
				  (has[it->layer][it->file][owner][i] == F_RDLCK &&
				   it->type == F_WRLCK);
		if (blocks && (first < 0 || since[it->layer][it->file][owner] <
						    since[it->layer][it->file][first]))
			first = (int)owner;
	}
	return first;
}

static bool is_process(const struct waiting *it)
{
	return it->layer != WHOLE && it->owner < PROCESSES;
}

static const struct waiting *wait_of(int process)
{
	for (unsigned i = 0; i < nwaiting; i++)
		if (is_process(waiting[i]) && (int)waiting[i]->owner == process)
			return waiting[i];
	return NULL;
}

/* 0, -EAGAIN or -EDEADLK; sets whom it waits for. */
static int model_look(struct waiting *it)
{
	int blocker = model_blocker(it);

	if (blocker < 0)
		return 0;
	it->blocker = it->layer != WHOLE && blocker < PROCESSES ? blocker : -1;
	for (int at = it->blocker; is_process(it) && at >= 0;) {
		const struct waiting *next = wait_of(at);

		if (at == (int)it->owner)
			return -EDEADLK;
		at = next ? next->blocker : -1;
	}
	return -EAGAIN;
}

static void model_remove(unsigned at)
{
	nwaiting--;
	for (; at < nwaiting; at++)
		waiting[at] = waiting[at + 1];
}

static void model_hand_over(void)
{
	bool again = true;

	while (again) {
		again = false;
		for (unsigned i = 0; i < nwaiting;) {
			struct waiting *it = waiting[i];
			int err = model_look(it);

			if (err == -EAGAIN) {
				i++;
				continue;
			}
			if (!err)
				model_set(it);
			it->done = true;
			it->result = err;
			again |= !err;
			handed_over += !err;
			model_remove(i);
		}
	}
}

static struct file_lock lock_of(const struct waiting *it, struct file *file)
{
	bool process = is_process(it);

	return (struct file_lock){
		.kind = it->layer == WHOLE ? FILE_LOCK_WHOLE
			: process	   ? FILE_LOCK_PROCESS
					   : FILE_LOCK_OPEN_FILE,
		.type = it->type,
		.start = it->start,
		.end = end_of(it->end),
		.owner = process ? &processes[it->owner] : &linux_file(file)->locks,
		.pid = process ? (int)it->owner + 100 : 0,
	};
}

/* The open file that is the owner, or for a process any of that file. */
static struct file *file_of(const struct waiting *it)
{
	return files[it->file][it->owner >= PROCESSES ? it->owner - PROCESSES : test_below(OPEN)];
}

static struct waiting any_request(void)
{
	struct waiting it = { .layer = test_below(4) == 0 ? WHOLE : 0,
			      .file = (unsigned)test_below(FILES) };

	do
		it.owner = it.layer == WHOLE ? PROCESSES + (unsigned)test_below(OPEN)
					     : (unsigned)test_below(OWNERS);
	while (wait_of((int)it.owner) && is_process(&it));
	it.type = any_type();
	it.start = it.layer == WHOLE ? 0 : (unsigned)test_below(BYTES);
	it.end = it.layer == WHOLE ? BYTES - 1 : it.start + (unsigned)test_below(BYTES - it.start);
	return it;
}

static bool some_process_is_awake(void)
{
	unsigned asleep = 0;

	for (int i = 0; i < PROCESSES; i++)
		asleep += wait_of(i) != NULL;
	return asleep < PROCESSES;
}

static void step(void);

/* Others act; then the sleeper has been woken, or is interrupted. */
static int sleeps(void)
{
	struct waiting *self = waiting[nwaiting - 1];

	assert_false(self->done);
	waited++;
	nsleeping++;
	for (unsigned n = (unsigned)test_below(30); n > 0 && !self->done; n--)
		step();
	nsleeping--;
	if (self->done)
		return 0;
	for (unsigned i = 0; i < nwaiting; i++)
		if (waiting[i] == self)
			model_remove(i--);
	interrupted++;
	self->done = true;
	self->result = -EINTR;
	return -EINTR;
}

static void set_step(void)
{
	struct waiting it = any_request();
	bool wait = nsleeping < DEPTH && test_below(2), held;
	struct file *file = file_of(&it);
	struct file_lock lock = lock_of(&it, file);
	int err = 0, wanted = 0;

	held = it.layer == WHOLE && has[WHOLE][it.file][it.owner][0] == it.type;
	if (it.layer == WHOLE && !held) {
		struct waiting none = it;

		none.type = F_UNLCK;
		model_set(&none);
	}
	if (!held && it.type != F_UNLCK)
		wanted = model_look(&it);
	if (!wait && wanted == -EDEADLK)
		wanted = -EAGAIN;
	if (wanted == 0 && !held)
		model_set(&it);
	if (wanted == -EAGAIN && wait)
		waiting[nwaiting++] = &it;
	model_hand_over();
	in_the_way += wanted == -EAGAIN;
	deadlocked += wanted == -EDEADLK;
	err = file_lock_set(file, &lock, wait);
	if (wanted == -EAGAIN && wait)
		wanted = it.result;
	assert_int_equal(wanted, err);
}

static void find_step(void)
{
	struct waiting it = any_request();
	struct file *file = file_of(&it);
	struct file_lock lock = lock_of(&it, file);
	bool found = file_lock_find(file, &lock);
	int owner;

	if (it.type == F_UNLCK) {
		bool own = false;

		for (unsigned i = it.start; i <= it.end; i++)
			own |= has[it.layer][it.file][it.owner][i] != F_UNLCK;
		assert_int_equal(own, found);
		return;
	}
	owner = model_blocker(&it);
	assert_int_equal(owner >= 0, found);
	if (!found)
		return;
	assert_int_equal(it.layer == WHOLE   ? FILE_LOCK_WHOLE
			 : owner < PROCESSES ? FILE_LOCK_PROCESS
					     : FILE_LOCK_OPEN_FILE,
			 lock.kind);
	if (lock.kind == FILE_LOCK_PROCESS)
		assert_int_equal(owner + 100, lock.pid);
	for (unsigned i = 0; i < BYTES; i++)
		if (i >= lock.start && i <= lock.end)
			assert_int_equal(lock.type, has[it.layer][it.file][owner][i]);
}

/* A process closes a descriptor of a file. */
static void close_step(void)
{
	unsigned process = (unsigned)test_below(PROCESSES), file = (unsigned)test_below(FILES);

	if (wait_of((int)process))
		return;
	for (unsigned i = 0; i < BYTES; i++)
		has[0][file][process][i] = F_UNLCK;
	model_hand_over();
	file_locks_close(files[file][test_below(OPEN)], &processes[process]);
}

static void open_file(unsigned file, unsigned nth)
{
	files[file][nth] = tree_open(file ? "a" : "b", O_CREAT | O_RDWR);
	assert_non_null(files[file][nth]);
}

/* The last reference to an open file goes, unless somebody waits with it. */
static void reopen_step(void)
{
	unsigned file = (unsigned)test_below(FILES), nth = (unsigned)test_below(OPEN);
	struct file *before = files[file][nth];

	if (nsleeping > 0)
		return;
	for (unsigned i = 0; i < BYTES; i++)
		has[0][file][PROCESSES + nth][i] = has[WHOLE][file][PROCESSES + nth][i] = F_UNLCK;
	model_hand_over();
	open_file(file, nth);
	file_put(before);
}

static void check_counts(void)
{
	for (unsigned process = 0; process < PROCESSES; process++) {
		unsigned n = 0;

		for (unsigned file = 0; file < FILES; file++)
			n += ranges_of(has[0][file][process]);
		assert_int_equal(n, processes[process].count);
	}
	for (unsigned file = 0; file < FILES; file++)
		for (unsigned nth = 0; nth < OPEN; nth++)
			assert_int_equal(ranges_of(has[0][file][PROCESSES + nth]) +
						 ranges_of(has[WHOLE][file][PROCESSES + nth]),
					 linux_file(files[file][nth])->locks.count);
}

static void step(void)
{
	if (!some_process_is_awake())
		return;
	switch (test_below(12)) {
	case 0:
		close_step();
		break;
	case 1:
		reopen_step();
		break;
	case 2:
	case 3:
		find_step();
		break;
	default:
		set_step();
		break;
	}
}

TEST(all_owners_agree_with_a_map_of_each)
{
	tree_start();
	file_locks_init();
	fake_sleep = sleeps;
	for (unsigned layer = 0; layer < 2; layer++)
		for (unsigned file = 0; file < FILES; file++)
			for (unsigned owner = 0; owner < OWNERS; owner++)
				for (unsigned i = 0; i < BYTES; i++)
					has[layer][file][owner][i] = F_UNLCK;
	for (unsigned file = 0; file < FILES; file++)
		for (unsigned nth = 0; nth < OPEN; nth++)
			open_file(file, nth);
	for (unsigned n = 0; n < test_steps(20000); n++) {
		step();
		assert_int_equal(0, nwaiting);
		check_counts();
	}
	printf("# waits %u, handed over %u, interrupted %u, rings %u, in the way %u\n", waited,
	       handed_over, interrupted, deadlocked, in_the_way);
	assert_true(waited > 300 && handed_over > 100 && interrupted > 300 && deadlocked > 10);
	for (unsigned file = 0; file < FILES; file++) {
		for (unsigned process = 0; process < PROCESSES; process++)
			file_locks_close(files[file][0], &processes[process]);
		for (unsigned nth = 0; nth < OPEN; nth++)
			file_put(files[file][nth]);
	}
	fs_unlink(NULL, "a");
	fs_unlink(NULL, "b");
	tree_end();
}

static int set(struct file *file, struct lock_owner *owner, unsigned type, uint64_t start,
	       uint64_t end)
{
	struct file_lock lock = {
		.kind = FILE_LOCK_PROCESS, .type = type, .start = start, .end = end, .owner = owner
	};

	return file_lock_set(file, &lock, false);
}

static struct lock_owner oldest, middle, last;
static struct file *chain_file;
static unsigned depth;

static int set_wait(struct lock_owner *owner, unsigned type, uint64_t start, uint64_t end)
{
	struct file_lock lock = {
		.kind = FILE_LOCK_PROCESS, .type = type, .start = start, .end = end, .owner = owner
	};

	return file_lock_set(chain_file, &lock, true);
}

/* In the sleep of the oldest wait comes the second, and in that one's what lets it go. */
static int chain_sleeps(void)
{
	if (depth++ == 0)
		assert_int_equal(0, set_wait(&middle, F_RDLCK, 0, 29));
	else if (depth == 2)
		assert_int_equal(0, set(chain_file, &last, F_UNLCK, 20, 29));
	else
		return -EINTR;
	return 0;
}

/* It replaces a stronger lock of its owner, for which an older wait was there. */
TEST(a_lock_that_is_handed_over_lets_an_older_wait_go)
{
	tree_start();
	file_locks_init();
	chain_file = tree_open("f", O_CREAT | O_RDWR);
	fake_sleep = chain_sleeps;
	assert_int_equal(0, set(chain_file, &middle, F_WRLCK, 0, 9));
	assert_int_equal(0, set(chain_file, &last, F_WRLCK, 20, 29));
	assert_int_equal(0, set_wait(&oldest, F_RDLCK, 0, 5));
	assert_int_equal(2, depth);
	file_locks_close(chain_file, &oldest);
	file_locks_close(chain_file, &middle);
	file_put(chain_file);
	fs_unlink(NULL, "f");
	tree_end();
}

TEST(an_owner_has_so_many_and_no_more)
{
	struct lock_owner owner = { 0 };
	struct file *file;
	size_t most;

	tree_start();
	file_locks_init();
	most = file_locks_most() / FILE_LOCKS_OWN_PART;
	file = tree_open("f", O_CREAT | O_RDWR);
	for (uint64_t i = 0; i < most; i++)
		assert_int_equal(0, set(file, &owner, F_RDLCK, i * 4, i * 4 + 2));
	assert_int_equal(-ENOLCK, set(file, &owner, F_RDLCK, 1 << 20, 1 << 20));
	assert_int_equal(-ENOLCK, set(file, &owner, F_UNLCK, 1, 1));
	assert_int_equal(-ENOLCK, set(file, &owner, F_WRLCK, 1, 1));
	assert_int_equal(0, set(file, &owner, F_WRLCK, 0, 2));
	assert_int_equal(0, set(file, &owner, F_UNLCK, 0, 0));
	assert_int_equal(most, owner.count);
	assert_int_equal(most * sizeof(struct lock_range) / PAGE_SIZE, file_locks_pages(&owner));
	assert_int_equal(1, file_nholders);
	assert_int_equal(0, set(file, &owner, F_RDLCK, 4, 10));
	assert_int_equal(0, set(file, &owner, F_RDLCK, 1 << 20, 1 << 20));
	assert_int_equal(0, set(file, &owner, F_UNLCK, 0, LOCK_RANGE_END));
	assert_int_equal(0, owner.count);
	assert_int_equal(0, file_nholders);
	file_put(file);
	fs_unlink(NULL, "f");
	tree_end();
}

TEST(all_together_have_one_for_each_frame)
{
	static struct lock_owner owners[64];
	size_t most, n = 0;
	struct file *file;
	int err = 0;

	tree_start();
	file_locks_init();
	most = page_alloc_total_count();
	file = tree_open("f", O_CREAT | O_RDWR);
	for (unsigned i = 0; i < ARRAY_SIZE(owners) && !err; i++)
		for (uint64_t at = 0; at < most / 8 && !err; at++) {
			err = set(file, &owners[i], F_RDLCK, at * 2, at * 2);
			n += !err;
		}
	assert_int_equal(-ENOLCK, err);
	assert_int_equal(most, n);
	file_locks_close(file, &owners[0]);
	assert_int_equal(0, set(file, &owners[0], F_RDLCK, 0, 0));
	for (unsigned i = 0; i < ARRAY_SIZE(owners); i++)
		file_locks_close(file, &owners[i]);
	file_put(file);
	fs_unlink(NULL, "f");
	tree_end();
}

/* Sets a lock while allocation number nth fails. Returns whether there were so many. */
static bool set_failing(struct file *file, struct lock_owner *owner, unsigned type, uint64_t start,
			unsigned nth, int *err_ret)
{
	(void)alloc_fail_set(nth, NULL, ALLOC_FAIL_REFUSE);
	*err_ret = set(file, owner, type, start, 20);
	return alloc_fail_set(0, NULL, ALLOC_FAIL_ASK);
}

/* Whatever allocation fails, a lock is set as it should be, or not at all. */
TEST(without_memory_nothing_changes)
{
	struct lock_owner owner = { 0 };
	struct file *file;
	unsigned refused = 0, nth = 0;
	bool failed = true;

	tree_start();
	file_locks_init();
	file = tree_open("f", O_CREAT | O_RDWR);
	while (failed) {
		int err;

		failed = set_failing(file, &owner, F_WRLCK, 10, ++nth, &err);
		assert_int_equal(err ? 0 : 1, owner.count);
		assert_int_equal(0, set(file, &owner, F_WRLCK, 10, 30));
		refused += err == -ENOLCK;
		failed |= set_failing(file, &owner, F_UNLCK, 12, nth, &err);
		assert_int_equal(err ? 1 : 2, owner.count);
		refused += err == -ENOLCK;
		(void)alloc_fail_set(1, NULL, ALLOC_FAIL_STARVE);
		assert_int_equal(0, set(file, &owner, F_UNLCK, 0, LOCK_RANGE_END));
		(void)alloc_fail_set(0, NULL, ALLOC_FAIL_ASK);
		assert_int_equal(0, owner.count);
	}
	assert_true(refused >= 3);
	file_put(file);
	fs_unlink(NULL, "f");
	tree_end();
}
