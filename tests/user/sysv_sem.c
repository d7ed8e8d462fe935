/* SPDX-License-Identifier: MIT */
/* System V semaphores: sets, operations that wait, what is undone, and who is woken. */
#include "sysv.h"

#include <pthread.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/sem.h>

#include <stdbool.h>

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif

#define KEY	0x46421000
#define SOMEONE 1000

#define OP(num, op, flg)                  \
	(struct sembuf)                   \
	{                                 \
		(num), (short)(op), (flg) \
	}
#define OPS(...)                          \
	(struct sembuf[]){ __VA_ARGS__ }, \
		sizeof((struct sembuf[]){ __VA_ARGS__ }) / sizeof(struct sembuf)

static int id; /* the set at hand */

static int operate(struct sembuf *ops, size_t n)
{
	return semop(id, ops, n);
}

static long get(int cmd, int num)
{
	int value = semctl(id, num, cmd);

	return value < 0 ? -errno : value;
}

static void make(int n)
{
	id = semget(IPC_PRIVATE, n, 0600);
	if (id < 0)
		say("no set: %s\n", strerrorname_np(errno));
}

static void drop(void)
{
	TRY(semctl(id, 0, IPC_RMID));
}

static void set(const char *what, ...)
{
	unsigned short values[8];
	va_list ap;
	int n = 0;

	va_start(ap, what);
	for (int value; (value = va_arg(ap, int)) >= 0;)
		values[n++] = (unsigned short)value;
	va_end(ap);
	say("%s: %d\n", what, semctl(id, 0, SETALL, values));
}

static void values(const char *what)
{
	unsigned short v[8] = { 0 };
	struct semid_ds ds;

	semctl(id, 0, IPC_STAT, &ds);
	semctl(id, 0, GETALL, v);
	say("%s:%s", what, "");
	for (unsigned i = 0; i < ds.sem_nsems && i < 8; i++)
		say(" %d", v[i]);
	say("\n");
}

static void tell(const char *what, int which)
{
	struct semid_ds ds;

	if (semctl(which, 0, IPC_STAT, &ds) != 0) {
		say("%s: %s\n", what, strerrorname_np(errno));
		return;
	}
	say("%s: key %x mode %o, %lu semaphores, owner %u %u, creator %u %u; times %d %d\n", what,
	    ds.sem_perm.__key, ds.sem_perm.mode, ds.sem_nsems, ds.sem_perm.uid, ds.sem_perm.gid,
	    ds.sem_perm.cuid, ds.sem_perm.cgid, ds.sem_otime != 0, ds.sem_ctime != 0);
}

/* A set is found by its key if it has as many semaphores as asked for; 0 asks for none. */
static void keys(void)
{
	int other;

	TRY(semget(KEY, 1, 0600));
	TRY(semget(KEY, 0, IPC_CREAT | 0600));
	TRY(semget(KEY, -1, IPC_CREAT | 0600));
	TRY(semget(KEY, 32001, IPC_CREAT | 0600));
	id = semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0640);
	say("made: %d\n", id >= 0);
	tell("fresh", id);
	values("fresh");
	TRY(semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0640));
	TRY(semget(KEY, 3, IPC_CREAT) == id);
	TRY(semget(KEY, 2, 0) == id);
	TRY(semget(KEY, 0, 0) == id);
	TRY(semget(KEY, 4, 0));
	other = semget(IPC_PRIVATE, 32000, 0600);
	say("large: %d\n", other >= 0);
	tell("large", other);
	TRY(semctl(other, 31999, SETVAL, 7));
	TRY(semctl(other, 31999, GETVAL));
	TRY(semctl(other, 0, IPC_RMID));
	TRY(semctl(other, 0, IPC_RMID));
	TRY(semop(other, OPS(OP(0, 1, 0))));
	drop();
	TRY(semget(KEY, 1, 0));
}

