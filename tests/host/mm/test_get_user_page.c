/* SPDX-License-Identifier: MIT */
/* Another space's memory: copies, and pages that are held. */
#include "one_space.h"

#include "linux/mem/peek.h"
#include "mm/check/alloc_fail.h"
#include "mm/object/object.h"
#include "sync/interleave.h"

#define P PAGE_SIZE

TEST(hold) /* R29 */
{
	char buf[3 * PAGE_SIZE], back[3 * PAGE_SIZE];
	struct space other;
	struct page *page;

	start();
	rig_create(&other);
	assert_int_equal(AT, rig_map(&other, AT, 4 * PAGE_SIZE, RW, ANON | MAP_FIXED));
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 13 + 1);
	assert_int_equal(0, vm_copy_to(&other, AT + 100, buf, sizeof(buf)));
	assert_int_equal(0, vm_copy_from(&other, back, AT + 100, sizeof(back)));
	assert_memory_equal(back, buf, sizeof(buf));
	assert_int_equal(-EFAULT, vm_copy_from(&other, back, AT + PAGE_SIZE, sizeof(back) + 1));
	assert_int_equal(0, vm_protect(&other, AT, PAGE_SIZE, PROT_READ));
	assert_int_equal(-EFAULT, get_user_page(&other, AT, VM_PROT_WRITE, &page));
	assert_int_equal(0, get_user_page(&other, AT, VM_PROT_READ, &page));
	rig_destroy(&other);
	assert_int_equal(buf[0],
			 ((char *)page_address(page))[100]); /* held, it outlives its space */
	put_user_page(&other, page, VM_PROT_READ);
	end();
}

/* What the program may not access itself is -EFAULT; so is all of a space that is being torn down. */
TEST(refused) /* R27 R43 */
{
	static const vaddr_t nowhere[] = { 0, AT + P, USER_TOP, UINT64_MAX };
	struct page *page;

	start();
	map(AT, 1, PROT_READ);
	for (unsigned i = 0; i < ARRAY_SIZE(nowhere); i++)
		assert_int_equal(-EFAULT, get_user_page(&space, nowhere[i], VM_PROT_READ, &page));
	assert_int_equal(-EFAULT, get_user_page(&space, AT, VM_PROT_WRITE, &page));
	assert_int_equal(-EFAULT, vm_copy_to(&space, AT, "bytes", 5));
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_READ, &page));
	assert_ptr_equal(zero_page, page);
	put_user_page(&space, page, VM_PROT_READ);
	vm_oom_reap(&space);
	assert_int_equal(-EFAULT, get_user_page(&space, AT, VM_PROT_READ, &page));
	end();
}

/* R62: a page that is referenced is copied by a write fault, one that is pinned reused; neither for good. */
TEST(write_faults)
{
	const unsigned access[] = { VM_PROT_READ, VM_PROT_WRITE };

	start();
	map(AT, 1, RW);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t copies = space.stats.kind[FAULT_COW],
			 reuses = space.stats.kind[FAULT_REUSE];
		struct page *page;

		assert_int_equal(0, fake_store(AT, 1));
		assert_int_equal(0, get_user_page(&space, AT, access[i], &page));
		assert_int_equal(i, page_pins(page));
		map(AT + P, MANY - 1, RW);
		assert_int_equal(0, fake_store(AT + (MANY - 1) * P, 1));
		assert_int_equal(0, vm_protect(&space, AT, MANY * P, PROT_READ));
		assert_int_equal(0, vm_protect(&space, AT, MANY * P, RW));
		assert_int_equal(0, fake_store(AT, 2));
		assert_int_equal(1 + i, *(char *)page_address(page));
		assert_int_equal(1 - i, space.stats.kind[FAULT_COW] - copies);
		assert_int_equal(i, space.stats.kind[FAULT_REUSE] - reuses);
		put_user_page(&space, page, access[i]);
		assert_int_equal(0, space.pins);
		assert_int_equal(0, vm_unmap(&space, AT + P, (MANY - 1) * P));
	}
	end();
}

