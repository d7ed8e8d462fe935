/* SPDX-License-Identifier: MIT */
/* Who may do what with files: modes, owners and groups, sticky directories, set-id bits, and what /proc shows of others. */
#include "t.h"

#include <grp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>

/* The users of the scenes: the owner of the files, a member of their group, another one, and root. */
#define OWNER  1000
#define GROUP  50
#define MEMBER 1001
#define OTHER  1002

static const struct user {
	const char *name;
	uid_t uid;
	gid_t gid, group;
} users[] = {
	{ "owner", OWNER, 100, 100 },
	{ "member", MEMBER, 100, GROUP },
	{ "other", OTHER, 100, 100 },
	{ "root", 0, 0, 0 },
};
#define USERS (sizeof(users) / sizeof(users[0]))

static void become(const struct user *user)
{
	setgroups(1, &user->group);
	setresgid(user->gid, user->gid, user->gid);
	setresuid(user->uid, user->uid, user->uid);
}

static void by(const struct user *user, void (*scene)(void))
{
	int status;

	if (fork() == 0) {
		become(user);
		scene();
		_exit(0);
	}
	wait(&status);
	if (status)
		ended(user->name, status);
}

/* Each user plays the scene. */
static void by_all(const char *what, void (*scene)(void))
{
	for (size_t i = 0; i < USERS; i++) {
		say("%s, %s\n", what, users[i].name);
		by(&users[i], scene);
	}
}

static void give(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	if (chown(path, uid, gid) || chmod(path, mode))
		result(path, -1);
}

static void make(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	int fd = open(path, O_CREAT | O_RDWR, 0600);

	if (fd < 0 || write(fd, "abc", 3) != 3)
		result(path, -1);
	close(fd);
	give(path, uid, gid, mode);
}

static void make_dir(const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	if (mkdir(path, 0700))
		result(path, -1);
	give(path, uid, gid, mode);
}

/* "name: ENAME" or what the call answers, a line for several calls. */
static void word(const char *what, long value)
{
	say("%s %s, ", what, value < 0 ? strerrorname_np(errno) : "ok");
}

static void opens(const char *path, int flags)
{
	int fd = open(path, flags, 0666);

	word("open", fd);
	if (fd >= 0)
		close(fd);
}

/* Removes a directory with all that is in it. */
static void clear(const char *path)
{
	char name[300];
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (unlink(name) && errno == EISDIR)
			clear(name);
	}
	if (dir)
		closedir(dir);
	if (rmdir(path))
		result(path, -1);
}

/* Owner, group and mode. */
static void look(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		result(path, -1);
	else
		say("%s: %u %u %o\n", path, st.st_uid, st.st_gid, st.st_mode);
}

/* ---- files and directories of each mode ---- */

/* The first class that fits decides, even if it grants less; root may do all but execute what nobody may execute. */
static void use_file(void)
{
	opens("f", O_RDONLY);
	opens("f", O_WRONLY);
	opens("f", O_RDWR);
	opens("f", O_RDONLY | O_TRUNC);
	opens("f", O_ACCMODE);
	opens("f", O_PATH);
	opens("f", O_RDONLY | O_CREAT);
	word("access", access("f", R_OK));
	word("access", access("f", W_OK));
	word("access", access("f", X_OK));
	word("access", access("f", R_OK | W_OK | X_OK));
	word("access", access("f", F_OK));
	word("truncate", truncate("f", 3));
	execl("f", "f", NULL);
	word("exec", -1);
	say("\n");
}

/* A name is reached by the right to search, and changed by that and the right to write; the file's mode does not count. */
static void use_directory(void)
{
	struct stat st;
	int fd;

	word("stat", stat("d", &st));
	word("stat", stat("d/f", &st));
	word("stat", stat("d/.", &st));
	word("stat", stat("d/..", &st));
	word("stat", stat("d/none", &st));
	word("stat", stat("d/s/f", &st));
	opens("d", O_RDONLY);
	opens("d/f", O_RDONLY);
	opens("d/f", O_RDONLY | O_CREAT);
	opens("d/f", O_RDONLY | O_CREAT | O_EXCL);
	word("mkdir", mkdir("d/f", 0700));
	word("mkdir", mkdir("d/none/x", 0700));
	word("access", access("d", R_OK));
	word("access", access("d", W_OK));
	word("access", access("d", X_OK));
	word("rmdir", rmdir("d/none"));
	word("unlink", unlink("d/none"));
	word("unlink", unlink("d/s"));
	word("rmdir", rmdir("d/f"));
	word("rmdir", rmdir("d/s"));
	word("rename", rename("d/none", "d/n2"));
	opens("d/new", O_WRONLY | O_CREAT);
	word("mkdir", mkdir("d/newdir", 0700));
	word("symlink", symlink("f", "d/newlink"));
	word("link", link("d/f", "d/hard"));
	word("mknod", mknod("d/node", S_IFREG | 0600, 0));
	word("rename", rename("d/f", "d/g"));
	word("rename", rename("d/g", "d/f"));
	fd = open("d", O_PATH);
	word("openat", openat(fd, "f", O_RDONLY));
	word("fstatat", fstatat(fd, "f", &st, 0));
	word("fchdir", fchdir(fd));
	word("chdir", chdir("d"));
	say("\n");
}