/* All operations of a call are done, or none; each is tried on the result of those before it. */
static void operations(void)
{
	struct sembuf many[501] = { 0 };

	make(3);
	TRY(semop(id, OPS(OP(0, 2, 0), OP(1, 1, 0), OP(2, 0, 0))));
	values("added");
	tell("used", id);
	say("pids: %d %d %d\n", get(GETPID, 0) == getpid(), get(GETPID, 1) == getpid(),
	    get(GETPID, 2) == getpid());
	TRY(semop(id, OPS(OP(0, -1, 0), OP(1, -2, IPC_NOWAIT))));
	values("none of them");
	TRY(semop(id, OPS(OP(0, -2, 0), OP(0, 0, 0), OP(0, 5, 0), OP(0, -1, 0))));
	values("one after the other");
	TRY(semop(id, OPS(OP(0, 0, IPC_NOWAIT))));
	TRY(semop(id, OPS(OP(2, 0, IPC_NOWAIT))));
	TRY(semop(id, OPS(OP(0, 32767, 0))));
	TRY(semop(id, OPS(OP(0, 1, 0), OP(1, 32767, 0))));
	TRY(semop(id, OPS(OP(0, 32763, 0))));
	TRY(semop(id, OPS(OP(0, -32767, 0), OP(0, 1, 0), OP(0, 32766, 0), OP(0, 1, 0))));
	values("still");
	TRY(semop(id, OPS(OP(0, -32768, IPC_NOWAIT))));
	TRY(semop(id, OPS(OP(3, 1, 0))));
	TRY(semop(id, OPS(OP(0, 1, 0), OP(65535, 0, 0))));
	TRY(semop(id, many, 0));
	TRY(semop(id, many, 501));
	TRY(semop(id, many, -1ul));
	TRY(semctl(id, 0, SETVAL, 0));
	for (int i = 0; i < 500; i++)
		many[i].sem_op = (short)(i % 2 ? -1 : 1);
	TRY(semop(id, many, 500));
	TRY(semop(id, many, 499));
	values("after 999 operations");
	TRY(semop(-1, many, 1));
	TRY(semop(id + 1, many, 1));
	TRY(semop(id, (struct sembuf *)8, 1));
	drop();
}

/* A value above 32767 is ERANGE, and then SETALL has set nothing. */
static void control(void)
{
	unsigned short v[8] = { 1, 2, 40000 };
	struct seminfo info;
	struct semid_ds ds;
	int index;

	make(3);
	TRY(semctl(id, 0, SETVAL, 32767));
	TRY(semctl(id, 0, SETVAL, 32768));
	TRY(semctl(id, 0, SETVAL, -1));
	TRY(semctl(id, 3, SETVAL, 1));
	TRY(semctl(id, -1, SETVAL, 1));
	TRY(semctl(id, 0, SETALL, v));
	values("as before");
	say("pids: %d %d\n", get(GETPID, 0) == getpid(), get(GETPID, 1) == 0);
	v[2] = 3;
	TRY(semctl(id, 99, SETALL, v));
	values("set");
	say("pids: %d %d\n", get(GETPID, 0) == getpid(), get(GETPID, 1) == getpid());
	TRY(semctl(id, 1, GETVAL));
	TRY(semctl(id, 3, GETVAL));
	TRY(semctl(id, -1, GETVAL));
	TRY(semctl(id, 3, GETPID));
	TRY(semctl(id, 3, GETNCNT));
	TRY(semctl(id, 3, GETZCNT));
	TRY(semctl(id, 0, GETNCNT));
	TRY(semctl(id, 0, GETZCNT));
	TRY(semctl(id, 0, GETALL, (void *)8));
	TRY(semctl(id, 0, SETALL, (void *)8));
	TRY(semctl(id, 0, 99));
	TRY(semctl(-1, 0, GETVAL));
	TRY(semctl(id + 1, 0, GETVAL));
	TRY(semctl(id + 1, 0, SETVAL, 1));
	TRY(semctl(id + 1, 0, GETALL, v));
	index = semctl(0, 0, IPC_INFO, &info);
	say("mni %d mns %d msl %d opm %d ume %d usz %d vmx %d aem %d mnu %d map %d\n", info.semmni,
	    info.semmns, info.semmsl, info.semopm, info.semume, info.semusz, info.semvmx,
	    info.semaem, info.semmnu, info.semmap);
	TRY(semctl(0, 0, SEM_INFO, &info) == index);
	say("%d sets, %d semaphores\n", info.semusz, info.semaem);
	TRY(semctl(index, 0, SEM_STAT, &ds) == id);
	TRY(semctl(index, 0, SEM_STAT_ANY, &ds) == id);
	TRY(semctl(index + 1, 0, SEM_STAT, &ds));
	TRY(semctl(id, 0, IPC_STAT, (void *)8));
	TRY(semctl(id, 0, IPC_SET, (void *)8));
	TRY(semctl(id, 0, IPC_INFO, (void *)8));
	drop();
}

