/* SPDX-License-Identifier: MIT */
/* Functions that the commands showing the kernel's state share. */
#define _GNU_SOURCE
#include "sh/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sh/jobs.h"

long watch_command_ask(unsigned what, unsigned long which, void *buf, unsigned long size,
		       unsigned long from)
{
	return syscall(SYS_faultline, what, which, buf, size, from);
}

int watch_refused(const char *what)
{
	if (errno == ENOSYS || errno == ENOENT)
		dprintf(STDERR_FILENO, "sh: %s: this kernel does not offer it\n", what);
	else
		dprintf(STDERR_FILENO, "sh: %s: %s\n", what,
			errno == ESRCH ? "no such process" : strerror(errno));
	return 1;
}

static int pid_of_job(char **argv)
{
	const struct job *job = job_find(argv[1]);

	if (!job)
		dprintf(STDERR_FILENO, "sh: %s: %s: no such job\n", argv[0], argv[1]);
	return job ? (int)job_pid(job) : 0;
}

int watch_pid(int argc, char **argv)
{
	char *end;
	long pid = getppid();

	if (argc > 1 && *argv[1] == '%')
		return pid_of_job(argv);
	if (argc > 1) {
		pid = strtol(argv[1], &end, 10);
		if (*end || pid <= 0 || pid > 0x3fffffff) {
			dprintf(STDERR_FILENO, "sh: %s: %s is not a process id\n", argv[0],
				argv[1]);
			return 0;
		}
	}
	return (int)pid;
}

bool watch_show_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char bytes[4096];
	size_t n;

	if (!file)
		return false;
	while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		fwrite(bytes, 1, n, stdout);
	fclose(file);
	return true;
}
