/* SPDX-License-Identifier: MIT */
/* The fake machine's copies to and from user memory, faults served on the way. */
#include "arch/usercopy.h"

#include "abi/errno.h"
#include "fake.h"

static size_t chunk(vaddr_t va, size_t n)
{
	size_t room = PAGE_SIZE - (va & PAGE_MASK);

	return n < room ? n : room;
}

size_t arch_copy_in(void *to, vaddr_t from, size_t n)
{
	while (n) {
		size_t part = chunk(from, n);
		unsigned char *p = fake_access(from, VM_PROT_READ);

		if (!p)
			break;
		__builtin_memcpy(to, p, part);
		to = (char *)to + part;
		from += part;
		n -= part;
	}
	return n;
}

size_t arch_copy_out(vaddr_t to, const void *from, size_t n)
{
	while (n) {
		size_t part = chunk(to, n);
		unsigned char *p = fake_access(to, VM_PROT_WRITE);

		if (!p)
			break;
		__builtin_memcpy(p, from, part);
		from = (const char *)from + part;
		to += part;
		n -= part;
	}
	return n;
}

size_t arch_clear_out(vaddr_t to, size_t n)
{
	while (n) {
		size_t part = chunk(to, n);
		unsigned char *p = fake_access(to, VM_PROT_WRITE);

		if (!p)
			break;
		__builtin_memset(p, 0, part);
		to += part;
		n -= part;
	}
	return n;
}

ssize_t arch_copy_string_in(char *to, vaddr_t from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char *p = fake_access(from + i, VM_PROT_READ);

		if (!p)
			return -EFAULT;
		to[i] = (char)*p;
		if (!to[i])
			return (ssize_t)i;
	}
	return (ssize_t)n;
}

int arch_load_word_in(uint32_t *to, vaddr_t from)
{
	return arch_copy_in(to, from, sizeof(*to)) ? -EFAULT : 0;
}

int arch_touch_word(vaddr_t at)
{
	return fake_access(at, VM_PROT_WRITE) ? 0 : -EFAULT;
}

int arch_cas_word(vaddr_t at, uint32_t *old, uint32_t new)
{
	uint32_t found;

	if (arch_copy_in(&found, at, sizeof(found)))
		return -EFAULT;
	if (found == *old && arch_copy_out(at, &new, sizeof(new)))
		return -EFAULT;
	*old = found;
	return 0;
}
