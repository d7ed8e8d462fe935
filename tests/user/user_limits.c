/* SPDX-License-Identifier: MIT */
/* RLIMIT_NPROC, SIGPENDING and MEMLOCK: below each, at it, above it, for whom it does not hold, raised; limits of others. */
#include "t.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/shm.h>

static void word(const char *what, long value)
{
	say("%s %s, ", what, value < 0 ? strerrorname_np(errno) : "ok");
}

static long set(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit limit = { soft, hard };

	return setrlimit(resource, &limit);
}

#define TRY_SET(...) (line_of(__LINE__), result("setrlimit", set(__VA_ARGS__)))

static void become(uid_t uid)
{
	setgroups(0, NULL);
	setresgid(uid, uid, uid);
	setresuid(uid, uid, uid);
}

/* Of an effective root, keeps one capability as another user. */
static long keep(uid_t uid, int cap)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	prctl(PR_SET_KEEPCAPS, 1);
	become(uid);
	data[cap / 32].effective = data[cap / 32].permitted = 1u << cap % 32;
	return syscall(SYS_capset, &header, data);
}

/* ---- RLIMIT_NPROC ---- */

#define MANY 20
static pid_t pids[MANY];
static int npids;

/* Forks processes that wait until it fails; at most `most`. */
static void fork_all(const char *what, int most)
{
	int n = 0;
	pid_t pid = 0;

	while (n < most && (pid = fork()) > 0) {
		pids[npids++] = pid;
		n++;
	}
	if (pid == 0 && most > 0 && n < most)
		for (;;)
			pause();
	say("%s: %d%s%s\n", what, n, n < most ? ", " : "", n < most ? strerrorname_np(errno) : "");
}

