/* SPDX-License-Identifier: MIT */
/* Each error of the calls about processes, signals and time, by the call's own name: docs/ABI.md
 * has the list. */
#include "t.h"

#define BAD ((void *)8)

static void births_and_ends(void)
{
	struct rlimit64 limit = { 2, 1 };
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	TRY(syscall(SYS_clone, 0x00010000 | SIGCHLD, 0, 0, 0, 0)); /* CLONE_THREAD */
	TRY(syscall(SYS_clone, 0x00000800 | SIGCHLD, 0, 0, 0, 0)); /* CLONE_SIGHAND */
	TRY(syscall(SYS_wait4, child, NULL, 0, BAD));
	TRY(syscall(SYS_wait4, -1, NULL, 0, NULL));
	TRY(syscall(SYS_wait4, child, NULL, WNOHANG, NULL));
	TRY(syscall(SYS_wait4, 0, NULL, 0, NULL));
	TRY(syscall(SYS_wait4, -4711, NULL, 0, NULL));
	TRY(syscall(SYS_wait4, INT32_MIN, NULL, 0, NULL));
	TRY(syscall(SYS_wait4, -1, NULL, 0x100, NULL));
	TRY(syscall(SYS_set_robust_list, NULL, 23));
	TRY(syscall(SYS_prlimit64, 0, RLIMIT_AS, BAD, NULL));
	TRY(syscall(SYS_prlimit64, 0, RLIMIT_AS, NULL, BAD));
	TRY(syscall(SYS_prlimit64, 0, 16, NULL, NULL));
	TRY(syscall(SYS_prlimit64, getppid(), 16, NULL, NULL));
	TRY(syscall(SYS_prlimit64, 0, RLIMIT_AS, &limit, NULL));
	TRY(syscall(SYS_prlimit64, 999999, RLIMIT_AS, NULL, NULL));
	TRY(syscall(SYS_prlimit64, -1, RLIMIT_AS, NULL, NULL));
	TRY(syscall(SYS_getrusage, RUSAGE_SELF, BAD));
	TRY(syscall(SYS_getrusage, 2, BAD));
	TRY(syscall(SYS_uname, BAD));
	TRY(syscall(SYS_getrandom, BAD, 8, 0));
	TRY(syscall(SYS_getrandom, NULL, 0, 8));
	TRY(syscall(SYS_getrandom, NULL, 0, 6)); /* GRND_RANDOM | GRND_INSECURE */
}

static void signals(void)
{
	uint64_t set = 0;

	TRY(syscall(SYS_kill, getpid(), 65));
	TRY(syscall(SYS_kill, getpid(), -1));
	TRY(syscall(SYS_kill, 999999, 0));
	TRY(syscall(SYS_tkill, getpid(), 65));
	TRY(syscall(SYS_tkill, 0, 0));
	TRY(syscall(SYS_tkill, 999999, 0));
	TRY(syscall(SYS_tgkill, getpid(), getpid(), 65));
	TRY(syscall(SYS_tgkill, 0, getpid(), 0));
	TRY(syscall(SYS_tgkill, getpid(), 0, 0));
	TRY(syscall(SYS_tgkill, getpid(), getppid(), 0));
	TRY(syscall(SYS_tgkill, 999999, 999999, 0));
	TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD, NULL, 8));
	TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, BAD, 8));
	TRY(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 16));
	TRY(syscall(SYS_rt_sigprocmask, 3, &set, NULL, 8));
}

static void sleeps(long sec, long nsec)
{
	struct timespec t = { sec, nsec };

	say("%ld s, %ld ns\n", sec, nsec);
	TRY(syscall(SYS_nanosleep, &t, NULL));
	TRY(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &t, NULL));
	TRY(syscall(SYS_clock_nanosleep, CLOCK_BOOTTIME, 1, &t, NULL));
}

static void clocks(void)
{
	static const int known[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 20 };
	struct timespec zero = { 0, 0 };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		say("clock %d\n", known[i]);
		TRY(syscall(SYS_clock_gettime, known[i], BAD));
		TRY(syscall(SYS_clock_getres, known[i], BAD));
	}
	for (int clock = 0; clock < 8; clock++)
		if (clock != 2) { /* our own time: it would not go on while we sleep */
			say("clock %d\n", clock);
			TRY(syscall(SYS_clock_nanosleep, clock, 0, &zero, NULL));
		}
	TRY(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &zero, NULL));
	TRY(syscall(SYS_clock_nanosleep, 12, 0, &zero, NULL));
	TRY(syscall(SYS_clock_nanosleep, 99, 0, &zero, NULL));
	TRY(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, NULL));
	TRY(syscall(SYS_nanosleep, BAD, NULL));
}

int main(void)
{
	births_and_ends();
	signals();
	sleeps(-1, 0);
	sleeps(0, -1);
	sleeps(0, 1000000000);
	clocks();
	return 0;
}
