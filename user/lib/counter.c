/* SPDX-License-Identifier: MIT */
/* Finds out whether the counter of instructions counts those. */
#include "lib/counter.h"

#include <sys/wait.h>
#include <unistd.h>

#define LOOP_TURNS	  1000u
#define LOOP_INSTRUCTIONS (2 * LOOP_TURNS)

#if defined(__riscv)
/* Executes LOOP_INSTRUCTIONS instructions and a few more, with any compiler. */
static void loop(void)
{
	unsigned long turns = LOOP_TURNS;

	__asm__ volatile("1: addi %0, %0, -1\n\tbnez %0, 1b" : "+r"(turns));
}
#else
static void loop(void)
{
}
#endif

_Noreturn static void try_counter(void)
{
	uint64_t before, n;

	loop();
	before = counter_read();
	loop();
	n = counter_read() - before;
	_exit(n >= LOOP_INSTRUCTIONS && n < LOOP_INSTRUCTIONS + LOOP_TURNS ? 0 : 1);
}

bool counter_is_exact(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		try_counter();
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}
