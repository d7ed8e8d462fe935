/* SPDX-License-Identifier: MIT */
/* For programs that check many things and go on: each thing that is wrong is a line of the output. */
#pragma once

#include <stdio.h>

static unsigned nwrong;

static void expect(const char *what, long expected, long actual)
{
	if (expected == actual)
		return;
	printf("%s: expected %ld, actual %ld\n", what, expected, actual);
	nwrong++;
}
