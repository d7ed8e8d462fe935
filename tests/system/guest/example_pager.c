/* SPDX-License-Identifier: MIT */
/* A pager of docs/servers.md: an array of 64 GiB, of which each page is computed when somebody looks at it (R147). */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc.h"

#define SIZE	 (1ul << 36)
#define PER_PAGE 512 /* numbers */

/* Supplies pages until nobody has the object any more. Returns how many. */
static int supply(int receive)
{
	uint64_t square[PER_PAGE];
	struct ipc_message m = { 0 };
	long rcvid = ipc_receive(receive, &m, IPC_NEVER);
	int npages = 0;

	while (rcvid > 0 && m.word[0] == IPC_READ_PAGE) {
		for (uint64_t i = 0, n = m.word[1] * PER_PAGE; i < PER_PAGE; i++, n++)
			square[i] = n * n;
		m.word[0] = (uint64_t)ipc_write(receive, rcvid, square, sizeof(square), 0);
		npages++;
		rcvid = ipc_reply_receive(receive, rcvid, &m, IPC_NEVER);
	}
	return npages;
}

int main(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 0, IPC_TELL_CLOSE);
	int object = ipc_object(send, SIZE, 0), status;
	const uint64_t *square;

	if (fork() == 0) {
		close(send);
		close(object);
		_exit(supply(receive));
	}
	close(receive);
	close(send);
	square = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, object, 0);
	close(object);
	if (square == MAP_FAILED)
		return 1;
	printf("the square of 12 is %lu\n", square[12]);
	printf("the square of 99 is %lu\n", square[99]);
	printf("the square of 4000000000 is %lu\n", square[4000000000]);
	munmap((void *)square, SIZE);
	wait(&status);
	printf("the server has supplied %d pages\n", WEXITSTATUS(status));
	return 0;
}
