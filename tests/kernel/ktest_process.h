/* SPDX-License-Identifier: MIT */
/* Processes for tests: they begin in kernel mode, in a space of their own; user mode comes next. */
#pragma once

#include "lib/types.h"

struct object;
struct thread;
struct space;

/* Boot of the test kernel: what processes need, and a process 1 that reaps every child that ends. */
void ktest_process_init(void);

/*
 * Runs fn(arg) in kernel mode as a fresh process, a child of the running one, or of process 1
 * where the running thread is the kernel's. It ends with fn's result as its exit status. Its pid,
 * or negative errno.
 */
int ktest_spawn(int (*fn)(void *arg), void *arg);

/* Runs fn(arg) in kernel mode as another thread of the running process, which ends with its result. Its tid, or negative errno. */
int ktest_spawn_thread(int (*fn)(void *arg), void *arg);

/*
 * Waits until process 1 has reaped its child. Returns the status as wait4 packs it. For the
 * kernel's thread.
 */
int ktest_reap(int pid);

/* Both in one; -1 where there was no memory for a process. */
int ktest_run(int (*fn)(void *arg), void *arg);

/* Kills a process. Returns 0 or -ESRCH. */
int ktest_kill(int pid);

/*
 * Waits for the end of a child of the running process, or of any with -1. options: WNOHANG. Returns its pid and its status, as
 * wait4 packs it; 0, -ECHILD or -EINTR.
 */
long ktest_wait(int pid, unsigned options, int *status_ret);

/* Asks the scheduler for a policy, priority and nice value, on behalf of the thread. */
void ktest_ask(struct thread *thread, int policy, unsigned rt_priority, int nice);

/*
 * These wait until *thread, which is NULL until the thread has begun, sleeps; or runs with that real-time priority, or none, or
 * rank (thread_rank()). They return whether it came to be so in a while.
 */
bool ktest_await_asleep(struct thread *const *thread);
bool ktest_await_priority(struct thread *const *thread, unsigned rt_priority);
bool ktest_await_rank(struct thread *const *thread, uint64_t rank);

/* The running thread goes to that hart, and stays there. */
void ktest_go_to(unsigned hart_index);

/* Runs fn in a fresh process, which must end with a status of 0. */
void ktest_run_in_process(void (*fn)(void));

/* A KTEST(), or KTEST_ALONE(), whose body is run by a fresh process, in kernel mode. */
#define KTEST_IN_PROCESS(test_name)	  KTEST_IN_PROCESS_OF(test_name, false)
#define KTEST_IN_PROCESS_ALONE(test_name) KTEST_IN_PROCESS_OF(test_name, true)

#define KTEST_IN_PROCESS_OF(test_name, alone_)                \
	static void in_process_##test_name(void);             \
	KTEST_OF(test_name, alone_)                           \
	{                                                     \
		ktest_run_in_process(in_process_##test_name); \
	}                                                     \
	static void in_process_##test_name(void)

/*
 * The running process gets that image, with one argument. Returns 0, and arch_enter_user() is next; or a negative errno, and
 * it has the old one.
 */
int ktest_exec(struct object *image);
/* For ktest_spawn(): executes an image; with an error it ends at once. */
int ktest_exec_main(void *image);

/* The running process goes to user mode at pc. Never returns. */
void ktest_enter(vaddr_t pc, vaddr_t sp) __attribute__((noreturn));

/* The status of wait4 for a normal end and for a death by signal. */
#define KTEST_FILES 256 /* RLIMIT_NOFILE of a test process */

#define EXITED(code) ((code) << 8)
#define KILLED(sig)  (sig)
