/* SPDX-License-Identifier: MIT */
/* The Linux layer's: the operations of prctl. */
#pragma once

#define PR_SET_PDEATHSIG       1
#define PR_GET_PDEATHSIG       2
#define PR_GET_DUMPABLE	       3
#define PR_SET_DUMPABLE	       4
#define PR_GET_KEEPCAPS	       7
#define PR_SET_KEEPCAPS	       8
#define PR_GET_TIMING	       13
#define PR_SET_TIMING	       14
#define PR_SET_NAME	       15
#define PR_GET_NAME	       16
#define PR_CAPBSET_READ	       23
#define PR_CAPBSET_DROP	       24
#define PR_GET_SECUREBITS      27
#define PR_SET_SECUREBITS      28
#define PR_SET_CHILD_SUBREAPER 36
#define PR_GET_CHILD_SUBREAPER 37
#define PR_SET_NO_NEW_PRIVS    38
#define PR_GET_NO_NEW_PRIVS    39
#define PR_GET_TID_ADDRESS     40
#define PR_SET_THP_DISABLE     41
#define PR_GET_THP_DISABLE     42
#define PR_CAP_AMBIENT	       47
#define PR_SET_MDWE	       65
#define PR_GET_MDWE	       66
#define PR_GET_AUXV	       0x41555856

#define PR_RISCV_SET_ICACHE_FLUSH_CTX 71

/* Of PR_SET_TIMING: processes are timed by samples. */
#define PR_TIMING_STATISTICAL 0

/* Of PR_RISCV_SET_ICACHE_FLUSH_CTX: whether the program makes a FENCE.I itself, and whose it is. */
#define PR_RISCV_CTX_SW_FENCEI_ON  0
#define PR_RISCV_CTX_SW_FENCEI_OFF 1
#define PR_RISCV_SCOPE_PER_PROCESS 0
#define PR_RISCV_SCOPE_PER_THREAD  1

#define PR_CAP_AMBIENT_IS_SET	 1
#define PR_CAP_AMBIENT_RAISE	 2
#define PR_CAP_AMBIENT_LOWER	 3
#define PR_CAP_AMBIENT_CLEAR_ALL 4

/* Of personality: asks for the present one; the part that exec makes PER_LINUX; and the flags that have a meaning on Linux. */
#define PERSONALITY_QUERY  0xffffffffu
#define PER_MASK	   0x00000ffu
#define UNAME26		   0x0020000u
#define ADDR_NO_RANDOMIZE  0x0040000u
#define MMAP_PAGE_ZERO	   0x0100000u
#define ADDR_COMPAT_LAYOUT 0x0200000u
#define READ_IMPLIES_EXEC  0x0400000u
#define STICKY_TIMEOUTS	   0x4000000u
/* Those that a program with more rights has not from its user. */
#define PER_CLEAR_ON_SETID \
	(ADDR_NO_RANDOMIZE | MMAP_PAGE_ZERO | ADDR_COMPAT_LAYOUT | READ_IMPLIES_EXEC)
