/* SPDX-License-Identifier: MIT */
/* The Linux layer's: what kcmp compares of two processes. */
#pragma once

#include <stdint.h>

#define KCMP_FILE      0
#define KCMP_VM	       1
#define KCMP_FILES     2
#define KCMP_FS	       3
#define KCMP_SIGHAND   4
#define KCMP_IO	       5
#define KCMP_SYSVSEM   6
#define KCMP_EPOLL_TFD 7

/* A file that a set of epoll watches: the set, and of those that it watches by that number the one at this place. */
struct abi_kcmp_epoll_slot {
	uint32_t efd, tfd, toff;
};