/* ---- waiting ---- */

/* Returns when so many wait for more of a semaphore, or for its zero. */
static void until_waiting(int num, long n, long zeros)
{
	for (int i = 0; i < 5000; i++) {
		if (get(GETNCNT, num) == n && get(GETZCNT, num) == zeros)
			return;
		nap(1);
	}
	say("%ld and %ld wait\n", get(GETNCNT, num), get(GETZCNT, num));
}

/* A child that makes the call and exits with 0, or the errno. */
static pid_t child(struct sembuf *ops, size_t n)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(operate(ops, n) ? errno : 0);
	return pid;
}

static void collect(const char *what, pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	if (WIFEXITED(status))
		say("%s: %s\n", what,
		    WEXITSTATUS(status) ? strerrorname_np(WEXITSTATUS(status)) : "done");
	else
		ended(what, status);
}

static bool runs(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

static void waits(void)
{
	struct timespec hour = { 3600, 0 };
	pid_t a, b, c;

	make(3);
	a = child(OPS(OP(0, -1, 0)));
	until_waiting(0, 1, 0);
	TRY(semop(id, OPS(OP(0, 1, 0))));
	collect("one more", a);
	values("taken");
	say("by the child: %d\n", get(GETPID, 0) == a);
	TRY(semctl(id, 0, SETVAL, 2));
	a = child(OPS(OP(0, 0, 0)));
	until_waiting(0, 0, 1);
	TRY(semop(id, OPS(OP(0, -1, 0))));
	say("not zero yet: %d\n", runs(a));
	TRY(semop(id, OPS(OP(0, -1, 0))));
	collect("zero", a);

	/* The oldest that can go on does, and not the oldest. */
	a = child(OPS(OP(0, -3, 0)));
	until_waiting(0, 1, 0);
	b = child(OPS(OP(0, -1, 0)));
	until_waiting(0, 2, 0);
	c = child(OPS(OP(0, -1, 0)));
	until_waiting(0, 3, 0);
	TRY(semop(id, OPS(OP(0, 1, 0))));
	collect("the second", b);
	say("others: %d %d\n", runs(a), runs(c));
	TRY(semop(id, OPS(OP(0, 3, 0))));
	collect("the first", a);
	say("the third: %d\n", runs(c));
	TRY(semctl(id, 0, SETVAL, 1));
	collect("the third", c);
	values("none is left");

	/* A newcomer is not behind those who wait for more. */
	a = child(OPS(OP(0, -2, 0)));
	until_waiting(0, 1, 0);
	TRY(semop(id, OPS(OP(0, 1, 0))));
	TRY(semop(id, OPS(OP(0, -1, IPC_NOWAIT))));
	TRY(semop(id, OPS(OP(0, 2, 0))));
	collect("at last", a);

	/* One that is carried out allows the next. */
	c = child(OPS(OP(2, -1, 0)));
	until_waiting(2, 1, 0);
	b = child(OPS(OP(1, -1, 0), OP(2, 1, 0)));
	until_waiting(1, 1, 0);
	a = child(OPS(OP(0, -1, 0), OP(1, 1, 0)));
	until_waiting(0, 1, 0);
	TRY(semop(id, OPS(OP(0, 1, 0))));
	collect("a", a);
	collect("b", b);
	collect("c", c);
	values("passed on");

	/* Of several operations the one that blocks is counted. */
	a = child(OPS(OP(0, 1, 0), OP(1, -1, 0), OP(2, -1, 0)));
	until_waiting(1, 1, 0);
	say("counted: %ld %ld %ld\n", get(GETNCNT, 0), get(GETNCNT, 1), get(GETNCNT, 2));
	TRY(semop(id, OPS(OP(1, 1, 0))));
	until_waiting(2, 1, 0);
	say("counted: %ld %ld %ld\n", get(GETNCNT, 0), get(GETNCNT, 1), get(GETNCNT, 2));
	values("nothing is taken yet");
	TRY(semop(id, OPS(OP(2, 1, 0))));
	collect("both", a);
	values("both were taken");

	/* One that waits and cannot be carried out any more. */
	set("set", 32767, 0, 0, -1);
	a = child(OPS(OP(1, -1, 0), OP(0, 1, 0)));
	until_waiting(1, 1, 0);
	TRY(semop(id, OPS(OP(1, 1, 0))));
	collect("too large now", a);
	values("nothing was done");

	a = fork();
	if (a == 0)
		_exit(semtimedop(id, OPS(OP(2, -1, 0)), &hour) ? errno : 0);
	b = child(OPS(OP(0, 0, 0)));
	until_waiting(2, 1, 0);
	until_waiting(0, 0, 1);
	drop();
	collect("semtimedop, removed", a);
	collect("semop, removed", b);
}

static void handler(int sig)
{
	(void)sig;
}

/* A handler ends the wait with EINTR in spite of SA_RESTART, and so does a stop. */
static int interrupted(void *arg)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	const struct timespec hour = { 3600, 0 };

	(void)arg;
	sigaction(SIGUSR1, &action, NULL);
	TRY(semop(id, OPS(OP(0, -1, 0))));
	TRY(semtimedop(id, OPS(OP(0, 0, 0), OP(1, -1, 0)), &hour));
	return 0;
}

