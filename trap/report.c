/* SPDX-License-Identifier: MIT */
/* Writes the report of a process that is killed (R121): a summary line, then the details. */
#include "trap/report.h"

#include "arch/describe.h"
#include "arch/frame.h"
#include "base/log.h"
#include "base/os_layer.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "mm/fault/user_copy.h"
#include "proc/exe.h"
#include "proc/process.h"
#include "trap/report_cause.h"
#include "trap/report_symbol.h"

static const char *report_access_name(unsigned right)
{
	if (right & VM_PROT_EXEC)
		return "fetch from";
	return right & VM_PROT_WRITE ? "write to" : "read of";
}

/* "a.out[12]", or "a.out[12], thread 15," of a thread that is not the first of its process. */
#define WHO_TEXT_MAX (THREAD_NAME_LEN + 40)

static const char *who_text(char buf[WHO_TEXT_MAX])
{
	const struct thread *thread = current_thread();
	int pid = current_process()->pid;

	if (thread->tid == pid)
		ksnprintf(buf, WHO_TEXT_MAX, "%s[%d]", thread->name, pid);
	else
		ksnprintf(buf, WHO_TEXT_MAX, "%s[%d], thread %d,", thread->name, pid, thread->tid);
	return buf;
}

/* Only addresses in mappings of the image have names. */
static void name_address(struct place *place, char *buf, size_t size)
{
	buf[0] = '\0';
	if (place->at.image)
		place->at.variable = symbol_text(place->addr, buf, size);
}

/* What the area is for, beside its backend; or nothing. */
static const char *use_of(const struct area *area)
{
	if (area->image)
		return "of the image";
	if (area->use)
		return area->use;
	if (area->flags & VMA_STACK)
		return "the stack";
	return area->flags & VMA_HEAP ? "the heap" : "";
}

static void show_area(const char *what, const struct area *area)
{
	const char *use = use_of(area);

	if (!area->there)
		return;
	log_warn("trap", "  %s %#lx-%#lx %c%c%c%c %s%s%s", what, area->start, area->end,
		 area->prot & VM_PROT_READ ? 'r' : '-', area->prot & VM_PROT_WRITE ? 'w' : '-',
		 area->prot & VM_PROT_EXEC ? 'x' : '-', area->flags & VMA_SHARED ? 's' : 'p',
		 area->backend, *use ? ", " : "", use);
}

static void show_place(const struct place *place)
{
	show_area("below it:", &place->below);
	show_area("it is in:", &place->at);
	show_area("above it:", &place->above);
	if (!place->below.there && !place->at.there && !place->above.there)
		log_warn("trap", "  nothing at all is mapped");
}

/* Not inlined, so that its buffer does not share the stack with the caller's. */
__attribute__((noinline)) static void show_walk(vaddr_t addr, unsigned right)
{
	char walk[ARCH_DESCRIBE_MAX];

	place_walk(addr, right, walk, sizeof(walk));
	log_warn("trap", "  walk: %s", walk);
}

/* After a jump, the return address is probably that of the caller. */
__attribute__((noinline)) static void show_caller(const struct trap_frame *frame)
{
	struct place place = report_place_of(frame_caller(frame));
	char name[SYMBOL_TEXT_MAX];

	name_address(&place, name, sizeof(name));
	log_warn("trap", "  called from: perhaps %#lx%s", place.addr, name);
}

/* The rest of the report needs registers that are only saved on the way back to user mode. */
static void show_rest(void)
{
	__atomic_fetch_or(&current_thread()->arch.work, ARCH_WORK_REPORT, __ATOMIC_RELAXED);
}

void report_fault(const struct trap_frame *frame, vaddr_t addr, unsigned right, int outcome,
		  unsigned kind, enum refusal why)
{
	struct place place = report_place_of(addr), from = report_place_of(frame_pc(frame));
	char cause[REASON_TEXT_MAX], name[SYMBOL_TEXT_MAX], pc_name[SYMBOL_TEXT_MAX];
	char who[WHO_TEXT_MAX];
	enum report_size report = exe_begin_report(current_process()->exe);

	if (report == REPORT_NOTHING)
		return;
	name_address(&place, name, sizeof(name));
	name_address(&from, pc_name, sizeof(pc_name));
	cause_text(&place, right, outcome, kind, cause, sizeof(cause));
	log_warn("trap", "%s killed by %s: %s %#lx%s at pc %#lx%s: %s", who_text(who),
		 os_layer.refused_name(why), report_access_name(right), addr, name, from.addr,
		 pc_name, cause);
	if (report == REPORT_LINE)
		return;
	show_place(&place);
	show_walk(addr, right);
	if (right & VM_PROT_EXEC)
		show_caller(frame);
	show_rest();
}

/* Writes the instruction as " 0x0010" or " 0x00100073", or nothing where it cannot be read. */
static void instruction_text(vaddr_t pc, char *buf, size_t size)
{
	uint16_t half[2] = { 0 };
	uint32_t word;

	buf[0] = '\0';
	if (user_copy_in(&half[0], pc, sizeof(half[0])) != 0)
		return;
	if (arch_instruction_bytes(half[0]) == sizeof(half[0])) {
		ksnprintf(buf, size, " 0x%04x", half[0]);
		return;
	}
	if (user_copy_in(&half[1], pc + sizeof(half[0]), sizeof(half[1])) != 0)
		return;
	word = (uint32_t)half[1] << 16 | half[0];
	ksnprintf(buf, size, " 0x%08x", word);
}

void report_exception(const struct trap_frame *frame, const char *what, enum report_detail detail,
		      vaddr_t addr, enum refusal why)
{
	struct place from = report_place_of(frame_pc(frame));
	char more[24], pc_name[SYMBOL_TEXT_MAX], who[WHO_TEXT_MAX];
	enum report_size report = exe_begin_report(current_process()->exe);

	if (report == REPORT_NOTHING)
		return;
	if (detail == REPORT_INSTRUCTION)
		instruction_text(from.addr, more, sizeof(more));
	else
		ksnprintf(more, sizeof(more), " %#lx", addr);
	name_address(&from, pc_name, sizeof(pc_name));
	log_warn("trap", "%s killed by %s: %s%s at pc %#lx%s", who_text(who),
		 os_layer.refused_name(why), what, more, from.addr, pc_name);
	if (report == REPORT_LINE)
		return;
	show_area("pc is in:", &from.at);
	if (detail == REPORT_ADDRESS) {
		struct place place = report_place_of(addr);

		show_place(&place);
	}
	show_rest();
}
