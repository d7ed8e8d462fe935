/* SPDX-License-Identifier: MIT */
/* What programs that serve open files have in common. */
#define _GNU_SOURCE
#include "lib/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/ipc.h"

#define FILES_USUAL 256

/*
 * What the next server finds of a file, in memory that outlives this one. The cookie is stored when ops->open() is done, and is 0
 * again when ops->close() is done.
 */
struct record {
	_Atomic uint64_t cookie; /* 0: there is no file */
	uint64_t open[3];	 /* as in struct served_file */
	char data[];
};

/* At the start of that memory. */
struct recovery {
	_Atomic uint64_t nused; /* the first records, the only ones that may be files */
	uint64_t rest_of_line[7];
};

/* An open file; `file` is its first field. */
struct slot {
	struct serve_file file;
	_Atomic uint64_t generation;
	pthread_mutex_t lock;
	struct record *record;
	void *own;
	bool opened; /* ops->open() has been called for it */
	bool adopted;
	/* guarded by table_lock: */
	/* Threads that have found it; the last one closes the file if it is `closing`, and so not in the table. */
	unsigned users;
	bool closing;
	struct slot *next; /* of those with the same place in the table, or that are free */
};

static const struct serve_ops *serve_ops;
static int serve_receive;
static struct slot *slots;
static size_t nslots;
static char *owns;
static struct recovery *recovery_memory;
static struct slot **table; /* nslots lists, by cookie */
static struct slot *unused;
/* Guards table, unused, and what slots have for it. */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * A server's generations begin so far above what the kernel knows: callers of the last server may still be about to tell the
 * kernel of its answers.
 */
#define LATE_ANSWERS 0xffffful

/* ---- the table of files ---- */

static size_t record_size(void)
{
	return (sizeof(struct record) + serve_ops->data_size + 63) / 64 * 64;
}

static struct record *record_of(size_t i)
{
	return (struct record *)((char *)(recovery_memory + 1) + i * record_size());
}

/* There is nobody to keep out where there is one thread. */
static void serve_lock(pthread_mutex_t *lock)
{
	if (serve_ops->threads > 1)
		pthread_mutex_lock(lock);
}

static void serve_unlock(pthread_mutex_t *lock)
{
	if (serve_ops->threads > 1)
		pthread_mutex_unlock(lock);
}

static struct slot **slot_place(uint64_t cookie)
{
	return &table[cookie % nslots];
}

/* Returns the file's slot, for slot_put(), or NULL. */
static struct slot *slot_get(uint64_t cookie)
{
	struct slot *slot;

	serve_lock(&table_lock);
	for (slot = *slot_place(cookie); slot && slot->file.cookie != cookie; slot = slot->next)
		;
	if (slot)
		slot->users++;
	serve_unlock(&table_lock);
	return slot;
}

static void slot_link(struct slot *slot)
{
	slot->next = *slot_place(slot->file.cookie);
	*slot_place(slot->file.cookie) = slot;
}

static void slot_unlink(struct slot *slot)
{
	struct slot **link = slot_place(slot->file.cookie);

	while (*link != slot)
		link = &(*link)->next;
	*link = slot->next;
}

static void slot_put_back(struct slot *slot)
{
	slot->next = unused;
	unused = slot;
}

static void slot_describe(struct slot *slot, const struct served_file *from)
{
	slot->file = (struct serve_file){
		.cookie = from->cookie,
		.flags = (uint32_t)from->open[0],
		.pid = (pid_t)(from->open[0] >> 32),
		.uid = (uid_t)from->open[1],
		.gid = (gid_t)(from->open[1] >> 32),
		.badge = from->open[2],
		.data = slot->record->data,
		.own = slot->own,
		.peer = from->peer,
		.from = from->from,
		.waits = from->waits != 0,
	};
}

/* So few words that memcpy() would cost more. */
static void open_copy(uint64_t to[3], const uint64_t from[3])
{
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
}

static void slot_begin(struct slot *slot, uint64_t state)
{
	atomic_store(&slot->generation, SERVED_GENERATION(state) + LATE_ANSWERS);
}

static void slot_init(struct slot *slot)
{
	size_t i = (size_t)(slot - slots);

	pthread_mutex_init(&slot->lock, NULL);
	slot->record = record_of(i);
	slot->own = owns + i * serve_ops->own_size;
	slot->opened = true;
}

