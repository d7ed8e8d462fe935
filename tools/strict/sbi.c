/* SPDX-License-Identifier: MIT */
/* The calls of the SBI, version 2.0, for one hart. */
#include "lib/bits.h"
#include "shadow.h"
#include "strict.h"
#include "witness.h"

#define SBI_SUCCESS		  0
#define SBI_ERR_NOT_SUPPORTED	  -2
#define SBI_ERR_INVALID_PARAM	  -3
#define SBI_ERR_INVALID_ADDRESS	  -5
#define SBI_ERR_ALREADY_AVAILABLE -6

#define EXT_BASE   0x10
#define EXT_TIME   0x54494d45
#define EXT_IPI	   0x735049
#define EXT_RFENCE 0x52464e43
#define EXT_HSM	   0x48534d
#define EXT_SRST   0x53525354
#define EXT_DBCN   0x4442434e
#define EXT_STRICT 0x0a737472 /* one of the numbers that the specification leaves to firmware */

/* The legacy calls are extensions of one function each. */
enum legacy {
	LEGACY_SET_TIMER,
	LEGACY_PUTCHAR,
	LEGACY_GETCHAR,
	LEGACY_CLEAR_IPI,
	LEGACY_SEND_IPI,
	LEGACY_FENCE_I,
	LEGACY_SFENCE,
	LEGACY_SFENCE_ASID,
	LEGACY_SHUTDOWN,
	LEGACY_CALLS
};

#define SPEC_VERSION   (2ul << 24)
#define IMPLEMENTATION 0x737472696374 /* "strict": no number of the registered ones */
#define OUR_VERSION    1
#define MTIMECMP(hart) ((volatile uint64_t *)(0x2004000 + 8 * (hart)))

struct answer {
	int64_t error;
	uint64_t value;
};

static struct answer value(uint64_t value)
{
	return (struct answer){ SBI_SUCCESS, value };
}

static struct answer error(int64_t error)
{
	return (struct answer){ error, 0 };
}

/* ---- timer and interrupts ---- */

static void set_timer(uint64_t when)
{
	*MTIMECMP(hart.id) = when;
	csr_clear(mip, IRQ_STI);
	csr_set(mie, IRQ_MTI);
}

void timer_due(void)
{
	csr_clear(mie, IRQ_MTI);
	csr_set(mip, IRQ_STI);
}

/* Does a mask of harts name this hart, and no other? Or none at all. */
static bool harts_exist(uint64_t mask, uint64_t base)
{
	if (base == ~0ul)
		return true;
	for (; mask; mask &= mask - 1)
		if (base + bit_lowest(mask) != hart.id)
			return false;
	return true;
}

static bool harts_have_us(uint64_t mask, uint64_t base)
{
	return base == ~0ul || (hart.id - base < 64 && mask >> (hart.id - base) & 1);
}

/* ---- extensions ---- */

static bool is_extension(uint64_t extension)
{
	switch (extension) {
	case EXT_BASE:
	case EXT_TIME:
	case EXT_IPI:
	case EXT_RFENCE:
	case EXT_HSM:
	case EXT_SRST:
	case EXT_DBCN:
	case EXT_STRICT:
		return true;
	}
	return extension < LEGACY_CALLS;
}

static struct answer call_base(uint64_t function, uint64_t argument)
{
	switch (function) {
	case 0:
		return value(SPEC_VERSION);
	case 1:
		return value(IMPLEMENTATION);
	case 2:
		return value(OUR_VERSION);
	case 3:
		return value(is_extension(argument));
	case 4:
		return value(csr_read(mvendorid));
	case 5:
		return value(csr_read(marchid));
	case 6:
		return value(csr_read(mimpid));
	}
	return error(SBI_ERR_NOT_SUPPORTED);
}

static struct answer call_time(uint64_t function, uint64_t when)
{
	if (function != 0)
		return error(SBI_ERR_NOT_SUPPORTED);
	set_timer(when);
	return value(0);
}

static struct answer call_ipi(uint64_t function, uint64_t mask, uint64_t base)
{
	if (function != 0)
		return error(SBI_ERR_NOT_SUPPORTED);
	if (!harts_exist(mask, base))
		return error(SBI_ERR_INVALID_PARAM);
	if (harts_have_us(mask, base))
		csr_set(mip, IRQ_SSI);
	return value(0);
}

/* A size of 0 with start 0, or of all ones, means everything. */
static void fence_range(uint64_t start, uint64_t size, uint64_t asid)
{
	if ((start == 0 && size == 0) || size > 64ul << 12) {
		shadow_fence(ALL_ADDRESSES, asid);
		return;
	}
	for (uint64_t va = ALIGN_DOWN(start, 4096ul); va - start < size || va < start; va += 4096)
		shadow_fence(va, asid);
}

static struct answer call_rfence(uint64_t function, const uint64_t *arguments)
{
	uint64_t mask = arguments[0], base = arguments[1];

	if (function > 2)
		return error(SBI_ERR_NOT_SUPPORTED);
	if (!harts_exist(mask, base))
		return error(SBI_ERR_INVALID_PARAM);
	if (!harts_have_us(mask, base))
		return value(0);
	if (function == 0) {
		asm volatile("fence.i" ::: "memory");
		witness_fence_i();
	} else {
		fence_range(arguments[2], arguments[3],
			    function == 2 ? arguments[4] & 0xffff : ALL_ASIDS);
	}
	return value(0);
}

