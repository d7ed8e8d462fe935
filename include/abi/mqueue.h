/* SPDX-License-Identifier: MIT */
/* The Linux layer's: the structures and constants of POSIX message queues. */
#pragma once

#include <stdint.h>

#define MQ_PRIO_MAX 32768 /* priorities are below it */

/* What SIGEV_THREAD has instead of a value: a cookie of the C library's, of so many bytes. */
#define NOTIFY_COOKIE_LEN 32

struct abi_mq_attr {
	int64_t flags; /* O_NONBLOCK of the descriptor */
	int64_t maxmsg, msgsize, curmsgs;
	int64_t reserved[4];
};

_Static_assert(sizeof(struct abi_mq_attr) == 64, "as in the ABI");
