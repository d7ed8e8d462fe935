/* SPDX-License-Identifier: MIT */
/* The system call by which programs watch faults and memory: Faultline's own, not in Linux. */
#pragma once

#include <stdint.h>

/*
 * long syscall(SYS_faultline, what, which, buf, size, from)
 *
 * Fills buf with as many whole structures as fit into `size` bytes (one for FAULTLINE_PROCESS,
 * FAULTLINE_MACHINE, FAULTLINE_FRAMES, FAULTLINE_FRAME, FAULTLINE_RECLAIM and FAULTLINE_TRACE).
 * Returns their number, or -1 with errno EINVAL (unknown `what`, or no room for one), EFAULT, ESRCH
 * (no such process, or one that has no memory any more) or ENOMEM. Linux returns ENOSYS, because it
 * has no call of that number. Events are counted before the result is copied out: a fault during
 * that copy appears in the next result. Structures grow only at their ends, in `reserved`.
 */
#define SYS_faultline 0x464c /* "FL"; far above the numbers of Linux */

#define FAULTLINE_PROCESS   0 /* which: a pid, 0: the caller. struct faultline_process */
#define FAULTLINE_PROCESSES 1 /* those with a pid above `which`, in order: faultline_process[] */
#define FAULTLINE_VMAS	    2 /* which: a pid; those that end above `from`: faultline_vma[] */
#define FAULTLINE_MACHINE   3 /* struct faultline_machine */
#define FAULTLINE_FRAMES    4 /* struct faultline_frames; slow: looks at each frame */
#define FAULTLINE_TRACE	    5 /* which: a hart; from: the first record: struct faultline_trace */
#define FAULTLINE_WALK	    6 /* which: a pid; from: an address: string; returns its length */

#define FAULTLINE_FRAME	  7 /* which: a physical address: struct faultline_frame; 0: no frame */
#define FAULTLINE_RECLAIM 8 /* struct faultline_reclaim */

/*
 * Marks an instant in the recording of the machine: which: FAULTLINE_MARK_*; buf, size: a text of at
 * most FAULTLINE_MARK_BYTES, which names it. Returns 1, or 0 if nothing is recorded (run.sh --record).
 */
#define FAULTLINE_MARK 9

#define FAULTLINE_MARK_HERE  0 /* a part of the film begins here */
#define FAULTLINE_MARK_ON    1 /* so does one, and only such parts are to be shown */
#define FAULTLINE_MARK_OFF   2 /* it ends */
#define FAULTLINE_MARK_BYTES 32

/*
 * For tests, in the hardened kernel only; EINVAL in the release kernel.
 * - FAULTLINE_FAIL makes allocation number `from` of the calling thread fail, counted from 1 from
 *   now on (0: none). `which` says how the out-of-memory policy then answers. Returns 1 if an
 *   allocation has been made to fail since the last call, else 0.
 * - FAULTLINE_LEDGER empties all caches and accounts for every frame and every reference.
 * - FAULTLINE_PREEMPT forces a preemption: the thread that runs `from` ticks later (a second at
 *   most), in the kernel or not, loses the hart to another that is ready. 0: none.
 * - FAULTLINE_SITES says how many blocks of the kernel's heap are in use of each place in its sources that has
 *   asked for one, in the order in which they first did.
 */
#define FAULTLINE_FAIL	  100
#define FAULTLINE_LEDGER  101 /* struct faultline_ledger */
#define FAULTLINE_PREEMPT 102
#define FAULTLINE_SITES	  103 /* struct faultline_site[] */

#define FAULTLINE_FAIL_ASK     0 /* decides as usual */
#define FAULTLINE_FAIL_RELIEVE 1 /* memory is free now: the kernel tries again */
#define FAULTLINE_FAIL_REFUSE  2 /* no process could free any */
#define FAULTLINE_FAIL_KILL    3 /* the caller is killed */
#define FAULTLINE_FAIL_STARVE  4 /* as REFUSE, and every later allocation fails too */

/* Kinds of faults, as in the table of mm/fault/fault_classify.h. */
#define FAULTLINE_DENY_MAPERR 0 /* nothing is mapped there */
#define FAULTLINE_DENY_ACCERR 1 /* what is mapped there forbids it */
#define FAULTLINE_ACCESSED    2 /* a bit was missing that the kernel maintains */
#define FAULTLINE_SPURIOUS    3 /* the access was already allowed */
#define FAULTLINE_SWAPPED     4
#define FAULTLINE_FILL	      5 /* nothing was there: a page or the zero page was mapped */
#define FAULTLINE_REUSE	      6 /* a write by the last user of a page: nothing is copied */
#define FAULTLINE_COW	      7 /* copied, or zeroed */
#define FAULTLINE_REMAP	      8 /* the first write to a shared page */
#define FAULTLINE_USER_WP     9 /* a write to a page that the program has write-protected */
#define FAULTLINE_KINDS	      10

#define FAULTLINE_ALIVE 0 /* running or ready */

/*
 * Counts since the last exec. For a zombie, everything but pid, parent, state and name is 0. Pages
 * have 4096 bytes.
 */
struct faultline_process {
	int32_t pid, parent;
	uint32_t state;
	uint32_t vmas;
	char name[16];
	uint64_t faults[FAULTLINE_KINDS]; /* the first store to a file page is FILL and COW */
	uint64_t zero_fills;		  /* FILLs that mapped the one zero page */
	uint64_t around;		  /* pages of files mapped by fault-around */
	uint64_t stack_grown;		  /* faults that made the stack grow */
	uint64_t retries;		  /* retries of faults */
	uint64_t waited;		  /* faults that waited for their page */
	uint64_t fences;
	uint64_t resident, peak_resident; /* in pages, without the zero page */
	uint64_t tables;		  /* page-table pages, the root included */
	uint64_t mapped_bytes;
	uint64_t heap_start, heap_end;
	uint64_t swapped; /* private pages that are in swap instead of mapped */
	uint64_t threads;
	uint64_t
		hart; /* that a thread of it runs on, or that its first one ran on last; by index */
	uint64_t ahead; /* private pages that faults have filled beside their own */
	uint64_t reserved[4];
};