static void end_one(void)
{
	pid_t pid = pids[--npids];

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void end_all(void)
{
	while (npids > 0)
		end_one();
}

static void *wait_for_byte(void *end)
{
	char byte;

	return read(*(int *)end, &byte, 1) == 1 ? NULL : end;
}

static void until_threads(long n)
{
	while (number_in_status(getpid(), "Threads") != n)
		nap(1);
}

/* Each thread counts like a process. */
static void threads(void)
{
	pthread_t thread[MANY];
	int n = 0, err, ends[2];

	pipe(ends);
	while ((err = pthread_create(&thread[n], NULL, wait_for_byte, &ends[0])) == 0)
		n++;
	say("%d threads, then %s\n", n, strerrorname_np(err));
	TRY(fork());
	for (int i = 0; i < n; i++)
		write(ends[1], "x", 1);
	for (int i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	until_threads(1);
	fork_all("when they have ended", 1);
	end_all();
}

static int spawned(char *const argv[])
{
	posix_spawnattr_t attr;
	char *environment[] = { NULL };
	pid_t pid;
	int err;

	posix_spawnattr_init(&attr);
	err = posix_spawn(&pid, argv[0], NULL, &attr, argv, environment);
	if (!err)
		waitpid(pid, NULL, 0);
	return err;
}

static char *volatile nowhere = (char *)8;
static char *self[] = { NULL, "exits", NULL };

/* RLIMIT_NPROC counts the user's tasks, zombies too, and does not hold for root; a limit below their number ends none. */
static int processes(void *unused)
{
	siginfo_t info;
	int err;

	(void)unused;
	TRY_SET(RLIMIT_NPROC, 4, 6);
	fork_all("root", 8);
	end_all();
	become(2001);
	fork_all("another user", 8);
	err = spawned(self);
	say("spawn: %s\n", err ? strerrorname_np(err) : "ok");
	TRY(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));
	TRY(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
	kill(pids[npids - 1], SIGKILL);
	waitid(P_PID, (id_t)pids[npids - 1], &info, WEXITED | WNOWAIT);
	fork_all("with a zombie", 8);
	end_one();
	fork_all("without", 8);
	TRY_SET(RLIMIT_NPROC, 6, 6);
	fork_all("raised", 8);
	TRY_SET(RLIMIT_NPROC, 6, 7);
	TRY_SET(RLIMIT_NPROC, 2, 6);
	fork_all("lowered", 8);
	TRY(kill(pids[0], 0));
	end_one();
	end_one();
	end_one();
	end_one();
	fork_all("at the border", 8);
	end_one();
	fork_all("below it", 8);
	end_all();
	TRY_SET(RLIMIT_NPROC, 0, 6);
	fork_all("0", 8);
	TRY_SET(RLIMIT_NPROC, 5, 6);
	threads();
	fork_all("again", 8);
	end_all();
	return 0;
}

/* The processes of one user do not count for another, and those of a user count wherever they are. */
static int two_users(void *unused)
{
	int ends[2], status;
	char byte;
	pid_t other;

	(void)unused;
	set(RLIMIT_NPROC, 3, 3);
	pipe(ends);
	other = fork();
	if (other == 0) {
		become(2002);
		fork_all("the first one's", 8);
		write(ends[1], "x", 1);
		for (;;)
			pause();
	}
	read(ends[0], &byte, 1);
	if (fork() == 0) {
		become(2003);
		fork_all("another's", 8);
		end_all();
		_exit(0);
	}
	wait(&status);
	if (fork() == 0) {
		setsid();
		become(2002);
		fork_all("the same one's elsewhere", 8);
		_exit(0);
	}
	wait(&status);
	/* It counts by the real id alone. */
	if (fork() == 0) {
		setresuid(0, 2002, 0);
		fork_all("root, acting for it", 2);
		setresuid(0, 0, 0);
		end_all();
		setresuid(2002, 0, 0);
		fork_all("it, acting for root", 2);
		end_all();
		/* The limit does not hold with CAP_SYS_RESOURCE or CAP_SYS_ADMIN. */
		keep(2002, CAP_SYS_RESOURCE);
		fork_all("with CAP_SYS_RESOURCE", 2);
		end_all();
		_exit(0);
	}
	wait(&status);
	if (fork() == 0) {
		keep(2002, CAP_SYS_ADMIN);
		fork_all("with CAP_SYS_ADMIN", 2);
		end_all();
		_exit(0);
	}
	wait(&status);
	if (fork() == 0) {
		keep(2002, CAP_SYS_NICE);
		fork_all("with CAP_SYS_NICE", 2);
		_exit(0);
	}
	wait(&status);
	if (fork() == 0) {
		become(2002);
		kill(-1, SIGKILL);
		_exit(0);
	}
	wait(&status);
	wait(&status);
	return 0;
}

/* set*id succeeds; what follows does not. */
static int switched(void *arg)
{
	char *environment[] = { NULL };
	const char *how = arg;
	int fd = open(self[0], O_PATH);
	struct rlimit roomy = { 9, 9 };

	set(RLIMIT_NPROC, 1, 9);
	if (*how == 's')
		TRY(setuid(2004));
	else if (*how == 'r')
		TRY(setreuid(2004, 2004));
	else if (*how == 'e')
		TRY(seteuid(2004));
	else
		TRY(setresuid(2004, 2004, 2004));
	fork_all("fork", 1);
	TRY(execve("missing", self, environment));
	TRY(execve(nowhere, self, environment));
	TRY(execve("", self, environment));
	TRY(execve(self[0], self, environment));
	TRY(syscall(SYS_execveat, fd, "", self, environment, AT_EMPTY_PATH));
	TRY(syscall(SYS_execveat, fd, "", self, environment, 0x8000000));
	TRY(setuid(2004));
	TRY(execve(self[0], self, environment));
	setrlimit(RLIMIT_NPROC, &roomy);
	TRY(execve("missing", self, environment));
	set(RLIMIT_NPROC, 0, 9);
	execve(self[0], self, environment);
	result("execve", -1);
	return 0;
}

/* Without a process of that user before, one is within the limit. */
static int switched_alone(void *unused)
{
	char *environment[] = { NULL };

	(void)unused;
	set(RLIMIT_NPROC, 0, 9);
	TRY(setuid(2005));
	fork_all("fork", 1);
	execve(self[0], self, environment);
	result("execve", -1);
	return 0;
}

/* A thread of its own may change to a user alone: only it counts there. */
static void *changes_alone(void *ends)
{
	long err = syscall(SYS_setresuid, 2006, 2006, 2006);

	err = write(((int *)ends)[1], err ? "n" : "y", 1);
	return wait_for_byte(&((int *)ends)[2]);
}

static int one_thread(void *unused)
{
	pthread_t thread;
	int ends[4], status;
	char byte;

	(void)unused;
	pipe(ends);
	pipe(ends + 2);
	pthread_create(&thread, NULL, changes_alone, ends);
	read(ends[0], &byte, 1);
	say("changed: %c\n", byte);
	for (int i = 0; i < 2; i++) {
		if (fork() == 0) {
			set(RLIMIT_NPROC, 2, 2);
			become(2006);
			fork_all(i ? "without the thread" : "beside the thread", 8);
			end_all();
			_exit(0);
		}
		wait(&status);
		if (i == 0) {
			write(ends[3], "x", 1);
			pthread_join(thread, NULL);
			until_threads(1);
		}
	}
	return 0;
}

/* ---- RLIMIT_SIGPENDING ---- */

static long queue(int sig, int n)
{
	long err = 0;

	for (int i = 0; i < n && err == 0; i++)
		err = sigqueue(getpid(), sig, (union sigval){ .sival_int = i });
	return err;
}

static void show_queue(void)
{
	char text[4096], *at;
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, "SigQ:");
	say("%.*s\n", (int)strcspn(at, "\n"), at);
}

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

static void take_all(int sig)
{
	const struct timespec now = { 0 };
	siginfo_t info;
	sigset_t set_of;

	sigemptyset(&set_of);
	sigaddset(&set_of, sig);
	while (sigtimedwait(&set_of, &info, &now) > 0)
		say("took one of code %d, ", info.si_code);
}

/* At the limit sigqueue of a real-time signal and timer_create fail with EAGAIN; kill and ordinary signals get through. */
static int pending_of_one(void *unused)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3 };
	siginfo_t info;
	sigset_t set_of;
	int timer = -1, status;

	(void)unused;
	block_all();
	sigemptyset(&set_of);
	sigaddset(&set_of, SIGRTMIN);
	TRY_SET(RLIMIT_SIGPENDING, 3, 4);
	become(2011);
	show_queue();
	word("sigqueue 3", queue(SIGRTMIN, 3));
	word("sigqueue 1 more", queue(SIGRTMIN, 1));
	word("kill", kill(getpid(), SIGRTMIN));
	word("sigqueue ordinary", queue(SIGUSR1, 1));
	word("ordinary by kill", kill(getpid(), SIGUSR2));
	word("timer_create", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
	show_queue();
	if (fork() == 0) {
		show_queue();
		word("sigqueue the child's", queue(SIGRTMIN, 1));
		word("setrlimit", set(RLIMIT_SIGPENDING, 4, 4));
		word("sigqueue the child's", queue(SIGRTMIN, 1));
		word("setrlimit", set(RLIMIT_SIGPENDING, 4, 5));
		say("\n");
		_exit(0);
	}
	wait(&status);
	show_queue();
	if (fork() == 0) {
		/* The target's limit counts. */
		set(RLIMIT_SIGPENDING, 0, 4);
		word("sigqueue to the parent", sigqueue(getppid(), SIGRTMIN, (union sigval){ 0 }));
		say("\n");
		_exit(0);
	}
	wait(&status);
	sigwaitinfo(&set_of, &info);
	say("took %d of code %d\n", info.si_value.sival_int, info.si_code);
	show_queue();
	take_all(SIGRTMIN);
	take_all(SIGCHLD);
	take_all(SIGUSR2);
	show_queue();
	word("timer_create", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
	word("sigqueue 2 more", queue(SIGRTMIN, 2));
	word("sigqueue 1 more", queue(SIGRTMIN, 1));
	word("timer_create", syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
	show_queue();
	/* A timer counts as long as it exists. */
	word("timer_delete", syscall(SYS_timer_delete, 0));
	word("sigqueue 1 more", queue(SIGRTMIN, 1));
	word("sigqueue 1 more", queue(SIGRTMIN, 1));
	show_queue();
	signal(SIGRTMIN, SIG_IGN);
	show_queue();
	return 0;
}

/* The signals of all processes of a user count together. */
static int pending_of_two(void *unused)
{
	int ends[2], status;
	char byte;
	pid_t holder;

	(void)unused;
	block_all();
	TRY_SET(RLIMIT_SIGPENDING, 2, 2);
	pipe(ends);
	holder = fork();
	if (holder == 0) {
		become(2012);
		word("sigqueue 2", queue(SIGRTMIN, 2));
		say("\n");
		write(ends[1], "x", 1);
		for (;;)
			pause();
	}
	read(ends[0], &byte, 1);
	for (uid_t uid = 2012; uid <= 2013; uid++) {
		if (fork() == 0) {
			become(uid);
			show_queue();
			word("sigqueue 1", queue(SIGRTMIN, 1));
			say("\n");
			_exit(0);
		}
		wait(&status);
	}
	/* What is pending stays with who it came to. */
	if (fork() == 0) {
		become(0);
		word("sigqueue 2", queue(SIGRTMIN, 2));
		word("sigqueue root, 1 more", queue(SIGRTMIN, 1));
		show_queue();
		setresuid(2013, 2013, 2013);
		show_queue();
		word("sigqueue as another", queue(SIGRTMIN, 2));
		word("sigqueue as another", queue(SIGRTMIN, 1));
		say("\n");
		_exit(0);
	}
	wait(&status);
	show_queue();
	kill(holder, SIGKILL);
	waitpid(holder, &status, 0);
	if (fork() == 0) {
		become(2012);
		show_queue();
		word("sigqueue 2", queue(SIGRTMIN, 2));
		say("\n");
		_exit(0);
	}
	wait(&status);
	return 0;
}

/* ---- RLIMIT_MEMLOCK ---- */

static long locked(void)
{
	return number_in_status(getpid(), "VmLck");
}

/* A page counts once. Too much is ENOMEM for mlock, EAGAIN for mmap; with a limit of 0 both are EPERM. */
static void lock(void)
{
	char *p = mmap((void *)0x1200000000, 32 * PAGE, RW, ANON | MAP_FIXED, -1, 0), *q;

	word("mlock 8 pages", mlock(p, 8 * PAGE));
	word("mlock the same", mlock(p, 8 * PAGE));
	word("mlock 9 more", mlock(p + 8 * PAGE, 9 * PAGE));
	word("mlock 9 with old", mlock(p + 4 * PAGE, 9 * PAGE));
	word("mlock2 all with old", mlock2(p, 16 * PAGE, MLOCK_ONFAULT));
	word("mlock 1 more", mlock(p + 16 * PAGE, 1));
	word("mlock a wrap", mlock(p, -PAGE));
	word("mlock a hole", mlock(p + 32 * PAGE, PAGE));
	say("%ld kB\n", locked());
	word("mlock2 bad flags", mlock2(p, PAGE, 2));
	q = mmap(NULL, PAGE, RW, ANON | MAP_LOCKED, -1, 0);
	word("mmap MAP_LOCKED", q == MAP_FAILED ? -1 : 0);
	q = mmap(p, PAGE, RW, ANON | MAP_LOCKED | MAP_FIXED, -1, 0);
	word("mmap over locked", q == MAP_FAILED ? -1 : 0);
	q = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_LOCKED, -1, 0);
	word("mmap of no file", q == MAP_FAILED ? -1 : 0);
	q = mmap(p, PAGE, RW, ANON | MAP_LOCKED | MAP_FIXED_NOREPLACE, -1, 0);
	word("mmap no replace", q == MAP_FAILED ? -1 : 0);
	q = mremap(p + 15 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	word("mremap grown", q == MAP_FAILED ? -1 : 0);
	say("%ld kB\n", locked());
	word("munlock", munlock(p, 4 * PAGE));
	q = mmap(NULL, 3 * PAGE, RW, ANON | MAP_LOCKED, -1, 0);
	word("mmap MAP_LOCKED", q == MAP_FAILED ? -1 : 0);
	say("%ld kB, ", locked());
	q = mremap(q, 3 * PAGE, 5 * PAGE, MREMAP_MAYMOVE);
	word("mremap grown", q == MAP_FAILED ? -1 : 0);
	word("mmap shared",
	     mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) == MAP_FAILED
		     ? -1
		     : 0);
	say("%ld kB\n", locked());
	munmap(p, 32 * PAGE);
	say("%ld kB\n", locked());
	word("munlock", munlock((void *)0x1200000000, PAGE));
	word("munlockall", munlockall());
	say("%ld kB\n", locked());
}

/* After mlockall(MCL_FUTURE) new memory counts: mmap and shmat fail with EAGAIN, brk with ENOMEM. */
static void lock_all(void)
{
	void *brk = sbrk(0), *at;
	int id;

	word("mlockall current", mlockall(MCL_CURRENT));
	word("mlockall nothing", mlockall(MCL_ONFAULT));
	word("mlockall unknown", mlockall(8));
	word("mlockall future", mlockall(MCL_FUTURE));
	word("mmap", mmap(NULL, 12 * PAGE, RW, ANON, -1, 0) == MAP_FAILED ? -1 : 0);
	word("mmap more", mmap(NULL, 5 * PAGE, RW, ANON, -1, 0) == MAP_FAILED ? -1 : 0);
	id = shmget(IPC_PRIVATE, 5 * PAGE, 0600);
	at = shmat(id, NULL, 0);
	word("shmat", (long)at == -1 ? -1 : 0);
	if ((long)at != -1)
		shmdt(at);
	shmctl(id, IPC_RMID, NULL);
	say("brk %s, ", sbrk(5 * PAGE) == (void *)-1 ? strerrorname_np(errno) : "ok");
	say("brk %s, ", sbrk(3 * PAGE) == (void *)-1 ? strerrorname_np(errno) : "ok");
	say("%s, ", sbrk(0) == (char *)brk + 3 * PAGE ? "as far" : "not as far");
	say("%ld kB\n", locked());
	munlockall();
}

static unsigned long stack_start(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[200];
	unsigned long start = 0;

	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "[stack]"))
			start = strtoul(line, NULL, 16);
	fclose(maps);
	return start;
}

