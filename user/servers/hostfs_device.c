/* SPDX-License-Identifier: MIT */
/* QEMU's virtio-9p device, driven by a program: registers, memory for DMA and interrupts by a session. */
/*
 * The device accesses memory by physical addresses, and there is no IOMMU: it writes where this
 * program tells it to. So only memory of UIO_DMA_ALLOC is offered to it, whose frames the kernel
 * keeps until it has reset the device. Large blocks of contiguous frames may not be to be had, so
 * there are several; they are mapped one behind the other, and a message that crosses from one to
 * the next has a piece in each.
 */
#include "hostfs_device.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/uio_device.h"

#define PAGE QUEUE_PAGE

/* A block has these many pages; fewer if memory is short. The least still gives a message at most
 * QUEUE_CHAIN pieces, and all requests fewer blocks than a driver may have. */
#define BLOCK_MOST  64u
#define BLOCK_LEAST 16u

#define REQUEST_PAGES (DEVICE_REQUEST_BYTES / PAGE)

static uint32_t get(const struct device *device, unsigned reg)
{
	return *(volatile uint32_t *)(device->regs + reg);
}

static void device_set(struct device *device, unsigned reg, uint32_t value)
{
	*(volatile uint32_t *)(device->regs + reg) = value;
}

/* ---- memory for DMA ---- */

static int map_block(struct device *device, size_t first_page, const struct uio_dma *dma)
{
	void *at = device->memory + first_page * PAGE;

	if (mmap(at, dma->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, device->fd,
		 (off_t)dma->offset) != at)
		return -errno;
	dma_pages_set(device->pages + first_page, dma->size / PAGE, dma->addr);
	return 0;
}

/*
 * Gets memory for as many requests as the queue has, or fewer if there is no more. With one, hostfs
 * works, but answers one request at a time.
 */
