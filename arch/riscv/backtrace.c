/* SPDX-License-Identifier: MIT */
/* Backtraces of the kernel, with the names of functions. */
/*
 * Functions keep no frame pointers. Instead, the table of symbols says how much stack each function
 * uses while it calls another, and where in it the return address is. This is exact for all but the
 * innermost function.
 */
#include "arch/backtrace.h"

#include "arch/context.h"
#include "arch/hart.h"
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

size_t arch_symbol_size(vaddr_t addr)
{
	const struct ksym *symbol = symbol_of(addr);
	/* cppcheck-suppress comparePointers ; the linker makes one image of it */
	uint32_t end = (uint32_t)(image_init_end - image_start);

	if (!symbol)
		return 0;
	return (symbol + 1 < ksyms + ksyms_count ? symbol[1].start : end) - symbol->start;
}

/*
 * A return address belongs to the calling function, which may end with the call. So the name is
 * that of the address `back` bytes before.
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

/* The position of the walk: a PC, and the stack pointer there. */
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

/* Steps from a call to the caller of the function that made it. Returns false at the end. */
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
 * Steps from the place of a trap. If ra points into another function, that is the caller; the
 * trapped function has allocated its stack frame already if the return address is found there, too.
 * If ra points into the trapped function itself, a call by that function has set it, and the
 * function has saved its own. Where that is not readable, the function has called itself, and has
 * just allocated a frame below the end of the stack.
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
		if (step_call(at))
			return true;
		/* gcc-analyzer-suppress null-dereference ; only with a symbol are we here */
		at->sp += symbol->frame;
		at->pc = ra;
		return true;
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

/* Whether the walk has come to a trap's frame. The stack may change, so all of it must be readable. */
static bool is_frame(const struct place *at)
{
	return at->pc == (vaddr_t)trap_kernel_return && kernel_readable(at->sp) &&
	       kernel_readable(at->sp + sizeof(struct trap_frame) - 1);
}

unsigned arch_backtrace_get(const struct arch_thread *thread, vaddr_t *addrs, unsigned most)
{
	struct place at = { (vaddr_t)__builtin_return_address(0),
			    (vaddr_t)__builtin_frame_address(0) };
	const struct trap_frame *frame;
	bool goes_on = true;
	unsigned n = 0;

	if (thread)
		at = (struct place){ arch_thread_pc(thread), arch_thread_sp(thread) };
	while (goes_on && n < most) {
		frame = is_frame(&at) ? (const struct trap_frame *)at.sp : NULL;
		addrs[n++] = frame ? frame->pc : at.pc;
		goes_on = frame ? !frame_is_user(frame) && step_trap(&at, frame) : step_call(&at);
	}
	return n;
}
