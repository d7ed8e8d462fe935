/* SPDX-License-Identifier: MIT */
/* Copies between the kernel and the running address space: the range is checked here. */
#include "mm/fault/user_copy.h"

#include "abi/errno.h"
#include "arch/usercopy.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "sync/lockorder.h"

size_t user_clear_some(vaddr_t to, size_t n)
{
	lockorder_assert_none_spinning();
	if (n == 0 || !user_range_ok(to, n))
		return 0;
	return n - arch_clear_out(to, n);
}

ssize_t user_copy_string(char *to, vaddr_t from, size_t n)
{
	size_t room;
	ssize_t length;

	lockorder_assert_none_spinning();
	if (from < USER_BASE || from >= USER_TOP)
		return -EFAULT;
	room = MIN(n, USER_TOP - from);
	length = arch_copy_string_in(to, from, room);
	if (length < 0 || (size_t)length < room)
		return length;
	return room < n ? -EFAULT : -ENAMETOOLONG;
}

int user_load_word(uint32_t *to, vaddr_t from)
{
	lockorder_assert_none_spinning();
	assert_hardened(IS_ALIGNED(from, sizeof(*to)));
	return user_range_ok(from, sizeof(*to)) ? arch_load_word_in(to, from) : -EFAULT;
}

int user_cas_word(vaddr_t at, uint32_t *old, uint32_t new)
{
	lockorder_assert_none_spinning();
	assert_hardened(IS_ALIGNED(at, sizeof(*old)));
	return user_range_ok(at, sizeof(*old)) ? arch_cas_word(at, old, new) : -EFAULT;
}

int user_touch_word(vaddr_t at)
{
	lockorder_assert_none_spinning();
	assert_hardened(IS_ALIGNED(at, sizeof(uint32_t)));
	return user_range_ok(at, sizeof(uint32_t)) ? arch_touch_word(at) : -EFAULT;
}
