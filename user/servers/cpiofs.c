/* SPDX-License-Identifier: MIT */
/* cpiofs: serves the files of a cpio archive, as `find . | cpio -o -H newc` writes it. */

/*
 * usage: cpiofs ARCHIVE --endpoint FD | --socket FD
 *
 * The archive is mapped, so a page of it is read when somebody reads a file there. It must not be
 * changed while it is served: the client keeps names and attributes, by a lease that is never revoked.
 */
#include "cpiofs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Maps a file. Returns 0 or a negative errno. */
static int cpiofs_map_file(const char *path, const void **data, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	void *mem;

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) != 0)
		err = -errno;
	else if (st->st_size == 0)
		err = -EINVAL;
	mem = err ? MAP_FAILED : mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (!err && mem == MAP_FAILED)
		err = -errno;
	*data = mem;
	close(fd);
	return err;
}

/* A client may keep what it has read of an earlier archive, unless the version says that it is another one. */
static uint32_t version_of(const struct stat *st)
{
	uint64_t mix = ((uint64_t)st->st_mtim.tv_sec << 20) ^ (uint64_t)st->st_mtim.tv_nsec ^
		       ((uint64_t)st->st_size << 40);

	return (uint32_t)(mix ^ mix >> 32) | 1;
}

int main(int argc, char **argv)
{
	const char *why, *path = argv[1];
	struct cpiofs *fs;
	const void *data;
	struct stat st;
	size_t at = 0;
	int err;

	if (argc < 2) {
		fprintf(stderr, "usage: cpiofs ARCHIVE --endpoint FD | --socket FD\n");
		return 2;
	}
	err = cpiofs_map_file(path, &data, &st);
	if (err) {
		fprintf(stderr, "cpiofs: %s: %s\n", path, strerror(-err));
		return 1;
	}
	err = cpiofs_create(data, (size_t)st.st_size, version_of(&st), &fs, &why, &at);
	if (err) {
		fprintf(stderr, "cpiofs: %s: at byte %zu: %s\n", path, at, why);
		return 1;
	}
	if (cpiofs_left_out(fs) > 0)
		fprintf(stderr, "cpiofs: %s: %u devices, pipes and sockets are left out\n", path,
			cpiofs_left_out(fs));
	return file_server_main(&cpiofs_ops, fs, argv + 2);
}
