/* SPDX-License-Identifier: MIT */
/* The vDSO's pages as a program has them: what the data says, when the clock is set too, and who may not write it. */
#include "abi/errno.h"
#include "abi/vdso.h"
#include "arch/isa.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/wall_clock.h"
#include "lib/string.h"
#include "linux/process/vdso.h"
#include "mm/fault/user_copy.h"
#include "mm/verbs.h"
#include "proc/process.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"

/* Maps the pages. Returns where the one of data is. */
static vaddr_t map_both(void)
{
	vaddr_t code = 0;

	EXPECT_EQ(0, vdso_map(current_process()->uspace, &code));
	EXPECT_EQ(code + VDSO_RT_SIGRETURN, current_process()->uspace->sigreturn);
	return code - PAGE_SIZE;
}

/* What a program would make of the data, beside the kernel's own clocks. */
static void expect_same(vaddr_t at)
{
	struct vdso_data data;
	uint64_t tick = arch_time();

	EXPECT_EQ(0, user_copy_in(&data, at, sizeof(data)));
	EXPECT_EQ(clock_ns_at(tick), vdso_data_ns(&data, tick));
	EXPECT_EQ(clock_wall_ns_at(tick), vdso_data_ns(&data, tick) + data.wall_at_boot_ns);
}

KTEST_IN_PROCESS(vdso_data_says_what_the_clocks_are)
{
	const uint64_t hour = 3600 * NSEC_PER_SEC, before = clock_wall_ns();
	vaddr_t at = map_both();

	expect_same(at);
	EXPECT_EQ(0, wall_clock_set(clock_wall_ns() + hour));
	expect_same(at);
	EXPECT_EQ(0, wall_clock_set(clock_wall_ns() - hour));
	expect_same(at);
	EXPECT_EQ(-EINVAL, wall_clock_set(0));
	expect_same(at);
	EXPECT_TRUE(clock_wall_ns() - before < hour);
}

KTEST_IN_PROCESS(vdso_data_says_what_the_harts_have)
{
	struct vdso_data data;
	uint64_t value;

	EXPECT_EQ(0, user_copy_in(&data, map_both(), sizeof(data)));
	EXPECT_EQ(arch_isa_extensions(), data.hwprobe[RISCV_HWPROBE_KEY_IMA_EXT_0]);
	EXPECT_EQ(clock_timebase(), data.hwprobe[RISCV_HWPROBE_KEY_TIME_CSR_FREQ]);
	for (int64_t key = 0; key < RISCV_HWPROBE_KEYS; key++) {
		EXPECT_TRUE(vdso_hwprobe(key, &value));
		EXPECT_EQ(value, data.hwprobe[key]);
	}
	EXPECT_TRUE(!vdso_hwprobe(-1, &value));
	EXPECT_TRUE(!vdso_hwprobe(RISCV_HWPROBE_KEYS, &value));
}

/* The code is the image, and no program writes the data, neither by itself nor through the kernel nor after mprotect. */
KTEST_IN_PROCESS(vdso_is_mapped_as_it_was_built)
{
	const size_t size = (size_t)(vdso_image_end - vdso_image);
	struct space *space = current_space();
	vaddr_t at = map_both();
	char bytes[256];

	EXPECT_TRUE(size <= PAGE_SIZE);
	for (size_t done = 0; done < size; done += sizeof(bytes)) {
		size_t part = MIN(sizeof(bytes), size - done);

		EXPECT_EQ(0, user_copy_in(bytes, at + PAGE_SIZE + done, part));
		EXPECT_EQ(0, memcmp(bytes, vdso_image + done, part));
	}
	EXPECT_EQ(-EFAULT, user_copy_out(at, bytes, 1));
	EXPECT_EQ(-EFAULT, user_copy_out(at + PAGE_SIZE, bytes, 1));
	uspace_lock(current_process()->uspace);
	EXPECT_EQ(-EACCES, vm_protect(space, at, PAGE_SIZE, VM_PROT_READ | VM_PROT_WRITE));
	EXPECT_EQ(-EACCES, vm_protect(space, at, PAGE_SIZE, VM_PROT_READ | VM_PROT_EXEC));
	EXPECT_EQ(0, vm_protect(space, at + PAGE_SIZE, PAGE_SIZE, VM_PROT_READ | VM_PROT_WRITE));
	uspace_unlock(current_process()->uspace);
	/* A program that writes gets a page of its own. */
	EXPECT_EQ(0, user_copy_out(at + PAGE_SIZE, bytes, 1));
	EXPECT_EQ(-EFAULT, user_copy_out(at, bytes, 1));
}

/* Both pages are the same for all, a child's too. */
KTEST_IN_PROCESS(vdso_data_is_one_page)
{
	vaddr_t first = map_both(), second = map_both();
	uint64_t value = 0, other = 1;

	EXPECT_TRUE(first != second);
	EXPECT_EQ(0, wall_clock_set(clock_wall_ns() + NSEC_PER_SEC));
	EXPECT_EQ(0, user_copy_in(&value, first + offsetof(struct vdso_data, wall_at_boot_ns),
				  sizeof(value)));
	EXPECT_EQ(0, user_copy_in(&other, second + offsetof(struct vdso_data, wall_at_boot_ns),
				  sizeof(other)));
	EXPECT_EQ(value, other);
	EXPECT_EQ(0, wall_clock_set(clock_wall_ns() - NSEC_PER_SEC));
}
