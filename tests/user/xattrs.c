/* SPDX-License-Identifier: MIT */
/* Extended attributes of files and directories in memory, and of what has none. */
#include "t.h"

#include <sys/mount.h>
#include <sys/xattr.h>

static char buf[70000], big[70000];

/* The order of names is not told. */
static void listed_names(const char *path)
{
	ssize_t n = TRY(listxattr(path, buf, sizeof(buf)));
	unsigned sum = 0;

	for (char *p = buf; n > 0 && p < buf + n; p += strlen(p) + 1)
		sum += checksum(p, strlen(p));
	say("names %u\n", sum);
}

static void values(const char *path)
{
	TRY(listxattr(path, buf, sizeof(buf)));
	TRY(getxattr(path, "user.one", buf, 100));
	TRY(setxattr(path, "user.one", "first", 5, 0));
	TRY(getxattr(path, "user.one", NULL, 0));
	TRY(getxattr(path, "user.one", buf, 100));
	say("%.5s\n", buf);
	TRY(getxattr(path, "user.one", buf, 5));
	TRY(getxattr(path, "user.one", buf, 4));
	TRY(setxattr(path, "user.one", "again", 5, XATTR_CREATE));
	TRY(setxattr(path, "user.two", "2", 1, XATTR_REPLACE));
	TRY(setxattr(path, "user.one", "longer value", 12, XATTR_REPLACE));
	TRY(setxattr(path, "user.two", "", 0, XATTR_CREATE));
	TRY(getxattr(path, "user.two", buf, 10));
	TRY(getxattr(path, "user.one", buf, 100));
	say("%.12s\n", buf);
	listed_names(path);
	TRY(listxattr(path, NULL, 0));
	TRY(listxattr(path, buf, 17));
	TRY(listxattr(path, buf, 18));
	TRY(removexattr(path, "user.one"));
	TRY(removexattr(path, "user.one"));
	listed_names(path);
	TRY(setxattr(path, "user.two", "x", 1, XATTR_CREATE | XATTR_REPLACE));
	TRY(setxattr(path, "user.three", "x", 1, XATTR_CREATE | XATTR_REPLACE));
	TRY(removexattr(path, "user.two"));
}

static void wrong(void)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	memcpy(name, "user.", 5);
	name[255] = '\0';
	TRY(setxattr("f", name, "x", 1, 0));
	TRY(removexattr("f", name));
	name[255] = 'n';
	name[256] = '\0';
	TRY(setxattr("f", name, "x", 1, 0));
	TRY(getxattr("f", name, buf, 1));
	TRY(removexattr("f", name));
	TRY(setxattr("f", "", "x", 1, 0));
	TRY(getxattr("f", "", buf, 1));
	TRY(removexattr("f", ""));
	TRY(setxattr("f", "user.", "x", 1, 0));
	TRY(getxattr("f", "user.", buf, 1));
	TRY(removexattr("f", "user."));
	TRY(setxattr("f", "user", "x", 1, 0));
	TRY(setxattr("f", "other.name", "x", 1, 0));
	TRY(getxattr("f", "other.name", buf, 1));
	TRY(removexattr("f", "other.name"));
	TRY(setxattr("f", "user.x", "x", 1, 4));
	TRY(setxattr("f", "user.x", big, 65537, 0));
	TRY(setxattr("f", "user.x", big, 65536, 0));
	TRY(getxattr("f", "user.x", buf, 65535));
	TRY(getxattr("f", "user.x", buf, sizeof(buf)));
	say("%zu wrong\n", not_all(buf, 65536, 'b'));
	TRY(removexattr("f", "user.x"));
	TRY(syscall(SYS_setxattr, "f", "user.x", 8, 1, 0));
	TRY(syscall(SYS_setxattr, "f", 8, "x", 1, 0));
	TRY(setxattr("f", "user.x", "xyz", 3, 0));
	TRY(syscall(SYS_getxattr, "f", "user.x", 8, 100));
	TRY(syscall(SYS_getxattr, "f", 8, buf, 100));
	TRY(syscall(SYS_listxattr, "f", 8, 100));
	TRY(syscall(SYS_removexattr, "f", 8));
	TRY(removexattr("f", "user.x"));
	TRY(setxattr("missing", "user.x", "x", 1, 0));
	TRY(getxattr("missing", "user.x", buf, 1));
	TRY(listxattr("missing", buf, 1));
	TRY(removexattr("missing", "user.x"));
	TRY(getxattr("f/x", "user.x", buf, 1));
}

