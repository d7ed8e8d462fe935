/* SPDX-License-Identifier: MIT */
/* Errors of system calls that Linux does not answer, or only where memory runs out: docs/ABI.md names them. */
#include "abi/errno.h"
#include "abi/futex.h"
#include "abi/resource.h"
#include "abi/signal.h"
#include "base/log.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/file/userfaultfd.h"
#include "linux/process/futex_any.h"
#include "linux/process/futex_pi.h"
#include "linux/ptrace/ptrace.h"
#include "linux/signal/action.h"
#include "linux/signal/signal.h"
#include "linux/sys/not_implemented.h"
#include "mm/check/alloc_fail.h"
#include "proc/exec_args.h"
#include "proc/process.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/user_program.h"

/* How a program ends that exits with what a call answered. */
#define ANSWERED(error) EXITED(-(error)&0xff)

static bool log_has(const char *text)
{
	uint64_t cursor = log_oldest();
	char line[LOG_TEXT_MAX];

	while (log_read(&cursor, line, sizeof(line), NULL) > 0)
		if (strstr(line, text))
			return true;
	return false;
}

PROGRAM(fanotify_call, CALL(262), EXIT_A0);
PROGRAM(io_setup_call, CALL(0), EXIT_A0);
PROGRAM(last_call, CALL(461), EXIT_A0);
PROGRAM(no_call, CALL(1999), EXIT_A0);

KTEST(abi_what_is_not_implemented_is_named)
{
	EXPECT_EQ(ANSWERED(ENOSYS), ktest_run(program_main, (void *)&fanotify_call));
	EXPECT_TRUE(log_has("fanotify_init (system call 262) is not implemented in Faultline: "
			    "it does not report changes of files"));
	EXPECT_EQ(ANSWERED(ENOSYS), ktest_run(program_main, (void *)&io_setup_call));
	EXPECT_TRUE(log_has("io_setup (system call 0) is not implemented in Faultline: "));
	EXPECT_EQ(ANSWERED(ENOSYS), ktest_run(program_main, (void *)&last_call));
	EXPECT_TRUE(
		log_has("lsm_list_modules (system call 461) is not implemented in Faultline: "));
	EXPECT_EQ(ANSWERED(ENOSYS), ktest_run(program_main, (void *)&no_call));
	EXPECT_TRUE(log_has("there is no system call 1999"));
}

/* How many records of that level have the text. */
static unsigned log_count(const char *text, enum log_level wanted)
{
	uint64_t cursor = log_oldest();
	char line[LOG_TEXT_MAX];
	enum log_level level;
	unsigned n = 0;

	while (log_read(&cursor, line, sizeof(line), &level) > 0)
		if (level == wanted && strstr(line, text))
			n++;
	return n;
}

#define SYS_QUOTACTL 60
#define SYS_MBIND    235

/* Two calls each, by a process of that name. */
static int make_missing_calls(void *name)
{
	str_copy(current_thread()->name, name, THREAD_NAME_LEN);
	for (int i = 0; i < 2; i++)
		if (not_implemented(SYS_QUOTACTL) != -ENOSYS ||
		    not_implemented(SYS_MBIND) != -ENOSYS)
			return 1;
	return 0;
}

/* One after the other, in one process. */
static int make_missing_calls_as_many(void *prefix)
{
	char name[THREAD_NAME_LEN];
	int err = 0;

	for (unsigned i = 0; i < 2 * NOT_IMPLEMENTED_PROGRAMS && !err; i++) {
		ksnprintf(name, sizeof(name), "%s%u", (const char *)prefix, i);
		err = make_missing_calls(name);
	}
	return err;
}

/* The second part fills the table of programs, which later ones in this boot share. */
KTEST(abi_what_is_not_implemented_is_logged_once_a_program)
{
	EXPECT_EQ(EXITED(0), ktest_run(make_missing_calls, "first"));
	EXPECT_EQ(EXITED(0), ktest_run(make_missing_calls, "first"));
	EXPECT_EQ(EXITED(0), ktest_run(make_missing_calls, "second"));
	EXPECT_EQ(1, log_count(" first[", LOG_WARN));
	EXPECT_EQ(1, log_count(" first[", LOG_NOTICE));
	EXPECT_EQ(1, log_count(" second[", LOG_WARN));
	EXPECT_EQ(1, log_count(" second[", LOG_NOTICE));

	EXPECT_EQ(EXITED(0), ktest_run(make_missing_calls_as_many, "early"));
	EXPECT_EQ(EXITED(0), ktest_run(make_missing_calls_as_many, "late"));
	EXPECT_TRUE(log_count(" early", LOG_WARN) <= NOT_IMPLEMENTED_PROGRAMS);
	EXPECT_EQ(0, log_count(" late", LOG_WARN));
	EXPECT_EQ(0, log_count(" late", LOG_NOTICE));
}

/* mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0): Linux lets root do it. */
PROGRAM(map_at_zero, LI(A0, 0), LUI(A1, 1), LI(A2, 1), LI(A3, 0x32), LI(A4, -1), LI(A4 + 1, 0),
	CALL(222), EXIT_A0);

KTEST(abi_mmap_below_0x1000_is_eperm)
{
	EXPECT_EQ(ANSWERED(EPERM), ktest_run(program_main, (void *)&map_at_zero));
}

#ifdef FAULTLINE_HARDENED

/* There is memory, but no block of the size that so many words need. */
static int wait_for_many_words(void *unused)
{
	static const struct futex_expected expected[FUTEX_WAITV_MAX];
	int err;

	(void)unused;
	alloc_fail_at = 1;
	err = futex_wait_any(expected, FUTEX_WAITV_MAX, NULL);
	return alloc_fail_at == 0 ? err : 1;
}

KTEST(abi_futex_waitv_without_memory_is_enomem)
{
	EXPECT_EQ(ANSWERED(ENOMEM), ktest_run(wait_for_many_words, NULL));
}

static int lock_or_wait(void *waits)
{
	const struct futex_word word = { .at = USER_BASE }, lock = { .at = USER_BASE + 4 };
	int err;

	alloc_fail_at = 1;
	err = waits ? futex_pi_wait(word, 0, lock, NULL) : futex_pi_lock(word, false, NULL);
	return alloc_fail_at == 0 ? err : 1;
}

KTEST(abi_futexes_with_priority_inheritance_without_memory_are_enomem)
{
	EXPECT_EQ(ANSWERED(ENOMEM), ktest_run(lock_or_wait, NULL));
	EXPECT_EQ(ANSWERED(ENOMEM), ktest_run(lock_or_wait, "waits"));
}

KTEST(abi_execve_without_memory_is_enomem)
{
	struct exec_args args;

	exec_args_init(&args, "/f", 8ul << 20);
	alloc_fail_at = 1;
	EXPECT_EQ(-ENOMEM, exec_args_add(&args, "x", false));
	EXPECT_EQ(0, alloc_fail_at);
	EXPECT_EQ(0, exec_args_add(&args, "x", false));
	exec_args_destroy(&args);
}

static int asks_to_be_traced(void *unused)
{
	int err;

	(void)unused;
	alloc_fail_at = 1;
	err = ptrace_traceme();
	return alloc_fail_at == 0 ? -err : 1;
}

KTEST(abi_ptrace_without_memory_is_enomem)
{
	EXPECT_EQ(EXITED(ENOMEM), ktest_run(asks_to_be_traced, NULL));
}

static int opens_a_userfaultfd(void *unused)
{
	int fd;

	(void)unused;
	for (unsigned n = 1; n <= 3; n++) { /* both structs, and the open file */
		alloc_fail_at = n;
		fd = userfaultfd_open(0);
		if (alloc_fail_at != 0 || fd != -ENOMEM)
			return (int)n;
	}
	return ENOMEM;
}

KTEST(abi_userfaultfd_without_memory_is_enomem)
{
	EXPECT_EQ(EXITED(ENOMEM), ktest_run(opens_a_userfaultfd, NULL));
}

/* No memory for a table of actions: the handler is not set. */
static int set_a_handler(void *unused)
{
	const struct abi_sigaction action = { .handler = 0x10000 };
	struct abi_sigaction old = { .handler = 5 };
	int err;

	(void)unused;
	alloc_fail_at = 1;
	err = signal_action(SIGINT, &action, NULL);
	if (signal_action(SIGINT, NULL, &old) || old.handler != SIG_DFL)
		return 1;
	return alloc_fail_at == 0 ? -err : 2;
}

KTEST(abi_rt_sigaction_without_memory_is_enomem)
{
	EXPECT_EQ(EXITED(ENOMEM), ktest_run(set_a_handler, NULL));
}

#endif
