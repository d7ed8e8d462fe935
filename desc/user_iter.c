/* SPDX-License-Identifier: MIT */
/* Copies to and from the user memory of a read or write, segment by segment. */
#include "desc/user_iter.h"

#include "abi/errno.h"
#include "arch/page.h"
#include "lib/string.h"

size_t user_iter_span(struct user_iter *iter)
{
	size_t n;

	while (iter->len == 0 && iter->nnext != 0) {
		iter->base = iter->next->base;
		iter->len = iter->next->len;
		iter->next++;
		iter->nnext--;
	}
	n = MIN(iter->len, iter->left);
	/* Bytes before an address that cannot be user memory are still transferred. */
	if (iter->base < USER_TOP && n > USER_TOP - iter->base)
		n = USER_TOP - iter->base;
	return n;
}

size_t user_iter_copy_in_pieces(struct user_iter *iter, void *to, size_t n)
{
	size_t done = 0;
	size_t span;

	if (iter->kernel) {
		n = MIN(n, iter->left);
		memcpy(to, iter->kernel, n);
		user_iter_advance_kernel(iter, n);
		return n;
	}
	while (done < n && (span = MIN(user_iter_span(iter), n - done)) != 0) {
		size_t copied = user_copy_in_some((uint8_t *)to + done, iter->base, span);

		user_iter_advance(iter, copied);
		done += copied;
		if (copied != span)
			break;
	}
	return done;
}

size_t user_iter_copy_out_pieces(struct user_iter *iter, const void *from, size_t n)
{
	size_t done = 0;
	size_t span;

	if (iter->kernel) {
		n = MIN(n, iter->left);
		memcpy(iter->kernel, from, n);
		user_iter_advance_kernel(iter, n);
		return n;
	}
	while (done < n && (span = MIN(user_iter_span(iter), n - done)) != 0) {
		size_t copied = user_copy_out_some(iter->base, (const uint8_t *)from + done, span);

		user_iter_advance(iter, copied);
		done += copied;
		if (copied != span)
			break;
	}
	return done;
}

size_t user_iter_clear(struct user_iter *iter, size_t n)
{
	size_t done = 0;
	size_t span;

	if (iter->kernel) {
		n = MIN(n, iter->left);
		memset(iter->kernel, 0, n);
		user_iter_advance_kernel(iter, n);
		return n;
	}
	while (done < n && (span = MIN(user_iter_span(iter), n - done)) != 0) {
		size_t cleared = user_clear_some(iter->base, span);

		user_iter_advance(iter, cleared);
		done += cleared;
		if (cleared != span)
			break;
	}
	return done;
}

/* Preemption is off for one segment at a time, for there may be many. */
size_t user_iter_try_in_pieces(struct user_iter *iter, void *to, size_t n)
{
	const struct user_iter before = *iter;
	size_t done = 0;
	size_t span;

	if (iter->kernel)
		return user_iter_copy_in_pieces(iter, to, n);
	while (done < n && (span = MIN(user_iter_span(iter), n - done)) != 0) {
		if (user_iter_try_in(iter, (uint8_t *)to + done, span) != span)
			break;
		done += span;
	}
	if (done == n)
		return n;
	*iter = before;
	return 0;
}

size_t user_iter_try_out_pieces(struct user_iter *iter, const void *from, size_t n)
{
	const struct user_iter before = *iter;
	size_t done = 0;
	size_t span;

	if (iter->kernel)
		return user_iter_copy_out_pieces(iter, from, n);
	while (done < n && (span = MIN(user_iter_span(iter), n - done)) != 0) {
		if (user_iter_try_out(iter, (const uint8_t *)from + done, span) != span)
			break;
		done += span;
	}
	if (done == n)
		return n;
	*iter = before;
	return 0;
}

/* Accesses the word at `at` as a load would, or as a store that does not change it. */
static int touch(vaddr_t at, bool write)
{
	uint32_t found;

	at = ALIGN_DOWN(at, sizeof(found));
	return write ? user_touch_word(at) : user_load_word(&found, at);
}

int user_iter_fault_in(const struct user_iter *iter, size_t n, bool write)
{
	struct user_iter rest = *iter;
	size_t span;

	if (iter->kernel)
		return 0;
	while (n != 0 && (span = MIN(user_iter_span(&rest), n)) != 0) {
		/* Up to the end of the page. */
		span = MIN(span, PAGE_SIZE - (rest.base & PAGE_MASK));
		if (touch(rest.base, write))
			return -EFAULT;
		user_iter_advance(&rest, span);
		n -= span;
	}
	return 0;
}
