/* SPDX-License-Identifier: MIT */
/* What a process's counts tell: each field is that of its own count, and sums have all their parts. */
#include "linux/process/inspect.h"

#include "abi/errno.h"
#include "abi/mman.h"
#include "abi/resource.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "lib/string.h"
#include "linux/process/reap.h"
#include "linux/process/usage.h"
#include "mm/object/object.h"
#include "mm/space/space.h"
#include "mm/verbs.h"
#include "proc/mutex.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/uspace.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "linux/process/thread_id.h"

/* Counts that no fault changes meanwhile: this process has no user mode. */
static void count_differently(struct space_stats *stats)
{
	uint64_t next = 1000;

	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		stats->kind[kind] = next++;
	for (unsigned reason = 0; reason < RETRY_REASONS; reason++)
		stats->retry[reason] = 1u << reason;
	stats->grow = next++;
	stats->zero_maps = next++;
	stats->around = next++;
	stats->major = next++;
	stats->fences = next++;
	stats->peak_resident = next++;
}

KTEST_IN_PROCESS(inspect_tells_each_count)
{
	struct space *space = &current_process()->uspace->space;
	struct space_stats before = space->stats;
	struct faultline_process told;

	count_differently(&space->stats);
	EXPECT_EQ(0, inspect_process(0, &told));
	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		EXPECT_EQ(space->stats.kind[kind], told.faults[kind]);
	EXPECT_EQ((1u << RETRY_REASONS) - 1, told.retries);
	EXPECT_EQ(space->stats.grow, told.stack_grown);
	EXPECT_EQ(space->stats.zero_maps, told.zero_fills);
	EXPECT_EQ(space->stats.around, told.around);
	EXPECT_EQ(space->stats.major, told.waited);
	EXPECT_EQ(space->stats.fences, told.fences);
	EXPECT_EQ(space->stats.peak_resident, told.peak_resident);
	EXPECT_EQ(space->resident, told.resident);
	EXPECT_EQ(space->nvmas, told.vmas);
	EXPECT_EQ(space->tables, told.tables);
	EXPECT_EQ(space->mapped_bytes, told.mapped_bytes);
	EXPECT_EQ(space->brk_start, told.heap_start);
	EXPECT_EQ(space->brk, told.heap_end);
	EXPECT_EQ(space->swapped, told.swapped);
	space->stats = before;
}

/* An access that was refused is no fault that was served, and those that waited are counted apart. */
KTEST_IN_PROCESS(usage_adds_each_kind_of_fault)
{
	struct space *space = &current_process()->uspace->space;
	struct space_stats before = space->stats;
	struct usage usage = { .minor_faults = 1000000, .major_faults = 2000000 };

	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		space->stats.kind[kind] = 1u << kind;
	space->stats.major = 3;
	usage_add_space(&usage, current_process(), space);
	space->stats = before;
	EXPECT_EQ(1000000 + (1u << FAULT_KINDS) - (1u << FAULT_ACCESSED) - 3, usage.minor_faults);
	EXPECT_EQ(2000003, usage.major_faults);
}

/* Times are cut off after the microseconds, and memory is in KiB. */
KTEST(usage_is_told_in_the_units_of_rusage)
{
	const struct usage usage = { .user_ticks = clock_ns_to_ticks(3 * NSEC_PER_SEC + 400900),
				     .kernel_ticks = clock_ns_to_ticks(999999900),
				     .peak_pages = 5,
				     .minor_faults = 7,
				     .major_faults = 11,
				     .nvcsw = 13,
				     .nivcsw = 17,
				     .fetched_bytes = 19 * 512,
				     .dirtied_bytes = 23 * 512 };
	struct abi_rusage told;

	usage_to_rusage(&usage, &told);
	EXPECT_EQ(3, told.utime.sec);
	EXPECT_EQ(400, told.utime.usec);
	EXPECT_EQ(0, told.stime.sec);
	EXPECT_EQ(999999, told.stime.usec);
	EXPECT_EQ(5 * PAGE_SIZE / 1024, told.maxrss);
	EXPECT_EQ(7, told.minflt);
	EXPECT_EQ(11, told.majflt);
	EXPECT_EQ(13, told.nvcsw);
	EXPECT_EQ(17, told.nivcsw);
	EXPECT_EQ(19, told.inblock);
	EXPECT_EQ(23, told.oublock);
}

static struct mutex taken;

static int take(void *unused)
{
	(void)unused;
	mutex_lock(&taken);
	mutex_unlock(&taken);
	return 0;
}

