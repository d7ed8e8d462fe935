/* SPDX-License-Identifier: MIT */
/* Calls that add flags to older ones: openat2, O_TMPFILE, faccessat2, fchmodat2, close_range. */
#include "t.h"

#include <linux/openat2.h>
#include <sys/mount.h>

static int here;

static long openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { flags, mode, resolve };
	long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

	if (fd >= 0)
		close((int)fd);
	return fd >= 0 ? 0 : fd;
}

/* A struct open_how of a later version is right if what is unknown in it is 0: else E2BIG. */
static void sizes(void)
{
	struct {
		struct open_how how;
		uint64_t more[2];
	} big = { { O_RDONLY, 0, 0 }, { 0, 0 } };
	long fd = TRY(syscall(SYS_openat2, AT_FDCWD, "f", &big, sizeof(big)));

	close((int)fd);
	big.more[1] = 1;
	TRY(syscall(SYS_openat2, AT_FDCWD, "f", &big, sizeof(big)));
	TRY(syscall(SYS_openat2, AT_FDCWD, "f", &big, 23));
	TRY(syscall(SYS_openat2, AT_FDCWD, "f", &big, 0));
	TRY(syscall(SYS_openat2, AT_FDCWD, "f", &big, PAGE + 1));
	TRY(syscall(SYS_openat2, AT_FDCWD, "f", NULL, sizeof(struct open_how)));
}

/* openat2 refuses what openat ignores: unknown flags, and a mode without O_CREAT or O_TMPFILE. */
static void wrong_ways(void)
{
	TRY(openat2(AT_FDCWD, "f", O_RDONLY, 0, 0));
	TRY(openat2(AT_FDCWD, "f", O_RDONLY, 0644, 0));
	TRY(openat2(AT_FDCWD, "f", O_RDWR | O_CREAT, 0644, 0));
	TRY(openat2(AT_FDCWD, "f", O_RDWR | O_CREAT, 0107777, 0));
	TRY(openat2(AT_FDCWD, "f", 1ul << 40, 0, 0));
	TRY(openat2(AT_FDCWD, "f", 1ul << 30, 0, 0));
	TRY(openat2(AT_FDCWD, "f", O_RDONLY, 0, 0x40));
	TRY(openat2(AT_FDCWD, "f", O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT));
	TRY(openat2(AT_FDCWD, "f", O_PATH, 0, 0));
	TRY(openat2(AT_FDCWD, "f", O_PATH | O_RDWR, 0, 0));
	TRY(openat2(AT_FDCWD, "f", O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0));
	TRY(openat2(AT_FDCWD, "d", O_RDONLY | O_CREAT | O_DIRECTORY, 0, 0));
	TRY(openat2(AT_FDCWD, "d", O_TMPFILE, 0, 0));
	TRY(openat2(AT_FDCWD, "d", O_TMPFILE | O_RDWR, 0600, 0));
	TRY(openat2(AT_FDCWD, "d", 020000000 | O_RDWR, 0600, 0));
	TRY(openat2(AT_FDCWD, "f", O_RDWR | O_TRUNC, 0, RESOLVE_CACHED));
	TRY(openat2(AT_FDCWD, "f", O_RDWR | O_CREAT, 0600, RESOLVE_CACHED));
	TRY(openat2(AT_FDCWD, "f", O_RDWR, 0, RESOLVE_CACHED));
	TRY(openat2(99, "f", O_RDONLY, 0, 0));
	TRY(openat2(99, "/", O_RDONLY, 0, 0));
	TRY(openat2(99, "/", O_RDONLY, 0, RESOLVE_IN_ROOT));
	TRY(openat2(here, "", O_RDONLY, 0, 0));
}

