/* SPDX-License-Identifier: MIT */
/* RLIMIT_CPU: an alarm of the process's CPU clock. */
#include "linux/time/cpu_limit.h"

#include "abi/resource.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "linux/process/limits.h"
#include "linux/process/linux_process.h"
#include "linux/signal/send.h"
#include "linux/time/cpu_clock.h"
#include "proc/pid.h"
#include "proc/process.h"

static void set_soft(struct process *process, uint64_t seconds)
{
	struct linux_process *own = linux_process(process);

	spin_lock(&own->limits_lock);
	atomic_store_relaxed(&own->rlimits[RLIMIT_CPU].cur, seconds);
	spin_unlock(&own->limits_lock);
}

/* Seconds that fit an alarm. More than that is no limit. */
#define SECONDS_MAX (UINT64_MAX / NSEC_PER_SEC)

/* As Linux does, at the first tick after the limit. Called with process_tree_lock held. */
static void limit_reached(struct cpu_alarm *alarm)
{
	struct process *process = &container_of(alarm, struct linux_process, cpu_limit)->process;
	uint64_t now_ns, seconds;
	struct abi_rlimit64 limit;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (!cpu_clock_read_locked(&alarm->clock, &now_ns))
		return;
	seconds = now_ns / NSEC_PER_SEC;
	process_get_limit(process, RLIMIT_CPU, &limit);
	if (seconds >= limit.max) {
		signal_send(process, SIGKILL);
		return;
	}
	signal_send(process, SIGXCPU);
	set_soft(process, seconds + 1);
	(void)cpu_alarm_arm_locked(alarm, (seconds + 1) * NSEC_PER_SEC, now_ns);
}

void cpu_limit_begin(struct process *process)
{
	struct linux_process *own = linux_process(process);
	const struct cpu_clock_id clock = {
		.pid = process->pid,
		.process_birth = process->birth,
		.time = CPU_TIME_ALL,
	};
	uint64_t soft = process_limit(process, RLIMIT_CPU), now_ns;

	assert_hardened(spin_lock_held(&process_tree_lock));
	if (own->cpu_limit.armed)
		cpu_alarm_cancel_locked(&own->cpu_limit);
	if (soft > SECONDS_MAX || !cpu_clock_read_locked(&clock, &now_ns))
		return;
	cpu_alarm_init(&own->cpu_limit, &clock, limit_reached);
	/* What is over already is noticed at a tick, so that the call returns first. */
	(void)cpu_alarm_arm_locked(&own->cpu_limit, MAX(soft * NSEC_PER_SEC, now_ns + 1), now_ns);
}
