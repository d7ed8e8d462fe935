/* SPDX-License-Identifier: MIT */
/* Counts the requests that a server gets for common uses of its files, and compares with Linux (R142). */
#define _GNU_SOURCE
#include "servers/file_server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc.h"
#include "expect.h"

#define PAGE  4096ul
#define BIG   (64ul << 20)
#define DIRS  100u
#define FILES 100u

/* What the server and the client share. */
struct shared {
	unsigned seen[256]; /* requests by type */
	unsigned version;   /* of the big file: it changes when this does */
};

static volatile struct shared *shared;
/* ---- the server: /big, /small, and /tree/sNN/fNN ---- */

enum { ROOT, BIG_FILE, SMALL_FILE, TREE, FIRST_DIR, FIRST_FILE = FIRST_DIR + DIRS };

static int attr(void *tree, uint64_t file, struct file_attr *ret)
{
	(void)tree;
	ret->mode = file == ROOT || (file >= TREE && file < FIRST_FILE) ? S_IFDIR | 0755
									: S_IFREG | 0644;
	ret->nlink = 1;
	ret->size = file == BIG_FILE	 ? BIG
		    : file == SMALL_FILE ? 100000
		    : file < FIRST_FILE	 ? 0
					 : 5;
	ret->mtime = 1000000 + shared->version;
	return 0;
}

static int walk(void *tree, uint64_t dir, struct p9_string name, uint64_t *ret)
{
	char text[8] = "";
	unsigned n;

	(void)tree;
	memcpy(text, name.data, name.len < 7 ? name.len : 7);
	n = (unsigned)strtoul(text + 1, NULL, 10);
	if (strcmp(text, "..") == 0)
		*ret = dir <= TREE ? ROOT : TREE;
	else if (dir == ROOT && strcmp(text, "big") == 0)
		*ret = BIG_FILE;
	else if (dir == ROOT && strcmp(text, "small") == 0)
		*ret = SMALL_FILE;
	else if (dir == ROOT && strcmp(text, "tree") == 0)
		*ret = TREE;
	else if (dir == TREE && text[0] == 's' && n < DIRS)
		*ret = FIRST_DIR + n;
	else if (dir >= FIRST_DIR && dir < FIRST_FILE && text[0] == 'f' && n < FILES)
		*ret = FIRST_FILE + (dir - FIRST_DIR) * FILES + n;
	else
		return -ENOENT;
	return 0;
}

static uint8_t byte_of(uint64_t at)
{
	return (uint8_t)(at / PAGE * 7 + shared->version);
}

static ssize_t read_file(void *tree, uint64_t file, uint64_t offset, void *buf, size_t n,
			 const void **data)
{
	struct file_attr of = { 0 };

	(void)data;
	(void)attr(tree, file, &of);
	n = offset >= of.size ? 0 : n < of.size - offset ? n : of.size - offset;
	for (size_t i = 0; i < n; i += PAGE)
		memset((char *)buf + i, byte_of(offset + i), n - i < PAGE ? n - i : PAGE);
	return (ssize_t)n;
}

static int read_dir(void *tree, uint64_t dir, uint64_t at, struct file_entry *ret)
{
	static const char *const names[] = { "big", "small", "tree" };
	static char text[8];

	if (at >= (dir == ROOT ? 3 : dir == TREE ? DIRS : FILES))
		return 0;
	snprintf(text, sizeof(text), "%c%u", dir == TREE ? 's' : 'f', (unsigned)at);
	ret->name = p9_string(dir == ROOT ? names[at] : text);
	ret->next = at + 1;
	return walk(tree, dir, ret->name, &ret->file) == 0;
}

static const struct file_ops ops = {
	.walk = walk,
	.getattr = attr,
	.read = read_file,
	.readdir = read_dir,
};

static struct file_server server;

static void serve(int fd)
{
	struct ipc_message m = { 0 };
	long rcvid = 0;

	file_server_init(&server, &ops, NULL);
	for (;;) {
		struct file_reply reply;

		rcvid = ipc_reply_receive(fd, rcvid, &m, IPC_NEVER);
		if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED)
			_exit(0);
		if (rcvid <= 0 || m.word[0] > sizeof(server.request))
			_exit(9);
		if (ipc_read(fd, rcvid, server.request, m.word[0], 0) != (long)m.word[0])
			_exit(8);
		shared->seen[server.request[4]]++;
		file_server_answer(&server, m.word[0], &reply);
		ipc_write(fd, rcvid, reply.head, reply.nhead, 0);
		ipc_write(fd, rcvid, reply.data, reply.ndata, reply.nhead);
	}
}

/* ---- the client ---- */

static pid_t pid;

static void start(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, IPC_TELL_CLOSE);
	char options[32];

	pid = fork();
	if (pid == 0) {
		close(send);
		serve(receive);
	}
	close(receive);
	snprintf(options, sizeof(options), "fd=%d", send);
	expect("mount", 0, mount("server", "/mnt", "9p", 0, options));
	close(send);
	memset((void *)shared->seen, 0, sizeof(shared->seen));
}

