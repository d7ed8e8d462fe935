/* SPDX-License-Identifier: MIT */
/* Starts the swap area: claims the disk, reads its header, and records the area. */
#include "mm/swap/swap.h"

#include "abi/errno.h"
#include "base/log.h"
#include "mm/host.h"
#include "mm/phys/kmalloc.h"
#include "mm/space/commit.h"
#include "mm/swap/relieve.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_header.h"
#include "mm/swap/swap_off.h"
#include "mm/swap/swap_slots.h"
#include "mm/vm_wait.h"
#include "sync/atomic.h"

enum { READING, READ, ABANDONED };

/*
 * The read of a header. It belongs to the thread that waits for it, or to header_done() if that
 * thread was killed meanwhile. `state` says which, so that the rest is private to one of them.
 */
struct header_read {
	struct block_request request;
	struct page *page;
	unsigned state; /* atomic */
	int result;	/* once the state is READ */
	struct swap_header header;
};

/* The disk that is the area, or may become it; atomic. */
static struct block_device *area_disk;

static struct waitq header_reads = WAITQ_INIT(header_reads);

static void header_free(struct header_read *read)
{
	if (read->page)
		page_free(read->page, 0);
	kfree(read);
}

static void header_done(struct block_request *request, int result)
{
	struct header_read *read = request->owner;

	read->result = result;
	if (atomic_exchange(&read->state, READ) == ABANDONED)
		header_free(read);
	else
		waitq_wake_all(&header_reads);
}

/* Returns -EINTR if the thread has been killed: `read` is not the caller's any more. */
static int header_wait(struct header_read *read)
{
	for (;;) {
		struct vm_wait wait = { .queue = &header_reads,
					.seq = waitq_sample(&header_reads) };

		if (atomic_load(&read->state) == READ)
			return 0;
		if (mm_host.pause(&wait) != 0)
			return atomic_exchange(&read->state, ABANDONED) == READ ? 0 : -EINTR;
	}
}

#define MIB_OF(pages) ((unsigned long)(pages) >> (20 - PAGE_SHIFT))

/* The counts of the slots may take a sixteenth of memory. A larger disk is used in part. */
static size_t npages_used(const struct block_device *device, size_t npages)
{
	size_t most = page_alloc_total_count() / 16 * SLOTS_PER_CHUNK;

	if (npages <= most)
		return npages;
	log_warn("swap", "%s: of %lu MiB only %lu are used, as there is so little memory",
		 device->name, MIB_OF(npages), MIB_OF(most));
	return most;
}

/* Bad pages beyond what is used do not count. Returns how many are left. */
static size_t nbad_used(uint32_t *bad, size_t nbad, size_t npages)
{
	size_t n = 0;

	for (size_t i = 0; i < nbad; i++)
		if (bad[i] < npages)
			bad[n++] = bad[i];
	return n;
}

static int area_read(struct block_device *device, struct header_read *read)
{
	struct swap_header *header = &read->header;
	const char *why;
	size_t usable;
	int err;

	if (read->result)
		return -EIO;
	err = swap_header_read(page_address(read->page), device->sectors / SECTORS_PER_PAGE, header,
			       &why);
	if (err) {
		log_error("swap", "%s: %s", device->name, why);
		return err;
	}
	header->npages = npages_used(device, header->npages);
	header->nbad = nbad_used(header->bad, header->nbad, header->npages);
	err = swap_area_start(device, header->npages, header->bad, header->nbad);
	if (err)
		return err;
	/* Reclaim may use slots already. */
	usable = header->npages - 1 - header->nbad;
	commit_add_limit((ssize_t)usable);
	log_info("swap", "%s: %lu MiB", device->name, MIB_OF(usable));
	return 0;
}

static int area_open(struct block_device *device)
{
	struct header_read *read = kzalloc(sizeof(*read));
	int err = -ENOMEM;

	if (read)
		read->page = page_alloc_wait(0, PAGE_KERNEL);
	if (read && read->page) {
		read->request = (struct block_request){ .npages = 1,
							.pages = { page_to_paddr(read->page) },
							.done = header_done,
							.owner = read };
		block_submit(device, &read->request);
		if (header_wait(read) != 0)
			return -EINTR;
		err = area_read(device, read);
	}
	if (read)
		header_free(read);
	return err;
}

int swap_on(struct block_device *device)
{
	struct block_device *disk = NULL;
	int err;

	if (device->read_only) {
		log_error("swap", "%s: the disk is read-only", device->name);
		return -EROFS;
	}
	if (!__atomic_compare_exchange_n(&area_disk, &disk, device, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		return disk == device ? -EBUSY : -EPERM;
	err = area_open(device);
	if (err)
		atomic_store(&area_disk, NULL);
	return err;
}

struct block_device *swap_disk(void)
{
	return atomic_load(&area_disk);
}

int swap_off_begin(struct block_device *device)
{
	if (atomic_load(&area_disk) != device || !swap_is_on())
		return -EINVAL;
	if (!swap_off_fits())
		mm_trim();
	if (!swap_off_fits())
		return -ENOMEM;
	if (!swap_area_freeze(true))
		return -EINVAL;
	/*
	 * Now rather than at the end, so that nothing is promised meanwhile that has no room then.
	 */
	if (!commit_lower_limit(swap_census().usable)) {
		(void)swap_area_freeze(false);
		return -ENOMEM;
	}
	return 0;
}

int swap_off_end(void)
{
	const char *name = atomic_load(&area_disk)->name;

	if (!swap_area_drain())
		return -EAGAIN;
	swap_area_stop();
	log_info("swap", "%s: off", name);
	atomic_store(&area_disk, NULL);
	return 0;
}

void swap_off_cancel(void)
{
	commit_add_limit((ssize_t)swap_census().usable);
	(void)swap_area_freeze(false);
}
