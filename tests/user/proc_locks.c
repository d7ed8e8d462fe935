/* SPDX-License-Identifier: MIT */
/* P: /proc/locks has all locks of files, and who waits for them. */
#include "t.h"

#include <sys/file.h>
#include <sys/sysmacros.h>

static char text[1 << 16], place[60];
static pid_t pids[3];

static void slurp(void)
{
	int fd = open("/proc/locks", O_RDONLY);
	long n = 0, got;

	while ((got = read(fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
		n += got;
	text[n] = '\0';
	close(fd);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *owner_of(int pid)
{
	static const char *const names[] = { "first", "second", "third" };

	for (int i = 0; i < 3; i++)
		if (pids[i] == pid)
			return names[i];
	return pid == -1 ? "-1" : "another";
}

/* The lines about the file, sorted; of a wait, the lock that is in its way. */
static void show(const char *when)
{
	static char lines[1100][240], locks[1100][240];
	char *sorted[1100];
	int n = 0;

	slurp();
	memset(locks, 0, sizeof(locks));
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line;) {
		char what[60], where[60], range[60];
		int pid, at = 0;
		unsigned id;

		if (sscanf(line, "%u: %n", &id, &at) != 1 || id >= 1100 ||
		    sscanf(line + at, "%59[^0-9]%d %59s %59[^\n]", what, &pid, where, range) != 4) {
			say("what is this? %s\n", line);
			continue;
		}
		if (strcmp(where, place) != 0)
			continue;
		if (what[strlen(what) - 1] == '-') { /* the pid is -1 */
			what[strlen(what) - 1] = '\0';
			pid = -pid;
		}
		snprintf(lines[n], sizeof(lines[n]), "%s%s %s", what, owner_of(pid), range);
		if (strncmp(what, "->", 2) == 0)
			strncat(strcat(lines[n], " behind "), locks[id], 60);
		else
			snprintf(locks[id], sizeof(locks[id]), "%s%s", what, range);
		sorted[n] = lines[n];
		n++;
	}
	qsort(sorted, (size_t)n, sizeof(*sorted), by_text);
	say("%s: %d\n", when, n);
	for (int i = 0; i < n && n < 20; i++)
		say("  %s\n", sorted[i]);
}

static long lock(int fd, int call, short type, off_t start, off_t len)
{
	struct flock what = { .l_type = type, .l_start = start, .l_len = len };

	return fcntl(fd, call, &what);
}

int main(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600), other = open("file", O_RDWR);
	struct stat st;

	fstat(fd, &st);
	snprintf(place, sizeof(place), "%02x:%02x:%lu", major(st.st_dev), minor(st.st_dev),
		 (unsigned long)st.st_ino);
	pids[0] = getpid();
	show("none");
	/* A line has kind, type, owner and range; the owner of a lock of an open file is -1. */
	TRY(lock(fd, F_SETLK, F_WRLCK, 10, 5));
	TRY(lock(fd, F_SETLK, F_RDLCK, 100, 0));
	TRY(lock(other, F_OFD_SETLK, F_RDLCK, 50, 1));
	TRY(flock(fd, LOCK_SH));
	show("all kinds");
	/* Behind a lock are those who wait for it, with its number. */
	pids[1] = fork();
	if (pids[1] == 0)
		_exit((int)lock(other, F_SETLKW, F_WRLCK, 12, 2));
	until_it_sleeps(pids[1]);
	pids[2] = fork();
	if (pids[2] == 0)
		_exit(flock(open("file", O_RDWR), LOCK_EX));
	until_it_sleeps(pids[2]);
	show("with waits");
	TRY(lock(fd, F_SETLK, F_UNLCK, 10, 5));
	TRY(flock(fd, LOCK_UN));
	waitpid(pids[1], NULL, 0);
	waitpid(pids[2], NULL, 0);
	show("without");
	/* A lock by flock() stays with the open file, and has the number of who took or converted it. */
	pids[1] = fork();
	if (pids[1] == 0)
		_exit(flock(other, LOCK_SH));
	waitpid(pids[1], NULL, 0);
	show("of a process that has ended");
	TRY(flock(other, LOCK_EX));
	TRY(lock(other, F_OFD_SETLK, F_UNLCK, 0, 0));
	show("converted");
	TRY(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	/* Locks that do not touch have a line each, and none is left when the file is closed. */
	for (int i = 0; i < 1000; i++)
		lock(fd, F_SETLK, F_WRLCK, 2 * i, 1);
	show("many");
	close(other);
	close(fd);
	show("closed");
	return 0;
}