/* semtimedop: a time of 0 does not wait (EAGAIN), and a bad time is EINVAL. */
static void endings(void)
{
	struct timespec tenth = { 0, 20000000 }, none = { 0, 0 }, bad = { 0, 1000000000 },
			negative = { -1, 0 };
	pid_t pid;

	make(2);
	TRY(semtimedop(id, OPS(OP(0, -1, 0)), &tenth));
	TRY(semtimedop(id, OPS(OP(0, -1, 0)), &none));
	TRY(semtimedop(id, OPS(OP(0, -1, 0)), &bad));
	TRY(semtimedop(id, OPS(OP(0, -1, 0)), &negative));
	TRY(semtimedop(id, OPS(OP(0, -1, 0)), (struct timespec *)8));
	TRY(semtimedop(id, OPS(OP(0, 1, 0)), &none));
	TRY(semtimedop(id, OPS(OP(2, 1, 0)), &none));
	TRY(semtimedop(id, OPS(OP(0, 32767, 0)), &none));
	TRY(semtimedop(id, OPS(OP(0, -1, 0)), NULL));
	say("waiting: %ld\n", get(GETNCNT, 0));
	pid = fork();
	if (pid == 0)
		_exit(interrupted(NULL));
	until_waiting(0, 1, 0);
	kill(pid, SIGUSR1);
	until_waiting(1, 1, 0);
	kill(pid, SIGSTOP);
	waitpid(pid, NULL, WUNTRACED);
	kill(pid, SIGCONT);
	collect("stopped", pid);
	pid = child(OPS(OP(0, -1, 0)));
	until_waiting(0, 1, 0);
	kill(pid, SIGKILL);
	collect("killed", pid);
	say("waiting: %ld\n", get(GETNCNT, 0));
	drop();
}

/* ---- undoing ---- */

