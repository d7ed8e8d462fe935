/* SPDX-License-Identifier: MIT */
/* R28 R43 R44: more is touched than there is: that process is killed, the others go on, and its
 * memory is there again. */
#include "t.h"

static int hog_map(void *unused)
{
	char *p = anon(8 * GIB);

	(void)unused;
	for (size_t i = 0; i < 8 * GIB; i += PAGE)
		p[i] = 1;
	return 1;
}

static int hog_heap(void *unused)
{
	char *p = sbrk(8 * GIB);

	(void)unused;
	for (size_t i = 0; i < 8 * GIB; i += PAGE)
		p[i] = 1;
	return 1;
}

/* The kernel itself touches the memory. */
static int hog_read(void *unused)
{
	char *p = anon(8 * GIB);
	int zero = open("/dev/zero", O_RDONLY);

	(void)unused;
	for (size_t i = 0; i < 8 * GIB; i += MIB)
		if (read(zero, p + i, MIB) != (ssize_t)MIB)
			return 2;
	return 1;
}

/* Each page is shared with the parent until it is written. */
static int hog_cow(void *mem)
{
	char *p = mem;

	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			break;
	for (size_t i = 0; i < 12 * MIB; i += PAGE)
		p[i] = 2;
	return hog_map(NULL);
}

static void set_adj(const char *adj)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (write(fd, adj, strlen(adj)) < 0)
		say("oom_score_adj: %m\n");
	close(fd);
}

/* It has less, and goes all the same before the hog, which notices before it needs as much again. */
_Noreturn static void volunteer(void)
{
	memset(anon(24 * MIB), 'v', 24 * MIB);
	set_adj("1000");
	for (;;)
		pause();
}

static int hog_until_another_goes(void *other)
{
	pid_t pid = *(pid_t *)other;
	char *p = anon(8 * GIB), state[8] = "", path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	set_adj("-500");
	for (size_t i = 0; i < 8 * GIB; i += PAGE) {
		p[i] = 1;
		if (i % (64 * PAGE) != 0)
			continue;
		if (pread(fd, path, sizeof(path), 0) <= 0 ||
		    sscanf(path, "%*d (%*[^)]) %7s", state) != 1 || *state == 'Z')
			return 7;
	}
	return 1;
}

/* What programs say counts for the choice. */
static void weights(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		volunteer();
	until_it_sleeps(pid);
	in_child("hog behind another", hog_until_another_goes, &pid);
	waitpid(pid, &status, 0);
	ended("the other", status);
}

int main(void)
{
	char *mem = anon(12 * MIB);
	int status;

	memset(mem, 'm', 12 * MIB);
	in_child("hog of a map", hog_map, NULL);
	in_child("hog of the heap", hog_heap, NULL);
	in_child("hog by read()", hog_read, NULL);
	weights();
	in_child("hog that forks", hog_cow, mem);
	while (wait(&status) > 0)
		continue;
	say("ours: %zu wrong\n", not_all(mem, 12 * MIB, 'm'));
	for (int i = 0; i < 3; i++) {
		char *p = anon(16 * MIB);

		memset(p, i + 1, 16 * MIB);
		say("16 MiB to be had: %zu wrong\n", not_all(p, 16 * MIB, (char)(i + 1)));
		munmap(p, 16 * MIB);
	}
	return 0;
}
