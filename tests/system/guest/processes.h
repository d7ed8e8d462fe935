/* SPDX-License-Identifier: MIT */
/* Finds other processes by their names, and signals them. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_name(pid_t pid, const char *name)
{
	char path[64], comm[32] = "";
	bool has = false;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	if (read(fd, comm, sizeof(comm) - 1) > 0) {
		comm[strcspn(comm, "\n")] = '\0';
		has = strcmp(comm, name) == 0;
	}
	close(fd);
	return has;
}

/* Returns the next one with this name in /proc, or 0. */
static pid_t next_process(DIR *proc, const char *name)
{
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && has_name(pid, name))
			return pid;
	}
	return 0;
}

/* Returns the ID of a process with this name, or 0. */
static inline pid_t find_process(const char *name)
{
	DIR *proc = opendir("/proc");
	pid_t found = next_process(proc, name);

	if (proc)
		closedir(proc);
	return found;
}

/* Sends a signal to each process with this name. Returns how many there are, or a negative errno of kill(). */
static inline int signal_processes(const char *name, int sig)
{
	DIR *proc = opendir("/proc");
	pid_t pid;
	int n = 0;

	while (n >= 0 && (pid = next_process(proc, name)))
		n = kill(pid, sig) == 0 ? n + 1 : -errno;
	if (proc)
		closedir(proc);
	return n;
}

/* Returns 0 or a negative errno. Without such a process it is -ESRCH: kill() of 0 would kill others. */
static inline int kill_process(const char *name)
{
	pid_t pid = find_process(name);

	if (pid == 0)
		return -ESRCH;
	return kill(pid, SIGKILL) == 0 ? 0 : -errno;
}