/* A fork copies each pinned page, wherever it lies in its table, and shares the others. */
TEST(fork_copies_pinned)
{
	const unsigned n = 8;

	start();
	map(AT, n, RW);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(0, fake_store(AT + i * P, (unsigned char)(i + 1)));
	for (unsigned set = 0; set < 1u << n; set += 37) {
		struct page *pages[8] = { NULL };
		struct space child;

		for (unsigned i = 0; i < n; i++)
			if (set & 1u << i)
				assert_int_equal(0, get_user_page(&space, AT + i * P, VM_PROT_WRITE,
								  &pages[i]));
		assert_int_equal(0, space_create(&child));
		assert_int_equal(0, vm_fork(&space, &child));
		assert_int_equal(n, child.resident);
		rig_run(&child);
		for (unsigned i = 0; i < n; i++) {
			if (pages[i])
				*(char *)page_address(pages[i]) = 99;
			assert_int_equal(i + 1, fake_load(AT + i * P));
			assert_int_equal(0, fake_store(AT + i * P, 77));
		}
		rig_run(&space);
		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(pages[i] ? 99 : i + 1, fake_load(AT + i * P));
			assert_int_equal(0, fake_store(AT + i * P, (unsigned char)(i + 1)));
			if (pages[i])
				put_user_page(&space, pages[i], VM_PROT_WRITE);
		}
		space_destroy(&child);
		rig_check();
	}
	end();
}

/* A copy that the child may execute is text that this hart has just written; what is shared is none. */
TEST(fork_syncs_text_that_it_copies)
{
	start();
	map(AT, 1, RW | PROT_EXEC);
	map(AT + GIB, 1, RW);
	for (unsigned set = 0; set < 4; set++) {
		struct page *pages[2] = { NULL };
		struct space child;
		uint64_t before;

		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(0, fake_store(AT + i * GIB, 1));
			if (set & 1u << i)
				assert_int_equal(0, get_user_page(&space, AT + i * GIB,
								  VM_PROT_WRITE, &pages[i]));
		}
		before = fake_text_syncs;
		assert_int_equal(0, space_create(&child));
		assert_int_equal(0, vm_fork(&space, &child));
		assert_int_equal(set & 1, fake_text_syncs - before);
		for (unsigned i = 0; i < 2; i++)
			if (pages[i])
				put_user_page(&space, pages[i], VM_PROT_WRITE);
		space_destroy(&child);
	}
	end();
}

/* R8: a debugger's write may be a breakpoint in text that is mapped, and has run before. */
TEST(poke_syncs_text)
{
	const char byte = 2;
	uint64_t before;

	start();
	map(AT, 1, RW | PROT_EXEC);
	assert_int_equal(0, fake_store(AT, 1));
	before = fake_text_syncs;
	assert_int_equal(0, vm_poke(&space, AT, &byte, 1));
	assert_int_equal(before + 1, fake_text_syncs);
	assert_int_equal(2, fake_load(AT));
	end();
}

#define PINNED 3

/* As rig_check(): but who holds so many pages is not known to the ledger. */
static void check_but(unsigned held)
{
	assert_int_equal(held, ledger_check(NULL));
	assert_int_equal(0, fake_tlb_debts());
}

/* Pages of which some are pinned, in one table with memory of other kinds; a table further on. */
static void start_pinned(struct page **pages)
{
	struct object *file;

	start();
	map(AT, 2 * PINNED, RW);
	for (unsigned i = 0; i < 2 * PINNED; i++)
		assert_int_equal(0, fake_store(AT + i * P, (unsigned char)(i + 1)));
	for (unsigned i = 0; i < PINNED; i++)
		assert_int_equal(0,
				 get_user_page(&space, AT + 2 * i * P, VM_PROT_WRITE, &pages[i]));
	file = rig_file(2 * P);
	map_file(file, AT + 16 * P, 2, 0, NULL, 0);
	object_put(file);
	assert_int_equal(rig_byte(0), fake_load(AT + 16 * P));
	assert_int_equal(AT + 32 * P, rig_map(&space, AT + 32 * P, P, RW,
					      MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED));
	assert_int_equal(0, fake_store(AT + 32 * P, 's'));
	map(AT + GIB, 1, RW);
	assert_int_equal(0, fake_store(AT + GIB, 'f'));
}

