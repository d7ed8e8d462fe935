/* SPDX-License-Identifier: MIT */
/* /proc of threads: what is in their folders, how these are listed, and what is left when a thread ends. */
#include "thread.h"

#include <dirent.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#define THREADS 40

static int go, ready;
static pid_t tids[THREADS];

static void *wait_for_go(void *arg)
{
	tids[(long)arg] = gettid();
	raise_flag(&ready);
	until_flag(&go, 1 + (int)(long)arg);
	return NULL;
}

static const char *path_of(const char *format, int a, int b)
{
	static char paths[4][80];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), format, a, b);
	return path;
}

static const char *text_of(const char *path)
{
	static char texts[4][4096];
	static unsigned next;
	char *text = texts[next++ % 4];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(texts[0]) - 1);

	if (n < 0)
		snprintf(text, sizeof(texts[0]), "%s\n", strerrorname_np(errno));
	else
		text[n] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

/* A field of a stat file; the first is 1. */
static long field(const char *path, int which)
{
	const char *at = strrchr(text_of(path), ')');

	if (!at)
		return -1;
	at += 2; /* field 3 */
	for (int n = 3; n < which; n++)
		at = strchr(at, ' ') + 1;
	return which == 3 ? *at : strtol(at, NULL, 10);
}

/* ---- names and types ---- */

static bool has_name(const char *path, const char *name)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	bool found = false;

	while (dir && (e = readdir(dir)))
		found |= strcmp(e->d_name, name) == 0;
	if (dir)
		closedir(dir);
	return found;
}

/* A thread's directory has what is below a process's, but no task. */
static void names(void)
{
	static const char *const all[] = { "task",  "fd",   "status", "comm", "cmdline", "stat",
					   "statm", "maps", "cwd",    "root", "exe",	 "mounts" };
	const char *path = path_of("/proc/self/task/%d", tids[0], 0);

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char file[120];
		struct stat st = { 0 };

		snprintf(file, sizeof(file), "%s/%s", path, all[i]);
		say("%s: %d in the process's, %d in the thread's; ", all[i],
		    has_name("/proc/self", all[i]), has_name(path, all[i]));
		if (lstat(file, &st) == 0)
			say("mode %o, size %ld\n", st.st_mode, (long)st.st_size);
		else
			say("%s\n", strerrorname_np(errno));
	}
	say("in /proc: %d %d\n", has_name("/proc", "self"), has_name("/proc", "thread-self"));
}

/* Each directory has a number of its own, a process's and that of its first thread too. */
static void numbers_of_inodes(void)
{
	const char *paths[] = {
		"/proc/self",
		"/proc/self/task",
		path_of("/proc/self/task/%d", getpid(), 0),
		path_of("/proc/%d", tids[0], 0),
	};
	struct stat st[4], again;
	int same = 0;

	for (int i = 0; i < 4; i++) {
		MUST(stat(paths[i], &st[i]));
		for (int k = 0; k < i; k++)
			same += st[i].st_ino == st[k].st_ino;
	}
	say("%d have the same number\n", same);
	say("links of task: %ld\n", (long)st[1].st_nlink);
	say("mode of task: %o, of a thread: %o\n", st[1].st_mode, st[2].st_mode);
	MUST(stat(path_of("/proc/self/task/%d/..", getpid(), 0), &again));
	say("above it: task %d\n", again.st_ino == st[1].st_ino);
}

/* ---- lists ---- */

/* The order is that in which they were made; seekdir() goes to a place that was told before. */
static void lists(void)
{
	DIR *dir = opendir("/proc/self/task");
	long places[THREADS + 3];
	struct dirent *e;
	int n = 0, right = 0;

	while ((e = readdir(dir))) {
		pid_t tid = (pid_t)atoi(e->d_name);

		right += n == 2 ? tid == getpid() : n > 2 && tid == tids[n - 3];
		places[n++] = telldir(dir);
	}
	say("%d names, %d in order\n", n, right);
	seekdir(dir, places[20]);
	e = readdir(dir);
	say("at a place: %d\n", e && atoi(e->d_name) == tids[18]);
	rewinddir(dir);
	e = readdir(dir);
	say("at the start: %s\n", e ? e->d_name : "nothing");
	closedir(dir);
}

/* ---- one process's and one thread's ---- */

#define ROUNDS 5

static int wake[2];

static void *sleep_often(void *unused)
{
	char byte;

	tids[0] = gettid();
	for (int i = 0; i < ROUNDS; i++) {
		raise_flag(&ready);
		(void)!read(wake[0], &byte, 1);
	}
	raise_flag(&ready);
	until_flag(&go, 1);
	return unused;
}

/* Each time it sleeps before it is woken. */
static void wake_sleeping(void)
{
	for (int i = 1; i <= ROUNDS; i++) {
		until_flag(&ready, i);
		while (field(path_of("/proc/self/task/%d/stat", tids[0], 0), 3) != 'S')
			sched_yield();
		(void)!write(wake[1], "", 1);
	}
	until_flag(&ready, ROUNDS + 1);
}

