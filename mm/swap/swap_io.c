/* SPDX-License-Identifier: MIT */
/* Reads pages from the swap disk and writes them, with a fixed number of requests. */
#include "mm/swap/swap_io.h"

#include "abi/errno.h"
#include "base/block.h"
#include "base/log.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/fault/readahead.h"
#include "mm/host.h"
#include "mm/object/page_cache.h"
#include "mm/object/page_index.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/swap_cache.h"
#include "mm/swap/swap_out.h"
#include "mm/vm_wait.h"
#include "sync/atomic.h"

#define WRITES 8
#define READS  12 /* they fit into half of a queue of 256 descriptors */

/*
 * `state` is guarded by swap_cache.lock, as is all of a write that pages are added to. One that has begun is private to the
 * thread that submits it, and then to done().
 */
struct swap_io {
	struct block_request request;
	struct page *pages[BLOCK_PAGES_MAX];
	struct page *asked; /* of a read: the page that a thread needs */
	enum { IO_FREE, IO_FILLING, IO_BEGUN } state;
};

static struct block_device *disk; /* const once there is an area */

/* Guarded by swap_cache.lock: */
static struct swap_io writes[WRITES], reads[READS];
static unsigned free_writes = WRITES, nwriting, nfilling; /* the latter two: pages */
static bool logged;					  /* the log has the first error */
static struct readahead readahead;

struct waitq swap_written = WAITQ_INIT(swap_written);
static struct waitq read_room = WAITQ_INIT(read_room);

void swap_io_start(struct block_device *device)
{
	disk = device;
	logged = false;
	readahead = (struct readahead){ 0 };
}

unsigned swap_writing(void)
{
	return atomic_load_relaxed(&nwriting);
}

unsigned swap_filling(void)
{
	return atomic_load_relaxed(&nfilling);
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
	bool first = result && !logged;

	assert_hardened(spin_lock_held(&swap_cache.lock));
	logged |= first;
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

	counter_add(&reclaim_counts.writes, 1);
	if (!result)
		counter_add(&reclaim_counts.written, n);
	for (unsigned i = 0; i < n; i++)
		swap_page_written(io->pages[i], result);
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
	page_start_write(page);
	io->pages[io->request.npages] = page;
	io->request.pages[io->request.npages++] = page_to_paddr(page);
	nwriting++;
	nfilling++;
}

/* Returns a request that is to be submitted, or NULL. The caller holds the lock. */
static struct swap_io *find_filled(bool all)
{
	assert_hardened(spin_lock_held(&swap_cache.lock));
	for (struct swap_io *io = writes; io < writes + WRITES; io++)
		if (io->state == IO_FILLING && (all || io->request.npages == BLOCK_PAGES_MAX))
			return io;
	return NULL;
}

void swap_submit(bool all)
{
	struct swap_io *io;

	if (!swap_filling())
		return;
	do {
		spin_lock(&swap_cache.lock);
		io = find_filled(all);
		if (io) {
			io->state = IO_BEGUN;
			nfilling -= io->request.npages;
		}
		spin_unlock(&swap_cache.lock);
		if (io)
			block_submit(disk, &io->request);
	} while (io);
}

/* ---- reads ---- */

void swap_ahead_used(uint64_t slot)
{
	assert_hardened(spin_lock_held(&swap_cache.lock));
	readahead_used(&readahead, slot);
}

bool swap_reads_along(void)
{
	return readahead_is_wide(&readahead);
}

/* No other thread knows the page yet. */
static void make_private(struct page *page)
{
	page_change(page, PAGE_KIND_MASK, PAGE_ANON | PAGE_SWAP_CACHED);
}

/* Gets up to n frames. Nothing waits or is reclaimed for pages that no thread has asked for. */
static unsigned get_frames(struct page **frames, unsigned n)
{
	unsigned got = 0;

	while (got < n && (frames[got] = page_alloc(0, PAGE_ANON, PAGE_OPTIONAL)))
		make_private(frames[got++]);
	return got;
}

static bool read_along(uint64_t slot, struct page *page)
{
	return swap_slot_is_referenced(slot) && object_read_along(&swap_cache, slot, page);
}

/* The pages of one read, whose slots are consecutive. */
struct span {
	uint64_t first, last;
	struct page *pages[READAHEAD_MAX]; /* by slot, from a multiple of READAHEAD_MAX on */
};

