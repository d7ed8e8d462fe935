/* SPDX-License-Identifier: MIT */
/* Runs several cases in one boot, as process 1 would run each alone: tools/replay --together. */
/*
 * batch TOKEN, and for each case: FOLDER THP COUNT WORD...
 *
 * The case's program is in its folder. THP is written to the file of that name in /sys before it begins. On both streams "<TOKEN INDEX begins>" comes before what the
 * case prints, and "<TOKEN INDEX ends STATUS LEDGER>" behind it: the status as process 1 would give
 * it, and the errors that the ledger found then, or - on the release kernel, which has no such call.
 * "<TOKEN INDEX left PATH>" on standard error names a file outside of the case's folder that stays.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/faultline.h"

#define THP	    "/sys/kernel/mm/transparent_hugepage/enabled"
#define BROKEN	    125 /* as process 1 says that it can't run a program at all */
#define FILES_MAX   4096
#define SERVERS_MAX 8
#define FOLDERS_MAX 20 /* folders that a walk keeps open */

struct one {
	int index;
	const char *folder, *thp;
	char *argv[64];
};

static const char *token;
static sigset_t usual; /* signal mask */

static pid_t servers[SERVERS_MAX]; /* that process 1 has started */
static size_t server_count;

static char *known[FILES_MAX]; /* the files of the machine, sorted */
static size_t known_count;
static const struct one *leaver; /* whose files are looked for, NULL: all are known */

__attribute__((format(printf, 1, 2))) static void stop(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "batch: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(ap);
	exit(BROKEN);
}

__attribute__((format(printf, 2, 3))) static void tell(int fd, const char *fmt, ...)
{
	char line[8192];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (write(fd, line, (size_t)n) != n)
		stop("write");
}

/* ---- one case ---- */

static void open_stream(int fd, const char *port, int flags)
{
	close(fd);
	if (open(port, flags) != fd)
		stop("%s", port);
}

/* The child becomes the case. Its streams are its own, so that O_NONBLOCK on them stays its own. */
static void become(const struct one *one)
{
	char path[4096];

	open_stream(0, "/dev/port/stdin", O_RDONLY);
	open_stream(1, "/dev/port/stdout", O_WRONLY);
	open_stream(2, "/dev/port/stderr", O_WRONLY);
	if (chdir(one->folder) != 0)
		stop("%s", one->folder);
	setsid();
	snprintf(path, sizeof(path), "%s/%s", one->folder, one->argv[0] + 2); /* without ./ */
	sigprocmask(SIG_SETMASK, &usual, NULL);
	execve(path, one->argv, environ);
	stop("%s", path);
}

/* Other children than this one are those that it made with CLONE_PARENT. */
static int wait_for(pid_t child)
{
	for (;;) {
		int status = 0;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0)
			stop("waitpid");
		if (pid == child)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

/* What came while it was blocked counts for RLIMIT_SIGPENDING of the user's other processes. */
static void clear_signals(void)
{
	const struct timespec now = { 0, 0 };
	sigset_t all;

	sigfillset(&all);
	while (sigtimedwait(&all, NULL, &now) > 0)
		continue;
}

/*
 * Calls `what` for each process but process 1, this one, and the servers that process 1 had started before the first case. Returns
 * whether there is one.
 */
static bool for_others(void (*what)(pid_t pid))
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	if (!processes)
		stop("/proc");
	while ((entry = readdir(processes))) {
		pid_t pid = atoi(entry->d_name);
		bool spared = pid <= 1 || pid == getpid();

		for (size_t i = 0; i < server_count; i++)
			spared |= servers[i] == pid;
		if (!spared)
			what(pid);
		found |= !spared;
	}
	closedir(processes);
	return found;
}

static void is_server(pid_t pid)
{
	if (server_count < SERVERS_MAX)
		servers[server_count++] = pid;
}

static void kill_one(pid_t pid)
{
	kill(pid, SIGKILL);
}

/* Kills what is left. Process 1 reaps the orphans. Returns when all is gone, with the signals of it. */
static void clear_processes(void)
{
	const struct timespec ms = { 0, 1000000 };

	while (for_others(kill_one)) {
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			continue;
		nanosleep(&ms, NULL);
	}
	clear_signals();
}

/* ---- files ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	remove(path);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds a file to those that are known, or tells of it if it is not one of them. */
static int see(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	if (leaver) {
		if (!bsearch(&path, known, known_count, sizeof(known[0]), compare))
			tell(2, "<%s %d left %s>\n", token, leaver->index, path);
	} else if (known_count < FILES_MAX) {
		known[known_count++] = strdup(path);
	}
	return 0;
}

static void look_for_files(const struct one *who)
{
	leaver = who;
	nftw("/", see, FOLDERS_MAX, FTW_PHYS);
	if (!who)
		qsort(known, known_count, sizeof(known[0]), compare);
}

/* ---- the cases ---- */

static void ledger(char *text, size_t size)
{
	struct faultline_ledger books = { 0 };

	if (syscall(SYS_faultline, FAULTLINE_LEDGER, 0, &books, sizeof(books), 0) == 1)
		snprintf(text, size, "%lu", (unsigned long)books.errors);
	else
		snprintf(text, size, "-");
}

/* What the last case has left there is no matter of this one's. */
static void set_thp(const char *mode)
{
	int fd = open(THP, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, mode, strlen(mode)) < 0)
		stop(THP);
	close(fd);
}

static void run(const struct one *one)
{
	char errors[32];
	pid_t child;
	int status;

	set_thp(one->thp);
	for (int fd = 1; fd <= 2; fd++)
		tell(fd, "<%s %d begins>\n", token, one->index);
	child = fork();
	if (child < 0)
		stop("fork");
	if (child == 0)
		become(one);
	status = wait_for(child);
	clear_processes();
	if (nftw(one->folder, remove_one, FOLDERS_MAX, FTW_PHYS | FTW_DEPTH) != 0 ||
	    access(one->folder, F_OK) == 0)
		tell(2, "<%s %d left %s>\n", token, one->index, one->folder);
	look_for_files(one);
	ledger(errors, sizeof(errors));
	for (int fd = 1; fd <= 2; fd++)
		tell(fd, "<%s %d ends %d %s>\n", token, one->index, status, errors);
}

/* Takes one case from the words; returns what is behind it. */
static char **take(char **words, struct one *one)
{
	const size_t most = sizeof(one->argv) / sizeof(one->argv[0]) - 1;
	size_t n = words[1] && words[2] ? (size_t)atoi(words[2]) : 0;

	one->folder = words[0];
	one->thp = words[1];
	if (n == 0 || n > most)
		stop("%s: %zu words", one->folder, n);
	words += 3;
	for (size_t i = 0; i < n; i++) {
		if (!*words)
			stop("%s: %zu words, not %zu", one->folder, i, n);
		one->argv[i] = *words++;
	}
	one->argv[n] = NULL;
	return words;
}

int main(int argc, char **argv)
{
	sigset_t all;
	struct one one = { 0 };

	if (argc < 2)
		return BROKEN;
	token = argv[1];
	/* What a case sends to its parent does not end this; the case itself begins with none. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &usual);
	close(socket(AF_UNIX, SOCK_STREAM, 0)); /* starts what serves sockets */
	for_others(is_server);
	look_for_files(NULL);
	for (argv += 2; *argv; one.index++) {
		argv = take(argv, &one);
		run(&one);
	}
	return 0;
}
