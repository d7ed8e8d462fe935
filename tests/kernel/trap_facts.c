/* SPDX-License-Identifier: MIT */
/* Traps of user programs: the three facts of each fault, where it comes from, what is reported. */
#include "abi/mman.h"
#include "abi/signal.h"
#include "arch/upcall.h"
#include "base/hart.h"
#include "base/log.h"
#include "lib/bits.h"
#include "mm/fault/fault.h"
#include "mm/fault/user_copy.h"
#include "mm/object/object.h"
#include "mm/object/object_io.h"
#include "proc/process.h"
#include "record/trace.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/user_program.h"

/* The fault number n (from 0) since `since`, of this hart. */
static const struct trace_fault *fault_since(uint64_t since, unsigned n)
{
	return &harts[0].faults->records[(since + n) % TRACE_RECORDS];
}

/* Copies of the pages that a run itself needs come before the program's own faults. */
static const struct trace_fault *find_fault(uint64_t since, vaddr_t pc, vaddr_t addr)
{
	for (uint64_t i = since; i < harts[0].faults->count; i++) {
		const struct trace_fault *fault = fault_since(i, 0);

		if (fault->pc == pc && fault->addr == addr)
			return fault;
	}
	return NULL;
}

static unsigned count_faults(uint64_t since, vaddr_t pc, vaddr_t addr)
{
	unsigned n = 0;

	for (uint64_t i = since; i < harts[0].faults->count; i++)
		n += fault_since(i, 0)->pc == pc && fault_since(i, 0)->addr == addr;
	return n;
}

PROGRAM(loads_and_stores, LUI(T0, DATA_PAGES), LD(A0, 16, T0), SD(A0, 24, T0), EXIT(0));

/*
 * R1, R2, R3: load and store, each with its address, cause and PC; the same instruction runs again
 */
KTEST_ALONE(trap_tells_address_cause_and_pc)
{
	uint64_t since = harts[0].faults->count;
	const struct trace_fault *load, *store;

	EXPECT_EQ(EXITED(0), ktest_run(program_main, (void *)&loads_and_stores));
	load = find_fault(since, CODE_AT + 4, DATA_AT + 16);
	store = find_fault(since, CODE_AT + 8, DATA_AT + 24);
	ASSERT_TRUE(load && store);
	EXPECT_EQ(VM_PROT_READ, load->access);
	EXPECT_EQ(0, load->result);
	EXPECT_EQ(VM_PROT_WRITE, store->access);
	EXPECT_EQ(0, store->result);
	EXPECT_TRUE(store->time >= load->time);
}

static struct object *text;

/* Pages that no fault on the first of them brings along. */
#define APART 16

/* Code in an object, from CODE_AT on; the program begins at `arg`. */
static int run_text(void *arg)
{
	struct uspace *us = current_process()->uspace;

	uspace_lock(us);
	EXPECT_EQ(CODE_AT,
		  space_map_object(us, CODE_AT, 2 * APART * PAGE_SIZE, READ | EXEC, text, 0));
	uspace_unlock(us);
	ktest_enter((vaddr_t)arg, 0);
}

/*
 * R3, R70: the first instruction itself faults, by a fetch; one that lies over the edge of a page,
 * on each of them
 */
KTEST_ALONE(trap_of_a_fetch_over_the_edge_of_a_page)
{
	static const uint32_t code[] = { EXIT(33) };
	vaddr_t edge = ALIGN_UP(CODE_AT + PAGE_SIZE, APART * PAGE_SIZE), start = edge - 2;
	uint64_t since = harts[0].faults->count;
	const struct trace_fault *first, *second;

	text = object_create_anon(0);
	ASSERT_TRUE(text);
	EXPECT_EQ(sizeof(code), object_write_kernel(text, start - CODE_AT, code, sizeof(code)));
	EXPECT_EQ(EXITED(33), ktest_run(run_text, (void *)start));
	first = find_fault(since, start, start);
	second = find_fault(since, start, edge);
	ASSERT_TRUE(first && second);
	EXPECT_EQ(VM_PROT_EXEC, first->access);
	EXPECT_EQ(VM_PROT_EXEC, second->access);
	object_put(text);
}

