/* SPDX-License-Identifier: MIT */
/* User-level pagers: memory objects whose missing pages a server supplies. */
/*
 * A missing page is a call of the kernel's, and its frame is the buffer that the call lets be written. So the server writes
 * to the frame by ipc_write() until it answers, and neither sees what was in the frame before nor reaches the page
 * afterwards. No program writes to the page: mappings of the object are private or read-only. So the page is always clean;
 * when memory is short it goes, and the server is asked again.
 *
 * A server may take as long as it likes. A thread that waits for a page can be killed, and when nobody has or maps the object
 * any more, its calls are taken back. So what waits for a silent server has users who can end that, and at most READS_MAX
 * frames of each object wait. The memory of these reads is part of the object: a fault allocates its frame only.
 */
#include "ipc/pager.h"

#include "abi/errno.h"
#include "desc/anon_file.h"
#include "ipc/call.h"
#include "ipc/transfer.h"
#include "mm/object/object.h"
#include "mm/object/page_cache.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

#define READS_MAX 4u

/*
 * A page that the server is asked for. Private to the thread that starts the call, and then to the one that ends it or takes
 * it back.
 */
struct pager_read {
	struct call call;
	struct ipc_words words;
	struct transfer transfer;
	struct pager *pager; /* const */
	struct page *page;   /* NULL: the read is free. Guarded by object.lock */
};

struct pager {
	struct object object;		    /* has its own lock */
	struct file *send;		    /* const; referenced */
	uint32_t users;			    /* atomic: the open file, and each object_use() */
	struct pager_read reads[READS_MAX]; /* of each, `page` is guarded by object.lock */
};

/* What the object counts as (file_memory_charge()) until it is destroyed: its reads may have a frame each. */
#define PAGER_BYTES ((ssize_t)(sizeof(struct pager) + READS_MAX * PAGE_SIZE))

/* Woken when a read of any pager becomes free. An object may go away while a thread still has a sample of its queue. */
static struct waitq read_freed = WAITQ_INIT(read_freed);

static struct pager *to_pager(struct object *object)
{
	return container_of(object, struct pager, object);
}

/* ---- reads ---- */

/* The answer is the page's first `count` bytes; 0: there is no such page. This may drop the last reference to the object. */
static void pager_read_end(struct pager_read *read, size_t count)
{
	struct object *object = &read->pager->object;
	struct page *page = read->page;

	spin_lock(&object->lock);
	read->page = NULL;
	spin_unlock(&object->lock);
	waitq_wake_all(&read_freed);
	page_read_run_end(&page, 1, count);
}

/* A server that claims more than it has written has not supplied the page. */
static void pager_read_ended(struct call *call, int result)
{
	struct pager_read *read = container_of(call, struct pager_read, call);
	uint64_t count = read->words.word[0];

	pager_read_end(read, result == 0 && count <= read->transfer.received ? count : 0);
}

/* Takes back the calls that the server has not answered. */
static void pager_withdraw(struct pager *pager)
{
	for (unsigned i = 0; i < READS_MAX; i++) {
		struct pager_read *read = &pager->reads[i];

		if (call_withdraw(pager->send, &read->call, UINT64_MAX) != CALL_DONE)
			pager_read_end(read, 0);
	}
}

/* Returns NULL if all reads are under way. */
static struct pager_read *pager_read_begin(struct pager *pager, struct page *page)
{
	struct pager_read *read = NULL;

	spin_lock(&pager->object.lock);
	for (unsigned i = 0; i < READS_MAX && !read; i++)
		if (!pager->reads[i].page)
			read = &pager->reads[i];
	if (read)
		read->page = page;
	spin_unlock(&pager->object.lock);
	return read;
}

/* If the last user leaves before the call has started, it does not find the call. Then the call is taken back here. */
static int pager_read_page(struct object *object, struct page *page, struct vm_wait *wait)
{
	struct pager *pager = to_pager(object);
	uint64_t seq = waitq_sample(&read_freed);
	struct pager_read *read = pager_read_begin(pager, page);

	wait->major = true;
	if (!read) {
		wait->why = WAITS_FOR_SERVER;
		wait->queue = &read_freed;
		wait->seq = seq;
		return VM_WAIT;
	}
	read->words = (struct ipc_words){ { IPC_READ_PAGE, page->index, 1 } };
	transfer_init(&read->transfer);
	read->transfer.receive.page = &read->page;
	read->transfer.receive.length = PAGE_SIZE;
	call_start(pager->send, &read->call);
	if (atomic_load(&pager->users) == 0)
		pager_withdraw(pager);
	return 0;
}

static bool pager_deadlocks(struct object *object)
{
	return call_deadlocks(to_pager(object)->send);
}

/* ---- the object ---- */

static void pager_used(struct object *object)
{
	atomic_add(&to_pager(object)->users, 1);
}

static void pager_unused(struct object *object)
{
	if (atomic_add(&to_pager(object)->users, -1u) == 1)
		pager_withdraw(to_pager(object));
}

static void pager_holds(struct object *object)
{
	counted_found(&to_pager(object)->send->counted);
}

static void pager_destroy(struct object *object)
{
	file_put(to_pager(object)->send);
	file_memory_add(-PAGER_BYTES);
	kfree(to_pager(object));
}

static const struct object_ops pager_ops = {
	.name = "pager",
	.served = true,
	.read_page = pager_read_page,
	.deadlocks = pager_deadlocks,
	.used = pager_used,
	.unused = pager_unused,
	.holds = pager_holds,
	.destroy = pager_destroy,
};

/* ---- the file ---- */

static struct object *pager_object(struct file *file)
{
	return file->node;
}

static int pager_stat(struct file *file, struct abi_stat *st)
{
	int err = anon_file_stat(file, st);

	st->size = (int64_t)object_size(file->node);
	return err;
}

static void pager_release(struct file *file)
{
	object_unuse(file->node);
}

static void pager_file_holds(struct file *file)
{
	object_use_found(file->node);
}

static const struct file_ops pager_file_ops = {
	.name = "pager",
	.stays = true,
	.stat = pager_stat,
	.object = pager_object,
	.release = pager_release,
	.holds = pager_file_holds,
};

static void pager_init(struct pager *pager, struct file *send, uint64_t size)
{
	file_get(send);
	pager->send = send;
	for (unsigned i = 0; i < READS_MAX; i++) {
		pager->reads[i].pager = pager;
		pager->reads[i].call = (struct call){ .words = &pager->reads[i].words,
						      .transfer = &pager->reads[i].transfer,
						      .state = CALL_DONE,
						      .ended = pager_read_ended };
	}
	object_init(&pager->object, &pager_ops, size);
	pager->users = 1;
}

int pager_create(struct file *send, uint64_t size, struct file **file_ret)
{
	struct pager *pager;

	if (!endpoint_is_send(send) || size == 0 || size > OBJECT_SIZE_MAX)
		return -EINVAL;
	if (file_memory_charge(FILE_BYTES + PAGER_BYTES) != 0)
		return -ENFILE;
	pager = mem_wait_kzalloc(sizeof(*pager));
	if (pager)
		pager_init(pager, send, size);
	else
		file_memory_add(-PAGER_BYTES);
	*file_ret = pager ? file_create(&pager_file_ops, O_RDONLY, &pager->object) : NULL;
	file_memory_add(-FILE_BYTES);
	if (pager && !*file_ret)
		object_put(&pager->object);
	return *file_ret ? 0 : -ENOMEM;
}
