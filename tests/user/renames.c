/* SPDX-License-Identifier: MIT */
/* renameat2: what it moves, replaces and exchanges, and each error. */
#include "t.h"

#include <limits.h>
#include <sys/mount.h>

#define BAD	 ((char *)8)
#define IN(path) AT_FDCWD, path

static char too_long[PATH_MAX + 10], long_name[300];

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0)
		say("cannot write %s\n", path);
}

static void show(const char *path)
{
	char text[64] = "";
	struct stat st;
	int fd;

	if (lstat(path, &st) != 0) {
		result(path, -1);
		return;
	}
	fd = S_ISREG(st.st_mode) ? open(path, O_RDONLY) : -1;
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0)
		close(fd);
	say("%s: %o, %u links %s\n", path, st.st_mode, (unsigned)st.st_nlink, text);
}

static void files(void)
{
	struct stat before, after;

	say("files\n");
	write_file("a", "first");
	TRY(stat("a", &before));
	TRY(rename("a", "b"));
	show("a");
	show("b");
	TRY(stat("b", &after));
	say("the same: %d\n", before.st_ino == after.st_ino);
	write_file("c", "second");
	TRY(rename("b", "c"));
	show("b");
	show("c");
	TRY(rename("c", "c"));
	TRY(link("c", "d"));
	TRY(rename("c", "d"));
	show("c");
	show("d");
	TRY(unlink("c"));
	TRY(rename("d", "dir/d"));
	TRY(rename("dir/d", "dir/sub/../e"));
	show("dir/e");
	TRY(symlink("dir/e", "link"));
	TRY(rename("link", "other"));
	show("other");
	TRY(rename("dir/e", "other"));
	show("other");
	TRY(rename("other/", "x"));
	TRY(rename("other", "x/"));
	TRY(rename("other", "dir/"));
	TRY(rename("other", "dir"));
	TRY(unlink("other"));
}

static void open_files(void)
{
	char text[8] = "";
	int fd, replaced;

	say("open files\n");
	write_file("a", "moved");
	write_file("b", "replaced");
	fd = open("a", O_RDONLY);
	replaced = open("b", O_RDONLY);
	TRY(rename("a", "b"));
	TRY(read(fd, text, 5));
	say("%s\n", text);
	TRY(read(replaced, text, 7));
	say("%s\n", text);
	close(fd);
	close(replaced);
	TRY(unlink("b"));
}

static void directories(void)
{
	char path[PATH_MAX];

	say("directories\n");
	TRY(mkdir("from", 0755));
	TRY(mkdir("from/inner", 0755));
	TRY(mkdir("to", 0755));
	show("from");
	show("to");
	TRY(chdir("from/inner"));
	TRY(rename("../../from/inner", "../../to/moved"));
	say("known: %d\n", syscall(SYS_getcwd, path, sizeof(path)) > 0);
	say("in %s\n", strrchr(path, '/'));
	TRY(chdir("../.."));
	show("from");
	show("to");
	show("to/moved");
	TRY(rename("to", "to/moved/x"));
	TRY(rename("to", "to"));
	TRY(rename("to", "to/moved"));
	TRY(rename("to/moved", "to"));
	TRY(rename("from", "to"));
	TRY(rename("to/moved", "from"));
	show("to");
	show("from");
	write_file("file", "x");
	TRY(rename("from", "file"));
	TRY(rename("file", "from"));
	TRY(rename("from/", "again/"));
	show("again");
	TRY(rename("again", "file/x"));
	TRY(rename(".", "x"));
	TRY(rename("..", "x"));
	TRY(rename("/", "x"));
	TRY(rename("again/.", "x"));
	TRY(rename("again", "."));
	TRY(rename("again", "to/.."));
	TRY(rename("again", "/"));
	TRY(unlink("file"));
	TRY(rmdir("again"));
	TRY(rmdir("to"));
}

static void removed_directory(void)
{
	int dir;

	say("a removed directory\n");
	TRY(mkdir("gone", 0755));
	dir = open("gone", O_RDONLY);
	write_file("file", "x");
	TRY(rmdir("gone"));
	TRY(renameat(AT_FDCWD, "file", dir, "x"));
	TRY(renameat(dir, "x", AT_FDCWD, "file"));
	TRY(unlink("file"));
	close(dir);
}

