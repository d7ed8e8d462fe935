/* SPDX-License-Identifier: MIT */
/* The Linux layer's: file locks. struct flock of fcntl, operations of flock. F_RDLCK and so on are in abi/fcntl.h. */
#pragma once

#include <stdint.h>

/* One of the first three, with or without LOCK_NB. */
#define LOCK_SH	  1
#define LOCK_EX	  2
#define LOCK_UN	  8
#define LOCK_NB	  4
#define LOCK_MAND 32 /* of old: Linux takes it and does nothing */

struct abi_flock {
	int16_t type;
	int16_t whence;
	int32_t unused;
	int64_t start;
	int64_t len; /* 0: to the end; below 0: what is before start */
	int32_t pid;
	int32_t unused2;
};

_Static_assert(sizeof(struct abi_flock) == 32, "as in the ABI");