static int get_memory(struct device *device)
{
	size_t npages = device->queue.nrequests * REQUEST_PAGES, done = 0, block = BLOCK_MOST;
	void *at = mmap(NULL, npages * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err = 0;

	if (at == MAP_FAILED)
		return -errno;
	device->memory = at;
	while (done < npages && err == 0) {
		struct uio_dma dma = { 0 };

		if (block > npages - done)
			block = npages - done;
		dma.size = block * PAGE;
		if (ioctl(device->fd, UIO_DMA_ALLOC, &dma) == 0) {
			err = map_block(device, done, &dma);
			done += block;
		} else if (errno == ENOMEM && block / 2 >= BLOCK_LEAST) {
			block /= 2;
		} else {
			err = -errno;
		}
	}
	device->nrequests = (unsigned)(done / REQUEST_PAGES);
	return device->nrequests ? 0 : err;
}

/* The queue has to be contiguous. */
static int device_make_queue(struct device *device)
{
	struct uio_dma dma = { .size = QUEUE_BYTES };
	void *at;
	int err;

	device_set(device, VIRTIO_QUEUE_SEL, 0);
	if (ioctl(device->fd, UIO_DMA_ALLOC, &dma) != 0)
		return -errno;
	at = mmap(NULL, dma.size, PROT_READ | PROT_WRITE, MAP_SHARED, device->fd,
		  (off_t)dma.offset);
	if (at == MAP_FAILED)
		return -errno;
	err = queue_init(&device->queue, at, get(device, VIRTIO_QUEUE_NUM_MAX));
	if (err)
		return -EIO;
	device->pages[0].addr = dma.addr; /* until get_memory() */
	return 0;
}

/* ---- start ---- */

static void set_address(struct device *device, unsigned reg, uint64_t addr)
{
	device_set(device, reg, (uint32_t)addr);
	device_set(device, reg + 4, (uint32_t)(addr >> 32));
}

static void device_add_status(struct device *device, uint32_t bits)
{
	device_set(device, VIRTIO_STATUS, get(device, VIRTIO_STATUS) | bits);
}

/* Nothing of what the device offers is needed but, of a modern one, that it is modern. */
static int agree_on_features(struct device *device)
{
	device_set(device, VIRTIO_STATUS, 0);
	device_add_status(device, VIRTIO_STATUS_ACKNOWLEDGE);
	device_add_status(device, VIRTIO_STATUS_DRIVER);
	device_set(device, VIRTIO_DRIVER_FEATURES_SEL, 0);
	device_set(device, VIRTIO_DRIVER_FEATURES, 0);
	if (get(device, VIRTIO_VERSION) == 1)
		return 0;
	device_set(device, VIRTIO_DRIVER_FEATURES_SEL, 1);
	device_set(device, VIRTIO_DRIVER_FEATURES, 1); /* VIRTIO_F_VERSION_1 is bit 32 */
	device_add_status(device, VIRTIO_STATUS_FEATURES_OK);
	return get(device, VIRTIO_STATUS) & VIRTIO_STATUS_FEATURES_OK ? 0 : -EIO;
}

static void tell_queue(struct device *device, uint64_t addr)
{
	const struct queue *queue = &device->queue;

	device_set(device, VIRTIO_QUEUE_NUM, queue->size);
	if (get(device, VIRTIO_VERSION) == 1) {
		device_set(device, VIRTIO_GUEST_PAGE_SIZE, PAGE);
		device_set(device, VIRTIO_QUEUE_ALIGN, QUEUE_USED_AT);
		device_set(device, VIRTIO_QUEUE_PFN, (uint32_t)(addr / PAGE));
		return;
	}
	set_address(device, VIRTIO_QUEUE_DESC, addr);
	set_address(device, VIRTIO_QUEUE_DRIVER, addr + queue->size * sizeof(struct virtq_desc));
	set_address(device, VIRTIO_QUEUE_DEVICE, addr + QUEUE_USED_AT);
	device_set(device, VIRTIO_QUEUE_READY, 1);
}

int device_start(struct device *device, int fd)
{
	void *regs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint64_t queue_addr;
	int err;

	if (regs == MAP_FAILED)
		return -errno;
	*device = (struct device){ .fd = fd, .regs = regs };
	if (get(device, VIRTIO_MAGIC) != VIRTIO_MAGIC_VALUE ||
	    get(device, VIRTIO_DEVICE_ID) != VIRTIO_ID_9P)
		return -ENODEV;
	err = agree_on_features(device);
	if (err == 0)
		err = device_make_queue(device);
	if (err)
		return err;
	queue_addr = device->pages[0].addr;
	err = get_memory(device);
	if (err)
		return err;
	tell_queue(device, queue_addr);
	device_add_status(device, VIRTIO_STATUS_DRIVER_OK);
	return 0;
}

/* An interrupt may be pending since the last driver's time: it comes at once, and must be reported. */
int device_set_pulse(struct device *device, int send)
{
	struct uio_notify notify = { .fd = send, .bits = 1 };

	return ioctl(device->fd, UIO_NOTIFY, &notify) != 0 ? -errno : device_unmask(device);
}

/* ---- requests ---- */

static uint8_t *device_memory_of(struct device *device, unsigned number)
{
	return device->memory + (size_t)number * DEVICE_REQUEST_BYTES;
}

uint8_t *device_request(struct device *device, unsigned number, size_t n)
{
	return device_memory_of(device, number) +
	       (n <= RELAY_SHORT ? 0 : DEVICE_DATA_AT - P9_TWRITE_HEAD_BYTES);
}

uint8_t *device_reply(struct device *device, unsigned number, size_t n, size_t *room_ret)
{
	*room_ret = n <= RELAY_SHORT ? RELAY_MSIZE : RELAY_SHORT;
	return device_memory_of(device, number) +
	       (n <= RELAY_SHORT ? DEVICE_DATA_AT - P9_RREAD_HEAD_BYTES : 0);
}

void device_send(struct device *device, unsigned number, size_t n)
{
	size_t room, request = (size_t)(device_request(device, number, n) - device->memory);
	size_t reply = (size_t)(device_reply(device, number, n, &room) - device->memory);
	struct piece pieces[QUEUE_CHAIN];
	unsigned npieces = pieces_add(pieces, 0, device->pages, request, n, false);

	npieces = pieces_add(pieces, npieces, device->pages, reply, room, true);
	queue_offer(&device->queue, number, pieces, npieces);
	__sync_synchronize(); /* the rings are in memory before the device is notified */
	device_set(device, VIRTIO_QUEUE_NOTIFY, 0);
}

/* ---- interrupts ---- */

int device_seen(struct device *device)
{
	uint32_t why = get(device, VIRTIO_INTERRUPT_STATUS);

	device_set(device, VIRTIO_INTERRUPT_ACK, why);
	__sync_synchronize(); /* what is answered after this brings the next interrupt */
	if (why & VIRTIO_INTERRUPT_CONFIG && get(device, VIRTIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET)
		return -EIO;
	return 0;
}

int device_unmask(struct device *device)
{
	uint32_t one = 1;

	return write(device->fd, &one, sizeof(one)) == sizeof(one) ? 0 : -errno;
}

int device_wait(struct device *device)
{
	uint32_t count;

	return read(device->fd, &count, sizeof(count)) == sizeof(count) || errno == EINTR ? 0
											  : -errno;
}
