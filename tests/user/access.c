/* SPDX-License-Identifier: MIT */
/* faccessat and umask: what may be done with a name, as root, and what new names' modes lose. */
#include "t.h"

#define BAD ((void *)8)

static long may(int dir, const char *path, int mode)
{
	return syscall(SYS_faccessat, dir, path, mode);
}

static void prot_of(const char *path)
{
	say("%s: there %d, r %d, w %d, x %d\n", path, access(path, F_OK) == 0,
	    access(path, R_OK) == 0, access(path, W_OK) == 0, access(path, X_OK) == 0);
}

static void make(const char *path, mode_t mode)
{
	int fd = open(path, O_CREAT | O_RDWR, mode);

	prot_of(path);
	close(fd);
}

static void masks(void)
{
	struct stat st;

	say("umask %o\n", umask(077));
	say("umask %o\n", umask(01000777));
	say("umask %o\n", umask(027));
	close(open("mask.tmp", O_CREAT | O_RDWR, 0777));
	stat("mask.tmp", &st);
	say("file %o\n", st.st_mode);
	mkdir("mask.d", 01777);
	stat("mask.d", &st);
	say("directory %o\n", st.st_mode);
	mknod("mask.node", S_IFREG | 0666, 0);
	stat("mask.node", &st);
	say("node %o\n", st.st_mode);
	if (fork() == 0) {
		say("a child's %o\n", umask(0));
		_exit(0);
	}
	wait(NULL);
	say("umask %o\n", umask(022));
}

int main(void)
{
	char longest[4200];
	int dir, file, path;

	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	masks();
	umask(0);
	make("access.none", 0);
	make("access.read", 0444);
	make("access.run", 0001);
	make("access.all", 0777);
	mkdir("access.d", 0);
	prot_of("access.d");
	prot_of("access.d/.");
	prot_of("/dev/null");
	prot_of("/");
	prot_of("access.missing");
	dir = open("access.d", O_RDONLY);
	file = open("access.all", O_RDONLY);
	path = open("access.none", O_PATH);
	close(openat(dir, "within", O_CREAT | O_RDWR, 0600));
	TRY(syscall(SYS_faccessat, dir, "within", R_OK | W_OK));
	TRY(syscall(SYS_faccessat, dir, "within", X_OK));
	TRY(syscall(SYS_faccessat, dir, "within", R_OK | W_OK | X_OK));
	TRY(syscall(SYS_faccessat, dir, "within", 8));
	TRY(syscall(SYS_faccessat, dir, "within", -1));
	TRY(syscall(SYS_faccessat, dir, "missing", F_OK));
	TRY(syscall(SYS_faccessat, dir, "", F_OK));
	TRY(syscall(SYS_faccessat, dir, "within/", F_OK));
	TRY(syscall(SYS_faccessat, dir, "within/x", F_OK));
	TRY(syscall(SYS_faccessat, file, "within", F_OK));
	TRY(syscall(SYS_faccessat, path, "within", F_OK));
	TRY(syscall(SYS_faccessat, 99, "within", F_OK));
	TRY(syscall(SYS_faccessat, 99, "/", F_OK));
	TRY(syscall(SYS_faccessat, AT_FDCWD, BAD, F_OK));
	TRY(syscall(SYS_faccessat, 99, BAD, 8));
	TRY(may(AT_FDCWD, longest, F_OK) == -1 && errno == ENAMETOOLONG);
	longest[300] = '\0';
	TRY(syscall(SYS_faccessat, AT_FDCWD, longest, F_OK));
	TRY(syscall(SYS_faccessat, AT_FDCWD, "/links/loop", F_OK));
	TRY(syscall(SYS_faccessat, AT_FDCWD, "/links/dangling", F_OK));
	TRY(syscall(SYS_faccessat, AT_FDCWD, "/links/to_target", F_OK));
	return 0;
}
