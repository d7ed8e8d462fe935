/* SPDX-License-Identifier: MIT */
/* A driver's end: revoke, reset, free, in this order, and what happens when a device does not answer (R145). */
#include "abi/errno.h"
#include "abi/mman.h"
#include "abi/uio_device.h"
#include "ipc/uio.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/object/page_cache.h"
#include "mm/phys/memmap.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/relieve.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define NPAGES 5ul

/* A device without registers, which notes what is there when it is reset. */
static struct {
	unsigned resets, masks, unmasks;
	int answer;
	bool unmapped; /* at the reset */
	bool kept;
} seen;

static struct uspace *us;
static vaddr_t at;
static struct page *pages[NPAGES];

static int reset(struct uio_device *dev)
{
	(void)dev;
	seen.resets++;
	seen.unmapped = seen.kept = true;
	for (unsigned i = 0; i < NPAGES && us; i++) {
		seen.unmapped &= entry_empty(space_entry(us, at + i * PAGE_SIZE));
		seen.kept &= page_kind(pages[i]) == PAGE_OBJECT && pages[i]->counts == PAGE_ONE_REF;
	}
	return seen.answer;
}

static void mask(struct uio_device *dev)
{
	(void)dev;
	seen.masks++;
}

static void unmask(struct uio_device *dev)
{
	(void)dev;
	seen.unmasks++;
}

static const struct uio_device_ops device_ops = { .reset = reset, .mask = mask, .unmask = unmask };
static struct uio_device device;
static struct uio uio;
static struct uio_session *session;
static uint64_t offset;
static paddr_t addr;

static void set_up(void)
{
	memset(&seen, 0, sizeof(seen));
	us = NULL;
	device = (struct uio_device){ .name = "test", .ops = &device_ops };
	uio_set_up(&uio, &device);
	EXPECT_EQ(0, uio_session_begin(&uio, &session));
}

/* Memory for DMA, mapped in a space and touched. The file is not closed yet. */
static bool drive_openly(void)
{
	struct map_request request = {
		.len = NPAGES * PAGE_SIZE,
		.prot = READ_WRITE,
		.max_prot = READ_WRITE,
		.flags = MAP_SHARED,
	};
	int err;

	set_up();
	if (uio_session_alloc(session, NPAGES * PAGE_SIZE - 1, &offset, &addr) != 0)
		return false;
	for (unsigned i = 0; i < NPAGES; i++)
		pages[i] = pfn_to_page(paddr_to_pfn(addr) + i);
	us = space_new();
	request.offset = offset;
	err = uio_session_map(session, offset, request.len, &request.object);
	if (!us || err)
		return false;
	err = vm_map(&us->space, &request, &at);
	object_put(request.object);
	for (unsigned i = 0; i < NPAGES && !err; i++)
		err = space_store(us, at + i * PAGE_SIZE, i);
	return !err;
}

/* Drives the device, and closes the file. */
static bool drive(void)
{
	bool done = drive_openly();

	uio_session_close(session);
	return done;
}

static void unmap_and_leave(void)
{
	struct uspace *old = us;

	us = NULL; /* the reset does not look at it any more */
	space_end(old);
}

/* R145: the pages are contiguous and zeroed, and a space maps these very pages */
KTEST(uio_memory_is_what_it_says)
{
	ASSERT_TRUE(drive());
	for (unsigned i = 0; i < NPAGES; i++) {
		EXPECT_TRUE(space_page(us, at + i * PAGE_SIZE) == pages[i]);
		EXPECT_EQ(i, *(uint64_t *)page_address(pages[i]));
		EXPECT_EQ(0, ((uint64_t *)page_address(pages[i]))[1]);
	}
	EXPECT_EQ(0, ledger_check(NULL));
	unmap_and_leave();
	EXPECT_EQ(1, seen.resets);
}

/* R145: neither when memory is short nor when caches are emptied, mapped or not, touched or not */
KTEST(uio_memory_stays)
{
	ASSERT_TRUE(drive());
	EXPECT_EQ(0, uio_session_alloc(session, PAGE_SIZE, &offset, &addr));
	for (unsigned round = 0; round < 4; round++) {
		EXPECT_TRUE(reclaim(100) >= 0);
		mm_trim();
	}
	for (unsigned i = 0; i < NPAGES; i++)
		EXPECT_TRUE(space_page(us, at + i * PAGE_SIZE) == pages[i]);
	EXPECT_EQ(NPAGES + 1, uio.session->object.npages);
	EXPECT_EQ(PAGE_OBJECT, page_kind(pfn_to_page(paddr_to_pfn(addr))));
	unmap_and_leave();
}

