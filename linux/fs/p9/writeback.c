/* SPDX-License-Identifier: MIT */
/* Write-back: finds dirty pages, sends them to the server in runs, and remembers what became of that. */
/*
 * A store or a write makes a page PAGE_DIRTY. The kernel thread writes a page that has been dirty for
 * a while. It does so at once after the last munmap() or the end of a process, if too many pages are
 * dirty, or if memory is short. fsync(), msync(), close() and sync() start the requests themselves,
 * and wait.
 *
 * A request has a run of neighbours, and is made in three steps:
 *
 * 1. Each page loses PAGE_DIRTY and gets PAGE_WRITING.
 * 2. Write permission is taken from all entries that map the pages.
 * 3. The request starts. The server reads the bytes out of the pages themselves.
 *
 * A store before step 2 is seen by the server; a later one faults, and makes its page dirty again. A
 * page that get_user_page() has pinned gets bytes without a fault, so it stays dirty. A page that
 * becomes dirty while it is PAGE_WRITING is written once more, when the first request is answered.
 *
 * What the server refuses is lost, as on Linux: the bytes stay in memory until the next open. fsync()
 * or close() of each open file returns the error once. The log has it too, because not every program
 * asks.
 */
#include "linux/fs/p9/writeback.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/log.h"
#include "lib/bits.h"
#include "linux/fs/p9/data.h"
#include "linux/fs/p9/node.h"
#include "linux/fs/p9/open_fids.h"
#include "linux/fs/p9/removal.h"
#include "linux/fs/p9/request.h"
#include "linux/fs/vfs/mount.h"
#include "linux/process/task.h"
#include "mm/object/page_cache.h"
#include "mm/object/page_index.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/page_age.h"
#include "mm/verbs.h"
#include "proc/mem_wait.h"
#include "proc/thread.h"
#include "proc/wait.h"

/* The most pages of one request, requests under way of one file, and pages seen in one hold of a lock. */
#define RUN_PAGES    32u
#define REQUESTS_MAX 8u
#define SCAN_MAX     256u

/* How long a page stays dirty if it is not hurried, and how soon what had no memory is tried again. */
#define AGE_NS	 (2 * NSEC_PER_SEC)
#define RETRY_NS (NSEC_PER_SEC / 100)

/* The least time between two messages of the log about lost pages. */
#define TELL_NS (10 * NSEC_PER_SEC)

/*
 * So many dirty pages are allowed: these parts of memory of one mount, and of all together; but some of
 * each mount in any case, so that no thread waits for another mount's server.
 */
#define DIRTY_PART     8u
#define ALL_DIRTY_PART 4u
#define DIRTY_LEAST    64u

/* Answers in sequence with less than a page, after which the server is thought to be unable. */
#define STALLS_MAX 8u

/* One Twrite. Guarded by the lock of the object, `request` as it says; const while the server has it. */
struct p9_twrite_run {
	struct p9_request request;
	struct p9_data *data; /* referenced */
	struct list link;     /* in data->wb.runs, from take_run() on */
	uint64_t number;      /* of the file's requests: they are numbered as they begin */
	uint64_t offset;
	uint32_t count; /* bytes */
	unsigned npages;
	bool is_mapped;
	struct page *page[RUN_PAGES];
};

/* Pages that are dirty or being written, of all sessions. Atomic. */
static uint64_t nunwritten;

void p9_writeback_init(struct p9_data *data)
{
	mutex_init(&data->visit, LOCK_VISIT);
	waitq_init(&data->wb.written);
	list_init(&data->wb.dirty.link);
	data->wb.dirty.data = data;
	list_init(&data->wb.runs);
}

void p9_writeback_find_held(struct p9_data *data)
{
	size_t nruns = list_length(&data->wb.runs);

	if (data->wb.listed)
		path_found(&data->node->inode);
	while (nruns--)
		object_found(&data->object);
}

int p9_writeback_begin(struct p9_session *session)
{
	spin_init(&session->dirty_lock, LOCK_PAGE_CACHE);
	list_init(&session->dirty);
	waitq_init(&session->cleaned);
	session->reserve = mem_wait_kzalloc(sizeof(*session->reserve));
	return session->reserve ? 0 : -ENOMEM;
}

