/* SPDX-License-Identifier: MIT */
/* The hostile device: its registers and queues, and what it can do with them. */
#include "virtio/device.h"

#include "arch/page.h"
#include "drivers/virtio.h"
#include "lib/virtio_regs.h"
#include "fuzz.h"

#undef memcpy

struct queue {
	uint32_t num, ready, align, pfn;
	uint64_t address[3]; /* of descriptors, available ring, used ring */
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	uint16_t seen;		  /* of the available ring */
	bool out[VIRTQ_SIZE_MAX]; /* is the buffer the device's? */
	struct virtq_desc known[VIRTQ_SIZE_MAX];
};

_Static_assert(sizeof(struct device_head) == 12, "as the corpus has it");

struct device_head device_head;
struct device_stream device_streams[DEVICE_QUEUES];

static struct queue queues[DEVICE_QUEUES];
static uint32_t registers[64], selected, features_selected;

uint8_t device_pattern(uint64_t at)
{
	return (uint8_t)(1 + at * 7 % 113);
}

static uint8_t clean(uint8_t byte)
{
	return byte == DEVICE_POISON ? byte ^ 0xff : byte;
}

/* Ports have even queues to the driver and odd ones from it; the second pair is the control's. */
static uint32_t queue_max(uint32_t index)
{
	uint8_t size = index == 2   ? device_head.size_control_rx
		       : index == 3 ? device_head.size_control_tx
		       : index % 2  ? device_head.size_tx
				    : device_head.size_rx;

	return index >= DEVICE_QUEUES ? 0 : size == 255 ? UINT32_MAX : size;
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
		return queue_max(selected);
	case VIRTIO_STATUS:
		return registers[offset / 4] &
		       ~(device_head.flags & DEVICE_REFUSES ? VIRTIO_STATUS_FEATURES_OK : 0u);
	case VIRTIO_CONFIG + 4:
		return device_head.ports | (uint32_t)device_head.ports_high << 24;
	default:
		return offset < VIRTIO_CONFIG ? registers[offset / 4] : 0;
	}
}

/* The driver has said where the queue is. */
static void open_queue(struct queue *queue)
{
	if (device_head.version == 1) {
		uint64_t base = (uint64_t)queue->pfn << 12;
		uint64_t end = base + 16ul * queue->num + 4 + 2 * queue->num + 2;

		queue->address[0] = base;
		queue->address[1] = base + 16ul * queue->num;
		queue->address[2] = (end + queue->align - 1) / queue->align * queue->align;
	}
	fuzz_check(queue->num > 0 && queue->num <= VIRTQ_SIZE_MAX);
	fuzz_check((queue->num & (queue->num - 1)) == 0 && queue->num <= queue_max(selected));
	queue->desc = arch_phys_to_virt(queue->address[0]);
	queue->avail = arch_phys_to_virt(queue->address[1]);
	queue->used = arch_phys_to_virt(queue->address[2]);
}

static void write_queue(struct queue *queue, size_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_QUEUE_NUM:
		queue->num = value;
		break;
	case VIRTIO_QUEUE_ALIGN:
		queue->align = value;
		break;
	case VIRTIO_QUEUE_PFN:
		queue->pfn = value;
		open_queue(queue);
		break;
	case VIRTIO_QUEUE_READY:
		open_queue(queue);
		break;
	case VIRTIO_QUEUE_DESC:
	case VIRTIO_QUEUE_DRIVER:
	case VIRTIO_QUEUE_DEVICE:
		queue->address[(offset - VIRTIO_QUEUE_DESC) / 16] = value;
		break;
	case VIRTIO_QUEUE_DESC + 4:
	case VIRTIO_QUEUE_DRIVER + 4:
	case VIRTIO_QUEUE_DEVICE + 4:
		queue->address[(offset - VIRTIO_QUEUE_DESC) / 16] |= (uint64_t)value << 32;
		break;
	default:
		break;
	}
}

void device_write(size_t offset, uint32_t value)
{
	device_hook();
	fuzz_check(offset < VIRTIO_CONFIG);
	registers[offset / 4] = value;
	if (offset == VIRTIO_QUEUE_SEL)
		selected = value;
	else if (offset == VIRTIO_DEVICE_FEATURES_SEL)
		features_selected = value;
	else if (selected < DEVICE_QUEUES)
		write_queue(&queues[selected], offset, value);
}

static struct queue *pick_queue(unsigned index)
{
	struct queue *queue = &queues[index % DEVICE_QUEUES];

	return queue->desc ? queue : NULL;
}

static struct device_stream *stream_of(const struct queue *queue)
{
	return &device_streams[queue - queues];
}

