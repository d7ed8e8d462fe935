/* SPDX-License-Identifier: MIT */
/* Queues with chains, of every size and in both layouts, against a device that keeps its own account. */
#include <string.h>

#include "abi/errno.h"
#include "arch/page.h"
#include "drivers/virtio.h"
#include "lib/virtio_regs.h"
#include "test.h"
#include "virtio/device.h"
#include "virtio/kernel.h"

#define CHAIN_MAX 7u

/* The device's side: where the queue is, by what the driver wrote to the registers. */
static struct {
	uint32_t version, max, num, align, pfn;
	uint64_t address[3];
	uint16_t seen;
	bool reset;
} far;

/* What the test knows of a chain that the device has. */
struct known {
	unsigned id, count; /* count 0: none */
	uint64_t bytes;
	struct virtq_buf bufs[CHAIN_MAX];
};

struct device_stream device_streams[DEVICE_QUEUES];

void device_hook(void)
{
}

void device_boot_step(void)
{
}

uint32_t device_read(size_t offset)
{
	switch (offset) {
	case VIRTIO_MAGIC:
		return VIRTIO_MAGIC_VALUE;
	case VIRTIO_VERSION:
		return far.version;
	case VIRTIO_DEVICE_ID:
		return VIRTIO_ID_BLOCK;
	case VIRTIO_QUEUE_NUM_MAX:
		return far.max;
	default:
		return 0;
	}
}

void device_write(size_t offset, uint32_t value)
{
	if (offset == VIRTIO_STATUS && value == 0) {
		assert_false(fake_irq_on);
		kernel_rearms = 0;
		far.reset = true;
	}
	if (offset == VIRTIO_QUEUE_NUM)
		far.num = value;
	else if (offset == VIRTIO_QUEUE_ALIGN)
		far.align = value;
	else if (offset == VIRTIO_QUEUE_PFN)
		far.pfn = value;
	else if (offset >= VIRTIO_QUEUE_DESC && offset % 16 == 0)
		far.address[(offset - VIRTIO_QUEUE_DESC) / 16] = value;
	else if (offset > VIRTIO_QUEUE_DESC && offset % 16 == 4)
		far.address[(offset - VIRTIO_QUEUE_DESC) / 16] |= (uint64_t)value << 32;
}

/* The formulas of virtio 1.1, 2.6.2: where a legacy device looks for the three parts. */
static void find_parts(void)
{
	if (far.version == 2)
		return;
	far.address[0] = (uint64_t)far.pfn * 4096;
	far.address[1] = far.address[0] + 16ul * far.num;
	far.address[2] = far.address[1] + 2ul * (3 + far.num);
	while (far.address[2] % far.align != 0)
		far.address[2]++;
}

static struct virtq_desc *far_desc(unsigned id)
{
	return (struct virtq_desc *)arch_phys_to_virt(far.address[0]) + id;
}

static struct virtq_avail *far_avail(void)
{
	return arch_phys_to_virt(far.address[1]);
}

static struct virtq_used *far_used(void)
{
	return arch_phys_to_virt(far.address[2]);
}

static void answer(uint32_t id, uint32_t len)
{
	struct virtq_used *used = far_used();

	used->ring[used->idx % far.num] = (struct virtq_used_elem){ id, len };
	used->idx++;
}

static void make_queue(struct virtq *vq, uint32_t version, uint32_t max, uint16_t size)
{
	static struct virtio_device dev;

	memset(&far, 0, sizeof(far));
	far.version = version;
	far.max = max;
	kernel_start(0, false, false);
	assert_int_equal(0, virtio_probe(&dev, 0x10008000, 0x1000, 8));
	assert_int_equal(0, virtq_init(vq, &dev, 0, size));
	find_parts();
	/* All of it is memory that the driver has: the last byte of the used ring, too. */
	assert_non_null(arch_phys_to_virt(far.address[2] + 6 + 8ul * far.num - 1));
	assert_true(far.address[1] >= far.address[0] + 16ul * far.num);
	assert_true(far.address[2] >= far.address[1] + 2ul * (3 + far.num));
}

/* Reads the newest chain as the device does. */
static void look(struct known *chain)
{
	unsigned id = far_avail()->ring[far.seen++ % far.num];

	chain->id = id;
	for (unsigned i = 0; i < chain->count; i++) {
		const struct virtq_desc *desc = far_desc(id);
		unsigned more = i + 1 < chain->count ? VIRTQ_DESC_NEXT : 0;

		assert_in_range(id, 0, far.num - 1);
		assert_int_equal(chain->bufs[i].addr, desc->addr);
		assert_int_equal(chain->bufs[i].len, desc->len);
		assert_int_equal(more | (chain->bufs[i].device_writes ? 2 : 0), desc->flags);
		id = desc->next;
	}
}

static void offer(struct virtq *vq, struct known *chain, unsigned *nfree)
{
	chain->bytes = 0;
	chain->count = 1 + (unsigned)test_random() % CHAIN_MAX;
	for (unsigned i = 0; i < chain->count; i++) {
		chain->bufs[i] = (struct virtq_buf){ (paddr_t)test_random() << 12,
						     1 + (uint32_t)test_random() % 5000, i > 1 };
		chain->bytes += chain->bufs[i].len;
	}
	if (chain->count > *nfree) {
		assert_int_equal(-ENOSPC, virtq_add_chain(vq, chain->bufs, chain->count, chain));
		chain->count = 0;
		return;
	}
	assert_int_equal(0, virtq_add_chain(vq, chain->bufs, chain->count, chain));
	*nfree -= chain->count;
	assert_int_equal((uint16_t)(far.seen + 1), far_avail()->idx);
	look(chain);
}

