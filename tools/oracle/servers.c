/* SPDX-License-Identifier: MIT */
/* Mounts a file server of user/servers on Linux and prints all that can be read there. */

/*
 * usage: servers [MODULE.ko]... PROGRAM [ARGUMENT]...
 * Runs as root on the Linux oracle. The program gets `--socket FD` behind its arguments, and Linux's v9fs
 * the other end of the socket pair.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "listing.h"

static void die(const char *what)
{
	fprintf(stderr, "servers: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int get_stat(const char *path, struct stat *ret)
{
	return lstat(path, ret) == 0 ? 0 : -errno;
}

static int get_names(const char *path, struct listing_name *ret)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned n = 0;

	if (!dir)
		return -errno;
	while (n < LISTING_NAMES && (entry = readdir(dir)) != NULL) {
		strcpy(ret[n].name, entry->d_name);
		ret[n++].type = entry->d_type;
	}
	closedir(dir);
	return (int)n;
}

static ssize_t get_target(const char *path, char *to, size_t size)
{
	ssize_t n = readlink(path, to, size);

	return n < 0 ? -errno : n;
}

/* Reads twice, by read(2) and by a mapping: the bytes must be the same. */
static ssize_t get_bytes(const char *path, void *to, size_t n, off_t offset)
{
	int fd = open(path, O_RDONLY);
	off_t from = offset & -4096l;
	ssize_t got = 0, done = 0;
	char *mem;

	if (fd < 0)
		return -errno;
	while ((got = pread(fd, (char *)to + done, n - (size_t)done, offset + done)) > 0)
		done += got;
	if (got < 0)
		die(path);
	mem = mmap(NULL, (size_t)(offset - from) + n, PROT_READ, MAP_PRIVATE, fd, from);
	if (mem == MAP_FAILED || memcmp(mem + (offset - from), to, (size_t)done) != 0)
		die("a mapping differs from what was read");
	munmap(mem, (size_t)(offset - from) + n);
	close(fd);
	return done;
}

static int try_write(const char *path)
{
	int fd = open(path, O_WRONLY);

	return fd < 0 ? -errno : fd;
}

static const struct listing_ops ops = { get_stat, get_names, get_target, get_bytes, try_write };

static bool is_module(const char *path)
{
	size_t n = strlen(path);

	return n > 3 && strcmp(path + n - 3, ".ko") == 0;
}

static void load(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST))
		die(path);
	close(fd);
}

/* Starts the server. Returns our end of the socket pair. */
static int start(char **argv)
{
	char *words[20] = { 0 }, fd[12];
	int ends[2], n = 0;

	for (; argv[n] && n < 16; n++)
		words[n] = argv[n];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		die("socketpair");
	snprintf(fd, sizeof(fd), "%d", ends[1]);
	words[n] = "--socket";
	words[n + 1] = fd;
	if (fork() == 0) {
		close(ends[0]);
		execv(words[0], words);
		die(words[0]);
	}
	close(ends[1]);
	return ends[0];
}

static void print_statfs(void)
{
	struct statfs fs;

	if (statfs(".", &fs) != 0)
		die("statfs");
	printf("statfs: type %lx, block %ld, blocks %lu, files %lu, name %ld\n", (long)fs.f_type,
	       (long)fs.f_bsize, (unsigned long)fs.f_blocks, (unsigned long)fs.f_files,
	       (long)fs.f_namelen);
}

/* Linux sends the request, for it does not know that nothing can be written. */
static void print_changes(void)
{
	int made = mkdir("new-dir", 0755) ? errno : 0,
	    linked = symlink("a", "new-link") ? errno : 0;
	int changed = chmod(".", 0700) ? errno : 0,
	    created = open("new", O_CREAT | O_WRONLY, 0644) < 0 ? errno : 0;

	printf("mkdir, symlink, chmod, create: errors %d %d %d %d\n", made, linked, changed,
	       created);
}

int main(int argc, char **argv)
{
	char options[200];
	int fd, status;

	for (argv++; *argv && is_module(*argv); argv++)
		load(*argv);
	fd = start(argv);
	snprintf(options, sizeof(options),
		 "trans=fd,rfdno=%d,wfdno=%d,version=9p2000.L,cache=mmap,access=any,msize=8192", fd,
		 fd);
	mkdir("/tmp/mnt", 0755);
	if (mount("none", "/tmp/mnt", "9p", 0, options) != 0 || chdir("/tmp/mnt") != 0)
		die("mount");
	close(fd);
	listing_print(&ops, stdout);
	print_changes();
	print_statfs();
	if (chdir("/") != 0 || umount("/tmp/mnt") != 0)
		die("umount");
	if (wait(&status) < 0 || status != 0)
		die("the server");
	return 0;
}
