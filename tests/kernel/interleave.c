/* Threads that run into one another in one address space, at every point where they could. */

/*
 * Each word that is written is its address's own, so that whatever order things come in, a read
 * finds that or zero: anything else is somebody else's page. Children write words of their own,
 * which the parent must never see.
 */

#include "tests/kernel/weave.h"

#ifdef FAULTLINE_HARDENED

#include "abi/errno.h"
#include "abi/mman.h"
#include "boot/options.h"
#include "lib/bits.h"
#include "mm/alloc_fail.h"
#include "mm/hold.h"
#include "mm/trim.h"
#include "proc/mutex.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define ROUNDS	 8
#define THREADS	 6
#define OPS	 300
#define ANON_AT	 0x40000000ul
#define FILE_AT	 0x40040000ul
#define SHARE_AT 0x40080000ul
#define FAR_AT	 0x1040000000ul
#define STACK_AT 0x2000000000ul /* its end */
#define PAGES	 16
#define FAR_STEP (4ul << 20)

static struct uspace *us;
static struct object *file;
static struct mutex file_lock;
static unsigned wrong;
static uint64_t retries[RETRY_REASONS];

static uint64_t parents_word(vaddr_t va)
{
	return va ^ 0xfa017;
}

static uint64_t childs_word(vaddr_t va)
{
	return va ^ 0xc417d;
}

static vaddr_t any_page(void)
{
	static const vaddr_t areas[] = { ANON_AT, ANON_AT, FILE_AT, FILE_AT, SHARE_AT };
	uint64_t which = weave_below(ARRAY_SIZE(areas) + 2);
	uint64_t page = weave_below(PAGES);

	if (which == ARRAY_SIZE(areas))
		return FAR_AT + page * FAR_STEP;
	if (which > ARRAY_SIZE(areas))
		return STACK_AT - (page + 1) * PAGE_SIZE;
	return areas[which] + page * PAGE_SIZE;
}

/* One access of a program: waits and asks again like one. */
static void touch(struct uspace *in, vaddr_t va, unsigned access)
{
	struct vm_wait wait;

	while (vm_fault(&in->space, va, access | ACCESS_USER, 0, &wait) == VM_WAIT)
		thread_wait(wait.queue, wait.seq);
}

static void expect_word(vaddr_t va, uint64_t got, bool child)
{
	if (got == 0 || got == parents_word(va) || (child && got == childs_word(va)))
		return;
	if (wrong++ < 5)
		ktest_note("%#lx holds %#lx", (unsigned long)va, (unsigned long)got);
}

/* => space lock held */
static bool is_mapped(struct uspace *in, vaddr_t va, const struct page *page)
{
	struct mmu_entry *slot = arch_mmu_lookup(&in->space.mmu, va);
	struct mmu_entry entry = slot ? entry_load(slot) : ENTRY_NONE;

	return !entry_empty(entry) && pfn_to_page(entry_pfn(entry)) == page;
}

/*
 * (A page that is only held is still the last entry's to reuse: once the parent has lost it, the
 * child may have written to it.)
 */
static void read_word(struct uspace *in, vaddr_t va, bool child)
{
	struct page *page;
	uint64_t got;

	if (vm_hold(&in->space, va, RIGHT_READ, &page))
		return;
	spin_lock(&in->space.lock);
	got = *(const uint64_t *)page_address(page);
	child = child || !is_mapped(in, va, page);
	spin_unlock(&in->space.lock);
	page_put(page);
	expect_word(va, got, child);
}

static void write_word(struct uspace *in, vaddr_t va, uint64_t word)
{
	(void)vm_copy_to(&in->space, va, &word, sizeof(word));
}