/* Takes a slot that is free, or one that was never used. The lock is held. */
static struct slot *slot_unused(void)
{
	size_t nused = atomic_load(&recovery_memory->nused);
	struct slot *slot = unused;

	if (slot) {
		unused = slot->next;
	} else if (nused < nslots) {
		slot = &slots[nused];
		slot_init(slot);
		atomic_store(&recovery_memory->nused, nused + 1);
	}
	return slot;
}

static bool slots_are_left(void)
{
	return unused || atomic_load(&recovery_memory->nused) < nslots;
}

static struct slot *slot_create(const struct served_file *from)
{
	struct slot *slot;

	serve_lock(&table_lock);
	slot = slot_unused();
	if (slot) {
		memset(slot->own, 0, serve_ops->own_size);
		slot_describe(slot, from);
		slot->opened = slot->closing = false;
		slot->users = 1;
		slot_link(slot);
	}
	serve_unlock(&table_lock);
	return slot;
}

/* No other thread finds it any more. The caller has got it, and puts it. */
static void slot_close(struct slot *slot)
{
	serve_lock(&table_lock);
	if (!slot->closing)
		slot_unlink(slot);
	slot->closing = true;
	serve_unlock(&table_lock);
}

static void slot_put(struct slot *slot)
{
	bool last;

	serve_lock(&table_lock);
	last = --slot->users == 0 && slot->closing;
	serve_unlock(&table_lock);
	if (!last)
		return;
	if (slot->opened && serve_ops->close)
		serve_ops->close(&slot->file);
	atomic_store(&slot->record->cookie, 0);
	serve_lock(&table_lock);
	slot_put_back(slot);
	serve_unlock(&table_lock);
}

/* ---- states ---- */

static uint64_t slot_state(struct slot *slot, uint64_t generation)
{
	return SERVED_STATE(generation, serve_ops->events(&slot->file));
}

/*
 * The next generation, and then what can be done. Whoever changes that does so before: so of two states the one of the higher
 * generation has both changes, whichever thread is ahead.
 */
static uint64_t slot_next_state(struct slot *slot)
{
	return slot_state(slot, atomic_fetch_add(&slot->generation, 1) + 1);
}

int serve_join(struct serve_file *one, struct serve_file *other)
{
	int err = (int)ipc_join(serve_receive, one->cookie, other->cookie);

	return err == -EBUSY ? 0 : err;
}

int serve_files_wait(uint64_t number, struct serve_file *at)
{
	return (int)ipc_wait_at(serve_receive, number, at->cookie);
}

void serve_files_close(uint64_t number)
{
	ipc_drop(serve_receive, number);
}

struct serve_file *serve_find(uint64_t cookie)
{
	struct slot *slot = cookie ? slot_get(cookie) : NULL;

	return slot ? &slot->file : NULL;
}

void serve_put(struct serve_file *file)
{
	slot_put((struct slot *)file);
}

struct serve_file *serve_next(size_t *i)
{
	struct slot *slot = NULL;

	while (!slot && *i < atomic_load(&recovery_memory->nused)) {
		uint64_t cookie = atomic_load(&slots[(*i)++].record->cookie);

		slot = cookie ? slot_get(cookie) : NULL;
	}
	return slot ? &slot->file : NULL;
}

void serve_changed(struct serve_file *file)
{
	ipc_post(serve_receive, file->cookie, slot_next_state((struct slot *)file));
}

size_t serve_files_most(void)
{
	return nslots;
}

/* ---- requests ---- */

/* Copies up to n bytes of the `size` that travel in words, from or to where `at` is. */
static size_t words_span(const struct serve_request *request, size_t at, size_t n)
{
	return n < request->size - at ? n : request->size - at;
}

size_t serve_take(struct serve_request *request, void *to, size_t n)
{
	long done;

	if (request->words) {
		done = (long)words_span(request, request->taken, n);
		memcpy(to, (char *)request->words + request->taken, (size_t)done);
	} else {
		done = ipc_read(serve_receive, request->rcvid, to, n, request->taken);
	}
	request->taken += done > 0 ? (size_t)done : 0;
	return done > 0 ? (size_t)done : 0;
}

