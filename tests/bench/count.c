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
 * QEMU's header qemu-plugin.h is not in Debian's packages. So what is used of the interface is
 * declared here. Its version 1 (QEMU 4.2 to 8.2) counts in a plain variable, which the versions from
 * 2 on (QEMU 9) have replaced by scoreboards.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define WEAK   __attribute__((weak))

enum { VERSION_SCOREBOARDS = 2, VERSION_INSN_DATA_COPIES = 3 };
enum { INLINE_ADD = 0, NO_REGISTERS = 0 };

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;

struct qemu_info {
	const char *target_name;
	struct {
		int min;
		int cur;
	} version;
	/* Others follow. */
};

/* One number for each hart, as of version 2. */
struct entry {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
};

typedef void (*tb_trans_fn)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*exec_fn)(unsigned hart, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_trans_fn fn);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_fn fn, int registers,
					  void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_fn fn,
					    int registers, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t at);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_outs(const char *text);

/* Until version 2 it takes one argument and returns the address of the bytes. */
uintptr_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t size);

/* In version 1 only. */
WEAK void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op,
						     void *number, uint64_t n);

/* From version 2 on. */
WEAK struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t size);
WEAK void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn, int op,
							      struct entry number, uint64_t n);
WEAK uint64_t qemu_plugin_u64_sum(struct entry number);

/* QEMU reads this once the plugin is loaded. */
EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv);

#define KERNEL	     (1ull << 63)
#define FIRMWARE     0x80000000ull
#define FIRMWARE_END 0x80200000ull

/* slti x0, x0, N with N > 0 */
#define IS_MARK(code) (((code)&0x800fffff) == 0x00002013 && (code) >> 20 != 0)

enum who { USER, IN_KERNEL, IN_FIRMWARE, NWHO };

struct block {
	struct block *next;
	uint64_t address;
	uint64_t insns;
	uint64_t times;
};

static uint64_t counts[NWHO];
static struct entry entries[NWHO];
static struct block *blocks;
static bool data_is_copied, with_blocks;

/* Version 2 is the oldest that a QEMU with scoreboards accepts, version 1 all that one without knows. */
__attribute__((constructor)) static void choose_version(void)
{
	if (qemu_plugin_scoreboard_new)
		qemu_plugin_version = VERSION_SCOREBOARDS;
}

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

static enum who who_is_at(uint64_t address)
{
	if (address >= KERNEL)
		return IN_KERNEL;
	return address >= FIRMWARE && address < FIRMWARE_END ? IN_FIRMWARE : USER;
}

static uint32_t code_of(const struct qemu_plugin_insn *insn)
{
	uint32_t code = 0;

	if (qemu_plugin_insn_size(insn) != sizeof(code))
		return 0;
	if (data_is_copied)
		qemu_plugin_insn_data(insn, &code, sizeof(code));
	else
		memcpy(&code, (const void *)qemu_plugin_insn_data(insn, NULL, 0), sizeof(code));
	return code;
}

static void translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	enum who who = who_is_at(qemu_plugin_tb_vaddr(tb));
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t code = who == USER ? code_of(insn) : 0;

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
		struct block *block = calloc(1, sizeof(*block));

		if (!block)
			abort();
		block->address = qemu_plugin_tb_vaddr(tb);
		block->insns = n;
		block->next = blocks;
		blocks = block;
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, NO_REGISTERS, block);
	}
}

int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		with_blocks |= strcmp(argv[i], "blocks=on") == 0;
	data_is_copied = info->version.cur >= VERSION_INSN_DATA_COPIES;
	for (int who = 0; qemu_plugin_scoreboard_new && who < NWHO; who++)
		entries[who].score = qemu_plugin_scoreboard_new(sizeof(uint64_t));
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	return 0;
}
