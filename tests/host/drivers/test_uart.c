/* SPDX-License-Identifier: MIT */
/* UARTs that take their time, and the console of a firmware: nothing is lost on the way in or out, and all is out before the machine goes off. */
#include <string.h>

#include "abi/errno.h"
#include "arch/console.h"
#include "base/chardev.h"
#include "base/clock.h"
#include "base/power.h"
#include "drivers/firmware_console.h"
#include "drivers/irq.h"
#include "drivers/mmio.h"
#include "drivers/uart.h"
#include "mm/phys/kmap.h"
#include "test.h"

#define FIFO	 8u
#define SLOW_NS	 (NSEC_PER_SEC / 1000) /* for a byte */
#define LOOK_NS	 (SLOW_NS / 10)	       /* for a look at a register */
#define HOUR_NS	 (3600 * NSEC_PER_SEC)
#define SENT_MAX 4096

/* Registers of the two kinds, and their bits. */
enum { S_TXDATA = 0x00, S_RXDATA = 0x04, S_TXCTRL = 0x08, S_IE = 0x10, S_IP = 0x14 };
enum { N_RBR = 0, N_THR = 0, N_FCR = 2, N_LSR = 5 };
enum { H_FROM = 0x0, H_TO = 0x8 }; /* the upper half of each is 4 further */
#define S_FULL	       0x80000000u
#define S_EMPTY	       0x80000000u
#define S_TRANSMIT     1u
#define S_RECEIVE      2u
#define S_MARK	       16
#define FCR_FIFOS      1u
#define LSR_READY      1u
#define LSR_THRE       0x20u
#define LSR_TEMT       0x40u
#define H_GET	       0x0100u /* of the upper 16 bits: device and function */
#define H_PUT	       0x0101u
#define NODE	       0
#define REGISTER_AT    0x10010000ul
#define REGISTERS_SIZE 0x1000
#define IRQ	       5

/* The device: bytes go through a FIFO, then one at a time over the line. */
static struct {
	const char *compatible;
	uint32_t control; /* TXCTRL, or FCR */
	unsigned used;	  /* in the FIFO */
	uint8_t fifo[FIFO];
	bool shifting; /* a byte is on the line, until then: */
	uint64_t shifted_at;
	bool stuck; /* nothing leaves it any more */
	char sent[SENT_MAX];
	size_t nsent;
	unsigned overruns;   /* bytes that came while it was full */
	uint32_t interrupts; /* that are asked for */
	uint8_t come[FIFO];
	unsigned ncome;
	uint64_t from_host, to_host; /* of HTIF */
	unsigned wanted;	     /* how many bytes it was asked for */
	unsigned cleared;	     /* writes that would lose a reply that comes just then */
	uint64_t ended;
} device;

/* What the tree says of it. */
static struct {
	const char *compatible;
	bool off;
	uint32_t shift, width; /* 0: it does not say */
	uint64_t size;
} tree;

static char registers[REGISTERS_SIZE]; /* whose addresses alone matter */
static uint64_t now;
static struct chardev *registered;
static irq_handler handler;
static void *handler_arg;
static void (*end_machine)(unsigned status);
static bool map_fails;

static void shift(void)
{
	if (device.shifting && !device.stuck && now >= device.shifted_at)
		device.shifting = false;
	if (device.shifting || device.used == 0)
		return;
	assert_true(device.nsent < SENT_MAX);
	device.sent[device.nsent++] = (char)device.fifo[0];
	memmove(device.fifo, device.fifo + 1, --device.used);
	device.shifting = true;
	device.shifted_at = now + SLOW_NS;
}

/* Time goes on with each access. */
static void step(void)
{
	now += LOOK_NS;
	shift();
}

static bool is_sifive(void)
{
	return strcmp(device.compatible, "sifive,uart0") == 0;
}

static bool is_htif(void)
{
	return strcmp(device.compatible, "ucb,htif0") == 0;
}

static uint8_t take_come(void)
{
	uint8_t byte = device.come[0];

	memmove(device.come, device.come + 1, --device.ncome);
	return byte;
}

/* The host of HTIF does at once what it is told, and answers when there is an answer and room for it. */
static void htif_step(void)
{
	if (device.from_host == 0 && device.wanted > 0 && device.ncome > 0) {
		device.wanted--;
		device.from_host = (uint64_t)H_GET << 48 | take_come();
	}
}

static void htif_command(void)
{
	uint64_t command = device.to_host;

	device.to_host = 0;
	if (command >> 48 == H_PUT)
		device.sent[device.nsent++] = (char)command;
	else if (command >> 48 == H_GET)
		device.wanted++;
	else
		device.ended = command;
}

static uint64_t *htif_register(size_t offset)
{
	return (offset & ~4ul) == H_TO ? &device.to_host : &device.from_host;
}