/* R145: revoked, then reset, then freed */
KTEST(uio_resets_before_it_frees)
{
	ASSERT_TRUE(drive());
	EXPECT_EQ(0, seen.resets);
	uio_session_driver_ends(&uio, NULL);
	EXPECT_EQ(1, seen.resets);
	EXPECT_EQ(1, seen.masks);
	EXPECT_TRUE(seen.unmapped);
	EXPECT_TRUE(seen.kept);
	EXPECT_TRUE(!uio.session);
	for (unsigned i = 0; i < NPAGES; i++) {
		EXPECT_TRUE(page_kind(pages[i]) != PAGE_OBJECT);
		EXPECT_EQ(VM_BUS, space_touch(us, at + i * PAGE_SIZE, i & 1 ? READ : WRITE));
	}
	EXPECT_EQ(0, ledger_check(NULL));
	unmap_and_leave();
	EXPECT_EQ(1, seen.resets);
}

/* R145: mappings alone keep the device, in whatever pieces, and their last end resets it */
KTEST(uio_mappings_keep_the_device)
{
	struct uspace *child;

	ASSERT_TRUE(drive());
	EXPECT_EQ(0, vm_unmap(&us->space, at + PAGE_SIZE, PAGE_SIZE));
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_EQ(0, vm_unmap(&us->space, at, NPAGES * PAGE_SIZE));
	EXPECT_EQ(0, seen.resets);
	EXPECT_EQ(3, space_load(child, at + 3 * PAGE_SIZE));
	space_end(child);
	EXPECT_EQ(1, seen.resets);
	EXPECT_TRUE(!uio.session);
	unmap_and_leave();
}

/* R145: a session that has ended has no part in the next one */
KTEST(uio_old_mappings_stay_dead)
{
	uint64_t other;
	paddr_t there;

	ASSERT_TRUE(drive());
	uio_session_driver_ends(&uio, NULL);
	EXPECT_EQ(0, uio_session_begin(&uio, &session));
	EXPECT_EQ(0, uio_session_alloc(session, NPAGES * PAGE_SIZE, &other, &there));
	EXPECT_EQ(offset, other);
	EXPECT_EQ(VM_BUS, space_touch(us, at, WRITE));
	unmap_and_leave();
	EXPECT_EQ(1, seen.resets);
	EXPECT_TRUE(uio.session);
	uio_session_close(session);
	EXPECT_EQ(2, seen.resets);
}

/* R145, R170: a session that begins ends the other, as its driver's end does, and the other's file then changes nothing */
KTEST(uio_session_ends_the_one_before)
{
	struct uio_session *before;
	struct object *object;
	uint64_t other;
	paddr_t there;

	ASSERT_TRUE(drive_openly());
	before = session;
	EXPECT_EQ(0, uio_session_begin(&uio, &session));
	EXPECT_EQ(1, seen.resets);
	EXPECT_EQ(1, seen.masks);
	EXPECT_TRUE(seen.unmapped);
	EXPECT_TRUE(seen.kept);
	EXPECT_TRUE(uio.session == session);
	for (unsigned i = 0; i < NPAGES; i++)
		EXPECT_EQ(VM_BUS, space_touch(us, at + i * PAGE_SIZE, i & 1 ? READ : WRITE));
	EXPECT_EQ(-ENODEV, uio_session_map(before, 0, PAGE_SIZE, &object));
	EXPECT_EQ(-ENODEV, uio_session_alloc(before, PAGE_SIZE, &other, &there));
	EXPECT_EQ(-ENODEV, uio_session_notify(before, NULL, 0));
	uio_session_close(before);
	unmap_and_leave();
	EXPECT_EQ(1, seen.resets);
	EXPECT_TRUE(uio.session == session);
	uio_session_close(session);
	EXPECT_EQ(2, seen.resets);
	EXPECT_TRUE(!uio.session);
	EXPECT_EQ(0, ledger_check(NULL));
}

/* R145, R111: no session begins on a device that has not answered, and what it could write to is kept */
KTEST(uio_session_of_a_lost_device_is_eio)
{
	struct uio_session *other, *before;
	struct ledger ledger;

	ASSERT_TRUE(drive_openly());
	before = session;
	seen.answer = -EIO;
	EXPECT_EQ(-EIO, uio_session_begin(&uio, &other));
	EXPECT_TRUE(uio.stuck);
	EXPECT_TRUE(!uio.session);
	uio_session_close(before);
	unmap_and_leave();
	EXPECT_EQ(0, ledger_check(&ledger));
	EXPECT_EQ(NPAGES, ledger.lost);
	EXPECT_EQ(-EIO, uio_session_begin(&uio, &other));
	EXPECT_EQ(1, seen.resets);
	/* There is no device, after all: the harness wants the frames back. */
	object_remove(&before->object, 0, UINT64_MAX, NULL);
	before->object.prealloc_end = 0;
	object_put(&before->object);
}

