/* SPDX-License-Identifier: MIT */
/* The driver of virtio block devices: several commands in flight, whose results a thread collects. */
#include "drivers/virtio_blk.h"

#include "abi/errno.h"
#include "base/log.h"
#include "drivers/irq.h"
#include "lib/virtio_regs.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "sync/spinlock.h"

/*
 * A request goes to the device as one command, or as several if the device takes fewer segments.
 * Requests that do not fit into the queue wait in `waiting`, and those that need only be answered
 * in `finished`, from where the thread that serves the disk answers them.
 */

#define VIRTIO_BLK_F_SEG_MAX (1ull << 2)
#define VIRTIO_BLK_F_RO	     (1ull << 5)
/*
 * With it the device may keep what was written in the host's cache. A device whose driver does not
 * know it has to bring each write to its disk first, which takes many times as long.
 */
#define VIRTIO_BLK_F_FLUSH   (1ull << 9)

/* Offsets in the configuration space. */
enum {
	CONFIG_CAPACITY = 0, /* in sectors: low word, then high word */
	CONFIG_SEG_MAX = 12,
};

enum { COMMAND_READ = 0, COMMAND_WRITE = 1 };

#define STATUS_OK	 0
#define STATUS_NO_ANSWER 0xff /* no status of the protocol */

/* A command takes descriptors for its header, its pages and its status. */
#define EXTRA_DESCS  2u
#define COMMANDS_MAX (VIRTQ_SIZE_MAX / (EXTRA_DESCS + 1))

/* What the device reads and writes beside the pages. */
struct command_memory {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
	uint8_t status;
	uint8_t unused[15];
};

_Static_assert(COMMANDS_MAX * sizeof(struct command_memory) <= 4096, "they share a page");

/* Guarded by the disk's lock. */
struct command {
	struct block_request *request;
	struct command_memory *memory;
	struct list link; /* on `idle` or `busy` */
};

/* Reads go first, because threads wait for them. */
enum direction { READS, WRITES, DIRECTIONS };

struct virtio_blk {
	struct virtio_device dev; /* const after boot, but for its registers */
	struct block_device disk; /* guarded as struct block_device says */
	/* const: */
	char name[sizeof("vda")];
	unsigned segments_max; /* pages of a command */
	unsigned alarmed;      /* atomic, set by the interrupt: ask the device whether it works */
	struct spinlock lock;
	/* guarded by lock: */
	struct virtq vq;
	struct command commands[COMMANDS_MAX];
	struct list idle, busy;				      /* of commands */
	struct virtq_buf bufs[BLOCK_PAGES_MAX + EXTRA_DESCS]; /* of a command that is made */
	/* requests that the device has not been asked for completely, see enum direction */
	struct list waiting[DIRECTIONS];
	struct list finished; /* requests to be answered */
	bool broken;	      /* the device is not used any more */
};

static void finish_if_over(struct virtio_blk *blk, struct block_request *request)
{
	if (request->inflight == 0 && (request->result || request->started == request->npages))
		list_add_tail(&blk->finished, &request->link);
}

/* Asks the device for the next pages of the request. Returns false if there is no room. */
static bool start_command(struct virtio_blk *blk, struct block_request *request)
{
	unsigned npages = MIN(request->npages - request->started, blk->segments_max), n = 0;
	struct virtq_buf *bufs = blk->bufs;
	struct command *command;
	paddr_t memory;

	if (list_empty(&blk->idle) || blk->vq.nfree < npages + EXTRA_DESCS)
		return false;
	command = list_entry(list_pop(&blk->idle), struct command, link);
	list_add_tail(&blk->busy, &command->link);
	command->request = request;
	*command->memory = (struct command_memory){
		.type = request->write ? COMMAND_WRITE : COMMAND_READ,
		.sector = request->sector + (uint64_t)request->started * SECTORS_PER_PAGE,
		.status = STATUS_NO_ANSWER,
	};
	memory = arch_virt_to_phys(command->memory);
	bufs[n++] = (struct virtq_buf){ memory, offsetof(struct command_memory, status), false };
	for (unsigned i = 0; i < npages; i++)
		bufs[n++] = (struct virtq_buf){ request->pages[request->started + i], PAGE_SIZE,
						!request->write };
	bufs[n++] = (struct virtq_buf){ memory + offsetof(struct command_memory, status), 1, true };
	(void)virtq_add_chain(&blk->vq, bufs, n, command); /* there is room */
	request->started += npages;
	request->inflight++;
	return true;
}