size_t serve_give(struct serve_request *request, const void *from, size_t n)
{
	long done;

	if (request->words) {
		done = (long)words_span(request, request->given, n);
		memcpy((char *)request->words + request->given, from, (size_t)done);
	} else {
		done = ipc_write(serve_receive, request->rcvid, from, n, request->given);
	}
	request->given += done > 0 ? (size_t)done : 0;
	return done > 0 ? (size_t)done : 0;
}

static ssize_t serve_call_function(struct slot *slot, uint32_t op, struct serve_request *request)
{
	struct serve_file *file = &slot->file;

	switch (op) {
	case SERVED_READ:
		return serve_ops->read ? serve_ops->read(file, request) : -EINVAL;
	case SERVED_WRITE:
		return serve_ops->write ? serve_ops->write(file, request) : -EINVAL;
	case SERVED_CTL:
		return serve_ops->ctl ? serve_ops->ctl(file, request) : -ENOTTY;
	default:
		return -ENOSYS;
	}
}

/*
 * Answers a request for a file that is open. Of -EAGAIN the generation has to be that of what the function saw, so it is read
 * before. Each change has a generation of its own: of what can be done, and what was written, which somebody may wait for.
 */
static void serve_answer_request(struct slot *slot, struct serve_request *request,
				 struct ipc_message *m)
{
	uint32_t op = SERVED_OP(m->word[0]);
	uint64_t generation;
	unsigned before;
	ssize_t result;

	request->number = SERVED_NUMBER(m->word[0]);
	request->size = m->word[1];
	if (op == SERVED_CTL) {
		request->command = m->word[1];
		request->argument = m->word[2];
		request->shut = (unsigned)m->word[3];
	} else if (request->size <= SERVED_SHORT) {
		request->words = &m->word[2];
	}
	serve_lock(&slot->lock);
	generation = atomic_load(&slot->generation);
	before = serve_ops->events(&slot->file);
	result = serve_call_function(slot, op, request);
	if (result >= 0 &&
	    ((op != SERVED_READ && !request->quiet) || serve_ops->events(&slot->file) != before))
		m->word[1] = slot_next_state(slot);
	else
		m->word[1] = slot_state(slot, generation);
	serve_unlock(&slot->lock);
	m->word[0] = (uint64_t)result;
	if (op != SERVED_READ) {
		m->word[2] = request->length;
		m->word[3] = request->file;
	}
}

/* Returns the slot of a file that it has opened. Its caller may be killed meanwhile, and the pulse may come to another thread. */
static int slot_open(const struct served_file *from, struct slot **slot_ret)
{
	struct slot *slot = slot_create(from);
	int err;

	if (!slot)
		return -ENFILE;
	slot_begin(slot, from->state);
	memset(slot->record->data, 0,
	       serve_ops->cleared_size ? serve_ops->cleared_size : serve_ops->data_size);
	err = serve_ops->open ? serve_ops->open(&slot->file) : 0;
	if (err) {
		slot_close(slot);
		slot_put(slot);
		return err;
	}
	open_copy(slot->record->open, from->open);
	slot->opened = true;
	atomic_store(&slot->record->cookie, from->cookie);
	*slot_ret = slot;
	return 0;
}

int serve_connect(struct serve_file *file, struct serve_file *from, enum serve_how how,
		  struct serve_file **made_ret)
{
	struct served_file made = { .peer = file->cookie, .from = from->cookie, .waits = 1 };
	struct slot *slot;
	long cookie = slots_are_left()
			      ? ipc_connect(serve_receive, how == SERVE_APART ? 0 : file->cookie,
					    from->cookie,
					    how == SERVE_JOIN_HALF_OPEN ? IPC_HALF_OPEN : 0)
			      : -ENFILE;
	int err;

	if (cookie < 0)
		return (int)cookie;
	made.cookie = (uint64_t)cookie | IPC_BADGE_SERVED;
	open_copy(made.open, ((struct slot *)from)->record->open);
	err = slot_open(&made, &slot);
	if (err) {
		ipc_drop(serve_receive, made.cookie);
		return err;
	}
	file->peer = made.cookie;
	*made_ret = &slot->file;
	return 0;
}

void serve_drop(struct serve_file *file)
{
	ipc_drop(serve_receive, file->cookie);
}

