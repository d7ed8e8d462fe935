/* SPDX-License-Identifier: MIT */
/* The calls of the SBI, version 2.0. */
#include "harts.h"
#include "lib/bits.h"
#include "options.h"
#include "pte.h"
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

/* ---- extensions ---- */

static bool is_lacking(uint64_t extension)
{
	return (options.lacks >> LACKS_HSM & 1 && extension == EXT_HSM) ||
	       (options.lacks >> LACKS_IPI & 1 && extension == EXT_IPI) ||
	       (options.lacks >> LACKS_RFENCE & 1 && extension == EXT_RFENCE);
}

static bool is_extension(uint64_t extension)
{
	if (is_lacking(extension))
		return false;
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
	timer_set(when);
	return value(0);
}

static void interrupt(hart_set set)
{
	struct hart *hart;

	for_each_hart(hart) if (set >> hart->number & 1) hart_interrupt(hart, true);
}

static struct answer call_ipi(uint64_t function, uint64_t mask, uint64_t base)
{
	hart_set set;

	if (function != 0)
		return error(SBI_ERR_NOT_SUPPORTED);
	if (!harts_of(mask, base, &set))
		return error(SBI_ERR_INVALID_PARAM);
	interrupt(set);
	return value(0);
}

/* A size of 0 with start 0, or of all ones, means everything. */
static void fence_range(const struct hart *hart, uint64_t start, uint64_t size, uint64_t asid)
{
	if ((start == 0 && size == 0) || size > 64ul << 12) {
		shadow_fence(hart, ALL_ADDRESSES, asid);
		return;
	}
	for (uint64_t va = ALIGN_DOWN(start, 4096ul); va - start < size || va < start; va += 4096)
		shadow_fence(hart, va, asid);
}

/* The harts have made the fence when the call returns, whatever they were doing. */
static void fence(hart_set set, uint64_t start, uint64_t size, uint64_t asid)
{
	const struct hart *hart;

	for_each_hart(hart) if (set >> hart->number & 1) fence_range(hart, start, size, asid);
}

static void fence_text(hart_set set)
{
	const struct hart *hart;

	asm volatile("fence.i" ::: "memory");
	for_each_hart(hart) if (set >> hart->number & 1) witness_fence_i(hart);
}

static struct answer call_rfence(uint64_t function, const uint64_t *arguments)
{
	hart_set set;

	if (function > 2)
		return error(SBI_ERR_NOT_SUPPORTED);
	if (!harts_of(arguments[0], arguments[1], &set))
		return error(SBI_ERR_INVALID_PARAM);
	if (function == 0)
		fence_text(set);
	else
		fence(set, arguments[2], arguments[3],
		      function == 2 ? arguments[4] & 0xffff : ALL_ASIDS);
	return value(0);
}

static struct answer start(uint64_t id, uint64_t pc, uint64_t argument)
{
	struct hart *hart = hart_by_id(id);

	if (!hart)
		return error(SBI_ERR_INVALID_PARAM);
	if (hart->state != HART_STOPPED)
		return error(SBI_ERR_ALREADY_AVAILABLE);
	if (!is_kernel_ram(pc, 2))
		return error(SBI_ERR_INVALID_ADDRESS);
	hart_start(hart, pc, argument);
	return value(0);
}

static struct answer call_hsm(uint64_t function, const uint64_t *arguments)
{
	const struct hart *hart;

	switch (function) {
	case 0:
		return start(arguments[0], arguments[1], arguments[2]);
	case 1:
		hart_stop();
		return value(0);
	case 2:
		hart = hart_by_id(arguments[0]);
		return hart ? value(hart->state) : error(SBI_ERR_INVALID_PARAM);
	case 3:
		if (arguments[0] != 0) /* only the default suspension that keeps everything */
			return error(arguments[0] == 0x80000000 ? SBI_ERR_NOT_SUPPORTED
								: SBI_ERR_INVALID_PARAM);
		hart_wait(HART_SUSPENDED);
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
 * arguments[1] bytes, get another use. 2: how many findings there were. 3: the kernel may owe fences
 * for the right to write now, or no more; these count. 4: the page tables with the root arguments[0]
 * have the word with the bits of their harts at arguments[1], 0: nowhere any more. 5: which bit of
 * these words is the hart's.
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
	case 3:
		witness_owe(arguments[0] != 0);
		return value(0);
	case 4:
		mask_told(arguments[0], arguments[1]);
		return value(0);
	case 5:
		mask_bit_told(arguments[0]);
		return value(0);
	}
	return error(SBI_ERR_NOT_SUPPORTED);
}

/*
 * The harts of a mask in memory, at a virtual address; all if there is none, or it can't be read. A
 * bit of a hart that there is not means nothing.
 */
static hart_set legacy_harts(uint64_t va)
{
	struct mapping mapping = { 0 };
	const struct hart *hart;
	hart_set set = 0;
	uint64_t address = va, mask;

	if (running->satp && walk(running->satp, va, READ, SUPERVISOR, &mapping) == WALK_OK)
		address = pte_address(mapping.pte) + va % level_size(mapping.level);
	if (!va || va % 8 != 0 || !is_kernel_ram(address, 8)) {
		(void)harts_of(0, ~0ul, &set);
		return set;
	}
	mask = *(const uint64_t *)address;
	for_each_hart(hart) if (hart->id < 64 && mask >> hart->id & 1) set |= 1u << hart->number;
	return set;
}

/* Legacy calls return in a0 only. */
static int64_t call_legacy(uint64_t call, const uint64_t *arguments)
{
	switch ((enum legacy)call) {
	case LEGACY_SET_TIMER:
		timer_set(arguments[0]);
		return 0;
	case LEGACY_PUTCHAR:
		console_put((char)arguments[0]);
		return 0;
	case LEGACY_GETCHAR:
		return console_get();
	case LEGACY_CLEAR_IPI:
		hart_interrupt(running, false);
		return 0;
	case LEGACY_SEND_IPI:
		interrupt(legacy_harts(arguments[0]));
		return 0;
	case LEGACY_FENCE_I:
		fence_text(legacy_harts(arguments[0]));
		return 0;
	case LEGACY_SFENCE:
		fence(legacy_harts(arguments[0]), arguments[1], arguments[2], ALL_ASIDS);
		return 0;
	case LEGACY_SFENCE_ASID:
		fence(legacy_harts(arguments[0]), arguments[1], arguments[2],
		      arguments[3] & 0xffff);
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
	if (is_lacking(extension))
		return error(SBI_ERR_NOT_SUPPORTED);
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
