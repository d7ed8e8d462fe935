/* SPDX-License-Identifier: MIT */
/* Races in memory: faults against faults and against each verb, last holders, tables that go (R16, R64, R65). */
#include "abi/mman.h"
#include "lib/bits.h"
#include "mm/object/object_io.h"
#include "mm/object/object_size.h"
#include "mm/object/page_cache.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/relieve.h"
#include "mm/swap/swap.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/swapoff.h"
#include "tests/kernel/late_disk.h"
#include "tests/kernel/race.h"

#define PAGES 4u
#define LEN   (PAGES * PAGE_SIZE)

/* The verbs change pages 1 and 2, and the accesses are to these. */
#define HERE	    0x40000000ul
#define CHANGED	    (HERE + PAGE_SIZE)
#define CHANGED_LEN (2 * PAGE_SIZE)
#define ELSEWHERE   0x1040000000ul /* in tables of its own */

/* Words of each page: what it has at first, and what each side stores. */
#define WORD(n)	 ((n) * sizeof(uint64_t))
#define OLD	 0x01dul
#define NEW(who) (0x4e00ul + (who))
#define CHILD	 4u
#define LATER	 5u

static struct uspace *holder; /* another space that has the pages, too */
static struct object *file;

/* ---- accesses ---- */

/* What has come of the first two sides' accesses, for each of the two pages. */
static struct {
	bool loads, loaded[2], stored[2];
	uint64_t word[2];
} got[2];

static void access(void)
{
	unsigned side = race_side();

	got[side].loads = race_lot(2);
	for (unsigned i = 0; i < 2; i++) {
		unsigned which = i ^ (side & race_round);
		vaddr_t at = CHANGED + which * PAGE_SIZE;

		got[side].loaded[which] = got[side].loads && race_load(at, &got[side].word[which]);
		got[side].stored[which] = race_store(at + WORD(1 + side), NEW(side));
	}
}

/* ---- kinds of pages ---- */

static bool fill(void)
{
	bool good = true;

	for (unsigned page = 0; page < PAGES; page++)
		good &= race_store(HERE + page * PAGE_SIZE, OLD);
	return good;
}

static bool make_lazy(void)
{
	return race_map(HERE, LEN, MAP_PRIVATE, NULL);
}

static bool make_zero_page(void)
{
	uint64_t word = 0;
	bool good = make_lazy();

	for (unsigned page = 0; page < PAGES; page++)
		good &= race_load(HERE + page * PAGE_SIZE, &word);
	return good;
}

static bool make_resident(void)
{
	return make_lazy() && fill();
}

static void advise(int advice)
{
	uspace_lock(race_space);
	EXPECT_EQ(0, vm_madvise(&race_space->space, CHANGED, CHANGED_LEN, advice));
	uspace_unlock(race_space);
}

static bool make_swapped(void)
{
	bool good = make_resident();

	advise(MADV_PAGEOUT);
	return good;
}

static bool make_cow(void)
{
	bool good = make_resident();

	holder = race_fork_space();
	return good && holder;
}

static bool make_cow_swapped(void)
{
	bool good = make_swapped();

	holder = race_fork_space();
	return good && holder;
}

static bool make_shared(void)
{
	return race_map(HERE, LEN, MAP_SHARED, NULL) && fill();
}

static bool make_file(void)
{
	const uint64_t word = OLD;
	bool good;

	file = object_create_anon(LEN);
	good = file != NULL;
	for (unsigned page = 0; page < PAGES && good; page++)
		good = object_write_kernel(file, page * PAGE_SIZE, &word, sizeof(word)) ==
		       sizeof(word);
	return good;
}

static bool make_file_shared(void)
{
	return make_file() && race_map(HERE, LEN, MAP_SHARED, file);
}

static bool make_file_private(void)
{
	return make_file() && race_map(HERE, LEN, MAP_PRIVATE, file);
}

static bool make_file_copied(void)
{
	return make_file_private() && fill();
}

/* ---- pages that somebody brings, as a server does ---- */

static struct spinlock wanted_lock = SPINLOCK_INIT(LOCK_DISK);
static struct page *wanted[2 * PAGES];
static unsigned nwanted;

static int served_read(struct object *object, struct page *page, struct vm_wait *wait)
{
	(void)object;
	wait->major = true;
	spin_lock(&wanted_lock);
	wanted[nwanted++] = page;
	spin_unlock(&wanted_lock);
	return 0;
}

