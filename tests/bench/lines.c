/* SPDX-License-Identifier: MIT */
/* A TCG plugin of QEMU for several harts: counts their instructions, and the kernel's cache lines that harts write in turn. */

/*
 * The guest asks as it asks count.c. The lines in QEMU's log are
 *
 *   hart H user U kernel K firmware F waits W ticks T calls C flushes L
 *						    for each hart: its instructions so far; how many of the kernel's were executed
 *						    while it waited for another hart, and in ticks; how often it has called
 *						    the firmware (`ecall` in the kernel); and how often it has flushed its TLB of
 *						    more than an address (SFENCE.VMA in the kernel with x0 as the first register)
 *   shared ADDRESS LINE TIMES			    stores of the kernel's instruction at ADDRESS, since the last mark, to a line
 *						    that another hart has written last; LINE is one such
 *   run ADDRESS INSTRUCTIONS TIMES		    with the argument runs=on: a block of the kernel that was executed since the
 *						    last mark
 *   mark N
 *
 * Instructions are counted by translated blocks. A block that ends early by a trap is counted whole.
 *
 * A hart waits where it executes the same `pause` again after at most ROUND instructions. The first round is not seen.
 *
 * A tick is what the kernel executes from an interrupt of the timer to the next return (`sret`). The arguments entry=ADDRESS
 * and tick=ADDRESS say where traps are entered, and what is called for such an interrupt only; without them, no ticks are
 * seen. A tick that has another thread run ends where that returns.
 *
 * AMOSWAP.W is not seen as a store: a hart that waits for a lock executes it again and again, and the store that releases the
 * lock is seen. Of the memory, LINES lines are remembered. A store to another line of the same place of the table makes one
 * forgotten: it is then counted as written for the first time.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugin.h"

#define HARTS	  16
#define LINE_BITS 6
#define LINES	  (1u << 20)
#define PAUSE	  0x0100000fu
#define ECALL	  0x00000073u
#define SRET	  0x10200073u
#define ROUND	  32

#define IS_AMOSWAP_W(code) (((code)&0xf800707f) == 0x0800202f)
#define IS_FLUSH(code)	   (((code)&0xfe0fffff) == 0x12000073)

/* A translated block. */
struct run {
	struct run *next;
	uint64_t address;
	size_t n;		/* instructions */
	_Atomic uint64_t times; /* with runs=on, since the last mark */
	enum who who;
};

/* An instruction of the kernel that stores. */
struct store {
	struct store *next;
	uint64_t address;
	_Atomic uint64_t times; /* it has met a line of another hart, since the last mark */
	_Atomic uint64_t line;	/* the last such */
};

struct hart {
	uint64_t insns[NWHO], waits, ticks, calls, flushes;
	uint64_t pause, paused; /* where it was last, and insns[IN_KERNEL] then */
	uint64_t entered;	/* working() at the last trap */
	bool in_tick;
} __attribute__((aligned(64)));

static struct hart harts[HARTS];
static _Atomic uint64_t written_by[LINES]; /* the line's number << LINE_BITS, and 1 + the hart */
static _Atomic(struct store *) stores;
static _Atomic(struct run *) runs; /* of the kernel */
static struct qemu_info qemu;
static bool with_runs;
static uint64_t trap_entry, tick_entry; /* addresses, or 0 */

static uint64_t working(const struct hart *hart)
{
	return hart->insns[IN_KERNEL] - hart->waits;
}

static void log_harts(void)
{
	char line[200];

	for (unsigned i = 0; i < HARTS; i++) {
		const struct hart *hart = &harts[i];

		if (hart->insns[IN_FIRMWARE] == 0)
			continue;
		snprintf(line, sizeof(line),
			 "hart %u user %" PRIu64 " kernel %" PRIu64 " firmware %" PRIu64
			 " waits %" PRIu64 " ticks %" PRIu64 " calls %" PRIu64 " flushes %" PRIu64
			 "\n",
			 i, hart->insns[USER], hart->insns[IN_KERNEL], hart->insns[IN_FIRMWARE],
			 hart->waits, hart->ticks, hart->calls, hart->flushes);
		qemu_plugin_outs(line);
	}
}

static void log_shared(void)
{
	char line[160];

	for (struct store *store = stores; store; store = store->next) {
		uint64_t times = atomic_exchange(&store->times, 0);

		if (times == 0)
			continue;
		snprintf(line, sizeof(line), "shared 0x%" PRIx64 " 0x%" PRIx64 " %" PRIu64 "\n",
			 store->address, (uint64_t)store->line, times);
		qemu_plugin_outs(line);
	}
}

static void log_runs(void)
{
	char line[160];

	for (struct run *run = runs; run; run = run->next) {
		uint64_t times = atomic_exchange(&run->times, 0);

		if (times == 0)
			continue;
		snprintf(line, sizeof(line), "run 0x%" PRIx64 " %zu %" PRIu64 "\n", run->address,
			 run->n, times);
		qemu_plugin_outs(line);
	}
}

static void on_mark(unsigned hart, void *data)
{
	char line[32];

	(void)hart;
	log_harts();
	log_shared();
	log_runs();
	snprintf(line, sizeof(line), "mark %u\n", (unsigned)(uintptr_t)data);
	qemu_plugin_outs(line);
}

