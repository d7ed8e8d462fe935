/* SPDX-License-Identifier: MIT */
/* inotify: reads and their buffers, merging, overflow, poll, signals, /proc, permissions, and the limits of a user. */
#include "inotify.h"

#include <grp.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/uio.h>

static int in;

/* Makes n events that differ. */
static void make_events(int n)
{
	for (int i = 0; i < n; i++)
		chmod(i & 1 ? "l/a" : "l/bcdefghijklmnopqrstuvwxyz", 0600);
}

static int waiting(int fd)
{
	int n = -1;

	return ioctl(fd, FIONREAD, &n) == 0 ? n : -1;
}

static void set_up(void)
{
	mkdir("l", 0700);
	write_file("l/a", "");
	write_file("l/bcdefghijklmnopqrstuvwxyz", "");
	in = inotify_init1(IN_NONBLOCK);
	watch(in, "l", IN_ATTRIB);
}

/* A read takes whole events, and is EINVAL if the first has no room; one that cannot be copied (EFAULT) is lost. */
static void reads(void)
{
	char buffer[256], *volatile nowhere = (char *)8;
	struct iovec parts[2] = { { buffer, 48 }, { buffer + 48, 40 } };

	TRY(read(in, buffer, sizeof(buffer)));
	TRY(read(in, buffer, 0));
	TRY(read(in, buffer, 15));
	make_events(4);
	say("FIONREAD: %d\n", waiting(in));
	TRY(read(in, buffer, 0));
	TRY(read(in, buffer, 15));
	TRY(read(in, buffer, 47));
	TRY(read(in, buffer, 79));
	say("FIONREAD: %d\n", waiting(in));
	TRY(read(in, buffer, 32));
	TRY(read(in, buffer, sizeof(buffer)));
	TRY(read(in, buffer, sizeof(buffer)));
	make_events(4);
	TRY(readv(in, parts, 2));
	say("FIONREAD: %d\n", waiting(in));
	TRY(readv(in, parts, 2));
	drop_events(in);
	make_events(3);
	TRY(read(in, nowhere, 100));
	say("FIONREAD: %d\n", waiting(in));
	TRY(read(in, buffer, sizeof(buffer)));
	make_events(1);
	memset(buffer, 0x55, sizeof(buffer));
	TRY(read(in, buffer, sizeof(buffer)));
	say("padding:");
	for (int i = 42; i < 50; i++)
		say(" %#x", (unsigned char)buffer[i]);
	say("\n");
	TRY(write(in, buffer, 16));
	TRY(pread(in, buffer, sizeof(buffer), 0));
	TRY(ioctl(in, FIONREAD, nowhere));
	TRY(ioctl(in, TIOCGWINSZ, buffer));
	TRY(ftruncate(in, 0));
	TRY(fsync(in));
	TRY(fcntl(in, F_GETFL) & ~O_LARGEFILE);
}

/* An event that is equal to the last one in the queue is left out. */
static void merges(void)
{
	chmod("l/a", 0600);
	chmod("l/a", 0600);
	chmod("l/a", 0600);
	events(in, "three equal events");
	make_events(4);
	events(in, "that alternate");
	watch_as(in, "l/a", IN_ATTRIB, "a");
	chmod("l/a", 0600);
	chmod("l/a", 0600);
	events(in, "of two watches");
	inotify_rm_watch(in, inotify_add_watch(in, "l/a", IN_ATTRIB));
	events(in, "a watch less");
}

/* An instance keeps the max_queued_events that it was made with; instead of more events one Q_OVERFLOW comes last. */
static void overflows(void)
{
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "w");
	int few, old;

	fprintf(f, "3");
	fclose(f);
	old = in;
	few = inotify_init1(IN_NONBLOCK);
	f = fopen("/proc/sys/fs/inotify/max_queued_events", "w");
	fprintf(f, "16384");
	fclose(f);
	watch(few, "l", IN_ATTRIB);
	make_events(2);
	chmod("l/a", 0600);
	say("FIONREAD: %d\n", waiting(few));
	make_events(6);
	say("FIONREAD: %d\n", waiting(few));
	events(few, "three, and an overflow");
	make_events(4);
	events(few, "again");
	make_events(5);
	TRY(read(few, (char[48]){ 0 }, 48));
	make_events(2);
	events(few, "after the overflow");
	make_events(5);
	inotify_rm_watch(few, 1);
	events(few, "no place for IN_IGNORED");
	close(few);
	drop_events(old);
}

static void ready(int fd, int set)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDNORM | POLLPRI };
	struct epoll_event event;
	int n = poll(&ask, 1, 0);

	say("poll: %d, %#x; ", n, (unsigned)ask.revents);
	n = epoll_wait(set, &event, 1, 0);
	say("epoll: %d\n", n);
}

static void handled(int sig)
{
	(void)sig;
}