/* The links are: up -> .., abs -> /, inner -> d/f, out -> ../d. */
static void ways(int d)
{
	static const char *const paths[] = {
		"f",   "../d",	"/",	"/f",	   "up/f",  "up",
		"abs", "inner", "e/..", "e/../..", "e/out", "e/out/f"
	};
	static const struct {
		const char *name;
		uint64_t resolve;
	} how[] = { { "none", 0 },
		    { "beneath", RESOLVE_BENEATH },
		    { "in root", RESOLVE_IN_ROOT },
		    { "no links", RESOLVE_NO_SYMLINKS },
		    { "no mounts", RESOLVE_NO_XDEV } };

	for (unsigned h = 0; h < 5; h++) {
		for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
			say("%s %s ", how[h].name, paths[i]);
			TRY(openat2(d, paths[i], O_RDONLY, 0, how[h].resolve));
		}
	}
	say("last link ");
	TRY(openat2(d, "up", O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS));
}

/* All on one mount: whether a link may lead to the root depends on where the walk began. */
static void to_the_root(void)
{
	static const char *const paths[] = {
		"tail", "./tail", "tail/..", "sub/../tail", "/tmp/to_root/tail", "here/tail"
	};
	int tmp = open("/tmp", O_PATH), d;

	mkdir("/tmp/to_root", 0700);
	mkdir("/tmp/to_root/sub", 0700);
	d = open("/tmp/to_root", O_PATH);
	symlinkat("/", d, "tail");
	symlinkat(".", d, "here");
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		say("%s ", paths[i]);
		TRY(openat2(d, paths[i], O_RDONLY, 0, RESOLVE_NO_XDEV));
	}
	TRY(openat2(tmp, "to_root/tail", O_RDONLY, 0, RESOLVE_NO_XDEV));
	TRY(openat2(tmp, "to_root/tail", O_RDONLY, 0, RESOLVE_NO_XDEV | RESOLVE_IN_ROOT));
	unlinkat(d, "tail", 0);
	unlinkat(d, "here", 0);
	unlinkat(d, "sub", AT_REMOVEDIR);
	rmdir("/tmp/to_root");
}

/* RESOLVE_NO_XDEV ends at a mount; RESOLVE_NO_MAGICLINKS at links of /proc/PID/fd, but not at /proc/self. */
static void mounts_and_magic(int d)
{
	char link[40];

	if (mount("none", "d/e", "tmpfs", 0, NULL) != 0)
		say("cannot mount\n");
	TRY(openat2(d, "e", O_RDONLY, 0, RESOLVE_NO_XDEV));
	TRY(openat2(d, "e", O_RDONLY, 0, RESOLVE_BENEATH));
	TRY(openat2(d, "e/..", O_RDONLY, 0, RESOLVE_BENEATH));
	TRY(openat2(d, "e/../..", O_RDONLY, 0, RESOLVE_BENEATH));
	TRY(openat2(d, "e/../f", O_RDONLY, 0, RESOLVE_IN_ROOT));
	TRY(openat2(AT_FDCWD, "/proc", O_RDONLY, 0, RESOLVE_NO_XDEV));
	TRY(umount("d/e"));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", d);
	TRY(openat2(AT_FDCWD, link, O_RDONLY, 0, 0));
	TRY(openat2(AT_FDCWD, link, O_RDONLY, 0, RESOLVE_NO_MAGICLINKS));
	TRY(openat2(AT_FDCWD, "/proc/self", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS));
	TRY(openat2(AT_FDCWD, link, O_RDONLY, 0, RESOLVE_NO_SYMLINKS));
	TRY(openat2(AT_FDCWD, link, O_RDONLY, 0, RESOLVE_IN_ROOT));
	strcat(link, "/f");
	TRY(openat2(AT_FDCWD, link, O_RDONLY, 0, RESOLVE_NO_XDEV));
}

