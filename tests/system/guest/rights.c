/* SPDX-License-Identifier: MIT */
/* Tries to come by a device that process 1 has given to a server: by name, by descriptor, by another process. */

/*
 * rights FILE OTHER: FILE is in a shared folder and OTHER in another one, whose mount is detached. Each
 * server is killed, and at every moment all ways to its device are tried. Each that leads to it is a line
 * of the output, and "rights: ok" says that there is none and that FILE can still be read.
 */
#define _GNU_SOURCE
#include "abi/uio_device.h"
#include "expect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE   4096
#define ROUNDS 4

/* How many links of /proc have led to a device or a session so far: they show it, and no more. */
static unsigned nseen;
static unsigned nprograms; /* how often the program of a server was found */

static void won(const char *how, const char *what)
{
	printf("%s: %s\n", how, what);
	nwrong++;
}

/* Is the descriptor a device, or a session? Closes it. */
static void try_descriptor(const char *how, const char *what, int fd)
{
	struct uio_info info;

	if (fd < 0)
		return;
	if (ioctl(fd, UIO_INFO, &info) == 0 || ioctl(fd, UIO_SESSION, 0) >= 0)
		won(how, what);
	close(fd);
}

static void try_name(const char *how, const char *path)
{
	static const int ways[] = { O_RDWR, O_RDONLY, O_WRONLY, O_RDWR | O_CREAT, O_PATH };

	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		int fd = open(path, ways[i] | O_NONBLOCK | O_NOCTTY, 0600);

		try_descriptor(how, path, fd);
	}
}

/* All that there is below /dev, and what was there once. */
static void try_names(const char *where)
{
	DIR *dir = opendir(where);
	struct dirent *entry;
	char path[600];

	while (dir && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", where, entry->d_name);
		if (entry->d_type == DT_CHR || entry->d_type == DT_BLK)
			try_name("a name", path);
		else if (entry->d_name[0] != '.' && entry->d_type == DT_DIR)
			try_names(path);
	}
	if (dir)
		closedir(dir);
}

static void try_old_names(void)
{
	char path[32];

	for (unsigned i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/dev/uio%u", i);
		if (open(path, O_RDWR) >= 0)
			won("an old name", path);
	}
}

static void try_inherited(void)
{
	char text[16];

	for (int fd = 3; fd < 256; fd++) {
		struct uio_info info;

		snprintf(text, sizeof(text), "%d", fd);
		if (ioctl(fd, UIO_INFO, &info) == 0)
			won("an inherited descriptor", text);
	}
}

/* A link that shows a device or a session must not open it; nor may one that shows something else. */
static void try_links(int pid)
{
	char path[64], label[256];

	for (int fd = 0; fd < 64; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		n = readlink(path, label, sizeof(label) - 1);
		label[n > 0 ? n : 0] = '\0';
		if (strncmp(label, "device:[", 8) == 0 || strncmp(label, "session:[", 9) == 0) {
			nseen++;
			if (open(path, O_RDWR) >= 0 || open(path, O_PATH) >= 0)
				won("a link of /proc", path);
		}
		try_name("a link of /proc", path);
	}
}

/* What debuggers use, where it exists. */
static void try_other_process(int pid)
{
	char word[8], path[64];
	struct iovec here = { word, sizeof(word) }, there = { (void *)0x10000, sizeof(word) };
	long pidfd = syscall(434 /* pidfd_open */, pid, 0);

	for (int fd = 3; pidfd >= 0 && fd < 64; fd++)
		try_descriptor("pidfd_getfd", "", (int)syscall(438, pidfd, fd, 0));
	if (pidfd >= 0)
		close((int)pidfd);
	expect("PTRACE_ATTACH", -1, syscall(SYS_ptrace, 16, pid, 0, 0));
	expect("PTRACE_SEIZE", -1, syscall(SYS_ptrace, 0x4206, pid, 0, 0));
	expect("process_vm_readv", -1, process_vm_readv(pid, &here, 1, &there, 1, 0));
	expect("process_vm_writev", -1, process_vm_writev(pid, &here, 1, &there, 1, 0));
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	expect("/proc/PID/mem", -1, open(path, O_RDWR));
}

static bool is_called(int pid, const char *wanted)
{
	char path[32], name[32] = { 0 };
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, name, sizeof(name) - 1) <= 0)
		name[0] = '\0';
	if (fd >= 0)
		close(fd);
	name[strcspn(name, "\n")] = '\0';
	return strcmp(name, wanted) == 0;
}