/* An instance is readable while it has events, and each new one is an edge; a handler ends a read: EINTR. */
static void waits(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct sigaction action = { .sa_handler = handled };
	struct itimerval soon = { { 0, 20000 }, { 0, 20000 } }, never = { 0 };
	int set = epoll_create1(0), status;
	char buffer[100];
	pid_t pid;

	TRY(epoll_ctl(set, EPOLL_CTL_ADD, in, &event));
	ready(in, set);
	chmod("l/a", 0600);
	ready(in, set);
	ready(in, set);
	chmod("l/a", 0600);
	ready(in, set);
	make_events(1);
	ready(in, set);
	drop_events(in);
	ready(in, set);
	fcntl(in, F_SETFL, 0);
	pid = fork();
	if (pid == 0) {
		until_parent_sleeps();
		_exit(chmod("l/a", 0600));
	}
	TRY(read(in, buffer, sizeof(buffer)));
	waitpid(pid, &status, 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	TRY(read(in, buffer, sizeof(buffer)));
	TRY(read(in, buffer, 3));
	setitimer(ITIMER_REAL, &never, NULL);
	fcntl(in, F_SETFL, O_NONBLOCK);
	close(set);
}

/* What follows the inode and the device is of a file handle. */
static void say_info(int fd)
{
	char path[40], line[300];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (fgets(line, sizeof(line), f)) {
		unsigned wd, mask, dev;
		unsigned long ino;
		struct stat st;

		if (sscanf(line, "inotify wd:%x ino:%lx sdev:%x mask:%x", &wd, &ino, &dev, &mask) !=
		    4)
			continue;
		if (stat(watch_names[wd], &st) != 0)
			say("not there\n");
		say("wd %u, ino %s, mask %#x,%s ignored_mask\n", wd,
		    ino == st.st_ino ? "right" : "wrong", mask,
		    strstr(line, " ignored_mask:0 ") ? "" : " no");
	}
	fclose(f);
}

/* fdinfo lists the watches, the newest first, with their inodes and masks; IN_ONLYDIR is not kept. */
static void in_proc(void)
{
	char path[40], text[100];
	ssize_t n;
	int fd = inotify_init();

	watch(fd, "l", IN_ALL_EVENTS | IN_EXCL_UNLINK);
	watch(fd, "l/a", IN_OPEN | IN_ONESHOT);
	watch(fd, ".", IN_DELETE | IN_ONLYDIR);
	say_info(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	say("%s\n", text);
	close(fd);
}

/* The settings are numbers from 0 on: else EINVAL. */
static void say_setting(const char *name)
{
	char path[80], text[40] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/fs/inotify/%s", name);
	fd = open(path, O_RDWR);
	if (read(fd, text, sizeof(text)) < 1)
		say("not read\n");
	say("%s: %s", name, text);
	lseek(fd, 0, SEEK_SET);
	TRY(write(fd, "-1", 2));
	TRY(write(fd, "x", 1));
	TRY(write(fd, text, strlen(text)));
	close(fd);
}

static void set(const char *name, const char *value)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/fs/inotify/%s", name);
	fd = open(path, O_WRONLY);
	if (write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		say("not set\n");
	close(fd);
}

static void become(uid_t uid)
{
	setgroups(0, NULL);
	if (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0)
		say("still the same user\n");
}

/* A user has max_user_instances (EMFILE) and max_user_watches (ENOSPC), less what is open in living processes. */
static int as_user(void *arg)
{
	int fds[3];

	(void)arg;
	become(1234);
	for (int i = 0; i < 3; i++)
		fds[i] = (int)TRY(inotify_init1(IN_NONBLOCK));
	close(fds[0]);
	TRY(fds[0] = inotify_init1(IN_NONBLOCK));
	TRY(inotify_add_watch(fds[0], ".", IN_OPEN));
	TRY(inotify_add_watch(fds[0], "/", IN_OPEN));
	TRY(inotify_add_watch(fds[1], ".", IN_OPEN));
	TRY(inotify_add_watch(fds[1], "/", IN_OPEN));
	TRY(inotify_add_watch(fds[0], ".", IN_CREATE));
	TRY(inotify_rm_watch(fds[0], 1));
	TRY(inotify_add_watch(fds[1], "/", IN_OPEN));
	close(fds[0]);
	TRY(inotify_add_watch(fds[1], "/tmp", IN_OPEN));
	return 0;
}

/* Read permission is needed of what is watched, and search permission of what leads there. */
static int without_permission(void *arg)
{
	int fd;

	(void)arg;
	become(77);
	fd = inotify_init1(IN_NONBLOCK);
	TRY(inotify_add_watch(fd, "w/open", IN_OPEN));
	TRY(inotify_add_watch(fd, "w/closed", IN_OPEN));
	TRY(inotify_add_watch(fd, "w/write_only", IN_OPEN));
	TRY(inotify_add_watch(fd, "w/hidden/f", IN_OPEN));
	TRY(inotify_add_watch(fd, "w/seen", IN_OPEN));
	TRY(inotify_add_watch(fd, "w/closed", IN_OPEN | IN_DONT_FOLLOW));
	return 0;
}

static void permissions(void)
{
	mkdir("w", 0755);
	write_file("w/open", "");
	write_file("w/closed", "");
	write_file("w/write_only", "");
	mkdir("w/hidden", 0700);
	mkdir("w/seen", 0711);
	write_file("w/hidden/f", "");
	chmod("w/open", 0644);
	chmod("w/closed", 0600);
	chmod("w/write_only", 0622);
	in_child("another user", without_permission, NULL);
}

int main(void)
{
	chmod(".", 0755);
	set_up();
	reads();
	merges();
	overflows();
	waits();
	in_proc();
	TRY(inotify_init1(1));
	TRY(inotify_init1(O_APPEND | IN_NONBLOCK));
	say_setting("max_user_instances");
	say_setting("max_queued_events");
	set("max_user_instances", "2");
	set("max_user_watches", "3");
	in_child("a user", as_user, NULL);
	in_child("again", as_user, NULL);
	set("max_user_instances", "128");
	set("max_user_watches", "8192");
	permissions();
	return 0;
}