/* A file of O_TMPFILE can be given a name, but not if O_EXCL is set, and not again when its last name is gone. */
static void temporary(int d)
{
	struct stat st;
	char link[40], c = 0;
	int fd;

	fd = open("d", O_TMPFILE | O_RDWR, 0640);
	say("temporary: %s\n", fd >= 0 ? "open" : strerrorname_np(errno));
	TRY(write(fd, "hello", 5));
	TRY(fstat(fd, &st));
	say("%o %ld %ld\n", st.st_mode, (long)st.st_nlink, (long)st.st_size);
	TRY(fcntl(fd, F_GETFL) == (O_RDWR | O_TMPFILE | 0100000));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	TRY(linkat(AT_FDCWD, link, d, "named", 0));
	TRY(linkat(AT_FDCWD, link, d, "named", AT_SYMLINK_FOLLOW));
	TRY(fstat(fd, &st));
	say("%ld\n", (long)st.st_nlink);
	TRY(linkat(fd, "", d, "again", AT_EMPTY_PATH));
	TRY(unlinkat(d, "named", 0));
	TRY(unlinkat(d, "again", 0));
	TRY(linkat(fd, "", d, "late", AT_EMPTY_PATH));
	TRY(pread(fd, &c, 1, 1));
	say("%c\n", c);
	close(fd);
	fd = open("d", O_TMPFILE | O_WRONLY | O_EXCL, 0600);
	TRY(linkat(fd, "", d, "exclusive", AT_EMPTY_PATH));
	close(fd);
	TRY(open("d", O_TMPFILE | O_RDONLY, 0600));
	TRY(open("d", O_TMPFILE | O_CREAT | O_RDWR, 0600));
	TRY(open("f", O_TMPFILE | O_RDWR, 0600));
	TRY(open("missing", O_TMPFILE | O_RDWR, 0600));
	TRY(open("", O_TMPFILE | O_RDWR, 0600));
	TRY(open("/proc", O_TMPFILE | O_RDWR, 0600));
	fd = open("d/up", O_TMPFILE | O_RDWR, 0600);
	TRY(write(fd, "x", 1));
	close(fd);
	TRY(open("d/up", O_TMPFILE | O_RDWR | O_NOFOLLOW, 0600));
	TRY(open("d/up/", O_TMPFILE | O_RDWR | O_NOFOLLOW, 0600) >= 0);
	TRY(mkdir("gone", 0700));
	fd = open("gone", O_RDONLY);
	TRY(rmdir("gone"));
	TRY(openat(fd, ".", O_TMPFILE | O_RDWR, 0600) >= 0);
}

static long faccessat2(int dir, const char *path, int mode, int flags)
{
	return syscall(SYS_faccessat2, dir, path, mode, flags);
}

