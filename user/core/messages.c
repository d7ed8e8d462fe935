/* SPDX-License-Identifier: MIT */
/* Calls by endpoints: words there and back, bytes that the server takes and gives, a descriptor that it is passed, a badge. */
#include "core/core.h"
#include "lib/ipc.h"

#define BADGE 77

/* Answers calls: bytes come back one up, with the badge, and with what the passed descriptor has to read. */
static void answer(int end)
{
	struct ipc_message message = { 0 };
	long call = 0;
	char bytes[8];

	for (;;) {
		long n;
		int fd;

		call = ipc_reply_receive(end, call, &message, IPC_NEVER);
		if (call <= 0)
			sys_exit(call == 0 && message.word[0] == IPC_PULSE_CLOSED ? 0 : 1);
		n = ipc_read(end, call, bytes, sizeof(bytes), 0);
		for (long i = 0; i < n; i++)
			bytes[i]++;
		if (ipc_write(end, call, bytes, (uint64_t)n, 0) != n)
			sys_exit(2);
		message.word[0] *= 2;
		message.word[1] = message.badge;
		fd = ipc_take(end, call, 0, 0);
		if (fd >= 0 && sys_read(fd, bytes, 1) == 1)
			message.word[2] = (uint64_t)bytes[0];
		if (fd >= 0)
			sys_close(fd);
	}
}

/* A server that ends while this program polls a send end of it. */
static void learn_of_the_end(void)
{
	int end = ipc_create(0), send = ipc_badge(end, BADGE, 0), status = -1;
	struct abi_pollfd poll = { .fd = send, .events = POLLIN };

	check("ppoll: a server that is there", sys_ppoll(&poll, 1, NS_PER_MS, 0) == 0, "0");
	if (sys_fork() == 0) {
		sys_close(send);
		sys_sleep(NS_PER_MS);
		sys_exit(0);
	}
	sys_close(end);
	check("ppoll: the end of the server",
	      sys_ppoll(&poll, 1, 0, 0) == 1 && poll.revents == POLLHUP, "POLLHUP");
	check("the server has ended", sys_wait4(-1, &status, 0) > 0 && status == 0, digits(status));
	sys_close(send);
}

int main(int argc, char **argv, char **envp)
{
	int end = ipc_create(0), send = ipc_badge(end, BADGE, IPC_TELL_CLOSE), status = -1;
	int file = (int)sys_open("/messages", O_RDONLY);
	char bytes[4] = "HAL";
	struct ipc_transfer with = { .send = bytes,
				     .send_length = 3,
				     .receive = bytes,
				     .receive_length = 3,
				     .nfds = 1,
				     .fd = { file } };
	struct ipc_message message = { .word = { 21 } };
	long pid;

	(void)argc, (void)argv, (void)envp;
	check("ipc_create and ipc_badge", end >= 0 && send >= 0, "yes");
	learn_of_the_end();
	pid = sys_fork();
	if (pid == 0) {
		sys_close(send);
		answer(end);
	}
	sys_close(end);
	check("a call", ipc_call_with(send, &message, &with, IPC_NEVER) == 0, "yes");
	check("its first word", message.word[0] == 42, digits((long)message.word[0]));
	check("the badge that the server has seen", message.word[1] == BADGE,
	      digits((long)message.word[1]));
	check("the first byte of the file that was passed", message.word[2] == 0x7f,
	      digits((long)message.word[2]));
	check("the bytes", bytes[0] == 'I' && bytes[1] == 'B' && bytes[2] == 'M', bytes);
	sys_close(send);
	check("the server has learned of the end", sys_wait4(pid, &status, 0) == pid && status == 0,
	      digits(status));
	print("messages work\n", (char *)0);
	return 0;
}
