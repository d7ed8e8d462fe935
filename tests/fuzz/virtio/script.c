/* SPDX-License-Identifier: MIT */
/* Reads the hostile device's script, and does its ops when they are due: also in the midst of the driver. */

/*
 * Ops of the device, and their arguments, a byte each unless said otherwise:
 *   h QUEUE N        does what the queue is for with the next buffer: fills up to 8 N bytes, or takes them
 *   c ID EVENT VALUE LEN NAME..  an honest control message
 *   r LEN BYTES..    the next control buffer comes back with these bytes
 *   u QUEUE ID LEN16 a buffer comes back that may be none, with a length that may be a lie; ID 255: huge
 *   j QUEUE N16      the used index jumps
 *   m QUEUE ID OFFSET16 BYTE     changes a buffer that it has, or had
 *   s QUEUE OFFSET16 BYTE        changes the queue's page
 *   w N              nothing, for N more looks at the clock while the machine boots
 *   @ N OP..         the op is done inside the driver, at its Nth look at shared memory from here on
 *   * OP..           ... at every look, until the driver comes back
 * All other bytes are ops of the driver, or nothing.
 */
#include "fuzz.h"
#include "lib/bits.h"
#include "virtio/device.h"

/* Looks at shared memory in one call of the driver, more than which is an endless loop. */
#define LOOKS_MOST 500000u

static const uint8_t *script;
static size_t script_size, script_at;
static size_t armed_at;	  /* of the op to be done in a hook */
static unsigned armed_in; /* looks until then; 0: none */
static bool armed_always;
static unsigned looks;
static unsigned waits; /* looks at the clock at which the device does nothing */
static bool driver_runs, in_hook;

uint8_t device_byte(void)
{
	return script_at < script_size ? script[script_at++] : 0;
}

static unsigned device_word(void)
{
	unsigned low = device_byte();

	return low | (unsigned)device_byte() << 8;
}

/* Many at once, as device_byte() gives them; `to` holds zeros. (In brackets, memcpy() is no look at shared memory.) */
static void device_bytes(uint8_t *to, size_t n)
{
	size_t there = MIN(n, script_size - script_at);

	(memcpy)(to, script + script_at, there);
	script_at += there;
}

static void do_control(bool raw, bool live)
{
	uint8_t message[8 + 256] = { 0 };
	size_t n = 0, more;

	if (!raw) {
		message[0] = device_byte();
		message[4] = device_byte();
		message[6] = device_byte();
		n = 8;
	}
	more = device_byte() % 128;
	device_bytes(message + n, more);
	if (live)
		device_control(message, n + more);
}

static bool is_device_op(uint8_t op)
{
	return op != '\0' && strchr("hcrujmsw@*", op) != NULL;
}

/* The op's arguments are read in any case; `live`: it is done. */
static void do_queue_op(uint8_t op, bool live)
{
	unsigned index = device_byte();
	unsigned a = op == 'm' || op == 'u' || op == 'h' ? device_byte() : 0;
	unsigned b = op == 'h' ? 0 : device_word();
	uint8_t c = op == 'm' || op == 's' ? device_byte() : 0;

	if (!live)
		return;
	switch (op) {
	case 'h':
		device_honest(index, a);
		break;
	case 'u':
		device_forge(index, a, b);
		break;
	case 'j':
		device_jump(index, (uint16_t)b);
		break;
	case 'm':
		device_change(index, a, b, c);
		break;
	default:
		device_scribble(index, b, c);
		break;
	}
}

static void do_op(uint8_t op, bool live)
{
	if (op == 'c' || op == 'r')
		do_control(op == 'r', live);
	else if (op == 'w')
		waits = device_byte();
	else
		do_queue_op(op, live);
}

/* The op behind is for a hook. */
static void arm(uint8_t how)
{
	armed_in = how == '@' ? device_byte() + 1u : 1;
	armed_always = how == '*';
	armed_at = script_at;
	do_op(device_byte(), false);
}

void device_hook(void)
{
	size_t at = script_at;

	if (!driver_runs || in_hook)
		return;
	if (++looks > LOOKS_MOST)
		fuzz_fail(__FILE__, __LINE__, "the driver does not come back");
	if (armed_in == 0 || --armed_in > 0)
		return;
	armed_in = armed_always;
	in_hook = true;
	script_at = armed_at;
	do_op(device_byte(), true);
	script_at = at;
	in_hook = false;
}

/* Does the next op. Returns false if it is one of the driver's, or there is none. */
static bool step(void)
{
	uint8_t op = script_at < script_size ? script[script_at] : 0;

	if (!is_device_op(op))
		return false;
	script_at++;
	if (op == '@' || op == '*')
		arm(op);
	else
		do_op(op, true);
	return true;
}

void device_boot_step(void)
{
	bool was = in_hook;

	in_hook = true;
	if (waits > 0)
		waits--;
	else
		step();
	in_hook = was;
}

uint8_t device_until_driver(void)
{
	while (step())
		;
	return script_at < script_size ? device_byte() : 0;
}

bool device_script_ended(void)
{
	return script_at >= script_size;
}

void device_driver_runs(void)
{
	driver_runs = true;
	looks = 0;
}

void device_driver_done(void)
{
	driver_runs = armed_always = false;
	armed_in = 0;
}

void device_start(const uint8_t *data, size_t size)
{
	struct device_head head = { 0 };

	memcpy(&head, data, size < sizeof(head) ? size : sizeof(head));
	device_reset(&head);
	script = data;
	script_size = size;
	script_at = size < sizeof(head) ? size : sizeof(head);
	waits = 0;
	device_driver_done();
}
