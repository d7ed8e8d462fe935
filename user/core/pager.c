/* SPDX-License-Identifier: MIT */
/* A stop of the core's tour: a server of pages, which another process computes when somebody looks at them. */
#include "abi/faultline.h"
#include "abi/mman.h"
#include "core/core.h"
#include "lib/ipc.h"

#define SIZE	 (1ul << 36)
#define PER_PAGE (PAGE / sizeof(uint64_t))

/* Supplies pages, each number the square of its index, until nobody has the object. Ends with how many. */
static void supply(int receive)
{
	static uint64_t square[PER_PAGE];
	struct ipc_message message = { 0 };
	long call = ipc_receive(receive, &message, IPC_NEVER);
	int npages = 0;

	while (call > 0 && message.word[0] == IPC_READ_PAGE) {
		for (uint64_t i = 0, n = message.word[1] * PER_PAGE; i < PER_PAGE; i++, n++)
			square[i] = n * n;
		message.word[0] = (uint64_t)ipc_write(receive, call, square, sizeof(square), 0);
		npages++;
		call = ipc_reply_receive(receive, call, &message, IPC_NEVER);
	}
	sys_exit(npages);
}

int main(int argc, char **argv, char **envp)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 0, IPC_TELL_CLOSE);
	int object = ipc_object(send, SIZE, 0), status = -1;
	const volatile uint64_t *square;

	(void)argc, (void)argv, (void)envp;
	tour_title(
		"a pager of its own",
		"64 GiB of squares are mapped. A fault at one asks another process for the page, which computes it.");
	check("an object of 64 GiB", object >= 0, "yes");
	if (sys_fork() == 0) {
		sys_close(send);
		sys_close(object);
		supply(receive);
	}
	sys_close(receive);
	sys_close(send);
	square = (const volatile uint64_t *)sys_mmap(0, SIZE, PROT_READ, MAP_SHARED, object, 0);
	sys_close(object);
	check("the square of 12", square[12] == 144, digits((long)square[12]));
	check("the square of 99", square[99] == 9801, digits((long)square[99]));
	check("the square of 3000000000", square[3000000000] == 9000000000000000000ul,
	      digits((long)square[3000000000]));
	check("FILL faults", faults(FAULTLINE_FILL, square, SIZE / PAGE) == 2,
	      digits(faults(FAULTLINE_FILL, square, SIZE / PAGE)));
	sys_munmap((long)square, SIZE);
	check("pages that the server has supplied",
	      sys_wait4(-1, &status, 0) > 0 && status == 2 << 8, digits(status >> 8));
	return 0;
}