static void clear_directory(void)
{
	static const char *const names[] = { "d/new", "d/newlink", "d/hard", "d/node", "d/g" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	rmdir("d/newdir");
}

static void modes(void)
{
	static const mode_t file_modes[] = { 0, 0700, 0070, 0007, 0421, 0124, 0644, 0077, 0111 };
	static const mode_t dir_modes[] = { 0, 0700, 0070, 0007, 0555, 0666, 0733, 0311, 0077 };

	make("f", OWNER, GROUP, 0);
	for (size_t i = 0; i < sizeof(file_modes) / sizeof(file_modes[0]); i++) {
		char what[40];

		give("f", OWNER, GROUP, file_modes[i]);
		snprintf(what, sizeof(what), "file %04o", file_modes[i]);
		by_all(what, use_file);
	}
	unlink("f");
	make_dir("d", OWNER, GROUP, 0700);
	make("d/f", OWNER, GROUP, 0666);
	make_dir("d/s", OWNER, GROUP, 0777);
	make("d/s/f", OWNER, GROUP, 0666);
	for (size_t i = 0; i < sizeof(dir_modes) / sizeof(dir_modes[0]); i++) {
		char what[40];

		give("d", OWNER, GROUP, dir_modes[i]);
		for (size_t u = 0; u < USERS; u++) {
			snprintf(what, sizeof(what), "directory %04o", dir_modes[i]);
			say("%s, %s\n", what, users[u].name);
			by(&users[u], use_directory);
			clear_directory();
		}
	}
	unlink("d/s/f");
	rmdir("d/s");
	unlink("d/f");
	rmdir("d");
}

/* ---- sticky directories, and links in them ---- */

/* A file in a sticky directory is removed by its owner or the directory's. A link is for its owner, the directory's for all. */
static void use_sticky(void)
{
	opens("t/link", O_RDONLY);
	opens("t/roots", O_RDONLY);
	word("stat", access("t/link/.", F_OK));
	/* protected_hardlinks: a link to another's file needs the right to read and write it, and no set-ID bits there. */
	word("link", link("t/f", "t/hard"));
	word("link", link("t/readable", "t/hard2"));
	word("link", link("t/set-id", "t/hard3"));
	word("unlink", unlink("t/f"));
	word("unlink", unlink("t/s"));
	word("rmdir", rmdir("t/s"));
	word("rmdir", rmdir("t/f2"));
	word("rename", rename("t/f2", "t/g"));
	opens("t/mine", O_WRONLY | O_CREAT);
	word("rename", rename("t/mine", "t/f2"));
	word("exchange", renameat2(AT_FDCWD, "t/mine", AT_FDCWD, "t/f3", RENAME_EXCHANGE));
	word("unlink", unlink("t/mine"));
	say("\n");
}

static void sticky(uid_t uid)
{
	for (size_t u = 0; u < USERS; u++) {
		make_dir("t", uid, GROUP, 01777);
		make("t/f", OWNER, GROUP, 0666);
		make("t/f2", OWNER, GROUP, 0666);
		make("t/f3", OWNER, GROUP, 0666);
		make("t/readable", OWNER, GROUP, 0644);
		make("t/set-id", OWNER, GROUP, 04666);
		make_dir("t/s", OWNER, GROUP, 0777);
		symlink("f", "t/link");
		lchown("t/link", OWNER, GROUP);
		symlink("f", "t/roots");
		say("sticky of %u, %s\n", uid, users[u].name);
		by(&users[u], use_sticky);
		clear("t");
	}
}

/* ---- what /proc/sys/fs/protected_* forbid ---- */

static void protect(const char *what, const char *level)
{
	char path[60];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/fs/protected_%s", what);
	fd = open(path, O_WRONLY);
	if (write(fd, level, 1) != 1)
		result(path, -1);
	close(fd);
}

/* Opens for O_CREAT what somebody else has put there. */
static void use_existing(void)
{
	opens("t/regular", O_WRONLY | O_CREAT);
	opens("t/regular", O_WRONLY);
	opens("t/regular", O_RDONLY | O_CREAT | O_EXCL);
	opens("t/fifo", O_RDWR | O_CREAT);
	opens("t/fifo", O_RDWR);
	opens("t/null", O_WRONLY | O_CREAT);
	opens("t/dir", O_RDONLY | O_CREAT);
	opens("t/regular/", O_RDONLY | O_CREAT);
	opens("to", O_RDONLY | O_CREAT);
	opens("t/new", O_RDONLY | O_CREAT);
	say("\n");
	unlink("t/new");
}

/* In a sticky directory O_CREAT opens no third person's file: with 1 where all may write, with 2 where the group may, too. */
static void existing(void)
{
	static const mode_t modes[] = { 01777, 01775, 0777 };

	make_dir("t", 0, GROUP, 0777);
	make("t/regular", OWNER, GROUP, 0666);
	mkfifo("t/fifo", 0);
	give("t/fifo", OWNER, GROUP, 0666);
	mknod("t/null", S_IFCHR, makedev(1, 3));
	give("t/null", OWNER, GROUP, 0666);
	make_dir("t/dir", OWNER, GROUP, 0777);
	symlink("t/regular", "to");
	for (const char *level = "012"; *level != '\0'; level++) {
		protect("fifos", level);
		protect("regular", level);
		for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
			char what[60];

			give("t", 0, GROUP, modes[m]);
			snprintf(what, sizeof(what), "protected by %c, %04o", *level, modes[m]);
			by_all(what, use_existing);
		}
	}
	give("t", OTHER, GROUP, 01777);
	by_all("of another", use_existing);
	give("t", OWNER, GROUP, 01777);
	by_all("of the same", use_existing);
	protect("fifos", "1");
	protect("regular", "0");
	by(&users[2], use_existing);
	protect("fifos", "0");
	clear("t");
	unlink("to");
}