/*
 * Adds to a span, which has one page, the neighbours in the window that are out. Uses the frames
 * from the end of the array on, and returns how many are left. The caller holds the cache's lock.
 */
static unsigned widen(struct span *span, unsigned window, struct page **frames, unsigned n)
{
	uint64_t start = ALIGN_DOWN(span->first, window), end = start + window;

	while (n && span->last + 1 < end && read_along(span->last + 1, frames[n - 1]))
		span->pages[++span->last % READAHEAD_MAX] = frames[--n];
	while (n && span->first > start && read_along(span->first - 1, frames[n - 1]))
		span->pages[--span->first % READAHEAD_MAX] = frames[--n];
	return n;
}

/* Takes a request, and says how many pages it is worth to read. Returns NULL if there is none. */
static struct swap_io *take_read(uint64_t slot, unsigned *window_ret)
{
	struct swap_io *io;

	spin_lock(&swap_cache.lock);
	io = find_io(reads, READS, IO_FREE);
	if (io) {
		io->state = IO_BEGUN;
		*window_ret = readahead_next(&readahead, slot);
	}
	spin_unlock(&swap_cache.lock);
	return io;
}

/* Finds the neighbours that are read too. */
static void fill_span(struct span *span, unsigned window)
{
	struct page *frames[READAHEAD_MAX];
	unsigned n = get_frames(frames, window - 1);

	if (!n)
		return;
	spin_lock(&swap_cache.lock);
	n = widen(span, window, frames, n);
	readahead_brought(&readahead, span->first, (unsigned)(span->last - span->first));
	spin_unlock(&swap_cache.lock);
	while (n)
		page_put(frames[--n]);
}

static void read_done(struct block_request *request, int result);

static void submit_read(struct swap_io *io, const struct span *span)
{
	struct block_request *request = &io->request;

	*request = (struct block_request){ .sector = span->first * SECTORS_PER_PAGE,
					   .done = read_done,
					   .owner = io };
	for (uint64_t slot = span->first; slot <= span->last; slot++) {
		struct page *page = span->pages[slot % READAHEAD_MAX];

		io->pages[request->npages] = page;
		request->pages[request->npages++] = page_to_paddr(page);
	}
	block_submit(disk, request);
}

static struct span span_of(struct page *page)
{
	struct span span = { .first = page->index, .last = page->index };

	span.pages[page->index % READAHEAD_MAX] = page;
	return span;
}

int swap_read_page(struct object *object, struct page *page, struct vm_wait *wait)
{
	uint64_t seq = waitq_sample(&read_room);
	struct span span = span_of(page);
	struct swap_io *io;
	unsigned window;

	(void)object; /* the swap cache */
	io = take_read(page->index, &window);
	if (!io) {
		wait->queue = &read_room;
		wait->seq = seq;
		wait->why = WAITS_FOR_SWAP_ROOM;
		return VM_WAIT;
	}
	make_private(page);
	io->asked = page;
	fill_span(&span, window);
	wait->major = true;
	mm_host.fetches((span.last - span.first + 1) * PAGE_SIZE);
	submit_read(io, &span);
	return 0;
}

/*
 * Reads the page that was asked for once more, by itself: the error may be a neighbour's. A
 * thread that needs one of the neighbours starts a read of its own.
 */
static void read_alone(struct swap_io *io)
{
	struct page *pages[READAHEAD_MAX], *asked = io->asked;
	const struct span span = span_of(asked);
	unsigned n = io->request.npages;

	memcpy(pages, io->pages, sizeof(pages));
	submit_read(io, &span);
	while (n--)
		if (pages[n] != asked)
			page_read_done(pages[n], -EAGAIN);
}

/* Ends a read. */
static void read_done(struct block_request *request, int result)
{
	struct swap_io *io = request->owner;
	unsigned n = request->npages;
	bool first;

	counter_add(&reclaim_counts.reads, 1);
	if (result && n > 1) {
		read_alone(io);
		return;
	}
	spin_lock(&swap_cache.lock);
	first = tell_error(result);
	spin_unlock(&swap_cache.lock);
	log_error_once("read", io->pages[0]->index, first);
	counter_add(&reclaim_counts.read, n);
	if (result)
		page_read_done(io->pages[0], result);
	else
		page_read_run_done(io->pages, n);
	spin_lock(&swap_cache.lock);
	io->state = IO_FREE;
	spin_unlock(&swap_cache.lock);
	waitq_wake_all(&read_room);
}