/* SEM_UNDO: at the end of the process its sum for each semaphore is taken back; what was refused is not in it. */
static int undoes(void *arg)
{
	(void)arg;
	TRY(semop(id, OPS(OP(0, 3, SEM_UNDO), OP(1, -2, SEM_UNDO), OP(2, 1, 0))));
	TRY(semop(id, OPS(OP(0, -1, SEM_UNDO), OP(1, -100, IPC_NOWAIT | SEM_UNDO))));
	TRY(semop(id, OPS(OP(0, -1, SEM_UNDO))));
	values("in the child");
	return 0;
}

/* SETVAL and SETALL drop what is to be undone of the values that they set. */
static int undo_is_dropped(void *arg)
{
	TRY(semop(id, OPS(OP(0, 1, SEM_UNDO), OP(1, 1, SEM_UNDO), OP(2, 1, SEM_UNDO))));
	if (arg)
		set("all set", 5, 5, 5, -1);
	else
		TRY(semctl(id, 1, SETVAL, 5));
	return 0;
}

/* What is to be undone outlives an exec. */
static int undo_is_inherited_by_exec(void *arg)
{
	char text[16];

	(void)arg;
	TRY(semop(id, OPS(OP(0, 1, SEM_UNDO))));
	snprintf(text, sizeof(text), "%d", id);
	execl("/proc/self/exe", "sysv_sem", text, NULL);
	return 98;
}

/* A child does not undo what its parent did. */
static int undo_is_not_inherited_by_fork(void *arg)
{
	(void)arg;
	TRY(semop(id, OPS(OP(0, 1, SEM_UNDO))));
	if (fork() == 0)
		_exit(0);
	wait(NULL);
	values("a child has ended");
	return 0;
}

/* A sum to undo that exceeds 32767 is ERANGE. */
static int too_much_to_undo(void *arg)
{
	(void)arg;
	TRY(semop(id, OPS(OP(0, 32767, SEM_UNDO))));
	TRY(semop(id, OPS(OP(0, -32767, 0))));
	TRY(semop(id, OPS(OP(0, 1, SEM_UNDO))));
	TRY(semop(id, OPS(OP(0, 2, SEM_UNDO))));
	values("in the child");
	return 0;
}

static void *undoes_in_a_thread(void *arg)
{
	(void)arg;
	TRY(semop(id, OPS(OP(0, 1, SEM_UNDO))));
	return NULL;
}

/* Threads share what is to be undone: it waits for the end of the last. */
static int threads_share(void *arg)
{
	pthread_t thread;

	(void)arg;
	pthread_create(&thread, NULL, undoes_in_a_thread, NULL);
	pthread_join(thread, NULL);
	values("the thread has ended");
	return 0;
}

/* With CLONE_SYSVSEM processes share it like threads, and the last that ends undoes. */
static int processes_share(void *arg)
{
	long pid;

	(void)arg;
	pid = syscall(SYS_clone, CLONE_SYSVSEM | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		operate(OPS(OP(0, 1, SEM_UNDO)));
		_exit(0);
	}
	waitpid((pid_t)pid, NULL, 0);
	values("a child that shares has ended");
	TRY(semop(id, OPS(OP(1, 1, SEM_UNDO))));
	return 0;
}

/* Who leaves what it shares with nobody has it undone at once. */
static int leaves(void *arg)
{
	(void)arg;
	TRY(unshare(CLONE_SYSVSEM));
	TRY(semop(id, OPS(OP(0, 1, SEM_UNDO))));
	TRY(unshare(CLONE_FILES));
	values("something else is left");
	TRY(unshare(CLONE_SYSVSEM));
	values("left");
	TRY(semop(id, OPS(OP(1, 1, SEM_UNDO))));
	return 0;
}

/* Who leaves shared undos leaves them to the others, and has its own from then on. */
static int leaves_another(void *arg)
{
	long pid;

	(void)arg;
	pid = syscall(SYS_clone, CLONE_SYSVSEM | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		operate(OPS(OP(0, 1, SEM_UNDO)));
		TRY(unshare(CLONE_SYSVSEM));
		operate(OPS(OP(1, 1, SEM_UNDO)));
		values("a child leaves");
		_exit(0);
	}
	waitpid((pid_t)pid, NULL, 0);
	values("it has ended");
	return 0;
}

