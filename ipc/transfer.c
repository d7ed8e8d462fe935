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
static void unpin(struct space *space, const struct transfer_range *range, size_t n,
		  unsigned access)
{
	while (n)
		put_user_page(space, range->page[--n], access);
}

static int pin(struct space *space, struct transfer_range *range, struct page **page, vaddr_t va,
	       size_t n, unsigned access)
{
	size_t npages = pages_of(va, n);

	*range = (struct transfer_range){ .page = page, .offset = va & PAGE_MASK, .length = n };
	for (size_t i = 0; i < npages; i++) {
		int err = get_user_page(space, va + i * PAGE_SIZE, access, &page[i]);

		if (err) {
			unpin(space, range, i, access);
			return err;
		}
	}
	return 0;
}

static void unpin_all(struct space *space, const struct transfer_range *range, unsigned access)
{
	unpin(space, range, pages_of(range->offset, range->length), access);
}

/*
 * What the server may write comes first: a page that is in both buffers is copied, if need be,
 * before anything refers to it for reading.
 */
static int pin_buffers(struct user_transfer *user, const struct ipc_transfer *asked)
{
	struct transfer *transfer = &user->transfer;
	vaddr_t send = (vaddr_t)asked->send, receive = (vaddr_t)asked->receive;
	size_t nreceive;
	int err;

	if (!user_range_ok(send, asked->send_length) ||
	    !user_range_ok(receive, asked->receive_length))
		return -EFAULT;
	nreceive = pages_of(receive, asked->receive_length);
	if (nreceive + pages_of(send, asked->send_length) > IPC_PAGES)
		return -EMSGSIZE;
	err = pin(user->space, &transfer->receive, user->page, receive, asked->receive_length,
		  VM_PROT_WRITE);
	if (err)
		return err;
	err = pin(user->space, &transfer->send, user->page + nreceive, send, asked->send_length,
		  VM_PROT_READ);
	if (err)
		unpin_all(user->space, &transfer->receive, VM_PROT_WRITE);
	return err;
}

static void unreserve(struct transfer_fds *fds, unsigned from)
{
	while (fds->nroom > from)
		fdtable_unreserve(fds->table, fds->room[--fds->nroom]);
}

static int reserve(struct transfer_fds *fds, const struct ipc_transfer *asked)
{
	while (fds->nroom < asked->nroom) {
		int fd = fdtable_reserve(fds->table, 0, (asked->flags & IPC_CLOEXEC) != 0);

		if (fd < 0) {
			unreserve(fds, 0);
			return fd;
		}
		fds->room[fds->nroom++] = fd;
	}
	return 0;
}

/* The server takes them later: then they may be closed again. */
static int check_fds(struct transfer_fds *fds, const struct ipc_transfer *asked)
{
	fds->nfds = asked->nfds;
	for (unsigned i = 0; i < asked->nfds; i++) {
		struct file *file = fdtable_get_path(fds->table, asked->fd[i]);

		if (!file)
			return -EBADF;
		file_put(file);
		fds->fd[i] = asked->fd[i];
	}
	return 0;
}

void transfer_init(struct transfer *transfer)
{
	transfer->send = transfer->receive = (struct transfer_range){ 0 };
	transfer->received = 0;
	transfer->fds = NULL;
}

int transfer_begin(struct user_transfer *user, const struct ipc_transfer *asked)
{
	struct transfer_fds *fds = &user->fds;
	int err;

	if ((asked->flags & ~IPC_CLOEXEC) || asked->nfds > IPC_FDS || asked->nroom > IPC_FDS)
		return -EINVAL;
	transfer_init(&user->transfer);
	user->transfer.fds = fds;
	user->space = current_space();
	fds->table = current_process()->fdtable;
	fds->nroom = fds->ngiven = 0;
	err = check_fds(fds, asked);
	if (err == 0)
		err = reserve(fds, asked);
	if (err)
		return err;
	err = pin_buffers(user, asked);
	if (err)
		unreserve(fds, 0);
	return err;
}

unsigned transfer_end(struct user_transfer *user, bool answered)
{
	struct transfer_fds *fds = &user->fds;

	unpin_all(user->space, &user->transfer.send, VM_PROT_READ);
	unpin_all(user->space, &user->transfer.receive, VM_PROT_WRITE);
	unreserve(fds, fds->ngiven);
	if (answered)
		return fds->ngiven;
	for (unsigned i = 0; i < fds->ngiven; i++)
		(void)fdtable_close(fds->table, fds->room[i]);
	return 0;
}

/* Where the byte at `offset` is, and how many bytes follow it in one piece; 0 at the end. */
static size_t range_at(const struct transfer_range *range, size_t offset, void **at_ret)
{
	size_t at, left;

	if (offset >= range->length)
		return 0;
	left = range->length - offset;
	if (offset < range->head_length) {
		*at_ret = range->head + offset;
		return MIN(left, range->head_length - offset);
	}
	at = range->offset + offset - range->head_length;
	*at_ret = (char *)page_address(range->page[at / PAGE_SIZE]) + (at & PAGE_MASK);
	return MIN(left, PAGE_SIZE - (at & PAGE_MASK));
}

size_t transfer_read(struct transfer *transfer, size_t offset, struct user_iter *to, size_t *wanted)
{
	void *at = NULL;

	*wanted = MIN(range_at(&transfer->send, offset, &at), user_iter_span(to));
	return *wanted ? user_iter_try_out(to, at, *wanted) : 0;
}

size_t transfer_write(struct transfer *transfer, size_t offset, struct user_iter *from,
		      size_t *wanted)
{
	size_t done;
	void *at = NULL;

	*wanted = MIN(range_at(&transfer->receive, offset, &at), user_iter_span(from));
	done = *wanted ? user_iter_try_in(from, at, *wanted) : 0;
	if (offset <= transfer->received)
		transfer->received = MAX(transfer->received, offset + done);
	return done;
}

struct file *transfer_take(const struct transfer *transfer, unsigned index)
{
	const struct transfer_fds *fds = transfer->fds;

	return fds && index < fds->nfds ? fdtable_get_path(fds->table, fds->fd[index]) : NULL;
}

int transfer_give(struct transfer *transfer, struct file *file)
{
	struct transfer_fds *fds = transfer->fds;
	uint32_t n;

	do {
		n = fds ? atomic_load(&fds->ngiven) : 0;
		if (!fds || n >= fds->nroom)
			return -ENOSPC;
	} while (!atomic_cas(&fds->ngiven, n, n + 1));
	fdtable_fill(fds->table, fds->room[n], file);
	return (int)n;
}
