/* SPDX-License-Identifier: MIT */
/* Each error of the calls about names, by the call's own name: docs/ABI.md has the list. */
#include "t.h"

#include <limits.h>

#define BAD	 ((char *)8)
#define IN(path) AT_FDCWD, path

static char too_long[PATH_MAX + 10], long_name[300];
static int file;
static char buf[PATH_MAX];

/* What every call answers that follows a path. */
static void paths(const char *path)
{
	struct stat st;

	say("path %.20s\n", path == BAD ? "that can't be read" : path);
	TRY(syscall(SYS_openat, IN(path), O_RDONLY));
	TRY(syscall(SYS_unlinkat, IN(path), 0));
	TRY(syscall(SYS_unlinkat, IN(path), AT_REMOVEDIR));
	TRY(syscall(SYS_linkat, IN(path), IN("new"), AT_SYMLINK_FOLLOW));
	TRY(syscall(SYS_linkat, IN("file.tmp"), IN(path), 0));
	TRY(syscall(SYS_mkdirat, IN(path), 0755));
	TRY(syscall(SYS_mknodat, IN(path), S_IFREG | 0644, 0));
	TRY(syscall(SYS_chdir, path));
	TRY(syscall(SYS_readlinkat, IN(path), buf, sizeof(buf)));
	TRY(syscall(SYS_newfstatat, IN(path), &st, 0));
}

static void descriptors(int fd)
{
	struct stat st;

	say("beside %s\n", fd == file ? "a file" : "nothing");
	TRY(syscall(SYS_openat, fd, "x", O_RDONLY));
	TRY(syscall(SYS_unlinkat, fd, "x", 0));
	TRY(syscall(SYS_linkat, fd, "x", IN("new"), 0));
	TRY(syscall(SYS_linkat, IN("file.tmp"), fd, "x", 0));
	TRY(syscall(SYS_linkat, IN("absent"), fd, "x", 0));
	TRY(syscall(SYS_linkat, IN("absent"), IN(BAD), 0));
	TRY(syscall(SYS_linkat, IN("absent"), IN(""), 0));
	TRY(symlink("absent", "dangling.tmp"));
	TRY(syscall(SYS_linkat, IN("dangling.tmp"), IN(BAD), 0));
	TRY(syscall(SYS_linkat, IN("dangling.tmp"), IN(BAD), AT_SYMLINK_FOLLOW));
	TRY(unlink("dangling.tmp"));
	TRY(syscall(SYS_linkat, IN(NULL), fd, "x", AT_EMPTY_PATH));
	TRY(syscall(SYS_linkat, AT_FDCWD, "", fd, "x", AT_EMPTY_PATH));
	TRY(syscall(SYS_mkdirat, fd, "x", 0755));
	TRY(syscall(SYS_mknodat, fd, "x", S_IFREG | 0644, 0));
	TRY(syscall(SYS_readlinkat, fd, "x", buf, sizeof(buf)));
	TRY(syscall(SYS_newfstatat, fd, "x", &st, 0));
}

static void opens(void)
{
	TRY(syscall(SYS_openat, IN("file.tmp"), O_CREAT | O_EXCL | O_RDWR, 0644));
	TRY(syscall(SYS_openat, IN("/"), O_RDWR));
	TRY(syscall(SYS_openat, IN("new/"), O_CREAT | O_RDWR, 0644));
	TRY(syscall(SYS_openat, IN("file.tmp"), O_DIRECTORY));
	TRY(syscall(SYS_openat, IN("x"), O_CREAT | O_DIRECTORY, 0755));
	TRY(syscall(SYS_openat, IN("/"), O_TMPFILE | O_RDONLY, 0644));
	TRY(syscall(SYS_openat, IN("/proc"), O_TMPFILE | O_RDWR, 0644));
	TRY(syscall(SYS_openat, IN("/links/to_target"), O_NOFOLLOW));
	TRY(syscall(SYS_openat, IN("/links/dangling"), O_RDONLY));
	TRY(syscall(SYS_openat, IN("/links/dangling"), O_CREAT | O_EXCL | O_RDWR, 0644));
	TRY(syscall(SYS_openat, IN("err_names"), O_RDWR));
	TRY(syscall(SYS_openat, IN("err_names"), O_TRUNC));
}

static void removals(void)
{
	TRY(syscall(SYS_unlinkat, IN("file.tmp"), 0x1000));
	TRY(syscall(SYS_unlinkat, IN("dir.tmp"), 0));
	TRY(syscall(SYS_unlinkat, IN("file.tmp"), AT_REMOVEDIR));
	TRY(syscall(SYS_unlinkat, IN("dir.tmp"), AT_REMOVEDIR));
	TRY(syscall(SYS_unlinkat, IN("dir.tmp/."), AT_REMOVEDIR));
	TRY(syscall(SYS_unlinkat, IN("dir.tmp/in/.."), AT_REMOVEDIR));
	TRY(syscall(SYS_unlinkat, IN("/"), AT_REMOVEDIR));
	TRY(syscall(SYS_unlinkat, IN("/"), 0));
}

