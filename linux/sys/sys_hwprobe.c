/* SPDX-License-Identifier: MIT */
/* riscv_hwprobe: what C libraries ask of the harts, to choose their functions. All harts are alike here. */
#include "abi/errno.h"
#include "abi/hwprobe.h"
#include "arch/usercopy.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "linux/process/vdso.h"
#include "linux/sys/calls.h"
#include "mm/fault/user_copy.h"
#include "proc/thread.h"
#include "trap/args.h"

/* Of keys whose value is a set of bits, a pair asks for harts that have these at least. */
static bool is_set_of_bits(int64_t key)
{
	return key == RISCV_HWPROBE_KEY_BASE_BEHAVIOR || key == RISCV_HWPROBE_KEY_IMA_EXT_0 ||
	       key == RISCV_HWPROBE_KEY_CPUPERF_0;
}

/*
 * Answers one pair at `at` in user memory with its value; or, if `which`, says whether the harts have what it asks for, and answers
 * only an unknown key. Returns 1 or 0, or -EFAULT.
 */
static int probe_pair(vaddr_t at, bool which)
{
	struct abi_riscv_hwprobe pair;
	uint64_t value = 0;
	bool known, has;

	if (user_copy_in(&pair, at, sizeof(pair)))
		return -EFAULT;
	known = vdso_hwprobe(pair.key, &value);
	has = known &&
	      (is_set_of_bits(pair.key) ? (value & pair.value) == pair.value : value == pair.value);
	if (known && which)
		return has;
	pair.key = known ? pair.key : -1;
	pair.value = value;
	return user_copy_out(at, &pair, sizeof(pair)) ? -EFAULT : has;
}

/* riscv_hwprobe(pairs, number of pairs, bytes of the set of harts, set of harts, flags) */
long sys_riscv_hwprobe(struct trap_frame *frame)
{
	uint64_t n = arg_u64(frame, 1), size = arg_u64(frame, 2), mask = 0;
	vaddr_t pairs = arg_user(frame, 0), set = arg_user(frame, 3);
	bool which = arg_uint(frame, 4) == RISCV_HWPROBE_WHICH_CPUS, all = true;

	if (arg_uint(frame, 4) & ~RISCV_HWPROBE_WHICH_CPUS || (which && (!size || !set)))
		return -EINVAL;
	size = MIN(size, (uint64_t)sizeof(mask));
	if (user_copy_in(&mask, set, size))
		return -EFAULT;
	mask &= hart_mask();
	if (mask == 0 && (which || (!size && !set)))
		mask = hart_mask();
	if (!which && mask == 0)
		return -EINVAL;
	for (; n; n--, pairs += sizeof(struct abi_riscv_hwprobe)) {
		int has = probe_pair(pairs, which);

		if (has < 0)
			return has;
		if (current_killed()) /* all of user memory may be pairs */
			return -EINTR;
		all &= has;
	}
	if (!all)
		mask = 0;
	return which && user_copy_out(set, &mask, size) ? -EFAULT : 0;
}