/* Whoever writes by reference still writes to what the space reads, and the space to what he has. */
static void check_pinned(struct page *const *pages)
{
	check_but(PINNED);
	assert_int_equal(PINNED, space.pins);
	for (unsigned i = 0; i < PINNED; i++) {
		unsigned char *byte = page_address(pages[i]);

		assert_int_equal(1, page_pins(pages[i]));
		*byte = (unsigned char)(100 + i);
		assert_int_equal(100 + i, fake_load(AT + 2 * i * P));
		assert_int_equal(0, fake_store(AT + 2 * i * P, (unsigned char)(2 * i + 1)));
		assert_int_equal(2 * i + 1, *byte);
	}
}

static void end_pinned(struct page **pages)
{
	for (unsigned i = 0; i < PINNED; i++)
		put_user_page(&space, pages[i], VM_PROT_WRITE);
	assert_int_equal(0, space.pins);
	end();
}

/* R20 R45: a fork that gets no frame for a copy, or anything else, leaves the pinned pages as they were. */
TEST(fork_without_memory)
{
	struct page *pages[PINNED];
	struct space child;
	size_t before;
	uint64_t left;

	start_pinned(pages);
	before = rig_free();
	for (unsigned n = 1;; n++) {
		int result;

		assert_int_equal(0, space_create(&child));
		alloc_fail_at = n;
		result = vm_fork(&space, &child);
		left = alloc_fail_at;
		alloc_fail_at = 0;
		check_but(PINNED);
		if (left) {
			assert_int_equal(0, result);
			assert_true(n > PINNED);
			break;
		}
		assert_int_equal(-ENOMEM, result);
		rig_destroy(&child);
		check_pinned(pages);
		assert_int_equal(before, rig_free());
	}
	assert_int_equal(0, child.pins);
	rig_destroy(&child);
	check_pinned(pages);
	end_pinned(pages);
}

static unsigned kill_at;

static int kill_later(struct vm_wait *wait)
{
	(void)wait;
	return --kill_at == 0 ? -EINTR : 0;
}

/* R20: killed before a copy or after it, the fork gives back the frame that it had for one. */
TEST(fork_killed)
{
	struct page *pages[PINNED];
	size_t before;
	int result;

	start_pinned(pages);
	before = rig_free();
	for (unsigned n = 1;; n++) {
		struct space child;

		assert_int_equal(0, space_create(&child));
		kill_at = n;
		rig_pause = kill_later;
		result = vm_fork(&space, &child);
		rig_pause = NULL;
		check_but(PINNED);
		rig_destroy(&child);
		check_pinned(pages);
		assert_int_equal(before, rig_free());
		if (kill_at) {
			assert_true(n > 2 * PINNED);
			break;
		}
		assert_int_equal(-EINTR, result);
	}
	assert_int_equal(0, result);
	end_pinned(pages);
}

static struct page *unpinned;

static int unpin(struct vm_wait *wait)
{
	(void)wait;
	rig_pause = NULL;
	put_user_page(&space, unpinned, VM_PROT_WRITE);
	return 0;
}

/* What is no longer pinned when its copy could be made is shared, and the frame for it goes back. */
TEST(unpinned_in_fork)
{
	struct space child;
	size_t before;

	start();
	map(AT, 2, RW);
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(0, fake_store(AT + P, 2));
	map(AT + GIB, 1, RW);
	assert_int_equal(0, fake_store(AT + GIB, 3));
	before = rig_free();
	for (unsigned i = 0; i < 2; i++) {
		struct page *pinned;

		assert_int_equal(0, get_user_page(&space, AT, VM_PROT_WRITE, &unpinned));
		if (i)
			assert_int_equal(0, get_user_page(&space, AT + P, VM_PROT_WRITE, &pinned));
		assert_int_equal(0, space_create(&child));
		rig_pause = unpin;
		assert_int_equal(0, vm_fork(&space, &child));
		assert_null(rig_pause);
		check_but(i);
		assert_int_equal(2, unpinned->maps);
		assert_int_equal(3, child.resident);
		rig_run(&child);
		assert_int_equal(1, fake_load(AT));
		assert_int_equal(2, fake_load(AT + P));
		assert_int_equal(3, fake_load(AT + GIB));
		rig_run(&space);
		if (i) {
			assert_int_equal(1, pinned->maps);
			put_user_page(&space, pinned, VM_PROT_WRITE);
		}
		rig_destroy(&child);
		assert_int_equal(0, fake_store(AT, 1));
		assert_int_equal(0, fake_store(AT + P, 2));
		assert_int_equal(before, rig_free());
	}
	end();
}