/* faccessat2 and fchmodat2 heed their flags; the mode of a link cannot be changed: EOPNOTSUPP. */
static void access_and_mode(int d)
{
	struct stat st;
	int path = open("d/dangling", O_PATH | O_NOFOLLOW), fd = open("f", O_RDONLY);

	TRY(faccessat2(d, "f", R_OK, 0));
	TRY(faccessat2(d, "f", 8, 0));
	TRY(faccessat2(d, "f", R_OK, 1));
	TRY(faccessat2(d, "f", W_OK, AT_EACCESS));
	TRY(faccessat2(d, "dangling", F_OK, 0));
	TRY(faccessat2(d, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
	TRY(faccessat2(d, "", F_OK, 0));
	TRY(faccessat2(d, "", X_OK, AT_EMPTY_PATH));
	TRY(faccessat2(fd, "", R_OK, AT_EMPTY_PATH));
	TRY(faccessat2(fd, "", X_OK, AT_EMPTY_PATH));
	TRY(faccessat2(99, "", R_OK, AT_EMPTY_PATH));
	TRY(faccessat2(AT_FDCWD, "", R_OK, AT_EMPTY_PATH));
	TRY(syscall(SYS_fchmodat2, d, "f", 0604, 0));
	TRY(fstat(fd, &st));
	say("%o\n", st.st_mode);
	TRY(syscall(SYS_fchmodat2, d, "dangling", 0600, 0));
	TRY(syscall(SYS_fchmodat2, d, "dangling", 0600, AT_SYMLINK_NOFOLLOW));
	TRY(syscall(SYS_fchmodat2, d, "inner", 0601, AT_SYMLINK_NOFOLLOW));
	TRY(syscall(SYS_fchmodat2, d, "f", 0611, AT_SYMLINK_NOFOLLOW));
	TRY(syscall(SYS_fchmodat2, fd, "", 0622, AT_EMPTY_PATH));
	TRY(fstat(fd, &st));
	say("%o\n", st.st_mode);
	TRY(syscall(SYS_fchmodat2, path, "", 0600, AT_EMPTY_PATH));
	TRY(syscall(SYS_fchmodat2, d, "f", 0600, 1));
	TRY(syscall(SYS_fchmodat2, d, "", 0600, 0));
	TRY(syscall(SYS_fchmodat2, 99, "f", 0600, 0));
	close(path);
	close(fd);
}

static int unshares(void *arg)
{
	(void)arg;
	return close_range(100, 200, CLOSE_RANGE_UNSHARE) || fcntl(150, F_GETFD) != -1 ||
	       fcntl(50, F_GETFD) == -1;
}

/* close_range closes what is open in the range or sets FD_CLOEXEC there, by CLOSE_RANGE_UNSHARE in a table of its own. */
static void ranges(void)
{
	for (int fd = 100; fd < 110; fd++)
		dup2(here, fd);
	TRY(close_range(99, 98, 0));
	TRY(close_range(100, 109, 1));
	TRY(close_range(100, 109, 8));
	TRY(close_range(102, 104, CLOSE_RANGE_CLOEXEC));
	TRY(fcntl(101, F_GETFD));
	TRY(fcntl(102, F_GETFD));
	TRY(fcntl(104, F_GETFD));
	TRY(fcntl(105, F_GETFD));
	TRY(close_range(102, 103, 0));
	TRY(fcntl(102, F_GETFD));
	TRY(fcntl(104, F_GETFD));
	TRY(close_range(100, ~0u, 0));
	TRY(fcntl(100, F_GETFD));
	TRY(fcntl(109, F_GETFD));
	TRY(close_range(100, ~0u, 0));
	TRY(close_range(~0u, ~0u, 0));
	dup2(here, 150);
	dup2(here, 50);
	in_child("unshare", unshares, NULL);
	TRY(fcntl(150, F_GETFD));
	TRY(close_range(150, 150, CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC));
	TRY(fcntl(150, F_GETFD));
}

static int without_terminal(void *arg)
{
	(void)arg;
	setsid();
	TRY(openat2(AT_FDCWD, "/dev/tty", O_RDWR, 0, 0));
	return 0;
}

/* What openat refuses, too. */
static void as_openat(int d)
{
	char name[40];
	pid_t child;
	int proc;

	TRY(openat2(d, "f", O_CREAT | O_EXCL, 0600, 0));
	TRY(openat2(d, "e", O_RDWR, 0, 0));
	TRY(openat2(AT_FDCWD, "/proc", O_TMPFILE | O_RDWR, 0600, 0));
	TRY(openat2(AT_FDCWD, "/proc/self/exe", O_WRONLY, 0, 0));
	in_child("no terminal", without_terminal, NULL);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	snprintf(name, sizeof(name), "/proc/%d", child);
	proc = open(name, O_RDONLY);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	TRY(openat2(proc, "status", O_RDONLY, 0, 0));
	close(proc);
	if (mount("none", "d/e", "tmpfs", MS_RDONLY, NULL) != 0)
		say("cannot mount\n");
	TRY(openat2(d, "e/new", O_RDWR | O_CREAT, 0600, 0));
	TRY(openat2(d, "e", O_RDWR | O_TMPFILE, 0600, 0));
	TRY(faccessat2(d, "e", W_OK, 0));
	TRY(syscall(SYS_fchmodat2, d, "e", 0700, 0));
	TRY(umount("d/e"));
}

int main(void)
{
	int d;

	/* A mount of its own, so that the root is on another. */
	mkdir("m", 0755);
	if (mount("none", "m", "tmpfs", 0, NULL) || chdir("m"))
		return 1;
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	make_file("f", 100);
	make_file("d/f", 100);
	if (symlink("..", "d/up") || symlink("/", "d/abs") || symlink("f", "d/inner") ||
	    symlink("../../d", "d/e/out") || symlink("nothing", "d/dangling"))
		return 1;
	here = open(".", O_RDONLY);
	d = open("d", O_RDONLY);
	sizes();
	wrong_ways();
	ways(d);
	mounts_and_magic(d);
	to_the_root();
	temporary(d);
	access_and_mode(d);
	as_openat(d);
	ranges();
	return 0;
}