static void serve_one(void)
{
	struct page *page;

	spin_lock(&wanted_lock);
	page = nwanted ? wanted[--nwanted] : NULL;
	spin_unlock(&wanted_lock);
	if (!page)
		return;
	arch_page_zero(page_address(page));
	*(uint64_t *)page_address(page) = OLD;
	page_read_done(page, 0);
}

static void serve(void)
{
	while (!race_others_are_done()) {
		serve_one();
		sched_yield();
	}
	while (atomic_load(&nwanted))
		serve_one();
}

static void served_destroy(struct object *object)
{
	(void)object;
}

static const struct object_ops served_ops = { .name = "served",
					      .read_page = served_read,
					      .destroy = served_destroy };

static bool make_served(void)
{
	static struct object served;
	static bool is_made;

	if (is_made)
		object_init_again(&served, &served_ops, LEN);
	else
		object_init(&served, &served_ops, LEN);
	is_made = true;
	file = &served;
	return race_map(HERE, LEN, MAP_PRIVATE, file);
}

static const struct kind {
	const char *name;
	bool (*make)(void);
	uint64_t old, renewed; /* word 0 as it is, and after MADV_DONTNEED */
	bool shared, of_file;
} kinds[] = {
	{ "lazy", make_lazy, 0, 0, false, false },
	{ "zero page", make_zero_page, 0, 0, false, false },
	{ "resident", make_resident, OLD, 0, false, false },
	{ "swapped", make_swapped, OLD, 0, false, false },
	{ "cow", make_cow, OLD, 0, false, false },
	{ "cow, swapped", make_cow_swapped, OLD, 0, false, false },
	{ "shared", make_shared, OLD, OLD, true, false },
	{ "file, shared", make_file_shared, OLD, OLD, true, true },
	{ "file, private", make_file_private, OLD, OLD, false, true },
	{ "file, copied", make_file_copied, OLD, OLD, false, true },
	{ "served", make_served, OLD, OLD, false, true },
};

/* ---- verbs: the third side's ---- */

static const struct kind *kind;
static struct uspace *child; /* that fork has made */

static void verb_none(void)
{
}

static void under_lock(int (*fn)(struct space *space))
{
	uspace_lock(race_space);
	EXPECT_EQ(0, fn(&race_space->space));
	uspace_unlock(race_space);
}

static int unmap(struct space *space)
{
	return vm_unmap(space, CHANGED, CHANGED_LEN);
}

static void verb_unmap(void)
{
	under_lock(unmap);
}

static int protect_none(struct space *space)
{
	return vm_protect(space, CHANGED, CHANGED_LEN, 0);
}

static void verb_protect_none(void)
{
	under_lock(protect_none);
}

static int protect_read(struct space *space)
{
	return vm_protect(space, CHANGED, CHANGED_LEN, READ);
}

static void verb_protect_read(void)
{
	under_lock(protect_read);
}

static int move(struct space *space)
{
	vaddr_t to;

	return vm_remap(space, CHANGED, CHANGED_LEN, CHANGED_LEN, MREMAP_MAYMOVE | MREMAP_FIXED,
			ELSEWHERE, &to);
}

static void verb_move(void)
{
	under_lock(move);
}

static void verb_forget(void)
{
	advise(MADV_DONTNEED);
}

static void verb_page_out(void)
{
	advise(MADV_COLD);
	advise(MADV_PAGEOUT);
}

static int lock(struct space *space)
{
	return vm_lock(space, CHANGED, CHANGED_LEN, VMA_LOCKED)
		       ?: vm_unlock(space, CHANGED, CHANGED_LEN);
}

static void verb_lock(void)
{
	under_lock(lock);
}

static void verb_replace(void)
{
	EXPECT_TRUE(race_map(CHANGED, CHANGED_LEN, MAP_PRIVATE, NULL));
}

static void verb_fork(void)
{
	child = race_fork_space();
	EXPECT_TRUE(child);
}

static void verb_truncate(void)
{
	EXPECT_EQ(0, object_set_size(file, PAGE_SIZE));
}

static void verb_reclaim(void)
{
	(void)reclaim(2);
	mm_trim();
}

enum then { STAYS, RENEWED, ZERO, GONE };