/* Who waits for a lock goes on by itself; who sleeps needs an event. */
KTEST_IN_PROCESS(inspect_tells_a_lock_from_an_event)
{
	struct faultline_process told = { 0 };
	struct process_facts facts = { 0 };
	struct thread_id id;
	struct usage usage;
	int pid, status = -1;

	mutex_init(&taken, LOCK_PIPE);
	mutex_lock(&taken);
	pid = ktest_spawn(take, NULL);
	ktest_settle();
	EXPECT_EQ(0, inspect_process(pid, &told));
	EXPECT_EQ(FAULTLINE_LOCKED_OUT, told.state);
	EXPECT_EQ(1, told.threads);
	EXPECT_TRUE(inspect_find(pid, &id));
	EXPECT_EQ(0, inspect_facts(&id, &facts));
	EXPECT_EQ('D', facts.state);
	EXPECT_EQ(pid, facts.tid);
	EXPECT_EQ(1, facts.nthreads);
	mutex_unlock(&taken);
	EXPECT_EQ(pid, process_wait(pid, 0, &status, &usage));
	EXPECT_EQ(EXITED(0), status);
	EXPECT_EQ(0, inspect_process(1, &told));
	EXPECT_EQ(FAULTLINE_SLEEPING, told.state);
}

/* A number that another thread, or a thread of another process, has got since names that one no more. */
KTEST_IN_PROCESS(inspect_finds_a_thread_by_its_birth)
{
	struct process_facts facts;
	struct thread_id id, next;

	EXPECT_TRUE(inspect_find(current_thread()->tid, &id));
	EXPECT_TRUE(inspect_exists(&id));
	EXPECT_EQ(0, inspect_next_thread(&id.process, 0, &next));
	EXPECT_EQ(id.tid, next.tid);
	EXPECT_EQ(-ENODATA, inspect_next_thread(&id.process, 1, &next));
	EXPECT_EQ(1, inspect_count_threads(&id.process));
	id.birth++;
	EXPECT_TRUE(!inspect_exists(&id));
	EXPECT_EQ(-ESRCH, inspect_facts(&id, &facts));
	EXPECT_EQ(-ESRCH, inspect_set_name(&id, "another"));
	id.birth--;
	id.process.birth++;
	EXPECT_TRUE(!inspect_exists(&id));
	EXPECT_EQ(-ESRCH, inspect_next_thread(&id.process, 0, &next));
	EXPECT_EQ(0, inspect_count_threads(&id.process));
	EXPECT_TRUE(!inspect_find(0, &id));
	EXPECT_TRUE(!inspect_find(-1, &id));
}

/* While nothing else runs on the hart: the counts of a living process are its thread's. */
KTEST_IN_PROCESS(usage_of_a_living_process_has_its_switches)
{
	struct thread *thread = current_thread();
	uint64_t nvcsw, nivcsw;
	struct usage usage;

	spin_lock(&process_tree_lock);
	nvcsw = thread->nvcsw;
	nivcsw = thread->nivcsw;
	thread->nvcsw = 1000;
	thread->nivcsw = 2000;
	usage = usage_times(current_process());
	thread->nvcsw = nvcsw;
	thread->nivcsw = nivcsw;
	spin_unlock(&process_tree_lock);
	EXPECT_EQ(1000, usage.nvcsw);
	EXPECT_EQ(2000, usage.nivcsw);
}