static long switches(const char *path)
{
	const char *at = strstr(text_of(path), "\nvoluntary_ctxt_switches:");

	return at ? atol(at + 25) : -1;
}

static void *work(void *unused)
{
	tids[0] = gettid();
	for (volatile long i = 0; i < 30000000; i++)
		;
	*(volatile char *)anon(PAGE) = 1;
	raise_flag(&ready);
	until_flag(&go, 1);
	return unused;
}

/* stat below task is about the thread; the process's has the sums. */
static void stats(void)
{
	pthread_t thread;
	long mine, whole;

	ready = go = 0;
	MUST(pipe(wake));
	thread = start(sleep_often, NULL);
	wake_sleeping();
	say("its own switches: %d\n",
	    switches(path_of("/proc/self/task/%d/status", tids[0], 0)) >= ROUNDS);
	say("exit signals: %ld, %ld\n", field("/proc/self/stat", 38),
	    field(path_of("/proc/self/task/%d/stat", tids[0], 0), 38));
	TRY(setpriority(PRIO_PROCESS, (id_t)tids[0], 7));
	say("priorities: %ld %ld, %ld %ld\n", field("/proc/self/stat", 18),
	    field("/proc/self/stat", 19), field(path_of("/proc/self/task/%d/stat", tids[0], 0), 18),
	    field(path_of("/proc/self/task/%d/stat", tids[0], 0), 19));
	TRY(sched_setscheduler(tids[0], SCHED_BATCH, &(struct sched_param){ 0 }));
	say("policies: %ld, %ld\n", field("/proc/self/stat", 41),
	    field(path_of("/proc/self/task/%d/stat", tids[0], 0), 41));
	say("threads: %ld, %ld\n", field("/proc/self/stat", 20),
	    field(path_of("/proc/self/task/%d/stat", tids[0], 0), 20));
	say("pid: %d, %d\n", atoi(text_of("/proc/self/stat")) == getpid(),
	    atoi(text_of(path_of("/proc/self/task/%d/stat", tids[0], 0))) == tids[0]);
	raise_flag(&go);
	join(thread);
	ready = go = 0;
	nap(20); /* more than the hundredth of a second in which the start is told */
	thread = start(work, NULL);
	until_flag(&ready, 1);
	mine = field(path_of("/proc/self/task/%d/stat", tids[0], 0), 14) +
	       field(path_of("/proc/self/task/%d/stat", tids[0], 0), 15);
	whole = field(path_of("/proc/%d/stat", tids[0], 0), 14) +
		field(path_of("/proc/%d/stat", tids[0], 0), 15);
	say("its own time is some: %d, and part of all: %d\n", mine > 0, mine <= whole);
	mine = field(path_of("/proc/self/task/%d/stat", tids[0], 0), 10);
	whole = field("/proc/self/stat", 10);
	say("its own faults are some: %d, and part of all: %d\n", mine > 0, mine < whole);
	say("it began later: %d\n", field(path_of("/proc/self/task/%d/stat", tids[0], 0), 22) >
					    field("/proc/self/stat", 22));
	raise_flag(&go);
	join(thread);
}

/* Both times are since boot, so what has just begun has begun before now. */
static void start_before_now(void)
{
	pid_t child = fork();

	if (child == 0) {
		long start = field("/proc/self/stat", 22), seconds = -1, hundredths = 0;

		sscanf(text_of("/proc/uptime"), "%ld.%2ld", &seconds, &hundredths);
		say("it has begun already: %d\n", start <= 100 * seconds + hundredths);
		_exit(0);
	}
	MUST(waitpid(child, NULL, 0) != child);
}

/* ---- what is left ---- */

static void *exit_at_once(void *unused)
{
	tids[0] = gettid();
	raise_flag(&ready);
	until_flag(&go, 1);
	return unused;
}

static void read_at(const char *what, int fd)
{
	char text[100];
	ssize_t n = pread(fd, text, sizeof(text), 0);

	if (n < 0)
		say("%s: %s\n", what, strerrorname_np(errno));
	else
		say("%s: %s\n", what, n ? "text" : "nothing");
}

