/* SPDX-License-Identifier: MIT */
/* R151. Robust lists: what the words of locks say whose owner died, by a kill, an exit or exec, and who is told. */
#include "t.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>

struct lock {
	struct robust_list link;
	uint32_t word;
	uint32_t pad;
};

#define LOCKS  8
#define OFFSET offsetof(struct lock, word)

/* Shared, so that others see what became of it. */
static struct {
	struct robust_list_head head;
	struct lock locks[LOCKS];
	uint32_t ready;
} * s;

static const char *program;

static long set_list(void *head)
{
	return syscall(SYS_set_robust_list, head, sizeof(struct robust_list_head));
}

/* A list of the first n locks, the running process the owner of them all. */
static void own(int n)
{
	struct robust_list *at = &s->head.list;

	s->head.futex_offset = OFFSET;
	s->head.list_op_pending = NULL;
	for (int i = 0; i < n; i++) {
		s->locks[i].word = (uint32_t)getpid();
		at->next = &s->locks[i].link;
		at = at->next;
	}
	at->next = &s->head.list;
	set_list(&s->head);
}

static void tell(const char *what, pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	ended(what, status);
	for (int i = 0; i < LOCKS; i++) {
		uint32_t word = s->locks[i].word;

		if (word)
			say("%d:%s%s%s\n", i, word & FUTEX_WAITERS ? " waiters" : "",
			    word & FUTEX_OWNER_DIED ? " owner died" : "",
			    (word & FUTEX_TID_MASK) == (uint32_t)pid ? " tid"
			    : word & FUTEX_TID_MASK		     ? " another"
								     : "");
		s->locks[i].word = 0;
	}
	s->ready = 0;
}

static void die(void)
{
	_exit(0);
}

static void die_by_kill(void)
{
	kill(getpid(), SIGKILL);
}

static void exec_other(void)
{
	execl(program, "robust", "quiet", NULL);
	_exit(9);
}

static void run(const char *what, void (*prepare)(void), void (*end)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		prepare();
		end();
	}
	tell(what, pid);
}

/* An exit, a kill and exec set FUTEX_OWNER_DIED in the words of all locks in the list, and clear the owner. */
static void three(void)
{
	own(3);
}

/* FUTEX_WAITERS stays, for the next owner has to wake them; a word of another owner is left alone. */
static void with_others(void)
{
	own(4);
	s->locks[1].word |= FUTEX_WAITERS;
	s->locks[2].word = 1; /* not its own */
	s->locks[3].word |= FUTEX_OWNER_DIED;
}

/* The lock that is being taken or released as the owner dies counts, too, although it is not in the list. */
static void pending_too(void)
{
	own(1);
	s->locks[4].word = (uint32_t)getpid();
	s->head.list_op_pending = &s->locks[4].link;
}

/* An entry that is both pending and in the list is looked at once. */
static void pending_in_list(void)
{
	own(2);
	s->head.list_op_pending = &s->locks[0].link;
}

/* At a pointer that cannot be read the walk ends, and what was before it has been done. */
static void broken_in_the_middle(void)
{
	own(3);
	s->locks[1].link.next = (void *)8;
}

/* A word at an address that is no multiple of four ends the walk as well. */
static void misaligned(void)
{
	own(3);
	s->locks[0].link.next = (void *)((char *)&s->locks[1] + 2);
}

/* A list that leads into itself ends after 2048 entries. */
static void endless(void)
{
	own(3);
	s->locks[2].link.next = &s->locks[1].link;
}

/* If the head cannot be read, nothing is done; the end of the process is the same. */
static void head_gone(void)
{
	own(2);
	set_list((void *)8);
}

/* If the word has FUTEX_WAITERS, one sleeper is woken when the owner dies. */
static void wakes(void)
{
	pid_t owner, waiter;
	int status;

	owner = fork();
	if (owner == 0) {
		own(1);
		s->locks[0].word |= FUTEX_WAITERS;
		s->ready = 1;
		for (;;)
			pause();
	}
	while (!*(volatile uint32_t *)&s->ready)
		sched_yield();
	waiter = fork();
	if (waiter == 0)
		_exit(syscall(SYS_futex, &s->locks[0].word, FUTEX_WAIT, s->locks[0].word, NULL,
			      NULL, 0) != 0);
	while (syscall(SYS_futex, &s->locks[0].word, FUTEX_REQUEUE, 0, 1, &s->locks[0].word, 0) ==
	       0)
		sched_yield();
	kill(owner, SIGKILL);
	waitpid(waiter, &status, 0);
	ended("who waited", status);
	tell("the owner", owner);
}

/* Released, its waiters not woken yet: somebody is woken for it. */
static void released(void)
{
	struct robust_list *pending = &s->locks[0].link;
	pid_t owner, waiter;
	int status;

	waiter = fork();
	if (waiter == 0)
		_exit(syscall(SYS_futex, &s->locks[0].word, FUTEX_WAIT, 0, NULL, NULL, 0) != 0);
	while (syscall(SYS_futex, &s->locks[0].word, FUTEX_REQUEUE, 0, 1, &s->locks[0].word, 0) ==
	       0)
		sched_yield();
	owner = fork();
	if (owner == 0) {
		own(0);
		s->head.list_op_pending = pending;
		_exit(0);
	}
	waitpid(waiter, &status, 0);
	ended("who waited", status);
	tell("the owner", owner);
}

