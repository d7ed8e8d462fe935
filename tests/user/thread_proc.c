/* SPDX-License-Identifier: MIT */
/* R150. Threads in /proc, and their names. */
#include "thread.h"

#include <dirent.h>
#include <sys/prctl.h>

#define THREADS 4

static pid_t tids[THREADS];
static int ready, go;

static ssize_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

static const char *task_file(pid_t tid, const char *name)
{
	static char path[80];

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", (int)tid, name);
	return path;
}

/* A field of a status file, without its blanks. */
static const char *field(const char *path, const char *name)
{
	static char text[4096], line[40];
	char *at;

	snprintf(line, sizeof(line), "\n%s:", name);
	if (read_file(path, text, sizeof(text)) <= 0)
		return strerrorname_np(errno);
	at = strncmp(text, line + 1, strlen(line) - 1) == 0 ? text - 1 : strstr(text, line);
	if (!at)
		return "none";
	at += strlen(line);
	at += strspn(at, " \t");
	at[strcspn(at, "\n")] = '\0';
	return at;
}

static void *wait_for_go(void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1 + (int)(long)arg % 2 * (SIGUSR2 - SIGUSR1));
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	tids[(long)arg] = gettid();
	raise_flag(&ready);
	until_flag(&go, 1);
	return NULL;
}

static bool is_ours(pid_t tid)
{
	if (tid == getpid())
		return true;
	for (int i = 0; i < THREADS; i++)
		if (tids[i] == tid)
			return true;
	return false;
}

static void list(const char *what)
{
	DIR *dir = opendir("/proc/self/task");
	int ours = 0, others = 0;
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		if (is_ours((pid_t)atoi(e->d_name)))
			ours++;
		else
			others++;
	}
	if (dir)
		closedir(dir);
	say("%s: %d of ours, %d others; %s threads\n", what, ours, others,
	    field("/proc/self/status", "Threads"));
}

static void names(const pthread_t *threads)
{
	char name[40], path[80];
	int fd;

	ASK(pthread_setname_np(pthread_self(), "the first"));
	ASK(pthread_setname_np(threads[0], "another"));
	ASK(pthread_setname_np(threads[1], "fifteen letters"));
	ASK(pthread_setname_np(threads[2], "sixteen letters!"));
	for (int i = 0; i < THREADS; i++) {
		ASK(pthread_getname_np(threads[i], name, sizeof(name)));
		say("%s\n", name);
	}
	ASK(pthread_getname_np(threads[1], name, 15));
	MUST(prctl(PR_GET_NAME, name));
	say("its own: %s\n", name);
	MUST(prctl(PR_SET_NAME, "by prctl"));
	read_file(task_file(getpid(), "comm"), name, sizeof(name));
	say("comm: %s", name);
	read_file("/proc/self/comm", name, sizeof(name));
	say("comm of the process: %s", name);
	read_file(task_file(tids[0], "comm"), name, sizeof(name));
	say("comm of another: %s", name);
	fd = open(task_file(tids[0], "comm"), O_WRONLY);
	say("write: %zd\n", write(fd, "written, and longer than that", 29));
	close(fd);
	say("Name: %s\n", field(task_file(tids[0], "status"), "Name"));
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)tids[0]);
	read_file(path, name, sizeof(name));
	say("by its number: %s", name);
}

static void fields(void)
{
	char path[80];

	for (int i = 0; i < 2; i++) {
		const char *file = task_file(tids[i], "status");
		char copy[80];

		snprintf(copy, sizeof(copy), "%s", file);
		say("thread %d: Tgid %d, Pid %d, PPid %d, Threads %s\n", i,
		    atoi(field(copy, "Tgid")) == getpid(), atoi(field(copy, "Pid")) == tids[i],
		    atoi(field(copy, "PPid")) == getppid(), field(copy, "Threads"));
		say("SigBlk %s", field(copy, "SigBlk"));
		say(" SigPnd %s", field(copy, "SigPnd"));
		say(" ShdPnd %s\n", field(copy, "ShdPnd"));
	}
	snprintf(path, sizeof(path), "/proc/%d/status", (int)tids[0]);
	say("by its number: Tgid %d\n", atoi(field(path, "Tgid")) == getpid());
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)tids[0], (int)tids[1]);
	say("one of another: Pid %d\n", atoi(field(path, "Pid")) == tids[1]);
	say("number 1: %s\n", field("/proc/self/task/1/status", "Pid"));
	say("no number: %s\n", field("/proc/self/task/x/status", "Pid"));
}

/* The list of all processes has no threads. */
static void processes(void)
{
	DIR *dir = opendir("/proc");
	int self = 0, threads = 0;
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		pid_t number = (pid_t)atoi(e->d_name);

		self += number == getpid();
		for (int i = 0; i < THREADS; i++)
			threads += number == tids[i];
	}
	if (dir)
		closedir(dir);
	say("in /proc: itself %d, threads %d\n", self, threads);
}

static pid_t teller;

static void *tell_self(void *unused)
{
	char text[40];
	ssize_t n = readlink("/proc/thread-self", text, sizeof(text) - 1);
	int process, thread;

	teller = gettid();
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%d/task/%d", &process, &thread) == 2)
		say("thread-self: %d %d\n", process == getpid(), thread == gettid());
	else
		say("thread-self: %s\n", strerrorname_np(errno));
	n = readlink("/proc/self", text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	say("self: %d\n", atoi(text) == getpid());
	return unused;
}

static pthread_t first;

static void *look_at_first(void *unused)
{
	pthread_join(first, NULL);
	while (*field(task_file(getpid(), "status"), "State") != 'Z')
		sched_yield(); /* it may still be on its way */
	say("the first: %s\n", field(task_file(getpid(), "status"), "State"));
	say("the process: Threads %s\n", field("/proc/self/status", "Threads"));
	exit(0);
	return unused;
}

static int without_first(void *unused)
{
	(void)unused;
	first = pthread_self();
	start(look_at_first, NULL);
	pthread_exit(NULL);
}

/* One that was joined may still be on its way. */
static void until_gone(pid_t tid)
{
	while (syscall(SYS_tgkill, getpid(), tid, 0) == 0)
		sched_yield();
}

int main(void)
{
	pthread_t threads[THREADS];

	list("alone");
	start_all(threads, THREADS, wait_for_go);
	until_flag(&ready, THREADS);
	list("with others");
	names(threads);
	MUST(pthread_kill(threads[0], SIGUSR1));
	fields();
	processes();
	join(start(tell_self, NULL));
	raise_flag(&go);
	for (int i = 0; i < THREADS; i++)
		join(threads[i]);
	until_gone(teller);
	for (int i = 0; i < THREADS; i++)
		until_gone(tids[i]);
	list("alone again");
	say("one that has gone: %s\n", field(task_file(tids[3], "status"), "Pid"));
	in_child("without the first", without_first, NULL);
	return 0;
}