static void *leaves_in_a_thread(void *arg)
{
	TRY(semop(id, OPS(OP(0, 1, SEM_UNDO))));
	TRY(unshare(CLONE_SYSVSEM));
	return arg;
}

static int a_thread_leaves(void *arg)
{
	pthread_t thread;

	(void)arg;
	pthread_create(&thread, NULL, leaves_in_a_thread, NULL);
	pthread_join(thread, NULL);
	values("a thread has left");
	return 0;
}

/* Undoing stops at 0. */
static int below_zero(void *arg)
{
	(void)arg;
	TRY(semop(id, OPS(OP(0, 5, SEM_UNDO))));
	TRY(semop(id, OPS(OP(0, -3, 0))));
	return 0;
}

/* A kill undoes like an exit. */
static int is_killed(void *arg)
{
	(void)arg;
	operate(OPS(OP(0, -1, SEM_UNDO)));
	raise(SIGKILL);
	return 0;
}

/* Another child waits for what this one has taken, and gets it at the end. */
static int takes_for_a_while(void *arg)
{
	(void)arg;
	TRY(semop(id, OPS(OP(0, -1, SEM_UNDO))));
	TRY(semop(id, OPS(OP(1, 1, 0))));
	until_waiting(0, 1, 0);
	return 0;
}

/* With a set goes what was to be undone in it. */
static int in_removed_set(void *arg)
{
	(void)arg;
	TRY(semop(id, OPS(OP(0, 1, SEM_UNDO))));
	drop();
	TRY(semop(id, OPS(OP(0, 1, SEM_UNDO))));
	return 0;
}

static void undoing(void)
{
	pid_t pid;

	make(3);
	set("set", 10, 10, 10, -1);
	in_child("undoes", undoes, NULL);
	values("undone");
	in_child("one is set", undo_is_dropped, NULL);
	values("the one stays");
	in_child("all are set", undo_is_dropped, "");
	values("all stay");
	in_child("execs", undo_is_inherited_by_exec, NULL);
	values("the same process");
	in_child("forks", undo_is_not_inherited_by_fork, NULL);
	values("at the end of the parent");
	set("set", 0, 0, 0, -1);
	in_child("much", too_much_to_undo, NULL);
	values("what was undone");
	set("set", 5, 5, 5, -1);
	in_child("threads", threads_share, NULL);
	values("at the end of the process");
	in_child("processes", processes_share, NULL);
	values("at the end of both");
	in_child("leaves", leaves, NULL);
	values("at the end");
	in_child("leaves another", leaves_another, NULL);
	values("at the end of the other");
	in_child("leaves in a thread", a_thread_leaves, NULL);
	values("at the end");
	set("set", 0, 0, 0, -1);
	in_child("below zero", below_zero, NULL);
	values("no less than zero");
	set("set", 1, 0, 0, -1);
	pid = child(OPS(OP(0, -2, 0)));
	until_waiting(0, 1, 0);
	TRY(semop(id, OPS(OP(0, 1, IPC_NOWAIT | SEM_UNDO))));
	collect("woken", pid);
	TRY(semctl(id, 0, SETVAL, 1));
	in_child("killed", is_killed, NULL);
	values("undone after a kill");
	TRY(semctl(id, 0, SETVAL, 0));
	pid = child(OPS(OP(0, -1, SEM_UNDO)));
	until_waiting(0, 1, 0);
	TRY(semop(id, OPS(OP(0, 1, 0))));
	collect("took one and ended", pid);
	values("given back");
	pid = child(OPS(OP(0, -2, 0)));
	until_waiting(0, 1, 0);
	in_child("gives one for a while", undo_is_not_inherited_by_fork, NULL);
	collect("that was enough", pid);
	values("now");
	TRY(semctl(id, 0, SETVAL, 1));
	TRY(semctl(id, 1, SETVAL, 0));
	pid = fork();
	if (pid == 0) { /* when the other has taken it */
		operate(OPS(OP(1, -1, 0)));
		_exit(operate(OPS(OP(0, -1, 0))) ? errno : 0);
	}
	in_child("takes one for a while", takes_for_a_while, NULL);
	collect("waited for that", pid);
	values("now");
	in_child("removes", in_removed_set, NULL);
	tell("removed", id);
}