/* Returns the slot, for slot_put(). If the last server had the file open before it ended, it is open. */
static int serve_open(const struct ipc_message *m, uint64_t cookie, struct slot **slot_ret)
{
	const struct served_file from = { .cookie = cookie,
					  .open = { m->word[1], m->word[2], m->word[3] } };

	*slot_ret = slot_get(cookie);
	return *slot_ret ? 0 : slot_open(&from, slot_ret);
}

/* If it fails, there are pulses for those that are open. */
static int serve_open_pair(struct slot *slot, const struct ipc_message *m,
			   struct serve_request *request)
{
	struct slot *other;
	int err = serve_ops->pair ? serve_open(m, m->badge + 1, &other) : -EOPNOTSUPP;

	if (err)
		return err;
	err = serve_ops->pair(&slot->file, &other->file, request);
	slot_put(other);
	return err;
}

static void serve_answer_open(struct ipc_message *m, struct serve_request *request)
{
	struct slot *slot;
	int err = serve_open(m, m->badge, &slot);
	uint64_t state = 0;

	if (err == 0 && SERVED_OP(m->word[0]) == SERVED_OPEN_PAIR)
		err = serve_open_pair(slot, m, request);
	if (err == 0)
		state = slot_next_state(slot);
	if (slot)
		slot_put(slot);
	m->word[0] = (uint64_t)err;
	m->word[1] = state;
}

static void serve_answer(struct serve_request *request, struct ipc_message *m)
{
	struct slot *slot = slot_get(m->badge);

	if (slot) {
		serve_answer_request(slot, request, m);
		slot_put(slot);
	} else {
		m->word[0] = (uint64_t)-EIO;
		m->word[1] = 0;
	}
}

static void serve_closed(uint64_t cookie, bool lost)
{
	struct slot *slot = slot_get(cookie);

	if (!slot)
		return;
	slot->file.lost = lost;
	slot_close(slot);
	slot_put(slot);
}

static bool opens(uint32_t op)
{
	return op == SERVED_OPEN || op == SERVED_OPEN_PAIR;
}

/* Nobody waits for the answer to this open. The pulse may have come before the slot was there. */
static void serve_unasked(uint64_t cookie)
{
	struct served_file found;

	if (ipc_files(serve_receive, cookie, &found, 1) != 1 || found.cookie != cookie)
		serve_closed(cookie, false);
}

/* Nobody waits for the last answer. */
static void serve_unheard(uint32_t op, uint64_t cookie, const struct serve_request *request)
{
	struct slot *slot;

	if (opens(op)) {
		serve_unasked(cookie);
		if (op == SERVED_OPEN_PAIR)
			serve_unasked(cookie + 1);
		return;
	}
	slot = request->command && serve_ops->unheard ? slot_get(cookie) : NULL;
	if (!slot && request->file)
		ipc_drop(serve_receive, request->file);
	if (!slot)
		return;
	serve_lock(&slot->lock);
	serve_ops->unheard(&slot->file, request);
	serve_unlock(&slot->lock);
	serve_changed(&slot->file);
	slot_put(slot);
}

static void serve_trace(bool made)
{
	if (serve_ops->traced)
		serve_ops->traced(made);
}

/* A thread of the server. Returns an errno that ends it. */
static void *serve_loop(void *unused_arg)
{
	struct ipc_message m = { 0 };
	struct serve_request request = { 0 };
	uint32_t op = 0;
	long rcvid = 0;

	(void)unused_arg;
	for (;;) {
		rcvid = ipc_reply_receive(serve_receive, rcvid, &m, IPC_NEVER);
		if (rcvid == -ESRCH)
			serve_unheard(op, m.badge, &request);
		if (rcvid == -ESRCH || rcvid == -EINTR) {
			rcvid = 0; /* who has asked is gone */
			continue;
		}
		if (rcvid < 0)
			return (void *)rcvid;
		serve_trace(false);
		op = SERVED_OP(m.word[0]);
		if (rcvid == 0) {
			if (m.word[0] == IPC_PULSE_CLOSED)
				serve_closed(m.badge, m.word[1] != 0);
			serve_trace(true);
			continue;
		}
		request = (struct serve_request){ .rcvid = rcvid };
		if (opens(op))
			serve_answer_open(&m, &request);
		else
			serve_answer(&request, &m);
		serve_trace(true);
	}
}

/* ---- the start ---- */

