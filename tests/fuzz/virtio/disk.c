/* SPDX-License-Identifier: MIT */
/* The hostile disk: its registers, its queue, and what it can do with the commands there. */
#include "virtio/disk.h"

#include "arch/page.h"
#include "base/block.h"
#include "drivers/virtio.h"
#include "lib/virtio_regs.h"
#include "fuzz.h"

#undef memcpy

#define SEGMENTS_MAX (BLOCK_PAGES_MAX + 2)
#define HEADER_BYTES 16u

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

/* A command as it was when the device was told of it. */
struct known {
	uint16_t id;
	unsigned count;
	struct virtq_desc descs[SEGMENTS_MAX];
};

struct device_head device_head;
struct device_stream device_streams[DEVICE_QUEUES];
uint64_t disk_words[DISK_PAGES][2];
bool disk_dirty, disk_nonsense, disk_untold, disk_was_reset, disk_was_failed;

static uint32_t registers[64], features_selected, interrupt_status;
static uint32_t num, align, pfn;
static uint64_t address[3]; /* of descriptors, available ring, used ring */
static struct virtq_desc *desc;
static struct virtq_avail *avail;
static struct virtq_used *used;
static uint16_t seen; /* of the available ring */
static struct known known[VIRTQ_SIZE_MAX];
static unsigned nknown;

static uint32_t queue_max(void)
{
	return registers[VIRTIO_QUEUE_SEL / 4] != 0 ? 0
	       : device_head.DISK_QUEUE == 255	    ? UINT32_MAX
						    : device_head.DISK_QUEUE;
}

static uint32_t read_features(void)
{
	if (features_selected == 0)
		return device_head.features & ~DEVICE_IS_MODERN;
	return device_head.features & DEVICE_IS_MODERN ? 1 : 0;
}

uint32_t device_read(size_t offset)
{
	device_hook();
	switch (offset) {
	case VIRTIO_MAGIC:
		return VIRTIO_MAGIC_VALUE + (device_head.flags & DEVICE_NO_MAGIC);
	case VIRTIO_VERSION:
		return device_head.version;
	case VIRTIO_DEVICE_ID:
		return device_head.id;
	case VIRTIO_DEVICE_FEATURES:
		return read_features();
	case VIRTIO_QUEUE_NUM_MAX:
		return queue_max();
	case VIRTIO_INTERRUPT_STATUS:
		return interrupt_status;
	case VIRTIO_STATUS:
		return registers[offset / 4] &
		       ~(device_head.flags & DEVICE_REFUSES ? VIRTIO_STATUS_FEATURES_OK : 0u);
	case VIRTIO_CONFIG:
		/* Seven sectors more, which are no page. */
		return device_head.DISK_CAPACITY * SECTORS_PER_PAGE + 7;
	case VIRTIO_CONFIG + 12:
		return device_head.DISK_SEGMENTS;
	default:
		return offset < VIRTIO_CONFIG ? registers[offset / 4] : 0;
	}
}

/* The driver has said where the queue is: no two of its parts overlap. */
static void open_queue(void)
{
	if (device_head.version == 1) {
		uint64_t end = 16ul * num + 4 + 2 * num + 2;

		address[0] = (uint64_t)pfn << 12;
		address[1] = address[0] + 16ul * num;
		address[2] = address[0] + (end + align - 1) / align * align;
	}
	fuzz_check(num > 0 && num <= VIRTQ_SIZE_MAX && (num & (num - 1)) == 0);
	fuzz_check(num <= queue_max());
	fuzz_check(address[0] % 16 == 0 && address[1] % 2 == 0 && address[2] % 4 == 0);
	fuzz_check(address[1] >= address[0] + 16ul * num);
	fuzz_check(address[2] >= address[1] + 6 + 2ul * num);
	desc = arch_phys_to_virt(address[0]);
	avail = arch_phys_to_virt(address[1]);
	used = arch_phys_to_virt(address[2]);
	/* Its last byte is memory of the driver's too. */
	(void)arch_phys_to_virt(address[2] + 6 + 8ul * num - 1);
}