/* ---- who may ---- */

/* semop needs the right to write, or only to read if it waits for zero; IPC_SET and IPC_RMID are the owner's and creator's. */
static int as_another(void *arg)
{
	struct semid_ds ds;
	unsigned short v[2];

	(void)arg;
	TRY(setresgid(SOMEONE, SOMEONE, SOMEONE));
	TRY(setresuid(SOMEONE, SOMEONE, SOMEONE));
	TRY(semget(KEY, 1, 0600));
	TRY(semget(KEY, 1, 0004) == id);
	TRY(semget(KEY, 3, 0600));
	TRY(semop(id, OPS(OP(0, 1, 0))));
	TRY(semtimedop(id, OPS(OP(0, 1, 0)), NULL));
	TRY(semop(id, OPS(OP(0, 0, 0))));
	TRY(semop(id, OPS(OP(9, 1, 0))));
	TRY(semctl(id, 0, GETVAL));
	TRY(semctl(id, 0, GETALL, v));
	TRY(semctl(id, 0, SETVAL, 1));
	TRY(semctl(id, 9, SETVAL, 1));
	TRY(semctl(id, 0, SETALL, v));
	TRY(semctl(id, 0, IPC_STAT, &ds));
	TRY(semctl(id, 0, IPC_SET, &ds));
	TRY(semctl(id, 0, IPC_RMID));
	return 0;
}

/* An owner without the right to read may still change the set and remove it. */
static int as_owner(void *arg)
{
	struct semid_ds ds = { .sem_perm = { .uid = SOMEONE } };

	(void)arg;
	TRY(setresuid(SOMEONE, SOMEONE, SOMEONE));
	TRY(semop(id, OPS(OP(0, 1, 0))));
	TRY(semop(id, OPS(OP(0, 0, IPC_NOWAIT))));
	TRY(semctl(id, 0, GETVAL));
	TRY(semctl(id, 9, GETVAL));
	TRY(semctl(id, 0, IPC_STAT, &ds));
	TRY(semctl(id, 0, IPC_SET, &ds));
	TRY(semctl(id, 0, IPC_RMID));
	return 0;
}

/* IPC_SET gives a set away and changes its mode; ids of -1 are EINVAL. */
static void permissions(void)
{
	struct semid_ds ds;

	id = semget(KEY, 2, IPC_CREAT | 0604);
	in_child("another user", as_another, NULL);
	TRY(semctl(id, 0, IPC_STAT, &ds));
	ds.sem_perm.uid = SOMEONE;
	ds.sem_perm.mode = 07200;
	TRY(semctl(id, 0, IPC_SET, &ds));
	tell("given away", id);
	ds.sem_perm.gid = -1;
	TRY(semctl(id, 0, IPC_SET, &ds));
	in_child("the owner", as_owner, NULL);
	tell("gone", id);
}

/* ---- files and limits ---- */

static void lists(void)
{
	int ids[3];

	for (int i = 0; i < 3; i++)
		ids[i] = semget(IPC_PRIVATE, 1, 0600);
	tell_lines_of("/proc/sysvipc/sem", ids);
	for (int i = 0; i < 3; i++)
		semctl(ids[i], 0, IPC_RMID);
}

