/* SPDX-License-Identifier: MIT */
/* riscv_hwprobe: what a program may ask of the harts (Linux's asm/hwprobe.h). */
#pragma once

#include <stdint.h>

struct abi_riscv_hwprobe {
	int64_t key; /* -1, after the call: it is not known */
	uint64_t value;
};

#define RISCV_HWPROBE_KEY_MVENDORID	       0
#define RISCV_HWPROBE_KEY_MARCHID	       1
#define RISCV_HWPROBE_KEY_MIMPID	       2
#define RISCV_HWPROBE_KEY_BASE_BEHAVIOR	       3
#define RISCV_HWPROBE_KEY_IMA_EXT_0	       4
#define RISCV_HWPROBE_KEY_CPUPERF_0	       5
#define RISCV_HWPROBE_KEY_ZICBOZ_BLOCK_SIZE    6
#define RISCV_HWPROBE_KEY_HIGHEST_VIRT_ADDRESS 7
#define RISCV_HWPROBE_KEY_TIME_CSR_FREQ	       8
#define RISCV_HWPROBE_KEY_MISALIGNED_SCALAR    9
/* Keys are below this. */
#define RISCV_HWPROBE_KEYS		       10

#define RISCV_HWPROBE_BASE_BEHAVIOR_IMA 1

/* Bits of IMA_EXT_0. */
#define RISCV_HWPROBE_IMA_FD	      0
#define RISCV_HWPROBE_IMA_C	      1
#define RISCV_HWPROBE_EXT_ZBA	      3
#define RISCV_HWPROBE_EXT_ZBB	      4
#define RISCV_HWPROBE_EXT_ZBS	      5
#define RISCV_HWPROBE_EXT_ZBC	      7
#define RISCV_HWPROBE_EXT_ZBKB	      8
#define RISCV_HWPROBE_EXT_ZBKC	      9
#define RISCV_HWPROBE_EXT_ZBKX	      10
#define RISCV_HWPROBE_EXT_ZKND	      11
#define RISCV_HWPROBE_EXT_ZKNE	      12
#define RISCV_HWPROBE_EXT_ZKNH	      13
#define RISCV_HWPROBE_EXT_ZKSED	      14
#define RISCV_HWPROBE_EXT_ZKSH	      15
#define RISCV_HWPROBE_EXT_ZKT	      16
#define RISCV_HWPROBE_EXT_ZFH	      27
#define RISCV_HWPROBE_EXT_ZFHMIN      28
#define RISCV_HWPROBE_EXT_ZIHINTNTL   29
#define RISCV_HWPROBE_EXT_ZFA	      32
#define RISCV_HWPROBE_EXT_ZACAS	      34
#define RISCV_HWPROBE_EXT_ZICOND      35
#define RISCV_HWPROBE_EXT_ZIHINTPAUSE 36
#define RISCV_HWPROBE_EXT_ZIMOP	      42
#define RISCV_HWPROBE_EXT_ZCA	      43
#define RISCV_HWPROBE_EXT_ZCB	      44
#define RISCV_HWPROBE_EXT_ZCD	      45
#define RISCV_HWPROBE_EXT_ZCMOP	      47
#define RISCV_HWPROBE_EXT_ZAWRS	      48

/* Of CPUPERF_0 and MISALIGNED_SCALAR. */
#define RISCV_HWPROBE_MISALIGNED_SLOW	     2
#define RISCV_HWPROBE_MISALIGNED_FAST	     3
#define RISCV_HWPROBE_MISALIGNED_UNSUPPORTED 4

/* A flag of the call: the set of harts is the answer. */
#define RISCV_HWPROBE_WHICH_CPUS 1