static long map_at(vaddr_t at, size_t npages, unsigned rights, unsigned flags, unsigned vma_flags)
{
	bool of_file = at >= FILE_AT && at < SHARE_AT;
	struct map_request request = { .addr = at,
				       .len = npages * PAGE_SIZE,
				       .rights = rights,
				       .max_rights = READ | WRITE | EXEC,
				       .flags = flags | MAP_FIXED,
				       .vma_flags = vma_flags };
	vaddr_t ret;

	if (of_file) {
		request.object = file;
		request.offset = at - FILE_AT;
	} else {
		request.flags |= MAP_ANONYMOUS;
	}
	return vm_map(&us->space, &request, &ret);
}

/* The whole area that an address lies in, mapped anew from there on. */
static void map_from(vaddr_t va, unsigned rights)
{
	if (va >= STACK_AT - PAGES * PAGE_SIZE)
		map_at(STACK_AT - PAGE_SIZE, 1, READ_WRITE, MAP_PRIVATE, VMA_STACK);
	else if (va >= FAR_AT)
		map_at(va, 1, rights, MAP_PRIVATE, 0);
	else
		map_at(va, 1 + weave_below(PAGES - (va >> PAGE_SHIFT) % PAGES), rights,
		       va >= SHARE_AT ? MAP_SHARED : MAP_PRIVATE, 0);
}

static void change_map(void)
{
	vaddr_t va = any_page(), heap;
	size_t len = (1 + weave_below(4)) * PAGE_SIZE;

	uspace_lock(us);
	switch (weave_below(8)) {
	case 0:
		(void)vm_unmap(&us->space, va, len);
		break;
	case 1:
		(void)vm_protect(&us->space, va, len, READ);
		break;
	case 2:
		(void)vm_protect(&us->space, va, len, READ_WRITE);
		break;
	case 3:
		(void)vm_madvise(&us->space, va, len, MADV_DONTNEED);
		break;
	case 4:
		(void)vm_madvise(&us->space, va, len, 23 /* MADV_POPULATE_WRITE */);
		break;
	case 5:
		heap = us->space.brk_start + weave_below(8) * PAGE_SIZE;
		(void)vm_brk(&us->space, heap);
		break;
	default:
		map_from(va, weave_below(8) ? READ_WRITE : READ);
	}
	uspace_unlock(us);
}

static struct uspace *fork_space(void)
{
	struct uspace *child;
	int err = -ENOMEM;

	uspace_lock(us);
	child = uspace_create();
	if (child) {
		mutex_lock_nested(&child->mmap_lock);
		err = vm_fork(&us->space, &child->space);
		uspace_unlock(child);
	}
	uspace_unlock(us);
	if (!err)
		return child;
	if (child)
		uspace_put(child);
	return NULL;
}

static void add_retries(const struct uspace *of)
{
	for (unsigned i = 0; i < RETRY_REASONS; i++)
		retries[i] += of->space.stats.retry[i];
}

/* A child that reads and writes what it got. */
static void live_as_child(void)
{
	struct uspace *child = fork_space();

	if (!child)
		return;
	for (unsigned i = 0; i < 12; i++) {
		vaddr_t va = any_page();

		read_word(child, va, true);
		if (va < SHARE_AT || va >= FAR_AT)
			write_word(child, va, childs_word(va));
		touch(child, va, READ);
	}
	add_retries(child);
	uspace_put(child);
}

/* What has a position in the file takes turns; the file's words are the parent's. */
static void change_file(void)
{
	uint64_t page = weave_below(PAGES), word = parents_word(FILE_AT + page * PAGE_SIZE);

	mutex_lock(&file_lock);
	switch (weave_below(4)) {
	case 0:
		(void)object_set_size(file, page * PAGE_SIZE);
		(void)object_set_size(file, PAGES * PAGE_SIZE);
		break;
	case 1:
		(void)object_read_kernel(file, page * PAGE_SIZE, &word, sizeof(word));
		expect_word(FILE_AT + page * PAGE_SIZE, word, false);
		break;
	default:
		(void)object_write_kernel(file, page * PAGE_SIZE, &word, sizeof(word));
	}
	mutex_unlock(&file_lock);
}

