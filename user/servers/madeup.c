/* SPDX-License-Identifier: MIT */
/* madeup: files that are nowhere. A file of 16 GiB is computed where somebody looks at it. */

/*
 * usage: madeup --endpoint FD | --socket FD
 *
 *	README		says what this is
 *	numbers		268,435,456 lines of 64 bytes; line N (from 0 on) begins at byte 64 * N and says
 *			which primes make up N: "360 = 2^3 * 3^2 * 5", or "7 is prime"
 *	more/numbers	a symbolic link to it
 *
 * A program that maps `numbers` and reads a byte of it has a page fault. The kernel asks this program for the
 * page, and numbers_read() of madeup_tree.c writes its 64 lines.
 */
#include "madeup.h"

int main(int argc, char **argv)
{
	madeup_prepare();
	return file_server_main(&madeup_ops, NULL, argv + 1);
}