static void take_back(struct virtq *vq, struct known *chain, unsigned *nfree)
{
	uint32_t len = (uint32_t)((uint64_t)test_random() % (chain->bytes + 1)), got;

	answer(chain->id, len);
	assert_ptr_equal(chain, virtq_take(vq, &got));
	assert_int_equal(len, got);
	assert_null(virtq_take(vq, &got));
	*nfree += chain->count;
	chain->count = 0;
}

/* More than 2^16 chains through each size, answered in any order: the indexes wrap around. */
TEST(chains_of_any_length_in_any_order)
{
	static struct known known[VIRTQ_SIZE_MAX];

	for (uint32_t version = 1; version <= 2; version++) {
		for (uint16_t size = 1; size <= VIRTQ_SIZE_MAX; size *= 2) {
			unsigned nfree = size;
			struct virtq vq;

			memset(known, 0, sizeof(known));
			make_queue(&vq, version, 1024, size);
			assert_int_equal(size, far.num);
			for (unsigned n = 0; n < 150000; n++) {
				struct known *chain = &known[(unsigned)test_random() % size];

				if (chain->count == 0)
					offer(&vq, chain, &nfree);
				else
					take_back(&vq, chain, &nfree);
				assert_int_equal(nfree, vq.nfree);
			}
			assert_false(vq.broken);
			kernel_end();
		}
	}
}

TEST(sizes_are_powers_of_two_that_both_have)
{
	struct virtq vq;

	for (uint32_t max = 1; max <= 600; max++) {
		uint32_t expected = 1;

		while (expected * 2 <= max && expected * 2 <= 200)
			expected *= 2;
		make_queue(&vq, 1 + max % 2, max, 200);
		assert_int_equal(expected, vq.size);
		assert_int_equal(expected, far.num);
		kernel_end();
	}
	far.max = 0;
	assert_int_equal(-ENOENT, virtq_init(&vq, vq.dev, 0, 8));
	far.max = 8;
	for (unsigned nth = 1; nth <= 2; nth++) {
		kernel_start(nth, false, false);
		assert_int_equal(-ENOMEM, virtq_init(&vq, vq.dev, 0, 8));
		kernel_end();
	}
}

/* With a chain of three and one of one in flight, the device says that it is done with `id`. */
static void expect_broken(uint32_t id, uint32_t len)
{
	struct virtq_buf bufs[3] = { { 0x1000, 16, false },
				     { 0x2000, 4096, true },
				     { 0x3000, 1, true } };
	struct virtq vq;
	uint32_t got;

	make_queue(&vq, 2, 8, 8);
	assert_int_equal(0, virtq_add_chain(&vq, bufs, 3, &bufs[0]));
	assert_int_equal(0, virtq_add_chain(&vq, bufs, 1, &bufs[1]));
	answer(3, 16);
	assert_ptr_equal(&bufs[1], virtq_take(&vq, &got));
	answer(id, len);
	answer(0, 0);
	assert_null(virtq_take(&vq, &got));
	assert_true(vq.broken);
	assert_null(virtq_take(&vq, &got));
	kernel_end();
}

TEST(entries_that_cannot_be_break_the_queue)
{
	expect_broken(8, 0);
	expect_broken(UINT32_MAX, 0);
	expect_broken(0x10000, 0);
	expect_broken(1, 0); /* within a chain */
	expect_broken(2, 0);
	expect_broken(3, 0); /* given back already */
	expect_broken(4, 0); /* never given */
	expect_broken(0, 16 + 4096 + 1 + 1);
}

/* What the device writes over descriptors changes nothing that the driver does. */
TEST(descriptors_that_the_device_changes_are_not_believed)
{
	struct virtq_buf bufs[4] = { { 0x1000, 16, false }, { 0x2000, 1, true } };
	struct virtq vq;
	uint32_t got;

	make_queue(&vq, 1, 4, 4);
	assert_int_equal(0, virtq_add_chain(&vq, bufs, 2, &vq));
	memset(far_desc(0), 0xff, 4 * sizeof(struct virtq_desc));
	answer(0, 17);
	assert_ptr_equal(&vq, virtq_take(&vq, &got));
	assert_int_equal(0, virtq_add_chain(&vq, bufs, 4, &vq));
	assert_int_equal(-ENOSPC, virtq_add_chain(&vq, bufs, 1, &vq));
	kernel_end();
}

/* QEMU may have forgotten it meanwhile. */
TEST(after_a_reset_the_hart_gets_its_deadline_again)
{
	struct virtq vq;

	make_queue(&vq, 2, 8, 8);
	far.reset = false;
	virtio_reset(vq.dev);
	assert_true(far.reset);
	assert_int_equal(1, kernel_rearms);
	assert_true(fake_irq_on);
	far.reset = false;
	assert_int_equal(0, virtio_reset_wait(vq.dev));
	assert_true(far.reset);
	assert_int_equal(1, kernel_rearms);
	kernel_end();
}
