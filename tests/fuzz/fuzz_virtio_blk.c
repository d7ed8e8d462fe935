/* SPDX-License-Identifier: MIT */
/* A hostile disk against its driver: each request is answered once, and with the truth if the disk told it. */

/*
 * An input: 12 bytes that say what the disk is (virtio/disk.h), then a script: ops of the device
 * (virtio/script.c; `h N STATUS` answers its Nth command, `r 0` says that it needs a reset), and
 * between them ops of the driver:
 *   I          the interrupt, and the thread that it wakes
 *   C          the thread alone
 *   S N HOW    submits request N: bit 7 a write, bit 6 not valid, the rest how many pages
 */
#include "abi/errno.h"
#include "base/block.h"
#include "drivers/virtio_blk.h"
#include "lib/virtio_regs.h"
#include "fuzz.h"
#include "lib/bits.h"
#include "mm/phys/page_alloc.h"
#include "virtio/disk.h"
#include "virtio/kernel.h"

#undef memcpy

#define REGISTERS_AT 0x10008000ul
#define REQUESTS     8u
#define PAGES_EACH   8u
#define NO_DISK_LEFT 8u /* of head.flags: as many disks are registered as there may be */

/* A request has its own pages of memory and of the disk, so that no two overlap. */
static struct {
	struct block_request request;
	bool pending, refused, tainted; /* tainted: the disk's bytes are not known */
	uint64_t expect[PAGES_EACH];
} trials[REQUESTS];

static struct page *memory[REQUESTS];
static struct block_device *disk;
static struct block_device others[BLOCK_DEVICES_MAX];
static uint64_t stamp;

static uint64_t *word_at(unsigned trial, unsigned page, bool last)
{
	char *bytes = (char *)page_address(memory[trial]) + page * PAGE_SIZE;

	return (uint64_t *)(bytes + (last ? PAGE_SIZE - sizeof(uint64_t) : 0));
}

static void check_read(unsigned trial, const struct block_request *request)
{
	for (unsigned i = 0; i < request->npages; i++) {
		fuzz_equal(*word_at(trial, i, false), trials[trial].expect[i]);
		fuzz_equal(*word_at(trial, i, true), trials[trial].expect[i]);
	}
}

static void trial_done(struct block_request *request, int result)
{
	unsigned trial = (unsigned)(((char *)request - (char *)trials) / sizeof(trials[0]));

	fuzz_check(trials[trial].pending && fake_irq_on);
	fuzz_check(result == 0 || result == -EIO);
	trials[trial].pending = false;
	fuzz_check(!trials[trial].refused || result == -EIO);
	if (disk_dirty) {
		trials[trial].tainted |= request->write;
		return;
	}
	/* What the disk does not have any more it cannot change behind our back. */
	for (unsigned i = 0; i < request->npages && !trials[trial].refused; i++)
		fuzz_check(!disk_holds(request->pages[i]));
	if (result != 0)
		trials[trial].tainted |= request->write && !trials[trial].refused;
	else if (!request->write && !trials[trial].tainted)
		check_read(trial, request);
	else if (request->write)
		for (unsigned i = 0; i < request->npages; i++)
			trials[trial].expect[i] = *word_at(trial, i, false);
}

static void prepare(unsigned trial, unsigned how)
{
	struct block_request *request = &trials[trial].request;

	*request = (struct block_request){
		.sector = (uint64_t)trial * PAGES_EACH * SECTORS_PER_PAGE,
		.write = how & 0x80,
		.npages = 1 + how % 64 % PAGES_EACH,
		.done = trial_done,
	};
	for (unsigned i = 0; i < request->npages; i++) {
		request->pages[i] = page_to_paddr(memory[trial]) + i * PAGE_SIZE;
		if (request->write)
			*word_at(trial, i, false) = *word_at(trial, i, true) = ++stamp << 16;
	}
	trials[trial].refused = (how & 0x40) ||
				(request->write && (device_head.features & DISK_READ_ONLY)) ||
				trial * PAGES_EACH + request->npages > device_head.DISK_CAPACITY;
	if (!(how & 0x40))
		return;
	if (how % 4 == 0)
		request->sector++;
	else if (how % 4 == 1)
		request->npages = 0;
	else if (how % 4 == 2)
		request->npages = BLOCK_PAGES_MAX + 1;
	else
		request->sector = -8ull * request->npages;
}

