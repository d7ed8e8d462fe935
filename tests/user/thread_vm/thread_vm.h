/* SPDX-License-Identifier: MIT */
/* What the files of thread_vm share: chances, accesses whose faults are results, and what is found wrong. */
#ifndef TESTS_USER_THREAD_VM_H
#define TESTS_USER_THREAD_VM_H

#include "../thread.h"

#define MOST_THREADS 8u

/* In memory that children share: no counter is behind what a child sees in a page. */
struct common {
	unsigned wrong;
	unsigned seen;			    /* bits of enum event */
	uint64_t generations[MOST_THREADS]; /* the last that a thread has begun to store */
	uint64_t hashes[MOST_THREADS];
};
extern struct common *common;
extern unsigned nthreads;
extern __thread unsigned me;
extern bool is_child; /* a forked one: it stores nothing to what its parent shares with it */

/* What a long run has to have met. A short line names what is missing. */
enum event {
	SEEN_LOAD,
	SEEN_STORE,
	SEEN_NOT_MAPPED,
	SEEN_NO_RIGHT,
	SEEN_BUS,
	SEEN_COPY,
	SEEN_REFUSED_COPY,
	SEEN_MOVE,
	SEEN_REFUSED_MOVE,
	SEEN_HEAP_MOVED,
	SEEN_FORK,
	SEEN_READ_ONLY,
	EVENTS
};
void see(enum event event);
void tell_unseen(void);

/* chance */
void chance_begin(uint64_t seed);
uint64_t chance_word(void);
unsigned rnd(unsigned n); /* 0 to n - 1 */
bool one_in(unsigned n);

/* Counts a violation of an invariant, and prints the first ones. */
__attribute__((format(printf, 1, 2))) void wrong(const char *fmt, ...);

/* access.c */
enum outcome { DONE, NOT_MAPPED, NO_RIGHT, BUS };
void access_begin(void);
enum outcome load(const volatile void *at, uint64_t *value_ret);
enum outcome store(volatile void *at, uint64_t value);
/* Load and store by a read or write of a file: 0, or -EFAULT. */
int copy_from(const volatile void *at, void *to, size_t len);
int copy_to(volatile void *at, const void *from, size_t len);
/* A system call's answer, the error as -errno. */
#define CALL(...) answer_or_error(syscall(__VA_ARGS__))
long answer_or_error(long value);

/* own.c: pages that one thread alone uses, between those of others. What they hold is known exactly. */
void own_begin(void);
void own_step(void);
void own_check(void);

/* shared.c: pages that all threads map, unmap, move and store to. Each word is zero, or one that was stored there. */
void shared_begin(void);
void shared_step(void);
uint64_t shared_hash(void);

/* kept.c: pages that stay mapped. Each thread has words there, of which none is ever lost. */
void kept_begin(size_t ballast_bytes);
void kept_step(void);
void kept_check(void);

#endif
