/* SPDX-License-Identifier: MIT */
/* What each operation does to the kernel and to the model, and how the two are compared. */
#pragma once

#include "busy.h"
#include "script.h"
#include "world.h"

/* Carries out one: with any arguments, in any state; what makes no sense there does nothing. */
void op_run(const struct op *op);

/* Ends the spaces that were stripped or killed. */
void ops_end_dying(void);

/* Where the thread of the operation lives that stands by itself; NULL: nowhere. */
struct model_space *ops_thread_space(void);

/* The kinds of them. */
void op_touch(const struct op *op);
void op_copy(const struct op *op);
void op_string(const struct op *op);
void op_peer(const struct op *op);
void op_map(const struct op *op);
void op_stack(const struct op *op);
void op_unmap(const struct op *op);
void op_protect(const struct op *op);
void op_drop(const struct op *op);
void op_advise(const struct op *op);
void op_remap(const struct op *op);
void op_lock(const struct op *op);
void op_lock_all(const struct op *op);
void op_mincore(const struct op *op);
void op_sync(const struct op *op);
void op_punch(const struct op *op);
void op_allocate(const struct op *op);
void op_brk(const struct op *op);
void op_fork(const struct op *op);
void op_read(const struct op *op);
void op_write(const struct op *op);
void op_size(const struct op *op);
void op_renew(const struct op *op);
void op_swapon(const struct op *op);
void op_swapoff(const struct op *op);
void op_answer(const struct op *op);
void op_faulty(const struct op *op);

/* op_map: what is mapped, and where. */
enum map_kind {
	KIND_ANON,
	KIND_SHARED,
	KIND_FILE,
	KIND_ELF = KIND_FILE + FILES,
	KIND_SHARED_FILE = KIND_ELF + FILES,
	KIND_END = KIND_SHARED_FILE + FILES
};
#define HOW_FIXED     0
#define HOW_NOREPLACE 1
#define HOW_HINT      2
#define HOW_FREE      3
#define HOW_PLACE     3 /* mask of these */
#define HOW_POPULATE  4
#define HOW_NORESERVE 8
#define HOW_TEXT      16 /* of KIND_ELF */
#define HOW_READONLY  32 /* of KIND_SHARED_FILE: the descriptor is */
#define HOW_LOCKED    64
#define HOW_END	      128

/* op_advise: what for. */
enum advice {
	ADVISE_FREE,
	ADVISE_WILLNEED,
	ADVISE_READ,
	ADVISE_WRITE,
	ADVISE_NONSENSE,
	ADVISE_DONTFORK,
	ADVISE_DOFORK,
	ADVISE_WIPE,
	ADVISE_KEEP,
	ADVISE_COLD,
	ADVISE_PAGEOUT,
	ADVISE_END
};

/* Helpers of several of them. */

/*
 * Is the operation, which has ended, to run again? It is if an allocation has failed as it was to: memory is back
 * from now on. It also is if it has ended short, and an error of the swap disk may have done that: the disk has no
 * more of these until the operation ends.
 */
bool run_again(bool is_short);

/* Has the swap disk had an error that the operation may have been told of? */
bool swap_failed(void);

/* For the floors: the operation is at work on these cells, on the file, on anything; a page may be in swap. */
void note_out(struct model_space *m, unsigned from, unsigned to);
void note_file_out(unsigned f);
void note_any_out(void);

/* A range of cells of one region: *from, *to. */
void op_range(const struct op *op, unsigned *from, unsigned *to);

/* The verb on m begins and ends: its mmap lock is held, and `busy` says what others may see. */
void verb_begin(struct model_space *m, enum busy_kind kind, unsigned from, unsigned to);
void verb_end(struct model_space *m);

/* What moves bytes begins: at most four pages of m from `from` on, and of a file (-1: none). */
void bytes_begin(struct model_space *m, unsigned from, int file);

/* Has the world changed meanwhile, so that only the kernel knows what n bytes at va are? */
bool is_loose(const struct model_space *m);
/* Then: taken over from the kernel, now or when the stopped operation is done. */
void settle_range(struct model_space *m, vaddr_t va, size_t n);

/* All that the model has is taken over from the kernel. */
void settle_all(struct model_space *m);

/*
 * Bytes that go from or to n bytes at va, as the model has them: how many, up to the first page that
 * refuses.
 */
size_t model_in(struct model_space *m, vaddr_t va, unsigned char *to, size_t n);
size_t model_out(struct model_space *m, vaddr_t va, const unsigned char *from, size_t n);

/* Pages [from, to) were filled ahead, as vm_populate() does: stops at the first that can't be; 0 or why. */
int model_populate(struct model_space *m, unsigned from, unsigned to, unsigned right);

/* The kernel has filled them ahead, and may have been disturbed: then the bytes are taken over from there. */
void model_fill(struct model_space *m, unsigned from, unsigned to, unsigned right);
/* By which right locked memory is filled. */
unsigned lock_right(unsigned prot);

/* A shared mapping of a file is there while the operation runs: it may be written to by it. */
void note_seen(const struct cell *c);

/* Its waiting lock is had, for a write or another change, and given back. false: refused. */
bool file_begin(unsigned f);
void file_end(unsigned f);

/* Does a program run from the file; does anybody have it open for writing? */
bool file_is_text(unsigned f);
bool file_has_writers(unsigned f);

/* Is nothing mapped in [from, to); and would the kernel choose it; the highest n cells of the window. */
bool model_is_free(const struct model_space *m, unsigned from, unsigned to);
bool model_has_room(const struct model_space *m, unsigned from, unsigned to);
bool model_highest_room(const struct model_space *m, unsigned n, unsigned *from);

/* The cells become unmapped. */
void model_unmap(struct model_space *m, unsigned from, unsigned to);

static inline unsigned prot_of(int prot)
{
	return prot_complete((unsigned)prot);
}