/* ---- dirty pages ---- */

static inline bool is_unwritten(const struct page *page)
{
	return page_has(page, PAGE_DIRTY | PAGE_WRITING);
}

static bool has_unwritten_locked(const struct p9_data *data)
{
	assert_hardened(spin_lock_held(&data->object.lock));
	return data->wb.ndirty || data->wb.nwriting;
}

bool p9_has_unwritten(struct p9_data *data)
{
	bool has;

	spin_lock(&data->object.lock);
	has = has_unwritten_locked(data);
	spin_unlock(&data->object.lock);
	return has;
}

/* The file is used from here on until nothing of it is dirty any more. */
static void enlist(struct p9_data *data)
{
	struct p9_session *session = data->session;

	data->wb.listed = true;
	path_get(&data->node->inode);
	p9_use(data->node);
	spin_lock(&session->dirty_lock);
	list_add_tail(&session->dirty, &data->wb.dirty.link);
	session->ndirty_files++;
	spin_unlock(&session->dirty_lock);
	p9_sessions_look_before(data->wb.dirty_tick + clock_ns_to_ticks(AGE_NS));
}

static void count_unwritten(struct p9_session *session, int by)
{
	atomic_add(&session->nunwritten, (uint32_t)by);
	atomic_add(&nunwritten, (uint64_t)by);
}

/* What is to be written has not been, or is to be once more. */
static void dirty_again(struct p9_data *data, struct page *page)
{
	assert_hardened(spin_lock_held(&data->object.lock) && page->owner == &data->object);
	atomic_add(&data->changes, 1);
	if (page_has(page, PAGE_DIRTY))
		return;
	if (!is_unwritten(page))
		count_unwritten(data->session, 1);
	page_set_dirty(page);
	if (data->wb.ndirty == 0) {
		data->wb.first = data->wb.last = page->index;
		data->wb.dirty_tick = arch_time();
	}
	data->wb.first = MIN(data->wb.first, page->index);
	data->wb.last = MAX(data->wb.last, page->index);
	data->wb.ndirty++;
	if (!data->wb.listed)
		enlist(data);
}

void p9_dirty_page(struct p9_data *data, struct page *page)
{
	if (!page_has(page, PAGE_DIRTY))
		current_task()->dirtied_bytes += PAGE_SIZE;
	dirty_again(data, page);
}

void p9_stored(struct object *object, struct page *page)
{
	struct p9_data *data = to_p9_data(object);

	p9_dirty_page(data, page);
	inode_changed_now(&data->node->inode);
}

/* A page that is cut off need not be written any more. */
void p9_page_left(struct object *object, struct page *page)
{
	struct p9_data *data = to_p9_data(object);

	if (!page_has(page, PAGE_DIRTY))
		return;
	current_task()->io.cancelled_bytes += PAGE_SIZE;
	page_clear(page, PAGE_DIRTY);
	data->wb.ndirty--;
	if (!is_unwritten(page))
		count_unwritten(data->session, -1);
}

/* ---- too many of them ---- */

/* Are there more than 1/part of the pages that are allowed? */
static bool is_over(const struct p9_session *session, unsigned part)
{
	size_t total = page_alloc_total_count(), own = atomic_load(&session->nunwritten);

	return own > DIRTY_LEAST / part &&
	       (own > total / (DIRTY_PART * part) ||
		atomic_load(&nunwritten) > total / (ALL_DIRTY_PART * part));
}

void p9_write_soon(struct p9_data *data)
{
	if (!atomic_load_relaxed(&data->wb.is_hurried))
		atomic_store(&data->wb.is_hurried, 1u);
	p9_sessions_look_before(0);
}

void p9_write_session_soon(struct p9_session *session)
{
	atomic_store(&session->is_hurried, 1u);
	p9_sessions_look_before(0);
}

void p9_write_page(struct object *object, struct page *page)
{
	(void)page;
	p9_write_soon(to_p9_data(object));
}

