/* SPDX-License-Identifier: MIT */
/* A library that only another library needs. */
#include "dynamic.h"

int deep_began;

__attribute__((constructor)) static void begin(void)
{
	deep_began = 1;
}

int deep_add(int a, int b)
{
	return a + b;
}
