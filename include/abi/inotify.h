/* SPDX-License-Identifier: MIT */
/* The Linux layer's: what a read of an inotify instance gives, the masks of watches, and the flags of inotify_init1. */
#pragma once

#include "abi/fcntl.h"

#include <stdint.h>

#define IN_CLOEXEC  O_CLOEXEC
#define IN_NONBLOCK O_NONBLOCK

/* Events that a watch may ask for. */
#define IN_ACCESS	 0x001u
#define IN_MODIFY	 0x002u
#define IN_ATTRIB	 0x004u
#define IN_CLOSE_WRITE	 0x008u
#define IN_CLOSE_NOWRITE 0x010u
#define IN_OPEN		 0x020u
#define IN_MOVED_FROM	 0x040u
#define IN_MOVED_TO	 0x080u
#define IN_CREATE	 0x100u
#define IN_DELETE	 0x200u
#define IN_DELETE_SELF	 0x400u
#define IN_MOVE_SELF	 0x800u
#define IN_ALL_EVENTS	 0xfffu

/* Events that come unasked. */
#define IN_UNMOUNT    0x2000u
#define IN_Q_OVERFLOW 0x4000u
#define IN_IGNORED    0x8000u

/* Flags of inotify_add_watch. */
#define IN_ONLYDIR     0x01000000u
#define IN_DONT_FOLLOW 0x02000000u
#define IN_EXCL_UNLINK 0x04000000u
#define IN_MASK_CREATE 0x10000000u
#define IN_MASK_ADD    0x20000000u
#define IN_ONESHOT     0x80000000u

/* With an event: the object is a directory. */
#define IN_ISDIR 0x40000000u

/* All that inotify_add_watch accepts. */
#define IN_VALID                                                                                 \
	(IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW | \
	 IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)

struct abi_inotify_event {
	int32_t wd;
	uint32_t mask;
	uint32_t cookie;
	uint32_t len; /* of the name that follows, with its NUL and the padding */
};

_Static_assert(sizeof(struct abi_inotify_event) == 16, "as in the ABI");
