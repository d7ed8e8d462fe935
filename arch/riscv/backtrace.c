/* SPDX-License-Identifier: MIT */
/* Backtraces: who called whom, by name. */
/*
 * Functions keep no frame pointers: the table of symbols says how much stack each holds
 * while it calls another and where in it the return address is, which is exact for all but the
 * innermost function.
 */
#include "arch/backtrace.h"

#include "arch/frame.h"
#include "arch/riscv/image.h"
#include "arch/riscv/kernel_map.h"
#include "arch/riscv/ksyms.h"
#include "arch/riscv/trap.h"
#include "lib/bits.h"
#include "lib/format.h"

#define DEPTH_MAX 32

static const struct ksym *symbol_of(vaddr_t addr)
{
	uint32_t low = 0, high = ksyms_count;
	vaddr_t offset = addr - (vaddr_t)image_start;

	if (offset >= (vaddr_t)image_init_end - (vaddr_t)image_start)
		return NULL;
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (ksyms[middle].start <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &ksyms[low - 1] : NULL;
}

const char *arch_symbol(vaddr_t addr, size_t *offset_ret)
{
	const struct ksym *symbol = symbol_of(addr);

	if (!symbol)
		return NULL;
	*offset_ret = addr - (vaddr_t)image_start - symbol->start;
	return &ksyms_names[symbol->name];
}

/*
 * A return address belongs to the function that called, which may end with the call: it is `back`
 * bytes before.
 */
static void emit_address(vaddr_t addr, unsigned back, void (*emit)(const char *line))
{
	char line[100];
	size_t offset;
	const char *name = arch_symbol(addr - back, &offset);

	if (name)
		ksnprintf(line, sizeof(line), "  %016lx %s+%#lx", addr, name, offset + back);
	else
		ksnprintf(line, sizeof(line), "  %016lx", addr);
	emit(line);
}

/* Where the walk is: a place in a function and its stack pointer there. */
struct place {
	vaddr_t pc;
	vaddr_t sp;
};

static bool saved_ra(const struct ksym *symbol, vaddr_t sp, vaddr_t *ret)
{
	vaddr_t slot = sp + symbol->frame - symbol->ra;

	if (!symbol->ra || !IS_ALIGNED(slot, sizeof(vaddr_t)) || !kernel_readable(slot))
		return false;
	*ret = *(const vaddr_t *)slot;
	return true;
}

/*
 * From a place where a call was made to the caller of that function. => false: there the walk ends
 */
static bool step_call(struct place *at)
{
	const struct ksym *symbol = symbol_of(at->pc - 1);
	vaddr_t ra;

	if (!symbol || !saved_ra(symbol, at->sp, &ra))
		return false;
	at->sp += symbol->frame;
	at->pc = ra;
	return true;
}

/*
 * From a place where a trap came. A ra that leads to another function is the caller's; the stack is
 * then held already if the return address is found there, too. Otherwise ra was set by a call of
 * this function, which has saved its own.
 */
static bool step_trap(struct place *at, const struct trap_frame *frame)
{
	const struct ksym *symbol = symbol_of(frame->pc);
	vaddr_t ra = frame->x[FRAME_RA];
	vaddr_t saved;

	at->pc = frame->pc;
	at->sp = frame->x[FRAME_SP];
	if (symbol && symbol_of(ra - 1) == symbol) {
		at->pc++; /* step_call() looks at the instruction before */
		return step_call(at);
	}
	if (!symbol_of(ra - 1))
		return false;
	if (symbol && saved_ra(symbol, at->sp, &saved) && saved == ra)
		at->sp += symbol->frame;
	at->pc = ra;
	return true;
}

void arch_backtrace(const struct trap_frame *frame, void (*emit)(const char *line))
{
	struct place at = { (vaddr_t)__builtin_return_address(0),
			    (vaddr_t)__builtin_frame_address(0) };

	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		if (frame) {
			emit_address(frame->pc, 0, emit);
			if (frame_is_user(frame) || !step_trap(&at, frame))
				return;
			frame = NULL;
		}
		if (at.pc == (vaddr_t)trap_kernel_return && kernel_readable(at.sp)) {
			emit("  -- trap");
			frame = (const struct trap_frame *)at.sp;
			continue;
		}
		emit_address(at.pc, 1, emit);
		if (!step_call(&at))
			return;
	}
}