#define FAULTLINE_VMA_READ   1u
#define FAULTLINE_VMA_WRITE  2u
#define FAULTLINE_VMA_EXEC   4u
#define FAULTLINE_VMA_SHARED 16u
#define FAULTLINE_VMA_STACK  32u
#define FAULTLINE_VMA_HEAP   64u
#define FAULTLINE_VMA_IMAGE  128u /* mapped from the running program's file */

struct faultline_machine {
	uint64_t frames, free_frames;
	uint64_t ticks_per_second; /* of struct faultline_fault.time and of rdtime */
	uint64_t harts;
	uint64_t faults, exceptions, system_calls, interrupts, switches, ipis; /* since the start */
	uint64_t swap, free_swap; /* in pages; 0: there is no swap disk */
	uint64_t reserved[4];
};

/* What was done since the start because memory was short. docs/reclaim.md explains the words. */
struct faultline_reclaim {
	uint64_t turns;	    /* of the hand, over all spaces and all files */
	uint64_t scanned;   /* page-table entries that it has passed */
	uint64_t aged;	    /* of these, the ones that had been used since the last turn */
	uint64_t unmapped;  /* entries that no longer map a page because it was cold */
	uint64_t dropped;   /* cold pages whose frames were freed */
	uint64_t refaulted; /* of these, the ones that were read again soon */
	uint64_t written;   /* pages that were written to swap */
	uint64_t read;	    /* pages that were read from swap, or could not be */
	uint64_t reads;	    /* requests that read pages from swap */
	uint64_t writes;    /* requests that wrote pages to swap */
	uint64_t direct;    /* times that a thread had to reclaim because it found no memory */
	uint64_t reserved[5];
};

struct faultline_frames {
	uint64_t free, reserved_frames, kernel, tables, anonymous, object, zero;
	uint64_t slabs; /* of the kernel frames */
	uint64_t reserved[8];
};

/* What a frame is used for, as in enum page_kind of mm/phys/page.h. */
#define FAULTLINE_FRAME_FREE	 0
#define FAULTLINE_FRAME_RESERVED 1 /* firmware, the kernel's image, the boot archive */
#define FAULTLINE_FRAME_KERNEL	 2
#define FAULTLINE_FRAME_TABLE	 3
#define FAULTLINE_FRAME_PRIVATE	 4
#define FAULTLINE_FRAME_FILE	 5 /* of a file, a memfd or shared memory */
#define FAULTLINE_FRAME_ZERO	 6 /* the one page of zeros */
#define FAULTLINE_FRAME_DEVICE	 7 /* registers of a device, which are no memory */
#define FAULTLINE_FRAME_KINDS	 8

struct faultline_frame {
	uint64_t address; /* of its first byte */
	uint32_t kind;
	uint32_t references; /* of any kind; 0: the frame is free */
	uint32_t mapped;     /* page-table entries among them */
	uint32_t pins;
	uint64_t index; /* FAULTLINE_FRAME_FILE: index of the page in its file */
	uint64_t reserved[4];
};

struct faultline_ledger {
	uint64_t errors; /* disagreements, each named in the log */
	uint64_t free, tables, anonymous, object;
	uint64_t slabs, slab_objects;
	uint64_t kernel; /* in frames, those of slabs and stacks included */
	uint64_t stacks; /* frames of kernel stacks */
	uint64_t reserved[7];
};

struct faultline_site {
	char file[56];
	uint32_t line;
	uint32_t blocks;
};

/* A fault. While it is not resolved, result is 0 and kind is DENY_MAPERR. */
struct faultline_fault {
	uint64_t time; /* when it occurred, in ticks */
	uint64_t pc, address;
	uint32_t cost; /* instructions until it was resolved, if the hart counts them */
	int32_t pid;
	int16_t result; /* 0: resolved; or a signal's number; or negative errno of a user copy */
	uint8_t access; /* FAULTLINE_VMA_READ, _WRITE or _EXEC; plus 16: in a user copy */
	uint8_t kind;
	uint32_t hart;
};

#define FAULTLINE_TRACE_MAX 128

/*
 * For the next call, set `from` to `next`. Records that were overwritten before they were read are
 * counted in `dropped`.
 */
struct faultline_trace {
	uint64_t next;
	uint64_t dropped; /* records between `from` and the first of these */
	uint64_t count;
	struct faultline_fault faults[FAULTLINE_TRACE_MAX];
};

/* The Linux layer's: processes and their mappings. */

#define FAULTLINE_EXITING  1
#define FAULTLINE_ZOMBIE   2
#define FAULTLINE_STOPPED  3 /* alive, stopped until SIGCONT */
#define FAULTLINE_SLEEPING 4 /* alive, waiting in a system call or for a page */

#define FAULTLINE_LOCKED_OUT 5 /* alive, waiting for a lock in the kernel that another has */

struct faultline_vma {
	uint64_t start, end;
	uint64_t offset; /* of `start` in its file, in bytes */
	uint32_t flags;
	uint32_t faults[FAULTLINE_KINDS]; /* since it was made; a part split off begins at 0 */
	char kind[16];			  /* what fills it: "anon", "elf", ... */
	uint32_t reserved[5];
};