/* What the stack grows by is locked like its lowest page, and may be so many. */
static int locked_stack(void *unused)
{
	unsigned long start = stack_start();

	(void)unused;
	TRY(mlock((void *)start, PAGE));
	say("%ld kB\n", locked());
	set(RLIMIT_MEMLOCK, 5 * PAGE, 5 * PAGE);
	((volatile char *)start)[-4 * (long)PAGE] = 1;
	say("%ld kB\n", locked());
	((volatile char *)start)[-5 * (long)PAGE] = 1;
	return 0;
}

static int memory(void *unused)
{
	int status;

	(void)unused;
	TRY_SET(RLIMIT_MEMLOCK, 16 * PAGE + 4095, 20 * PAGE);
	become(2021);
	lock();
	lock_all();
	if (fork() == 0) {
		word("setrlimit", set(RLIMIT_MEMLOCK, 0, 20 * PAGE));
		lock();
		lock_all();
		_exit(0);
	}
	wait(&status);
	word("setrlimit", set(RLIMIT_MEMLOCK, 17 * PAGE, 20 * PAGE));
	word("setrlimit", set(RLIMIT_MEMLOCK, 17 * PAGE, 21 * PAGE));
	word("mlock 17 pages", mlock(mmap(NULL, 17 * PAGE, RW, ANON, -1, 0), 17 * PAGE));
	/* A lower limit unlocks nothing, and a child inherits no locks. */
	word("setrlimit", set(RLIMIT_MEMLOCK, PAGE, 20 * PAGE));
	say("%ld kB\n", locked());
	if (fork() == 0) {
		say("the child's %ld kB\n", locked());
		_exit(0);
	}
	wait(&status);
	return 0;
}

