/* SPDX-License-Identifier: MIT */
/* The first example of docs/servers.md: a server that adds two numbers, and its client. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc.h"

static int serve(int receive)
{
	struct ipc_message m = { 0 };
	long rcvid = ipc_receive(receive, &m, IPC_NEVER);

	while (rcvid > 0) {
		m.word[0] = m.word[0] + m.word[1];
		rcvid = ipc_reply_receive(receive, rcvid, &m, IPC_NEVER);
	}
	return rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED ? 0 : 1;
}

int main(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 7, IPC_TELL_CLOSE), status;
	struct ipc_message m = { .word = { 2, 3 } };

	fflush(stdout);
	if (fork() == 0) {
		close(send);
		return serve(receive);
	}
	close(receive);
	if (ipc_call(send, &m, IPC_NEVER) == 0)
		printf("2 + 3 = %lu\n", m.word[0]);
	close(send);
	wait(&status);
	printf("the server's status is %d\n", status);
	return status != 0;
}
