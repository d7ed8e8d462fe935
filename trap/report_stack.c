/* SPDX-License-Identifier: MIT */
/* Writes what a backtrace of a killed program is made of. */
/*
 * The functions of libraries keep no frame pointers. How they are called can be read from tables in the files of the
 * program, but that is no work for a kernel: whoever reads the log has these files, too. So the report has the words of
 * the stack by which a walk goes on: return addresses, and pointers into the stack. Nothing else on the stack is shown,
 * because others may read the log.
 */
#include "trap/report_stack.h"

#include "arch/context.h"
#include "arch/frame.h"
#include "base/log.h"
#include "base/os_layer.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/fault/user_copy.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "mm/space/space_map.h"
#include "proc/exe.h"
#include "proc/process.h"
#include "trap/report_place.h"

#define STACK_BYTES_MAX (64ul << 10) /* that are looked at */
#define WORDS_AT_ONCE	32u
#define CODES_MAX	6u
#define STACK_LINES_MAX 4u
#define LINE_MAX	360u /* characters: less than a record of the log has */
#define NAME_TEXT_MAX	256u

/* " moved by 0x2aaaaaa000," */
#define MOVED_TEXT_MAX 32

/* Private to the thread that writes the report. */
struct report_stack {
	vaddr_t sp, end; /* the part of the stack that pointers may point to */
	struct map_facts codes[CODES_MAX];
	unsigned ncodes;
	unsigned nlines;
	size_t len; /* of `line` */
	char line[LINE_MAX];
	char name[NAME_TEXT_MAX];
};

/* Does the address lie in a mapping of code? Such a mapping is kept, as far as there is room. */
static bool is_code(struct report_stack *stack, vaddr_t addr)
{
	struct map_facts map;

	for (unsigned i = 0; i < stack->ncodes; i++)
		if (addr >= stack->codes[i].start && addr < stack->codes[i].end)
			return true;
	if (addr >= USER_TOP || stack->ncodes == CODES_MAX ||
	    space_map_at(current_space(), addr, &map) != 0)
		return false;
	if (map.start <= addr && map.prot & VM_PROT_EXEC) {
		stack->codes[stack->ncodes++] = map;
		return true;
	}
	if (map.object)
		object_put(map.object);
	return false;
}

static void stack_end_line(struct report_stack *stack)
{
	if (stack->len)
		log_warn("trap", "  stack:%s", stack->line);
	stack->nlines += stack->len != 0;
	stack->len = 0;
}

/* " 18:10640" is code, " 20~40" a place on the stack: offsets from the stack pointer. */
static void stack_put_word(struct report_stack *stack, vaddr_t at, vaddr_t word)
{
	const char *form = " %lx:%lx";
	size_t len = stack->len;

	if (word >= stack->sp && word <= stack->end) {
		form = " %lx~%lx";
		word -= stack->sp;
	} else if (!is_code(stack, word)) {
		return;
	}
	if (kappendf(stack->line, sizeof(stack->line), &stack->len, form,
		     (unsigned long)(at - stack->sp), (unsigned long)word))
		return;
	stack->len = len;
	stack->line[len] = '\0';
	stack_end_line(stack);
	if (stack->nlines < STACK_LINES_MAX)
		stack_put_word(stack, at, word);
}

/* The stack is read as the program reads it: what was never touched is zeros. */
static void show_words(struct report_stack *stack)
{
	vaddr_t words[WORDS_AT_ONCE];
	struct map_facts map;
	vaddr_t at;

	if (space_map_at(current_space(), stack->sp, &map) != 0)
		return;
	if (map.object)
		object_put(map.object);
	stack->end = map.end;
	at = MAX(ALIGN_UP(stack->sp, sizeof(*words)), map.start);
	for (vaddr_t last = at + STACK_BYTES_MAX; at < MIN(last, map.end);) {
		size_t n = MIN((size_t)(map.end - at), sizeof(words));

		if (user_copy_in(words, at, n))
			break;
		for (unsigned i = 0; i < n / sizeof(*words); i++, at += sizeof(*words))
			if (stack->nlines < STACK_LINES_MAX)
				stack_put_word(stack, at, words[i]);
		if (stack->nlines == STACK_LINES_MAX)
			break;
	}
	stack_end_line(stack);
}

static const char *name_code(struct report_stack *stack, const struct map_facts *map)
{
	const char *name = NULL;

	if (map->object)
		name = os_layer.object_name(map->object, stack->name, sizeof(stack->name));
	return name ?: "?";
}

static void show_codes(struct report_stack *stack)
{
	for (unsigned i = 0; i < stack->ncodes; i++) {
		const struct map_facts *map = &stack->codes[i];

		log_warn("trap", "  code: %#lx-%#lx %#lx %s", map->start, map->end,
			 (unsigned long)map->offset, name_code(stack, map));
		if (map->object)
			object_put(map->object);
	}
}

static void show_stack(const struct trap_frame *frame)
{
	struct report_stack *stack = kmalloc(sizeof(*stack));

	if (!stack)
		return;
	*stack = (struct report_stack){ .sp = frame_sp(frame) };
	(void)is_code(stack, frame_pc(frame));
	(void)is_code(stack, frame_caller(frame));
	log_warn("trap", "  for a backtrace: pc %#lx, ra %#lx, s0 %#lx", frame_pc(frame),
		 frame_caller(frame), frame_fp(frame));
	show_words(stack);
	show_codes(stack);
	kfree(stack);
}

void report_end(const struct trap_frame *frame)
{
	const struct exe *exe = current_process()->exe;
	struct place place = report_place_of(frame_sp(frame));
	char moved[MOVED_TEXT_MAX] = "";

	__atomic_fetch_and(&current_thread()->arch.work, ~ARCH_WORK_REPORT, __ATOMIC_RELAXED);
	show_stack(frame);
	if (exe->bias) /* to be subtracted from addresses that are looked up in the file */
		ksnprintf(moved, sizeof(moved), " moved by %#lx,", exe->bias);
	log_warn("trap", "  sp %#lx, heap %#lx-%#lx,%s image %s", frame_sp(frame), place.brk_start,
		 place.brk, moved, exe->name);
}