/* A munmap(), a close() that did not wait, or the end of a process. */
void p9_writer_left(struct object *object)
{
	struct p9_data *data = to_p9_data(object);

	if (data->wb.ndirty)
		p9_write_soon(data);
}

int p9_may_store(struct object *object, struct vm_wait *wait)
{
	struct p9_data *data = to_p9_data(object);
	struct p9_session *session = data->session;
	uint64_t seq = waitq_sample(&session->cleaned);

	if (likely(!is_over(session, 2)))
		return 0;
	p9_sessions_look_before(0);
	if (!is_over(session, 1))
		return 0;
	p9_write_session_soon(session);
	wait->queue = &session->cleaned;
	wait->seq = seq;
	wait->why = WAITS_FOR_CLEAN_PAGES;
	return VM_WAIT;
}

int p9_throttle(struct p9_data *data)
{
	struct vm_wait wait;
	int err = 0;

	while (!err && p9_may_store(&data->object, &wait) == VM_WAIT) {
		if (p9_session_deadlocks(data->session))
			break;
		err = thread_wait(wait.queue, wait.seq);
	}
	return err;
}

/* ---- the end of a request ---- */

static void note_error(struct p9_data *data, int err, unsigned npages)
{
	atomic_store(&data->session->lost_error, err);
	atomic_add(&data->session->npages_lost, npages);
	data->error = err;
	atomic_add(&data->nerrors, 1);
	p9_data_doubtful(data);
}

/* Is this page one of those that the server has taken as a whole? */
static bool p9_twrite_is_taken(const struct p9_twrite_run *run, unsigned i, uint32_t count)
{
	return MIN((i + 1) * PAGE_SIZE, run->count) <= count;
}

/* A page that is to be written again may have been cut off meanwhile. */
static void p9_twrite_end_page(struct p9_data *data, struct page *page, bool again)
{
	if (again && page->owner == &data->object)
		dirty_again(data, page);
	page_end_write(page);
	if (!is_unwritten(page))
		count_unwritten(data->session, -1);
}

/* The server has the file up to there: what is missing is read from it. */
static void raise_backed(struct p9_data *data, uint64_t end)
{
	if (end > data->object.backed)
		atomic_store_relaxed(&data->object.backed, end);
}

/*
 * Counts answers that bring nothing forward, and those that came for a part. Returns the error that
 * the request ends with.
 */
static int judge_locked(struct p9_twrite_run *run, int err, uint32_t count)
{
	struct p9_data *data = run->data;

	assert_hardened(spin_lock_held(&data->object.lock));
	if (!err && count < run->count)
		atomic_add(&data->wb.nshort, 1);
	data->wb.nstalled = err || p9_twrite_is_taken(run, 0, count) ? 0 : data->wb.nstalled + 1;
	if (data->wb.nstalled < STALLS_MAX)
		return err;
	data->wb.nstalled = 0;
	return -EIO;
}

/* Pages are dirty again where the server has not taken them. */
static void end_locked(struct p9_twrite_run *run, int err, uint32_t count)
{
	struct p9_data *data = run->data;

	assert_hardened(spin_lock_held(&data->object.lock));
	for (unsigned i = 0; i < run->npages; i++)
		p9_twrite_end_page(data, run->page[i], !err && !p9_twrite_is_taken(run, i, count));
	atomic_add(&data->changes, 1);
	list_del(&run->link);
	data->wb.nwriting--;
}

/* The request is over: wakes all threads that wait, and drops what it refers to. */
static void run_is_over(struct p9_twrite_run *run, bool idle)
{
	struct p9_data *data = run->data;

	for (unsigned i = 0; i < run->npages; i++)
		page_put(run->page[i]);
	waitq_wake_all(&data->wb.written);
	waitq_wake_all(&data->session->cleaned);
	if (idle || atomic_load_relaxed(&data->wb.is_waiting))
		p9_sessions_look_before(0);
	object_put(&data->object);
}

/*
 * The server has taken `count` bytes, or none because of an error. What it did not take is dirty
 * again, unless it never takes any. Pages that it has are read from there, should they be dropped.
 */