static const struct verb {
	const char *name;
	void (*run)(void);
	bool refuses; /* accesses may fail */
	enum then then;
	bool of_file;
} verbs[] = {
	{ "nothing", verb_none, false, STAYS, false },
	{ "munmap", verb_unmap, true, GONE, false },
	{ "mprotect none", verb_protect_none, true, STAYS, false },
	{ "mprotect read", verb_protect_read, true, STAYS, false },
	{ "mremap", verb_move, true, STAYS, false },
	{ "DONTNEED", verb_forget, false, RENEWED, false },
	{ "PAGEOUT", verb_page_out, false, STAYS, false },
	{ "mlock", verb_lock, false, STAYS, false },
	{ "mmap over it", verb_replace, false, ZERO, false },
	{ "fork", verb_fork, false, STAYS, false },
	{ "ftruncate", verb_truncate, true, ZERO, true },
	{ "reclaim", verb_reclaim, false, STAYS, false },
};

static const struct verb *verb;

/* (Waiting for a page of a server, mlock would wait for itself.) */
static void change(void)
{
	if (kind->make == make_served && verb->run == verb_lock)
		serve();
	else
		verb->run();
	if (kind->make == make_served)
		serve();
}

/* ---- what is right ---- */

static void wrong(const char *what, uint64_t word)
{
	ktest_fail(__FILE__, __LINE__, what, 0, word);
	ktest_note("%s against %s, round %u", kind->name, verb->name, race_round);
}

static bool is_one_of(uint64_t word, uint64_t a, uint64_t b)
{
	return word == a || word == b;
}

static void check_accesses(unsigned page)
{
	uint64_t later = verb->then == RENEWED ? kind->renewed : verb->then == ZERO ? 0 : kind->old;

	for (unsigned side = 0; side < 2; side++) {
		if (got[side].loaded[page] && !is_one_of(got[side].word[page], kind->old, later))
			wrong("was read", got[side].word[page]);
		if (!verb->refuses && !got[side].stored[page])
			wrong("store is refused, by side", side);
	}
}

/* Each store is there, unless the page was thrown away. */
static void check_page(unsigned page)
{
	vaddr_t at = (verb->run == verb_move ? ELSEWHERE : CHANGED) + page * PAGE_SIZE;
	bool stays = verb->then == STAYS || (verb->then == RENEWED && kind->shared);
	uint64_t word = ~0ul;

	if (verb->then == GONE) {
		if (race_load(at, &word))
			wrong("is still there", word);
		return;
	}
	if (!race_load(at, &word))
		wrong("cannot be read: page", page);
	if (word != (stays ? kind->old : verb->then == RENEWED ? kind->renewed : 0))
		wrong("is left", word);
	for (unsigned side = 0; side < 2; side++) {
		bool stored = got[side].stored[page];

		if (!race_load(at + WORD(1 + side), &word))
			wrong("cannot be read: word", side);
		if (stays && word != (stored ? NEW(side) : 0))
			wrong("was stored, and is left", word);
		if (!stays && !is_one_of(word, 0, verb->of_file ? 0 : NEW(side)))
			wrong("is left of a store", word);
	}
}

/* Another space with the pages has them as of one moment; what either stores from then on is its own. */
static void check_other(struct uspace *other, bool may_see_stores)
{
	for (unsigned page = 0; page < 2; page++) {
		vaddr_t at = CHANGED + page * PAGE_SIZE;
		uint64_t word;

		word = space_load(other, at);
		if (word != kind->old)
			wrong("is another's", word);
		for (unsigned side = 0; side < 2; side++) {
			word = space_load(other, at + WORD(1 + side));
			if (!is_one_of(word, 0, may_see_stores ? NEW(side) : 0))
				wrong("is another's, of a store", word);
		}
		if (kind->shared)
			continue;
		EXPECT_EQ(0, space_store(other, at + WORD(CHILD), NEW(CHILD)));
		if (verb->run == verb_fork) {
			EXPECT_TRUE(race_store(at + WORD(LATER), NEW(LATER)) &&
				    race_load(at + WORD(CHILD), &word));
			if (word != 0 || space_load(other, at + WORD(LATER)) != 0)
				wrong("is seen by another space", word);
		}
	}
	uspace_put(other);
}

static void begin(void)
{
	bool good;

	/* Each kind with each verb. */
	kind = &kinds[race_round % ARRAY_SIZE(kinds)];
	verb = &verbs[race_round / ARRAY_SIZE(kinds) % ARRAY_SIZE(verbs)];
	if (verb->of_file && !kind->of_file)
		verb = &verbs[0];
	memset(got, 0, sizeof(got));
	holder = child = NULL;
	file = NULL;
	good = kind->make();
	EXPECT_TRUE(good);
}

