/* SPDX-License-Identifier: MIT */
/* Flags of the memory-mapping system calls. */
#pragma once

#define PROT_NONE      0x0
#define PROT_READ      0x1
#define PROT_WRITE     0x2
#define PROT_EXEC      0x4
#define PROT_SEM       0x8
#define PROT_GROWSDOWN 0x01000000
#define PROT_GROWSUP   0x02000000

#define MAP_SHARED	    0x01
#define MAP_PRIVATE	    0x02
#define MAP_SHARED_VALIDATE 0x03
#define MAP_TYPE	    0x0f
#define MAP_FIXED	    0x10
#define MAP_ANONYMOUS	    0x20
#define MAP_GROWSDOWN	    0x00100
#define MAP_DENYWRITE	    0x00800
#define MAP_EXECUTABLE	    0x01000
#define MAP_LOCKED	    0x02000
#define MAP_NORESERVE	    0x04000
#define MAP_POPULATE	    0x08000
#define MAP_NONBLOCK	    0x10000
#define MAP_STACK	    0x20000
#define MAP_HUGETLB	    0x40000
#define MAP_FIXED_NOREPLACE 0x100000
#define MAP_UNINITIALIZED   0x4000000
#define MAP_HUGE_2MB	    (21u << 26)
#define MAP_HUGE_1GB	    (30u << 26)

#define MREMAP_MAYMOVE	 1
#define MREMAP_FIXED	 2
#define MREMAP_DONTUNMAP 4

#define MS_ASYNC      1
#define MS_INVALIDATE 2

#define MADV_NORMAL	     0
#define MADV_RANDOM	     1
#define MADV_SEQUENTIAL	     2
#define MADV_WILLNEED	     3
#define MADV_DONTNEED	     4
#define MADV_FREE	     8
#define MADV_REMOVE	     9
#define MADV_DONTFORK	     10
#define MADV_DOFORK	     11
#define MADV_HUGEPAGE	     14
#define MADV_NOHUGEPAGE	     15
#define MADV_DONTDUMP	     16
#define MADV_DODUMP	     17
#define MADV_WIPEONFORK	     18
#define MADV_KEEPONFORK	     19
#define MADV_COLD	     20
#define MADV_PAGEOUT	     21
#define MADV_POPULATE_READ   22
#define MADV_POPULATE_WRITE  23
#define MADV_DONTNEED_LOCKED 24
#define MADV_COLLAPSE	     25

#define MFD_CLOEXEC 1U

/* The Linux layer's: what only its own calls take. */

/* Flag of riscv_flush_icache. */
#define RISCV_FLUSH_ICACHE_LOCAL 1

#define MAP_FILE 0
#define MAP_SYNC 0x80000

#define MS_SYNC 4

#define MCL_CURRENT   1
#define MCL_FUTURE    2
#define MCL_ONFAULT   4
#define MLOCK_ONFAULT 0x01

#define MADV_MERGEABLE	  12
#define MADV_UNMERGEABLE  13
#define MADV_HWPOISON	  100
#define MADV_SOFT_OFFLINE 101

#define MFD_ALLOW_SEALING 2U
#define MFD_HUGETLB	  4U
#define MFD_NOEXEC_SEAL	  8U
#define MFD_EXEC	  0x10U
/* The longest name of a memfd, without its NUL and without the prefix "memfd:". */
#define MFD_NAME_MAX	  249
