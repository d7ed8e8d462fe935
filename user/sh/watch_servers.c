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

/* What the kernel tells of the endpoint: of this process, and of the servers before it. */
struct endpoint_info {
	long calls, progress_ns, awaited;
};

static bool servers_endpoint(int pid, struct endpoint_info *info)
{
	char path[300];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, entry->d_name);
		found = servers_number(path, "calls:", &info->calls) &&
			servers_number(path, "progress-ns:", &info->progress_ns) &&
			servers_number(path, "awaited:", &info->awaited);
	}
	if (folder)
		closedir(folder);
	return found;
}

/* How long ago the last progress was or, if somebody waits for an answer, how long there has been none. */
static void servers_show_progress(bool known, const struct endpoint_info *info)
{
	static const char *const unit[] = { "ms", "s", "min", "h" };
	static const long each[] = { 1000, 60, 60 };
	char text[40] = "-";
	long n = info->progress_ns / 1000000;
	unsigned i = 0;

	for (; i < 3 && n >= 2 * each[i]; i++)
		n /= each[i];
	if (known)
		snprintf(text, sizeof(text), info->awaited ? "none for %ld %s" : "%ld %s ago", n,
			 unit[i]);
	printf("  %-15s", text);
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
	printf("%-12s %6s %6s %6s %10s  %-15s %8s  %s\n", "NAME", "PID", "UID", "STARTS", "CALLS",
	       "PROGRESS", "KIB", "PROGRAM");
	while (status &&
	       fscanf(status, "%400s %d %d %d %400s", name, &pid, &uid, &starts, program) == 5) {
		struct endpoint_info info = { 0 };
		bool known = servers_endpoint(pid, &info);
		long kib = 0;

		snprintf(path, sizeof(path), "/proc/%d/status", pid);
		printf("%-12s", name);
		servers_show(pid != 0, pid, 6);
		servers_show(true, uid, 6);
		servers_show(true, starts, 6);
		servers_show(known, info.calls, 10);
		servers_show_progress(known, &info);
		servers_show(servers_number(path, "VmRSS:", &kib), kib, 8);
		printf("  %s\n", program);
	}
	if (status)
		fclose(status);
	return 0;
}
