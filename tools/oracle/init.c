/* SPDX-License-Identifier: MIT */
/* Process 1 of the Linux oracle: sets Linux up, runs one program, and relays its output and status. */

/*
 * /oracle/args has the program's path and arguments, each with its NUL. /oracle/cwd has its working
 * directory, /oracle/input its standard input. /oracle/modules/NN-NAME.ko are loaded in that order.
 * If /oracle/root9p (mount options) or /oracle/swap exists, a 9P share or a swap disk is used. The program's
 * descriptors 1 and 2 are pipes, which are relayed to the console in pieces headed "@@o LENGTH" and
 * "@@e LENGTH". If /oracle/tty exists, they are the console itself.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MOST_ARGS 1023

static char args[65536];
static char *arg[MOST_ARGS + 1];

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		dprintf(2, "oracle: %s: %m\n", path);
	close(fd);
}

static int asked(const char *path)
{
	return access(path, F_OK) == 0;
}

static void load_modules(void)
{
	struct dirent **e;
	int n = scandir("/oracle/modules", &e, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[512];
		int fd;

		if (e[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/oracle/modules/%s", e[i]->d_name);
		fd = open(path, O_RDONLY);
		if (syscall(SYS_finit_module, fd, "", 0) != 0)
			dprintf(2, "oracle: %s: %m\n", e[i]->d_name);
		close(fd);
	}
}

/* A folder that the share lacks is not made: this program does not write into the host's folder. */
static void mount_all(const char *at, int furnish)
{
	static const struct {
		const char *dir, *type;
	} m[] = {
		{ "tmp", NULL },       { "proc", "proc" },     { "sys", "sysfs" },
		{ "dev", "devtmpfs" }, { "dev/shm", "tmpfs" },
	};
	char path[256];

	for (size_t i = 0; i < sizeof(m) / sizeof(m[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", at, m[i].dir);
		if (furnish || strcmp(m[i].dir, "dev/shm") == 0)
			mkdir(path, 01777);
		if (m[i].type)
			mount(m[i].type, path, m[i].type, 0, NULL);
	}
}

/* What udev makes. */
static void link_streams(void)
{
	if (symlink("/proc/self/fd", "/dev/fd") != 0 ||
	    symlink("/proc/self/fd/0", "/dev/stdin") != 0 ||
	    symlink("/proc/self/fd/1", "/dev/stdout") != 0 ||
	    symlink("/proc/self/fd/2", "/dev/stderr") != 0)
		dprintf(2, "oracle: /dev: %m\n");
}

static void make_console_raw(void)
{
	struct termios t;

	if (tcgetattr(1, &t) == 0) {
		t.c_oflag &= ~(tcflag_t)OPOST;
		t.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(1, TCSANOW, &t);
	}
}

static void read_args(void)
{
	int fd = open("/oracle/args", O_RDONLY), n = 0;
	ssize_t len = fd < 0 ? 0 : read(fd, args, sizeof(args) - 1);

	for (char *p = args; p < args + len && n < MOST_ARGS; p += strlen(p) + 1)
		arg[n++] = p;
}

static void say(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = write(1, p, n);

		if (r <= 0)
			return;
		p += r;
		n -= (size_t)r;
	}
}

/* Relays one piece. Returns 0 at the end of the pipe. */
static int relay_piece(int fd, char name)
{
	static char buf[65536];
	char head[32];
	ssize_t r = read(fd, buf, sizeof(buf));

	if (r <= 0)
		return 0;
	snprintf(head, sizeof(head), "\n@@%c %zd\n", name, r);
	say(head, strlen(head));
	say(buf, (size_t)r);
	return 1;
}

/*
 * Relays the program's output until it has ended and its pipes are empty. Returns its status. Does
 * not wait for processes that it left in the background.
 */
static int relay(pid_t child, int out, int err)
{
	struct pollfd f[2] = { { out, POLLIN, 0 }, { err, POLLIN, 0 } };
	int status = -1, open_ends = 2;

	while (status < 0 || open_ends > 0) {
		int s, ready = poll(f, 2, status < 0 ? 50 : 0);

		for (int i = 0; i < 2; i++) {
			if (f[i].fd < 0 || !(f[i].revents & (POLLIN | POLLHUP)))
				continue;
			if (!relay_piece(f[i].fd, "oe"[i])) {
				f[i].fd = -1;
				open_ends--;
			}
		}
		if (status >= 0 && ready == 0)
			break;
		for (pid_t pid; (pid = waitpid(-1, &s, WNOHANG)) > 0;)
			if (pid == child)
				status = WIFSIGNALED(s) ? 128 + WTERMSIG(s) : WEXITSTATUS(s);
	}
	return status;
}

static void mount_share(void)
{
	char options[256] = "", words[512];
	int fd = open("/oracle/root9p", O_RDONLY);

	if (fd < 0 || read(fd, options, sizeof(options) - 1) < 0)
		dprintf(2, "oracle: root9p: %m\n");
	close(fd);
	snprintf(words, sizeof(words), "trans=virtio,version=9p2000.L,%s", options);
	mkdir("/root9p", 0755);
	if (mount("root", "/root9p", "9p", 0, words) != 0)
		dprintf(2, "oracle: 9p: %m\n");
	mount_all("/root9p", 0);
}

static void set_up(void)
{
	mount_all("", 1);
	load_modules();
	put("/proc/sys/vm/overcommit_memory", "1");
	link_streams();
	make_console_raw();
	read_args();
	if (asked("/oracle/swap") && swapon("/dev/vda", 0) != 0)
		dprintf(2, "oracle: swapon: %m\n");
	if (asked("/oracle/root9p"))
		mount_share();
}

/* Runs in the child: executes the program. */
static void become(int out, int err)
{
	static char cwd[4096];
	int fd = open("/oracle/cwd", O_RDONLY), in = open("/oracle/input", O_RDONLY);

	if (fd < 0 || read(fd, cwd, sizeof(cwd) - 1) < 0)
		_exit(126);
	dup2(in >= 0 ? in : open("/dev/null", O_RDONLY), 0);
	if (!asked("/oracle/tty")) {
		dup2(out, 1);
		dup2(err, 2);
	}
	for (int i = 3; i < 32; i++)
		close(i);
	if (asked("/root9p") && chroot("/root9p") != 0)
		_exit(126);
	if (chdir(cwd) != 0)
		_exit(126);
	execv(arg[0], arg + 1);
	_exit(127);
}

int main(void)
{
	int out[2], err[2];
	pid_t child;

	set_up();
	if (pipe(out) != 0 || pipe(err) != 0)
		return 1;
	say("@@begin\n", 8);
	if (asked("/oracle/tty"))
		say("\n@@t\n", 5);
	child = fork();
	if (child == 0)
		become(out[1], err[1]);
	close(out[1]);
	close(err[1]);
	int status = relay(child, out[0], err[0]);

	sync();
	dprintf(1, "\n@@status %d\n", status);
	tcdrain(1);
	reboot(RB_POWER_OFF);
	return 0;
}
