/* SPDX-License-Identifier: MIT */
/* serve: starts a file server from the prompt and mounts its files. */

/*
 * usage: serve [-o OPTIONS] DIRECTORY PROGRAM [ARGUMENT...]
 *        serve -u DIRECTORY
 *
 * As in `serve /mnt /bin/madeup`. The files are read-only. OPTIONS are those of the file system
 * "9p", separated by commas. -u unmounts the files, and their server ends.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "serve.h"

static int serve_usage(void)
{
	fprintf(stderr, "usage: serve [-o OPTIONS] DIRECTORY PROGRAM [ARGUMENT...]\n"
			"       serve -u DIRECTORY\n");
	return 2;
}

static int serve_unmount(const char *directory)
{
	if (umount(directory) == 0)
		return 0;
	fprintf(stderr, "serve: %s: %s\n", directory, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	const char *options = NULL;
	pid_t pid;
	int err;

	if (argc == 3 && strcmp(argv[1], "-u") == 0)
		return serve_unmount(argv[2]);
	if (argc > 2 && strcmp(argv[1], "-o") == 0) {
		options = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc < 3)
		return serve_usage();
	err = serve_and_mount(argv + 2, argv[1], MS_RDONLY | MS_NOSUID | MS_NODEV, options, &pid);
	if (err)
		fprintf(stderr, "serve: %s at %s: %s\n", argv[2], argv[1], strerror(-err));
	return err != 0;
}