/* Root is not limited, and neither is who has CAP_IPC_LOCK. */
static int memory_of_root(void *unused)
{
	int status;

	(void)unused;
	set(RLIMIT_MEMLOCK, 0, 16 * PAGE);
	lock();
	if (fork() == 0) {
		keep(2021, CAP_IPC_LOCK);
		word("mlockall with CAP_IPC_LOCK", mlockall(MCL_CURRENT));
		say("\n");
		_exit(0);
	}
	wait(&status);
	if (fork() == 0) {
		set(RLIMIT_MEMLOCK, PAGE, 5 * PAGE);
		become(2021);
		_exit(in_child("a locked stack", locked_stack, NULL) == -1);
	}
	wait(&status);
	return 0;
}

/* ---- the limits of others ---- */

static int to_child[2], to_parent[2];
static pid_t target;

/* What it is asked for, by letters. */
static void obey(void)
{
	char what;

	while (read(to_child[0], &what, 1) == 1) {
		int fd = -1;
		void *p;

		if (what == 'n') {
			fd = dup(0);
			word("dup", fd);
			close(fd);
		} else if (what == 'a') {
			p = mmap(NULL, 64 * MIB, RW, ANON, -1, 0);
			word("map", p == MAP_FAILED ? -1 : 0);
			if (p != MAP_FAILED)
				munmap(p, 64 * MIB);
		} else if (what == 'd') {
			word("brk", sbrk(MIB) == (void *)-1 ? -1 : 0);
		} else if (what == 'q') {
			word("sigqueue", queue(SIGRTMIN, 1));
		} else if (what == 's') {
			((volatile char *)__builtin_frame_address(0))[-0x100000] = 1;
			word("stack", 0);
		} else {
			for (;;)
				;
		}
		write(to_parent[1], "x", 1);
	}
	_exit(0);
}

