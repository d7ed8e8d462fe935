/* SPDX-License-Identifier: MIT */
/* R21 R29 R70: exec of itself: pid, parent, descriptors and folder stay; memory, break and close-
 * on-exec go. */
#include "t.h"

static int second(char **argv, char **envp)
{
	int n = 0;
	char c = 0, *start = sbrk(0);

	for (; envp[n]; n++)
		continue;
	say("argv[0] %s, last %s, %d in the environment, %s\n", argv[0], argv[4], n, envp[n - 1]);
	say("same process %s, same parent %s\n", atoi(argv[2]) == getpid() ? "yes" : "no",
	    atoi(argv[3]) == getppid() ? "yes" : "no");
	TRY(read(10, &c, 1));
	TRY(read(11, &c, 1));
	say("offset goes on at %c\n", c);
	TRY(close(open("here.tmp", O_RDONLY)));
	say("the heap is small again: %s\n", (uintptr_t)start < 0x40000000 ? "yes" : "no");
	say("fresh heap: %zu\n", not_all(sbrk(4 * PAGE), 4 * PAGE, 0));
	TRY(write(11, (void *)0x3000000000, 1));
	return 5;
}

static void open_at(int want, const char *path, int flags)
{
	int fd = open(path, flags), low[16], n = 0;

	while (fd >= 0 && fd < want) {
		low[n++] = fd;
		fd = open(path, flags);
	}
	while (n > 0)
		close(low[--n]);
}

int main(int argc, char **argv, char **envp)
{
	char pid[16], ppid[16], *args[] = { "a new name", "second", pid, ppid, "the end", NULL };
	char *env[] = { "A=", "=", "no equals sign", "B=2", NULL };
	int fd;
	char c;

	if (argc == 5 && strcmp(argv[1], "second") == 0)
		return second(argv, envp);
	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(ppid, sizeof(ppid), "%d", getppid());
	TRY(mkdir("exec_self.d", 0755));
	fd = open("here.tmp", O_CREAT | O_RDWR, 0644);
	TRY(write(fd, "xyz", 3));
	close(fd);
	open_at(10, "here.tmp", O_RDONLY | O_CLOEXEC);
	open_at(11, "here.tmp", O_RDWR);
	TRY(read(10, &c, 1));
	TRY(read(11, &c, 1));
	sbrk(2 * GIB);
	memset(sbrk(0) - 8 * PAGE, 'd', 8 * PAGE);
	mmap((void *)0x3000000000, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	TRY(execve("/nothing", args, env));
	TRY(execve("exec_self.d", args, env));
	execve(argv[0], args, env);
	result("execve", -1);
	return 1;
}