/* Now and then somebody's allocation fails, one of the next few. */
static void starve_somebody(void)
{
	if (weave_below(20) == 0)
		alloc_fail_set(1 + weave_below(8), NULL, ALLOC_FAIL_RELIEVE);
}

static void do_something(unsigned what)
{
	vaddr_t va = any_page();

	starve_somebody();
	if (what < 8)
		touch(us, va, READ);
	else if (what < 16)
		touch(us, va, WRITE);
	else if (what < 22)
		read_word(us, va, false);
	else if (what < 28)
		write_word(us, va, parents_word(va));
	else if (what < 34)
		change_map();
	else if (what < 38)
		change_file();
	else if (what < 39)
		live_as_child();
	else
		mm_trim();
}

static void live(unsigned index)
{
	for (unsigned i = 0; i < OPS; i++)
		do_something((unsigned)weave_below(40));
}

/* The same, and one takes the space's memory away in the middle of it. */
static void live_until_stripped(unsigned index)
{
	for (unsigned i = 0; i < OPS; i++) {
		if (index == 0 && i == OPS / 2)
			vm_strip(&us->space);
		do_something((unsigned)weave_below(40));
	}
}

static bool begin(void)
{
	mutex_init(&file_lock, LOCK_INODE);
	file = object_create_anon(PAGES * PAGE_SIZE);
	us = file ? uspace_create() : NULL;
	if (!us)
		return false;
	us->space.brk_start = us->space.brk = us->space.brk_high = HEAP_AT;
	us->space.stack_top = STACK_AT;
	us->space.limit_as = us->space.limit_data = us->space.limit_stack = UINT64_MAX;
	uspace_lock(us);
	map_at(ANON_AT, PAGES, READ_WRITE, MAP_PRIVATE, 0);
	map_at(FILE_AT, PAGES, READ_WRITE, MAP_PRIVATE, 0);
	map_at(SHARE_AT, PAGES, READ_WRITE, MAP_SHARED, 0);
	map_at(STACK_AT - PAGE_SIZE, 1, READ_WRITE, MAP_PRIVATE, VMA_STACK);
	uspace_unlock(us);
	return true;
}

static void end(void)
{
	(void)alloc_fail_set(0, NULL, ALLOC_FAIL_ASK);
	add_retries(us);
	uspace_put(us);
	object_put(file);
}

static void report(const struct weave *weave, uint64_t seed)
{
	weave_report(weave, seed, ROUNDS);
	ktest_note("started over: VMA %lu, entry %lu, source %lu, tables %lu, race %lu",
		   (unsigned long)retries[RETRY_VMA], (unsigned long)retries[RETRY_ENTRY],
		   (unsigned long)retries[RETRY_SOURCE], (unsigned long)retries[RETRY_TABLES],
		   (unsigned long)retries[RETRY_RACE]);
}

/*
 * R16, R65 as far as one hart goes: faults, verbs, forks, truncations and trims in one space, each
 * losing its hart at locks, pauses and before it publishes. Every reason to start over comes up.
 */
KTEST(interleaved_threads_agree_on_one_space)
{
	uint64_t seed = boot_options.seed ?: 1;
	struct weave weave = { 0 };

	memset(retries, 0, sizeof(retries));
	wrong = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		ASSERT_TRUE(begin());
		weave_run(&weave, seed + round, THREADS,
			  round < ROUNDS - 1 ? live : live_until_stripped);
		end();
	}
	report(&weave, seed);
	EXPECT_EQ(0, wrong);
	for (unsigned i = 0; i < RETRY_REASONS; i++)
		EXPECT_TRUE(retries[i] > 0);
	EXPECT_TRUE(weave.switches[WEAVE_PAUSE] && weave.switches[WEAVE_DECIDED]);
	EXPECT_TRUE(weave.switches[WEAVE_LOCK + LOCK_SPACE] &&
		    weave.switches[WEAVE_UNLOCK + LOCK_OBJECT]);
}

#endif
