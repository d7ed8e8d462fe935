/* SPDX-License-Identifier: MIT */
/* CPU clocks: how long processes and threads have run, and alarms that go off when one has run for so long. */
#pragma once

#include "lib/tree.h"
#include "lib/types.h"

struct process;
struct thread;

/* What is counted: CPUCLOCK_VIRT; or CPUCLOCK_PROF and CPUCLOCK_SCHED, which are one here. */
enum cpu_time { CPU_TIME_USER, CPU_TIME_ALL, CPU_TIMES };

/* The alarms of a process's clock, or of a thread's. Guarded by process_tree_lock. */
struct cpu_clock {
	struct tree alarms[CPU_TIMES]; /* ordered by time */
};

/* Names a clock. It refers to nothing: the process or the thread may end. */
struct cpu_clock_id {
	int pid;
	uint64_t process_birth;
	int tid; /* 0: the clock of the whole process */
	uint64_t thread_birth;
	enum cpu_time time;
};

struct cpu_alarm {
	/* guarded by process_tree_lock: */
	struct tree_node node;
	uint64_t at_ns;
	bool armed;
	/* private to the owner; const: */
	struct cpu_clock_id clock;
	void (*fn)(struct cpu_alarm *alarm);
};

/* Where a clock number comes from decides about one thing: only a reader may name its process by its tid. */
enum cpu_clock_use { CPU_CLOCK_TO_READ, CPU_CLOCK_TO_WAIT };

/*
 * Finds the clock of a number: CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, or a negative one,
 * which encodes a process, or a thread of the running one, and what is counted. Returns 0, or -EINVAL
 * if there is none.
 */
int cpu_clock_find(int number, enum cpu_clock_use use, struct cpu_clock_id *ret);
/* The clock of the running process. */
struct cpu_clock_id cpu_clock_own(enum cpu_time time);

/*
 * Stores the time of a clock in nanoseconds. Returns false if the thread has ended or the process has
 * been reaped. Call with process_tree_lock held.
 */
bool cpu_clock_read_locked(const struct cpu_clock_id *clock, uint64_t *ns_ret);

void cpu_alarm_init(struct cpu_alarm *alarm, const struct cpu_clock_id *clock,
		    void (*fn)(struct cpu_alarm *alarm));
/*
 * Has fn called once its clock has reached at_ns: at a tick, or not at all if the clock stands still.
 * fn is called with process_tree_lock held, and the alarm is not armed any more. If it is that late
 * already, calls fn at once: now_ns is what the clock has just been read as. Returns false as above,
 * having done nothing. Call with process_tree_lock held, for an alarm that is not armed.
 */
bool cpu_alarm_arm_locked(struct cpu_alarm *alarm, uint64_t at_ns, uint64_t now_ns);
/* Call with process_tree_lock held. */
void cpu_alarm_cancel_locked(struct cpu_alarm *alarm);

/*
 * Calls what is due by the clocks of the running thread and its process. For a thread that a tick has
 * found running, soon after it. Call with no spinning lock held.
 */
void cpu_clock_look(void);
/* A thread that others find from now on: does it have to look? Call with process_tree_lock held. */
void cpu_clock_add_thread(struct thread *thread);

/*
 * Sleeps until the clock has reached the time. Returns 0, or -EINTR; -EINVAL if there is no such
 * thread or process any more. If that ends meanwhile, only a signal ends the sleep.
 */
int cpu_clock_sleep(const struct cpu_clock_id *clock, uint64_t until_ns);
