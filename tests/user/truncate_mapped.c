/* SPDX-License-Identifier: MIT */
/* R75 R93: a file is cut (O_TRUNC, ftruncate) under its maps, and under those of a child: SIGBUS,
 * for them alone. */
#include "t.h"

#define N 6

int main(void)
{
	int fd, status, p[2], q[2];
	char *m, c;
	pid_t pid;

	make_file("truncate.tmp", N * PAGE);
	fd = open("truncate.tmp", O_RDWR);
	m = mmap(NULL, N * PAGE, RW, MAP_PRIVATE, fd, 0);
	say("first bytes: %d\n", m[0] == file_byte(0) && m[4 * PAGE] == file_byte(4 * PAGE));
	m[PAGE] = 'p';
	m[5 * PAGE] = 'q';
	TRY(pipe(p));
	TRY(pipe(q));
	pid = fork();
	if (pid == 0) {
		c = m[2 * PAGE];
		if (write(p[1], "r", 1) != 1 || read(q[0], &c, 1) != 1)
			_exit(1);
		c = m[PAGE];
		_exit(m[5 * PAGE]); /* SIGBUS */
	}
	TRY(read(p[0], &c, 1));
	TRY(ftruncate(fd, 2 * PAGE));
	TRY(write(q[1], "g", 1));
	TRY(waitpid(pid, &status, 0) == pid);
	ended("child that had mapped it", status);
	say("within: %c\n", m[PAGE]);
	in_child("untouched beyond", loads_from, m + 3 * PAGE);
	in_child("read before, beyond", loads_from, m + 4 * PAGE);
	in_child("own copy beyond", stores_to, m + 5 * PAGE);
	fd = open("truncate.tmp", O_RDWR | O_TRUNC);
	in_child("all of it is gone", loads_from, m + PAGE);
	in_child("the first page too", stores_to, m);
	TRY(write(fd, "new", 3));
	say("new bytes: %.3s, then %d\n", m, m[3]);
	in_child("second page still beyond", loads_from, m + PAGE);
	TRY(write(fd, m + PAGE, 1));
	TRY(read(p[0], NULL, 0));
	TRY(unlink("truncate.tmp"));
	say("unlinked, it lives: %.3s\n", m);
	return 0;
}
