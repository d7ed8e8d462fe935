/* SPDX-License-Identifier: MIT */
/* A thread that reads anywhere in the arena, whatever is there. It has no memory of the C library's, which would be in the arena. */
#include "vm_fuzz.h"

#include <sched.h>

#define AT_ONCE 64

static char stack[16 * PAGE] __attribute__((aligned(16)));

static bool watches, holds, held; /* atomic */

bool is_watcher(const void *address)
{
	return (const char *)address >= stack && (const char *)address < stack + sizeof(stack);
}

/* A load whose fault is passed over. */
static void look_at(const char *p)
{
	unsigned long value;

	__asm__ volatile(".option push\n.option norvc\nlbu %0, 0(%1)\n.option pop"
			 : "=r"(value)
			 : "r"(p)
			 : "memory");
}

static int watch(void *arg)
{
	uint64_t state = 1;

	(void)arg;
	for (;;) {
		for (unsigned i = 0; i < AT_ONCE; i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			look_at(at((unsigned)(state >> 33) % npages()) + (state >> 21) % PAGE);
		}
		do {
			__atomic_store_n(&held, __atomic_load_n(&holds, __ATOMIC_ACQUIRE),
					 __ATOMIC_RELEASE);
			syscall(SYS_sched_yield);
		} while (__atomic_load_n(&holds, __ATOMIC_ACQUIRE));
	}
	return 0;
}

/* Where a page has been read, no huge page is made. */
void watch_hold(bool hold)
{
	if (!watches || is_child)
		return;
	__atomic_store_n(&holds, hold, __ATOMIC_RELEASE);
	while (__atomic_load_n(&held, __ATOMIC_ACQUIRE) != hold)
		syscall(SYS_sched_yield);
}

/* A child of fork has no such thread. */
void watch_begin(void)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			  CLONE_SYSVSEM;

	if (clone(watch, stack + sizeof(stack), flags, NULL) < 0)
		_exit(98);
	watches = true;
}
