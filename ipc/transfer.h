/* SPDX-License-Identifier: MIT */
/* What goes with a call besides its words: buffers of the caller, and descriptors. */
#pragma once

#include "abi/ipc.h"
#include "lib/types.h"
#include "mm/phys/page.h"

struct fdtable;
struct file;
struct ipc_words;
struct user_iter;

/*
 * A buffer of the caller: bytes of the kernel, if the kernel is the caller, and then pages. The
 * pages are referenced, so the whole buffer can be accessed at any time.
 */
struct transfer_range {
	char *head;
	size_t head_length;
	struct page **page;
	size_t offset; /* of the first byte in the first page */
	size_t length; /* of all */
};

/*
 * The caller sets a struct transfer up before the call and ends it afterwards. Meanwhile a server
 * reads and changes it while it holds the call (endpoint_hold()).
 */
struct transfer {
	struct transfer_range send, receive; /* what the server may read, and what it may write */
	size_t received; /* so many bytes from the start on have been written, one after the other */
	size_t lead; /* these of them at most were left out, as the words of the answer have them */
	struct transfer_fds *fds; /* NULL: none either way */
	/* The call was received, and then ended by its deadline or by a kill of the caller. */
	bool abandoned;
	/* The receive end was closed after the call had been received: the server may have acted on it. */
	bool unanswered;
};

struct transfer_fds {
	struct fdtable *table;
	uint32_t nfds, nroom;
	int fd[IPC_FDS];   /* descriptors that the server may take */
	int room[IPC_FDS]; /* descriptors set aside for those that the server gives */
	uint32_t ngiven;   /* atomic: the first of these that are open */
};

/* Sets up a transfer of the kernel's own: without descriptors, and with empty ranges. */
void transfer_init(struct transfer *transfer);

/*
 * endpoint_call() for the running program, with the buffers and descriptors that its struct
 * ipc_transfer at `from` describes. Returns how many descriptors the server gave, or a negative
 * errno: that of endpoint_call(); -EINVAL, -EMSGSIZE, -EFAULT, -EBADF or -EMFILE; or -ENOMEM or
 * -EINTR if it had to wait for memory. Call with no spinning lock held.
 */
int64_t transfer_call(struct file *send, struct ipc_words *words, vaddr_t from, uint64_t deadline);

/*
 * Sets up a transfer of the kernel's with the next bytes of an iterator, in one segment and on at most so many pages, which `page` has room for.
 * The server may write them with VM_PROT_WRITE in `access`, and read them with VM_PROT_READ. Returns how many bytes these are;
 * -EFAULT; or -ENOMEM or -EINTR if it had to wait for memory. Call with no lock held that others need to free memory. After the
 * call, transfer_end_iter() with the same `access`.
 */
int64_t transfer_begin_iter(struct transfer *transfer, struct page **page, unsigned npages,
			    struct user_iter *iter, unsigned access);
void transfer_end_iter(struct transfer *transfer, unsigned access);

/*
 * Copy up to n bytes between a buffer of the caller, from `offset` on, and the running process. One
 * call copies a few pages at most, and nothing beyond the end of the buffer; it sets *wanted to the
 * bytes that this leaves. They return how many bytes were copied. If that is less than *wanted,
 * memory of the process was not mapped: call user_iter_fault_in() and try again. Call with
 * preemption off, and the call held.
 */
size_t transfer_read(struct transfer *transfer, size_t offset, vaddr_t to, size_t n,
		     size_t *wanted);
size_t transfer_write(struct transfer *transfer, size_t offset, vaddr_t from, size_t n,
		      size_t *wanted);

/*
 * For the ledger: visits the pages of a program that its call refers to, and says whether they are
 * pinned. Those of the kernel's own transfers are not visited.
 */
void transfer_visit_pages(const struct transfer *transfer,
			  void (*visit)(struct page *page, bool pinned, void *arg), void *arg);

/*
 * The file at the caller's descriptor of that index, with a reference; or NULL if there is none.
 * Call with the call held.
 */
struct file *transfer_take(const struct transfer *transfer, unsigned index);

/*
 * Gives the caller a descriptor of the file, and takes over the reference. Returns its index among
 * those given, or -ENOSPC, and then the reference stays. Call with the call held.
 */
int transfer_give(struct transfer *transfer, struct file *file);
