/* SPDX-License-Identifier: MIT */
/* Ports whose announcements come slowly, as where the device works in a thread of its own, or not at all. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/serial.h"
#include "drivers/serial_port.h"
#include "lib/virtio_regs.h"
#include "test.h"
#include "virtio/device.h"
#include "virtio/kernel.h"

#define PORTS	     4u
#define MEET_NS	     (10 * NSEC_PER_SEC)
#define QUEUE_SENDS  3
#define SIZE_TX	     4u
/* Port 0 has queues 0 and 1; the control queues are 2 and 3. */
#define QUEUE_STDIN  0
#define QUEUE_STDOUT 5

/* What the device does: one message every `every` looks at the clock. */
static struct {
	unsigned every, looks;
	unsigned ports;	   /* how many it announces */
	unsigned messages; /* sent so far: two a port */
	/* it takes one of the kernel's messages every so many looks; 0: none ever */
	unsigned takes_each;
	unsigned jump_at;	 /* the look at which the whole machine is stopped for an hour */
	const char *const *more; /* names for the last port after all of these, up to NULL */
} slow;

static const char *const names[PORTS] = { "faultline.stdin", "faultline.stdout", "faultline.stderr",
					  "faultline.log" };

void device_hook(void)
{
}

/* Some devices end a name with a zero. */
static void announce(unsigned port, const char *name)
{
	uint8_t message[8 + 64] = { [0] = (uint8_t)port, [4] = name ? 7 : 1, [6] = 1 };
	size_t n = 8;

	if (name)
		n += (size_t)snprintf((char *)message + n, sizeof(message) - n, "%s", name) +
		     port % 2;
	device_control(message, n);
}

void device_boot_step(void)
{
	slow.looks++;
	if (slow.looks == slow.jump_at)
		kernel_now += 3600 * NSEC_PER_SEC;
	if (slow.takes_each > 0 && slow.looks % slow.takes_each == 0)
		device_honest(QUEUE_SENDS, 0);
	if (slow.looks % slow.every != 0)
		return;
	if (slow.messages < 2 * slow.ports) {
		announce(slow.messages / 2, slow.messages % 2 ? names[slow.messages / 2] : NULL);
		slow.messages++;
	} else if (slow.more && *slow.more) {
		announce(slow.ports - 1, *slow.more++);
	}
}

/* Boots with a device that announces so many ports; gives how many of those promised did not come. */
static unsigned boot(unsigned announced, unsigned every, unsigned promised, uint8_t sends)
{
	struct device_head head = { .version = 2,
				    .id = VIRTIO_ID_CONSOLE,
				    .features = 0x82,
				    .ports = PORTS,
				    .size_control_rx = 32,
				    .size_control_tx = sends,
				    .size_rx = 4,
				    .size_tx = SIZE_TX };
	unsigned missing = promised;
	struct virtio_device dev;

	slow.looks = slow.messages = 0;
	slow.ports = announced;
	slow.every = every;
	device_reset(&head);
	kernel_start(0, false, false);
	assert_int_equal(0, virtio_probe(&dev, 0x10008000, 0x1000, 8));
	assert_int_equal(0, serial_init(&dev, &missing));
	return missing;
}

void test_setup(void)
{
	memset(&slow, 0, sizeof(slow));
	slow.takes_each = 1;
}

/* The first 200 looks take a millisecond each, the next ones a second: much more than a pause. */
TEST(promised_ports_are_waited_for)
{
	assert_int_equal(0, boot(PORTS, 30, PORTS, 8));
	assert_int_equal(PORTS - 1, kernel_ndevices);
	assert_non_null(kernel_sink);
	assert_int_equal(0, kernel_errors);
	assert_int_equal(2 * PORTS, slow.messages);
}

/* ... and no longer than that: the last announcement ends it. */
TEST(promised_ports_end_the_wait)
{
	assert_int_equal(0, boot(PORTS, 1, PORTS, 8));
	assert_true(kernel_now < NSEC_PER_SEC / 10);
}

TEST(a_port_that_never_comes)
{
	assert_int_equal(1, boot(PORTS - 1, 1, PORTS, 8));
	assert_int_equal(PORTS - 1, kernel_ndevices);
	assert_true(kernel_now > MEET_NS && kernel_now < 1000 * MEET_NS);
}

TEST(a_stopped_machine_has_not_waited)
{
	slow.jump_at = 20;
	assert_int_equal(0, boot(PORTS, 10, PORTS, 8));
	slow.jump_at = 45; /* between two that come within a pause */
	kernel_end();
	assert_int_equal(0, boot(PORTS, 20, 0, 8));
	assert_int_equal(PORTS - 1, kernel_ndevices);
}