static void end_run(struct p9_twrite_run *run, int err, uint32_t count)
{
	struct p9_data *data = run->data;
	bool idle;

	if (!err)
		p9_data_changed(data);
	spin_lock(&data->object.lock);
	err = judge_locked(run, err, count);
	if (err)
		note_error(data, err, run->npages);
	else
		raise_backed(data, MIN(run->offset + count, data->object.size));
	end_locked(run, err, count);
	idle = !data->wb.nwriting;
	spin_unlock(&data->object.lock);
	run_is_over(run, idle);
}

/* It could not be sent: all is as before. */
static void undo_run(struct p9_twrite_run *run)
{
	struct p9_data *data = run->data;

	spin_lock(&data->object.lock);
	end_locked(run, 0, 0);
	spin_unlock(&data->object.lock);
	run_is_over(run, false);
}

static int p9_twrite_check_reply(const struct p9_twrite_run *run, int result, uint32_t *count_ret)
{
	size_t came = run->request.transfer.received;
	size_t in_head = MIN(came, sizeof(run->request.reply));
	struct p9_packet packet = { run->request.reply, in_head, came };
	struct p9_rwrite got = { 0 };

	if (result)
		return -EIO;
	result = p9_decode_rwrite(&packet, run->request.tag, run->count, &got);
	*count_ret = got.count;
	return result == 0 && got.count == 0 ? -EIO : result;
}

static void run_ended(struct p9_request *request, int result)
{
	struct p9_twrite_run *run = container_of(request, struct p9_twrite_run, request);
	uint32_t count = 0;
	int err = p9_twrite_check_reply(run, result, &count);

	end_run(run, err, count);
}

/* ---- the start of a request ---- */

static struct p9_twrite_run *run_alloc(struct p9_session *session)
{
	struct p9_twrite_run *run = kmalloc(sizeof(*run));

	if (!run)
		run = atomic_exchange(&session->reserve, NULL);
	if (run)
		run->npages = 0;
	return run;
}

static void run_free(struct p9_session *session, struct p9_twrite_run *run)
{
	run = atomic_exchange(&session->reserve, run);
	kfree(run);
}

static void request_free(struct p9_request *request)
{
	run_free(request->session, container_of(request, struct p9_twrite_run, request));
}

static void take_page(struct p9_data *data, struct p9_twrite_run *run, struct page *page)
{
	page_get(page);
	page_start_write(page);
	data->wb.ndirty--;
	run->page[run->npages++] = page;
}

/*
 * Takes the next dirty pages from *next on that are neighbours, and moves *next behind them. What is
 * being written already is left for later. Not all are looked at in one hold of the lock.
 */
static void take_pages(struct p9_data *data, struct p9_twrite_run *run, uint64_t *next,
		       uint64_t end)
{
	unsigned most = MIN(RUN_PAGES, (data->session->msize - P9_TWRITE_HEAD_BYTES) / PAGE_SIZE);
	uint64_t stop = MIN(MIN(end, data->wb.last + 1), object_pages(data->object.size));
	uint64_t at = MAX(*next, data->wb.first), index;

	for (unsigned seen = 0; seen < SCAN_MAX && run->npages < most; seen++) {
		struct page *page = NULL;

		index = at;
		if (data->wb.ndirty && at < stop)
			page = radix_next(&data->object.pages, &index, stop - 1);
		if (!page) { /* there is no other one */
			at = end;
			break;
		}
		if (run->npages && index != at)
			break;
		if (!index_is_page(page) ||
		    (page_state(page) & (PAGE_DIRTY | PAGE_WRITING)) != PAGE_DIRTY) {
			if (run->npages)
				break;
		} else {
			take_page(data, run, page);
		}
		at = index + 1;
	}
	*next = at;
}

/*
 * The caller holds object.lock. Returns false if there is nothing to be written, or a bar: who has raised
 * that waits only for the runs that it has seen.
 */