/* Makes room for a slot for each record. Those records with a cookie are files that the last server had open. */
static int serve_set_up(int recovery)
{
	size_t size = sizeof(struct recovery) + FILES_USUAL * record_size();
	struct stat st;
	void *memory;

	if (recovery >= 0 && fstat(recovery, &st) == 0)
		size = (size_t)st.st_size;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      recovery >= 0 ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS, recovery, 0);
	if (memory == MAP_FAILED)
		return -errno;
	recovery_memory = memory;
	nslots = size < sizeof(struct recovery) ? 0
						: (size - sizeof(struct recovery)) / record_size();
	slots = calloc(nslots, sizeof(*slots));
	table = calloc(nslots, sizeof(struct slot *));
	owns = calloc(nslots, serve_ops->own_size + 1);
	if (nslots == 0 || !slots || !table || !owns)
		return -ENOMEM;
	for (size_t i = 0; i < atomic_load(&recovery_memory->nused); i++) {
		struct slot *slot = &slots[i];
		struct served_file found = { 0 };

		slot_init(slot);
		found.cookie = atomic_load(&slot->record->cookie);
		memcpy(found.open, slot->record->open, sizeof(found.open));
		slot_describe(slot, &found);
		if (slot->file.cookie)
			slot_link(slot);
		else
			slot_put_back(slot);
	}
	return 0;
}

/*
 * Calls `visit` for each file that the kernel has open here. Files that came with a message which the last server had are closed, as the
 * message is lost. Others come with a request that waits.
 */
static int serve_for_each_file(void (*visit)(const struct served_file *file))
{
	struct served_file found[SERVED_FILES_MOST];
	uint64_t from = 0;
	long n;

	while ((n = ipc_files(serve_receive, from, found, SERVED_FILES_MOST)) > 0) {
		for (long i = 0; i < n; i++)
			if (found[i].open[2] != SERVED_IN_FLIGHT)
				visit(&found[i]);
			else if (found[i].from)
				ipc_drop(serve_receive, found[i].cookie);
		from = found[n - 1].cookie + 1;
	}
	return (int)n;
}

static void file_adopt(const struct served_file *from)
{
	struct slot *slot = slot_get(from->cookie);

	if (!slot)
		return;
	slot_describe(slot, from);
	slot_begin(slot, from->state);
	slot->adopted = true;
	slot_put(slot);
}

/* Opens a file that the last server did not have open yet, or not in the memory that is left. */
static void file_attach(const struct served_file *from)
{
	struct slot *slot = slot_get(from->cookie);

	if (!slot && slot_open(from, &slot) != 0)
		return;
	if (serve_ops->attached)
		serve_ops->attached(&slot->file);
	slot_put(slot);
}

/* Tells the kernel what it can do. */
static void file_tell(const struct served_file *from)
{
	struct slot *slot = slot_get(from->cookie);
	uint64_t refused =
		SERVED_STATE(SERVED_GENERATION(from->state) + LATE_ANSWERS, POLLHUP | POLLERR);

	if (slot) {
		serve_changed(&slot->file);
		slot_put(slot);
	} else {
		ipc_post(serve_receive, from->cookie, refused);
	}
}

/* Goes on where another server has ended. */
static int serve_attach(void)
{
	int err = serve_for_each_file(file_adopt);

	for (size_t i = 0; i < atomic_load(&recovery_memory->nused); i++)
		if (atomic_load(&slots[i].record->cookie) && !slots[i].adopted)
			serve_closed(slots[i].file.cookie, false);
	if (err == 0)
		err = serve_for_each_file(file_attach);
	return err ? err : serve_for_each_file(file_tell);
}

/* Starts the other threads, and is one. */
static int serve_by_threads(void)
{
	pthread_t thread;

	for (unsigned i = 1; i < serve_ops->threads; i++)
		if (pthread_create(&thread, NULL, serve_loop, NULL) != 0)
			break; /* fewer do as well */
	return (int)(long)serve_loop(NULL);
}

static int serve_fail(const char *what, int err)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(-err));
	return 1;
}

/* Without anybody who starts servers: makes an endpoint, and gives it the name. */
static int serve_make_name(const char *path)
{
	int send, err;

	serve_receive = ipc_create(IPC_CLOEXEC);
	if (serve_receive < 0)
		return serve_receive;
	send = ipc_badge(serve_receive, 0, IPC_CLOEXEC);
	if (send < 0)
		return send;
	err = (int)ipc_name(AT_FDCWD, path, 0666, send);
	close(send);
	return err;
}

