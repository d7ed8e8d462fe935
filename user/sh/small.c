/* SPDX-License-Identifier: MIT */
/* echo, cat and ls: the image has no other programs for them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sh/builtin.h"

static int refused(const char *name)
{
	dprintf(STDERR_FILENO, "sh: %s: %s\n", name, strerror(errno));
	return 1;
}

int small_echo(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		printf("%s%s", i > 1 ? " " : "", argv[i]);
	putchar('\n');
	return 0;
}

/* Copies all that can be read: 0, or 1 with errno. */
static int copy(int from)
{
	char bytes[16384];
	ssize_t n, written = 0;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		for (ssize_t done = 0; done < n; done += written) {
			written = write(STDOUT_FILENO, bytes + done, (size_t)(n - done));
			if (written < 0)
				return 1;
		}
	return n < 0;
}

int small_cat(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		return copy(STDIN_FILENO) ? refused("cat") : 0;
	for (int i = 1; i < argc; i++) {
		int from = open(argv[i], O_RDONLY);

		if (from < 0 || copy(from))
			status = refused(argv[i]);
		if (from >= 0)
			close(from);
	}
	return status;
}

int small_ls(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : ".";
	DIR *folder = opendir(path);
	struct dirent *entry;

	if (!folder)
		return refused(path);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			printf("%s%s\n", entry->d_name, entry->d_type == DT_DIR ? "/" : "");
	closedir(folder);
	return 0;
}
