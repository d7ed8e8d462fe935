/* SPDX-License-Identifier: MIT */
/* R150. The numbers of threads, right and wrong: in tkill, tgkill, kill, queued signals, and what else takes one. */
#include "thread.h"

static pid_t tid, other;
static int go;

static void *wait_for_go(void *unused)
{
	sigset_t set;

	sigfillset(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	__atomic_store_n(&tid, gettid(), __ATOMIC_SEQ_CST);
	until_flag(&go, 1);
	return unused;
}

static long queue(pid_t group, pid_t thread, int code)
{
	siginfo_t info = { .si_code = code };

	return syscall(SYS_rt_tgsigqueueinfo, group, thread, SIGUSR1, &info);
}

static long queue_process(pid_t pid, int code)
{
	siginfo_t info = { .si_code = code };

	return syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &info);
}

static void signals(void)
{
	pid_t self = getpid();

	TRY(syscall(SYS_tkill, tid, 0));
	TRY(syscall(SYS_tkill, tid, SIGUSR1));
	TRY(syscall(SYS_tkill, tid, 65));
	TRY(syscall(SYS_tkill, -tid, SIGUSR1));
	TRY(syscall(SYS_tgkill, self, tid, 0));
	TRY(syscall(SYS_tgkill, self, tid, SIGUSR1));
	TRY(syscall(SYS_tgkill, self, tid, -1));
	TRY(syscall(SYS_tgkill, tid, tid, 0));
	TRY(syscall(SYS_tgkill, tid, self, 0));
	TRY(syscall(SYS_tgkill, other, tid, 0));
	TRY(syscall(SYS_tgkill, self, other, 0));
	TRY(syscall(SYS_tgkill, other, other, 0));
	TRY(syscall(SYS_tgkill, -1, tid, 0));
	TRY(syscall(SYS_tgkill, self, -1, 0));
	TRY(syscall(SYS_tgkill, self, 999999, 0));
	TRY(kill(tid, 0));
	TRY(kill(-tid, 0));
	say("queued to a thread\n");
	TRY(queue(self, tid, SI_QUEUE));
	TRY(queue(self, tid, SI_USER));
	TRY(queue(self, tid, SI_TKILL));
	TRY(queue(self, tid, SI_KERNEL));
	TRY(queue(tid, tid, SI_QUEUE));
	TRY(queue(self, other, SI_QUEUE));
	TRY(queue(other, other, SI_QUEUE));
	TRY(queue(other, other, SI_USER));
	TRY(queue(0, tid, SI_QUEUE));
	TRY(queue(self, 0, SI_QUEUE));
	TRY(queue(self, 999999, SI_QUEUE));
	TRY(syscall(SYS_rt_tgsigqueueinfo, self, tid, SIGUSR1, (void *)8));
	TRY(syscall(SYS_rt_tgsigqueueinfo, self, tid, 65, &(siginfo_t){ .si_code = SI_QUEUE }));
	say("queued to the process\n");
	TRY(queue_process(self, SI_QUEUE));
	TRY(queue_process(tid, SI_QUEUE));
	TRY(queue_process(tid, SI_USER));
	TRY(queue_process(other, SI_USER));
}

/* By a thread that is not the first, with its own number or its process's. */
static void *queue_own(void *unused)
{
	sigset_t set;

	sigfillset(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	TRY(queue(getpid(), gettid(), SI_USER));
	TRY(queue(getpid(), gettid(), SI_TKILL));
	TRY(queue(getpid(), getpid(), SI_USER));
	TRY(queue_process(getpid(), SI_USER));
	TRY(queue_process(gettid(), SI_USER));
	TRY(queue_process(getpid(), SI_QUEUE));
	return unused;
}

/* What a thread and its process are to other calls that take a number. */
static void calls(void)
{
	struct rlimit64 limit;
	unsigned long mask;
	siginfo_t info;
	void *head;
	size_t len;
	int status;

	TRY(waitpid(tid, &status, 0));
	TRY(waitpid(tid, &status, __WALL));
	TRY(waitid(P_PID, (id_t)tid, &info, WEXITED));
	say("its process group: %d\n", getpgid(tid) == getpgid(0));
	say("its session: %d\n", getsid(tid) == getsid(0));
	TRY(setpgid(tid, 0));
	TRY(syscall(SYS_prlimit64, tid, RLIMIT_AS, NULL, &limit));
	TRY(syscall(SYS_sched_getaffinity, tid, 8, &mask));
	TRY(syscall(SYS_get_robust_list, tid, &head, &len));
	say("a list of its own: %d\n", head != NULL);
}

static void dead(void)
{
	siginfo_t info;
	int status;
	void *head;
	size_t len;

	TRY(syscall(SYS_tkill, tid, 0));
	TRY(syscall(SYS_tgkill, getpid(), tid, SIGUSR1));
	TRY(kill(tid, 0));
	TRY(queue(getpid(), tid, SI_QUEUE));
	TRY(queue_process(tid, SI_QUEUE));
	TRY(getpgid(tid));
	TRY(syscall(SYS_get_robust_list, tid, &head, &len));
	TRY(waitpid(tid, &status, __WALL));
	TRY(waitid(P_PID, (id_t)tid, &info, WEXITED));
}

static void *tell_own(void *first)
{
	say("another number %d, the same process %d %d\n", gettid() != *(pid_t *)first,
	    getpid() == *(pid_t *)first, syscall(SYS_getpid) == *(pid_t *)first);
	say("the same parent: %d\n", getppid() == other);
	return NULL;
}

/* A number is used again only when nobody has it: 2000 threads, two at a time. */
static void *give_tid(void *unused)
{
	(void)unused;
	return (void *)(long)gettid();
}

static void numbers(void)
{
	int odd = 0;

	for (int i = 0; i < 1000; i++) {
		pthread_t a = start(give_tid, NULL), b = start(give_tid, NULL);
		long first = (long)join(a), second = (long)join(b);

		odd += first <= 0 || second <= 0 || first == second || first == getpid() ||
		       second == getpid();
	}
	say("%d odd numbers\n", odd);
}

int main(void)
{
	pid_t self = getpid();
	pthread_t thread;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	other = getppid();
	join(start(tell_own, &self));
	other = fork();
	if (other == 0)
		wait_for_ever();
	thread = start(wait_for_go, NULL);
	while (__atomic_load_n(&tid, __ATOMIC_SEQ_CST) == 0)
		sched_yield();
	signals();
	join(start(queue_own, NULL));
	calls();
	raise_flag(&go);
	join(thread);
	/* The library knows of its end a moment before its number is free. */
	while (syscall(SYS_tgkill, self, tid, 0) == 0)
		sched_yield();
	dead();
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	numbers();
	return 0;
}