/*
 * Calls `act` for process 1 and each server, and for what process 1 has forked; but not for the server of pseudo-terminals, which drives no
 * device, and which try_names() starts.
 */
static unsigned for_each_other(void (*act)(int pid))
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	unsigned nservers = 0;

	while (dir && (entry = readdir(dir)) != NULL) {
		int pid = atoi(entry->d_name);

		if (pid <= 0 || pid == getpid() || is_called(pid, "ttyd"))
			continue;
		nservers += is_called(pid, "hostfs");
		if (act)
			act(pid);
	}
	if (dir)
		closedir(dir);
	return nservers;
}

static void try_all(void)
{
	try_old_names();
	try_names("/dev");
	try_inherited();
	for_each_other(try_links);
	for_each_other(try_other_process);
}

#define FORGED "/forged"

/* This program, where the server's was: it would run with the server's descriptors. */
static void put_forgery(const char *path)
{
	char self[64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	unlink(path);
	if (symlink(self, path) != 0 && errno != ENOENT)
		won("a forged program", path);
}

/* Tries to write over whatever process 1 and the servers have a descriptor of, run, or work in. */
static void try_to_forge(int pid)
{
	static const char *const links[] = { "exe", "cwd/hostfs", "cwd" };
	char path[64], there[80];

	if (pid != 1 && !is_called(pid, "hostfs"))
		return;
	for (int i = -3; i < 64; i++) {
		if (i < 0)
			snprintf(path, sizeof(path), "/proc/%d/%s", pid, links[i + 3]);
		else
			snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, i);
		snprintf(there, sizeof(there), "%s/hostfs", path);
		if (pid != 1 && i == -3)
			expect("write to the running program", -1, open(path, O_WRONLY));
		if (access(there, F_OK) != 0)
			continue;
		nprograms++;
		expect_error("write to the program", EROFS, open(there, O_WRONLY));
		expect("cut it", -1, truncate(there, 0));
		expect("remove it", -1, unlink(there));
		expect("replace it", -1, rename(FORGED, there));
		expect("mount on it", -1, mount("x", there, "tmpfs", 0, ""));
		mount("x", path, "tmpfs", 0, "");
		mount("", path, "", MS_REMOUNT, "");
		expect("write to it then", -1, open(there, O_WRONLY));
	}
}

static void kill_server(int pid)
{
	if (is_called(pid, "hostfs"))
		kill(pid, SIGKILL);
}

/* Stops what process 1 has just forked, to look at it before it is the server. */
static void stop_forked(int pid)
{
	if (pid != 1 && is_called(pid, "init")) {
		kill(pid, SIGSTOP);
		try_links(pid);
		kill(pid, SIGCONT);
	}
}

static void read_file(const char *path)
{
	int fd = open(path, O_RDONLY);
	char word[8] = { 0 };

	expect("open a file of the folder", 1, fd >= 0);
	expect("read it", 5, read(fd, word, sizeof(word)));
	expect("what it says", 0, memcmp(word, "right", 5));
	close(fd);
}

/* Detaches a mount that nobody uses: its server ends with status 0. */
static void detach(const char *path)
{
	char where[256];
	unsigned before;

	snprintf(where, sizeof(where), "%s", path);
	*strrchr(where, '/') = '\0';
	while ((before = for_each_other(NULL)) < 2)
		usleep(1000);
	expect("umount2", 0, umount2(where, MNT_DETACH));
	while (for_each_other(NULL) >= before) {
		try_old_names();
		try_inherited();
	}
	try_all();
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		puts("a forged server was started");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	read_file(argv[1]);
	read_file(argv[2]);
	try_all();
	expect("links that show a device or a session", 1, nseen > 3);
	put_forgery(FORGED);
	put_forgery("/bin/hostfs");
	put_forgery("/run/programs");
	for_each_other(try_to_forge);
	expect("programs of servers", 1, nprograms > 1);
	for (unsigned i = 0; i < ROUNDS; i++) {
		for_each_other(kill_server);
		for (unsigned looks = 0; looks <= i; looks++) {
			for_each_other(stop_forked);
			try_old_names();
			for_each_other(try_links);
		}
		kill(1, SIGKILL);
		try_all();
		read_file(argv[1]);
		read_file(argv[2]);
	}
	detach(argv[2]);
	for_each_other(kill_server);
	try_all();
	read_file(argv[1]);
	if (nwrong == 0)
		puts("rights: ok");
	return nwrong != 0;
}
