/* SPDX-License-Identifier: MIT */
/* Seals of memfds: they permanently forbid some changes to a file. */
#include "linux/fs/tmpfs/seals.h"

#include "abi/errno.h"
#include "arch/entry.h"
#include "lib/bits.h"
#include "linux/mem/object_writers.h"
#include "mm/object/object_size.h"

#define SEALS_ALL                                                                         \
	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE | \
	 F_SEAL_EXEC)
/*
 * With F_SEAL_GROW, a write across the end of the file stops at the last multiple of this size that
 * is not beyond the end, as on Linux.
 */
#define WRITE_CHUNK (2ul << 20)
#define SEALS_WRITE (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)

/* Called with inode->lock held. */
static int seals_apply(struct inode *inode, unsigned seals)
{
	if (to_node(inode)->seals & F_SEAL_SEAL)
		return -EPERM;
	/* Sealing the mode of an executable file seals its contents too. */
	if ((seals & F_SEAL_EXEC) && (inode->mode & 0111))
		seals |= F_SEAL_SHRINK | F_SEAL_GROW | SEALS_WRITE;
	if ((seals & ~to_node(inode)->seals & F_SEAL_WRITE) && object_may_change(inode->object))
		return -EBUSY;
	to_node(inode)->seals |= seals;
	return 0;
}

int seals_add(struct file *file, unsigned seals)
{
	struct inode *inode = file_inode(file);
	int result;

	if (seals & ~(unsigned)SEALS_ALL)
		return -EINVAL;
	result = mutex_lock_killable(&to_node(inode)->lock);
	if (result)
		return result;
	result = seals_apply(inode, seals);
	mutex_unlock(&to_node(inode)->lock);
	return result;
}

int seals_get(struct file *file)
{
	struct inode *inode = file_inode(file);
	unsigned seals;
	int err = mutex_lock_killable(&to_node(inode)->lock);

	if (err)
		return err;
	seals = to_node(inode)->seals;
	mutex_unlock(&to_node(inode)->lock);
	return (int)seals;
}

int seals_check_size(struct inode *inode, uint64_t size)
{
	uint64_t now = object_size(inode->object);

	if (size < now && (to_node(inode)->seals & F_SEAL_SHRINK))
		return -EPERM;
	return size > now && (to_node(inode)->seals & F_SEAL_GROW) ? -EPERM : 0;
}

ssize_t seals_check_write(struct inode *inode, uint64_t at, size_t n)
{
	uint64_t size = object_size(inode->object), whole = ALIGN_DOWN(size, WRITE_CHUNK);

	if (to_node(inode)->seals & SEALS_WRITE)
		return -EPERM;
	if (!(to_node(inode)->seals & F_SEAL_GROW) || (at <= size && n <= size - at))
		return (ssize_t)n;
	return at < whole ? (ssize_t)(whole - at) : -EPERM;
}

int seals_check_punch(struct inode *inode)
{
	return to_node(inode)->seals & SEALS_WRITE ? -EPERM : 0;
}

int seals_map_begin(struct file *file, unsigned prot, unsigned *max_prot)
{
	struct inode *inode = file_inode(file);
	int err = mutex_lock_killable(&to_node(inode)->lock);

	if (err)
		return err;
	if (!(to_node(inode)->seals & SEALS_WRITE))
		return 0;
	/* If the open mode does not allow writing, the caller refuses that with its own error. */
	if (prot & *max_prot & VM_PROT_WRITE) {
		mutex_unlock(&to_node(inode)->lock);
		return -EPERM;
	}
	*max_prot &= ~(unsigned)VM_PROT_WRITE;
	return 0;
}

void seals_map_end(struct file *file)
{
	mutex_unlock(&to_node(file_inode(file))->lock);
}

int seals_check_mode(struct inode *inode, uint32_t mode)
{
	bool changes = ((inode->mode ^ mode) & 0111) != 0;

	return changes && (to_node(inode)->seals & F_SEAL_EXEC) ? -EPERM : 0;
}
