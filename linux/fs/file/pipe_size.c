/* SPDX-License-Identifier: MIT */
/* Pipes of other sizes: rings with more slots or fewer. */
#include "linux/fs/file/pipe_size.h"

#include "desc/pipe_impl.h"
#include "mm/phys/kmalloc.h"

static uint32_t size_most = PIPE_SIZE_MOST; /* atomic */

/* A power of 2, of a page at least. 0: there is none. */
static uint64_t round_size(uint64_t size)
{
	uint64_t rounded = PIPE_RING_PAGE;

	if (size > 1ul << 31)
		return 0;
	while (rounded < size)
		rounded *= 2;
	return rounded;
}

uint64_t pipe_size_most(void)
{
	return atomic_load_relaxed(&size_most);
}

int pipe_set_size_most(uint64_t size)
{
	uint64_t rounded = round_size(size);

	if (rounded == 0)
		return -EINVAL;
	atomic_store_relaxed(&size_most, (uint32_t)rounded);
	return 0;
}

long pipe_size(struct file *file)
{
	struct pipe *pipe = file_pipe(file);
	long size;

	mutex_lock(&pipe->lock);
	size = (long)(pipe_ring_nslots(&pipe->ring) * PIPE_RING_PAGE);
	mutex_unlock(&pipe->lock);
	return size;
}

size_t pipe_bytes(struct file *file)
{
	struct pipe *pipe = file_pipe(file);
	size_t bytes;

	mutex_lock(&pipe->lock);
	bytes = pipe_ring_bytes(&pipe->ring);
	mutex_unlock(&pipe->lock);
	return bytes;
}

/* Exchanges the array of slots. NULL: it becomes the pipe's own. */
static int resize_ring(struct pipe *pipe, struct pipe_slot *slot, uint32_t nslots)
{
	struct pipe_ring *ring = &pipe->ring;
	struct pipe_slot few[PIPE_RING_SLOTS], *old = ring->slot;
	uint32_t old_nslots = pipe_ring_nslots(ring);
	size_t used = ring->head - ring->tail;

	if (used > nslots)
		return -EBUSY;
	if (slot) {
		pipe_ring_resize(ring, slot, nslots);
	} else { /* in between, as the slots may be there already */
		pipe_ring_resize(ring, few, nslots);
		pipe_ring_resize(ring, ring->few, nslots);
	}
	pipe_free_slots(old, old_nslots);
	return 0;
}

long pipe_set_size(struct file *file, uint64_t size, bool any)
{
	struct pipe *pipe = file_pipe(file);
	uint64_t rounded = round_size(size);
	uint32_t nslots = (uint32_t)(rounded / PIPE_RING_PAGE);
	struct pipe_slot *slot = NULL;
	int err;

	if (rounded == 0)
		return -EINVAL;
	if (rounded > (uint64_t)pipe_size(file) && rounded > pipe_size_most() && !any)
		return -EPERM;
	if (pipe_slot_bytes(nslots) != 0) {
		if (file_memory_charge((size_t)pipe_slot_bytes(nslots)) != 0)
			return -ENOMEM;
		slot = kmalloc((size_t)pipe_slot_bytes(nslots));
		if (!slot) {
			file_memory_add(-pipe_slot_bytes(nslots));
			return -ENOMEM;
		}
	}
	mutex_lock(&pipe->lock);
	err = resize_ring(pipe, slot, nslots);
	mutex_unlock(&pipe->lock);
	if (err)
		pipe_free_slots(slot, nslots);
	else
		waitq_wake_all(&pipe->writable);
	return err ? err : (long)rounded;
}