static void unprotected(void)
{
	protect("hardlinks", "0");
	sticky(0);
	protect("hardlinks", "1");
	protect("symlinks", "0");
	sticky(0);
	protect("symlinks", "1");
}

static void move_directories(void)
{
	word("rename", rename("a/theirs", "b/theirs"));
	word("rename", rename("a/theirs", "a/renamed"));
	word("exchange", renameat2(AT_FDCWD, "a/mine", AT_FDCWD, "b/other", RENAME_EXCHANGE));
	word("rename", rename("a/mine", "b/mine"));
	say("\n");
}

/* A directory that moves to another parent must be writable, since its ".." changes. */
static void moving(void)
{
	make_dir("a", OTHER, GROUP, 0777);
	make_dir("b", OTHER, GROUP, 0777);
	make_dir("a/theirs", OWNER, GROUP, 0755);
	make_dir("a/mine", OTHER, GROUP, 0755);
	make_dir("b/other", OWNER, GROUP, 0755);
	by(&users[2], move_directories);
	rmdir("a/renamed");
	rmdir("a/theirs");
	rmdir("b/mine");
	rmdir("a/mine");
	rmdir("b/other");
	rmdir("a");
	rmdir("b");
}

/* ---- changes of attributes ---- */

/* Mode and times are the owner's; who may write may set the times to now, and groups are given within one's own. */
static void change(void)
{
	static const struct timespec old[2] = { { 1, 0 }, { 2, 0 } },
				     now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } },
				     mixed[2] = { { 0, UTIME_NOW }, { 0, UTIME_OMIT } },
				     omit[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
	int fd = open("c", O_RDONLY), noatime;

	word("chmod", chmod("c", 06777));
	look("c");
	word("fchmod", fchmod(fd, 02755));
	look("c");
	word("chown", chown("c", -1, -1));
	look("c");
	word("chown", chown("c", OWNER, -1));
	word("chown", chown("c", -1, GROUP));
	word("chown", chown("c", -1, 100));
	word("chown", chown("c", -1, 77));
	word("fchown", fchown(fd, OWNER, GROUP));
	word("lchown", lchown("l", -1, 100));
	word("chown", chown("c", MEMBER, -1));
	look("c");
	word("utimensat", utimensat(AT_FDCWD, "c", old, 0));
	word("utimensat", utimensat(AT_FDCWD, "c", now, 0));
	word("utimensat", utimensat(AT_FDCWD, "c", NULL, 0));
	word("utimensat", utimensat(AT_FDCWD, "c", mixed, 0));
	word("utimensat", utimensat(AT_FDCWD, "c", omit, 0));
	noatime = open("c", O_RDONLY | O_NOATIME);
	word("noatime", noatime);
	word("noatime", fcntl(fd, F_SETFL, O_NOATIME));
	word("truncate", truncate("c", 1));
	look("c");
	say("\n");
}

