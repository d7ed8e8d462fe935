/* SPDX-License-Identifier: MIT */
/* Alarms of CPU clocks. */
#include "linux/time/cpu_clock.h"

#include "abi/time.h"
#include "lib/bits.h"
#include "proc/pid.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"

#define CPU_ALARMS 40 /* more than go off in one hold of the lock */

static unsigned nalarms;

static void count_alarm(struct cpu_alarm *alarm)
{
	(void)alarm;
	nalarms++;
}

/* Arms alarms of a clock of the running thread, for a time that has come on return. */
static void arm_and_compute(struct cpu_alarm *of_cpu, int number)
{
	struct cpu_clock_id clock;
	uint64_t now = 0, until;

	EXPECT_EQ(0, cpu_clock_find(number, CPU_CLOCK_TO_WAIT, &clock));
	spin_lock(&process_tree_lock);
	EXPECT_TRUE(cpu_clock_read_locked(&clock, &now));
	until = now + 1000;
	for (unsigned i = 0; i < CPU_ALARMS; i++) {
		cpu_alarm_init(&of_cpu[i], &clock, count_alarm);
		EXPECT_TRUE(cpu_alarm_arm_locked(&of_cpu[i], until, now));
	}
	EXPECT_EQ(0, nalarms);
	while (now < until)
		EXPECT_TRUE(cpu_clock_read_locked(&clock, &now));
	spin_unlock(&process_tree_lock);
}

/* Those of its own and of its process, all that are due. */
KTEST_IN_PROCESS(timers_of_cpu_clocks_ring_when_the_thread_looks)
{
	static const int numbers[] = { CLOCK_THREAD_CPUTIME_ID, CLOCK_PROCESS_CPUTIME_ID };
	static struct cpu_alarm of_cpu[CPU_ALARMS];

	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
		nalarms = 0;
		arm_and_compute(of_cpu, numbers[i]);
		cpu_clock_look();
		EXPECT_EQ(CPU_ALARMS, nalarms);
	}
}