/* Two mappings that differ in each field, and the fault counts of one of them. */
KTEST_IN_PROCESS(inspect_tells_each_field_of_a_mapping)
{
	const vaddr_t at = 0x10000000;
	struct uspace *uspace = current_process()->uspace;
	struct space *space = &uspace->space;
	struct map_request request = { .addr = at,
				       .len = 3 * PAGE_SIZE,
				       .prot = PROT_READ | PROT_WRITE,
				       .max_prot = PROT_READ | PROT_WRITE,
				       .flags = MAP_SHARED | MAP_FIXED,
				       .offset = 5 * PAGE_SIZE };
	struct faultline_vma told[2];
	struct vma *vma;
	vaddr_t got;

	request.object = object_create_anon(8 * PAGE_SIZE);
	ASSERT_TRUE(request.object != NULL);
	uspace_lock(uspace);
	EXPECT_EQ(0, vm_map(space, &request, &got));
	object_put(request.object);
	request = (struct map_request){ .addr = at + 4 * PAGE_SIZE,
					.len = PAGE_SIZE,
					.prot = PROT_READ,
					.max_prot = PROT_READ,
					.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED };
	EXPECT_EQ(0, vm_map(space, &request, &got));
	uspace_unlock(uspace);
	space_lock(space);
	vma = vma_find(space, at);
	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		vma->faults.kind[kind] = 100 + kind;
	space_unlock(space);

	ASSERT_TRUE(inspect_vmas(uspace, NULL, at, told, 2) == 2);
	EXPECT_EQ(at, told[0].start);
	EXPECT_EQ(at + 3 * PAGE_SIZE, told[0].end);
	EXPECT_EQ(5 * PAGE_SIZE, told[0].offset);
	EXPECT_EQ(PROT_READ | PROT_WRITE | FAULTLINE_VMA_SHARED, told[0].flags);
	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		EXPECT_EQ(100 + kind, told[0].faults[kind]);
	EXPECT_EQ(at + 4 * PAGE_SIZE, told[1].start);
	EXPECT_EQ(at + 5 * PAGE_SIZE, told[1].end);
	EXPECT_EQ(PROT_READ, told[1].flags);
	EXPECT_STR("anon", told[1].kind);
	EXPECT_EQ(1, inspect_vmas(uspace, NULL, at, told, 1));
	uspace_lock(uspace);
	EXPECT_EQ(0, vm_unmap(space, at, 5 * PAGE_SIZE));
	uspace_unlock(uspace);
}

#define SAMPLE 20u /* ticks, for which interrupts may be off */

/* The time since the last sample was the kernel's, or the program's. */
KTEST(sched_sample_counts_the_kernels_time)
{
	struct thread *thread = current_thread();
	unsigned long flags = irq_save();
	uint64_t before, in_kernel, in_user, since;

	sched_sample(true);
	before = thread->kernel_ticks;
	for (since = arch_time(); arch_time() - since < SAMPLE;)
		;
	sched_sample(false);
	in_kernel = thread->kernel_ticks - before;
	for (since = arch_time(); arch_time() - since < SAMPLE;)
		;
	sched_sample(true);
	in_user = thread->kernel_ticks - before - in_kernel;
	irq_restore(flags);
	EXPECT_TRUE(in_kernel >= SAMPLE);
	EXPECT_EQ(0, in_user);
}

/* Lets some time pass that no sample has charged yet. */
static void spend(void)
{
	for (uint64_t since = arch_time(); arch_time() - since < SAMPLE;)
		;
}

static struct usage usage_of_thread(void)
{
	struct usage usage = { 0 };

	usage_add_thread(&usage, current_thread());
	return usage;
}

static struct usage usage_of_process(void)
{
	struct usage usage;

	usage_current(&usage);
	return usage;
}

static struct usage usage_of_another(void)
{
	struct usage usage;

	spin_lock(&process_tree_lock);
	usage = usage_times(current_process());
	spin_unlock(&process_tree_lock);
	return usage;
}

static uint64_t sum_of(const struct usage *usage)
{
	return usage->user_ticks + usage->kernel_ticks;
}

/* R150. A sample takes back what was told as user time: neither time goes back, and no tick is lost. */
KTEST_IN_PROCESS(usage_times_never_go_back)
{
	struct usage (*const tellers[])(void) = { usage_of_thread, usage_of_process,
						  usage_of_another };

	for (unsigned i = 0; i < ARRAY_SIZE(tellers); i++) {
		unsigned long flags = irq_save();
		struct usage before = tellers[i](), after;
		uint64_t ran;

		spend();
		after = tellers[i]();
		EXPECT_TRUE(sum_of(&after) - sum_of(&before) >= SAMPLE);
		EXPECT_TRUE(before.user_ticks <= after.user_ticks);
		before = after;
		sched_sample(false);
		ran = thread_ran_ticks(current_thread());
		after = tellers[i]();
		EXPECT_TRUE(before.user_ticks <= after.user_ticks);
		EXPECT_TRUE(before.kernel_ticks <= after.kernel_ticks);
		irq_restore(flags);
		EXPECT_TRUE(sum_of(&after) >= ran);
	}
}

KTEST(times_of_a_hart_never_go_back)
{
	unsigned long flags = irq_save();
	struct hart *hart = hart_this();
	struct hart_times before = sched_hart_times(hart), after;

	spend();
	after = sched_hart_times(hart);
	EXPECT_TRUE(after.user - before.user >= SAMPLE);
	before = after;
	sched_sample(false);
	after = sched_hart_times(hart);
	EXPECT_TRUE(before.user <= after.user);
	EXPECT_TRUE(before.kernel <= after.kernel);
	EXPECT_EQ(before.idle, after.idle);
	irq_restore(flags);
}