static void put_back(void)
{
	if (verb->run == verb_protect_none || verb->run == verb_protect_read) {
		uspace_lock(race_space);
		EXPECT_EQ(0, vm_protect(&race_space->space, CHANGED, CHANGED_LEN, READ_WRITE));
		uspace_unlock(race_space);
	}
	if (verb->of_file)
		EXPECT_EQ(0, object_set_size(file, LEN));
}

static void end(void)
{
	put_back();
	for (unsigned page = 0; page < 2; page++) {
		check_accesses(page);
		if (kind->make != make_served)
			check_page(page);
	}
	if (child && kind->make != make_served)
		check_other(child, true);
	else if (child)
		uspace_put(child);
	if (holder)
		check_other(holder, false);
	uspace_lock(race_space);
	EXPECT_EQ(0, vm_unmap(&race_space->space, HERE, LEN));
	EXPECT_EQ(0, vm_unmap(&race_space->space, ELSEWHERE, LEN));
	uspace_unlock(race_space);
	if (file)
		object_put(file);
}

#define PAIRS (ARRAY_SIZE(kinds) * ARRAY_SIZE(verbs))

static const struct race faults = { .rounds = PAIRS,
				    .shares_space = true,
				    .begin = begin,
				    .sides = { access, access, change },
				    .end = end };

/* Two faults on pages of each kind, and each verb on these at the same time; in the hardened build with swap. */
KTEST(race_faults_and_verbs)
{
#ifdef FAULTLINE_HARDENED
	struct block_device *disk = late_disk_begin();

	ASSERT_TRUE(disk && late_disk_format(disk, LATE_DISK_PAGES));
	ASSERT_TRUE(swap_on(disk) == 0);
	race_run(&faults);
	ktest_settle();
	EXPECT_EQ(0, process_swap_off(disk));
	late_disk_end();
#else
	race_run(&faults);
#endif
}

/* ---- last holders ---- */

static struct uspace *members[RACE_SIDES];

static void make_members(void)
{
	EXPECT_TRUE(make_resident());
	for (unsigned side = 0; side < RACE_SIDES; side++) {
		members[side] = race_fork_space();
		EXPECT_TRUE(members[side]);
	}
}

static void check_word(vaddr_t at, uint64_t expected)
{
	uint64_t word = ~expected;

	EXPECT_TRUE(race_load(at, &word));
	EXPECT_EQ(expected, word);
}

/* Each page is copied by all but the last that stores to it; each then has its own words. The memory ends at once, too. */
static void copy_and_leave(void)
{
	unsigned side = race_side();
	struct uspace *before = race_use_space(members[side]);

	for (unsigned page = 0; page < PAGES; page++)
		EXPECT_TRUE(race_store(HERE + page * PAGE_SIZE + WORD(1 + side), NEW(side)));
	for (unsigned page = 0; page < PAGES; page++) {
		check_word(HERE + page * PAGE_SIZE, OLD);
		for (unsigned other = 0; other < RACE_SIDES; other++)
			check_word(HERE + page * PAGE_SIZE + WORD(1 + other),
				   other == side ? NEW(side) : 0);
	}
	uspace_put(race_use_space(before));
}

static void drop_first_holder(void)
{
	uspace_lock(race_space);
	EXPECT_EQ(0, vm_unmap(&race_space->space, HERE, LEN));
	uspace_unlock(race_space);
}

RACE(race_last_holders_of_pages, .rounds = 16, .shares_space = true, .begin = make_members,
     .sides = { copy_and_leave, copy_and_leave, copy_and_leave }, .end = drop_first_holder)

/* ---- tables that go, and memory that others leave ---- */

#define TABLES	   6u
#define TABLE_SPAN (2ul << 20)
#define AREA_LEN   (TABLES * TABLE_SPAN)

static vaddr_t far_word(unsigned table)
{
	return ELSEWHERE + table * TABLE_SPAN + WORD(1 + race_side());
}

static void map_far(void)
{
	EXPECT_TRUE(race_map(ELSEWHERE, AREA_LEN, MAP_PRIVATE, NULL));
}

/* What is read is what this side has stored, or nothing. */
static void walk_far(void)
{
	for (unsigned i = 0; i < 12; i++) {
		vaddr_t at = far_word(race_lot(TABLES));
		uint64_t word = 0;

		(void)race_store(at, NEW(race_side()));
		if (race_load(at, &word) && word)
			EXPECT_EQ(NEW(race_side()), word);
	}
}