static void ask(char what)
{
	char byte;

	write(to_child[1], &what, 1);
	if (read(to_parent[0], &byte, 1) != 1)
		say("gone ");
}

static long set_other(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit new = { soft, hard }, old = { 1, 1 };
	long err = prlimit(target, resource, &new, &old);

	say("prlimit %s %lx %lx, ", err ? strerrorname_np(errno) : "ok", old.rlim_cur,
	    old.rlim_max);
	return err;
}

static const sigset_t *rt_set(void)
{
	static sigset_t rt;

	sigemptyset(&rt);
	sigaddset(&rt, SIGRTMIN);
	return &rt;
}

static void start_target(void)
{
	pipe(to_child);
	pipe(to_parent);
	target = fork();
	if (target == 0) {
		close(to_child[1]);
		close(to_parent[0]);
		sigprocmask(SIG_BLOCK, rt_set(), NULL);
		obey();
	}
	close(to_child[0]);
	close(to_parent[1]);
}

static void end_target(void)
{
	int status;

	close(to_child[1]);
	close(to_parent[0]);
	waitpid(target, &status, 0);
	ended("it", status);
}

/* prlimit sets the limits of another process at once: its next call, its stack's next growth and its next tick heed them. */
static int of_others(void *unused)
{
	static const struct {
		int resource;
		char what;
		rlim_t low, high;
	} all[] = { { RLIMIT_NOFILE, 'n', 4, 64 },
		    { RLIMIT_AS, 'a', 32 * MIB, GIB },
		    { RLIMIT_DATA, 'd', 0x1000, GIB },
		    { RLIMIT_SIGPENDING, 'q', 0, 9 } };
	siginfo_t info;

	(void)unused;
	signal(SIGPIPE,
	       SIG_IGN); /* its second of CPU may be over before it is asked for anything */
	set(RLIMIT_SIGPENDING, 7, 20);
	set(RLIMIT_NOFILE, 100, 200);
	start_target();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		ask(all[i].what);
		set_other(all[i].resource, all[i].low, all[i].high);
		ask(all[i].what);
		set_other(all[i].resource, all[i].high, all[i].high);
		ask(all[i].what);
		say("\n");
	}
	set_other(RLIMIT_NOFILE, 2, 1);
	set_other(RLIMIT_NOFILE, 1, (1 << 20) + 1);
	set_other(99, 2, 1);
	set_other(-1, 1, 1);
	set_other(RLIMIT_STACK, 0x400000, RLIM_INFINITY);
	ask('s');
	say("\n");
	set_other(RLIMIT_STACK, 0x10000, RLIM_INFINITY);
	TRY(syscall(SYS_prlimit64, target, RLIMIT_STACK, 8, NULL));
	TRY(syscall(SYS_prlimit64, target, RLIMIT_STACK, NULL, 8));
	TRY(syscall(SYS_prlimit64, -1, RLIMIT_STACK, NULL, NULL));
	TRY(syscall(SYS_prlimit64, target, RLIMIT_STACK, NULL, NULL));
	end_target();
	start_target();
	set_other(RLIMIT_STACK, 0x10000, RLIM_INFINITY);
	ask('s');
	end_target();
	start_target();
	set_other(RLIMIT_CPU, 0, 9);
	ask('c');
	end_target();
	start_target();
	write(to_child[1], "c", 1);
	set_other(RLIMIT_CPU, 0, 0);
	end_target();
	/* Also a zombie has limits. */
	target = fork();
	if (target == 0)
		_exit(0);
	waitid(P_PID, (id_t)target, &info, WEXITED | WNOWAIT);
	set_other(RLIMIT_CPU, 1, 2);
	set_other(RLIMIT_AS, 1, 2);
	set_other(RLIMIT_AS, 1, 2);
	say("\n");
	waitpid(target, NULL, 0);
	set_other(RLIMIT_AS, 1, 2);
	say("\n");
	return 0;
}

