/* SPDX-License-Identifier: MIT */
/* The one call by which programs watch faults and memory: Faultline's own, not Linux's. */
#pragma once

#include <stdint.h>

/*
 * long syscall(SYS_faultline, what, which, buf, size, from)
 *
 * Fills buf with as many whole structures as fit into size bytes (one for FAULTLINE_PROCESS,
 * FAULTLINE_MACHINE, FAULTLINE_FRAMES, FAULTLINE_FRAME and FAULTLINE_TRACE) and answers how many, or -1 with errno:
 * EINVAL (unknown `what`, no room for one), EFAULT, ESRCH (no such process, or it has no memory any
 * more), ENOMEM. Linux answers ENOSYS, for it has no call of that number. What is counted is
 * counted before the answer is copied out: a fault that the copy itself takes is in the next
 * answer. All structures grow only at their ends, in `reserved`.
 */
#define SYS_faultline 0x464c /* "FL"; Linux has a few hundred calls */

#define FAULTLINE_PROCESS   0 /* which: a pid, 0: the caller. struct faultline_process */
#define FAULTLINE_PROCESSES 1 /* those with a pid above `which`, in order: faultline_process[] */
#define FAULTLINE_VMAS	    2 /* which: a pid; those that end above `from`: faultline_vma[] */
#define FAULTLINE_MACHINE   3 /* struct faultline_machine */
#define FAULTLINE_FRAMES    4 /* struct faultline_frames; looks at each frame: dear */
#define FAULTLINE_TRACE	    5 /* which: a hart; from: the first record: struct faultline_trace */
#define FAULTLINE_WALK	    6 /* which: a pid; from: an address: text with a NUL; answers its length */

#define FAULTLINE_FRAME 7 /* which: a physical address: struct faultline_frame, 0: no frame there */

/*
 * In the hardened kernel only, for tests; EINVAL in the other. FAULTLINE_FAIL lets allocation number
 * `from` of the calling thread fail, counted from 1 from now on (0: none does), `which` being what
 * the out-of-memory policy then answers; 1: one has failed since this was called last, 0: none.
 * FAULTLINE_LEDGER gives back what is kept for speed and accounts for every frame.
 * FAULTLINE_PREEMPT lets whoever runs `from` ticks later, a second's at most, lose the hart to
 * another that is ready, in the kernel or not; 0: nobody.
 */
#define FAULTLINE_FAIL	  100
#define FAULTLINE_LEDGER  101 /* struct faultline_ledger */
#define FAULTLINE_PREEMPT 102

#define FAULTLINE_FAIL_ASK     0 /* what it finds */
#define FAULTLINE_FAIL_RELIEVE 1 /* memory has come free: the kernel asks again */
#define FAULTLINE_FAIL_REFUSE  2 /* there is none, and nobody to take it from */
#define FAULTLINE_FAIL_KILL    3 /* the caller is the one to go */
#define FAULTLINE_FAIL_STARVE  4 /* REFUSE, and every allocation after it fails too */

/* Kinds of faults, as the table in mm/fault_classify.h has them. */
#define FAULTLINE_DENY_MAPERR 0 /* nothing is mapped there */
#define FAULTLINE_DENY_ACCERR 1 /* what is mapped there forbids it */
#define FAULTLINE_ACCESSED    2 /* a bit was missing that the kernel keeps */
#define FAULTLINE_SPURIOUS    3 /* nothing was missing any more */
#define FAULTLINE_WP	      4
#define FAULTLINE_SWAPPED     5
#define FAULTLINE_FILL	      6 /* nothing was there: a page, or the zero page */
#define FAULTLINE_REUSE	      7 /* the last holder writes: nothing is copied */
#define FAULTLINE_COW	      8 /* copied, or zeroed */
#define FAULTLINE_REMAP	      9 /* the first write to a shared page */
#define FAULTLINE_KINDS	      10

#define FAULTLINE_ALIVE	   0 /* runs, or is ready to */
#define FAULTLINE_EXITING  1
#define FAULTLINE_ZOMBIE   2
#define FAULTLINE_STOPPED  3 /* alive, until SIGCONT */
#define FAULTLINE_SLEEPING 4 /* alive, and waits in a system call or for a page */