/* The files of a thread that has ended are ESRCH, and its directory is ENOENT. */
static void ends(void)
{
	pthread_t thread;
	int dir, comm, status, maps, cmdline, to_comm, as_process;
	char text[4000];
	struct stat st;

	ready = go = 0;
	thread = start(exit_at_once, NULL);
	until_flag(&ready, 1);
	dir = open(path_of("/proc/self/task/%d", tids[0], 0), O_RDONLY | O_DIRECTORY);
	as_process = open(path_of("/proc/%d", tids[0], 0), O_RDONLY | O_DIRECTORY);
	comm = open(path_of("/proc/self/task/%d/comm", tids[0], 0), O_RDONLY);
	to_comm = open(path_of("/proc/self/task/%d/comm", tids[0], 0), O_WRONLY);
	status = open(path_of("/proc/self/task/%d/status", tids[0], 0), O_RDONLY);
	maps = open(path_of("/proc/self/task/%d/maps", tids[0], 0), O_RDONLY);
	cmdline = open(path_of("/proc/self/task/%d/cmdline", tids[0], 0), O_RDONLY);
	read_at("comm", comm);
	read_at("status", status);
	read_at("cmdline", cmdline);
	raise_flag(&go);
	join(thread);
	while (syscall(SYS_tgkill, getpid(), tids[0], 0) == 0)
		sched_yield();
	say("it has ended\n");
	read_at("comm", comm);
	read_at("status", status);
	TRY(write(to_comm, "x", 1));
	TRY(writev(to_comm, &(struct iovec){ "x", 1 }, 1));
	TRY(openat(dir, "comm", O_RDONLY));
	TRY(openat(as_process, "comm", O_RDONLY));
	TRY(openat(dir, "none", O_RDONLY));
	TRY(syscall(SYS_getdents64, dir, text, sizeof(text)));
	TRY(syscall(SYS_getdents64, as_process, text, sizeof(text)));
	TRY(stat(path_of("/proc/self/task/%d", tids[0], 0), &st));
	TRY(stat(path_of("/proc/%d", tids[0], 0), &st));
	close(dir);
	close(as_process);
	close(comm);
	close(to_comm);
	close(status);
	close(maps);
	close(cmdline);
}

/* ---- of other processes ---- */

/* The name of a thread is set by threads of its process only; a thread is found below its own process only. */
static void others(void)
{
	int fds[2], back[2], fd;
	char byte;
	pid_t pid;

	MUST(pipe(fds));
	MUST(pipe(back));
	pid = fork();
	if (pid == 0) {
		pid_t tid;

		ready = go = 0;
		start(exit_at_once, NULL);
		until_flag(&ready, 1);
		tid = tids[0];
		(void)!write(back[1], &tid, sizeof(tid));
		(void)!read(fds[0], &byte, 1);
		_exit(0);
	}
	(void)!read(back[0], &tids[0], sizeof(tids[0]));
	fd = open(path_of("/proc/%d/task/%d/comm", pid, tids[0]), O_WRONLY);
	TRY(write(fd, "x", 1));
	close(fd);
	say("its name: %s", text_of(path_of("/proc/%d/task/%d/comm", pid, tids[0])));
	say("below another: %s", text_of(path_of("/proc/self/task/%d/comm", tids[0], 0)));
	say("pid of another: %s", text_of(path_of("/proc/self/task/%d/comm", pid, 0)));
	say("below itself: %s", text_of(path_of("/proc/%d/task/%d/comm", tids[0], tids[0])));
	say("below its process: %s", text_of(path_of("/proc/%d/task/%d/comm", tids[0], pid)));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, WEXITED | WNOWAIT);
	close(fds[1]);
	close(back[1]);
}

/* ---- errors ---- */

/* A number with leading zeros or other characters is no name of a thread, and nothing can be made or removed. */
static void errors(void)
{
	struct stat st;

	TRY(stat("/proc/self/task/", &st));
	TRY(stat("/proc/self/task/1", &st));
	TRY(stat("/proc/self/task/0", &st));
	TRY(stat("/proc/self/task/-1", &st));
	TRY(stat("/proc/self/task/99999999", &st));
	TRY(stat(path_of("/proc/self/task/0%d", getpid(), 0), &st));
	TRY(stat(path_of("/proc/self/task/%dx", getpid(), 0), &st));
	TRY(stat(path_of("/proc/self/task/%d/task", getpid(), 0), &st));
	TRY(mkdir("/proc/self/task/5", 0755));
	TRY(rmdir(path_of("/proc/self/task/%d", getpid(), 0)));
	TRY(unlink(path_of("/proc/self/task/%d/comm", getpid(), 0)));
	TRY(open("/proc/self/task/new", O_CREAT | O_WRONLY, 0644));
	TRY(chmod("/proc/self/task", 0700));
	TRY(open("/proc/self/task", O_WRONLY));
}

static void *by_thread_self(void *unused)
{
	char path[100], link[100];
	ssize_t n;
	int fd;

	MUST(prctl(PR_SET_NAME, "another"));
	say("by thread-self: %s", text_of("/proc/thread-self/comm"));
	say("by self: %s", text_of("/proc/self/comm"));
	fd = open("/proc/thread-self", O_RDONLY | O_DIRECTORY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	say("its path: %d\n", strcmp(link, path_of("/proc/%d/task/%d", getpid(), gettid())) == 0);
	close(fd);
	return unused;
}

int main(void)
{
	pthread_t threads[THREADS];

	for (long i = 0; i < THREADS; i++) {
		threads[i] = start(wait_for_go, (void *)i);
		until_flag(&ready, (int)i + 1);
	}
	names();
	numbers_of_inodes();
	lists();
	go = THREADS + 1;
	join_all(threads, THREADS);
	stats();
	start_before_now();
	ends();
	others();
	errors();
	join(start(by_thread_self, NULL));
	return 0;
}