static void do_submit(void)
{
	unsigned trial = device_byte() % REQUESTS, how = device_byte();

	if (trials[trial].pending)
		return;
	prepare(trial, how);
	trials[trial].pending = true;
	block_submit(disk, &trials[trial].request);
}

static void complete_all(void)
{
	while (disk->ops->complete(disk))
		;
}

static void do_op(uint8_t op)
{
	device_driver_runs();
	if (op == 'S')
		do_submit();
	if (op == 'I')
		kernel_interrupt();
	if (op == 'I' || op == 'C')
		complete_all();
	device_driver_done();
	fuzz_check(fake_irq_on);
}

/* Starts the driver. Returns whether it has accepted the device. */
static bool boot(void)
{
	struct virtio_device dev;
	int err;

	disk = NULL;
	device_driver_runs();
	err = virtio_probe(&dev, REGISTERS_AT, 0x1000, 8);
	if (err == 0 && dev.id == VIRTIO_ID_BLOCK) {
		disk_was_failed = false;
		err = virtio_blk_init(&dev, &disk);
		fuzz_check(err == -ENOMEM || disk_was_failed == (err != 0));
		fuzz_check((err == 0) == (disk != NULL));
		fuzz_check(err == 0 || err == -EIO || err == -ENOMEM || err == -ENOENT ||
			   err == -EINVAL || err == -EBUSY || err == -ENOSPC);
	}
	device_driver_done();
	kernel_boots = disk_was_reset = false;
	return disk != NULL;
}

static void check_disk(void)
{
	fuzz_check(block_find(disk->name) == disk && block_find("sda") == NULL);
	fuzz_equal(disk->sectors, device_head.DISK_CAPACITY * SECTORS_PER_PAGE);
	fuzz_equal(disk->read_only, (device_head.features & DISK_READ_ONLY) != 0);
}

/* An honest disk answers all that is left, and every request ends; a broken one fails them. */
static void finish(void)
{
	do_op('I');
	while (!disk_dirty && disk_outstanding() > 0) {
		device_honest(0, 0);
		do_op('I');
	}
	if (disk_nonsense && !disk_untold)
		fuzz_equal(kernel_errors, 1);
	fuzz_check(kernel_errors <= 1);
	fuzz_equal(disk_was_failed, kernel_errors);
	fuzz_equal(disk_was_reset, kernel_errors);
	for (unsigned i = 0; i < REQUESTS; i++)
		fuzz_check(!trials[i].pending || (disk_dirty && kernel_errors == 0));
	if (kernel_errors > 0) {
		prepare(0, 1);
		trials[0].refused = trials[0].pending = true;
		block_submit(disk, &trials[0].request);
		do_op('C');
		fuzz_check(!trials[0].pending);
	}
}

static void register_others(void)
{
	unsigned n = device_head.flags & NO_DISK_LEFT ? BLOCK_DEVICES_MAX : 0;

	for (unsigned i = 0; i < n; i++) {
		others[i].name = "other";
		fuzz_equal(block_register(&others[i]), 0);
	}
}

static void unregister_all(void)
{
	while (block_at(0))
		block_unregister(block_at(0));
	block_unregister(&others[0]); /* which is not there */
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	bool good;

	device_start(data, size);
	register_others();
	kernel_start(device_head.allocations, device_head.irq_fails & 1,
		     device_head.flags & DEVICE_NO_ROOM);
	good = boot();
	memset(trials, 0, sizeof(trials));
	for (unsigned i = 0; i < REQUESTS && good; i++) {
		memory[i] = page_alloc(3, PAGE_KERNEL, PAGE_NORMAL);
		good = memory[i] != NULL;
		for (unsigned page = 0; page < PAGES_EACH; page++)
			trials[i].expect[page] = i * PAGES_EACH + page;
	}
	if (good) {
		check_disk();
		while (!device_script_ended())
			do_op(device_until_driver());
		finish();
	}
	unregister_all();
	kernel_end();
	return good;
}
