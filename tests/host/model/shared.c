/* SPDX-License-Identifier: MIT */
/* Memory that stays when the process that wrote to it has died (apart, for its header is Linux's). */
#define _GNU_SOURCE
#include "shared.h"

#include <stdlib.h>
#include <sys/mman.h>

void *shared_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}
