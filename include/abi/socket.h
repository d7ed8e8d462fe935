/* SPDX-License-Identifier: MIT */
/* The Linux layer's: sockets, as far as the kernel looks at what is asked of them. */
#pragma once

#include <stdint.h>

#include "abi/fcntl.h"

#define SOCK_TYPE_MASK 0xf
#define SOCK_MAX       11 /* types are below it */
#define SOCK_NONBLOCK  O_NONBLOCK
#define SOCK_CLOEXEC   O_CLOEXEC
#define AF_UNIX	       1
#define AF_MAX	       46
#define UNIX_PATH_MAX  108

#define MSG_OOB	       0x1u
#define MSG_PEEK       0x2u
#define MSG_TRUNC      0x20u
#define MSG_DONTWAIT   0x40u
#define MSG_WAITALL    0x100u
#define MSG_NOSIGNAL   0x4000u
/* Of recvmmsg: after the first message, it does not wait. */
#define MSG_WAITFORONE 0x10000u

#define SHUT_RD	  0
#define SHUT_RDWR 2

#define SOL_SOCKET  1
#define SO_ERROR    4
#define SO_RCVTIMEO 20
#define SO_SNDTIMEO 21

struct abi_msghdr {
	uint64_t name;
	int32_t namelen;
	uint32_t pad0;
	uint64_t iov, iovlen;
	uint64_t control, controllen;
	uint32_t flags;
	uint32_t pad1;
};

struct abi_mmsghdr {
	struct abi_msghdr hdr;
	uint32_t len;
	uint32_t pad;
};

_Static_assert(sizeof(struct abi_mmsghdr) == 64, "as in the ABI");
