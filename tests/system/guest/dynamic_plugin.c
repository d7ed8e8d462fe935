/* SPDX-License-Identifier: MIT */
/* What the dynamic program opens while it runs. */
#include <stdio.h>

static __thread int number = 10;

int plugin_next(void);

__attribute__((constructor)) static void begin(void)
{
	puts("the plugin begins");
}

__attribute__((destructor)) static void end(void)
{
	puts("the plugin ends");
}

int plugin_next(void)
{
	return ++number;
}
