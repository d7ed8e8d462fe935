/* SPDX-License-Identifier: MIT */
/* What hostfs has of the kernel besides its endpoint: a device's registers, memory for DMA, interrupts. */
#include "uio.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/uio_device.h"
#include "fuzz.h"

#define PAGE	   QUEUE_PAGE
#define BLOCKS	   96u
#define POOL_BYTES (QUEUE_REQUESTS_MAX * DEVICE_REQUEST_BYTES)

static union {
	uint8_t bytes[PAGE];
	uint32_t word[PAGE / 4];
} regs;

static uint8_t queue_memory[QUEUE_BYTES] __attribute__((aligned(QUEUE_PAGE)));
static uint8_t pool[POOL_BYTES] __attribute__((aligned(QUEUE_PAGE)));

/* What UIO_DMA_ALLOC has given. Later blocks have lower addresses, so that no two are neighbours. */
static struct {
	uint64_t addr;
	size_t size;
	uint8_t *at; /* NULL: it is not mapped */
} block[BLOCKS];
static unsigned nblocks, pages_left, pages_given;

static bool has_pulse; /* hostfs is told of interrupts */

bool uio_fails;

void uio_begin(const struct uio_setup *setup)
{
	memset(&regs, 0, sizeof(regs));
	memset(queue_memory, 0, sizeof(queue_memory));
	regs.word[VIRTIO_MAGIC / 4] = VIRTIO_MAGIC_VALUE;
	regs.word[VIRTIO_VERSION / 4] = setup->version;
	regs.word[VIRTIO_DEVICE_ID / 4] = setup->is_other ? VIRTIO_ID_9P + 1 : VIRTIO_ID_9P;
	regs.word[VIRTIO_QUEUE_NUM_MAX / 4] = setup->queue_max;
	nblocks = pages_given = 0;
	pages_left = setup->npages;
	has_pulse = false;
	uio_fails = false;
}

unsigned uio_requests(void)
{
	return pages_given / (DEVICE_REQUEST_BYTES / PAGE);
}

void uio_needs_reset(void)
{
	regs.word[VIRTIO_INTERRUPT_STATUS / 4] |= VIRTIO_INTERRUPT_CONFIG;
	regs.word[VIRTIO_STATUS / 4] |= VIRTIO_STATUS_NEEDS_RESET;
}

uint8_t *uio_at(uint64_t addr, size_t n)
{
	for (unsigned i = 0; i < nblocks; i++)
		if (addr >= block[i].addr && addr - block[i].addr < block[i].size &&
		    n <= block[i].size - (addr - block[i].addr))
			return block[i].at + (addr - block[i].addr);
	return NULL;
}

static uint64_t address_at(unsigned reg)
{
	return regs.word[reg / 4] | (uint64_t)regs.word[reg / 4 + 1] << 32;
}

struct queue_view uio_queue(void)
{
	struct queue_view queue = { .size = (uint16_t)regs.word[VIRTIO_QUEUE_NUM / 4] };
	uint64_t desc, avail, used;

	fuzz_check(queue.size >= 1 && !(queue.size & (queue.size - 1)) &&
		   queue.size <= regs.word[VIRTIO_QUEUE_NUM_MAX / 4]);
	desc = regs.word[VIRTIO_QUEUE_PFN / 4] * (uint64_t)PAGE;
	avail = desc + queue.size * sizeof(struct virtq_desc);
	used = desc + QUEUE_USED_AT;
	if (regs.word[VIRTIO_VERSION / 4] != 1) {
		desc = address_at(VIRTIO_QUEUE_DESC);
		avail = address_at(VIRTIO_QUEUE_DRIVER);
		used = address_at(VIRTIO_QUEUE_DEVICE);
	}
	queue.desc = (struct virtq_desc *)uio_at(desc, queue.size * sizeof(*queue.desc));
	queue.avail = (struct virtq_avail *)uio_at(avail, 4 + 2u * queue.size);
	queue.used = (struct virtq_used *)uio_at(used, 4 + 8u * queue.size);
	fuzz_check(queue.desc && queue.avail && queue.used);
	return queue;
}

uint8_t *uio_request(unsigned number)
{
	return pool + (size_t)number * DEVICE_REQUEST_BYTES;
}

int uio_request_of(const void *at, size_t n)
{
	size_t offset = (size_t)((const uint8_t *)at - pool);
	size_t within = offset % DEVICE_REQUEST_BYTES;

	if ((const uint8_t *)at < pool || offset >= POOL_BYTES || n > DEVICE_REQUEST_BYTES - within)
		return -1;
	return (int)(offset / DEVICE_REQUEST_BYTES);
}

/* ---- the calls of hostfs ---- */

/* hostfs maps the registers, the queue, and first of all room for its other memory. */
void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	unsigned i = (unsigned)(offset / UIO_DMA_SIZE_MAX) - 1;

	if (fd < 0) {
		fuzz_check(size <= POOL_BYTES);
		return pool;
	}
	fuzz_equal(fd, DEVICE_FD);
	if (offset == 0)
		return regs.bytes;
	fuzz_check(i < nblocks && size == block[i].size && !block[i].at);
	block[i].at = flags & MAP_FIXED ? at : queue_memory;
	if (flags & MAP_FIXED)
		fuzz_check((uint8_t *)at >= pool && (uint8_t *)at + size <= pool + POOL_BYTES);
	else
		fuzz_check(size <= sizeof(queue_memory));
	return block[i].at;
}

static int allocate(struct uio_dma *dma)
{
	bool is_queue = nblocks == 0;

	fuzz_check(nblocks < BLOCKS && dma->size % PAGE == 0 && dma->size <= UIO_DMA_SIZE_MAX);
	if (!is_queue && dma->size / PAGE > pages_left) {
		errno = ENOMEM;
		return -1;
	}
	if (!is_queue) {
		pages_left -= dma->size / PAGE;
		pages_given += dma->size / PAGE;
	}
	dma->addr = 0x90000000u - nblocks * (uint64_t)UIO_DMA_SIZE_MAX;
	dma->offset = (nblocks + 1) * (uint64_t)UIO_DMA_SIZE_MAX;
	block[nblocks].addr = dma->addr;
	block[nblocks].size = dma->size;
	block[nblocks++].at = NULL;
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list rest;
	void *argument;

	va_start(rest, request);
	argument = va_arg(rest, void *);
	va_end(rest);
	fuzz_equal(fd, DEVICE_FD);
	fuzz_check(request == UIO_DMA_ALLOC || request == UIO_NOTIFY);
	if (request == UIO_DMA_ALLOC)
		return allocate(argument);
	has_pulse = true;
	return 0;
}

ssize_t read(int fd, void *buf, size_t n)
{
	uint32_t count = 1;

	fuzz_check(fd == DEVICE_FD && n == sizeof(count));
	errno = uio_waits();
	if (errno)
		return -1;
	memcpy(buf, &count, sizeof(count));
	return sizeof(count);
}

/* An interrupt may be pending since the last driver's time. Without a pulse it would stay masked for ever. */
ssize_t write(int fd, const void *buf, size_t n)
{
	fuzz_check(fd == DEVICE_FD && n == sizeof(uint32_t) && has_pulse);
	if (!uio_fails)
		return (ssize_t)n;
	errno = EIO;
	return -1;
}

int close(int fd)
{
	return 0;
}

int mlockall(int flags)
{
	return 0;
}

int fprintf(FILE *to, const char *format, ...)
{
	return 0;
}
