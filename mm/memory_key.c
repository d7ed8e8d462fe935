/* SPDX-License-Identifier: MIT */
/* What a word of user memory is for everyone who shares it. */
#include "mm/memory_key.h"

#include "abi/errno.h"
#include "mm/space.h"

/*
 * Private memory that can be written is the space's own, and so is not what is read of a file
 * without that. => space lock held
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

int memory_key_get(struct space *space, vaddr_t va, struct memory_key *key_ret)
{
	const struct vma *vma;
	int err;

	spin_lock(&space->lock);
	vma = vma_find(space, va);
	err = vma ? key_in(vma, va, key_ret) : -EFAULT;
	spin_unlock(&space->lock);
	return err;
}

void memory_key_put(const struct memory_key *key)
{
	if (key->object)
		object_put(key->object);
}
