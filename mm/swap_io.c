/* SPDX-License-Identifier: MIT */
/* Reads pages from the swap disk and writes them, with a fixed number of requests. */
#include "mm/swap_io.h"

#include "abi/errno.h"
#include "base/block.h"
#include "base/log.h"
#include "mm/page_cache.h"
#include "mm/reclaim.h"
#include "mm/swap_cache.h"
#include "mm/vm_wait.h"
#include "sync/atomic.h"

#define WRITES 8
#define READS  16

struct swap_io {
	struct block_request request;
	struct page *pages[BLOCK_PAGES_MAX];
	enum { IO_FREE, IO_FILLING, IO_BEGUN } state;
};

static struct block_device *disk; /* const once there is an area */

/* Guarded by swap_cache.lock: */
static struct swap_io writes[WRITES], reads[READS];
static unsigned free_writes = WRITES, nwriting;
static bool told; /* the log has the first error */

struct waitq swap_written = WAITQ_INIT(swap_written);
static struct waitq read_room = WAITQ_INIT(read_room);

void swap_io_start(struct block_device *device)
{
	disk = device;
	told = false;
}

unsigned swap_writing(void)
{
	return atomic_load_relaxed(&nwriting);
}

bool swap_may_write(void)
{
	return atomic_load_relaxed(&free_writes) != 0;
}

/* Returns a request that is in this state, or NULL. The caller holds the lock. */
static struct swap_io *find_io(struct swap_io *ios, unsigned n, unsigned state)
{
	for (unsigned i = 0; i < n; i++)
		if (ios[i].state == state)
			return &ios[i];
	return NULL;
}

/* Tells the first error only: a disk that fails once fails often. The caller holds the lock. */
static bool tell_error(int result)
{
	bool first = result && !told;

	told |= first;
	return first;
}

static void log_error_once(const char *what, uint64_t slot, bool first)
{
	if (first)
		log_error("swap", "%s: page %lu can't be %s; more errors are not logged",
			  disk->name, (unsigned long)slot, what);
}

/* ---- writes ---- */

static void write_done(struct block_request *request, int result)
{
	struct swap_io *io = request->owner;
	uint64_t slot = request->sector / SECTORS_PER_PAGE;
	unsigned n = request->npages;
	bool first;

	for (unsigned i = 0; i < n; i++)
		swap_page_written(io->pages[i], result);
	if (!result)
		counter_add(&reclaim_counts.written, n);
	spin_lock(&swap_cache.lock);
	first = tell_error(result);
	io->state = IO_FREE;
	free_writes++;
	nwriting -= n;
	spin_unlock(&swap_cache.lock);
	log_error_once("written", slot, first);
	waitq_wake_all(&swap_written);
}

/* The request that the page may join: the pages of a request are consecutive. */
static struct swap_io *joinable(uint64_t slot)
{
	for (struct swap_io *io = writes; io < writes + WRITES; io++)
		if (io->state == IO_FILLING && io->request.npages < BLOCK_PAGES_MAX &&
		    io->request.sector / SECTORS_PER_PAGE + io->request.npages == slot)
			return io;
	return NULL;
}

static struct swap_io *start_filling(uint64_t slot)
{
	struct swap_io *io = find_io(writes, WRITES, IO_FREE);

	if (!io)
		return NULL;
	io->state = IO_FILLING;
	io->request = (struct block_request){
		.sector = slot * SECTORS_PER_PAGE, .write = true, .done = write_done, .owner = io
	};
	free_writes--;
	return io;
}

/* Adds the page to a request, which swap_submit() submits, if one is free. */
void swap_write_page(struct object *object, struct page *page)
{
	struct swap_io *io = joinable(page->index);

	assert_hardened(spin_lock_held(&object->lock));
	if (!io)
		io = start_filling(page->index);
	if (!io)
		return;
	page_get(page);
	__atomic_fetch_or(&page->flags, PAGE_WRITING, __ATOMIC_RELAXED);
	__atomic_fetch_and(&page->flags, ~PAGE_DIRTY, __ATOMIC_RELAXED);
	io->pages[io->request.npages] = page;
	io->request.pages[io->request.npages++] = page_to_paddr(page);
	nwriting++;
}

/* Submits what has been filled. Call with no spinning lock held. */
void swap_submit(void)
{
	struct swap_io *io;

	if (!swap_writing())
		return;
	do {
		spin_lock(&swap_cache.lock);
		io = find_io(writes, WRITES, IO_FILLING);
		if (io)
			io->state = IO_BEGUN;
		spin_unlock(&swap_cache.lock);
		if (io)
			block_submit(disk, &io->request);
	} while (io);
}

/* ---- reads ---- */

static void read_done(struct block_request *request, int result)
{
	struct swap_io *io = request->owner;
	struct page *page = io->pages[0];
	bool first;

	spin_lock(&swap_cache.lock);
	first = tell_error(result);
	io->state = IO_FREE;
	spin_unlock(&swap_cache.lock);
	log_error_once("read", page->index, first);
	waitq_wake_all(&read_room);
	counter_add(&reclaim_counts.read, 1);
	page_read_done(page, result);
}

int swap_read_page(struct object *object, struct page *page, struct vm_wait *wait)
{
	struct swap_io *io;
	uint64_t seq = waitq_sample(&read_room);

	spin_lock(&object->lock);
	io = find_io(reads, READS, IO_FREE);
	if (io)
		io->state = IO_BEGUN;
	spin_unlock(&object->lock);
	if (!io) {
		wait->queue = &read_room;
		wait->seq = seq;
		return VM_WAIT;
	}
	/* Nobody else knows the page yet. */
	page->kind = PAGE_ANON;
	page->flags |= PAGE_SWAP_CACHED;
	io->pages[0] = page;
	io->request = (struct block_request){ .sector = page->index * SECTORS_PER_PAGE,
					      .npages = 1,
					      .pages = { page_to_paddr(page) },
					      .done = read_done,
					      .owner = io };
	wait->major = true;
	block_submit(disk, &io->request);
	return 0;
}
