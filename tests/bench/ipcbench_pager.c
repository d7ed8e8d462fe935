/* SPDX-License-Identifier: MIT */
/* A row of ipcbench: a page of an object that another process supplies, which has the bytes ready. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipcbench.h"
#include "lib/ipc.h"

#define NPAGES 1024ul

static volatile unsigned char *object; /* mapped; NULL: the row has not run */
static pid_t supplier;

static void supply_pages(int receive)
{
	static unsigned char page[PAGE];
	struct ipc_message message = { { 0 }, 0 };
	long call = ipc_receive(receive, &message, IPC_NEVER);

	memset(page, 1, sizeof(page));
	while (call > 0 && message.word[0] == IPC_READ_PAGE) {
		page[0] = (unsigned char)message.word[1];
		message.word[0] = (uint64_t)ipc_write(receive, call, page, sizeof(page), 0);
		call = ipc_reply_receive(receive, call, &message, IPC_NEVER);
	}
	_exit(0);
}

static int object_begin(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 0, IPC_TELL_CLOSE);
	int fd = ipc_object(send, NPAGES * PAGE, 0);
	void *at;

	if (fd < 0)
		return 0;
	supplier = fork();
	if (supplier == 0) {
		close(send);
		close(fd);
		supply_pages(receive);
	}
	close(receive);
	close(send);
	at = mmap(NULL, NPAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	object = at == MAP_FAILED ? NULL : at;
	return object != NULL;
}

int object_fault(uint64_t i, uint64_t *cost)
{
	unsigned char first;
	uint64_t begin;

	if (!object && !object_begin())
		return 0;
	begin = instructions();
	first = object[i * PAGE];
	*cost = instructions() - begin;
	return first == (unsigned char)i && object[i * PAGE + 1] == 1;
}

void object_end(void)
{
	if (!object)
		return;
	kill(supplier, SIGKILL); /* children have the object, too */
	waitpid(supplier, NULL, 0);
}
