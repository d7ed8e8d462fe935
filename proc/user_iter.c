/* Going through the user memory of a read or write. */
#include "proc/user_iter.h"

#include "arch/page.h"

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
	/* What is not user memory at all ends a transfer where it begins, not before. */
	if (iter->base < USER_TOP && n > USER_TOP - iter->base)
		n = USER_TOP - iter->base;
	return n;
}

size_t user_iter_copy_in_pieces(struct user_iter *iter, void *to, size_t n)
{
	size_t done = 0;
	size_t span;

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

	while (done < n && (span = MIN(user_iter_span(iter), n - done)) != 0) {
		size_t cleared = user_clear_some(iter->base, span);

		user_iter_advance(iter, cleared);
		done += cleared;
		if (cleared != span)
			break;
	}
	return done;
}
