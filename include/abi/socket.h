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

#define MSG_OOB		 0x1u
#define MSG_PEEK	 0x2u
#define MSG_CTRUNC	 0x8u
#define MSG_TRUNC	 0x20u
#define MSG_DONTWAIT	 0x40u
#define MSG_WAITALL	 0x100u
#define MSG_NOSIGNAL	 0x4000u
/* Of recvmmsg: after the first message, it does not wait. */
#define MSG_WAITFORONE	 0x10000u
#define MSG_CMSG_CLOEXEC 0x40000000u

#define SHUT_RD	  0
#define SHUT_RDWR 2

#define SOL_SOCKET    1
#define SO_ERROR      4
#define SO_PASSCRED   16
#define SO_PEERCRED   17
#define SO_RCVLOWAT   18
#define SO_RCVTIMEO   20
#define SO_SNDTIMEO   21
#define SO_PEEK_OFF   42
#define SO_PEERGROUPS 59
#define SO_PEERPIDFD  77

struct abi_msghdr {
	uint64_t name;
	int32_t namelen;
	uint32_t pad0;
	uint64_t iov, iovlen;
	uint64_t control, controllen;
	uint32_t flags;
	uint32_t pad1;
};

/* Control messages of SOL_SOCKET. */
#define SCM_RIGHTS	1
#define SCM_CREDENTIALS 2
#define SCM_MAX_FD	253

struct abi_cmsghdr {
	uint64_t len; /* with the header */
	int32_t level, type;
};

struct abi_ucred {
	int32_t pid;
	uint32_t uid, gid;
};

struct abi_mmsghdr {
	struct abi_msghdr hdr;
	uint32_t len;
	uint32_t pad;
};

_Static_assert(sizeof(struct abi_mmsghdr) == 64, "as in the ABI");