static void flags(void)
{
	say("flags\n");
	write_file("a", "A");
	write_file("b", "B");
	TRY(syscall(SYS_renameat2, IN("a"), IN("b"), RENAME_NOREPLACE));
	TRY(syscall(SYS_renameat2, IN("a"), IN("a"), RENAME_NOREPLACE));
	TRY(syscall(SYS_renameat2, IN("a"), IN("."), RENAME_NOREPLACE));
	TRY(syscall(SYS_renameat2, IN("a"), IN("new"), RENAME_NOREPLACE));
	show("new");
	TRY(syscall(SYS_renameat2, IN("new"), IN("b"), RENAME_EXCHANGE));
	show("new");
	show("b");
	TRY(syscall(SYS_renameat2, IN("new"), IN("none"), RENAME_EXCHANGE));
	TRY(syscall(SYS_renameat2, IN("none"), IN("new"), RENAME_EXCHANGE));
	TRY(syscall(SYS_renameat2, IN("new"), IN("new"), RENAME_EXCHANGE));
	TRY(syscall(SYS_renameat2, IN("new"), IN("b/"), RENAME_EXCHANGE));
	TRY(mkdir("d", 0755));
	TRY(mkdir("d/e", 0755));
	TRY(syscall(SYS_renameat2, IN("new"), IN("d/e"), RENAME_EXCHANGE));
	show("new");
	show("d/e");
	show("d");
	TRY(syscall(SYS_renameat2, IN("new"), IN("d/e"), RENAME_EXCHANGE));
	TRY(syscall(SYS_renameat2, IN("d"), IN("d/e"), RENAME_EXCHANGE));
	TRY(syscall(SYS_renameat2, IN("d/e"), IN("d"), RENAME_EXCHANGE));
	TRY(syscall(SYS_renameat2, IN("d/e"), IN("dir"), RENAME_EXCHANGE));
	show("d/e");
	show("d/e/sub");
	show("dir");
	TRY(syscall(SYS_renameat2, IN("d/e"), IN("dir"), RENAME_EXCHANGE));
	TRY(syscall(SYS_renameat2, IN("a"), IN("b"), RENAME_EXCHANGE | RENAME_NOREPLACE));
	TRY(syscall(SYS_renameat2, IN("a"), IN("b"), 8));
	TRY(unlink("new"));
	TRY(unlink("b"));
	TRY(rmdir("d/e"));
	TRY(rmdir("d"));
}

static void mounts(void)
{
	say("mounts\n");
	TRY(mkdir("m", 0755));
	TRY(mkdir("n", 0755));
	write_file("file", "x");
	TRY(mount("none", "m", "tmpfs", 0, NULL));
	TRY(rename("file", "m/file"));
	TRY(rename("m", "o"));
	TRY(rename("n", "m"));
	TRY(syscall(SYS_renameat2, IN("n"), IN("m"), RENAME_EXCHANGE));
	write_file("m/in", "x");
	TRY(rename("m/in", "m/out"));
	TRY(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	TRY(rename("m/out", "m/in"));
	TRY(umount2("m", 0));
	TRY(rmdir("m"));
	TRY(rmdir("n"));
	TRY(unlink("file"));
}

/* What the call answers where a path is wrong. */
static void errors(const char *path)
{
	say("path %.20s\n", path == BAD ? "that can't be read" : path);
	TRY(syscall(SYS_renameat2, IN(path), IN("x"), 0));
	TRY(syscall(SYS_renameat2, IN("dir"), IN(path), 0));
	TRY(syscall(SYS_renameat2, 99, path, IN("x"), 0));
	TRY(syscall(SYS_renameat2, IN("dir"), 99, path, 0));
}

/* What is wrong with the old name comes first, but for the length of the new path. */
static void order_of_errors(void)
{
	say("order\n");
	TRY(syscall(SYS_renameat2, IN("none/x"), 99, "x", 0));
	TRY(syscall(SYS_renameat2, IN("none/x"), IN(""), 0));
	TRY(syscall(SYS_renameat2, IN("none/x"), IN(BAD), 0));
	TRY(syscall(SYS_renameat2, IN("none/x"), IN(too_long), 0));
	TRY(syscall(SYS_renameat2, IN("none"), 99, "x", 0));
	TRY(syscall(SYS_renameat2, IN("none"), IN(""), 0));
	TRY(syscall(SYS_renameat2, IN("none"), IN(long_name), 0));
	TRY(syscall(SYS_renameat2, IN("dir"), IN(long_name), 0));
	TRY(syscall(SYS_renameat2, IN(long_name), IN(long_name), 0));
	TRY(syscall(SYS_renameat2, IN("loop/x"), IN(""), 0));
	TRY(syscall(SYS_renameat2, IN("."), IN(long_name), 0));
}

int main(void)
{
	memset(too_long, 'a', sizeof(too_long) - 1);
	memset(long_name, 'a', sizeof(long_name) - 1);
	mkdir("work", 0755);
	chdir("work");
	TRY(mkdir("dir", 0755));
	TRY(mkdir("dir/sub", 0755));
	files();
	open_files();
	directories();
	removed_directory();
	flags();
	mounts();
	TRY(symlink("loop", "loop"));
	write_file("file", "x");
	order_of_errors();
	errors("none/x");
	errors("");
	errors(BAD);
	errors(too_long);
	errors(long_name);
	errors("loop/x");
	errors("file/x");
	TRY(syscall(SYS_renameat2, IN("none"), IN("x"), 0));
	return 0;
}
