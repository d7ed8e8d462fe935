/* SPDX-License-Identifier: MIT */
/* swapon and swapoff: start and stop the use of a disk for swap. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "sh/builtin.h"

static int swap_misused(const char *command)
{
	dprintf(STDERR_FILENO, "usage: %s PATH\n", command);
	return 2;
}

static int status_of(int result, char **argv)
{
	if (result == 0)
		return 0;
	dprintf(STDERR_FILENO, "sh: %s: %s: %s\n", argv[0], argv[1], strerror(errno));
	return 1;
}

int swap_command_on(int argc, char **argv)
{
	return argc == 2 ? status_of(swapon(argv[1], 0), argv) : swap_misused("swapon");
}

int swap_off(int argc, char **argv)
{
	return argc == 2 ? status_of(swapoff(argv[1]), argv) : swap_misused("swapoff");
}