/* What pins say is not trusted where it can't be: the machine stops. */
TEST(wrong_pins)
{
	struct page *page, *again;

	start();
	map(AT, 1, RW);
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_WRITE, &page));
	page->state += (UINT32_MAX - 1) * PAGE_ONE_PIN; /* no program can make so many */
	assert_true(panics(get_user_page(&space, AT, VM_PROT_WRITE, &again)));
	space_unlock(&space);
	page->state = state_make(PAGE_ANON, 0, 0) + PAGE_ONE_PIN;
	page->maps++; /* shared, and yet it can be written */
	assert_true(panics(get_user_page(&space, AT, VM_PROT_WRITE, &again)));
	space_unlock(&space);
	page->maps--;
	put_user_page(&space, page, VM_PROT_WRITE);
	assert_true(panics(put_user_page(&space, page, VM_PROT_WRITE))); /* once too often */
	space_unlock(&space);
	page->state += PAGE_ONE_PIN;
	assert_true(panics(put_user_page(&space, page, VM_PROT_WRITE))); /* another space's */
}

/* ---- others take the page away whenever they can ---- */

#define MOST_ZAPS 100

static unsigned zaps;

static void others_zap(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind == INTERLEAVE_GRANTING || kind == INTERLEAVE_UNMAPPED || zaps == MOST_ZAPS ||
	    (kind != INTERLEAVE_DECIDED && class != LOCK_SPACE))
		return;
	interleave_hook = NULL;
	zaps++;
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_DONTNEED));
	interleave_hook = others_zap;
}

static void get_despite_zaps(unsigned access, unsigned byte)
{
	struct page *page;

	zaps = 0;
	interleave_hook = others_zap;
	assert_int_equal(0, get_user_page(&space, AT, access, &page));
	interleave_hook = NULL;
	assert_true(zaps < 20); /* it ends by itself */
	assert_int_equal(byte, *(unsigned char *)page_address(page));
	put_user_page(&space, page, access);
	rig_check();
}

/* However often a page is thrown away, a debugger and a server get it. */
TEST(zapped_again_and_again)
{
	static const unsigned accesses[] = { VM_PROT_READ, VM_PROT_WRITE,
					     VM_PROT_READ | ACCESS_FORCE,
					     VM_PROT_WRITE | ACCESS_FORCE };
	struct object *file;

	start();
	file = rig_file(4 * P);
	for (unsigned i = 0; i < ARRAY_SIZE(accesses); i++) {
		map(AT, 1, RW);
		get_despite_zaps(accesses[i], 0);
		assert_int_equal(0, fake_store(AT, 7));
		get_despite_zaps(accesses[i], 0);
		map_file(file, AT, 1, 0, NULL, 0);
		get_despite_zaps(accesses[i], rig_byte(0));
		assert_int_equal(rig_byte(0), fake_load(AT));
		get_despite_zaps(accesses[i], rig_byte(0));
		if (!(accesses[i] & ACCESS_FORCE))
			continue;
		for (unsigned prot = PROT_NONE; prot <= PROT_READ; prot++) {
			map_file(file, AT, 1, P, NULL, 0);
			assert_int_equal(0, vm_protect(&space, AT, P, prot));
			get_despite_zaps(accesses[i], rig_byte(P));
		}
	}
	object_put(file);
	end();
}