static void files(void)
{
	FILE *file = fopen("/proc/sysvipc/sem", "r");
	char line[512];
	int fd;

	id = semget(KEY, 2, IPC_CREAT | 0640);
	while (fgets(line, sizeof(line), file)) {
		int key = 0, found = 0, mode, uid, gid, cuid, cgid, nsems;
		int n = sscanf(line, "%d %d %o %d %d %d %d %d", &key, &found, &mode, &nsems, &uid,
			       &gid, &cuid, &cgid);

		if (n == 0)
			say("%s", line);
		else if (found == id)
			say("%x %o %d %d %d %d %d, %zu bytes\n", key, mode, nsems, uid, gid, cuid,
			    cgid, strlen(line));
	}
	fclose(file);
	fd = open("/proc/sys/kernel/sem", O_RDWR);
	line[read(fd, line, sizeof(line) - 1)] = '\0';
	say("%s", line);
	lseek(fd, 0, SEEK_SET);
	/* Limits: of a set (EINVAL), of all semaphores (ENOSPC), of operations (E2BIG), of sets (ENOSPC). */
	TRY(write(fd, "3 6 2 5", 7));
	TRY(semget(IPC_PRIVATE, 4, 0600));
	TRY(semget(IPC_PRIVATE, 3, 0600) >= 0);
	TRY(semget(IPC_PRIVATE, 2, 0600));
	TRY(semop(id, OPS(OP(0, 1, 0), OP(0, 1, 0), OP(0, 1, 0))));
	TRY(semop(id, OPS(OP(0, 1, 0), OP(0, 1, 0))));
	lseek(fd, 0, SEEK_SET);
	TRY(write(fd, "32000 1024000000 500 2", 22));
	TRY(semget(IPC_PRIVATE, 1, 0600));
	lseek(fd, 0, SEEK_SET);
	TRY(write(fd, "32000 1024000000 500 32000", 26));
	close(fd);
	drop();
	for (int i = 0; i < 64; i++) {
		struct semid_ds ds;
		int other = semctl(i, 0, SEM_STAT, &ds);

		if (other >= 0 && ds.sem_nsems == 3)
			TRY(semctl(other, 0, IPC_RMID));
	}
}

/* Many that pass a token on: each value that comes is taken by one. */
static void ring(void)
{
	enum { MEMBERS = 8, TURNS = 200 };
	pid_t pids[MEMBERS];

	make(MEMBERS);
	for (int i = 0; i < MEMBERS; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		for (int n = 0; n < TURNS; n++) {
			if (operate(OPS(OP((unsigned short)i, -1, 0))) ||
			    operate(OPS(OP((unsigned short)((i + 1) % MEMBERS), 1, 0))))
				_exit(errno);
		}
		_exit(0);
	}
	TRY(semop(id, OPS(OP(0, 1, 0))));
	for (int i = 0; i < MEMBERS; i++)
		collect("member", pids[i]);
	values("the token");
	drop();
}

/* Operations on sets of one key that others remove meanwhile. */
static int plays(int turns)
{
	struct timespec soon = { 0, 1000000 };

	for (int i = 0; i < turns; i++) {
		id = semget(KEY, 2, IPC_CREAT | 0600);
		operate(OPS(OP(0, 1, SEM_UNDO), OP(1, 1, 0)));
		semtimedop(id, OPS(OP(0, -1, SEM_UNDO)), &soon);
		semtimedop(id, OPS(OP(1, -2, i % 2 ? SEM_UNDO : 0)), &soon);
		if (i % 5 == 0)
			semctl(id, 0, IPC_RMID);
		if (i % 7 == 0 && fork() == 0)
			_exit(operate(OPS(OP(0, 1, SEM_UNDO))) && errno != EINVAL &&
			      errno != EIDRM);
	}
	while (wait(NULL) > 0)
		continue;
	return 0;
}

static void storm(void)
{
	struct seminfo info;
	int before, status, bad = 0;

	semctl(0, 0, SEM_INFO, &info);
	before = info.semusz;
	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(plays(60));
	while (wait(&status) > 0)
		bad += status != 0;
	semctl(semget(KEY, 0, 0), 0, IPC_RMID);
	semctl(0, 0, SEM_INFO, &info);
	say("storm: %d went wrong, %d are left\n", bad, info.semusz - before);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		id = atoi(argv[1]);
		values("in another image");
		return 0;
	}
	alarm(100); /* a wait that nobody ends */
	keys();
	operations();
	control();
	waits();
	endings();
	undoing();
	permissions();
	lists();
	files();
	ring();
	storm();
	return 0;
}