/* get_robust_list tells the head that was set last, of oneself for 0; NULL is a head, too. */
static void asks(void)
{
	struct robust_list_head *head = NULL;
	size_t len = 0;

	own(0);
	TRY(syscall(SYS_get_robust_list, 0, &head, &len));
	say("%d %zu\n", head == &s->head, len);
	TRY(syscall(SYS_get_robust_list, getpid(), &head, &len));
	say("%d\n", head == &s->head);
	TRY(syscall(SYS_get_robust_list, 999999, &head, &len));
	TRY(syscall(SYS_get_robust_list, -1, &head, &len));
	TRY(syscall(SYS_get_robust_list, 0, (void *)8, &len));
	TRY(syscall(SYS_get_robust_list, 0, &head, (void *)8));
	TRY(set_list(NULL));
	TRY(syscall(SYS_get_robust_list, 0, &head, &len));
	say("%d\n", head == NULL);
}

/* The list of another process is told to those who may trace it (EPERM), which is asked before the address is used. */
static int asks_as_a_user(void *thread)
{
	struct robust_list_head *head = NULL;
	size_t len = 0;

	if (setresgid(1000, 1000, 1000) != 0 || setresuid(1000, 1000, 1000) != 0)
		return 1;
	TRY(syscall(SYS_get_robust_list, 0, &head, &len));
	TRY(syscall(SYS_get_robust_list, getppid(), &head, &len));
	TRY(syscall(SYS_get_robust_list, *(pid_t *)thread, &head, &len));
	TRY(syscall(SYS_get_robust_list, 1, &head, &len));
	TRY(syscall(SYS_get_robust_list, 999999, &head, &len));
	TRY(syscall(SYS_get_robust_list, getppid(), (void *)8, &len));
	return 0;
}

static void *tells_its_tid(void *tid)
{
	__atomic_store_n((pid_t *)tid, gettid(), __ATOMIC_SEQ_CST);
	pause();
	return NULL;
}

/* Each thread has a list of its own; root may ask for that of any. */
static void others(void)
{
	struct robust_list_head *head = NULL;
	pid_t tid = 0;
	size_t len = 0;
	pthread_t thread;

	pthread_create(&thread, NULL, tells_its_tid, &tid);
	while (__atomic_load_n(&tid, __ATOMIC_SEQ_CST) == 0)
		nap(1);
	TRY(syscall(SYS_get_robust_list, tid, &head, &len));
	say("%d %zu\n", head != NULL, len);
	TRY(syscall(SYS_get_robust_list, 1, &head, &len));
	in_child("as a user", asks_as_a_user, &tid);
}

/* A robust mutex whose owner was killed is EOWNERDEAD for the next, and as good as new after pthread_mutex_consistent(). */
static void library(void)
{
	pthread_mutex_t *mutex = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	int status;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(mutex, &attr);
	if (fork() == 0) {
		pthread_mutex_lock(mutex);
		kill(getpid(), SIGKILL);
	}
	wait(&status);
	ended("the owner", status);
	say("lock: %s\n", strerrorname_np(pthread_mutex_lock(mutex)));
	say("consistent: %d\n", pthread_mutex_consistent(mutex));
	say("unlock: %d\n", pthread_mutex_unlock(mutex));
	say("lock: %d\n", pthread_mutex_lock(mutex));
}

static char stack[16384] __attribute__((aligned(16)));

static int ends_when_waited_for(void *unused)
{
	(void)unused;
	until_parent_sleeps();
	return 0;
}

/* Who shares the memory waits for the word that CLONE_CHILD_CLEARTID clears, as pthread_join() does. */
static void joins(void)
{
	static pid_t tid = -1;
	pid_t pid = clone(ends_when_waited_for, stack + sizeof(stack),
			  CLONE_VM | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD, NULL,
			  NULL, NULL, &tid);
	long woken = -1;
	pid_t now;

	while ((now = *(volatile pid_t *)&tid) != 0)
		woken = syscall(SYS_futex, &tid, FUTEX_WAIT, now, NULL, NULL, 0);
	result("woken", woken);
	say("joined: %d\n", waitpid(pid, NULL, 0) == pid);
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc > 1)
		return 0;
	s = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	run("exit", three, die);
	run("a kill", three, die_by_kill);
	run("exec", three, exec_other);
	run("words of others", with_others, die);
	run("pending", pending_too, die);
	run("pending, and in the list", pending_in_list, die);
	run("a broken list", broken_in_the_middle, die);
	run("a misaligned entry", misaligned, die);
	run("an endless list", endless, die);
	run("no head", head_gone, die);
	wakes();
	released();
	asks();
	others();
	library();
	joins();
	return 0;
}
