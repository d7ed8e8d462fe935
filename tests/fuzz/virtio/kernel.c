/* SPDX-License-Identifier: MIT */
/* The kernel round the driver: frames full of poison, a heap, a clock, a log that may go to the device itself. */
#include "virtio/kernel.h"

#include <stdio.h>
#include <stdlib.h>

#include "abi/errno.h"
#include "arch/irqflags.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/timerq.h"
#include "drivers/serial_port.h"
#include "fuzz.h"
#include "lib/bits.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/kmap.h"
#include "mm/phys/page_alloc.h"
#include "virtio/device.h"

#undef memcpy

#define HEAP_MAX    64
#define POLL_NS	    1000000 /* that one look at the clock takes ... */
#define POLLS	    200	    /* ... at first; later time flies */
#define REGISTER_AT 0x10008000ul
#define PAUSES_MAX  100 /* of a device that has always more */

static uint8_t memory[FRAMES * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct page pages[FRAMES];
static size_t pages_used;
static void *heap[HEAP_MAX];
static unsigned heap_used;
static unsigned fail_in;
static bool fail_irq, fail_map, logging;
static struct timer *armed;
static unsigned polls;

struct page_segment page_segments[PAGE_SEGMENTS_MAX] = { { .first = FAKE_PHYS_BASE >> PAGE_SHIFT,
							   .count = FRAMES,
							   .pages = pages,
							   .bytes = sizeof(pages) } };
unsigned page_segment_count = 1;

uint64_t kernel_now;
bool kernel_boots;
irq_handler kernel_handler;
static void *kernel_handler_arg;
struct log_sink *kernel_sink;
struct chardev *kernel_devices[CHARDEV_MAX];
unsigned kernel_ndevices, kernel_errors, kernel_rearms;
char kernel_last_error[512];

void kernel_start(unsigned allocations, bool irq_fails, bool no_room)
{
	/* At first all of it, later what was used. */
	memset(memory, DEVICE_POISON, pages_used ? pages_used << PAGE_SHIFT : sizeof(memory));
	pages_used = 0;
	fail_in = allocations;
	fail_irq = irq_fails;
	fail_map = no_room;
	kernel_handler = NULL;
	armed = NULL;
	kernel_sink = NULL;
	kernel_ndevices = kernel_errors = 0;
	kernel_last_error[0] = '\0';
	kernel_now = polls = 0;
	kernel_boots = true;
}

void kernel_end(void)
{
	while (heap_used > 0)
		free(heap[--heap_used]);
}

static bool allocation_fails(void)
{
	return fail_in > 0 && --fail_in == 0;
}

void *fake_phys_to_virt(paddr_t pa)
{
	fuzz_check(pa >= FAKE_PHYS_BASE && pa - FAKE_PHYS_BASE < pages_used * PAGE_SIZE);
	return memory + (pa - FAKE_PHYS_BASE);
}

paddr_t fake_virt_to_phys(const void *p)
{
	size_t offset = (size_t)((const uint8_t *)p - memory);

	fuzz_check(offset < pages_used * PAGE_SIZE);
	return FAKE_PHYS_BASE + offset;
}

struct page *page_alloc(unsigned order, enum page_kind kind, enum page_alloc_from from)
{
	struct page *page = &pages[pages_used];

	(void)kind, (void)from;
	fuzz_check(pages_used + (1u << order) <= FRAMES);
	if (allocation_fails())
		return NULL;
	pages_used += 1u << order;
	return page;
}

void page_free(struct page *page, unsigned order)
{
	memset(page_address(page), DEVICE_POISON, PAGE_SIZE << order);
}

void *kzalloc_at(size_t size SITE_PARAM)
{
	(void)site;
	fuzz_check(heap_used < HEAP_MAX);
	if (allocation_fails())
		return NULL;
	heap[heap_used] = calloc(1, size);
	return heap[heap_used++];
}

volatile void *kmap_device(paddr_t pa, size_t len)
{
	fuzz_check(pa == REGISTER_AT && len >= 0x100);
	return fail_map ? NULL : memory; /* never looked at */
}

/* Its looks are where the machine's boot waits for the device. */
uint64_t clock_ns(void)
{
	device_hook();
	if (kernel_boots)
		device_boot_step();
	return kernel_now += polls++ < POLLS ? POLL_NS : 1000 * POLL_NS;
}

int irq_register(unsigned irq, irq_handler handler, void *arg)
{
	fuzz_check(irq == 8);
	if (fail_irq)
		return -EBUSY;
	kernel_handler = handler;
	kernel_handler_arg = arg;
	return 0;
}

unsigned kernel_interrupt(void)
{
	unsigned pauses = 0;

	arch_irq_disable();
	kernel_handler(kernel_handler_arg);
	for (; armed && pauses < PAUSES_MAX; pauses++) {
		struct timer *timer = armed;

		armed = NULL;
		timer->fn(timer);
	}
	arch_irq_enable();
	return pauses;
}

uint64_t clock_deadline_in(uint64_t ns)
{
	return arch_time() + ns;
}

void timer_init_alone(struct timer *timer, void (*fn)(struct timer *timer))
{
	timer->fn = fn;
}

void timer_arm(struct timer *timer, uint64_t deadline)
{
	fuzz_check(deadline > arch_time());
	armed = timer;
}

void timerq_rearm(void)
{
	fuzz_check(!fake_irq_on);
	kernel_rearms++;
}

int chardev_register(struct chardev *dev)
{
	if (kernel_ndevices == CHARDEV_MAX - 1) /* the console has one */
		return -ENOSPC;
	kernel_devices[kernel_ndevices++] = dev;
	return 0;
}

void console_move_log(struct log_sink *to, const char *last)
{
	struct serial_port *port;

	(void)last;
	fuzz_check(!kernel_sink);
	kernel_sink = to;
	port = container_of(to, struct serial_port, sink);
	device_streams[port->id == 0 ? 1 : 2 * port->id + 3].text = true;
}

/* Takes the sink's lock, as the true one does: whoever logs must not hold it. */
void log_write(enum log_level level, const char *tag, const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	fuzz_check(strcmp(tag, "serial") == 0 || strcmp(tag, "virtio-blk") == 0 ||
		   strcmp(tag, "fuzz") == 0);
	if (level == LOG_ERROR && strcmp(tag, "fuzz") != 0) {
		kernel_errors++;
		strcpy(kernel_last_error, line);
	}
	if (kernel_sink && !logging) {
		logging = true;
		kernel_sink->write(kernel_sink, line, strlen(line));
		logging = false;
	}
}