/* The one hart is started. When it stops, nothing can start it again. */
static struct answer call_hsm(uint64_t function, const uint64_t *arguments)
{
	switch (function) {
	case 0:
		return error(arguments[0] == hart.id ? SBI_ERR_ALREADY_AVAILABLE
						     : SBI_ERR_INVALID_PARAM);
	case 1:
		say("\nstrict: the only hart has stopped\n");
		power_off_with(1);
	case 2:
		return arguments[0] == hart.id ? value(0) : error(SBI_ERR_INVALID_PARAM);
	case 3:
		if (arguments[0] != 0) /* only the default suspension that keeps everything */
			return error(arguments[0] == 0x80000000 ? SBI_ERR_NOT_SUPPORTED
								: SBI_ERR_INVALID_PARAM);
		asm volatile("wfi");
		return value(0);
	}
	return error(SBI_ERR_NOT_SUPPORTED);
}

static struct answer call_srst(uint64_t function, uint64_t type, uint64_t reason)
{
	if (function != 0)
		return error(SBI_ERR_NOT_SUPPORTED);
	if (type > 2 || reason > 1)
		return error(SBI_ERR_INVALID_PARAM);
	power_off(type != 0);
}

static struct answer call_dbcn(uint64_t function, const uint64_t *arguments)
{
	uint64_t n = arguments[0], done = 0;
	char *bytes = (char *)arguments[1];
	int c;

	switch (function) {
	case 0:
	case 1:
		if (arguments[2] != 0 || !is_kernel_ram(arguments[1], n))
			return error(SBI_ERR_INVALID_PARAM);
		if (function == 0)
			for (; done < n; done++)
				console_put(bytes[done]);
		else
			for (; done < n && (c = console_get()) >= 0; done++)
				bytes[done] = (char)c;
		return value(done);
	case 2:
		console_put((char)n);
		return value(0);
	}
	return error(SBI_ERR_NOT_SUPPORTED);
}

/*
 * Calls of this machine only, for the witness. 0: the kernel promises that it owes no fence when it
 * returns to user mode, or when it makes the next call. 1: frames from arguments[0] on, of
 * arguments[1] bytes, get another use. 2: how many findings there were.
 */
static struct answer call_strict(uint64_t function, const uint64_t *arguments)
{
	switch (function) {
	case 0:
		witness_promise();
		return value(0);
	case 1:
		witness_free(arguments[0], arguments[1]);
		return value(0);
	case 2:
		return value(witness_findings());
	}
	return error(SBI_ERR_NOT_SUPPORTED);
}

/*
 * Legacy calls return in a0 only. Their masks are in memory, at a virtual address; there is one
 * hart, so that a call which names no hart may as well be for this one.
 */
static int64_t call_legacy(uint64_t call, const uint64_t *arguments)
{
	switch ((enum legacy)call) {
	case LEGACY_SET_TIMER:
		set_timer(arguments[0]);
		return 0;
	case LEGACY_PUTCHAR:
		console_put((char)arguments[0]);
		return 0;
	case LEGACY_GETCHAR:
		return console_get();
	case LEGACY_CLEAR_IPI:
		csr_clear(mip, IRQ_SSI);
		return 0;
	case LEGACY_SEND_IPI:
		csr_set(mip, IRQ_SSI);
		return 0;
	case LEGACY_FENCE_I:
		asm volatile("fence.i" ::: "memory");
		witness_fence_i();
		return 0;
	case LEGACY_SFENCE:
		fence_range(arguments[1], arguments[2], ALL_ASIDS);
		return 0;
	case LEGACY_SFENCE_ASID:
		fence_range(arguments[1], arguments[2], arguments[3] & 0xffff);
		return 0;
	case LEGACY_SHUTDOWN:
		power_off(false);
	case LEGACY_CALLS:
		break;
	}
	return SBI_ERR_NOT_SUPPORTED;
}

static struct answer call_extension(uint64_t extension, uint64_t function,
				    const uint64_t *arguments)
{
	switch (extension) {
	case EXT_BASE:
		return call_base(function, arguments[0]);
	case EXT_TIME:
		return call_time(function, arguments[0]);
	case EXT_IPI:
		return call_ipi(function, arguments[0], arguments[1]);
	case EXT_RFENCE:
		return call_rfence(function, arguments);
	case EXT_HSM:
		return call_hsm(function, arguments);
	case EXT_SRST:
		return call_srst(function, arguments[0], arguments[1]);
	case EXT_DBCN:
		return call_dbcn(function, arguments);
	case EXT_STRICT:
		return call_strict(function, arguments);
	}
	return error(SBI_ERR_NOT_SUPPORTED);
}

void sbi_call(struct frame *frame)
{
	uint64_t *a = &frame->x[10], extension = frame->x[17];
	struct answer answer;

	if (extension < LEGACY_CALLS) {
		a[0] = (uint64_t)call_legacy(extension, a);
		return;
	}
	answer = call_extension(extension, frame->x[16], a);
	a[0] = (uint64_t)answer.error;
	a[1] = answer.value;
}