static void creations(void)
{
	int memfd = memfd_create("x", 0), pipes[2];

	TRY(pipe(pipes));
	TRY(syscall(SYS_linkat, IN("file.tmp"), IN("dir.tmp"), 0));
	TRY(syscall(SYS_linkat, IN("file.tmp"), IN("new/"), 0));
	TRY(syscall(SYS_linkat, IN("file.tmp"), IN("new"), 0x1));
	TRY(syscall(SYS_linkat, IN("dir.tmp"), IN("new"), 0));
	TRY(syscall(SYS_linkat, memfd, "", IN("new"), AT_EMPTY_PATH));
	TRY(syscall(SYS_linkat, pipes[0], "", IN("new"), AT_EMPTY_PATH));
	TRY(syscall(SYS_mkdirat, IN("dir.tmp"), 0755));
	TRY(syscall(SYS_mkdirat, IN("."), 0755));
	TRY(syscall(SYS_mknodat, IN("dir.tmp"), S_IFREG | 0644, 0));
	TRY(syscall(SYS_mknodat, IN("new"), S_IFDIR | 0644, 0));
	TRY(syscall(SYS_mknodat, IN("new"), S_IFMT | 0644, 0));
	TRY(syscall(SYS_mknodat, IN("new/"), S_IFREG | 0644, 0));
}

static void questions(void)
{
	struct stat st;

	TRY(syscall(SYS_readlinkat, IN("file.tmp"), buf, sizeof(buf)));
	TRY(syscall(SYS_readlinkat, IN("/links/to_target"), buf, 0));
	TRY(syscall(SYS_readlinkat, IN("/links/to_target"), BAD, 10));
	TRY(syscall(SYS_readlinkat, IN("/links/to_target"), buf, 3));
	TRY(syscall(SYS_readlinkat, IN(""), buf, 10));
	TRY(syscall(SYS_readlinkat, IN(NULL), buf, 10));
	TRY(syscall(SYS_readlinkat, file, "", buf, 10));
	TRY(syscall(SYS_newfstatat, IN("file.tmp"), BAD, 0));
	TRY(syscall(SYS_newfstatat, IN("file.tmp"), &st, 0x10));
	TRY(syscall(SYS_newfstatat, IN("file.tmp"), &st, 0x6000)); /* AT_STATX_SYNC_TYPE */
	TRY(syscall(SYS_newfstatat, IN(""), &st, 0));
	TRY(syscall(SYS_newfstatat, 99, "", &st, AT_EMPTY_PATH));
}

/* A working directory that is deeper than any path can say, and then one that is gone. */
static void deep(void)
{
	int wrong = 0;

	long_name[200] = '\0';
	for (int i = 0; i < 25; i++)
		wrong += mkdir(long_name, 0755) != 0 || chdir(long_name) != 0;
	say("wrong: %d\n", wrong);
	TRY(syscall(SYS_getcwd, buf, sizeof(buf)));
	for (int i = 0; i < 25; i++)
		wrong += chdir("..") != 0 || rmdir(long_name) != 0;
	say("wrong: %d\n", wrong);
	TRY(syscall(SYS_getcwd, buf, 3));
	TRY(syscall(SYS_getcwd, BAD, 200));
	TRY(mkdir("gone", 0755));
	TRY(chdir("gone"));
	TRY(rmdir("../gone"));
	TRY(syscall(SYS_getcwd, buf, sizeof(buf)));
	TRY(syscall(SYS_openat, IN("x"), O_CREAT | O_RDWR, 0644));
	TRY(syscall(SYS_mkdirat, IN("x"), 0755));
	TRY(syscall(SYS_mknodat, IN("x"), S_IFREG | 0644, 0));
}

int main(void)
{
	memset(too_long, '/', sizeof(too_long) - 1);
	memset(long_name, 'n', sizeof(long_name) - 1);
	make_file("file.tmp", 100);
	mkdir("dir.tmp", 0755);
	mkdir("dir.tmp/in", 0755);
	file = open("file.tmp", O_RDONLY);
	paths(BAD);
	paths("");
	paths("none/x");
	paths("file.tmp/x");
	paths(too_long);
	paths(long_name);
	paths("/links/first/x");
	paths("/links/loop/x");
	TRY(syscall(SYS_openat, IN("/links/loop"), O_RDONLY));
	TRY(syscall(SYS_chdir, "/links/first"));
	descriptors(99);
	descriptors(file);
	opens();
	removals();
	creations();
	questions();
	deep();
	return 0;
}