static void forget(void)
{
	desc = NULL;
	nknown = 0;
	seen = 0;
}

static void write_status(uint32_t value)
{
	if (value == 0) {
		forget();
		disk_was_reset = true;
	}
	disk_was_failed |= (value & VIRTIO_STATUS_FAILED) != 0;
}

void device_write(size_t offset, uint32_t value)
{
	device_hook();
	fuzz_check(offset < VIRTIO_CONFIG);
	registers[offset / 4] = value;
	switch (offset) {
	case VIRTIO_DEVICE_FEATURES_SEL:
		features_selected = value;
		break;
	case VIRTIO_QUEUE_NUM:
		num = value;
		break;
	case VIRTIO_QUEUE_ALIGN:
		align = value;
		break;
	case VIRTIO_QUEUE_PFN:
		pfn = value;
		open_queue();
		break;
	case VIRTIO_QUEUE_READY:
		open_queue();
		break;
	case VIRTIO_QUEUE_DESC:
	case VIRTIO_QUEUE_DRIVER:
	case VIRTIO_QUEUE_DEVICE:
		address[(offset - VIRTIO_QUEUE_DESC) / 16] = value;
		break;
	case VIRTIO_QUEUE_DESC + 4:
	case VIRTIO_QUEUE_DRIVER + 4:
	case VIRTIO_QUEUE_DEVICE + 4:
		address[(offset - VIRTIO_QUEUE_DESC) / 16] |= (uint64_t)value << 32;
		break;
	case VIRTIO_INTERRUPT_ACK:
		interrupt_status &= ~value;
		break;
	case VIRTIO_STATUS:
		write_status(value);
		break;
	default:
		break;
	}
}

/* What a command must be: a header, as many pages as are allowed, a byte for the status. */
static void check_command(const struct known *command)
{
	const struct virtq_desc *last = &command->descs[command->count - 1];
	const struct header *header = arch_phys_to_virt(command->descs[0].addr);
	unsigned allowed = device_head.features & DISK_HAS_SEGMENTS ? device_head.DISK_SEGMENTS : 1;

	fuzz_check(command->count >= 3 && command->count - 2 <= (allowed ? allowed : 1));
	fuzz_check(command->descs[0].len == HEADER_BYTES);
	fuzz_check(!(command->descs[0].flags & VIRTQ_DESC_WRITE));
	fuzz_check(last->len == 1 && (last->flags & VIRTQ_DESC_WRITE));
	fuzz_check(*(uint8_t *)arch_phys_to_virt(last->addr) > 2);
	fuzz_check(header->type <= 1 && header->reserved == 0 &&
		   header->sector % SECTORS_PER_PAGE == 0);
	fuzz_check(header->sector / SECTORS_PER_PAGE + command->count - 2 <=
		   device_head.DISK_CAPACITY);
	fuzz_check(header->type == 0 || !(device_head.features & DISK_READ_ONLY));
	for (unsigned i = 1; i < command->count - 1; i++) {
		const struct virtq_desc *page = &command->descs[i];

		fuzz_check(page->len == PAGE_SIZE && page->addr % PAGE_SIZE == 0);
		fuzz_equal((page->flags & VIRTQ_DESC_WRITE) != 0, header->type == 0);
	}
}

/* Takes note of what the driver has offered: never a descriptor that it has not got back. */
static void look_at_avail(void)
{
	static bool taken[VIRTQ_SIZE_MAX];

	if (disk_dirty)
		return;
	memset(taken, 0, sizeof(taken));
	for (unsigned i = 0; i < nknown; i++)
		taken[known[i].id] = true;
	while (seen != avail->idx) {
		struct known *command = &known[nknown++];
		uint16_t id = avail->ring[seen++ % num];
		bool more = true;

		fuzz_check(nknown <= num);
		command->id = id;
		for (command->count = 0; more; id = command->descs[command->count - 1].next) {
			fuzz_check(id < num && !taken[id] && command->count < SEGMENTS_MAX);
			taken[id] = command->count == 0;
			command->descs[command->count++] = desc[id];
			more = desc[id].flags & VIRTQ_DESC_NEXT;
		}
		check_command(command);
	}
}

