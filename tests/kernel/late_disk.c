/* SPDX-License-Identifier: MIT */
/* A disk in memory whose requests end late, in any order, and badly at times: by the weave's seed. */
#include "tests/kernel/late_disk.h"

#ifdef FAULTLINE_HARDENED

#include "abi/errno.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/phys/page_alloc.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "sync/preempt.h"
#include "tests/kernel/weave.h"

#define REQUESTS   32 /* more than swap has at once */
#define LATE_TURNS 64 /* of the others, until the next request ends */
#define AT_ONCE	   8  /* one in so many ends before block_submit() returns */

struct late_disk_counts late_disk_counts;

static struct page *pages[LATE_DISK_PAGES];
static struct block_request *requests[REQUESTS];
static unsigned nrequests;
static bool is_served;
static unsigned one_fails;
static struct waitq asked = WAITQ_INIT(asked);

/* An error leaves half of a page that was to be written, and junk where one was to be read. */
static void transfer(const struct block_request *request, unsigned i, bool error)
{
	void *there = page_address(pages[request->sector / SECTORS_PER_PAGE + i]);
	void *frame = arch_phys_to_virt(request->pages[i]);

	if (request->write)
		memcpy(there, frame, error ? PAGE_SIZE / 2 : PAGE_SIZE);
	else if (error)
		memset(frame, 0xee, PAGE_SIZE);
	else
		memcpy(frame, there, PAGE_SIZE);
}

static void end(struct block_request *request, bool error)
{
	late_disk_counts.ended++;
	late_disk_counts.failed += error;
	for (unsigned i = 0; i < request->npages; i++)
		transfer(request, i, error);
	request->done(request, error ? -EIO : 0);
}

/* (A read may be of a slot that nobody needs any more, and that is another page's by now.) */
static bool clash(const struct block_request *a, const struct block_request *b)
{
	return a->write && b->write && a->sector < b->sector + b->npages * SECTORS_PER_PAGE &&
	       b->sector < a->sector + a->npages * SECTORS_PER_PAGE;
}

static void look_for_clashes(const struct block_request *request)
{
	preempt_disable();
	for (unsigned i = 0; i < nrequests; i++)
		late_disk_counts.clashes += clash(requests[i], request);
	preempt_enable();
}

static bool fails(void)
{
	return one_fails && weave_below(one_fails) == 0;
}

static void submit(struct block_device *device, struct block_request *request)
{
	assert(request->sector / SECTORS_PER_PAGE + request->npages <= LATE_DISK_PAGES);
	if (!is_served) {
		end(request, false);
		return;
	}
	look_for_clashes(request);
	if (weave_below(AT_ONCE) == 0) {
		end(request, fails());
		return;
	}
	preempt_disable();
	assert(nrequests < REQUESTS);
	requests[nrequests++] = request;
	preempt_enable();
	waitq_wake_all(&asked);
}

/* Takes one of the requests, by lot. */
static struct block_request *take(void)
{
	struct block_request *request;
	uint64_t which;

	preempt_disable();
	which = weave_below(nrequests);
	late_disk_counts.overtaken += which > 0;
	request = requests[which];
	memmove(&requests[which], &requests[which + 1],
		(--nrequests - which) * sizeof(requests[0]));
	preempt_enable();
	return request;
}

void late_disk_look(void)
{
	waitq_wake_all(&asked);
}

void late_disk_serve(bool (*is_wanted)(void), unsigned errors)
{
	is_served = true;
	one_fails = errors;
	for (;;) {
		uint64_t seq = waitq_sample(&asked);

		if (atomic_load(&nrequests)) {
			for (uint64_t turns = weave_below(LATE_TURNS); turns; turns--)
				sched_yield();
			end(take(), fails());
		} else if (is_wanted()) {
			thread_wait_always(&asked, seq);
		} else {
			break;
		}
	}
	is_served = false;
}

static const struct block_ops ops = { .submit = submit };
static struct block_device device = { .name = "late",
				      .sectors = LATE_DISK_PAGES * SECTORS_PER_PAGE,
				      .ops = &ops };

struct block_device *late_disk_begin(void)
{
	late_disk_counts = (struct late_disk_counts){ 0 };
	for (unsigned i = 0; i < LATE_DISK_PAGES; i++) {
		pages[i] = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
		if (!pages[i]) {
			late_disk_end();
			return NULL;
		}
		memset(page_address(pages[i]), 0, PAGE_SIZE);
	}
	return &device;
}

void late_disk_end(void)
{
	for (unsigned i = 0; i < LATE_DISK_PAGES; i++) {
		if (pages[i])
			page_free(pages[i], 0);
		pages[i] = NULL;
	}
}

/* ---- an area for swap ---- */

static struct waitq header_written = WAITQ_INIT(header_written);
static int header_result;

static void header_done(struct block_request *request, int result)
{
	atomic_store(&header_result, result);
	waitq_wake_all(&header_written);
}

bool late_disk_format(struct block_device *disk, uint32_t npages)
{
	static struct block_request request;
	struct page *page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	const uint32_t version = 1, last = npages - 1;
	char *bytes;

	if (!page)
		return false;
	bytes = page_address(page);
	memset(bytes, 0, PAGE_SIZE);
	memcpy(bytes + 1024, &version, sizeof(version));
	memcpy(bytes + 1028, &last, sizeof(last));
	memcpy(bytes + 4086, "SWAPSPACE2", 10);
	request = (struct block_request){
		.write = true, .npages = 1, .pages = { page_to_paddr(page) }, .done = header_done
	};
	header_result = 1;
	block_submit(disk, &request);
	for (;;) {
		uint64_t seq = waitq_sample(&header_written);

		if (atomic_load(&header_result) != 1)
			break;
		thread_wait_always(&header_written, seq);
	}
	page_free(page, 0);
	return header_result == 0;
}

#endif
