/* SPDX-License-Identifier: MIT */
/* The calls of epoll: operations, flags and struct epoll_event. The events are those of abi/poll.h. */
#pragma once

#include "abi/fcntl.h"
#include "abi/poll.h"

#define EPOLL_CLOEXEC O_CLOEXEC

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP    (1u << 29)
#define EPOLLONESHOT   (1u << 30)
#define EPOLLET	       (1u << 31)

struct abi_epoll_event {
	uint32_t events;
	uint32_t unused; /* only on x86-64 this structure is packed */
	uint64_t data;
};

_Static_assert(sizeof(struct abi_epoll_event) == 16, "as in the ABI");