static bool take_run(struct p9_data *data, struct p9_twrite_run *run, uint64_t *next, uint64_t end)
{
	assert_hardened(spin_lock_held(&data->object.lock));
	if (!data->wb.barred)
		take_pages(data, run, next, end);
	if (!run->npages)
		return false;
	run->data = data;
	run->offset = run->page[0]->index << PAGE_SHIFT;
	run->count = (uint32_t)MIN(run->npages * PAGE_SIZE, data->object.size - run->offset);
	run->is_mapped = data->object.nwritable != 0;
	object_get(&data->object);
	data->wb.nwriting++;
	run->number = ++data->wb.nruns;
	list_add_tail(&data->wb.runs, &run->link);
	return true;
}

/* A pinned page may get other bytes without a fault, whether or not it is still mapped. */
static void keep_pinned(struct p9_data *data, struct p9_twrite_run *run)
{
	spin_lock(&data->object.lock);
	for (unsigned i = 0; i < run->npages; i++)
		if (page_is_pinned(run->page[i]) && run->page[i]->owner == &data->object)
			dirty_again(data, run->page[i]);
	spin_unlock(&data->object.lock);
}

/* Takes the run of pages that is next, so that each store from here on makes its page dirty again. */
static bool prepare_run(struct p9_data *data, struct p9_twrite_run *run, uint64_t *next,
			uint64_t end)
{
	struct object *object = &data->object;
	bool taken;

	mutex_lock(&data->visit);
	spin_lock(&object->lock);
	taken = take_run(data, run, next, end);
	spin_unlock(&object->lock);
	if (taken && run->is_mapped)
		vm_protect_object(object, run->offset, run->offset + run->npages * PAGE_SIZE);
	if (taken)
		keep_pinned(data, run);
	mutex_unlock(&data->visit);
	return taken;
}

static struct p9_fid *writer_of(struct p9_data *data)
{
	struct p9_fid *fid = NULL;

	spin_lock(&data->object.lock);
	if (data->writer)
		fid = p9_fid_get(data->writer);
	spin_unlock(&data->object.lock);
	return fid;
}

/* Sends it. If the server takes no more requests, its pages are lost. Returns false if there is no tag. */
static bool send_run(struct p9_data *data, struct p9_twrite_run *run)
{
	struct p9_twrite ask = { .offset = run->offset, .count = run->count };
	struct p9_session *session = data->session;
	struct p9_fid *fid = writer_of(data);
	bool lost = !fid || p9_is_stuck(session);
	ssize_t n;

	if (lost || !p9_request_init(session, &run->request)) {
		p9_fid_put(fid);
		if (lost)
			end_run(run, -EIO, 0);
		else
			undo_run(run);
		run_free(session, run);
		return lost;
	}
	run->request.ended = run_ended;
	run->request.free = request_free;
	run->request.fid = fid;
	run->request.transfer.send.page = run->page;
	run->request.transfer.send.length = run->count;
	ask.fid = fid->number;
	n = p9_encode_twrite(run->request.head, sizeof(run->request.head), run->request.tag, &ask);
	assert(n > 0);
	p9_request_start(&run->request, (size_t)n);
	return true;
}

static bool may_start(struct p9_data *data)
{
	bool may;

	spin_lock(&data->object.lock);
	may = !data->wb.barred && data->wb.nwriting < REQUESTS_MAX;
	spin_unlock(&data->object.lock);
	return may;
}

/*
 * Starts one request, if there is a dirty page in [*next, end), and moves *next on. Returns 0;
 * -EAGAIN if there are too many of them or a bar, and data->wb.written will be woken; or -ENOMEM.
 */
static int start_one(struct p9_data *data, uint64_t *next, uint64_t end)
{
	struct p9_twrite_run *run;
	uint64_t from = *next;

	if (!may_start(data))
		return -EAGAIN;
	run = run_alloc(data->session);
	if (!run)
		return -ENOMEM;
	if (!prepare_run(data, run, next, end)) {
		run_free(data->session, run);
	} else if (!send_run(data, run)) {
		*next = from;
		return -ENOMEM;
	}
	return 0;
}

/* ---- files with nothing dirty ---- */

/*
 * Takes the file out of the list, unless it has something to be written. The caller has a reference to
 * the object.
 */
