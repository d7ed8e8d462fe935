/* SPDX-License-Identifier: MIT */
/* R92 R100: pages of shared mappings of files count as the file's: where the file system is full, a hole
 * that is touched is SIGBUS, for reads too; what is there can be written, and a memfd has no such end. */
#include "t.h"

static char *p;

int main(void)
{
	static char buf[64 * 1024];
	int sparse = open("sparse.tmp", O_CREAT | O_RDWR, 0600);
	int fd = open("full.tmp", O_CREAT | O_RDWR, 0600), status;
	char *m;
	pid_t pid;

	TRY(ftruncate(sparse, GIB));
	p = mmap(NULL, GIB, RW, MAP_SHARED, sparse, 0);
	p[0] = 'a';
	m = mmap(NULL, GIB, RW, MAP_SHARED, fd, 0);
	TRY(ftruncate(fd, GIB));
	/* A child fills it by touching pages, until that kills it. */
	pid = fork();
	if (pid == 0)
		for (size_t i = 0; i < GIB; i += PAGE)
			m[i] = 1;
	TRY(waitpid(pid, &status, 0) == pid);
	ended("touches all", status);
	TRY(pwrite(fd, buf, 100, GIB - PAGE));
	in_child("writes a hole", stores_to, p + 10 * PAGE);
	in_child("reads a hole", loads_from, p + 10 * PAGE);
	p[1] = 'b';
	say("what is there: %.2s\n", p);
	TRY(ftruncate(fd, 0));
	in_child("there is room again", stores_to, p + 10 * PAGE);
	say("%.2s%d\n", p, p[10 * PAGE]);
	return 0;
}
