/* SPDX-License-Identifier: MIT */
/* What the files of vm_fuzz share: chances, the arena and what it is thought to hold, and telling. */
#ifndef TESTS_USER_VM_FUZZ_H
#define TESTS_USER_VM_FUZZ_H

#include <stdbool.h>

#include "../t.h"

/*
 * The arena: pages at a fixed place, and those from the break on, which brk and mmap share. The first are few, or with the word
 * `wide` several blocks, each of which a huge page may map.
 */
#define FEW_PAGES  96u
#define BLOCK	   512u
#define WIDE_PAGES (4 * BLOCK + 200)
#define HEAP_PAGES 24u
#define MOST_PAGES (WIDE_PAGES + HEAP_PAGES)
#define MAIN_AT	   ((char *)0x1800000000)
#define FILE_PAGES 32u /* most pages of a file */
#define LOOK_EVERY 100u

enum op {
	OP_MMAP,
	OP_MUNMAP,
	OP_MPROTECT,
	OP_MREMAP,
	OP_MADVISE,
	OP_MSYNC,
	OP_MINCORE,
	OP_MLOCK,
	OP_MLOCK2,
	OP_MUNLOCK,
	OP_MLOCKALL,
	OP_MUNLOCKALL,
	OP_BRK,
	OP_LOAD,
	OP_STORE,
	OP_AMO,
	OP_FETCH,
	OP_PREAD,
	OP_PWRITE,
	OP_READ,
	OP_WRITE,
	OP_PIPE_WRITE,
	OP_PIPE_READ,
	OP_FTRUNCATE,
	OP_FALLOCATE,
	OP_SEAL,
	OP_MEMFD,
	OP_FORK,
	OP_LOOK,
	OP_SWEEP, /* with `wide` only */
	OP_UFFD,  /* with `faults` only, as those behind it */
	OP_REGISTER,
	OP_UNREGISTER,
	OP_COPY,
	OP_ZEROPAGE,
	OP_POISON,
	OP_MOVE,
	OPS
};

/* chance.c: everything follows from the seed and the number of the step. */
void chance_begin(uint64_t seed, uint64_t step);
uint64_t chance_word(void);
unsigned rnd(unsigned n); /* 0 to n - 1 */
bool one_in(unsigned n);
/* The index of one of these weights, by lot. */
unsigned pick(const unsigned char *weights, unsigned n);

/* arena.c: which pages are mapped, so that most calls are of what is there. */
enum kind { KIND_PRIVATE, KIND_SHARED, KIND_FILE, KIND_FILE_PRIVATE };
#define PROT_UNKNOWN 0x80

struct cell {
	unsigned id; /* the same: one mapping on any kernel */
	bool mapped, grows, nofork, registered;
	unsigned char prot, kind;
};
struct range {
	unsigned first, n;
};

extern struct cell cells[MOST_PAGES];
extern char *heap_at;
extern unsigned main_pages;
extern bool wide;  /* the arena is some MiB */
extern bool swaps; /* nothing is locked, nor may be dropped: memory may be short */

void arena_begin(void);
unsigned npages(void);
char *at(unsigned page);
bool page_of(const volatile void *p, unsigned *page);
unsigned area_end(unsigned page); /* the first page behind the area that this one is in */
struct range range_any(void);
struct range range_mapped(void);
struct range range_free(void);
struct range range_one(void);
struct range range_blocks(void); /* whole ones */
void arena_map(struct range r, int prot, enum kind kind, bool grows);
void arena_unmap(struct range r);
void arena_protect(struct range r, int prot);
void arena_cut(struct range r);
void arena_sync(struct range r);
void arena_fork(void);

/* tally.c: what has come of it. Shared with children. */
struct tally {
	uint64_t hash;
	unsigned good[OPS], bad[OPS][134], signals[3];
};
extern struct tally *tally;
extern bool verbose;
extern int plant; /* the step whose results are altered on purpose, or -1 */

void tally_begin(void);
void tally_step(uint64_t path);
void mix(uint64_t value);
__attribute__((format(printf, 3, 4))) void tell(enum op op, long value, const char *fmt, ...);
/* A line where they are wanted, and nothing else. */
__attribute__((format(printf, 1, 2))) void note(const char *fmt, ...);
void tell_signal(int sig, int code, const void *addr);
void tally_print(void);
/* A system call's answer, the error as -errno. */
#define CALL(...) answer(syscall(__VA_ARGS__))
long answer(long value);
/* An address that a call has answered, as an offset that is the same everywhere. */
#define ELSEWHERE (1l << 40)
long place(long value);
const char *prot_name(int prot);

/* access.c: touches, by instructions whose faults are told and passed over. */
enum access { LOAD_BYTE, LOAD_WORD, STORE_BYTE, STORE_WORD, ADD_WORD, ACCESSES };
void access_begin(void);
bool try_access(enum access access, volatile void *p, uint64_t *value);
bool try_fetch(volatile void *p);
void do_touch(void);
void do_fetch(void);

/* sweep.c: what makes huge pages. */
void do_sweep(void);
void do_renew(void);
void do_glance(void);
void huge_begin(void);
void huge_end(void);

/* faults.c: registered memory. */
extern bool faults; /* there is some */
void faults_begin(void);
void faults_fork(void);
bool faults_mend(unsigned page);
void do_uffd(void);
void do_register(void);
void do_unregister(void);
void do_give(void);
void do_poison(void);
void do_move(void);

/* watch.c: a thread that reads here and there, so that other harts have translations too; of it nothing is told. */
void watch_begin(void);
void watch_hold(bool hold);	    /* waits until it has stopped, or goes on */
bool is_watcher(const void *stack); /* by an address in its stack */

/* files.c: the files that are mapped, read, written and cut. */
void files_begin(void);
void files_end(void);
/* A file to map, and whether a seal would forbid a shared mapping that may be written. */
int file_to_map(unsigned *which, bool *sealed);
int file_bad(unsigned *which); /* one that mmap refuses: a pipe, write-only, closed */
void files_look(void);
void do_copy(void);
void do_pipe(void);
void do_size(void);
void do_seal(void);
void do_memfd(void);

/* map.c, remap.c, advice.c, heap.c */
void do_mmap(void);
void do_munmap(void);
void do_mprotect(void);
void do_mremap(void);
void do_madvise(void);
void do_msync(void);
void do_mincore(void);
void do_lock(void);
void do_lock_all(void);
void do_brk(void);
void heap_begin(void);
void heap_end(void);
int some_prot(void);
/* A bad address or length in one of these places. */
void spoil(char **addr, size_t *len);

/* look.c: all that can be seen, into the hash. */
void do_look(void);
uint64_t page_hash(const void *page);

/* steps.c */
#define MOST_STEPS (1u << 20)
#define MOST_SUBS  4096

struct plan {
	uint64_t seed;
	unsigned steps;
	bool quiet;			/* only the end is told */
	unsigned char left[MOST_STEPS]; /* steps that are left out, by number */
	uint64_t left_subs[MOST_SUBS];	/* and those of children */
	unsigned nleft_subs;
};
extern bool is_child;
void steps_run(const struct plan *plan);
/* Step k of the child that step `path` makes. */
#define SUB_PATH(path, depth, k) ((path) | (uint64_t)(k) << (16 + 8 * (depth)))

#endif
