/* SPDX-License-Identifier: MIT */
/* serve: starts a file server from the prompt and mounts its files. */

/*
 * usage: serve [-o OPTIONS] DIRECTORY PROGRAM [ARGUMENT...]
 *
 * As in `serve /mnt /bin/madeup`. The files are read-only. The server ends when the mount goes
 * (`umount /mnt`). OPTIONS are those of the file system "9p", separated by commas.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "serve.h"

int main(int argc, char **argv)
{
	const char *options = NULL;
	pid_t pid;
	int err;

	if (argc > 2 && strcmp(argv[1], "-o") == 0) {
		options = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc < 3) {
		fprintf(stderr, "usage: serve [-o OPTIONS] DIRECTORY PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	err = serve_and_mount(argv + 2, argv[1], MS_RDONLY | MS_NOSUID | MS_NODEV, options, &pid);
	if (err)
		fprintf(stderr, "serve: %s at %s: %s\n", argv[2], argv[1], strerror(-err));
	return err != 0;
}