static void htif_write(size_t offset, uint32_t value)
{
	uint64_t *word = htif_register(offset);

	device.cleared += word == &device.from_host && *word == 0;
	if (offset & 4)
		*word = (*word & UINT32_MAX) | (uint64_t)value << 32;
	else
		*word = (*word & ~(uint64_t)UINT32_MAX) | value;
	if (offset == H_TO + 4)
		htif_command();
}

void device_hook(void);

void device_hook(void)
{
}

uint32_t device_read(const volatile void *at)
{
	size_t offset = (size_t)((const volatile char *)at - registers);

	step();
	if (is_htif()) {
		htif_step();
		return (uint32_t)(*htif_register(offset) >> (offset & 4 ? 32 : 0));
	}
	if (!is_sifive() && offset == N_RBR)
		return device.ncome > 0 ? take_come() : 0;
	if (!is_sifive())
		return offset != N_LSR ? 0
				       : (device.ncome > 0 ? LSR_READY : 0) |
						 (device.used > 0   ? 0
						  : device.shifting ? LSR_THRE
								    : LSR_THRE | LSR_TEMT);
	switch (offset) {
	case S_TXDATA:
		return device.used == FIFO ? S_FULL : 0;
	case S_RXDATA:
		return device.ncome > 0 ? take_come() : S_EMPTY;
	case S_IP:
		return device.used < (device.control >> S_MARK & 7) ? S_TRANSMIT : 0;
	default:
		return 0;
	}
}

void device_write(const volatile void *at, uint32_t value)
{
	size_t offset = (size_t)((const volatile char *)at - registers);

	step();
	if (is_htif()) {
		htif_write(offset, value);
		return;
	}
	if (offset == (is_sifive() ? (size_t)S_TXCTRL : (size_t)N_FCR))
		device.control = value;
	if (is_sifive() && offset == S_IE)
		device.interrupts = value;
	if (offset != (is_sifive() ? (size_t)S_TXDATA : (size_t)N_THR))
		return;
	if (device.used == FIFO)
		device.overruns++;
	else
		device.fifo[device.used++] = (uint8_t)value;
}

/* ---- the kernel round the driver, and a tree with this device alone ---- */

uint64_t clock_ns(void)
{
	step();
	return now;
}

volatile void *kmap_device(paddr_t pa, size_t len)
{
	assert_int_equal(REGISTER_AT, pa);
	return map_fails ? NULL : registers;
}

int irq_register(unsigned irq, irq_handler function, void *arg)
{
	assert_int_equal(IRQ, irq);
	handler = function;
	handler_arg = arg;
	return 0;
}

int chardev_register(struct chardev *dev)
{
	registered = dev;
	return 0;
}

void power_set_exit(void (*exit)(unsigned status))
{
	end_machine = exit;
}

dt_node dt_root(const struct dt *dt)
{
	return NODE;
}

dt_node dt_next(const struct dt *dt, dt_node node)
{
	return -ENOENT;
}

dt_node dt_path(const struct dt *dt, const char *path)
{
	return -ENOENT;
}

const char *dt_string(const struct dt *dt, dt_node node, const char *name)
{
	return NULL;
}

bool dt_compatible(const struct dt *dt, dt_node node, const char *what)
{
	return strcmp(what, tree.compatible) == 0;
}

bool dt_available(const struct dt *dt, dt_node node)
{
	return !tree.off;
}

int dt_cell(const struct dt *dt, dt_node node, const char *name, unsigned index, uint32_t *ret)
{
	*ret = strcmp(name, "reg-shift") == 0	   ? tree.shift
	       : strcmp(name, "reg-io-width") == 0 ? tree.width
						   : IRQ;
	return *ret ? 0 : -ENOENT;
}

int dt_reg(const struct dt *dt, dt_node node, unsigned index, uint64_t *addr, uint64_t *size)
{
	*addr = REGISTER_AT;
	*size = tree.size;
	return 0;
}

/* ---- the tests ---- */

static const char line[] = "[    1.031175] power: off, status 0\n";
static const char shown[] = "[    1.031175] power: off, status 0\r\n";

static void start(const char *compatible)
{
	memset(&device, 0, sizeof(device));
	device.compatible = tree.compatible = compatible;
	tree.size = REGISTERS_SIZE;
	assert_int_equal(0, uart_init(NULL));
	assert_non_null(registered);
}

/* All of it has been sent, to the last bit, when this is called: the machine goes off. */
static void expect_sent(const char *text)
{
	assert_int_equal(0, device.overruns);
	assert_int_equal(0, device.cleared);
	assert_int_equal(0, device.used);
	if (!is_sifive()) /* which does not tell about its last byte */
		assert_true(!device.shifting || now >= device.shifted_at);
	assert_int_equal(device.nsent, strlen(text));
	assert_memory_equal(device.sent, text, device.nsent);
}

