/* SPDX-License-Identifier: MIT */
/* A key for a word of user memory: the same for all that share the word. */
#include "mm/object/memory_key.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "mm/host.h"
#include "mm/space/space_lock.h"

/*
 * A private mapping of a file that can't be written shows the object's bytes, so its key is the
 * object's. Private memory that can be written belongs to the space alone. The caller holds the
 * space's lock.
 */
static int key_in(const struct vma *vma, vaddr_t va, struct memory_key *key_ret)
{
	bool writable = vma->prot & VM_PROT_WRITE;

	if (vma->object && (vma_is_shared(vma) || !writable)) {
		object_get(vma->object);
		*key_ret = (struct memory_key){ .owner = vma->object,
						.offset = vma->offset + (va - vma->start),
						.object = vma->object };
		return 0;
	}
	*key_ret = memory_key_private(vma->space, va);
	return writable ? 0 : -EFAULT;
}

/* Returns 0, -EFAULT, or VM_WAIT with the wait for a verb that is at work there. */
static int look(struct space *space, vaddr_t va, struct memory_key *key_ret, struct vm_wait *wait)
{
	const struct vma *vma;
	int result = -EFAULT;

	space_lock(space);
	vma = vma_find(space, va);
	if (unlikely(space_is_unsettled(space, vma, va)))
		result = space_await_verb(space, wait);
	else if (vma)
		result = key_in(vma, va, key_ret);
	space_unlock(space);
	return result;
}

int memory_key_get(struct space *space, vaddr_t va, struct memory_key *key_ret)
{
	struct vm_wait wait;
	int result;

	do
		result = look(space, va, key_ret, &wait);
	while (vm_wait_again(&result, &wait));
	return result;
}

void memory_key_put(const struct memory_key *key)
{
	if (key->object)
		object_put(key->object);
}