/* Gives the device what it has room for. Returns whether it has got anything. */
static bool start_some(struct virtio_blk *blk, struct list *waiting)
{
	bool started = false;

	while (!list_empty(waiting)) {
		struct block_request *request =
			list_first_entry(waiting, struct block_request, link);

		while (request->started < request->npages && start_command(blk, request))
			started = true;
		if (request->started < request->npages)
			break;
		list_del(&request->link);
	}
	return started;
}

/* The oldest request of each direction goes first. Called with blk->lock held. */
static void start_waiting(struct virtio_blk *blk)
{
	bool started = start_some(blk, &blk->waiting[READS]);

	if (start_some(blk, &blk->waiting[WRITES]) || started)
		virtq_kick(&blk->vq);
}

/* A failed request is not continued; what it has in flight is waited for. */
static void end_command(struct virtio_blk *blk, struct command *command, bool ok)
{
	struct block_request *request = command->request;

	list_del(&command->link);
	list_add_tail(&blk->idle, &command->link);
	request->inflight--;
	if (!ok && request->result == 0) {
		request->result = -EIO;
		if (request->started < request->npages)
			list_del(&request->link); /* from `waiting` */
	}
	finish_if_over(blk, request);
}

/* Takes what the device has answered. Called with blk->lock held. */
static void blk_collect(struct virtio_blk *blk)
{
	struct command *command;
	uint32_t len;

	/* No more than the queue holds, so that a device cannot keep the kernel here. */
	for (unsigned n = 0; n < blk->vq.size; n++) {
		command = virtq_take(&blk->vq, &len);
		if (!command)
			break;
		end_command(blk, command,
			    __atomic_load_n(&command->memory->status, __ATOMIC_RELAXED) ==
				    STATUS_OK);
	}
}

/* Stops the device, so that it leaves the pages alone, and fails all requests. */
static void blk_give_up(struct virtio_blk *blk)
{
	struct list *node;

	blk->broken = blk->vq.broken = true;
	virtio_reset(&blk->dev);
	virtio_fail(&blk->dev);
	while (!list_empty(&blk->busy))
		end_command(blk, list_first_entry(&blk->busy, struct command, link), false);
	for (unsigned i = 0; i < DIRECTIONS; i++) {
		while ((node = list_pop(&blk->waiting[i])) != NULL) {
			struct block_request *request =
				list_entry(node, struct block_request, link);

			request->result = -EIO;
			list_add_tail(&blk->finished, &request->link);
		}
	}
}

static void blk_submit(struct block_device *disk, struct block_request *request)
{
	struct virtio_blk *blk = disk->driver;
	bool answered;

	spin_lock(&blk->lock);
	if (blk->broken)
		request->result = -EIO;
	answered = request->result != 0;
	list_add_tail(answered ? &blk->finished : &blk->waiting[request->write ? WRITES : READS],
		      &request->link);
	if (!answered)
		start_waiting(blk);
	spin_unlock(&blk->lock);
	if (answered)
		waitq_wake_all(&disk->answered);
}

static bool blk_complete(struct block_device *disk)
{
	struct virtio_blk *blk = disk->driver;
	bool alarmed = __atomic_exchange_n(&blk->alarmed, 0u, __ATOMIC_ACQUIRE);
	struct list finished = LIST_INIT(finished);
	struct list *node;
	bool broke = false, any;

	spin_lock(&blk->lock);
	blk_collect(blk);
	if (!blk->broken && (blk->vq.broken || (alarmed && virtio_needs_reset(&blk->dev)))) {
		broke = true;
		blk_give_up(blk);
	}
	start_waiting(blk);
	list_splice_tail(&finished, &blk->finished);
	spin_unlock(&blk->lock);
	if (broke)
		log_error("virtio-blk",
			  "%s: the device does not keep to its protocol and is no longer used",
			  disk->name);
	any = !list_empty(&finished);
	while ((node = list_pop(&finished)) != NULL) {
		struct block_request *request = list_entry(node, struct block_request, link);

		request->done(request, request->result);
	}
	return any;
}

