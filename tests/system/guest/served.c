/* SPDX-License-Identifier: MIT */
/* Files of our servers, by mounts: madeup's are computed, cpiofs's are in an archive (R142). */
#define _GNU_SOURCE
#include "servers/serve.h"
#include "expect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define LINE 64ul

static pid_t serve(char *const argv[], const char *target)
{
	pid_t pid = -1;

	mkdir(target, 0755);
	expect(argv[0], 0, serve_and_mount(argv, target, MS_RDONLY, NULL, &pid));
	return pid;
}

static void unserve(pid_t pid, const char *target)
{
	int status = -1;

	expect("umount", 0, umount(target) == 0 ? 0 : -errno);
	waitpid(pid, &status, 0);
	expect("the server's status", 0, status);
}

/* Is the line of N the right one? It says "N = ", and the product of what follows is N. */
static int is_right(const char *line, uint64_t n)
{
	uint64_t product = 1;
	char *at;

	if (strtoull(line, &at, 10) != n || strncmp(at, " = ", 3) != 0)
		return strncmp(at, " is prime", 9) == 0;
	for (at += 3;; at += 3) {
		uint64_t prime = strtoull(at, &at, 10), power = 1;

		if (*at == '^')
			power = strtoull(at + 1, &at, 10);
		while (power--)
			product *= prime;
		if (strncmp(at, " * ", 3) != 0)
			return product == n;
	}
}

/* A file of 16 GiB, more of which is touched than there is memory, in an order without order. */
static void computed(void)
{
	char *const argv[] = { "/bin/madeup", NULL };
	pid_t pid = serve(argv, "/made");
	int fd = open("/made/more/numbers", O_RDONLY);
	uint64_t seed = 9, wrong = 0;
	struct stat st;
	char *mem, line[LINE];

	expect("fstat", 0, fstat(fd, &st));
	expect("16 GiB", 16ll << 30, st.st_size);
	mem = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	expect("mmap", 1, mem != MAP_FAILED);
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t n;

		seed = seed * 6364136223846793005ul + 1442695040888963407ul;
		n = 2 + (seed >> 36) % ((1u << 28) - 2);
		wrong += !is_right(mem + LINE * n, n);
	}
	for (uint64_t n = 1000000; n < 1000000 + 4 * (1u << 20) / LINE; n += 64)
		wrong += !is_right(mem + LINE * n, n);
	expect("wrong lines", 0, (long)wrong);
	expect("pread", LINE, pread(fd, line, LINE, LINE * 20261121));
	expect("its line", 1, is_right(line, 20261121));
	munmap(mem, (size_t)st.st_size);
	close(fd);
	unserve(pid, "/made");
}

static long count(const char *path)
{
	DIR *dir = opendir(path);
	long n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* A program is executed from the archive, and goes on when the server is killed, as far as it is in memory. */
static void archived(char *archive)
{
	char *const argv[] = { "/bin/cpiofs", archive, NULL };
	pid_t pid = serve(argv, "/ar"), child;
	char text[32] = "";
	int status = -1, fd;
	struct stat st;

	expect("names", 2 + 1000, count("/ar/many"));
	expect("stat", 0, stat("/ar/many/n0777", &st));
	expect("size", 4, st.st_size);
	expect("mode", S_IFREG | 0640, st.st_mode);
	fd = open("/ar/link", O_RDONLY);
	expect("read by a link", 4, read(fd, text, sizeof(text)));
	expect("its text", 0, memcmp(text, "0777", 4));
	close(fd);
	child = fork();
	if (child == 0) {
		execl("/ar/bin/served", "served", "child", NULL);
		_exit(99);
	}
	waitpid(child, &status, 0);
	expect("a program of the archive", 42 << 8, status);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	expect_error("after the server's end", EIO, stat("/ar/many/n0777", &st));
	expect("umount", 0, umount("/ar"));
}

int main(int argc, char **argv)
{
	if (strcmp(argv[1], "child") == 0)
		return 42;
	computed();
	archived(argv[1]);
	if (nwrong == 0)
		puts("served: ok");
	return nwrong != 0;
}