static void retire(struct p9_data *data)
{
	struct p9_session *session = data->session;
	struct p9_node *node = data->node;
	bool ended;

	spin_lock(&data->object.lock);
	ended = data->wb.listed && !has_unwritten_locked(data);
	if (ended) {
		data->wb.listed = false;
		atomic_store(&data->wb.is_hurried, 0u);
		atomic_store(&data->wb.is_waiting, 0u);
		spin_lock(&session->dirty_lock);
		list_del(&data->wb.dirty.link);
		session->ndirty_files--;
		atomic_add(&session->nretiring, 1);
		spin_unlock(&session->dirty_lock);
	}
	spin_unlock(&data->object.lock);
	if (!ended)
		return;
	p9_data_close_writer(data);
	p9_unuse(node, false);
	path_put(&node->inode);
	if (atomic_add(&session->nretiring, -1u) == 1)
		waitq_wake_all(&session->cleaned);
}

/* For an unmount, which needs files that are no longer used. */
static void wait_for_retiring(struct p9_session *session, uint64_t deadline)
{
	uint64_t seq;

	do
		seq = waitq_sample(&session->cleaned);
	while (atomic_load(&session->nretiring) &&
	       thread_wait_until(&session->cleaned, seq, deadline) == 0);
}

/*
 * A thread that goes through the files which are listed at its begin. It has a place of its own in the
 * list, so that several may do so at a time, and none misses a file because of another.
 */
/* `place` is guarded by dirty_lock, the rest private to the thread. */
struct walk {
	struct p9_session *session;
	struct p9_dirty place;
	uint32_t left; /* files that are enlisted later are not looked at for ever */
};

static void walk_begin(struct walk *walk, struct p9_session *session)
{
	walk->session = session;
	walk->place.data = NULL;
	spin_lock(&session->dirty_lock);
	list_add(&session->dirty, &walk->place.link);
	walk->left = session->ndirty_files;
	spin_unlock(&session->dirty_lock);
}

/* Returns the next file, with a reference; NULL: there is none. */
static struct p9_data *walk_next(struct walk *walk)
{
	struct p9_session *session = walk->session;
	struct p9_data *data = NULL;
	struct p9_dirty *entry;

	if (!walk->left)
		return NULL;
	walk->left--;
	spin_lock(&session->dirty_lock);
	for (struct list *at = walk->place.link.next; !data && at != &session->dirty;
	     at = at->next) {
		entry = list_entry(at, struct p9_dirty, link);
		data = entry->data; /* or it is the place of another thread */
	}
	if (data) {
		list_del(&walk->place.link);
		list_add(&data->wb.dirty.link, &walk->place.link);
		object_get(&data->object);
	}
	spin_unlock(&session->dirty_lock);
	return data;
}

static void walk_end(struct walk *walk)
{
	spin_lock(&walk->session->dirty_lock);
	list_del(&walk->place.link);
	spin_unlock(&walk->session->dirty_lock);
}

/* ---- waiting ---- */

/* Waits until data->wb.written is woken after seq was sampled. */
static int wait_written(struct p9_data *data, uint64_t seq, uint64_t deadline)
{
	return deadline == UINT64_MAX ? thread_wait(&data->wb.written, seq)
				      : thread_wait_until(&data->wb.written, seq, deadline);
}

/* Is a request under way that is one of the first n? Sets *seq_ret for a wait for its end. */
static bool has_run_of(struct p9_data *data, uint64_t n, uint64_t *seq_ret)
{
	bool has = false;

	spin_lock(&data->object.lock);
	*seq_ret = waitq_sample(&data->wb.written);
	if (!list_empty(&data->wb.runs))
		has = list_first_entry(&data->wb.runs, struct p9_twrite_run, link)->number <= n;
	spin_unlock(&data->object.lock);
	return has;
}

/* Waits for what has begun until now. Others may begin meanwhile. */
static int wait_for_runs(struct p9_data *data, uint64_t deadline)
{
	uint64_t n, seq;
	int err = 0;

	spin_lock(&data->object.lock);
	n = data->wb.nruns;
	spin_unlock(&data->object.lock);
	while (!err && has_run_of(data, n, &seq))
		err = wait_written(data, seq, deadline);
	return err;
}