static void attributes(void)
{
	static const mode_t bits[] = { 0644, 06777, 06766, 02666 };

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		for (size_t u = 0; u < USERS; u++) {
			make("c", OWNER, GROUP, bits[i]);
			symlink("c", "l");
			lchown("l", OWNER, GROUP);
			say("changes of %04o, %s\n", bits[i], users[u].name);
			by(&users[u], change);
			unlink("c");
			unlink("l");
		}
	}
}

/* ---- new files, and the bits that writing takes ---- */

/* In a set-group-ID directory files have its group, and directories the bit as well. */
static void create(void)
{
	umask(027);
	opens("g/file", O_CREAT | O_WRONLY);
	mkdir("g/dir", 02777);
	mkdir("g/dir/dir", 0777);
	symlink("file", "g/link");
	mknod("g/program", S_IFREG | 02777, 0);
	umask(0);
	mknod("g/program2", S_IFREG | 06777, 0);
	mkdir("g/dir2", 07777);
	say("\n");
	look("g/file");
	look("g/dir");
	look("g/dir/dir");
	look("g/link");
	look("g/program");
	look("g/program2");
	look("g/dir2");
}

static void new_files(mode_t mode)
{
	for (size_t u = 0; u < USERS; u++) {
		make_dir("g", OTHER, GROUP, mode);
		say("in a directory with %04o, %s\n", mode, users[u].name);
		by(&users[u], create);
		clear("g");
	}
}

static void write_to(void)
{
	int fd = open("w", O_WRONLY);

	word("write", write(fd, "", 0));
	look("w");
	word("write", write(fd, "x", 1));
	look("w");
	close(fd);
}

static void cut(void)
{
	word("truncate", truncate("w", 2));
	look("w");
}

static void open_cut(void)
{
	opens("w", O_WRONLY | O_TRUNC);
	look("w");
}

static void allocate(void)
{
	int fd = open("w", O_WRONLY);

	word("fallocate", posix_fallocate(fd, 0, 5));
	look("w");
	close(fd);
}

/* A write of bytes takes the set-ID bits, but not by root, nor set-group-ID by a member of a group that may not execute. */
static void set_id_bits(void)
{
	static void (*const writers[])(void) = { write_to, cut, open_cut, allocate };
	static const mode_t bits[] = { 06777, 02767, 04666 };

	for (size_t w = 0; w < sizeof(writers) / sizeof(writers[0]); w++)
		for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
			for (size_t u = 0; u < USERS; u++) {
				make("w", OWNER, GROUP, bits[i]);
				by(&users[u], writers[w]);
				unlink("w");
			}
}

/* ---- real ids, file ids, capabilities ---- */

/* access asks for the real ids, other calls for those of the filesystem; if that is not 0, root's rights to files are gone. */
static int ids_for_files(void *unused)
{
	(void)unused;
	make("r", OWNER, 100, 0600);
	setresuid(OTHER, 0, 0);
	word("access", access("r", R_OK));
	word("access", faccessat(AT_FDCWD, "r", R_OK, 0));
	opens("r", O_RDONLY);
	setresuid(OWNER, OTHER, 0);
	word("access", access("r", R_OK));
	opens("r", O_RDONLY);
	setresuid(0, OTHER, 0);
	word("access", access("r", R_OK));
	opens("r", O_RDONLY);
	setresuid(0, 0, 0);
	syscall(SYS_setfsuid, OTHER);
	opens("r", O_RDONLY);
	word("chown", chown("r", OWNER, -1));
	word("chroot", chroot("."));
	syscall(SYS_setfsuid, OWNER);
	opens("r", O_RDONLY);
	opens("new", O_CREAT | O_RDONLY);
	word("chown", chown("r", OWNER, -1));
	syscall(SYS_setfsuid, 0);
	say("\n");
	unlink("r");
	look("new");
	unlink("new");
	return 0;
}