static void on_run(unsigned number, void *data)
{
	struct hart *hart = &harts[number % HARTS];
	struct run *run = data;

	hart->insns[run->who] += run->n;
	if (with_runs && run->who == IN_KERNEL)
		atomic_fetch_add_explicit(&run->times, 1, memory_order_relaxed);
}

/* The block that begins there has been counted. */
static void on_trap(unsigned number, void *data)
{
	struct hart *hart = &harts[number % HARTS];

	hart->entered = working(hart) - ((const struct run *)data)->n;
}

static void on_tick(unsigned hart, void *data)
{
	(void)data;
	harts[hart % HARTS].in_tick = true;
}

static void on_return(unsigned number, void *data)
{
	struct hart *hart = &harts[number % HARTS];

	(void)data;
	if (hart->in_tick)
		hart->ticks += working(hart) - hart->entered;
	hart->in_tick = false;
}

static void on_pause(unsigned number, void *data)
{
	struct hart *hart = &harts[number % HARTS];
	uint64_t pause = (uintptr_t)data, round = hart->insns[IN_KERNEL] - hart->paused;

	if (hart->pause == pause && round <= ROUND)
		hart->waits += round;
	hart->pause = pause;
	hart->paused += round;
}

static void on_call(unsigned hart, void *data)
{
	(void)data;
	harts[hart % HARTS].calls++;
}

static void on_flush(unsigned hart, void *data)
{
	(void)data;
	harts[hart % HARTS].flushes++;
}

static void on_store(unsigned hart, uint32_t info, uint64_t address, void *data)
{
	struct store *store = data;
	uint64_t line = address >> LINE_BITS, now = line << LINE_BITS | (hart % HARTS + 1), before;

	if (address < KERNEL || !qemu_plugin_mem_is_store(info))
		return;
	before = atomic_exchange(&written_by[line % LINES], now);
	if (before >> LINE_BITS == (now >> LINE_BITS) && before != now) {
		atomic_fetch_add(&store->times, 1);
		store->line = line << LINE_BITS;
	}
}

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		abort();
	return memory;
}

static struct store *add_store(uint64_t address)
{
	struct store *store = allocate(sizeof(*store)), *first = stores;

	store->address = address;
	do
		store->next = first;
	while (!atomic_compare_exchange_weak(&stores, &first, store));
	return store;
}

/* What an instruction is, QEMU does not tell. It calls for those that store, and for some that load (7.2). */
static void watch_kernel(struct qemu_plugin_insn *insn)
{
	uint32_t code = code_of(insn, &qemu);

	if (code == PAUSE)
		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, on_pause, NO_REGISTERS,
			(void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
	if (code == SRET)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_return, NO_REGISTERS, NULL);
	if (code == ECALL)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_call, NO_REGISTERS, NULL);
	if (IS_FLUSH(code))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_flush, NO_REGISTERS, NULL);
	if (!IS_AMOSWAP_W(code))
		qemu_plugin_register_vcpu_mem_cb(insn, on_store, NO_REGISTERS, STORES,
						 add_store(qemu_plugin_insn_vaddr(insn)));
}

static void watch_mark(struct qemu_plugin_insn *insn)
{
	uint32_t code = code_of(insn, &qemu);

	if (IS_MARK(code))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, NO_REGISTERS,
						       (void *)(uintptr_t)(code >> 20));
}

static void add_run(struct run *run)
{
	struct run *first = runs;

	do
		run->next = first;
	while (!atomic_compare_exchange_weak(&runs, &first, run));
}

/* Blocks begin where a trap is entered, and where a function is called. */
static void watch_ticks(struct qemu_plugin_tb *tb, struct run *run)
{
	if (run->address == trap_entry)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_trap, NO_REGISTERS, run);
	if (run->address == tick_entry)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_tick, NO_REGISTERS, run);
}

static void translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	struct run *run = allocate(sizeof(*run));

	(void)id;
	run->address = qemu_plugin_tb_vaddr(tb);
	run->who = who_is_at(run->address);
	run->n = qemu_plugin_tb_n_insns(tb);
	if (run->who == IN_KERNEL)
		add_run(run);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_run, NO_REGISTERS, run);
	watch_ticks(tb, run);
	for (size_t i = 0; i < run->n; i++) {
		if (run->who == IN_KERNEL)
			watch_kernel(qemu_plugin_tb_get_insn(tb, i));
		else if (run->who == USER)
			watch_mark(qemu_plugin_tb_get_insn(tb, i));
	}
}

static bool is_known(const char *argument)
{
	if (strcmp(argument, "runs=on") == 0)
		with_runs = true;
	else if (strncmp(argument, "entry=", 6) == 0)
		trap_entry = strtoull(argument + 6, NULL, 16);
	else if (strncmp(argument, "tick=", 5) == 0)
		tick_entry = strtoull(argument + 5, NULL, 16);
	else
		return false;
	return true;
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!is_known(argv[i])) {
			fprintf(stderr, "lines: unknown argument %s\n", argv[i]);
			return 1;
		}
	qemu = *info;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	return 0;
}