static void last_line_is_sent(const char *compatible)
{
	start(compatible);
	uart_log_sink()->panic_write(uart_log_sink(), line, sizeof(line) - 1);
	expect_sent(shown);
}

TEST(sifive_sends_the_last_line)
{
	last_line_is_sent("sifive,uart0");
}

TEST(ns16550_sends_the_last_line)
{
	last_line_is_sent("ns16550a");
}

static void drain_sends_all(const char *compatible)
{
	size_t done = 0;

	start(compatible);
	while (done < sizeof(line) - 1)
		done += registered->ops->write(registered, line + done, sizeof(line) - 1 - done);
	registered->ops->drain(registered);
	expect_sent(line);
}

TEST(htif_sends_the_last_line)
{
	last_line_is_sent("ucb,htif0");
}

TEST(sifive_drains)
{
	drain_sends_all("sifive,uart0");
}

TEST(ns16550_drains)
{
	drain_sends_all("ns16550a");
}

TEST(htif_drains)
{
	drain_sends_all("ucb,htif0");
}

/* A line that nobody reads any more does not keep the machine for ever. */
TEST(stuck_device_ends_too)
{
	start("sifive,uart0");
	device.stuck = true;
	registered->ops->write(registered, "ab", 2);
	for (unsigned i = 0; i < 100; i++)
		registered->ops->drain(registered);
	assert_true(now < HOUR_NS);
	assert_int_equal(1, device.used);
	device.stuck = false;
	registered->ops->drain(registered);
	expect_sent("ab");
}

/* The log waits for room, and adds what a terminal needs. */
TEST(log_line_is_whole)
{
	start("sifive,uart0");
	uart_log_sink()->write(uart_log_sink(), line, sizeof(line) - 1);
	registered->ops->drain(registered);
	expect_sent(shown);
}

/* What has no room waits for an interrupt, which is asked for as long as it is wanted. */
TEST(full_fifo_asks_for_room)
{
	start("sifive,uart0");
	assert_int_equal(0, uart_listen());
	device.stuck = true;
	assert_in_range(registered->ops->write(registered, line, 30), FIFO, FIFO + 1);
	assert_int_equal(S_TRANSMIT | S_RECEIVE, device.interrupts);
	assert_int_equal(0, registered->ops->ready(registered) & CHARDEV_WRITABLE);
	handler(handler_arg);
	assert_int_equal(S_TRANSMIT | S_RECEIVE, device.interrupts);
	device.stuck = false;
	now += FIFO * SLOW_NS;
	shift();
	handler(handler_arg);
	assert_int_equal(S_RECEIVE, device.interrupts);
	assert_int_equal(CHARDEV_WRITABLE, registered->ops->ready(registered));
}

static void bytes_come(unsigned *next, unsigned n)
{
	unsigned room = is_sifive() || is_htif() || device.control & FCR_FIFOS ? FIFO : 1;

	while (n-- > 0 && device.ncome < room)
		device.come[device.ncome++] = (uint8_t)(*next)++;
}

/* Reads all there is; each byte is the one that follows the last. */
static void expect_bytes(unsigned *next)
{
	uint8_t bytes[100];
	size_t n;

	while ((n = registered->ops->read(registered, bytes, sizeof(bytes))) > 0)
		for (size_t i = 0; i < n; i++)
			assert_int_equal(bytes[i], (uint8_t)(*next)++);
}

TEST(input_comes_by_interrupt)
{
	unsigned sent = 0, got = 0;

	start("sifive,uart0");
	assert_int_equal(0, uart_listen());
	assert_int_equal(S_RECEIVE, device.interrupts);
	assert_false(uart_is_polled());
	assert_false(registered->ops->ended(registered));
	for (unsigned i = 1; i <= FIFO; i++) {
		bytes_come(&sent, i);
		handler(handler_arg);
		assert_int_equal(CHARDEV_READABLE | CHARDEV_WRITABLE,
				 registered->ops->ready(registered));
		expect_bytes(&got);
		assert_int_equal(sent, got);
		assert_int_equal(CHARDEV_WRITABLE, registered->ops->ready(registered));
	}
}

/* More than one byte may come before a hart looks. */
TEST(ns16550_keeps_bytes_in_its_fifo)
{
	unsigned sent = 0, got = 0;

	start("ns16550a");
	assert_int_equal(0, uart_listen());
	bytes_come(&sent, FIFO);
	handler(handler_arg);
	expect_bytes(&got);
	assert_int_equal(FIFO, got);
}

