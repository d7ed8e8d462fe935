/* SPDX-License-Identifier: MIT */
/* P, R153: mount, umount2 and statfs: what covers what, who keeps it in use, and each error. */
#include "inotify.h"

#include <limits.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/vfs.h>

#define BAD ((char *)8)

static char too_long[PATH_MAX + 10];

static void where(void)
{
	char path[PATH_MAX];

	if (syscall(SYS_getcwd, path, sizeof(path)) > 0)
		say("in %s\n", path);
	else
		result("getcwd", -1);
}

static int tmpfs(const char *where_to, unsigned long flags)
{
	return mount("none", where_to, "tmpfs", flags, NULL);
}

/* A mount covers what its directory has, which cannot be removed (EBUSY), and no link leads out of it (EXDEV). */
static void mount_covers(void)
{
	struct stat below, above, st;

	say("a mount covers a directory\n");
	TRY(mkdir("m", 0755));
	make_file("m/below", 10);
	TRY(stat("m", &below));
	TRY(mount("none", "m", "tmpfs", 0, "mode=700"));
	TRY(stat("m", &above));
	say("mode %o, another device: %d\n", above.st_mode, below.st_dev != above.st_dev);
	TRY(access("m/below", F_OK));
	make_file("m/above", 20);
	TRY(stat("m/above", &st));
	say("on its device: %d\n", st.st_dev == above.st_dev);
	TRY(link("m/above", "above"));
	TRY(rmdir("m"));
	TRY(unlink("m"));
	TRY(stat("m/..", &st));
	TRY(stat(".", &above));
	say("back up: %d\n", st.st_ino == above.st_ino && st.st_dev == above.st_dev);
	TRY(stat("m/../m/above", &st));
	TRY(umount2("m", 0));
	TRY(access("m/below", F_OK));
	TRY(access("m/above", F_OK));
	TRY(umount2("m", 0));
	TRY(unlink("m/below"));
	TRY(rmdir("m"));
}

/* umount takes away the mount on top, but not one in which another is mounted: EBUSY. */
static void mounts_on_mounts(void)
{
	say("mounts on mounts\n");
	TRY(mkdir("m", 0755));
	TRY(tmpfs("m", 0));
	TRY(mkdir("m/n", 0755));
	TRY(tmpfs("m/n", 0));
	make_file("m/n/deep", 1);
	TRY(tmpfs("m", 0));
	TRY(access("m/n", F_OK));
	make_file("m/top", 1);
	TRY(umount2("m", 0));
	TRY(access("m/n/deep", F_OK));
	TRY(umount2("m", 0));
	TRY(umount2("m/n", 0));
	TRY(umount2("m", 0));
	TRY(rmdir("m"));
}

/* The parent of a mount's root is that of the directory that it covers. */
static void paths_cross(void)
{
	int fd;

	say("paths cross\n");
	TRY(mkdir("m", 0755));
	TRY(tmpfs("m", 0));
	TRY(mkdir("m/d", 0755));
	TRY(mkdir("m/d/e", 0755));
	TRY(symlink("../../m/d", "m/d/link"));
	TRY(chdir("m/d/link/e"));
	where();
	TRY(chdir("../../.."));
	fd = open("m/d/e", O_RDONLY | O_DIRECTORY);
	TRY(faccessat(fd, "../../../m/d/e", F_OK, 0));
	TRY(umount2("m", 0));
	TRY(close(fd));
	TRY(chdir("m"));
	TRY(umount2(".", 0));
	TRY(chdir(".."));
	TRY(symlink("m", "to-m"));
	TRY(umount2("to-m", UMOUNT_NOFOLLOW));
	TRY(umount2("to-m", 0));
	TRY(unlink("to-m"));
	TRY(rmdir("m"));
}

static int hold_open(void *path)
{
	int fd = open(path, O_RDONLY);

	return umount2("m", 0) == -1 && errno == EBUSY && fd >= 0 ? 0 : 1;
}

