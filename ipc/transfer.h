/* SPDX-License-Identifier: MIT */
/* What goes with a call besides its words: memory of the caller, and descriptors. */
#pragma once

#include "abi/ipc.h"
#include "fs/user_iter.h"
#include "mm/phys/page.h"

struct fdtable;
struct space;

/*
 * Memory of the caller: bytes of the kernel's, if it is the caller, and then pages, which are
 * referenced, so that all of it can be accessed at any moment.
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
	struct transfer_fds *fds; /* NULL: none either way */
};

struct transfer_fds {
	struct fdtable *table;
	uint32_t nfds, nroom;
	int fd[IPC_FDS];   /* descriptors that the server may take */
	int room[IPC_FDS]; /* descriptors set aside for those that the server gives */
	uint32_t ngiven;   /* atomic: the first of these that are open */
};

/* That of a program's call, on the stack of its thread. */
struct user_transfer {
	struct transfer transfer;
	struct transfer_fds fds;
	struct space *space;
	struct page *page[IPC_PAGES];
};

/* Sets up a transfer of the kernel's own: without descriptors, and with empty ranges. */
void transfer_init(struct transfer *transfer);

/*
 * For the calling process: references the pages of both buffers, breaks COW of what the server may
 * write, and sets descriptors aside. Returns 0; -EINVAL, -EMSGSIZE, -EFAULT, -EBADF, -EMFILE, or
 * -ENOMEM or -EINTR of waiting for memory. Call with no spinning lock held.
 */
int transfer_begin(struct user_transfer *user, const struct ipc_transfer *asked);

/*
 * Releases everything. The descriptors given stay open if the call was answered. Returns how many
 * these are.
 */
unsigned transfer_end(struct user_transfer *user, bool answered);

/*
 * Copy up to a page between a buffer of the caller, from `offset` on, and the running process, and
 * advance the iterator. *wanted is how many bytes that is: 0 at the end of the buffer or of the
 * iterator. Return *wanted; or 0 if the process's memory is not there, which user_iter_fault_in()
 * then brings. Call with preemption off, and the call held.
 */
size_t transfer_read(struct transfer *transfer, size_t offset, struct user_iter *to,
		     size_t *wanted);
size_t transfer_write(struct transfer *transfer, size_t offset, struct user_iter *from,
		      size_t *wanted);

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