static const struct block_ops virtio_blk_ops = {
	.submit = blk_submit,
	.complete = blk_complete,
};

/* Takes no lock: the thread collects the answers. */
static void blk_interrupt(void *arg)
{
	struct virtio_blk *blk = arg;

	if (virtio_ack(&blk->dev) & VIRTIO_INTERRUPT_CONFIG)
		__atomic_store_n(&blk->alarmed, 1u, __ATOMIC_RELEASE);
	waitq_wake_all(&blk->disk.answered);
}

static int make_queue(struct virtio_blk *blk)
{
	struct command_memory *memory;
	struct page *page;
	int err = virtq_init(&blk->vq, &blk->dev, 0, VIRTQ_SIZE_MAX);

	if (err)
		return err;
	if (blk->vq.size < EXTRA_DESCS + 1)
		return -EINVAL;
	page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	if (!page)
		return -ENOMEM;
	memory = page_address(page);
	memset(memory, 0, PAGE_SIZE);
	for (unsigned i = 0; i < COMMANDS_MAX; i++) {
		blk->commands[i].memory = &memory[i];
		list_add_tail(&blk->idle, &blk->commands[i].link);
	}
	return 0;
}

/* Without VIRTIO_BLK_F_SEG_MAX, or with nonsense in its place, a command has one segment. */
static void read_config(struct virtio_blk *blk, uint64_t features)
{
	uint64_t low = virtio_config32(&blk->dev, CONFIG_CAPACITY);
	uint64_t high = virtio_config32(&blk->dev, CONFIG_CAPACITY + 4);
	uint32_t segments = 1;

	if (features & VIRTIO_BLK_F_SEG_MAX)
		segments = MAX(virtio_config32(&blk->dev, CONFIG_SEG_MAX), 1u);
	/* A large write leaves half of the queue to reads. */
	segments = MIN(segments, (uint32_t)blk->vq.size - EXTRA_DESCS);
	segments = MIN(segments, MAX((uint32_t)blk->vq.size / 2, 1u));
	blk->segments_max = MIN(segments, BLOCK_PAGES_MAX);
	blk->disk.sectors = (high << 32 | low) / SECTORS_PER_PAGE * SECTORS_PER_PAGE;
	blk->disk.read_only = features & VIRTIO_BLK_F_RO;
}

static int blk_start(struct virtio_blk *blk)
{
	uint64_t features;
	int err = virtio_begin(
		&blk->dev, VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_FLUSH, &features);

	if (err == 0)
		err = make_queue(blk);
	if (err)
		return err;
	read_config(blk, features);
	virtio_start(&blk->dev);
	err = irq_register(blk->dev.irq, blk_interrupt, blk);
	return err ?: block_register(&blk->disk);
}

int virtio_blk_init(const struct virtio_device *dev, struct block_device **disk_ret)
{
	struct virtio_blk *blk = kzalloc(sizeof(*blk));
	unsigned ndisks = 0;
	int err;

	if (!blk)
		return -ENOMEM;
	blk->dev = *dev;
	spin_init(&blk->lock, LOCK_DISK);
	list_init(&blk->idle);
	list_init(&blk->busy);
	list_init(&blk->waiting[READS]);
	list_init(&blk->waiting[WRITES]);
	list_init(&blk->finished);
	while (block_at(ndisks))
		ndisks++;
	str_copy(blk->name, "vda", sizeof(blk->name));
	blk->name[2] = (char)('a' + ndisks);
	blk->disk =
		(struct block_device){ .name = blk->name, .ops = &virtio_blk_ops, .driver = blk };
	waitq_init(&blk->disk.answered);
	err = blk_start(blk);
	if (err) {
		virtio_reset(&blk->dev);
		virtio_fail(&blk->dev);
		return err; /* nothing is freed: the interrupt may still find it */
	}
	*disk_ret = &blk->disk;
	return 0;
}
