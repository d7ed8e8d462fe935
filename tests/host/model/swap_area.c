/* SPDX-License-Identifier: MIT */
/* The swap disk of the model: its requests end late, in any order, and badly at times. */
#include "swap_area.h"

#include <string.h>

#include "abi/errno.h"
#include "arch/page.h"
#include "counts.h"
#include "world.h"

#define REQUESTS 64

/* Where mkswap puts things in its header. */
#define AT_VERSION   1024
#define AT_LAST_PAGE 1028
#define AT_NR_BAD    1032
#define AT_BAD	     1536
#define AT_MAGIC     4086

static unsigned char bytes[AREA_PAGES][PAGE_SIZE];
static bool unread[AREA_PAGES], bad[AREA_PAGES];
static unsigned nunread;

static struct block_request *requests[REQUESTS];
static unsigned nrequests;
static unsigned serial; /* of requests that have ended: makes their order another each time */
static unsigned read_errors, write_errors, nreads, nwrites;
bool area_quiet;
unsigned area_errors;

static uint64_t slot_of(const struct block_request *request)
{
	return request->sector / SECTORS_PER_PAGE;
}

static void set_unread(uint64_t slot, bool now)
{
	nunread += now;
	nunread -= unread[slot];
	unread[slot] = now;
}

static void submit(struct block_device *device, struct block_request *request)
{
	(void)device;
	expect(!request->result, "a request that is none");
	expect(nrequests < REQUESTS, "too many requests to the swap disk");
	requests[nrequests++] = request;
	for (unsigned i = 0; i < request->npages; i++) {
		uint64_t slot = slot_of(request) + i;

		expect(!request->write || slot, "the header is written");
		expect(!bad[slot], "a bad page of the swap disk is used");
		set_unread(slot, false); /* whatever an error has left there is gone */
	}
	counts.swap[SWAP_CLUSTER] += request->write && request->npages > 1;
	if (serial % 7 == 3)
		area_end(nrequests - 1, false); /* before it was submitted, so to speak */
}

static const struct block_ops ops = { .submit = submit };
static struct block_device device = { .name = "disk", .ops = &ops };

struct block_device *area_device(void)
{
	return &device;
}

void area_reset(void)
{
	nrequests = serial = nreads = nwrites = area_errors = 0;
	area_quiet = false;
	area_set_errors(0, 0);
}

static void put(size_t at, unsigned value)
{
	memcpy(&bytes[0][at], &value, sizeof(value));
}

struct block_device *area_format(unsigned npages, unsigned nbad)
{
	memset(bytes[0], 0, PAGE_SIZE); /* what is behind the header is junk */
	memset(unread, 0, sizeof(unread));
	memset(bad, 0, sizeof(bad));
	nunread = 0;
	put(AT_VERSION, 1);
	put(AT_LAST_PAGE, npages - 1);
	put(AT_NR_BAD, nbad);
	for (unsigned i = 0; i < nbad; i++) {
		put(AT_BAD + 4 * i, 2 * i + 1);
		bad[2 * i + 1] = true;
	}
	memcpy(&bytes[0][AT_MAGIC], "SWAPSPACE2", 10);
	device.sectors = npages * SECTORS_PER_PAGE;
	return &device;
}

unsigned area_pending(void)
{
	return nrequests;
}

void area_set_errors(unsigned reads, unsigned writes)
{
	read_errors = reads;
	write_errors = writes;
}

/* Does the next one fail? */
static bool fails(bool write)
{
	unsigned one_in = write ? write_errors : read_errors;
	unsigned n = write ? ++nwrites : ++nreads;

	return one_in && n % one_in == 0;
}

/* An error leaves half of a page that was to be written, and junk in a frame that was to be read. */
static void transfer(const struct block_request *request, unsigned i, bool error)
{
	unsigned char *frame = arch_phys_to_virt(request->pages[i]);
	unsigned char *there = bytes[slot_of(request) + i];

	if (request->write)
		memcpy(there, frame, error ? PAGE_SIZE / 2 : PAGE_SIZE);
	else if (error)
		memset(frame, 0xee, PAGE_SIZE);
	else
		memcpy(frame, there, PAGE_SIZE);
}

static void count_end(const struct block_request *request, bool error)
{
	unsigned n = request->npages;

	counts.swap[SWAP_WRITTEN] += request->write && !error ? n : 0;
	counts.swap[SWAP_WRITE_ERROR] += request->write && error ? n : 0;
	counts.swap[SWAP_READ] += !request->write && !error ? n : 0;
	counts.swap[SWAP_READ_ERROR] += !request->write && error ? n : 0;
}

void area_end(unsigned which, bool error)
{
	struct block_request *request;

	if (!nrequests)
		return;
	which %= nrequests;
	counts.swap[SWAP_OVERTAKEN] += which > 0;
	request = requests[which];
	memmove(&requests[which], &requests[which + 1], (--nrequests - which) * sizeof(request));
	serial++;
	error = !area_quiet && (fails(request->write) || error);
	count_end(request, error);
	for (unsigned i = 0; i < request->npages; i++) {
		transfer(request, i, error);
		set_unread(slot_of(request) + i, error && !request->write);
		area_errors += error && !request->write;
	}
	request->done(request, error ? -EIO : 0);
}

void area_complete(void)
{
	while (nrequests)
		area_end(serial * 5 + 3, false);
}

void area_waited(void)
{
	area_end(serial * 5 + 3, false);
}

const unsigned char *area_bytes(uint64_t slot)
{
	expect(slot && slot < AREA_PAGES, "a slot that there is not");
	return bytes[slot];
}

unsigned area_unread(void)
{
	return nunread;
}

bool area_is_unread(uint64_t slot)
{
	return unread[slot];
}

void area_told(uint64_t slot)
{
	set_unread(slot, false);
}