/* A mount on a directory that is covered goes on top of what covers it. */
static void on_what_covers(void)
{
	say("a covered working directory\n");
	TRY(mkdir("m", 0755));
	TRY(chdir("m"));
	TRY(tmpfs("../m", 0));
	TRY(mkdir("../m/first", 0755));
	TRY(tmpfs(".", 0));
	TRY(access("../m/first", F_OK));
	TRY(chdir(".."));
	TRY(umount2("m", 0));
	TRY(access("m/first", F_OK));
	TRY(umount2("m", 0));
	TRY(rmdir("m"));
}

/* An open file or directory and a mapping keep a mount in use: EBUSY. */
static void users_keep_it(void)
{
	char *map;
	int fd;

	say("users keep it\n");
	TRY(mkdir("m", 0755));
	TRY(tmpfs("m", 0));
	make_file("m/file", 5000);
	in_child("an open file", hold_open, "m/file");
	in_child("an open directory", hold_open, "m");
	fd = open("m/file", O_RDWR);
	map = mmap(NULL, 5000, RW, MAP_SHARED, fd, 0);
	TRY(close(fd));
	TRY(umount2("m", 0));
	say("byte %d\n", map[1]);
	TRY(unlink("m/file"));
	TRY(umount2("m", 0));
	TRY(munmap(map, 2 * PAGE));
	TRY(umount2("m", 0));
	TRY(rmdir("m"));
}