static void links_and_others(void)
{
	int fd = open("f", O_RDWR), path = open("f", O_PATH), p[2];

	TRY(lsetxattr("link", "user.x", "x", 1, 0));
	TRY(lgetxattr("link", "user.x", buf, 1));
	TRY(llistxattr("link", buf, sizeof(buf)) >= 0);
	TRY(lremovexattr("link", "user.x"));
	TRY(setxattr("link", "user.x", "x", 1, 0));
	TRY(lgetxattr("f", "user.x", buf, 1));
	TRY(lsetxattr("f", "user.y", "yy", 2, 0));
	TRY(llistxattr("f", buf, sizeof(buf)));
	TRY(lremovexattr("f", "user.y"));
	TRY(fgetxattr(fd, "user.x", buf, 1));
	TRY(fgetxattr(fd, "user.y", buf, 1));
	TRY(fsetxattr(fd, "user.x", "longer", 6, 0));
	TRY(fgetxattr(fd, "user.x", buf, 1));
	TRY(fsetxattr(fd, "user.x", "x", 1, XATTR_CREATE));
	TRY(flistxattr(fd, buf, sizeof(buf)));
	TRY(flistxattr(fd, buf, 3));
	TRY(fremovexattr(fd, "user.x"));
	TRY(fremovexattr(fd, "user.x"));
	TRY(fgetxattr(path, "user.x", buf, 1));
	TRY(fsetxattr(path, "user.x", "x", 1, 0));
	TRY(flistxattr(path, buf, 1));
	TRY(fremovexattr(path, "user.x"));
	TRY(pipe(p));
	TRY(fsetxattr(p[0], "user.x", "x", 1, 0));
	TRY(fgetxattr(p[0], "user.x", buf, 1));
	TRY(fremovexattr(p[0], "user.x"));
	TRY(fsetxattr(99, "user.x", "x", 1, 0));
	TRY(fgetxattr(99, "user.x", buf, 1));
	TRY(flistxattr(99, buf, 1));
	TRY(fremovexattr(99, "user.x"));
	TRY(mkfifo("fifo", 0600));
	TRY(setxattr("fifo", "user.x", "x", 1, 0));
	TRY(getxattr("fifo", "user.x", buf, 1));
	TRY(getxattr("/proc/self/status", "user.x", buf, 1));
	TRY(setxattr("/proc/self/status", "user.x", "x", 1, 0));
	TRY(removexattr("/proc/self/status", "user.x"));
	close(p[0]);
	close(p[1]);
	close(fd);
	close(path);
}

static void kept(void)
{
	struct stat before, after;
	int fd;

	TRY(setxattr("f", "user.kept", "here", 4, 0));
	TRY(rename("f", "g"));
	TRY(getxattr("g", "user.kept", buf, 100));
	TRY(link("g", "f"));
	TRY(getxattr("f", "user.kept", buf, 100));
	stat("f", &before);
	until_time_moves();
	TRY(setxattr("f", "user.kept", "there", 5, 0));
	stat("f", &after);
	say("changed %d\n", before.st_ctim.tv_nsec != after.st_ctim.tv_nsec);
	fd = open("f", O_RDWR);
	unlink("f");
	unlink("g");
	TRY(fgetxattr(fd, "user.kept", buf, 100));
	close(fd);
}

static void read_only(void)
{
	TRY(setxattr("d", "user.x", "x", 1, 0));
	TRY(mount("none", ".", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	TRY(setxattr("d", "user.x", "x", 1, 0));
	TRY(lsetxattr("d", "user.x", "x", 1, 0));
	TRY(getxattr("d", "user.x", buf, 1));
	TRY(removexattr("d", "user.x"));
	TRY(lremovexattr("d", "user.x"));
	TRY(fremovexattr(open("d", O_RDONLY), "user.x"));
	TRY(fsetxattr(open("d", O_RDONLY), "user.x", "x", 1, 0));
}

/* What the mode of a file does not permit. */
static int as_another(void *arg)
{
	int fd = *(int *)arg;

	if (setuid(1000) != 0)
		return 1;
	TRY(setxattr("f", "user.x", "x", 1, 0));
	TRY(lsetxattr("f", "user.x", "x", 1, 0));
	TRY(fsetxattr(fd, "user.x", "x", 1, 0));
	TRY(getxattr("f", "user.x", buf, 1));
	TRY(lgetxattr("f", "user.x", buf, 1));
	TRY(fgetxattr(fd, "user.x", buf, 1));
	TRY(removexattr("f", "user.x"));
	TRY(lremovexattr("f", "user.x"));
	TRY(fremovexattr(fd, "user.x"));
	TRY(listxattr("f", buf, sizeof(buf)));
	TRY(listxattr("closed/f", buf, sizeof(buf)));
	TRY(llistxattr("closed/f", buf, sizeof(buf)));
	TRY(setxattr("sticky", "user.x", "x", 1, 0));
	TRY(getxattr("sticky", "user.x", buf, 1));
	TRY(syscall(SYS_fchmodat2, AT_FDCWD, "closed/f", 0600, 0));
	return 0;
}

static void others(void)
{
	int fd = open("f", O_RDWR);

	chmod("f", 0600);
	mkdir("closed", 0700);
	mkdir("sticky", 0);
	chmod("sticky", 01777);
	make_file("closed/f", 1);
	in_child("another", as_another, &fd);
	close(fd);
}

int main(void)
{
	mkdir("m", 0755);
	if (mount("none", "m", "tmpfs", 0, NULL) || chdir("m"))
		return 1;
	memset(big, 'b', sizeof(big));
	make_file("f", 10);
	mkdir("d", 0755);
	if (symlink("f", "link") != 0)
		return 1;
	values("f");
	values("d");
	wrong();
	links_and_others();
	kept();
	make_file("f", 10);
	others();
	read_only();
	return 0;
}
