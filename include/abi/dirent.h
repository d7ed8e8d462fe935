/* SPDX-License-Identifier: MIT */
/* The Linux layer's: directory entries, as getdents64 writes them. */
#pragma once

#include <stdint.h>

#define DT_UNKNOWN 0
#define DT_FIFO	   1
#define DT_CHR	   2
#define DT_DIR	   4
#define DT_BLK	   6
#define DT_REG	   8
#define DT_LNK	   10
#define DT_SOCK	   12

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpadded" /* the name is where padding would be */
struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	/* length of the whole record: a multiple of 8 */
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};
#pragma GCC diagnostic pop
