/* SPDX-License-Identifier: MIT */
/* Buffers and descriptors of a call. */
#include "ipc/transfer.h"

#include "abi/errno.h"
#include "fs/fdtable.h"
#include "mm/get_user_page.h"
#include "mm/user_copy.h"
#include "proc/process.h"

/* How many pages the n bytes at va lie on. */
static size_t pages_of(vaddr_t va, size_t n)
{
	return n == 0 ? 0 : ((va & PAGE_MASK) + n + PAGE_MASK) / PAGE_SIZE;
}

/* Drops the references to the first n pages of a range. */
static void unpin(struct transfer *transfer, const struct transfer_range *range, size_t n,
		  unsigned access)
{
	while (n)
		put_user_page(transfer->space, range->page[--n], access);
}

static int pin(struct transfer *transfer, struct transfer_range *range, struct page **page,
	       vaddr_t va, size_t n, unsigned access)
{
	size_t npages = pages_of(va, n);

	*range = (struct transfer_range){ page, va & PAGE_MASK, n };
	for (size_t i = 0; i < npages; i++) {
		int err = get_user_page(transfer->space, va + i * PAGE_SIZE, access, &page[i]);

		if (err) {
			unpin(transfer, range, i, access);
			return err;
		}
	}
	return 0;
}

static void unpin_all(struct transfer *transfer, const struct transfer_range *range,
		      unsigned access)
{
	unpin(transfer, range, pages_of(range->offset, range->length), access);
}

/*
 * What the server may write comes first: a page that is in both buffers is copied, if need be,
 * before anything refers to it for reading.
 */
static int pin_buffers(struct transfer *transfer, const struct ipc_transfer *asked)
{
	vaddr_t send = (vaddr_t)asked->send, receive = (vaddr_t)asked->receive;
	size_t nreceive;
	int err;

	if (!user_range_ok(send, asked->send_length) ||
	    !user_range_ok(receive, asked->receive_length))
		return -EFAULT;
	nreceive = pages_of(receive, asked->receive_length);
	if (nreceive + pages_of(send, asked->send_length) > IPC_PAGES)
		return -EMSGSIZE;
	err = pin(transfer, &transfer->receive, transfer->page, receive, asked->receive_length,
		  VM_PROT_WRITE);
	if (err)
		return err;
	err = pin(transfer, &transfer->send, transfer->page + nreceive, send, asked->send_length,
		  VM_PROT_READ);
	if (err)
		unpin_all(transfer, &transfer->receive, VM_PROT_WRITE);
	return err;
}

static void unreserve(struct transfer *transfer, unsigned from)
{
	while (transfer->nroom > from)
		fdtable_unreserve(transfer->fdtable, transfer->room[--transfer->nroom]);
}

static int reserve(struct transfer *transfer, const struct ipc_transfer *asked)
{
	while (transfer->nroom < asked->nroom) {
		int fd = fdtable_reserve(transfer->fdtable, 0, (asked->flags & IPC_CLOEXEC) != 0);

		if (fd < 0) {
			unreserve(transfer, 0);
			return fd;
		}
		transfer->room[transfer->nroom++] = fd;
	}
	return 0;
}

/* The server takes them later: then they may be closed again. */
static int check_fds(struct transfer *transfer, const struct ipc_transfer *asked)
{
	transfer->nfds = asked->nfds;
	for (unsigned i = 0; i < asked->nfds; i++) {
		struct file *file = fdtable_get_path(transfer->fdtable, asked->fd[i]);

		if (!file)
			return -EBADF;
		file_put(file);
		transfer->fd[i] = asked->fd[i];
	}
	return 0;
}

int transfer_begin(struct transfer *transfer, const struct ipc_transfer *asked)
{
	int err;

	if ((asked->flags & ~IPC_CLOEXEC) || asked->nfds > IPC_FDS || asked->nroom > IPC_FDS)
		return -EINVAL;
	transfer->space = current_space();
	transfer->fdtable = current_process()->fdtable;
	transfer->nroom = 0;
	transfer->ngiven = 0;
	err = check_fds(transfer, asked);
	if (err == 0)
		err = reserve(transfer, asked);
	if (err)
		return err;
	err = pin_buffers(transfer, asked);
	if (err)
		unreserve(transfer, 0);
	return err;
}

unsigned transfer_end(struct transfer *transfer, bool answered)
{
	unsigned ngiven = transfer->ngiven;

	unpin_all(transfer, &transfer->send, VM_PROT_READ);
	unpin_all(transfer, &transfer->receive, VM_PROT_WRITE);
	unreserve(transfer, ngiven);
	if (answered)
		return ngiven;
	for (unsigned i = 0; i < ngiven; i++)
		(void)fdtable_close(transfer->fdtable, transfer->room[i]);
	return 0;
}

/* Where the byte at `offset` is, and how many bytes follow it in its page; 0 at the end. */
static size_t range_at(const struct transfer_range *range, size_t offset, void **at_ret)
{
	size_t at = range->offset + offset;

	if (offset >= range->length)
		return 0;
	*at_ret = (char *)page_address(range->page[at / PAGE_SIZE]) + (at & PAGE_MASK);
	return MIN(range->length - offset, PAGE_SIZE - (at & PAGE_MASK));
}

size_t transfer_read(const struct transfer_range *range, size_t offset, struct user_iter *to,
		     size_t *wanted)
{
	void *at;

	*wanted = MIN(range_at(range, offset, &at), user_iter_span(to));
	return *wanted ? user_iter_try_out(to, at, *wanted) : 0;
}

size_t transfer_write(const struct transfer_range *range, size_t offset, struct user_iter *from,
		      size_t *wanted)
{
	void *at;

	*wanted = MIN(range_at(range, offset, &at), user_iter_span(from));
	return *wanted ? user_iter_try_in(from, at, *wanted) : 0;
}

struct file *transfer_take(const struct transfer *transfer, unsigned index)
{
	return index < transfer->nfds ? fdtable_get_path(transfer->fdtable, transfer->fd[index])
				      : NULL;
}

int transfer_give(struct transfer *transfer, struct file *file)
{
	uint32_t n;

	do {
		n = atomic_load(&transfer->ngiven);
		if (n >= transfer->nroom)
			return -ENOSPC;
	} while (!atomic_cas(&transfer->ngiven, n, n + 1));
	fdtable_fill(transfer->fdtable, transfer->room[n], file);
	return (int)n;
}