/* Without memory, what is under way gives some back; or else it is tried again soon. */
static int wait_for_start(struct p9_data *data, int why, uint64_t seq, uint64_t deadline)
{
	uint64_t soon = clock_deadline_in(RETRY_NS);
	int err;

	if (why == -EAGAIN || soon >= deadline)
		return wait_written(data, seq, deadline);
	err = thread_wait_until(&data->wb.written, seq, soon);
	return err == -ETIMEDOUT ? 0 : err;
}

/* Starts requests for all that is dirty, and waits for the answers. */
static int flush_once(struct p9_data *data, uint64_t first, uint64_t end, uint64_t deadline)
{
	uint64_t next = first;
	int err = 0;

	while (!err && next < end) {
		uint64_t seq = waitq_sample(&data->wb.written);

		err = start_one(data, &next, end);
		if (err)
			err = wait_for_start(data, err, seq, deadline);
	}
	return err ? err : wait_for_runs(data, deadline);
}

/*
 * What was being written at first may have become dirty before: it is written the second time. What a
 * server takes a part of is sent until it has all.
 */
int p9_flush(struct p9_data *data, uint64_t first, uint64_t end, uint64_t deadline)
{
	uint32_t nshort = 0;
	int err = 0;

	if (!p9_has_unwritten(data))
		return 0;
	if (p9_session_deadlocks(data->session))
		return -EDEADLK;
	atomic_add(&data->wb.nflushing, 1);
	for (unsigned times = 0; !err && (times < 2 || atomic_load(&data->wb.nshort) != nshort);
	     times++) {
		nshort = atomic_load(&data->wb.nshort);
		err = flush_once(data, first, end, deadline);
	}
	if (atomic_add(&data->wb.nflushing, -1u) == 1)
		p9_sessions_look_before(0);
	retire(data);
	return err;
}

int p9_sync_object(struct object *object, uint64_t start, uint64_t end)
{
	struct p9_data *data = to_p9_data(object);
	int err = p9_flush(data, start >> PAGE_SHIFT, object_pages(end), UINT64_MAX);
	uint32_t nerrors = atomic_load(&data->nerrors);

	if (err || atomic_exchange(&data->nsynced, nerrors) == nerrors)
		return err;
	return atomic_load(&data->error);
}

static void tell_lost(struct p9_session *session)
{
	uint32_t n = atomic_exchange(&session->npages_lost, 0u);

	if (n)
		log_warn("9p", "what was written to %u %s of files is lost: error %d", n,
			 n == 1 ? "page" : "pages", -atomic_load(&session->lost_error));
}

static void tell_unwritten(struct p9_session *session)
{
	uint32_t n = atomic_load(&session->nunwritten);

	if (n)
		log_warn("9p", "%u %s of files could not be written in time", n,
			 n == 1 ? "page" : "pages");
}

/* With a deadline the machine ends: the loss is logged here or nowhere. */
int p9_sync_session(struct p9_session *session, uint64_t deadline)
{
	struct p9_data *data;
	int err = 0, result;
	struct walk walk;

	walk_begin(&walk, session);
	while (err != -EINTR && (data = walk_next(&walk))) {
		result = p9_flush(data, 0, P9_PAGES_END, deadline);
		err = result ? result : err;
		retire(data);
		object_put(&data->object);
	}
	walk_end(&walk);
	wait_for_retiring(session, deadline);
	p9_wait_for_removals(session, deadline);
	if (deadline != UINT64_MAX) {
		tell_lost(session);
		tell_unwritten(session);
	}
	return err;
}

int p9_bar(struct p9_data *data)
{
	int err;

	spin_lock(&data->object.lock);
	data->wb.barred = true;
	spin_unlock(&data->object.lock);
	err = wait_for_runs(data, UINT64_MAX);
	if (err)
		p9_lift_bar(data);
	return err;
}

void p9_pages_cut(struct p9_data *data)
{
	waitq_wake_all(&data->session->cleaned);
	p9_sessions_look_before(0);
}