/* Each call with a path is EACCES behind a directory that may not be searched; root has the right by its fsuid of 0. */
static int closed(void *unused)
{
	static const struct timespec now[2];
	struct statx stx;
	struct statfs fs;
	char target[9];

	(void)unused;
	make_dir("d", OWNER, GROUP, 0700);
	make("d/f", OWNER, GROUP, 0777);
	syscall(SYS_setfsuid, OTHER);
	TRY(open("d/f", O_RDONLY));
	TRY(statx(AT_FDCWD, "d/f", 0, STATX_ALL, &stx));
	TRY(readlinkat(AT_FDCWD, "d/f", target, sizeof(target)));
	TRY(statfs("d/f", &fs));
	TRY(fchmodat(AT_FDCWD, "d/f", 0700, 0));
	TRY(fchownat(AT_FDCWD, "d/f", OTHER, -1, 0));
	TRY(utimensat(AT_FDCWD, "d/f", now, 0));
	TRY(execl("d/f", "f", NULL));
	TRY(chroot("d/f"));
	TRY(chroot("d"));
	TRY(mount("none", "d/f", "tmpfs", 0, NULL));
	TRY(umount2("d/f", 0));
	TRY(swapon("d/f", 0));
	TRY(swapoff("d/f"));
	syscall(SYS_setfsuid, 0);
	unlink("d/f");
	rmdir("d");
	return 0;
}

/* ---- /proc ---- */

static pid_t shown;

static const char *in_proc(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", shown, name);
	return path;
}

static void owner_of(const char *name)
{
	struct stat st;

	if (lstat(in_proc(name), &st))
		word(name, -1);
	else
		say("%s %u %u %o, ", name, st.st_uid, st.st_gid, st.st_mode);
}

/* Of the fields of stat: are those with addresses hidden? */
static void fields(void)
{
	unsigned long start = 9, stack = 9;
	char text[1024] = "", *at;
	int fd = open(in_proc("stat"), O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	at = n > 0 ? strrchr(text, ')') : NULL;
	if (at)
		sscanf(at,
		       ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
		       "%*d %*d %*u %*u %*d %*u %lu %*u %lu",
		       &start, &stack);
	say("stat %s %s, ", start > 1 ? "tells" : "hides", stack ? "tells" : "hides");
}

/* Everybody reads the status of a process; its maps, links and descriptors are its user's, or root's if it is undumpable. */
static void look_at_process(void)
{
	char buf[256];

	opens(in_proc("status"), O_RDONLY);
	opens(in_proc("maps"), O_RDONLY);
	opens(in_proc("cmdline"), O_RDONLY);
	opens(in_proc("fd"), O_RDONLY);
	opens(in_proc("comm"), O_WRONLY);
	opens(in_proc("status"), O_WRONLY);
	word("link", readlink(in_proc("exe"), buf, sizeof(buf)));
	word("link", readlink(in_proc("cwd"), buf, sizeof(buf)));
	word("link", readlink(in_proc("root"), buf, sizeof(buf)));
	word("link", readlink(in_proc("fd/1"), buf, sizeof(buf)));
	opens(in_proc("exe"), O_RDONLY);
	word("chdir", chdir(in_proc("cwd")));
	fields();
	say("\n");
}

static void processes(void)
{
	for (int dumpable = 1; dumpable >= 0; dumpable--) {
		int ready[2];
		char byte;

		pipe(ready);
		shown = fork();
		if (shown == 0) {
			become(&users[0]);
			prctl(PR_SET_DUMPABLE, dumpable);
			write(ready[1], "x", 1);
			pause();
		}
		read(ready[0], &byte, 1);
		owner_of("");
		owner_of("status");
		owner_of("fd");
		owner_of("fd/1");
		owner_of("task");
		say("\n");
		by_all(dumpable ? "of a process" : "of one that is not to be shown",
		       look_at_process);
		kill(shown, SIGKILL);
		waitpid(shown, NULL, 0);
		close(ready[0]);
		close(ready[1]);
	}
}

int main(void)
{
	umask(022);
	if (mkdir("p", 0700) || chmod("p", 0777) || chdir("p"))
		return 1;
	modes();
	sticky(0);
	sticky(OTHER);
	existing();
	unprotected();
	moving();
	attributes();
	new_files(0777);
	new_files(02777);
	set_id_bits();
	in_child("ids for files", ids_for_files, NULL);
	in_child("closed", closed, NULL);
	processes();
	chdir("..");
	rmdir("p");
	return 0;
}
