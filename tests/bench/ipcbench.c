/* SPDX-License-Identifier: MIT */
/* What a call and its reply cost between two processes, user side included, in instructions. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc.h"

#define CALLS 1000

static uint64_t instructions(void)
{
	uint64_t n;

	__asm__ volatile("rdinstret %0" : "=r"(n));
	return n;
}

static void serve(int fd)
{
	struct ipc_message message = { { 0 }, 0 };
	long rcvid = 0;

	while ((rcvid = ipc_reply_receive(fd, rcvid, &message, IPC_NEVER)) > 0)
		message.word[0] += message.badge;
	_exit((int)-rcvid);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int main(void)
{
	static uint64_t costs[CALLS];
	int receive = ipc_create(0), send = ipc_badge(receive, 7, 0);
	pid_t pid = fork();

	if (pid == 0)
		serve(receive);
	close(receive);
	for (unsigned i = 0; i < CALLS; i++) {
		struct ipc_message message = { { i, 2, 3, 4 }, 0 };
		uint64_t begin = instructions();
		long err = ipc_call(send, &message, IPC_NEVER);

		costs[i] = instructions() - begin;
		if (err != 0 || message.word[0] != i + 7 || message.word[3] != 4) {
			printf("call %u: %ld, %lu\n", i, err, (unsigned long)message.word[0]);
			return 1;
		}
	}
	qsort(costs, CALLS, sizeof(costs[0]), compare);
	printf("ipc_round_trip insn/call %lu.0 %lu.0 %lu.0 %d %lu.0\n", (unsigned long)costs[0],
	       (unsigned long)costs[CALLS / 2], (unsigned long)costs[CALLS - 1], CALLS,
	       (unsigned long)costs[CALLS / 2]);
	puts("done");
	fflush(stdout);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}
