/* SPDX-License-Identifier: MIT */
/* Finds other processes by their names, and kills them. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Returns the ID of a process with this name, or 0. */
static pid_t find_process(const char *name)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (proc && (entry = readdir(proc))) {
		char path[300], comm[32] = "";
		pid_t pid = atoi(entry->d_name);
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		fd = pid > 0 ? open(path, O_RDONLY) : -1;
		if (fd >= 0 && read(fd, comm, sizeof(comm) - 1) > 0) {
			comm[strcspn(comm, "\n")] = '\0';
			if (strcmp(comm, name) == 0)
				found = pid;
		}
		if (fd >= 0)
			close(fd);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* Returns 0 or a negative errno. Without such a process it is -ESRCH: kill() of 0 or -1 would kill others. */
static inline int kill_process(const char *name)
{
	pid_t pid = find_process(name);

	if (pid <= 1)
		return -ESRCH;
	return kill(pid, SIGKILL) == 0 ? 0 : -errno;
}