TEST(without_a_promise_a_pause_ends_it)
{
	assert_int_equal(0, boot(PORTS, 20, 0, 8));
	assert_int_equal(PORTS - 1, kernel_ndevices);
	kernel_end();
	assert_int_equal(0, boot(PORTS, 120, 0, 8));
	assert_int_equal(0, kernel_ndevices);
}

#define NAME_31 "abcdefghijklmnopqrstuvwxyzabcde"

/* A port keeps its name where another is none; a name that is one replaces it, whatever their lengths are. */
TEST(names_that_are_none_change_nothing)
{
	static const char *const refused[] = { "",
					       "faultline",
					       "faultline.",
					       "faultline.Log",
					       "faultline.log/",
					       "faultline.stdin",
					       "otherline.log",
					       "faultline." NAME_31 "f",
					       NULL };
	static const char *const longest[] = { "faultline." NAME_31, NULL };
	static const char *const shorter[] = { "faultline.logs", "faultline." NAME_31,
					       "faultline.lo", NULL };

	slow.more = refused;
	assert_int_equal(0, boot(PORTS, 1, 0, 8));
	assert_null(*slow.more);
	assert_int_equal(PORTS - 1, kernel_ndevices);
	assert_non_null(kernel_sink);
	kernel_end();
	slow.more = longest;
	assert_int_equal(0, boot(PORTS, 1, 0, 8));
	assert_int_equal(PORTS, kernel_ndevices);
	assert_string_equal(NAME_31, kernel_devices[PORTS - 1]->name);
	kernel_end();
	slow.more = shorter;
	assert_int_equal(0, boot(PORTS, 1, 0, 8));
	assert_int_equal(PORTS, kernel_ndevices);
	assert_string_equal("lo", kernel_devices[PORTS - 1]->name);
}

/* A device that takes our messages late gets all of them: one lost would be a port that never opens. */
TEST(messages_wait_for_room)
{
	slow.takes_each = 7;
	assert_int_equal(0, boot(PORTS, 5, PORTS, 1));
	assert_int_equal(PORTS - 1, kernel_ndevices);
	assert_int_equal(0, kernel_errors);
}

TEST(a_device_that_takes_no_messages)
{
	slow.takes_each = 0;
	assert_int_equal(PORTS - 3, boot(PORTS, 1, PORTS, 8));
	assert_int_equal(PORTS - 3, kernel_errors);
	assert_non_null(strstr(kernel_last_error, "the device does not open it"));
}

/*
 * Bytes that arrive between a reader's look for them and its look for the end are found by the second look: the
 * interrupt that announces them, which comes later still, finds nothing new, and must wake the reader all the same.
 */
TEST(bytes_found_before_their_interrupt_wake)
{
	struct chardev *stdin_port;
	uint8_t bytes[16];
	uint64_t seq;

	assert_int_equal(0, boot(PORTS, 1, PORTS, 8));
	stdin_port = kernel_devices[0];
	seq = waitq_sample(&stdin_port->readable);
	assert_int_equal(0, stdin_port->ops->read(stdin_port, bytes, sizeof(bytes)));
	device_honest(QUEUE_STDIN, sizeof(bytes) / 8);
	assert_false(stdin_port->ops->ended(stdin_port));
	kernel_interrupt();
	assert_int_not_equal(seq, waitq_sample(&stdin_port->readable));
	assert_int_equal(sizeof(bytes), stdin_port->ops->read(stdin_port, bytes, sizeof(bytes)));
}

/* Room is found, too: poll's look may be what finds the buffers that came back. */
TEST(room_found_before_its_interrupt_wakes)
{
	static uint8_t bytes[TX_BUFS * TX_BUF_LEN];
	struct chardev *stdout_port;
	uint64_t seq;

	assert_int_equal(0, boot(PORTS, 1, PORTS, 8));
	stdout_port = kernel_devices[1];
	seq = waitq_sample(&stdout_port->writable);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = device_pattern(i);
	assert_int_equal(sizeof(bytes), stdout_port->ops->write(stdout_port, bytes, sizeof(bytes)));
	assert_int_equal(0, stdout_port->ops->write(stdout_port, bytes, 1));
	device_honest(QUEUE_STDOUT, 0);
	assert_true(stdout_port->ops->ready(stdout_port) & CHARDEV_WRITABLE);
	kernel_interrupt();
	assert_int_not_equal(seq, waitq_sample(&stdout_port->writable));
}

