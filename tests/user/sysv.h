/* SPDX-License-Identifier: MIT */
/* What /proc/sysvipc lists, and the limits: for the tests of segments, queues and semaphores. */
#pragma once

#include "t.h"

/* Tells how many lines of a file are about each of three objects. */
static void tell_lines_of(const char *path, const int ids[3])
{
	FILE *file = fopen(path, "r");
	int seen[3] = { 0 }, found;
	char line[512];

	while (fgets(line, sizeof(line), file))
		for (int i = 0; i < 3 && sscanf(line, "%*d %d", &found) == 1; i++)
			seen[i] += found == ids[i];
	fclose(file);
	say("%s: %d %d %d\n", path, seen[0], seen[1], seen[2]);
}

/* Tells a limit, and sets it. */
static inline void limit(const char *name, const char *value)
{
	char path[80], text[80] = { 0 };
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	fd = open(path, O_RDWR);
	read(fd, text, sizeof(text) - 1);
	say("%s: %s", name, text);
	lseek(fd, 0, SEEK_SET);
	TRY(write(fd, value, strlen(value)));
	close(fd);
}
