/* SPDX-License-Identifier: MIT */
/* P: statx: the same as fstatat for files of all kinds, whatever is asked for, and each error. */
#include "t.h"

#include <limits.h>
#include <sys/sysmacros.h>

#define BAD ((void *)8)

static char too_long[PATH_MAX + 10];

static int same_time(struct statx_timestamp a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Compares what both calls say of a file. */
static void compare(const char *what, int dir, const char *path, int flags, unsigned mask)
{
	struct statx x;
	struct stat st;

	memset(&x, 0x55, sizeof(x));
	if (fstatat(dir, path, &st, flags) != 0 || statx(dir, path, flags, mask, &x) != 0) {
		result(what, -1);
		return;
	}
	say("%s: mask %x, %o %d %d %d %d %d %d %d %d %d\n", what, x.stx_mask & STATX_BASIC_STATS,
	    x.stx_mode, x.stx_mode == st.st_mode && x.stx_nlink == st.st_nlink,
	    x.stx_uid == st.st_uid && x.stx_gid == st.st_gid, x.stx_ino == st.st_ino,
	    x.stx_size == (unsigned long)st.st_size,
	    x.stx_blocks == (unsigned long)st.st_blocks && x.stx_blksize == (unsigned)st.st_blksize,
	    makedev(x.stx_dev_major, x.stx_dev_minor) == st.st_dev,
	    x.stx_rdev_major == major(st.st_rdev) && x.stx_rdev_minor == minor(st.st_rdev),
	    same_time(x.stx_atime, st.st_atim) && same_time(x.stx_ctime, st.st_ctim),
	    same_time(x.stx_mtime, st.st_mtim));
}

int main(void)
{
	const struct timespec times[2] = { { 1, 234567891 }, { 987654321, 1 } };
	struct statx x;
	int fd, ends[2];

	make_file("file", 5000);
	TRY(chmod("file", 0751));
	TRY(utimensat(AT_FDCWD, "file", times, 0));
	TRY(mkdir("d", 0700));
	TRY(link("file", "d/other"));
	TRY(symlink("../file", "d/link"));
	fd = open("d", O_RDONLY | O_DIRECTORY);
	compare("a file", AT_FDCWD, "file", 0, STATX_BASIC_STATS);
	compare("nothing is asked for", AT_FDCWD, "file", 0, 0);
	compare("more is asked for", AT_FDCWD, "file", AT_NO_AUTOMOUNT, 0x7fffffff);
	compare("a directory", AT_FDCWD, "d", 0, STATX_MODE);
	compare("by a descriptor", fd, "other", 0, STATX_ALL);
	compare("a descriptor", fd, "", AT_EMPTY_PATH, STATX_ALL);
	compare("through a link", fd, "link", 0, STATX_ALL);
	compare("a link", fd, "link", AT_SYMLINK_NOFOLLOW, STATX_ALL);
	compare("a device", AT_FDCWD, "/dev/null", 0, STATX_ALL);
	TRY(pipe(ends));
	compare("a pipe", ends[0], "", AT_EMPTY_PATH, STATX_ALL);
	TRY(statx(AT_FDCWD, "file", AT_STATX_FORCE_SYNC, STATX_ALL, &x));
	TRY(statx(AT_FDCWD, "file", AT_STATX_DONT_SYNC, STATX_ALL, &x));
	say("errors\n");
	memset(too_long, 'a', sizeof(too_long) - 1);
	TRY(statx(AT_FDCWD, "file", AT_STATX_SYNC_TYPE, STATX_ALL, &x));
	TRY(statx(AT_FDCWD, "file", 0, STATX__RESERVED, &x));
	TRY(statx(AT_FDCWD, "file", 1, STATX_ALL, &x));
	TRY(statx(AT_FDCWD, "missing", 1, STATX_ALL, &x));
	TRY(statx(AT_FDCWD, "missing", 0, STATX__RESERVED, &x));
	TRY(statx(AT_FDCWD, "missing", 0, STATX_ALL, &x));
	TRY(statx(AT_FDCWD, "", 0, STATX_ALL, &x));
	TRY(syscall(SYS_statx, AT_FDCWD, BAD, 0, STATX_ALL, &x));
	TRY(syscall(SYS_statx, AT_FDCWD, BAD, 0, STATX__RESERVED, &x));
	TRY(syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_ALL, BAD));
	TRY(syscall(SYS_statx, AT_FDCWD, "missing", 0, STATX_ALL, BAD));
	TRY(statx(77, "file", 0, STATX_ALL, &x));
	TRY(statx(77, "", AT_EMPTY_PATH, STATX_ALL, &x));
	TRY(statx(AT_FDCWD, "file/", 0, STATX_ALL, &x));
	TRY(statx(AT_FDCWD, "file/x", 0, STATX_ALL, &x));
	TRY(symlink("loop", "loop"));
	TRY(statx(AT_FDCWD, "loop", 0, STATX_ALL, &x));
	TRY(statx(AT_FDCWD, too_long, 0, STATX_ALL, &x));
	return 0;
}
