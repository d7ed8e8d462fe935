/* SPDX-License-Identifier: MIT */
/* execveat: a program by its descriptor, by a path below a directory, and what the new program is told of its name. */
#include "elf_make.h"

#include <sys/auxv.h>

static int self, dir;

/* The new program: one line with its names, and whether the descriptor is still open. */
static int tell(char **argv)
{
	const char *execfn = (const char *)getauxval(AT_EXECFN), *slash = strrchr(execfn, '/');
	char exe[256] = "", comm[32] = "";
	int fd = open("/proc/self/comm", O_RDONLY);

	if (fd >= 0 && read(fd, comm, sizeof(comm) - 1) > 0)
		comm[strcspn(comm, "\n")] = '\0';
	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		exe[0] = '\0';
	if (strncmp(execfn, "/dev/fd/", 8) == 0)
		slash = execfn + 7;
	say("  argv[0] %s, execfn %s, comm %s, of a memfd %s\n", argv[0],
	    slash ? slash + 1 : execfn, comm, strncmp(exe, "/memfd:", 7) == 0 ? "yes" : "no");
	return 3;
}

static void run_in(const char *what, int fd, const char *path, int flags)
{
	char *args[] = { (char *)(uintptr_t) "x", (char *)(uintptr_t) "tell", NULL };
	char *env[] = { NULL };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		TRY(syscall(SYS_execveat, fd, path, args, env, flags));
		_exit(9);
	}
	if (waitpid(pid, &status, 0) == pid)
		ended(what, status);
}

/* An error of the image, of its strings or of its path. */
static void try_strings(const char *path, char *string)
{
	char *args[] = { string, NULL };

	TRY(syscall(SYS_execveat, dir, path, args, NULL, 0));
}

static void put(const char *path, const void *bytes, size_t n, mode_t mode)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0755);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || fchmod(fd, mode) != 0)
		result("put", -1);
	close(fd);
}

/* Copies this program. */
static void copy_self(int to)
{
	static char bytes[64 * 1024];
	int from = open("/proc/self/exe", O_RDONLY);
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)n) != n)
			result("write", -1);
	close(from);
}

static void by_descriptor(void)
{
	int fd = open("execveat.d/self.tmp", O_PATH);

	run_in("open file", self, "", AT_EMPTY_PATH);
	run_in("O_PATH", fd, "", AT_EMPTY_PATH);
	run_in("no empty path", self, "", 0);
	run_in("directory", dir, "", AT_EMPTY_PATH);
	run_in("working directory", AT_FDCWD, "", AT_EMPTY_PATH);
	run_in("closed", 200, "", AT_EMPTY_PATH);
	run_in("null", self, NULL, AT_EMPTY_PATH);
	run_in("unknown flag", self, "", AT_EMPTY_PATH | AT_SYMLINK_FOLLOW);
	close(fd);
}

static void by_path(void)
{
	run_in("below a directory", dir, "self.tmp", 0);
	run_in("below the working directory", AT_FDCWD, "execveat.d/self.tmp", 0);
	run_in("empty path allowed", dir, "self.tmp", AT_EMPTY_PATH);
	run_in("link", dir, "link.tmp", 0);
	run_in("link not followed", dir, "link.tmp", AT_SYMLINK_NOFOLLOW);
	run_in("no link", dir, "self.tmp", AT_SYMLINK_NOFOLLOW);
	run_in("missing", dir, "missing", 0);
	run_in("below a file", self, "x", 0);
	run_in("below a closed descriptor", 200, "x", 0);
	run_in("absolute", 200, "/dev/null", 0);
	run_in("directory by path", dir, ".", 0);
	run_in("bad address", dir, (const char *)8, 0);
}

static void memfds(void)
{
	int fd = memfd_create("copy", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

	copy_self(fd);
	run_in("memfd open for writing", fd, "", AT_EMPTY_PATH);
	TRY(fcntl(fd, F_ADD_SEALS, seals));
	run_in("sealed memfd", fd, "", AT_EMPTY_PATH);
	close(fd);
}

static void scripts(void)
{
	static const char script[] = "#!execveat.d/self.tmp tell\n";
	int fd;

	put("script.tmp", script, sizeof(script) - 1, 0755);
	fd = open("script.tmp", O_RDONLY);
	run_in("script", fd, "", AT_EMPTY_PATH);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	run_in("script that is closed", fd, "", AT_EMPTY_PATH);
	run_in("script by path", AT_FDCWD, "script.tmp", 0);
	fcntl(dir, F_SETFD, FD_CLOEXEC);
	run_in("script below a directory that is closed", dir, "../script.tmp", 0);
	close(fd);
}

/* A program whose interpreter is a file of n bytes. */
static void interp_of(const char *bytes, size_t n)
{
	static const char name[] = "execveat.d/interp.tmp";

	put(name, bytes, n, 0755);
	fresh_image();
	img.eh.e_phnum = 2;
	img.ph[1] = (Elf64_Phdr){ PT_INTERP, PF_R, CODE + 64, 0, 0, sizeof(name), sizeof(name), 1 };
	memcpy(img.bytes + CODE + 64, name, sizeof(name));
	img.size += sizeof(name);
	save_as("execveat.d/elf.tmp", 0755);
	try_strings("elf.tmp", NULL);
}

static void as_execve(void)
{
	static char longest[200000], text[64];
	int fd;

	memset(longest, 'a', sizeof(longest) - 1);
	memset(text, 'x', sizeof(text));
	put("execveat.d/text.tmp", text, sizeof(text), 0755);
	try_strings("text.tmp", NULL);
	try_strings("self.tmp", longest);
	try_strings(longest + sizeof(longest) - 300, NULL);
	fd = open("execveat.d/text.tmp", O_WRONLY);
	try_strings("text.tmp", NULL);
	close(fd);
	interp_of(text, 10);
	interp_of(text, sizeof(text));
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "tell") == 0)
		return tell(argv);
	TRY(mkdir("execveat.d", 0755));
	self = open("execveat.d/self.tmp", O_CREAT | O_WRONLY, 0755);
	copy_self(self);
	close(self);
	self = open("execveat.d/self.tmp", O_RDONLY);
	TRY(symlink("self.tmp", "execveat.d/link.tmp"));
	dir = open("execveat.d", O_RDONLY | O_DIRECTORY);
	by_descriptor();
	by_path();
	memfds();
	scripts();
	as_execve();
	return 0;
}
