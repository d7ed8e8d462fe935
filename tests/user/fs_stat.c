/* SPDX-License-Identifier: MIT */
/* fstat, newfstatat and readlinkat: types, modes, sizes and errors. */
#include "t.h"

#include <sys/sysmacros.h>

static void show(const char *what, long r, const struct stat *st)
{
	static const char *const types[] = { "?",   "fifo", "chr", "?", "dir", "?",
					     "blk", "?",    "reg", "?", "lnk" };

	if (r != 0)
		result(what, r);
	else
		say("%s: %s %04o, %u links, owner %u:%u, size %ld, block %ld\n", what,
		    types[st->st_mode >> 12], st->st_mode & 07777, (unsigned)st->st_nlink,
		    st->st_uid, st->st_gid, S_ISREG(st->st_mode) ? (long)st->st_size : 0,
		    (long)st->st_blksize);
}

static void stat_of(const char *path)
{
	struct stat st;

	show(path, stat(path, &st), &st);
}

int main(void)
{
	struct stat st, st2;
	char buf[100];
	int fd, p[2];

	make_file("stat.tmp", 10000);
	stat_of("stat.tmp");
	TRY(close(open("mode1.tmp", O_CREAT | O_WRONLY, 0777)));
	stat_of("mode1.tmp");
	TRY(close(open("mode2.tmp", O_CREAT | O_WRONLY, 04600)));
	stat_of("mode2.tmp");
	TRY(mkdir("mode.d", 0777));
	TRY(stat("mode.d", &st));
	say("folder: %o, %u links\n", st.st_mode, (unsigned)st.st_nlink);
	stat_of("none.tmp");
	stat_of("stat.tmp/x");
	stat_of("stat.tmp/");
	stat_of("");
	TRY(stat("/dev/null", &st));
	say("null: chr %d, device %u:%u\n", S_ISCHR(st.st_mode), major(st.st_rdev),
	    minor(st.st_rdev));
	TRY(stat("/dev/zero", &st));
	say("zero: chr %d, device %u:%u\n", S_ISCHR(st.st_mode), major(st.st_rdev),
	    minor(st.st_rdev));
	fd = open("stat.tmp", O_RDWR);
	show("fstat", fstat(fd, &st), &st);
	TRY(stat("stat.tmp", &st2));
	say("the same file: %s\n",
	    st.st_ino == st2.st_ino && st.st_dev == st2.st_dev ? "yes" : "no");
	TRY(stat("mode1.tmp", &st2));
	say("another file: %s\n",
	    st.st_ino != st2.st_ino && st.st_dev == st2.st_dev ? "yes" : "no");
	TRY(stat("./.././../../.././..", &st));
	TRY(stat("/", &st2));
	show("newfstatat of fd", syscall(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH), &st);
	show("without the flag", syscall(SYS_newfstatat, fd, "", &st, 0), &st);
	show("flag with a path", syscall(SYS_newfstatat, AT_FDCWD, "stat.tmp", &st, AT_EMPTY_PATH),
	     &st);
	show("bad flag", syscall(SYS_newfstatat, AT_FDCWD, "stat.tmp", &st, 0x80000), &st);
	show("bad fd", fstat(99, &st), &st);
	TRY(lseek(fd, 0, SEEK_END));
	TRY(write(fd, "xy", 2));
	show("grown", fstat(fd, &st), &st);
	TRY(pipe(p));
	TRY(fstat(p[0], &st));
	say("pipe: fifo %d, size %ld\n", S_ISFIFO(st.st_mode), (long)st.st_size);
	TRY(readlinkat(AT_FDCWD, "stat.tmp", buf, 100));
	TRY(readlinkat(AT_FDCWD, "none.tmp", buf, 100));
	TRY(readlinkat(AT_FDCWD, "mode.d", buf, 100));
	TRY(readlinkat(AT_FDCWD, "mode.d", buf, 0));
	TRY(readlinkat(99, "x", buf, 100));
	return 0;
}