/* If nobody reads, bytes stay in the device, whose sender waits; and they come when somebody does. */
TEST(full_ring_leaves_bytes_in_the_device)
{
	unsigned sent = 0, got = 0, rounds = 0;

	start("sifive,uart0");
	assert_int_equal(0, uart_listen());
	while (device.interrupts & S_RECEIVE) {
		bytes_come(&sent, 7);
		handler(handler_arg);
		assert_true(rounds++ < 1000);
	}
	assert_true(device.ncome > 0);
	expect_bytes(&got);
	assert_int_equal(got, sent - device.ncome);
	assert_int_equal(S_RECEIVE, device.interrupts);
	handler(handler_arg);
	expect_bytes(&got);
	assert_int_equal(sent, got);
}

TEST(htif_is_polled)
{
	unsigned sent = 0, got = 0;

	start("ucb,htif0");
	assert_true(uart_is_polled());
	assert_int_equal(0, uart_listen());
	for (unsigned i = 0; i < 20; i++) {
		bytes_come(&sent, 1);
		uart_poll();
		registered->ops->write(registered, "x", 1);
		uart_poll();
		expect_bytes(&got);
	}
	assert_int_equal(20, got);
	assert_int_equal(20, device.nsent);
	assert_int_equal(0, device.cleared);
	assert_non_null(end_machine);
	end_machine(3);
	assert_int_equal(device.ended, 3 << 1 | 1);
}

static int try_tree(const char *compatible, uint32_t shift, uint32_t width, uint64_t size)
{
	device.compatible = tree.compatible = compatible;
	tree.shift = shift;
	tree.width = width;
	tree.size = size;
	return uart_init(NULL);
}

/* Each shift of registers up to 8 bytes apart, and the smallest room that suffices. */
TEST(registers_that_lie_apart)
{
	for (uint32_t shift = 0; shift <= 3; shift++) {
		assert_int_equal(0, try_tree("ns16550a", shift, 1, 8u << shift));
		assert_int_equal(-EINVAL, try_tree("ns16550a", shift, 1, (8u << shift) - 1));
	}
	assert_int_equal(0, try_tree("sifive,uart0", 0, 0, 0x1c));
	assert_int_equal(0, try_tree("ucb,htif0", 0, 0, 0x10));
	assert_int_equal(-EINVAL, try_tree("ucb,htif0", 0, 0, 0xf));
}

TEST(trees_that_the_driver_refuses)
{
	assert_int_equal(-ENODEV, try_tree("toaster", 0, 0, REGISTERS_SIZE));
	assert_int_equal(-EINVAL, try_tree("ns16550a", 4, 0, REGISTERS_SIZE));
	assert_int_equal(-EINVAL, try_tree("ns16550a", 1, 0, 8));
	assert_int_equal(-ENODEV, try_tree("ns16550a", 2, 4, REGISTERS_SIZE));
	assert_int_equal(-EINVAL, try_tree("sifive,uart0", 0, 0, 0x18));
	assert_int_equal(-ENODEV, uart_listen());
	assert_null(uart_log_sink());
	tree.off = true;
	assert_int_equal(-ENODEV, try_tree("ns16550a", 0, 0, REGISTERS_SIZE));
	tree.off = false;
	map_fails = true;
	assert_int_equal(-ENOMEM, try_tree("ns16550a", 0, 0, REGISTERS_SIZE));
	map_fails = false;
	assert_null(registered);
	assert_int_equal(0, try_tree("ns16550a", 2, 1, REGISTERS_SIZE));
	assert_non_null(registered);
}

/* ---- the firmware's console, which is polled where there is no UART ---- */

static struct {
	unsigned left, next; /* bytes that it still has, and which comes next */
} firmware;

size_t arch_console_read(char *to, size_t n)
{
	size_t done = 0;

	for (; done < n && firmware.left > 0; firmware.left--)
		to[done++] = (char)firmware.next++;
	return done;
}

void arch_console_write(const char *s, size_t n)
{
	assert_true(device.nsent + n <= SENT_MAX);
	memcpy(device.sent + device.nsent, s, n);
	device.nsent += n;
}

/* What nobody has read yet stays with the firmware when the ring is full, and no byte is lost or comes twice. */
TEST(firmware_console_has_all_bytes)
{
	unsigned got = 0;

	registered = &firmware_console;
	assert_int_equal(CHARDEV_WRITABLE, registered->ops->ready(registered));
	for (unsigned i = 1; i < 600; i += 7) {
		firmware.left = i;
		for (unsigned polls = 0; polls < 100; polls++)
			firmware_console_poll();
		assert_int_equal(i > 256 ? i - 256 : 0, firmware.left);
		assert_int_equal(CHARDEV_READABLE | CHARDEV_WRITABLE,
				 registered->ops->ready(registered));
		while (got < firmware.next) {
			expect_bytes(&got);
			firmware_console_poll();
		}
		assert_int_equal(got, firmware.next);
	}
	assert_false(registered->ops->ended(registered));
	assert_int_equal(5, registered->ops->write(registered, "hello", 5));
	assert_memory_equal("hello", device.sent, 5);
}
