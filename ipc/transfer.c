/* SPDX-License-Identifier: MIT */
/* Buffers and descriptors of a call. */
#include "ipc/transfer.h"

#include "abi/errno.h"
#include "desc/fdtable.h"
#include "desc/user_iter.h"
#include "ipc/endpoint.h"
#include "mm/fault/get_user_page.h"
#include "mm/fault/user_copy.h"
#include "proc/process.h"

/*
 * The limits on processes and VMAs keep a page's counts from overflowing. A VMA maps a page once; a
 * munmap at the limit of VMAs may split one more. A thread references the pages of one call, and
 * one more page while it copies (mm/fault/get_user_page.h). A process has one thread so far.
 */
#define PINS_MAX    (PROCESS_COUNT_MAX * (IPC_PAGES + 1ul))
#define ENTRIES_MAX (PROCESS_COUNT_MAX * (VMA_COUNT_MAX + 1ul))

_Static_assert(PINS_MAX <= UINT32_MAX, "page->state holds the pins");
_Static_assert(ENTRIES_MAX + PINS_MAX < PAGE_REFS_MAX, "page->counts holds the references");

/* The transfer of a program's call, on the stack of its thread. */
struct user_transfer {
	struct transfer transfer;
	struct transfer_fds fds;
	struct space *space;
	struct page *page[IPC_PAGES];
};

/* How many pages a buffer of n bytes lies on, the first of them at `offset` in its page. */
static inline size_t pages_of(size_t offset, size_t n)
{
	return n == 0 ? 0 : (offset + n + PAGE_MASK) / PAGE_SIZE;
}

/* Drops the references to the first n pages of a range. */
static void transfer_unpin(struct space *space, const struct transfer_range *range, size_t n,
			   unsigned access)
{
	while (n)
		put_user_page(space, range->page[--n], access);
}

static __attribute__((noinline)) int pin_pages(struct space *space,
					       const struct transfer_range *range, vaddr_t va,
					       unsigned access)
{
	size_t npages = pages_of(range->offset, range->length);

	for (size_t i = 0; i < npages; i++) {
		int err = get_user_page(space, va + i * PAGE_SIZE, access, &range->page[i]);

		if (err) {
			transfer_unpin(space, range, i, access);
			return err;
		}
	}
	return 0;
}

/* Most buffers are empty or lie on one page. */
static inline __attribute__((always_inline)) int transfer_pin(struct space *space,
							      struct transfer_range *range,
							      struct page **page, vaddr_t va,
							      size_t n, unsigned access)
{
	range->length = n;
	if (n == 0)
		return 0;
	range->head_length = 0;
	range->offset = va & PAGE_MASK;
	range->page = page;
	if (likely(n <= PAGE_SIZE - range->offset))
		return get_user_page(space, va, access, page);
	return pin_pages(space, range, va, access);
}

static inline void unpin_all(struct space *space, const struct transfer_range *range,
			     unsigned access)
{
	size_t n = range->length;

	if (n != 0 && likely(n <= PAGE_SIZE - range->offset))
		put_user_page(space, range->page[0], access);
	else if (n != 0)
		transfer_unpin(space, range, pages_of(range->offset, n), access);
}

/*
 * Pins the buffer that the server may write before the one that it may read. A page may be in both.
 * If it needs a COW copy, the copy is made before the page is referenced for reading.
 */
static inline int pin_buffers(struct user_transfer *user, const struct ipc_transfer *asked)
{
	struct transfer *transfer = &user->transfer;
	vaddr_t send = (vaddr_t)asked->send, receive = (vaddr_t)asked->receive;
	size_t nreceive;
	int err;

	if (!user_range_ok(send, asked->send_length) ||
	    !user_range_ok(receive, asked->receive_length))
		return -EFAULT;
	nreceive = pages_of(receive & PAGE_MASK, asked->receive_length);
	if (nreceive + pages_of(send & PAGE_MASK, asked->send_length) > IPC_PAGES)
		return -EMSGSIZE;
	err = transfer_pin(user->space, &transfer->receive, user->page, receive,
			   asked->receive_length, VM_PROT_WRITE);
	if (unlikely(err))
		return err;
	err = transfer_pin(user->space, &transfer->send, user->page + nreceive, send,
			   asked->send_length, VM_PROT_READ);
	if (unlikely(err))
		unpin_all(user->space, &transfer->receive, VM_PROT_WRITE);
	return err;
}

static void unreserve(struct transfer_fds *fds, unsigned from)
{
	while (fds->nroom > from)
		fdtable_unreserve(fds->table, fds->room[--fds->nroom]);
}

static int transfer_reserve_fds(struct transfer_fds *fds, const struct ipc_transfer *asked)
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

