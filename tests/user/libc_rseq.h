/* SPDX-License-Identifier: MIT */
/* Restartable sequences of the C library: from 2.41 on, glibc registers an area for each thread. */
#pragma once

#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RSEQ_SIGNATURE 0xf1401073 /* csrr mhartid, x0 */

/* Unregisters what the library has registered for this thread, if it has. Then the thread may register an area of its own. */
static inline void libc_rseq_end(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (__rseq_size > 0)
		syscall(SYS_rseq, area, 32, 1 /* RSEQ_FLAG_UNREGISTER */, RSEQ_SIGNATURE);
}