int serve_main(int argc, char **argv, const struct serve_ops *ops)
{
	const char *path = NULL;
	int recovery = -1, err;

	serve_receive = -1;
	serve_ops = ops;
	for (int i = 1; i < argc; i++)
		if (i + 1 < argc && strcmp(argv[i], "--endpoint") == 0)
			serve_receive = atoi(argv[++i]);
		else if (i + 1 < argc && strcmp(argv[i], "--recovery") == 0)
			recovery = atoi(argv[++i]);
		else
			path = argv[i];
	if (serve_receive < 0 && !path) {
		fprintf(stderr, "usage: %s PATH\n", program_invocation_short_name);
		return 2;
	}
	err = serve_set_up(recovery);
	if (err)
		return serve_fail("memory for files", err);
	if (serve_receive < 0)
		err = serve_make_name(path);
	if (err)
		return serve_fail(path, err);
	err = serve_attach();
	if (err == 0)
		err = serve_by_threads();
	return serve_fail("endpoint", err);
}

/* ---- queues ---- */

static uint32_t queue_position(uint64_t word)
{
	return (uint32_t)word;
}

static uint32_t queue_number(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static uint64_t queue_word(uint32_t number, uint32_t position)
{
	return (uint64_t)number << 32 | position;
}

/* Of two threads the slower one has it: whoever asked was killed, and the next request was served meanwhile. */
static bool queue_is_older(uint32_t number, uint32_t noted)
{
	return (int32_t)(number - noted) < 0;
}

/* Where in the bytes a position is, and how many follow there without a gap. */
static char *queue_at(struct serve_queue *queue, uint32_t at, size_t *span)
{
	uint32_t offset = at % sizeof(queue->bytes);

	if (*span > sizeof(queue->bytes) - offset)
		*span = sizeof(queue->bytes) - offset;
	return queue->bytes + offset;
}

ssize_t serve_queue_put(struct serve_queue *queue, const struct serve_request *request,
			const void *from, size_t n)
{
	uint64_t put = atomic_load(&queue->put);
	uint32_t end = queue_position(put);
	size_t room = SERVE_QUEUE_BYTES - (end - queue_position(atomic_load(&queue->got)));

	if (queue_number(put) == request->number)
		return (ssize_t)(end - queue->before_put);
	if (queue_is_older(request->number, queue_number(put)))
		return -EAGAIN;
	n = n < room ? n : room;
	if (n == 0)
		return -EAGAIN;
	for (size_t done = 0, span; done < n; done += span) {
		char *to;

		span = n - done;
		to = queue_at(queue, end + (uint32_t)done, &span);
		memcpy(to, (const char *)from + done, span);
	}
	queue->before_put = end;
	atomic_store(&queue->put, queue_word(request->number, end + (uint32_t)n));
	return (ssize_t)n;
}

ssize_t serve_queue_get(struct serve_queue *queue, struct serve_request *request)
{
	uint64_t got = atomic_load(&queue->got);
	bool again = queue_number(got) == request->number;
	uint32_t from = again ? queue->before_got : queue_position(got);
	size_t n = (again ? queue_position(got) : queue_position(atomic_load(&queue->put))) - from;
	size_t done = 0, span, given;

	n = n < request->size ? n : request->size;
	if (n == 0 || queue_is_older(request->number, queue_number(got)))
		return -EAGAIN;
	do {
		char *bytes;

		span = n - done;
		bytes = queue_at(queue, from + (uint32_t)done, &span);
		given = serve_give(request, bytes, span);
		done += given;
	} while (done < n && given == span);
	if (done == 0)
		return -EAGAIN;
	queue->before_got = from;
	atomic_store(&queue->got, queue_word(request->number, from + (uint32_t)done));
	return (ssize_t)done;
}

unsigned serve_queue_events(const struct serve_queue *queue)
{
	uint32_t n =
		queue_position(atomic_load(&queue->put)) - queue_position(atomic_load(&queue->got));

	return (n ? POLLIN : 0u) | (n < SERVE_QUEUE_BYTES ? POLLOUT : 0u);
}
