/* SPDX-License-Identifier: MIT */
/* What the tests do with the server and its files. */
#define _GNU_SOURCE
#include "p9.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t server;
int poke = -1;

enum lie first_lie;
unsigned first_lie_of;
enum flush first_flush;
const char *mounted_at = "/mnt";

static unsigned long mount_flags; /* as it was started: few tests write */

uint8_t new_bytes[NEW_SIZE];

int mount_server(unsigned long flags, const char *options)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, IPC_TELL_CLOSE), result;
	char text[80];

	if (poke >= 0)
		close(poke);
	poke = ipc_badge(receive, 2, 0);
	server = fork();
	if (server == 0) {
		for (int fd = 3; fd < 32; fd++) /* its own files would keep the mount busy */
			if (fd != receive)
				close(fd);
		serve(receive);
	}
	close(receive);
	snprintf(text, sizeof(text), "fd=%d%s", send, options);
	result = mount("server", mounted_at, "9p", mount_flags | flags, text) == 0 ? 0 : -errno;
	close(send);
	return result;
}

int try_mount(unsigned long flags, const char *options)
{
	char text[80];

	memset((void *)control, 0, sizeof(*control));
	control->lie = first_lie;
	control->of = first_lie_of;
	control->flush = first_flush;
	mount_flags = flags;
	snprintf(text, sizeof(text), ",%s", options);
	return mount_server(0, text);
}

int attach_again(void)
{
	return mount_server(MS_REMOUNT, "");
}

void start(const char *options)
{
	expect("mount", 0, try_mount(MS_RDONLY, options));
}

void start_to_write(const char *options)
{
	expect("mount", 0, try_mount(0, options));
}

int status_of(pid_t child)
{
	int status = -1;

	UNTIL("the end of a child", waitpid(child, &status, WNOHANG) != 0);
	return status;
}

/* How many objects of kmalloc() the kernel has. */
static long heap_objects(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[256];
	long sum = 0, n;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "kmalloc-%*d %ld", &n) == 1)
			sum += n;
	if (file)
		fclose(file);
	expect("kmalloc() in /proc/slabinfo", 1, sum > 0);
	return sum;
}

/* Returns how many there are, and says it for the line of a wait that does not end. */
static long count_for_text(char *text, size_t size, long least)
{
	long n = heap_objects();

	snprintf(text, size, "objects of kmalloc(): expected %ld, actual %ld", least, n);
	return n;
}

/*
 * As few as there ever were without a mount. Some may still be on their way back: a thread of the
 * kernel's brings them, which no process shows. So only a hang is a leak, and says how large it is.
 */
static void nothing_is_left(void)
{
	static long least = LONG_MAX;
	char text[80];
	long n;

	UNTIL(text, (n = count_for_text(text, sizeof(text), least)) <= least);
	least = n;
}

void stop(void)
{
	int status = -1;

	control->lie = TRUTH;
	if (umount(mounted_at) != 0) {
		expect("umount", 0, -errno);
		umount2(mounted_at, MNT_DETACH); /* or the server would not end */
	}
	waitpid(server, &status, 0);
	expect("the server's status", 0, status);
	if (strcmp(mounted_at, "/mnt") == 0) /* else there is that one, too */
		nothing_is_left();
}

int new_file(void)
{
	int fd;

	start_to_write("timeout=20");
	fd = open("/mnt/new", O_CREAT | O_RDWR, 0644);
	expect("create", 1, fd >= 0);
	return fd;
}

void end_of_new_file(int fd)
{
	if (fd >= 0)
		close(fd);
	stop();
}

void tell(enum lie lie, unsigned of)
{
	control->of = of;
	control->lie = lie;
}

void wait_for(const char *what, const volatile unsigned *count, unsigned least)
{
	UNTIL(what, *count >= least);
}

void wait_until_0(const char *what, const volatile unsigned *count)
{
	UNTIL(what, *count == 0);
}

long wrong_bytes(const uint8_t *bytes, uint64_t from, size_t n)
{
	long wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong += bytes[i] != byte_of(from + i);
	return wrong;
}

void fill_new(uint8_t *bytes, uint64_t at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = new_byte(at + i);
}

long wrong_new_bytes(const uint8_t *bytes, uint64_t at, size_t n)
{
	long wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong += bytes[i] != new_byte(at + i);
	return wrong;
}

long wrong_stored_bytes(uint64_t at, size_t n)
{
	return wrong_new_bytes((const uint8_t *)control->stored + at, at, n);
}

long count_names(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	long n = 0;

	if (!dir)
		return -errno;
	errno = 0;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			n++;
	if (errno)
		n = -errno;
	closedir(dir);
	return n;
}

int open_another(void)
{
	static unsigned n;
	char path[32];

	snprintf(path, sizeof(path), "/mnt/sub/n%03u", n++ % NAMES);
	return open(path, O_RDONLY);
}

int touch(const uint8_t *at)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(*(volatile const uint8_t *)at == byte_of(0) ? 0 : 1);
	waitpid(child, &status, 0);
	return status;
}

long change_of(unsigned type, int fd)
{
	long result = -1;

	switch (type) {
	case P9_TWRITE:
		result = pwrite(fd, new_bytes, 100, 0) == 100 ? fsync(fd) : 1;
		break;
	case P9_TLCREATE:
		result = open("/mnt/new", O_CREAT | O_EXCL | O_WRONLY, 0644);
		break;
	case P9_TSETATTR:
		result = chmod("/mnt/sub", 0700);
		break;
	case P9_TUNLINKAT:
		result = unlink("/mnt/a");
		break;
	case P9_TMKDIR:
		result = mkdir("/mnt/other", 0755);
		break;
	case P9_TSYMLINK:
		result = symlink("target", "/mnt/other");
		break;
	case P9_TLINK:
		result = link("/mnt/a", "/mnt/other");
		break;
	case P9_TRENAMEAT:
		result = rename("/mnt/a", "/mnt/other");
		break;
	case P9_TFSYNC:
		result = fsync(fd);
		break;
	}
	return result < 0 ? -errno : result;
}
