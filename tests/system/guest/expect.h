/* SPDX-License-Identifier: MIT */
/* For programs that check many things and go on: each thing that is wrong is a line of the output. */
#pragma once

#include <errno.h>
#include <stdio.h>

unsigned nwrong __attribute__((weak)); /* one for all files of a program */

static inline void expect(const char *what, long expected, long actual)
{
	if (expected == actual)
		return;
	printf("%s: expected %ld, actual %ld\n", what, expected, actual);
	nwrong++;
}

/* Of a call that is to fail with an errno. */
static inline void expect_error(const char *what, long error, long result)
{
	expect(what, error, result == -1 ? errno : 0);
}