/* Buffers come back in any number, and each is used again: as many bytes fit as before, and none is written over. */
TEST(buffers_that_came_back_are_used_again)
{
	static uint8_t bytes[8 * TX_BUF_LEN];
	struct chardev *stdout_port;
	size_t at = 0, room = SIZE_TX * TX_BUF_LEN;

	assert_int_equal(0, boot(PORTS, 1, PORTS, 8));
	stdout_port = kernel_devices[1];
	for (unsigned round = 0; round < 20; round++) {
		size_t done;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = device_pattern(at + i);
		done = stdout_port->ops->write(stdout_port, bytes, sizeof(bytes));
		assert_int_equal(room, done);
		at += done;
		room = 0;
		for (unsigned i = 0; i <= round % SIZE_TX; i++) {
			device_honest(QUEUE_STDOUT, 0);
			room += TX_BUF_LEN;
		}
	}
	assert_int_equal(at - (SIZE_TX * TX_BUF_LEN - room), device_streams[QUEUE_STDOUT].taken);
}

/* Bytes and room may come at once: what is found of one does not hide the other. */
TEST(room_hides_no_bytes)
{
	const uint8_t bytes[2] = { device_pattern(0), device_pattern(1) };
	struct chardev *port;
	uint64_t readable, writable;

	assert_int_equal(0, boot(PORTS, 1, PORTS, 8));
	port = kernel_devices[0];
	readable = waitq_sample(&port->readable);
	writable = waitq_sample(&port->writable);
	device_honest(QUEUE_STDIN, 1);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(1, port->ops->write(port, &bytes[i], 1));
	for (unsigned i = 0; i < 2; i++)
		device_honest(QUEUE_STDIN + 1, 0);
	kernel_interrupt();
	assert_int_equal(readable + 1, waitq_sample(&port->readable));
	assert_int_equal(writable + 1, waitq_sample(&port->writable));
	assert_int_equal(CHARDEV_READABLE | CHARDEV_WRITABLE, port->ops->ready(port));
}

/* R130: a few ports in an interrupt. The others are not forgotten, and what is no news wakes nobody. */
TEST(an_interrupt_serves_few_ports)
{
	const uint8_t byte = device_pattern(0);
	uint64_t seq[PORTS];

	assert_int_equal(0, boot(PORTS, 1, PORTS, 8));
	assert_int_equal(0, kernel_interrupt());
	device_honest(QUEUE_STDIN, 1);
	for (unsigned i = 0; i < PORTS - 1; i++) {
		struct chardev *port = kernel_devices[i];

		seq[i] = waitq_sample(i == 0 ? &port->readable : &port->writable);
		if (i > 0) {
			assert_int_equal(1, port->ops->write(port, &byte, 1));
			device_honest((uint8_t)(QUEUE_STDOUT + 2 * (i - 1)), 0);
		}
	}
	assert_int_equal(1, kernel_interrupt());
	for (unsigned i = 0; i < PORTS - 1; i++) {
		struct chardev *port = kernel_devices[i];

		assert_int_equal(seq[i] + 1,
				 waitq_sample(i == 0 ? &port->readable : &port->writable));
	}
	assert_int_equal(0, kernel_interrupt());
	for (unsigned i = 0; i < PORTS - 1; i++) {
		struct chardev *port = kernel_devices[i];

		assert_int_equal(seq[i] + 1,
				 waitq_sample(i == 0 ? &port->readable : &port->writable));
	}
}

static void tell_host(unsigned port, bool open)
{
	uint8_t message[8] = { [0] = (uint8_t)port, [4] = 6, [6] = open };

	device_control(message, sizeof(message));
	kernel_interrupt();
}

/* What the device does not take is waited for, in case it is slow; but not where nobody reads it any more. */
TEST(a_closed_port_is_not_drained)
{
	struct chardev *stdout_port;
	unsigned before;

	assert_int_equal(0, boot(PORTS, 1, PORTS, 8));
	stdout_port = kernel_devices[1];
	tell_host(1, true);
	assert_int_equal(1, stdout_port->ops->write(stdout_port, "x", 1));
	before = slow.looks;
	stdout_port->ops->drain(stdout_port);
	assert_true(slow.looks - before > 10);
	tell_host(1, false);
	before = slow.looks;
	stdout_port->ops->drain(stdout_port);
	assert_true(slow.looks - before <= 1);
}
