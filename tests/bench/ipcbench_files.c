/* SPDX-License-Identifier: MIT */
/* What a page of a mounted file costs whose server, another process, has the bytes ready. */
/*
 * The server is the library of user/servers/, with a tree that answers every read from one buffer. A
 * fault is counted from the load that takes it to the load's end: the way through the page cache to
 * the server, its answer, and the way back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipcbench.h"
#include "lib/ipc.h"
#include "servers/file_server.h"

#define MOUNT "/served"

/* The files. The k-th page of a file has the byte k % PATTERNS everywhere. */
enum { ROOT, FAULTS, RUNS, READS, NFILES };

#define PATTERNS 256u
#define APART	 17u /* pages between two that are read: more than a fault maps beside its own */
#define PAGES	 (1u << 15)

static const char *const names[NFILES] = { "", "faults", "runs", "reads" };

static char bytes[(PATTERNS + SERVED_RUN) * PAGE] __attribute__((aligned(4096)));
static pid_t server_pid;

/* What the client has of the files. */
static const volatile unsigned char *faults_map, *runs_map;
static int reads_fd;

/* ---- the server ---- */

static int bench_walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	(void)tree;
	(void)dir;
	*ret = ROOT;
	if (p9_string_is(name, ".."))
		return 0;
	for (*ret = FAULTS; *ret < NFILES; ++*ret)
		if (p9_string_is(name, names[*ret]))
			return 0;
	return -ENOENT;
}

static int bench_getattr(void *tree, uint64_t file, struct file_attr *ret)
{
	(void)tree;
	ret->mode = file == ROOT ? S_IFDIR | 0555 : S_IFREG | 0444;
	ret->nlink = file == ROOT ? 2 : 1;
	ret->size = file == ROOT ? 0 : PAGES * PAGE;
	return 0;
}

static ssize_t bench_read(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			  const void **data)
{
	(void)tree;
	(void)file;
	(void)buf;
	*data = bytes + offset % (PATTERNS * PAGE);
	return (ssize_t)n;
}

static const struct file_ops bench_ops = {
	.walk = bench_walk,
	.getattr = bench_getattr,
	.read = bench_read,
};

static _Noreturn void serve(int receive)
{
	static struct file_server server;

	for (unsigned k = 0; k < PATTERNS + SERVED_RUN; k++)
		memset(bytes + k * PAGE, (int)(k % PATTERNS), PAGE);
	file_server_init(&server, &bench_ops, NULL);
	_exit(file_server_endpoint(&server, receive) != 0);
}

/* ---- the client ---- */

static void check(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static int open_file(int file)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), MOUNT "/%s", names[file]);
	fd = open(path, O_RDONLY);
	check(fd >= 0, path);
	return fd;
}

static const volatile unsigned char *map_file(int file)
{
	int fd = open_file(file);
	void *at = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	check(at != MAP_FAILED, "mmap");
	close(fd);
	return at;
}

static void begin(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 0, IPC_TELL_CLOSE);
	char option[32];

	server_pid = fork();
	if (server_pid == 0) {
		close(send);
		serve(receive);
	}
	close(receive);
	snprintf(option, sizeof(option), "fd=%d", send);
	mkdir(MOUNT, 0755);
	check(server_pid > 0 && mount("ipcbench", MOUNT, "9p", MS_RDONLY, option) == 0, "mount");
	close(send);
	faults_map = map_file(FAULTS);
	runs_map = map_file(RUNS);
	reads_fd = open_file(READS);
}

/* The first row that needs it starts it, so that it is nothing to those before. */
static void served_begin(void)
{
	if (server_pid == 0)
		begin();
}

void served_end(void)
{
	int status;

	if (server_pid == 0)
		return;
	munmap((void *)(uintptr_t)faults_map, PAGES * PAGE);
	munmap((void *)(uintptr_t)runs_map, PAGES * PAGE);
	close(reads_fd);
	check(umount(MOUNT) == 0, "umount");
	check(waitpid(server_pid, &status, 0) == server_pid && status == 0, "the server");
}

int served_fault(uint64_t i, uint64_t *cost)
{
	uint64_t start, k = i * APART;
	unsigned char found;

	served_begin();
	start = instructions();
	found = faults_map[k * PAGE];
	*cost = instructions() - start;
	return found == k % PATTERNS;
}

int served_run(uint64_t i, uint64_t *cost)
{
	uint64_t start, first = i * SERVED_RUN;
	unsigned wrong = 0;

	served_begin();
	start = instructions();
	for (uint64_t k = first; k < first + SERVED_RUN; k++)
		wrong += runs_map[k * PAGE] != k % PATTERNS;
	*cost = instructions() - start;
	return wrong == 0;
}

int served_read(uint64_t i, uint64_t *cost)
{
	static unsigned char buf[SERVED_RUN * PAGE] = { 1 };
	uint64_t start;
	unsigned wrong = 0;
	ssize_t n;

	served_begin();
	start = instructions();
	n = read(reads_fd, buf, sizeof(buf));
	*cost = instructions() - start;
	for (uint64_t k = 0; k < SERVED_RUN; k++)
		wrong += buf[k * PAGE + PAGE - 1] != (i * SERVED_RUN + k) % PATTERNS;
	return n == (ssize_t)sizeof(buf) && wrong == 0;
}