static pid_t sleeper(const uid_t *u, const uid_t *g)
{
	int ready[2];
	char byte;
	pid_t pid;

	pipe(ready);
	pid = fork();
	if (pid == 0) {
		setresgid(g[0], g[1], g[2]);
		setresuid(u[0], u[1], u[2]);
		write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	read(ready[0], &byte, 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

/* prlimit of another needs a real user id and a real group id that are all three of the target's, or CAP_SYS_RESOURCE. */
static void by_ids(void)
{
	static const uid_t ids[][3] = {
		{ 1, 1, 1 }, { 1, 2, 1 }, { 2, 1, 1 }, { 1, 1, 2 }, { 0, 0, 0 }
	};
	const size_t n = sizeof(ids) / sizeof(ids[0]);
	int status;

	for (size_t t = 0; t < 2 * n; t++) {
		say("%s of %u %u %u: ", t < n ? "users" : "groups", ids[t % n][0], ids[t % n][1],
		    ids[t % n][2]);
		target = t < n ? sleeper(ids[t], ids[0]) : sleeper(ids[0], ids[t - n]);
		for (size_t s = 0; s < n; s++) {
			if (fork() == 0) {
				setgroups(0, NULL);
				setresgid(1, 1, 1);
				setresuid(ids[s][0], ids[s][1], ids[s][2]);
				set_other(RLIMIT_CORE, 0, 10);
				set_other(99, 0, 10);
				set_other(RLIMIT_CORE, 0, 11);
				_exit(0);
			}
			wait(&status);
			prlimit(target, RLIMIT_CORE, &(struct rlimit){ 0, 10 }, NULL);
		}
		if (fork() == 0) {
			keep(5, CAP_SYS_RESOURCE);
			set_other(RLIMIT_CORE, 0, 12);
			_exit(0);
		}
		wait(&status);
		say("\n");
		kill(target, SIGKILL);
		waitpid(target, NULL, 0);
	}
}

/* A thread's limits are its process's, but it is asked for as another. */
static void *waits_forever(void *tid)
{
	*(volatile pid_t *)tid = gettid();
	for (;;)
		pause();
	return NULL;
}

static int of_thread(void *unused)
{
	volatile pid_t tid = 0;
	pthread_t thread;

	(void)unused;
	pthread_create(&thread, NULL, waits_forever, (void *)&tid);
	while (!tid)
		nap(1);
	set(RLIMIT_CORE, 5, 10);
	target = tid;
	set_other(RLIMIT_CORE, 4, 10);
	syscall(SYS_setresuid, 7, 8, 9);
	set_other(RLIMIT_CORE, 3, 10);
	target = getpid();
	set_other(RLIMIT_CORE, 3, 10);
	target = 0;
	set_other(RLIMIT_CORE, 2, 11);
	say("\n");
	return 0;
}

/* ---- /proc/PID/limits ---- */

static void show_limits(pid_t pid)
{
	char path[40], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/limits", pid);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		result("read", n);
	/* Of others, the values are the machine's. */
	for (char *at = text, *end; n > 0 && (end = memchr(at, '\n', (size_t)(text + n - at)));
	     at = pid == 1 ? text + n : end + 1)
		say("%.*s|\n", (int)(end - at), at);
}

/* /proc/PID/limits may be read by everybody, of a zombie too. */
static int file(void *unused)
{
	siginfo_t info;
	pid_t pid;

	(void)unused;
	for (int i = 0; i < RLIM_NLIMITS; i++)
		set(i, i == RLIMIT_STACK ? 0x800000 : (rlim_t)(1000 + i),
		    i % 3 ? RLIM_INFINITY : 0x900000);
	set(RLIMIT_NOFILE, 100, 200);
	show_limits(getpid());
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	show_limits(pid);
	become(3);
	show_limits(1);
	return 0;
}

int main(int argc, char **argv)
{
	const char *const ways[] = { "setuid", "reuid", "effective", "uid" };
	int status;

	if (argc > 1)
		return 0;
	self[0] = argv[0];
	in_child("processes", processes, NULL);
	in_child("two users", two_users, NULL);
	for (size_t i = 0; i < 4; i++) {
		int ends[2];
		char byte;
		pid_t holder;

		pipe(ends);
		holder = fork();
		if (holder == 0) {
			become(2004);
			npids = 0;
			fork_all("holder", 1);
			write(ends[1], "x", 1);
			for (;;)
				pause();
		}
		read(ends[0], &byte, 1);
		in_child(ways[i], switched, (void *)ways[i]);
		if (fork() == 0) {
			become(2004);
			kill(-1, SIGKILL);
			_exit(0);
		}
		wait(&status);
		wait(&status);
	}
	in_child("alone", switched_alone, NULL);
	in_child("one thread", one_thread, NULL);
	in_child("pending", pending_of_one, NULL);
	in_child("pending for two", pending_of_two, NULL);
	in_child("memory", memory, NULL);
	in_child("root's memory", memory_of_root, NULL);
	in_child("others", of_others, NULL);
	by_ids();
	in_child("a thread's", of_thread, NULL);
	in_child("file", file, NULL);
	return 0;
}
