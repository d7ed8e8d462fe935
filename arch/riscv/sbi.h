/* SPDX-License-Identifier: MIT */
/* Calls to the firmware. */
#pragma once

#define SBI_EXT_BASE	   0x10
#define SBI_EXT_TIME	   0x54494d45
#define SBI_EXT_RFENCE	   0x52464e43
#define SBI_EXT_HSM	   0x48534d
#define SBI_EXT_IPI	   0x735049
#define SBI_EXT_SRST	   0x53525354
#define SBI_EXT_DBCN	   0x4442434e
#define SBI_EXT_STRICT	   0x0a737472 /* tools/strict: not in the specification */
#define SBI_LEGACY_PUTCHAR 1
#define SBI_LEGACY_GETCHAR 2

#define SBI_BASE_PROBE		   3
#define SBI_BASE_MVENDORID	   4
#define SBI_BASE_MARCHID	   5
#define SBI_BASE_MIMPID		   6
#define SBI_TIME_SET		   0
#define SBI_RFENCE_FENCE_I	   0
#define SBI_RFENCE_SFENCE_VMA	   1
#define SBI_RFENCE_SFENCE_VMA_ASID 2
#define SBI_HSM_START		   0
#define SBI_HSM_STOP		   1
#define SBI_IPI_SEND		   0
#define SBI_SRST_RESET		   0
#define SBI_SRST_SHUTDOWN	   0
#define SBI_SRST_COLD_REBOOT	   1
#define SBI_DBCN_WRITE		   0
#define SBI_DBCN_READ		   1
#define SBI_STRICT_PROMISE	   0
#define SBI_STRICT_FREE		   1
#define SBI_STRICT_OWE		   3
#define SBI_STRICT_MASK		   4
#define SBI_STRICT_BIT		   5

#ifndef __ASSEMBLER__

#include "lib/types.h"

struct sbi_result {
	long error; /* 0, or the firmware's own negative number */
	long value;
};

struct sbi_result sbi_call(unsigned long ext, unsigned long fid, unsigned long a0, unsigned long a1,
			   unsigned long a2, unsigned long a3);

/* A call of SBI_EXT_RFENCE: of harts by their ids, from `first` on. */
struct sbi_result sbi_fence(unsigned long function, unsigned long mask, unsigned long first,
			    unsigned long start, unsigned long size, unsigned long asid);

/* Does the firmware have that extension? */
bool sbi_has(unsigned long ext);

/* Writes a character to the firmware's console by the oldest call, which all firmware has. */
void sbi_putchar(char c);

/* Reads a character from it, or returns -1 if there is none, or the firmware has no such call. */
int sbi_getchar(void);

/* Switches the machine off; returns if the firmware can't. */
void sbi_shutdown(void);

/* Resets the machine; returns if the firmware can't. */
void sbi_reboot(void);

#endif
