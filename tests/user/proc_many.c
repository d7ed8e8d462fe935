/* SPDX-License-Identifier: MIT */
/* R131 P: /proc/PID/maps of a process that has nearly as many mappings as there may be. */
#include "t.h"

#include <stdbool.h>

#define N 65400ul

static char text[8192];

/* Reads maps and counts the lines of the range, which has to be as a whole. */
static void count(const char *path, unsigned long from, unsigned long to)
{
	unsigned long lines = 0, before = from, bytes = 0;
	size_t have = 0;
	bool whole = true;
	int fd = open(path, O_RDONLY);
	ssize_t got;

	while ((got = read(fd, text + have, sizeof(text) - 1 - have)) > 0) {
		char *line = text, *end;

		have += (size_t)got;
		bytes += (size_t)got;
		text[have] = '\0';
		for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
			unsigned long start = strtoul(line, &end, 16);
			unsigned long stop = strtoul(end + 1, &end, 16);

			end = strchr(line, '\n');
			if (start < from || start >= to)
				continue;
			lines++;
			whole &= start == before && end[-1] == ' ';
			before = stop;
		}
		have = strlen(line);
		memmove(text, line, have);
	}
	say("lines: %lu, as a whole: %d, in the end: %zd\n", lines, whole && before == to, got);
	say("far behind: %zd %zd\n", pread(fd, text, 10, (off_t)bytes),
	    pread(fd, text, 1, (off_t)bytes - 1));
	close(fd);
}

int main(void)
{
	char *p = mmap((void *)0x2000000000, N * PAGE, RW, ANON | MAP_FIXED, -1, 0);
	char path[40];
	pid_t pid;

	for (size_t i = 1; i < N; i += 2)
		if (mprotect(p + i * PAGE, PAGE, PROT_READ) != 0)
			return 1;
	count("/proc/self/maps", (unsigned long)p, (unsigned long)(p + N * PAGE));
	pid = fork();
	if (pid == 0) {
		/* It is read while it undoes them. */
		for (size_t i = 1; i < N; i += 2)
			mprotect(p + i * PAGE, PAGE, RW);
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	for (int fd = open(path, O_RDONLY), i = 0; i < 2000 && read(fd, text, 4000) >= 0; i++)
		continue;
	TRY(waitpid(pid, NULL, 0) == pid);
	TRY(munmap(p, N * PAGE));
	return 0;
}