void p9_lift_bar(struct p9_data *data)
{
	spin_lock(&data->object.lock);
	data->wb.barred = false;
	spin_unlock(&data->object.lock);
	waitq_wake_all(&data->wb.written);
	if (atomic_load_relaxed(&data->wb.is_waiting))
		p9_sessions_look_before(0);
}

/* ---- the kernel thread ---- */

/* When the file's pages are due: UINT64_MAX if there are none. */
static uint64_t due_tick(struct p9_data *data)
{
	uint64_t tick = UINT64_MAX;

	spin_lock(&data->object.lock);
	if (data->wb.ndirty)
		tick = data->wb.dirty_tick + clock_ns_to_ticks(AGE_NS);
	spin_unlock(&data->object.lock);
	return tick;
}

/* What is dirty after a pass over the file has its time from then on. */
static void pass_is_over(struct p9_data *data, uint64_t now, uint64_t *next)
{
	spin_lock(&data->object.lock);
	data->wb.dirty_tick = now;
	if (data->wb.ndirty)
		*next = MIN(*next, now + clock_ns_to_ticks(AGE_NS));
	spin_unlock(&data->object.lock);
}

/*
 * Makes a pass over the file, or goes on with one. If it cannot go on, the end of a request or of a bar wakes the thread, or
 * it looks again soon.
 *
 * No wake-up is lost: is_waiting is set before may_start() looks for room once more. object.lock orders this against
 * the code that makes room, which changes `nwriting` or `barred` with the lock held and looks at is_waiting
 * afterwards. So either may_start() sees the room, or that code sees is_waiting.
 */
static void write_file(struct p9_data *data, uint64_t now, uint64_t *next)
{
	int err = 0;

	atomic_store(&data->wb.is_hurried,
		     0u); /* if it is set from here on, another pass follows */
	atomic_store(&data->wb.is_waiting, 0u);
	while (!err && data->wb.cursor < P9_PAGES_END)
		err = start_one(data, &data->wb.cursor, P9_PAGES_END);
	if (!err) {
		data->wb.cursor = 0;
		pass_is_over(data, now, next);
		return;
	}
	atomic_store(&data->wb.is_waiting, 1u);
	if (err == -ENOMEM)
		*next = MIN(*next, now + clock_ns_to_ticks(RETRY_NS));
	else if (may_start(data)) /* there was room already */
		*next = now;
}

/*
 * A file that other threads flush is left to them: this thread's requests would count against their limit (REQUESTS_MAX) for
 * as long as programs go on writing.
 */
static void tend_file(struct p9_data *data, bool all, uint64_t now, uint64_t *next)
{
	uint64_t due = due_tick(data);

	if (all && due != UINT64_MAX)
		atomic_store(&data->wb.is_hurried, 1u);
	if (due == UINT64_MAX) {
		retire(data);
		/* A store just now may have made it dirty again, which wakes no thread. */
		*next = MIN(*next, due_tick(data));
	} else if (atomic_load(&data->wb.nflushing)) {
		return;
	} else if (due <= now || atomic_load(&data->wb.is_hurried) ||
		   atomic_load(&data->wb.is_waiting)) {
		write_file(data, now, next);
	} else {
		*next = MIN(*next, due);
	}
}

static void tell_sometimes(struct p9_session *session, uint64_t now, uint64_t *next)
{
	if (!atomic_load(&session->npages_lost))
		return;
	if (now >= session->tells_tick) {
		tell_lost(session);
		session->tells_tick = now + clock_ns_to_ticks(TELL_NS);
	} else {
		*next = MIN(*next, session->tells_tick);
	}
}

void p9_writeback_tend(struct p9_session *session, uint64_t now, uint64_t *next)
{
	bool all = atomic_exchange(&session->is_hurried, 0u) || is_over(session, 2);

	struct p9_data *data;
	struct walk walk;

	walk_begin(&walk, session);
	while ((data = walk_next(&walk))) {
		tend_file(data, all, now, next);
		object_put(&data->object);
	}
	walk_end(&walk);
	tell_sometimes(session, now, next);
}
