/* SPDX-License-Identifier: MIT */
/* A library of the dynamic program, which needs another one. */
#include "dynamic.h"

#include <stdio.h>

int lib_began;
int lib_data = 77;
__thread int lib_tls = 5;

__attribute__((constructor)) static void begin(void)
{
	lib_began = deep_began + 1;
}

__attribute__((destructor)) static void end(void)
{
	puts("the library ends");
}

int lib_add(int a, int b)
{
	return deep_add(a, b);
}

int (*lib_pointer(void))(int a, int b)
{
	return lib_add;
}

int lib_data_is(void)
{
	return lib_data;
}

int lib_tls_is(void)
{
	return lib_tls;
}
