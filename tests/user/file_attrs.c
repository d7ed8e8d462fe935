/* SPDX-License-Identifier: MIT */
/* chmod, chown, utimensat, truncate, symlink and fchdir: what they change, and each error. */
#include "t.h"

#include <limits.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define BAD	 ((char *)8)
#define IN(path) AT_FDCWD, path

static char too_long[PATH_MAX + 10], long_name[300];

static void show(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		result(path, -1);
	else
		say("%s: %o, owner %u:%u, size %ld\n", path, st.st_mode, st.st_uid, st.st_gid,
		    S_ISDIR(st.st_mode) ? 0 : (long)st.st_size);
}

static void show_times(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		result(path, -1);
	else
		say("%s: %ld.%09ld %ld.%09ld\n", path, (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
		    (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* chmod follows links, and sets twelve bits; a descriptor of O_PATH is EBADF. Root opens a file of mode 0. */
static void modes(void)
{
	int fd = open("file", O_RDONLY);
	int path = open("file", O_PATH);

	say("modes\n");
	TRY(chmod("file", 0712));
	show("file");
	TRY(chmod("dir", 01777));
	show("dir");
	TRY(chmod("link", 0640));
	show("file");
	show("link");
	TRY(fchmod(fd, 06755));
	show("file");
	TRY(fchmod(path, 0600));
	TRY(fchmod(99, 0600));
	TRY(chmod("file", 0177777 | 0644));
	show("file");
	TRY(chmod("file", 0));
	TRY(close(open("file", O_RDWR)));
	TRY(access("file", X_OK));
	close(fd);
	close(path);
}

/* chown, even of nothing, takes the set-ID bits of a file; by root, set-group-ID stays where the group may not execute. */
static void owners(void)
{
	int fd = open("file", O_RDONLY);

	say("owners\n");
	TRY(chown("file", 10, 20));
	show("file");
	TRY(chown("file", (uid_t)-1, 30));
	show("file");
	TRY(chown("file", 40, (gid_t)-1));
	show("file");
	TRY(chmod("file", 06755));
	TRY(chown("file", (uid_t)-1, (gid_t)-1));
	show("file");
	TRY(chmod("file", 06755));
	TRY(fchown(fd, 1, 2));
	show("file");
	TRY(chmod("file", 02644));
	TRY(lchown("link", 5, 6));
	show("link");
	show("file");
	TRY(chown("link", 7, 8));
	show("file");
	TRY(chmod("dir", 06755));
	TRY(chown("dir", 1, 1));
	show("dir");
	TRY(fchownat(fd, "", 0, 0, AT_EMPTY_PATH));
	show("file");
	TRY(fchown(99, 0, 0));
	TRY(fchown(open("file", O_PATH), 0, 0));
	close(fd);
}

/* Flags are looked at first, then the file, then the nanoseconds; with UTIME_OMIT for both times nothing is. */
static void times(void)
{
	struct timespec both[2] = { { 1000, 1 }, { 2000, 999999999 } };
	struct timespec one[2] = { { 0, UTIME_OMIT }, { 3000, 0 } };
	struct timespec none[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
	struct timespec wrong[2] = { { 0, 1000000000 }, { 0, 0 } };
	struct stat before, after;
	int fd = open("file", O_RDONLY), fds[2];

	say("times\n");
	TRY(utimensat(AT_FDCWD, "file", both, 0));
	show_times("file");
	TRY(utimensat(AT_FDCWD, "file", one, 0));
	show_times("file");
	TRY(utimensat(AT_FDCWD, "file", none, 0));
	show_times("file");
	TRY(utimensat(AT_FDCWD, "link", both, AT_SYMLINK_NOFOLLOW));
	show_times("link");
	TRY(futimens(fd, both));
	show_times("file");
	TRY(stat("file", &before));
	TRY(utimensat(AT_FDCWD, "file", NULL, 0));
	TRY(stat("file", &after));
	say("now: %d %d\n", after.st_mtim.tv_sec >= before.st_ctim.tv_sec,
	    after.st_mtim.tv_sec == after.st_atim.tv_sec);
	TRY(syscall(SYS_utimensat, fd, "", both, AT_EMPTY_PATH));
	show_times("file");
	TRY(utimensat(AT_FDCWD, "file", wrong, 0));
	TRY(utimensat(AT_FDCWD, "none", wrong, 0));
	TRY(syscall(SYS_utimensat, fd, NULL, wrong, 0));
	TRY(syscall(SYS_utimensat, 99, NULL, wrong, 0));
	TRY(syscall(SYS_utimensat, 99, NULL, wrong, AT_SYMLINK_NOFOLLOW));
	TRY(syscall(SYS_utimensat, AT_FDCWD, "none", wrong, 0x8000));
	TRY(pipe(fds));
	TRY(syscall(SYS_utimensat, fds[0], "", wrong, AT_EMPTY_PATH));
	close(fds[0]);
	close(fds[1]);
	TRY(stat("file", &before));
	TRY(utimensat(AT_FDCWD, "file", wrong, 0));
	TRY(stat("file", &after));
	say("changed: %d\n", after.st_ctim.tv_nsec != before.st_ctim.tv_nsec);
	TRY(syscall(SYS_utimensat, 99, NULL, none, 0));
	TRY(syscall(SYS_utimensat, 99, NULL, both, 0));
	TRY(syscall(SYS_utimensat, fd, NULL, both, AT_SYMLINK_NOFOLLOW));
	TRY(syscall(SYS_utimensat, AT_FDCWD, NULL, both, 0));
	TRY(syscall(SYS_utimensat, AT_FDCWD, "file", BAD, 0));
	TRY(syscall(SYS_utimensat, AT_FDCWD, "file", both, 0x8000));
	TRY(syscall(SYS_utimensat, AT_FDCWD, "none", none, 0x8000));
	TRY(futimens(open("file", O_PATH), both));
	close(fd);
}

/* truncate follows links, and adds zeros; a directory is EISDIR, another file that is no regular one EINVAL. */
static void sizes(void)
{
	char text[5000] = "";
	int fd = open("file", O_RDWR);

	say("sizes\n");
	TRY(truncate("file", 5));
	show("file");
	TRY(truncate("link", 5000));
	show("file");
	TRY(read(fd, text, sizeof(text)));
	say("wrong: %zu before, %zu behind\n", bytes_unlike_file(text, 0, 5),
	    not_all(text + 5, sizeof(text) - 5, 0));
	TRY(truncate("dir", 0));
	TRY(truncate("/dev/null", 0));
	TRY(truncate("file", -1));
	TRY(truncate("file", LONG_MAX));
	TRY(truncate("none", 0));
	TRY(truncate(BAD, 0));
	TRY(truncate("", 0));
	TRY(truncate(too_long, 0));
	TRY(truncate(long_name, 0));
	TRY(truncate("loop", 0));
	TRY(truncate("file/x", 0));
	close(fd);
}

static void show_pipe(int fd)
{
	struct stat st;

	TRY(fstat(fd, &st));
	say("pipe: %o, owner %u:%u", st.st_mode, st.st_uid, st.st_gid);
	if (st.st_mtim.tv_sec < 100)
		say(", times %ld.%09ld %ld.%09ld", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
		    (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	say("\n");
}

/* A pipe without a name is a file with attributes, which both its ends have; what opens it anew heeds them. */
static void pipes(void)
{
	static const struct timespec both[2] = { { 5, 6 }, { 7, 8 } };
	int fds[2], again, status;
	char path[30];
	pid_t child;

	say("pipes\n");
	TRY(pipe(fds) == 0 ? 0 : -1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[1]);
	show_pipe(fds[0]);
	TRY(fchmod(fds[0], 0640));
	show_pipe(fds[1]);
	again = open(path, O_WRONLY);
	TRY(chmod(path, 06755));
	show_pipe(again);
	TRY(fchown(again, 10, 20));
	show_pipe(fds[0]);
	TRY(fchown(fds[0], -1, -1));
	TRY(chown(path, -1, 1000));
	show_pipe(fds[1]);
	TRY(futimens(fds[1], both));
	show_pipe(fds[0]);
	TRY(fchown(again, 1000, -1));
	TRY(syscall(SYS_fchownat, fds[1], "", 30, 40, AT_EMPTY_PATH));
	TRY(fchmod(fds[1], 0602));
	show_pipe(fds[0]);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		TRY(setgid(1000));
		TRY(setuid(1000));
		TRY(prctl(PR_SET_DUMPABLE, 1));
		TRY(fchmod(fds[1], 0600));
		TRY(fchmod(again, 0600));
		TRY(chmod(path, 0600));
		TRY(fchown(fds[1], 1000, -1));
		TRY(fchown(fds[1], -1, -1));
		TRY(futimens(fds[1], both));
		TRY(futimens(fds[1], NULL));
		TRY(close(open(path, O_WRONLY)));
		TRY(close(open(path, O_RDONLY | O_NONBLOCK)));
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	TRY(fchown(fds[1], 1000, 1000));
	child = fork();
	if (child == 0) {
		TRY(setgid(1000));
		TRY(setuid(1000));
		TRY(prctl(PR_SET_DUMPABLE, 1));
		TRY(fchown(fds[0], -1, 1000));
		TRY(fchown(fds[0], -1, 5));
		TRY(fchmod(fds[0], 0400));
		TRY(futimens(fds[0], both));
		TRY(close(open(path, O_WRONLY)));
		TRY(close(open(path, O_RDONLY | O_NONBLOCK)));
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	show_pipe(fds[1]);
	close(again);
	close(fds[0]);
	close(fds[1]);
}

/* A link may lead nowhere, but an empty target is ENOENT, as is a name that does not exist with a slash behind it. */
static void links(void)
{
	char target[100] = "";

	say("links\n");
	TRY(symlink("any/thing", "new"));
	show("new");
	TRY(readlink("new", target, sizeof(target)));
	say("to %s\n", target);
	TRY(symlink("x", "new"));
	TRY(symlink("x", "file"));
	TRY(symlink("", "empty"));
	TRY(symlink("x", ""));
	TRY(symlink("x", "slash/"));
	TRY(symlink("x", "none/x"));
	TRY(symlink("x", "file/x"));
	TRY(symlink("x", "loop/x"));
	TRY(symlink("x", BAD));
	TRY(symlink(BAD, "x"));
	TRY(symlink("x", too_long));
	TRY(symlink(too_long, "x"));
	TRY(symlink("x", long_name));
	TRY(symlinkat("x", 99, "x"));
	TRY(symlinkat("x", 1, "x"));
	TRY(unlink("new"));
}

/* With a slash behind the name, all links are followed on the way to the last one. */
static void slash_behind_links(void)
{
	static const struct timespec times[2] = { { 11, 0 }, { 12, 0 } };
	char text[32];
	struct stat st;

	say("links and a slash\n");
	TRY(mkdir("to", 0755));
	TRY(symlink("to", "second"));
	TRY(symlink("second", "first"));
	TRY(symlink("round", "round"));
	TRY(lstat("first/", &st));
	say("a directory: %d\n", S_ISDIR(st.st_mode));
	TRY(lstat("first", &st));
	say("a link: %d\n", S_ISLNK(st.st_mode));
	TRY(close(open("first/", O_RDONLY | O_NOFOLLOW)));
	TRY(close(open("first/", O_RDONLY | O_NOFOLLOW | O_DIRECTORY)));
	TRY(open("first", O_RDONLY | O_NOFOLLOW));
	TRY(readlink("first/", text, sizeof(text)));
	TRY(readlink("second/", text, sizeof(text)));
	TRY(utimensat(AT_FDCWD, "first/", times, AT_SYMLINK_NOFOLLOW));
	show_times("to");
	TRY(link("first/", "new"));
	TRY(lstat("round/", &st));
	TRY(readlink("round/", text, sizeof(text)));
	TRY(link("round/", "new"));
	TRY(mkdir("first/", 0755));
	TRY(rmdir("first/"));
	TRY(unlink("first/"));
	TRY(unlink("first"));
	TRY(unlink("second"));
	TRY(unlink("round"));
	TRY(rmdir("to"));
}

/* Says the working directory, as it is called below the one in which the program began. */
static void show_directory(size_t above)
{
	char path[PATH_MAX];

	if (getcwd(path, sizeof(path)))
		say("in .%s\n", path + (strlen(path) < above ? 0 : above));
	else
		result("getcwd", -1);
}

/* fchdir takes O_PATH, and a directory that was removed, which has no path (ENOENT) but still a parent. */
static void working_directories(void)
{
	char path[PATH_MAX];
	size_t above = strlen(getcwd(path, sizeof(path)));
	int gone, dir = open("dir", O_RDONLY), path_only = open("dir", O_PATH),
		  file = open("file", O_RDONLY);

	say("fchdir\n");
	TRY(fchdir(dir));
	show_directory(above);
	TRY(chdir(".."));
	show_directory(above);
	TRY(fchdir(path_only));
	show_directory(above);
	TRY(chdir(".."));
	TRY(fchdir(file));
	TRY(fchdir(99));
	TRY(mkdir("gone", 0755));
	gone = open("gone", O_RDONLY);
	TRY(rmdir("gone"));
	TRY(fchdir(gone));
	show_directory(above);
	TRY(chdir(".."));
	show_directory(above);
	close(gone);
	close(dir);
	close(path_only);
	close(file);
}

/* The whole path is read first (an empty one is ENOENT), then the descriptor it begins at is looked at, then each name. */
static void errors(const char *path)
{
	struct timespec both[2] = { { 1, 1 }, { 2, 2 } };

	say("path %.20s\n", path == BAD ? "that can't be read" : path);
	TRY(syscall(SYS_fchmodat, IN(path), 0644));
	TRY(syscall(SYS_fchownat, IN(path), 0, 0, 0));
	TRY(syscall(SYS_utimensat, IN(path), both, 0));
	TRY(syscall(SYS_fchmodat, 99, path, 0644));
	TRY(syscall(SYS_fchownat, 99, path, 0, 0, 0));
	TRY(syscall(SYS_utimensat, 99, path, both, 0));
}

int main(void)
{
	memset(too_long, 'a', sizeof(too_long) - 1);
	memset(long_name, 'a', sizeof(long_name) - 1);
	make_file("file", 100);
	TRY(mkdir("dir", 0755));
	TRY(symlink("file", "link"));
	TRY(symlink("loop", "loop"));
	modes();
	owners();
	times();
	sizes();
	pipes();
	links();
	slash_behind_links();
	working_directories();
	errors("none");
	errors("");
	errors(BAD);
	errors(too_long);
	errors(long_name);
	errors("loop");
	errors("file/x");
	TRY(syscall(SYS_fchownat, AT_FDCWD, "file", 0, 0, 0x8000));
	TRY(syscall(SYS_fchmodat, 1, "x", 0644));
	sync();
	return 0;
}