/* Since its last exec; all 0 for a zombie but the first row. Pages are of 4096 bytes. */
struct faultline_process {
	int32_t pid, parent;
	uint32_t state;
	uint32_t vmas;
	char name[16];
	uint64_t faults[FAULTLINE_KINDS]; /* a store to an empty file mapping is FILL and COW */
	uint64_t zero_fills;		  /* FILLs that mapped the one zero page */
	uint64_t around;		  /* pages of a file mapped beside the one asked for */
	uint64_t stack_grown;		  /* times that a fault made the stack longer */
	uint64_t retries;		  /* a fault that had to look again */
	uint64_t waited;		  /* for its page */
	uint64_t fences;
	uint64_t resident, peak_resident; /* pages, the zero page apart */
	uint64_t tables;		  /* page-table pages, the root included */
	uint64_t mapped_bytes;
	uint64_t heap_start, heap_end;
	uint64_t reserved[7];
};

#define FAULTLINE_VMA_READ   1u
#define FAULTLINE_VMA_WRITE  2u
#define FAULTLINE_VMA_EXEC   4u
#define FAULTLINE_VMA_SHARED 16u
#define FAULTLINE_VMA_STACK  32u
#define FAULTLINE_VMA_HEAP   64u
#define FAULTLINE_VMA_IMAGE  128u /* of the running program's file */

struct faultline_vma {
	uint64_t start, end;
	uint64_t offset; /* bytes into its file at start */
	uint32_t flags;
	uint32_t faults[FAULTLINE_KINDS]; /* since it was made; a part cut off begins anew */
	char kind[16];			  /* what fills it: "anon", "elf", ... */
	uint32_t reserved[5];
};

struct faultline_machine {
	uint64_t frames, free_frames;
	uint64_t ticks_per_second; /* of struct faultline_fault.time and of rdtime */
	uint64_t harts;
	uint64_t faults, exceptions, system_calls, interrupts, switches, ipis; /* since the start */
	uint64_t reserved[6];
};

struct faultline_frames {
	uint64_t free, reserved_frames, kernel, tables, anonymous, object, zero;
	uint64_t slabs; /* of the kernel's */
	uint64_t reserved[8];
};

/* What a frame is used for, as enum page_kind in mm/phys/page.h has it. */
#define FAULTLINE_FRAME_FREE	 0
#define FAULTLINE_FRAME_RESERVED 1 /* firmware, the kernel's image, the boot archive */
#define FAULTLINE_FRAME_KERNEL	 2
#define FAULTLINE_FRAME_TABLE	 3
#define FAULTLINE_FRAME_PRIVATE	 4
#define FAULTLINE_FRAME_FILE	 5 /* of a file, a memfd or shared memory */
#define FAULTLINE_FRAME_ZERO	 6 /* the one page of zeros */
#define FAULTLINE_FRAME_KINDS	 7

struct faultline_frame {
	uint64_t address; /* where it begins */
	uint32_t kind;
	uint32_t references; /* of any sort; 0: nobody has it */
	uint32_t mapped;     /* page-table entries among them */
	uint32_t pins;
	uint64_t index; /* FAULTLINE_FRAME_FILE: which page of its file */
	uint64_t reserved[4];
};

struct faultline_ledger {
	uint64_t errors; /* disagreements, each named in the log */
	uint64_t free, tables, anonymous, object;
	uint64_t slabs, slab_objects;
	uint64_t kernel; /* frames, slabs and stacks among them */
	uint64_t stacks; /* frames of kernel stacks */
	uint64_t reserved[7];
};

/* A fault. Of one that is not served yet result is 0 and kind is DENY_MAPERR. */
struct faultline_fault {
	uint64_t time; /* ticks, when it came */
	uint64_t pc, address;
	uint32_t cost; /* instructions until it was served, as far as the hart counts them */
	int32_t pid;
	int16_t result; /* 0: served; a signal's number; or negative errno: the kernel's copy failed */
	uint8_t access; /* FAULTLINE_VMA_READ, _WRITE or _EXEC; 16: the kernel's copy for the program */
	uint8_t kind;
	uint32_t hart;
};

#define FAULTLINE_TRACE_MAX 128

/* Ask again with from = next. What was overwritten before it was read is counted, never silent. */
struct faultline_trace {
	uint64_t next;
	uint64_t dropped; /* records between `from` and the first of these */
	uint64_t count;
	struct faultline_fault faults[FAULTLINE_TRACE_MAX];
};
