/* SPDX-License-Identifier: MIT */
/* A TCG plugin of QEMU: counts the guest's instructions, and logs the counts where the guest asks. */

/*
 * The guest asks by the instruction "slti x0, x0, N", N > 0, in user mode: a hint that no processor
 * and no kernel reacts to. The line in QEMU's log is
 *
 *   mark N user U kernel K firmware F
 *
 * with the instructions so far by the address that they are at: the upper half is the kernel's, the
 * firmware is in the first 2 MiB of memory, the rest is the program's. So nothing depends on how
 * time goes on, and time without instructions (wfi) does not count. An instruction that traps is
 * counted, and once more when it is executed again.
 *
 * With the argument blocks=on there are also lines
 *
 *   block N ADDRESS INSTRUCTIONS TIMES
 *
 * before mark N, for the kernel's basic blocks that were executed since the last mark.
 *
 * Two arguments need no guest that asks. They count instructions by blocks, which costs little time:
 *
 *   reached=FOLDER   at QEMU's end, writes FOLDER/PID: a line "insns N", then a line "ADDRESS BYTES"
 *                    for each of the kernel's blocks that was executed (it was translated, which QEMU
 *                    does where it executes next)
 *   limit=N          ends QEMU after N instructions, or once the guest has executed none for IDLE_SECONDS;
 *   ended=FILE       and says which in that file
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "plugin.h"

#define POLL_NS	     100000000
#define IDLE_SECONDS 20
#define IDLE_POLLS   (IDLE_SECONDS * 10)
#define ENDED	     86 /* QEMU's status */

struct block {
	struct block *next;
	uint64_t address;
	uint64_t insns;
	uint64_t times;
};

static uint64_t counts[NWHO];
static struct entry entries[NWHO];
static struct block *blocks;
static struct qemu_info qemu;
static bool with_blocks;
static const char *reached_folder, *ended_file;
static uint64_t limit;

static uint64_t count_of(enum who who)
{
	return qemu_plugin_scoreboard_new ? qemu_plugin_u64_sum(entries[who]) : counts[who];
}

static void log_blocks(unsigned mark)
{
	char line[128];

	for (struct block *block = blocks; block; block = block->next) {
		if (block->times == 0)
			continue;
		snprintf(line, sizeof(line), "block %u 0x%" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
			 mark, block->address, block->insns, block->times);
		qemu_plugin_outs(line);
		block->times = 0;
	}
}

static void on_mark(unsigned hart, void *data)
{
	unsigned mark = (unsigned)(uintptr_t)data;
	char line[160];

	(void)hart;
	if (with_blocks)
		log_blocks(mark);
	snprintf(line, sizeof(line),
		 "mark %u user %" PRIu64 " kernel %" PRIu64 " firmware %" PRIu64 "\n", mark,
		 count_of(USER), count_of(IN_KERNEL), count_of(IN_FIRMWARE));
	qemu_plugin_outs(line);
}

static void on_block(unsigned hart, void *data)
{
	struct block *block = data;

	(void)hart;
	block->times++;
}

static uint64_t count_all(void)
{
	return count_of(USER) + count_of(IN_KERNEL) + count_of(IN_FIRMWARE);
}

static void add_block(uint64_t address, uint64_t insns)
{
	struct block *block = calloc(1, sizeof(*block));

	if (!block)
		abort();
	block->address = address;
	block->insns = insns;
	block->next = blocks;
	blocks = block;
}

static uint64_t size_of(const struct qemu_plugin_tb *tb)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++)
		bytes += qemu_plugin_insn_size(qemu_plugin_tb_get_insn(tb, i));
	return bytes;
}

/* Counts by blocks, and remembers the kernel's. */
static void translate_whole(uint64_t id, struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	enum who who = who_is_at(address);
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (qemu_plugin_scoreboard_new)
		qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, INLINE_ADD, entries[who], n);
	else
		qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD, &counts[who], n);
	if (reached_folder && who == IN_KERNEL)
		add_block(address, size_of(tb));
}

/* In this mode a block's instructions are its bytes. */
static void write_reached(uint64_t id, void *data)
{
	char path[4096];
	FILE *file;

	(void)id;
	(void)data;
	snprintf(path, sizeof(path), "%s/%ld", reached_folder, (long)getpid());
	file = fopen(path, "w");
	if (!file)
		return;
	fprintf(file, "insns %" PRIu64 "\n", count_all());
	for (const struct block *block = blocks; block; block = block->next)
		fprintf(file, "%" PRIx64 " %" PRIu64 "\n", block->address, block->insns);
	fclose(file);
}

static void end_qemu(const char *why)
{
	FILE *file = ended_file ? fopen(ended_file, "w") : NULL;

	if (file) {
		fprintf(file, "%s\n", why);
		fclose(file);
	}
	_exit(ENDED);
}

/* Polls are counted, not seconds: where the host is busy, this thread waits as long as the guest's. */
static void *watch(void *data)
{
	const struct timespec poll = { .tv_nsec = POLL_NS };
	uint64_t before = 0;
	unsigned idle = 0;

	for (;;) {
		uint64_t now = count_all();

		idle = now == before ? idle + 1 : 0;
		before = now;
		if (now > limit)
			end_qemu("steps");
		if (idle >= IDLE_POLLS)
			end_qemu("idle");
		nanosleep(&poll, NULL);
	}
	return data;
}

/* QEMU's signals are for its own threads. */
static int start_watch(void)
{
	pthread_t thread;
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, watch, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

static void translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	enum who who = who_is_at(qemu_plugin_tb_vaddr(tb));
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t code = who == USER ? code_of(insn, &qemu) : 0;

		if (IS_MARK(code))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, NO_REGISTERS,
							       (void *)(uintptr_t)(code >> 20));
		if (qemu_plugin_scoreboard_new)
			qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, INLINE_ADD,
									    entries[who], 1);
		else
			qemu_plugin_register_vcpu_insn_exec_inline(insn, INLINE_ADD, &counts[who],
								   1);
	}
	if (with_blocks && who == IN_KERNEL) {
		add_block(qemu_plugin_tb_vaddr(tb), n);
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, NO_REGISTERS, blocks);
	}
}

/* QEMU frees the arguments. */
static const char *value_of(const char *word, const char *name)
{
	size_t n = strlen(name);

	return strncmp(word, name, n) == 0 ? strdup(word + n) : NULL;
}

static void take_argument(const char *word)
{
	const char *value;

	with_blocks |= strcmp(word, "blocks=on") == 0;
	value = value_of(word, "reached=");
	reached_folder = value ? value : reached_folder;
	value = value_of(word, "ended=");
	ended_file = value ? value : ended_file;
	value = value_of(word, "limit=");
	limit = value ? strtoull(value, NULL, 10) : limit;
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		take_argument(argv[i]);
	qemu = *info;
	for (int who = 0; qemu_plugin_scoreboard_new && who < NWHO; who++)
		entries[who].score = qemu_plugin_scoreboard_new(sizeof(uint64_t));
	if (reached_folder)
		qemu_plugin_register_atexit_cb(id, write_reached, NULL);
	qemu_plugin_register_vcpu_tb_trans_cb(id, reached_folder || limit ? translate_whole
									  : translate);
	return limit ? start_watch() : 0;
}