/* R145, R111: a device that does not answer keeps its frames for ever, and the ledger says so */
KTEST(uio_lost_device_keeps_its_frames)
{
	struct object *object;
	struct ledger ledger;

	ASSERT_TRUE(drive());
	seen.answer = -EIO;
	uio_session_driver_ends(&uio, NULL);
	EXPECT_TRUE(uio.stuck);
	EXPECT_TRUE(!uio.session);
	for (unsigned i = 0; i < NPAGES; i++)
		EXPECT_EQ(PAGE_OBJECT, page_kind(pages[i]));
	EXPECT_EQ(VM_BUS, space_touch(us, at, WRITE));
	unmap_and_leave();
	mm_trim();
	for (unsigned i = 0; i < NPAGES; i++)
		EXPECT_EQ(PAGE_OBJECT, page_kind(pages[i]));
	EXPECT_EQ(0, ledger_check(&ledger));
	EXPECT_EQ(NPAGES, ledger.lost);
	EXPECT_EQ(-ENODEV, uio_session_alloc(session, 1, &offset, &addr));
	EXPECT_EQ(-ENODEV, uio_session_map(session, 0, PAGE_SIZE, &object));
	EXPECT_EQ(1, seen.resets);
	/* There is no device, after all: the harness wants the frames back. */
	object = &session->object;
	object_remove(object, 0, UINT64_MAX, NULL);
	object->prealloc_end = 0;
	object_put(object);
}

/* Frames that are memory already are no registers. */
KTEST(uio_memory_is_no_device)
{
	struct page *none;

	EXPECT_EQ(-EEXIST, phys_add_device(page_to_paddr(zero_page), 1, &none));
}

#ifdef FAULTLINE_HARDENED

static unsigned ends_in;

/* The driver ends while its memory is being made. */
static void end_meanwhile(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind != INTERLEAVE_UNLOCK || class != LOCK_OBJECT || lockorder_this_hart()->depth != 0)
		return;
	if (ends_in && --ends_in == 0) {
		interleave_hook = NULL;
		uio_session_driver_ends(&uio, NULL);
	}
}

/* R145: no frame enters the memory of a driver that has ended, and none is lost */
KTEST_ALONE(uio_memory_of_an_ended_driver)
{
	for (unsigned n = 1; n <= NPAGES; n++) {
		set_up();
		EXPECT_EQ(0, uio_session_alloc(session, 1, &offset, &addr));
		ends_in = n;
		interleave_hook = end_meanwhile;
		EXPECT_EQ(-ENODEV, uio_session_alloc(session, NPAGES * PAGE_SIZE, &offset, &addr));
		EXPECT_TRUE(!interleave_hook);
		interleave_hook = NULL;
		EXPECT_EQ(1, seen.resets);
		EXPECT_TRUE(!uio.session);
		uio_session_close(session);
		EXPECT_EQ(0, ledger_check(NULL));
	}
}

/* R44, R45: every allocation fails once; what was had before is given back */
KTEST(uio_memory_runs_out)
{
	bool reached = true;

	for (unsigned n = 1; reached; n++) {
		int err;

		set_up();
		alloc_fail_at = n;
		err = uio_session_alloc(session, 100 * PAGE_SIZE, &offset, &addr);
		reached = alloc_fail_at == 0;
		alloc_fail_at = 0;
		EXPECT_EQ(reached ? -ENOMEM : 0, err);
		EXPECT_EQ(0, uio_session_alloc(session, 1, &offset, &addr));
		uio_session_close(session);
		EXPECT_EQ(1, seen.resets);
		EXPECT_EQ(0, ledger_check(NULL));
	}
}

/* R44, R45: the same of a session's begin, before which the old one has ended in any case */
KTEST(uio_session_without_memory)
{
	bool reached = true;

	for (unsigned n = 1; reached; n++) {
		struct uio_session *before;
		int err;

		set_up();
		before = session;
		session = NULL;
		alloc_fail_at = n;
		err = uio_session_begin(&uio, &session);
		reached = alloc_fail_at == 0;
		alloc_fail_at = 0;
		EXPECT_EQ(reached ? -ENOMEM : 0, err);
		EXPECT_EQ(1, seen.resets);
		EXPECT_EQ(!err, uio.session != NULL);
		uio_session_close(before);
		if (!err)
			uio_session_close(session);
		EXPECT_EQ(0, ledger_check(NULL));
	}
}

#endif
