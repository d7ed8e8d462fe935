/* SPDX-License-Identifier: MIT */
/* servers: the command that shows what process 1 keeps running. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sh/builtin.h"

#define STATUS "/run/servers" /* of user/init_services.c */

/* Finds the number behind `key` in a file of /proc. Returns false if it is not there. */
static bool servers_number(const char *path, const char *key, long *number)
{
	FILE *file = fopen(path, "r");
	char line[200];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strncmp(line, key, strlen(key)) == 0 &&
			sscanf(line + strlen(key), "%ld", number) == 1;
	if (file)
		fclose(file);
	return found;
}

/* The calls that its endpoint has had, this process's and those of the servers before it. */
static bool calls_of(int pid, long *calls)
{
	char path[300];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, entry->d_name);
		found = servers_number(path, "calls:", calls);
	}
	if (folder)
		closedir(folder);
	return found;
}

/* A number, or "-" if it is not known. */
static void servers_show(bool known, long number, int width)
{
	if (known)
		printf(" %*ld", width, number);
	else
		printf(" %*s", width, "-");
}

int watch_servers(int argc, char **argv)
{
	char name[401], program[401], path[64];
	FILE *status = fopen(STATUS, "r");
	int pid, uid, starts;

	(void)argc, (void)argv;
	if (!status && errno != ENOENT) {
		perror("sh: servers");
		return 1;
	}
	printf("%-12s %6s %6s %6s %10s %10s  %s\n", "NAME", "PID", "UID", "STARTS", "CALLS", "KIB",
	       "PROGRAM");
	while (status &&
	       fscanf(status, "%400s %d %d %d %400s", name, &pid, &uid, &starts, program) == 5) {
		long calls = 0, kib = 0;

		snprintf(path, sizeof(path), "/proc/%d/status", pid);
		printf("%-12s", name);
		servers_show(pid != 0, pid, 6);
		servers_show(true, uid, 6);
		servers_show(true, starts, 6);
		servers_show(calls_of(pid, &calls), calls, 10);
		servers_show(servers_number(path, "VmRSS:", &kib), kib, 10);
		printf("  %s\n", program);
	}
	if (status)
		fclose(status);
	return 0;
}
