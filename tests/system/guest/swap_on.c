/* SPDX-License-Identifier: MIT */
/* Switches swap on: prints the answer for each path among its arguments, and what kind of file that is. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) == 0 && S_ISBLK(st.st_mode))
			printf("%s: mode %o, device %u:%u, open: %s\n", argv[i], st.st_mode,
			       major(st.st_rdev), minor(st.st_rdev),
			       open(argv[i], O_RDWR) < 0 ? strerrorname_np(errno) : "0");
		printf("%s: %s\n", argv[i], swapon(argv[i], 0) < 0 ? strerrorname_np(errno) : "0");
	}
	return 0;
}