/* R2: a refused access is in the trace with its outcome; R1: the signal comes before the instruction runs again */
PROGRAM(stores_into_text, LUI(T0, CODE_PAGES), SD(ZERO, 512, T0));

KTEST_ALONE(trap_of_a_refused_access_is_traced)
{
	uint64_t since = harts[0].faults->count;
	const struct trace_fault *fault;

	EXPECT_EQ(KILLED(SIGSEGV), ktest_run(program_main, (void *)&stores_into_text));
	fault = find_fault(since, CODE_AT + 4, CODE_AT + 512);
	ASSERT_TRUE(fault);
	EXPECT_EQ(SIGSEGV, fault->result);
	EXPECT_EQ(FAULT_DENY_ACCERR, fault->kind);
	EXPECT_EQ(VM_PROT_WRITE, fault->access);
	EXPECT_EQ(1, count_faults(since, CODE_AT + 4, CODE_AT + 512));
}

/* Was something with that text logged as a warning since? */
static bool was_warned(uint64_t since, const char *text_wanted)
{
	static char line[480];
	enum log_level level;

	while (log_read(&since, line, sizeof(line), &level))
		if (level == LOG_WARN && strstr(line, text_wanted))
			return true;
	return false;
}

PROGRAM(reads_null, LD(A0, 8, ZERO));
PROGRAM(runs_data, LUI(T0, DATA_PAGES), JR(T0));
PROGRAM(reads_far_away, LUI(T0, 0x40000), LD(A0, 0, T0));
PROGRAM(recurses, ADDI(SP, SP, -2048), SD(ZERO, 0, SP), 0xff9ff06fu /* again */);

static int grow_heap_and_run(void *arg)
{
	EXPECT_EQ(0, program_load(arg));
	uspace_lock(current_process()->uspace);
	vm_brk(current_space(), HEAP_AT + 100);
	uspace_unlock(current_process()->uspace);
	ktest_enter(CODE_AT, 0);
}

PROGRAM(writes_past_its_heap, LUI(T0, HEAP_AT / PAGE_SIZE + 1), SD(ZERO, 0, T0));

/*
 * R121, R12: what is said of a process that a fault kills: access, address, PC, and the likely
 * cause
 */
KTEST(trap_report_says_why)
{
	static const struct {
		const struct program *program;
		const char *said;
	} cases[] = {
		{ &reads_null, ": read of 0x8 at pc 0x10000: null pointer plus 8 bytes" },
		{ &runs_data,
		  "fetch from 0x20000 at pc 0x20000: jump to data: the memory there may not be" },
		{ &stores_into_text, "write to 0x10200 at pc 0x10004: write to read-only text" },
		{ &reads_far_away, "wild pointer: nothing is mapped there" },
		{ &writes_past_its_heap, "3996 bytes past the heap's end" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t since = log_newest();

		EXPECT_EQ(KILLED(SIGSEGV), ktest_run(grow_heap_and_run, (void *)cases[i].program));
		EXPECT_TRUE(was_warned(since, cases[i].said));
	}
}

static int run_with_stack(void *arg)
{
	struct uspace *us = current_process()->uspace;

	EXPECT_EQ(0, program_load(arg));
	uspace_lock(us);
	us->space.limit_stack = 1ul << 20;
	EXPECT_TRUE(space_map(us, USER_TOP / 2, PAGE_SIZE, READ_WRITE, MAP_GROWSDOWN) > 0);
	uspace_unlock(us);
	ktest_enter(CODE_AT, USER_TOP / 2 + PAGE_SIZE);
}

/* R31, R30: endless recursion takes what the limit gives, and is then told as what it is */
KTEST(trap_of_endless_recursion_is_a_stack_overflow)
{
	uint64_t since = log_newest(), faults = trace_count();

	EXPECT_EQ(KILLED(SIGSEGV), ktest_run(run_with_stack, (void *)&recurses));
	EXPECT_TRUE(was_warned(since, "stack overflow"));
	/* 256 pages of stack, and the last access; the loading of the program takes three more. */
	faults = trace_count() - faults;
	EXPECT_TRUE(faults >= 257 && faults <= 262);
}