bool disk_holds(uint64_t page)
{
	for (unsigned i = 0; i < nknown; i++)
		for (unsigned k = 1; k < known[i].count - 1; k++)
			if (known[i].descs[k].addr == page)
				return true;
	return false;
}

unsigned disk_outstanding(void)
{
	if (desc)
		look_at_avail();
	return nknown;
}

static void push_used(uint32_t id, uint32_t len)
{
	struct virtq_used_elem *elem = &used->ring[used->idx % num];

	disk_untold |= elem->id >= num && id < num;
	*elem = (struct virtq_used_elem){ id, len };
	used->idx++;
	interrupt_status |= VIRTIO_INTERRUPT_QUEUE;
}

static void transfer(const struct known *command)
{
	const struct header *header = arch_phys_to_virt(command->descs[0].addr);
	uint64_t page = header->sector / SECTORS_PER_PAGE;

	for (unsigned i = 1; i < command->count - 1; i++, page++) {
		uint64_t *words = arch_phys_to_virt(command->descs[i].addr);
		uint64_t *last = words + PAGE_SIZE / sizeof(*words) - 1;

		if (header->type == 0) {
			words[0] = disk_words[page][0];
			*last = disk_words[page][1];
		} else {
			disk_words[page][0] = words[0];
			disk_words[page][1] = *last;
		}
	}
}

/* Answers one of the commands that it has, not always the oldest; n is the status, 0 is success. */
void device_honest(unsigned index, size_t n)
{
	struct known command;

	if (!desc || disk_dirty || disk_outstanding() == 0)
		return;
	index %= nknown;
	command = known[index];
	known[index] = known[--nknown];
	if (n == 0)
		transfer(&command);
	*(uint8_t *)arch_phys_to_virt(command.descs[command.count - 1].addr) = (uint8_t)n;
	push_used(command.id, n % 2 ? 1 : 0);
}

/* It says that it has to be reset. */
void device_control(const uint8_t *message, size_t n)
{
	(void)message, (void)n;
	if (!desc)
		return;
	registers[VIRTIO_STATUS / 4] |= VIRTIO_STATUS_NEEDS_RESET;
	interrupt_status |= VIRTIO_INTERRUPT_CONFIG;
	disk_dirty = disk_nonsense = true;
}

void device_scribble(unsigned index, size_t offset, uint8_t byte)
{
	(void)index;
	if (!desc)
		return;
	disk_dirty = disk_untold = true;
	((uint8_t *)desc)[offset % (num > 64 ? 2 * PAGE_SIZE : PAGE_SIZE)] = byte;
}

/* Changes a status, or the header of a command. */
void device_change(unsigned index, unsigned id, size_t offset, uint8_t byte)
{
	const struct virtq_desc *header;

	(void)index;
	if (!desc || disk_outstanding() == 0)
		return;
	disk_dirty = true;
	header = &known[id % nknown].descs[0];
	((uint8_t *)arch_phys_to_virt(header->addr))[offset % (HEADER_BYTES + 1)] = byte;
}

void device_forge(unsigned index, unsigned id, uint32_t len)
{
	(void)index;
	if (!desc)
		return;
	disk_dirty = true;
	disk_nonsense |= id >= num;
	push_used(id == 255 ? UINT32_MAX : id, len);
}

void device_jump(unsigned index, uint16_t by)
{
	(void)index;
	if (!desc)
		return;
	disk_dirty = disk_untold = true;
	used->idx = (uint16_t)(used->idx + by);
}

void device_reset(const struct device_head *head)
{
	device_head = *head;
	memset(registers, 0, sizeof(registers));
	features_selected = interrupt_status = 0;
	disk_dirty = disk_nonsense = disk_untold = disk_was_reset = disk_was_failed = false;
	forget();
	for (unsigned page = 0; page < DISK_PAGES; page++)
		disk_words[page][0] = disk_words[page][1] = page;
}