/* Walks far tables of another process's memory. */
static void walk_far_from_afar(void)
{
	for (unsigned i = 0; i < 12; i++) {
		vaddr_t at = far_word(race_lot(TABLES));
		uint64_t word;

		(void)space_store(race_space, at, NEW(race_side()));
		word = space_load(race_space, at);
		if (word && word != UINT64_MAX)
			EXPECT_EQ(NEW(race_side()), word);
	}
}

/* The pages of a few tables go, and so do these. */
static void unlink_tables(void)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned first = race_lot(TABLES);
		size_t len = (1 + race_lot(TABLES - first)) * TABLE_SPAN;
		vaddr_t at = ELSEWHERE + first * TABLE_SPAN;

		uspace_lock(race_space);
		EXPECT_EQ(0, vm_unmap(&race_space->space, at, len));
		uspace_unlock(race_space);
		EXPECT_TRUE(race_map(at, len, MAP_PRIVATE, NULL));
	}
}

RACE(race_walks_and_tables_that_go, .rounds = 12, .shares_space = true, .begin = map_far,
     .sides = { walk_far, walk_far_from_afar, unlink_tables })

static void map_resident(void)
{
	EXPECT_TRUE(make_resident());
}

/* One process reads and writes the memory of another, which throws it away. */
static void look_from_afar(void)
{
	for (unsigned i = 0; i < 40; i++) {
		uint64_t word = space_load(race_space, HERE);

		if (word != 0 && word != OLD)
			EXPECT_EQ(NEW(0), word);
		EXPECT_EQ(0, space_store(race_space, HERE, NEW(0)));
	}
}

static void throw_away(void)
{
	for (unsigned i = 0; i < 40; i++) {
		uspace_lock(race_space);
		EXPECT_EQ(0, vm_madvise(&race_space->space, HERE, PAGE_SIZE, MADV_DONTNEED));
		uspace_unlock(race_space);
	}
}

RACE(race_memory_of_another, .rounds = 6, .shares_space = true, .begin = map_resident,
     .sides = { look_from_afar, throw_away })

static void map_and_unmap(void)
{
	for (unsigned i = 0; i < 6; i++) {
		EXPECT_TRUE(race_map(HERE, LEN, MAP_PRIVATE, NULL) && fill());
		drop_first_holder();
	}
}

/* Other harts leave the memory and come back to it, while the first has all of them forget pages. */
static void come_and_go(void)
{
	for (unsigned i = 0; i < 6; i++) {
		struct uspace *none = uspace_create();
		uint64_t word;

		EXPECT_TRUE(none);
		(void)race_load(HERE, &word);
		(void)race_use_space(none);
		EXPECT_TRUE(!race_load(HERE, &word));
		uspace_put(race_use_space(race_space));
	}
}

RACE(race_shootdowns_and_ends, .rounds = 8, .shares_space = true,
     .sides = { map_and_unmap, come_and_go, come_and_go })

/* ---- memory that exec replaces ---- */

static int execs;
static bool has_changed; /* for the last time */

static void note_pid(void)
{
	execs = current_process()->pid;
	has_changed = false;
}

/* As exec does it: the new memory is ready before it is the process's, and the old one goes. */
static void change_images(void)
{
	for (unsigned i = 0; i < 8; i++) {
		race_space = uspace_create();
		EXPECT_TRUE(race_space && race_map(HERE, LEN, MAP_PRIVATE, NULL));
		EXPECT_EQ(0, space_store(race_space, HERE, OLD));
		uspace_put(race_use_space(race_space));
		race_space = NULL;
		check_word(HERE, OLD);
	}
	atomic_store(&has_changed, true);
}

/* Faults of another process, which found the memory a moment ago. */
static void fault_in_images(void)
{
	while (!atomic_load(&has_changed)) {
		struct uspace *us;
		uint64_t word;

		spin_lock(&process_tree_lock);
		us = process_find(execs)->uspace;
		uspace_get(us);
		spin_unlock(&process_tree_lock);
		word = space_load(us, HERE);
		if (word != UINT64_MAX) /* the first memory has no such page */
			EXPECT_EQ(OLD, word);
		word = space_load(us, HERE + PAGE_SIZE);
		if (word != UINT64_MAX)
			EXPECT_EQ(0, word);
		uspace_put(us);
	}
}

RACE(race_faults_and_execs, .rounds = 6, .begin = note_pid,
     .sides = { change_images, fault_in_images, fault_in_images })
