/* SPDX-License-Identifier: MIT */
/* What the plugins use of QEMU's interface for TCG plugins. */
#pragma once

/*
 * QEMU's header qemu-plugin.h is not in Debian's packages. So what is used of the interface is declared here. Its version 1
 * (QEMU 4.2 to 8.2) counts in a plain variable, which the versions from 2 on (QEMU 9) have replaced by scoreboards.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define WEAK   __attribute__((weak))

enum { VERSION_SCOREBOARDS = 2, VERSION_INSN_DATA_COPIES = 3 };
enum { INLINE_ADD = 0, NO_REGISTERS = 0, STORES = 2 };

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
typedef void (*exit_fn)(uint64_t id, void *data);
typedef void (*access_fn)(unsigned hart, uint32_t info, uint64_t address, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_trans_fn fn);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_fn fn, int registers,
					  void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_fn fn,
					    int registers, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, access_fn fn, int registers,
				      int accesses, void *data);
bool qemu_plugin_mem_is_store(uint32_t info);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t at);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_outs(const char *text);
void qemu_plugin_register_atexit_cb(uint64_t id, exit_fn fn, void *data);

/* Until version 2 it takes one argument and returns the address of the bytes. */
uintptr_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t size);

/* In version 1 only. */
WEAK void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op,
						     void *number, uint64_t n);
WEAK void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *number,
						   uint64_t n);

/* From version 2 on. */
WEAK struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t size);
WEAK void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn, int op,
							      struct entry number, uint64_t n);
WEAK void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb, int op,
							    struct entry number, uint64_t n);
WEAK uint64_t qemu_plugin_u64_sum(struct entry number);

/* QEMU reads this once the plugin is loaded. */
EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info, int argc, char **argv);

/* Version 2 is the oldest that a QEMU with scoreboards accepts, version 1 all that one without knows. */
__attribute__((constructor)) static void choose_version(void)
{
	if (qemu_plugin_scoreboard_new)
		qemu_plugin_version = VERSION_SCOREBOARDS;
}

#define KERNEL	     (1ull << 63)
#define FIRMWARE     0x80000000ull
#define FIRMWARE_END 0x80200000ull

enum who { USER, IN_KERNEL, IN_FIRMWARE, NWHO };

static inline enum who who_is_at(uint64_t address)
{
	if (address >= KERNEL)
		return IN_KERNEL;
	return address >= FIRMWARE && address < FIRMWARE_END ? IN_FIRMWARE : USER;
}

/* slti x0, x0, N with N > 0 */
#define IS_MARK(code) (((code)&0x800fffff) == 0x00002013 && (code) >> 20 != 0)

/* Returns the instruction if it has four bytes, else 0. */
static inline uint32_t code_of(const struct qemu_plugin_insn *insn, const struct qemu_info *info)
{
	uint32_t code = 0;

	if (qemu_plugin_insn_size(insn) != sizeof(code))
		return 0;
	if (info->version.cur >= VERSION_INSN_DATA_COPIES)
		qemu_plugin_insn_data(insn, &code, sizeof(code));
	else
		memcpy(&code, (const void *)qemu_plugin_insn_data(insn, NULL, 0), sizeof(code));
	return code;
}