/* Takes note of what the driver has offered: never a buffer that it has not got back. */
static void look_at_avail(struct queue *queue)
{
	bool dirty = stream_of(queue)->dirty;

	while (queue->seen != queue->avail->idx && !dirty) {
		uint16_t id = queue->avail->ring[queue->seen++ % queue->num];

		fuzz_check(id < queue->num && !queue->out[id]);
		queue->out[id] = true;
		queue->known[id] = queue->desc[id];
	}
}

static void push_used(struct queue *queue, uint32_t id, uint32_t len)
{
	struct virtq_used_elem *elem = &queue->used->ring[queue->used->idx % queue->num];

	if (elem->id >= queue->num && id < queue->num)
		stream_of(queue)->untold = true; /* the driver may not have seen that one */
	*elem = (struct virtq_used_elem){ id, len };
	queue->used->idx++;
	stream_of(queue)->offered += PAGE_SIZE;
}

/* Finds the oldest buffer that the device has. Returns false if it has none. */
static bool next_buffer(struct queue *queue, uint16_t *id_ret)
{
	uint16_t oldest = queue->used->idx;

	look_at_avail(queue);
	if (stream_of(queue)->dirty || oldest == queue->seen)
		return false;
	*id_ret = queue->avail->ring[oldest % queue->num];
	return *id_ret < queue->num && queue->out[*id_ret];
}

void device_honest(unsigned index, size_t n)
{
	struct queue *queue = pick_queue(index);
	struct device_stream *stream;
	struct virtq_desc *desc;
	uint8_t *bytes;
	uint16_t id;

	if (!queue || !next_buffer(queue, &id) || queue == &queues[2])
		return;
	stream = stream_of(queue);
	desc = &queue->known[id];
	bytes = arch_phys_to_virt(desc->addr);
	queue->out[id] = false;
	if (!(desc->flags & VIRTQ_DESC_WRITE)) {
		for (size_t i = 0; i < desc->len && queue != &queues[3] && !stream->text; i++)
			fuzz_equal(bytes[i], device_pattern(stream->taken++));
		push_used(queue, id, 0);
		return;
	}
	n = n * 8 < desc->len ? n * 8 : desc->len;
	for (size_t i = 0; i < n; i++)
		bytes[i] = device_pattern(stream->sent++);
	push_used(queue, id, (uint32_t)n);
}

void device_control(const uint8_t *message, size_t n)
{
	struct queue *queue = pick_queue(2);
	uint8_t *bytes;
	uint16_t id;

	if (!queue || !next_buffer(queue, &id))
		return;
	if (!stream_of(queue)->dirty) /* then this device has not changed the descriptor itself */
		fuzz_check(queue->known[id].flags & VIRTQ_DESC_WRITE);
	bytes = arch_phys_to_virt(queue->known[id].addr);
	n = n < queue->known[id].len ? n : queue->known[id].len;
	for (size_t i = 0; i < n; i++)
		bytes[i] = clean(message[i]);
	queue->out[id] = false;
	push_used(queue, id, (uint32_t)n);
}

void device_scribble(unsigned index, size_t offset, uint8_t byte)
{
	struct queue *queue = pick_queue(index);

	if (!queue)
		return;
	stream_of(queue)->dirty = stream_of(queue)->untold = true;
	((uint8_t *)queue->desc)[offset % PAGE_SIZE] = clean(byte);
}

void device_change(unsigned index, unsigned id, size_t offset, uint8_t byte)
{
	struct queue *queue = pick_queue(index);
	struct virtq_desc *known;

	if (!queue)
		return;
	known = &queue->known[id % VIRTQ_SIZE_MAX];
	look_at_avail(queue);
	if (known->len == 0 || !(known->flags & VIRTQ_DESC_WRITE))
		return;
	stream_of(queue)->dirty = true;
	((uint8_t *)arch_phys_to_virt(known->addr))[offset % known->len] = clean(byte);
}

void device_forge(unsigned index, unsigned id, uint32_t len)
{
	struct queue *queue = pick_queue(index);

	if (!queue)
		return;
	stream_of(queue)->dirty = true;
	stream_of(queue)->nonsense |= id >= queue->num;
	push_used(queue, id == 255 ? UINT32_MAX : id, len);
}

void device_jump(unsigned index, uint16_t by)
{
	struct queue *queue = pick_queue(index);

	if (!queue)
		return;
	stream_of(queue)->dirty = stream_of(queue)->untold = true;
	stream_of(queue)->offered += (uint64_t)by * PAGE_SIZE;
	queue->used->idx = (uint16_t)(queue->used->idx + by);
}

void device_reset(const struct device_head *head)
{
	device_head = *head;
	memset(device_streams, 0, sizeof(device_streams));
	memset(queues, 0, sizeof(queues));
	memset(registers, 0, sizeof(registers));
	selected = features_selected = 0;
}