/* MNT_DETACH takes a mount away for names at once; what is open or mapped goes on. */
static void lazy(void)
{
	char bytes[4] = "";
	char *map;
	int fd;

	say("lazy\n");
	TRY(mkdir("m", 0755));
	TRY(tmpfs("m", 0));
	TRY(mkdir("m/n", 0755));
	TRY(tmpfs("m/n", 0));
	make_file("m/n/file", 5000);
	fd = open("m/n/file", O_RDWR);
	map = mmap(NULL, 5000, RW, MAP_SHARED, fd, 0);
	TRY(chdir("m/n"));
	TRY(umount2("../../m", MNT_DETACH));
	where();
	TRY(access("file", F_OK));
	TRY(access("../file", F_OK));
	TRY(pread(fd, bytes, 2, 1));
	say("bytes %d %d, mapped %d\n", bytes[0], bytes[1], map[1]);
	TRY(umount2(".", 0));
	TRY(mkdir("x", 0755));
	TRY(tmpfs("x", 0));
	TRY(tmpfs(".", 0));
	TRY(mount(NULL, ".", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	TRY(chdir("/"));
	TRY(close(fd));
	say("mapped still %d\n", map[4999]);
	TRY(munmap(map, 5000));
}

/* MNT_EXPIRE marks a mount (EAGAIN), and takes away one that is marked and was not used since. */
static void expire(void)
{
	say("expire\n");
	TRY(mkdir("m", 0755));
	TRY(tmpfs("m", 0));
	TRY(umount2("m", MNT_EXPIRE));
	TRY(access("m/x", F_OK));
	TRY(umount2("m", MNT_EXPIRE));
	TRY(umount2("m", MNT_EXPIRE));
	TRY(umount2("m", MNT_EXPIRE));
	TRY(umount2("m", MNT_EXPIRE | MNT_DETACH));
	TRY(umount2("m", MNT_EXPIRE | MNT_FORCE));
	TRY(umount2("m", 16));
	TRY(rmdir("m"));
}

/* A file that is open or mapped to write keeps its mount from becoming read-only: EBUSY. */
static void read_only(void)
{
	struct timespec now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	void *map;
	int fd;

	say("read-only\n");
	TRY(mkdir("m", 0755));
	TRY(tmpfs("m", 0));
	make_file("m/file", 10);
	TRY(mkdir("m/d", 0755));
	fd = open("m/file", O_WRONLY);
	TRY(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	TRY(close(fd));
	fd = open("m/file", O_RDWR);
	map = mapped("to write", mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0));
	TRY(close(fd));
	TRY(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	TRY(munmap(map, PAGE));
	TRY(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	TRY(open("m/file", O_WRONLY));
	TRY(open("m/file", O_RDONLY | O_TRUNC));
	TRY(open("m/new", O_CREAT | O_WRONLY, 0644));
	TRY(open("m/new", O_WRONLY));
	TRY(open("m/file", O_CREAT | O_EXCL | O_WRONLY, 0644));
	TRY(close(open("m/file", O_CREAT | O_RDONLY, 0644)));
	TRY(mkdir("m/d", 0755));
	TRY(mkdir("m/new", 0755));
	TRY(mknod("m/new", S_IFREG | 0644, 0));
	TRY(symlink("x", "m/new"));
	TRY(link("m/file", "m/new"));
	TRY(link("m/none", "m/new"));
	TRY(unlink("m/file"));
	TRY(unlink("m/none"));
	TRY(unlink("m/d/"));
	TRY(unlink("m/none/"));
	TRY(syscall(SYS_faccessat, AT_FDCWD, "m/file", R_OK));
	TRY(syscall(SYS_faccessat, AT_FDCWD, "m/file", W_OK));
	TRY(syscall(SYS_faccessat, AT_FDCWD, "m/file", X_OK));
	TRY(syscall(SYS_faccessat, AT_FDCWD, "m/file", W_OK | X_OK));
	TRY(syscall(SYS_faccessat, AT_FDCWD, "m/d", W_OK | X_OK));
	TRY(rmdir("m/d"));
	TRY(chmod("m/file", 0600));
	TRY(chmod("m/none", 0600));
	TRY(chown("m/file", 1, 1));
	TRY(utimensat(AT_FDCWD, "m/file", now, 0));
	TRY(truncate("m/file", 1));
	fd = open("m/file", O_RDONLY);
	TRY(fchmod(fd, 0600));
	TRY(fchown(fd, 1, 1));
	TRY(close(fd));
	TRY(mount(NULL, "m", NULL, MS_REMOUNT, NULL));
	TRY(close(open("m/file", O_WRONLY)));
	TRY(mount(NULL, "m/d", NULL, MS_REMOUNT, NULL));
	TRY(umount2("m", 0));
	TRY(rmdir("m"));
}

/* With MS_NOEXEC nothing is executed or mapped to execute, and mprotect does not change that. */
static void no_programs(void)
{
	char *no_args[] = { NULL };
	void *map;
	int fd;

	say("no programs\n");
	TRY(mkdir("m", 0755));
	TRY(tmpfs("m", MS_NOEXEC));
	make_file("m/program", PAGE);
	TRY(chmod("m/program", 0755));
	TRY(syscall(SYS_execve, "m/program", no_args, no_args));
	TRY(syscall(SYS_faccessat, AT_FDCWD, "m/program", X_OK));
	TRY(syscall(SYS_faccessat, AT_FDCWD, "m/program", W_OK));
	TRY(syscall(SYS_faccessat, AT_FDCWD, "m", X_OK));
	TRY(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY | MS_NOEXEC, NULL));
	TRY(syscall(SYS_faccessat, AT_FDCWD, "m/program", W_OK | X_OK));
	fd = open("m/program", O_RDONLY);
	mapped("to write and execute", mmap(NULL, PAGE, RW | PROT_EXEC, MAP_SHARED, fd, 0));
	mapped("to execute at 8", mmap(BAD, PAGE, PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0));
	mapped("to execute", mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0));
	map = mapped("to read", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	TRY(mprotect(map, PAGE, PROT_READ | PROT_EXEC));
	munmap(map, PAGE);
	TRY(close(fd));
	TRY(umount2("m", 0));
	TRY(rmdir("m"));
}

static void statistics(const char *what, long r, const struct statfs *st)
{
	result(what, r);
	if (r == 0)
		say("type %#lx, block %ld, names to %ld, flags %#lx, blocks: %d, free: %d, room for files: %d\n",
		    (long)st->f_type, (long)st->f_bsize, (long)st->f_namelen, (long)st->f_flags,
		    st->f_blocks != 0, st->f_bfree != 0, st->f_ffree != 0);
}

/* statfs tells the flags of the mount; a pipe and a memfd have file systems of their own. */
static void all_statistics(void)
{
	struct statfs st;
	char path[32];
	int fds[2], fd;

	say("statistics\n");
	TRY(mkdir("m", 0755));
	TRY(tmpfs("m", MS_NOSUID | MS_NODEV));
	statistics("statfs", statfs("m", &st), &st);
	TRY(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY | MS_NOATIME, NULL));
	statistics("statfs", statfs("m", &st), &st);
	statistics("fstatfs", fstatfs(open("m", O_RDONLY), &st), &st);
	statistics("fstatfs", fstatfs(open("m", O_PATH), &st), &st);
	TRY(umount2("m", MNT_DETACH));
	TRY(pipe(fds));
	statistics("a pipe", fstatfs(fds[0], &st), &st);
	fd = memfd_create("m", 0);
	statistics("a memfd", fstatfs(fd, &st), &st);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	statistics("its name", statfs(path, &st), &st);
	TRY(rmdir("m"));
	TRY(syscall(SYS_statfs, "none", &st));
	TRY(syscall(SYS_statfs, BAD, &st));
	TRY(syscall(SYS_statfs, ".", BAD));
	TRY(syscall(SYS_statfs, "", &st));
	TRY(syscall(SYS_statfs, too_long, &st));
	TRY(symlink("loop", "loop"));
	TRY(syscall(SYS_statfs, "loop", &st));
	TRY(unlink("loop"));
	TRY(syscall(SYS_statfs, "/dev/null/x", &st));
	TRY(syscall(SYS_fstatfs, 99, &st));
	TRY(syscall(SYS_fstatfs, 1, BAD));
}

/* The path is looked up first, then the kind of file system (ENODEV), then its options (EINVAL). */
static void errors(void)
{
	char *options = mmap(NULL, 3 * PAGE, RW, ANON, -1, 0);
	struct stat st;

	munmap(options + 2 * PAGE, PAGE);
	say("errors\n");
	TRY(mkdir("m", 0755));
	make_file("file", 1);
	TRY(symlink("loop", "loop"));
	TRY(mount("none", "none", "tmpfs", 0, NULL));
	TRY(mount("none", "file", "tmpfs", 0, NULL));
	TRY(mount("none", "file/x", "tmpfs", 0, NULL));
	TRY(mount("none", "", "tmpfs", 0, NULL));
	TRY(mount("none", "loop", "tmpfs", 0, NULL));
	TRY(mount("none", too_long, "tmpfs", 0, NULL));
	TRY(mount("none", BAD, "tmpfs", 0, NULL));
	TRY(mount(BAD, "m", "tmpfs", 0, NULL));
	TRY(mount("none", "m", BAD, 0, NULL));
	TRY(mount("none", "m", "tmpfs", 0, BAD));
	TRY(mount("none", "m", "nosuchfs", 0, NULL));
	TRY(mount("none", "m", NULL, 0, NULL));
	TRY(mount("none", "m", "tmpfs", 0, "nosuchoption"));
	TRY(mount("none", "m", "tmpfs", 0, "mode=9"));
	TRY(mount("none", "m", "tmpfs", 0, "mode="));
	TRY(mount("none", "none", "nosuchfs", 0, NULL));
	TRY(mount(NULL, "m", NULL, MS_REMOUNT, NULL));
	TRY(mount("none", "m", "tmpfs", MS_MGC_VAL, "mode=711,uid=5,gid=6"));
	TRY(umount2("none", MNT_EXPIRE | MNT_DETACH));
	TRY(umount2("file", MNT_EXPIRE | MNT_DETACH));
	TRY(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND, "nosuchoption"));
	TRY(mount("none", "m", "tmpfs", 0, options));
	TRY(umount2("m", 0));
	memset(options, ',', 2 * PAGE);
	TRY(mount("none", "m", "tmpfs", 0, options));
	TRY(umount2("m", 0));
	memset(options + PAGE - 6, 'x', 2);
	TRY(mount("none", "m", "tmpfs", 0, options));
	memcpy(options + 2 * PAGE - 9, ",mode=700", 9);
	TRY(mount("none", "m", "tmpfs", 0, options + 2 * PAGE - 9));
	TRY(umount2("m", 0));
	memcpy(options + PAGE - 12, "no optmode=710", 15);
	TRY(mount("none", "m", "tmpfs", 0, options + PAGE - 6));
	TRY(stat("m", &st));
	say("mode %o\n", (unsigned)st.st_mode);
	TRY(umount2("m", 0));
	TRY(mount("none", "m", "tmpfs", 0, options + 2 * PAGE));
	munmap(options, 2 * PAGE);
	TRY(umount2("file", 0));
	TRY(umount2("none", 0));
	TRY(umount2("loop", 0));
	TRY(umount2("", 0));
	TRY(umount2(BAD, 0));
	TRY(umount2(too_long, 0));
	TRY(umount2("file/x", 0));
	TRY(umount2("m", 0));
	TRY(rmdir("m"));
	TRY(unlink("loop"));
	TRY(unlink("file"));
}

static void flags_of(const char *path)
{
	struct statfs st;

	TRY(statfs(path, &st));
	say("flags %#lx\n", (long)st.f_flags);
}

/* Reads a file and lists a directory whose times of access are `atime`, and says what that changed. */
static void read_both(const char *how, time_t atime)
{
	struct timespec times[2] = { { atime, 0 }, { 2000, 0 } };
	struct stat st;
	char buf[1000];
	int fd;

	TRY(utimensat(AT_FDCWD, "m/file", times, 0));
	TRY(utimensat(AT_FDCWD, "m/d", times, 0));
	TRY(mount(NULL, "m", NULL, MS_REMOUNT | (strcmp(how, "read-only") == 0 ? MS_RDONLY : 0),
		  NULL));
	fd = open("m/file", O_RDONLY);
	read(fd, buf, 1);
	close(fd);
	fd = open("m/d", O_RDONLY);
	syscall(SYS_getdents64, fd, buf, sizeof(buf));
	close(fd);
	stat("m/file", &st);
	say("%s, %ld: file %d", how, (long)atime, st.st_atime != atime);
	stat("m/d", &st);
	say(", directory %d\n", st.st_atime != atime);
}

/* MS_NODIRATIME keeps the access times of directories as they are, MS_NOATIME and MS_RDONLY all of them. */
static void access_times(void)
{
	say("access times\n");
	TRY(mkdir("m", 0755));
	TRY(tmpfs("m", 0));
	TRY(mkdir("m/d", 0755));
	make_file("m/file", 10);
	read_both("as it was", 1000);
	read_both("as it was", 3000);
	TRY(mount(NULL, "m", NULL, MS_REMOUNT | MS_NODIRATIME, NULL));
	flags_of("m");
	read_both("no times of directories", 1000);
	TRY(mount(NULL, "m", NULL, MS_REMOUNT | MS_NOATIME, NULL));
	flags_of("m");
	read_both("no times", 1000);
	TRY(mount(NULL, "m", NULL, MS_REMOUNT | MS_NOEXEC, NULL));
	flags_of("m");
	TRY(mount(NULL, "m", NULL, MS_REMOUNT | MS_RELATIME, NULL));
	flags_of("m");
	read_both("read-only", 1000);
	TRY(umount2("m", 0));
	TRY(rmdir("m"));
}

/* Devices are written on a file system that is read-only. */
static void read_only_devices(void)
{
	int fd = open("/dev/null", O_RDWR);

	say("read-only devices\n");
	TRY(mount(NULL, "/dev", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	TRY(write(fd, "x", 1));
	TRY(close(fd));
	TRY(close(open("/dev/null", O_WRONLY)));
	TRY(access("/dev/null", W_OK));
	TRY(mount(NULL, "/dev", NULL, MS_REMOUNT, NULL));
}

/* ---- poll of the list ---- */

static void look(const char *what, int fd, int set)
{
	struct pollfd ask = { .fd = fd, .events = POLLIN | POLLPRI };
	struct epoll_event event = { 0 };
	int n = poll(&ask, 1, 0);

	say("%s: poll %d, %#x; ", what, n, (unsigned)ask.revents);
	n = epoll_wait(set, &event, 1, 0);
	say("epoll %d, %#x\n", n, event.events);
}

static int wait_for_change(void *set)
{
	struct epoll_event event;

	return epoll_wait(*(int *)set, &event, 1, -1) == 1 && event.events == (EPOLLPRI | EPOLLERR)
		       ? 5
		       : 1;
}

/* A change of the mounts is POLLPRI and POLLERR of the list, once for each open file. */
static void change_is_polled(void)
{
	int fd = open("/proc/self/mounts", O_RDONLY), other = open("/proc/self/mounts", O_RDONLY);
	int set = epoll_create1(0), own_set = epoll_create1(0), file, status;
	struct epoll_event event = { .events = EPOLLIN | EPOLLPRI };
	pid_t pid;

	say("a change is polled\n");
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, other, &event));
	look("at first", fd, set);
	TRY(mkdir("m", 0755));
	TRY(tmpfs("m", 0));
	look("mounted", fd, set);
	look("again", fd, set);
	TRY(mount("none", "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	look("read-only", fd, set);
	TRY(mount("none", "m/none", "tmpfs", 0, NULL));
	look("refused", fd, set);
	TRY(umount2("m", 0));
	look("gone", fd, set);
	event.events = EPOLLPRI;
	TRY(epoll_ctl(own_set, EPOLL_CTL_ADD, fd, &event));
	pid = fork();
	if (pid == 0)
		_exit(wait_for_change(&own_set));
	until_it_waits(pid, 0);
	TRY(tmpfs("m", 0));
	waitpid(pid, &status, 0);
	ended("a child that waits", status);
	TRY(umount2("m", 0));
	TRY(rmdir("m"));
	file = open("/proc/meminfo", O_RDONLY);
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, file, &event));
	close(file);
	file = open("/proc/self/status", O_RDONLY);
	TRY(epoll_ctl(set, EPOLL_CTL_ADD, file, &event));
	close(file);
	close(fd);
	close(other);
	close(set);
	close(own_set);
}

/* The end of a file system is told, and ends the watches; they do not keep it in use. */
static void unmount_is_told(void)
{
	int root = inotify_init1(IN_NONBLOCK), below = inotify_init1(IN_NONBLOCK), fd;

	say("who watches a mount\n");
	TRY(mkdir("w", 0755));
	TRY(tmpfs("w", 0));
	TRY(mkdir("w/d", 0755));
	make_file("w/d/f", 10);
	watch_as(root, "w", IN_ALL_EVENTS, "it");
	watch_as(below, "w/d/f", IN_OPEN, "it");
	fd = open("w/d/f", O_RDONLY);
	TRY(umount2("w", 0));
	TRY(umount2("w", MNT_DETACH));
	events(below, "while the file is open");
	drop_events(root);
	close(fd);
	events(root, "the root");
	events(below, "the file");
	TRY(inotify_rm_watch(root, 1));
	close(root);
	close(below);
	TRY(rmdir("w"));
}

int main(void)
{
	memset(too_long, 'a', sizeof(too_long) - 1);
	mkdir("/tmp", 0777);
	mkdir("/tmp/mounts", 0755);
	chdir("/tmp/mounts");
	mount_covers();
	mounts_on_mounts();
	paths_cross();
	on_what_covers();
	users_keep_it();
	expire();
	read_only();
	access_times();
	read_only_devices();
	no_programs();
	all_statistics();
	errors();
	lazy();
	change_is_polled();
	unmount_is_told();
	return 0;
}