/*
 * Checks that the descriptors are open. No reference is kept: the server takes them later, and the
 * caller may have closed them by then.
 */
static int check_fds(struct transfer_fds *fds, const struct ipc_transfer *asked)
{
	fds->nfds = asked->nfds;
	for (unsigned i = 0; i < asked->nfds; i++) {
		struct file *file = fdtable_get_any(fds->table, asked->fd[i]);

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
	transfer->received = transfer->lead = 0;
	transfer->fds = NULL;
	transfer->abandoned = transfer->unanswered = false;
}

/*
 * Checks the descriptors that go with the call, and reserves room for those that the server may
 * give.
 */
static __attribute__((noinline)) int begin_fds(struct user_transfer *user,
					       const struct ipc_transfer *asked)
{
	struct transfer_fds *fds = &user->fds;
	int err;

	if ((asked->flags & ~IPC_CLOEXEC) || asked->nfds > IPC_FDS || asked->nroom > IPC_FDS)
		return -EINVAL;
	fds->table = current_thread()->fdtable;
	fds->nroom = fds->ngiven = 0;
	err = check_fds(fds, asked);
	if (err)
		return err;
	user->transfer.fds = fds;
	return transfer_reserve_fds(fds, asked);
}

/*
 * If the call was not answered, closes the descriptors that the server gave. Returns how many stay
 * open.
 */
static __attribute__((noinline)) unsigned end_fds(struct transfer_fds *fds, bool answered)
{
	unreserve(fds, fds->ngiven);
	if (answered)
		return fds->ngiven;
	for (unsigned i = 0; i < fds->ngiven; i++)
		(void)fdtable_close(fds->table, fds->room[i]);
	return 0;
}

/*
 * For the running process: references the pages of both buffers, breaks COW in the buffer that the
 * server may write, and reserves descriptors.
 */
static inline int transfer_begin(struct user_transfer *user, const struct ipc_transfer *asked)
{
	int err;

	if (asked->zero != 0)
		return -EINVAL;
	user->transfer.received = user->transfer.lead = 0;
	user->transfer.fds = NULL;
	user->space = current_space();
	if (unlikely(asked->flags | asked->nfds | asked->nroom)) {
		err = begin_fds(user, asked);
		if (err)
			return err;
	}
	err = pin_buffers(user, asked);
	if (unlikely(err) && user->transfer.fds)
		unreserve(user->transfer.fds, 0);
	return err;
}

/*
 * Releases the pages and the unused descriptors. Returns how many descriptors the server gave; they
 * stay open if the call was answered.
 */
static inline unsigned transfer_end(struct user_transfer *user, bool answered)
{
	struct space *space = user->space;

	unpin_all(space, &user->transfer.send, VM_PROT_READ);
	unpin_all(space, &user->transfer.receive, VM_PROT_WRITE);
	return unlikely(user->transfer.fds) ? end_fds(user->transfer.fds, answered) : 0;
}

/*
 * Copies in the program's struct ipc_transfer. The array of descriptors is left out if it is empty.
 */
static inline int copy_asked(struct ipc_transfer *asked, vaddr_t from)
{
	int err = user_copy_in(asked, from, offsetof(struct ipc_transfer, fd));

	if (err || asked->nfds == 0)
		return err;
	return user_copy_in(asked->fd, from + offsetof(struct ipc_transfer, fd), sizeof(asked->fd));
}

/*
 * The numbers of the reserved descriptors are copied out before the call, because that can fail.
 * After the call nothing can fail.
 */
int64_t transfer_call(struct file *send, struct ipc_words *words, vaddr_t from, uint64_t deadline)
{
	struct user_transfer user;
	struct ipc_transfer asked;
	int64_t err = copy_asked(&asked, from);

	if (err == 0)
		err = transfer_begin(&user, &asked);
	if (unlikely(err))
		return err;
	if (unlikely(user.transfer.fds) && user.fds.nroom)
		err = user_copy_out(from + offsetof(struct ipc_transfer, room), user.fds.room,
				    user.fds.nroom * sizeof(user.fds.room[0]));
	if (err == 0)
		err = endpoint_call(send, words, &user.transfer, deadline);
	return transfer_end(&user, err == 0) + err;
}

int64_t transfer_begin_iter(struct transfer *transfer, struct page **page, unsigned npages,
			    struct user_iter *iter, unsigned access)
{
	struct transfer_range *range = access & VM_PROT_WRITE ? &transfer->receive
							      : &transfer->send;
	size_t n = npages * PAGE_SIZE;
	int err = 0;

	/* Of an empty range, only the length is looked at. */
	transfer->send.length = transfer->receive.length = 0;
	range->head_length = 0;
	transfer->received = transfer->lead = 0;
	transfer->fds = NULL;
	transfer->abandoned = transfer->unanswered = false;
	if (unlikely(iter->kernel != NULL)) {
		n = MIN(iter->left, n);
		range->head = (char *)iter->kernel;
		range->head_length = range->length = n;
	} else {
		size_t span = likely(iter->len != 0) ? MIN(iter->len, iter->left)
						     : user_iter_span(iter);

		n = MIN(span, n - (iter->base & PAGE_MASK));
		if (unlikely(!user_range_ok(iter->base, n)))
			return -EFAULT;
		err = transfer_pin(current_space(), range, page, iter->base, n, access);
	}
	if (access == (VM_PROT_READ | VM_PROT_WRITE))
		transfer->send = *range;
	return err ?: (int64_t)n;
}

void transfer_end_iter(struct transfer *transfer, unsigned access)
{
	const struct transfer_range *range = access & VM_PROT_WRITE ? &transfer->receive
								    : &transfer->send;

	if (range->head_length == 0)
		unpin_all(current_space(), range, access);
}

/* So many pieces, of a page at most, are copied with preemption off. */
#define COPY_PAGES 8

/*
 * Sets *at_ret to the byte at `offset`. Returns how many bytes from there on are contiguous; 0 at
 * the end of the range.
 */
static inline size_t range_at(const struct transfer_range *range, size_t offset, void **at_ret)
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

/* Copies several pieces. */
static inline __attribute__((always_inline)) size_t copy_pieces(const struct transfer_range *range,
								size_t offset, vaddr_t va, size_t n,
								bool out, size_t *wanted)
{
	size_t done = 0;
	void *at = NULL;

	for (unsigned i = 0; i < COPY_PAGES && done < n; i++) {
		size_t part = MIN(n - done, range_at(range, offset + done, &at));

		*wanted = done + part;
		if (part == 0 || part != (out ? user_copy_out_some(va + done, at, part)
					      : user_copy_in_some(at, va + done, part)))
			break;
		done += part;
	}
	return done;
}

static __attribute__((noinline)) size_t read_pieces(const struct transfer_range *range,
						    size_t offset, vaddr_t to, size_t n,
						    size_t *wanted)
{
	return copy_pieces(range, offset, to, n, true, wanted);
}

static inline void count_received(struct transfer *transfer, size_t offset, size_t n)
{
	if (offset <= transfer->received || offset == transfer->lead)
		transfer->received = MAX(transfer->received, offset + n);
}

static __attribute__((noinline)) size_t write_pieces(struct transfer *transfer, size_t offset,
						     vaddr_t from, size_t n, size_t *wanted)
{
	size_t done = copy_pieces(&transfer->receive, offset, from, n, false, wanted);

	count_received(transfer, offset, done);
	return done;
}

size_t transfer_read(struct transfer *transfer, size_t offset, vaddr_t to, size_t n, size_t *wanted)
{
	void *at = NULL;

	if (range_at(&transfer->send, offset, &at) < n)
		return read_pieces(&transfer->send, offset, to, n, wanted);
	*wanted = n;
	return user_copy_out_some(to, at, n) == n ? n : 0;
}

size_t transfer_write(struct transfer *transfer, size_t offset, vaddr_t from, size_t n,
		      size_t *wanted)
{
	void *at = NULL;

	if (range_at(&transfer->receive, offset, &at) < n)
		return write_pieces(transfer, offset, from, n, wanted);
	*wanted = n;
	if (user_copy_in_some(at, from, n) != n)
		return 0;
	count_received(transfer, offset, n);
	return n;
}

/* Only a program's range is visited. A range with bytes before its pages is one of the kernel's. */
static void visit_range(const struct transfer_range *range, bool written,
			void (*visit)(struct page *page, bool pinned, void *arg), void *arg)
{
	if (range->length == 0 || range->head_length != 0)
		return;
	for (size_t i = 0; i < pages_of(range->offset, range->length); i++) {
		enum page_kind kind = page_kind(range->page[i]);

		visit(range->page[i], written && (kind == PAGE_ANON || kind == PAGE_OBJECT), arg);
	}
}

void transfer_visit_pages(const struct transfer *transfer,
			  void (*visit)(struct page *page, bool pinned, void *arg), void *arg)
{
	const struct transfer_range *send = &transfer->send, *receive = &transfer->receive;

	if (send->length == 0 || receive->length == 0 || send->page != receive->page)
		visit_range(send, false, visit, arg);
	visit_range(receive, true, visit, arg); /* of transfer_begin_iter(), it may be both */
}

struct file *transfer_take(const struct transfer *transfer, unsigned index)
{
	const struct transfer_fds *fds = transfer->fds;

	return fds && index < fds->nfds ? fdtable_get_any(fds->table, fds->fd[index]) : NULL;
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