static const struct {
	unsigned type;
	const char *name;
} types[] = { { P9_TWALK, "walk" }, { P9_TGETATTR, "getattr" }, { P9_TLOPEN, "open" },
	      { P9_TREAD, "read" }, { P9_TREADDIR, "readdir" }, { P9_TCLUNK, "clunk" } };

/* Returns how many requests there were since start(), and unmounts. */
static void stop(const char *what, unsigned most)
{
	unsigned total = 0;
	int status = -1;

	printf("%s:", what);
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		printf(" %s=%u", types[i].name, shared->seen[types[i].type]);
		total += shared->seen[types[i].type];
	}
	printf(" total=%u of %u\n", total, most);
	nwrong += total > most;
	expect("umount", 0, umount("/mnt"));
	waitpid(pid, &status, 0);
	expect("the server's status", 0, status);
}

static char buf[1 << 16];

static void reads(size_t n, uint64_t at)
{
	int fd = open("/mnt/big", O_RDONLY);
	uint64_t wrong = 0;
	ssize_t got;

	lseek(fd, (long)at, SEEK_SET);
	while ((got = read(fd, buf, n)) > 0) {
		for (ssize_t i = 0; i < got; i += (ssize_t)PAGE)
			wrong += (uint8_t)buf[i] != byte_of(at + (uint64_t)i);
		at += (uint64_t)got;
	}
	close(fd);
	expect("bytes", (long)BIG, (long)at);
	expect("wrong bytes", 0, (long)wrong);
}

static void maps(void)
{
	int fd = open("/mnt/big", O_RDONLY);
	uint8_t *p = mmap(NULL, BIG, PROT_READ, MAP_SHARED, fd, 0);
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < BIG; i += PAGE)
		wrong += p[i] != byte_of(i);
	munmap(p, BIG);
	close(fd);
	expect("wrong bytes", 0, (long)wrong);
}

static uint64_t random_page(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (*seed >> 33) % (BIG / PAGE) * PAGE;
}

static void random_reads(void)
{
	int fd = open("/mnt/big", O_RDONLY);
	uint64_t seed = 1;

	for (unsigned i = 0; i < 500; i++)
		expect("read", (long)PAGE, pread(fd, buf, PAGE, (long)random_page(&seed)));
	close(fd);
}

static void random_maps(void)
{
	int fd = open("/mnt/big", O_RDONLY);
	volatile uint8_t *p = mmap(NULL, BIG, PROT_READ, MAP_SHARED, fd, 0);
	uint64_t seed = 1;

	for (unsigned i = 0; i < 500; i++)
		(void)p[random_page(&seed)];
	munmap((void *)p, BIG);
	close(fd);
}

static void small_again(void)
{
	for (unsigned i = 0; i < 10; i++) {
		int fd = open("/mnt/small", O_RDONLY);

		for (uint64_t at = 0; read(fd, buf, sizeof(buf)) > 0; at += sizeof(buf))
			expect("byte", byte_of(at), (uint8_t)buf[0]);
		close(fd);
	}
}

static void stat_deep(void)
{
	struct stat st;

	for (unsigned i = 0; i < 10; i++)
		expect("stat", 0, stat("/mnt/tree/s1/f3", &st));
}

/* As find does. */
static long walk_tree(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY);
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	long n = 0;

	while ((entry = readdir(dir))) {
		struct stat st;

		if (entry->d_name[0] == '.')
			continue;
		expect("stat", 0, fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW));
		n += 1 + (S_ISDIR(st.st_mode) ? walk_tree(fd, entry->d_name) : 0);
	}
	closedir(dir);
	return n;
}

/*
 * At most as many requests as Linux's v9fs makes with cache=loose and msize=135168, without those of
 * random access by mmap, where Linux reads 128 KiB each time: here it is a page.
 */
int main(void)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mkdir("/mnt", 0755);
	start();
	reads(sizeof(buf), 0);
	stop("read", 519);
	start();
	reads(PAGE, 0);
	stop("read by pages", 522);
	start();
	reads(PAGE, 7 * PAGE);
	stop("read from the seventh page", 524);
	start();
	maps();
	stop("map", 519);
	start();
	random_reads();
	stop("random reads", 505);
	start();
	random_maps();
	expect("pages that were read", 498, shared->seen[P9_TREAD]);
	stop("random access", 503);
	start();
	small_again();
	stop("a small file ten times", 42);
	start();
	small_again();
	shared->version++;
	small_again();
	stop("a small file that changes", 84);
	start();
	stat_deep();
	stop("a deep name ten times", 67);
	start();
	expect("files", DIRS * FILES + DIRS, walk_tree(AT_FDCWD, "/mnt/tree"));
	stop("tree", 20810);
	if (nwrong == 0)
		puts("requests: ok");
	return nwrong != 0;
}
