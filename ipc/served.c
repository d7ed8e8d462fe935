/* SPDX-License-Identifier: MIT */
/* Open files that a program serves. */
/*
 * The server never holds a caller. So it needs no thread for a caller that waits, and no message for a signal: only the kernel
 * sleeps. A reader samples the file's queue. If the last mask lacks POLLIN, it sleeps on the sample. Else it asks; after -EAGAIN
 * it sleeps on the sample, which is older than the request. So a post in between has either been seen by the server, or it has
 * moved the queue. No edge is lost.
 *
 * If the server ends, a request is made again at the next one, with the same number. tests/models/served.pml is the protocol.
 */
#include "ipc/served.h"

#include "abi/errno.h"
#include "abi/poll.h"
#include "base/clock.h"
#include "desc/duplex.h"
#include "desc/in_flight.h"
#include "desc/pipe.h"
#include "desc/poll.h"
#include "desc/turn.h"
#include "ipc/call.h"
#include "ipc/transfer.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "mm/swap/relieve.h"
#include "proc/wait.h"

/* A request has so many bytes at most. */
#define REQUEST_PAGES 16u

/*
 * A request that so many servers have not survived fails: it may be what ends them. A server that was too late counts as half of
 * them, so that nobody waits for a third one.
 */
#define SERVERS_MOST 16

enum { READS, WRITES, CTLS, OPS };

/* The requests of one operation: one at a time. */
struct requests {
	struct turn turn;
	uint32_t number; /* of the last one; the turn guards it */
};

struct served {
	struct mailbox
		mailbox; /* first, for ops->has_mailbox; guarded by in_flight_lock of desc/in_flight.c */
	struct served_link link; /* guarded as ipc/call.h says */
	/* const: */
	uint64_t open[3]; /* words of SERVED_OPEN */
	/* Set once, with the endpoint's lock held, while the link is in its tree: */
	struct duplex duplex;
	uint64_t peer;		    /* the cookie of the other side; 0: none */
	const struct file_ops *ops; /* of its open file; const */
	struct pipe_listener
		in; /* of the duplex's way in, which has a reference to the link; const */
	/* atomic: */
	struct pipe_listener *listener; /* set once, with the endpoint's lock held; NULL: none */
	struct served_link *
		at; /* while it waits to be taken, by those who use that file, and with a reference; or NULL */
	uint64_t from;	/* its cookie, also later; 0: there never was one */
	bool signs;	/* who uses the file wants to know who has written what they read */
	uint64_t state; /* of the highest generation that is known */
	uint64_t longest_wait[2];
	uint64_t kept[2];
	/* guarded by its own turn: */
	struct requests requests[OPS];
};

static SLAB_CACHE(served_cache, struct served);

static const struct file_ops parcel_ops;

static struct served *to_served(const struct file *file)
{
	return file->data;
}

/* Wakes whoever waits for the file, if the state is a newer one. */
static void served_tell(struct served *served, uint64_t state)
{
	uint64_t old;

	do {
		old = atomic_load(&served->state);
		if (SERVED_GENERATION(state) <= SERVED_GENERATION(old))
			return;
	} while (!atomic_cas(&served->state, old, state));
	waitq_wake_all(&served->link.changed);
}

/* ---- requests ---- */

/* The last errno that Linux has: those beyond are the kernel's own. */
#define ERRNO_LAST 133

/*
 * The server has ended, or was too late: makes the request of the next ones, as long as one server may take twice over. The words
 * are as they were.
 */
static __attribute__((noinline)) int repeat(struct served *served, struct ipc_words *words,
					    struct transfer *transfer, int err)
{
	uint64_t end = arch_time() + 2 * clock_ns_to_ticks(endpoint_request_ns);
	unsigned tries = 0;

	while (err == -EPIPE || err == -ETIMEDOUT) {
		tries += err == -ETIMEDOUT ? SERVERS_MOST / 2 : 1;
		if (!endpoint_may_repeat(served->link.sender.endpoint, err == -ETIMEDOUT) ||
		    tries >= SERVERS_MOST || arch_time() >= end)
			return -EIO;
		if (transfer)
			transfer->received = 0;
		err = endpoint_call_served(&served->link, words, transfer);
	}
	return thread_mark_restart(err);
}

/* Makes a request. Returns the first word of the answer if that is 0 to `most`, or a negative errno. */
static inline int64_t served_ask(struct served *served, struct ipc_words *words,
				 struct transfer *transfer, uint64_t most)
{
	int err = endpoint_call_served(&served->link, words, transfer);
	int64_t result;

	if (unlikely(err != 0))
		err = repeat(served, words, transfer, err);
	if (unlikely(err != 0))
		return err;
	result = (int64_t)words->word[0];
	served_tell(served, words->word[1]);
	return result >= -ERRNO_LAST && (result < 0 || (uint64_t)result <= most) ? result : -EIO;
}

/* Makes a request when it is the turn of this operation on the file, with the next number. */
static inline int64_t served_ask_in_turn(struct file *file, unsigned which,
					 const struct user_iter *iter, struct ipc_words *words,
					 struct transfer *transfer, uint64_t most)
{
	static const uint32_t ops[] = { SERVED_READ, SERVED_WRITE, SERVED_CTL };
	struct requests *requests = &to_served(file)->requests[which];
	int64_t done;

	if (unlikely(!turn_try(&requests->turn))) {
		done = which == CTLS ? turn_take_killable(&requests->turn)
				     : turn_take(&requests->turn, file_nonblock(file, iter));
		if (done)
			return done;
	}
	words->word[0] = SERVED_WORD(ops[which], ++requests->number);
	done = served_ask(to_served(file), words, transfer, most);
	turn_give(&requests->turn);
	return done;
}

static __attribute__((noinline)) void advance_in_pieces(struct user_iter *iter, size_t n)
{
	while (n) {
		size_t span = MIN(user_iter_span(iter), n);

		user_iter_advance(iter, span);
		n -= span;
	}
}

static inline void served_advance(struct user_iter *iter, size_t n)
{
	if (unlikely(iter->kernel != NULL))
		user_iter_advance_kernel(iter, n);
	else if (likely(n <= iter->len))
		user_iter_advance(iter, n);
	else
		advance_in_pieces(iter, n);
}

/* user_iter_fault_in() for the next n bytes, which most often are in one word. */
static inline int make_writable(const struct user_iter *iter, size_t n)
{
	vaddr_t word = ALIGN_DOWN(iter->base, sizeof(uint32_t));

	if (likely(n <= iter->len && iter->base + n <= word + sizeof(uint32_t)))
		return user_touch_word(word);
	return user_iter_fault_in(iter, n, true);
}

/* So few bytes travel in the words. What may fail because of the program's memory comes before the request. (Inline: a byte of a device costs 54 instructions more by a call.) */
static inline __attribute__((always_inline)) int64_t ask_shortly(struct file *file, unsigned which,
								 struct user_iter *iter,
								 struct ipc_words *words)
{
	size_t n = MIN(iter->left, (size_t)SERVED_SHORT);
	int64_t done;

	words->word[1] = n;
	words->word[2] = words->word[3] = 0;
	if (which == WRITES) {
		struct user_iter from = *iter;

		if (user_iter_copy_in(&from, &words->word[2], n) != n)
			return -EFAULT;
	} else if (make_writable(iter, n) != 0) {
		return -EFAULT; /* before the server gives its bytes away */
	}
	done = served_ask_in_turn(file, which, iter, words, NULL, n);
	if (done <= 0)
		return done;
	if (which == WRITES)
		served_advance(iter, (size_t)done);
	else if (user_iter_copy_out(iter, &words->word[2], (size_t)done) != (size_t)done)
		return -EFAULT;
	return done;
}

static inline int64_t ask_with_buffer(struct file *file, unsigned which, struct user_iter *iter,
				      struct ipc_words *words)
{
	unsigned access = which == READS ? VM_PROT_WRITE : VM_PROT_READ;
	struct page *page[REQUEST_PAGES];
	struct transfer transfer;
	int64_t n = transfer_begin_iter(&transfer, page, REQUEST_PAGES, iter, access), done;

	if (n <= 0)
		return n;
	words->word[1] = (uint64_t)n;
	words->word[2] = words->word[3] = 0;
	done = served_ask_in_turn(file, which, iter, words, &transfer, (uint64_t)n);
	transfer_end_iter(&transfer, access);
	if (which == READS && done > (int64_t)transfer.received)
		return -EIO; /* more than it has written */
	if (done > 0)
		served_advance(iter, (size_t)done);
	return done;
}

/* A buffer of a request is in one segment. */
static inline bool is_short(struct user_iter *iter)
{
	if (iter->left <= SERVED_SHORT)
		return true;
	return unlikely(iter->len <= SERVED_SHORT && !iter->kernel) &&
	       user_iter_span(iter) <= SERVED_SHORT;
}

static inline __attribute__((always_inline)) int64_t ask_once(struct file *file, unsigned which,
							      struct user_iter *iter,
							      struct ipc_words *words)
{
	int64_t done = is_short(iter) ? ask_shortly(file, which, iter, words)
				      : ask_with_buffer(file, which, iter, words);

	return which == WRITES && done == 0 ? -EIO : done;
}

int64_t served_once(struct file *file, struct user_iter *iter, bool writes, struct ipc_words *words)
{
	return ask_once(file, writes ? WRITES : READS, iter, words);
}

/* Waits until the server has something (POLLIN) or takes something (POLLOUT), and has it do so once. */
static inline __attribute__((always_inline)) int64_t served_some(struct file *file,
								 struct user_iter *iter,
								 unsigned which)
{
	struct served *served = to_served(file);
	unsigned needs = (which == READS ? POLLIN : POLLOUT) | POLLERR | POLLHUP;

	for (;;) {
		uint64_t seq = waitq_sample(&served->link.changed);
		struct ipc_words words;
		int64_t done;

		if (SERVED_MASK(atomic_load(&served->state)) & needs) {
			done = ask_once(file, which, iter, &words);
			if (done != -EAGAIN)
				return done;
		}
		if (endpoint_link_is_broken(&served->link))
			return -EIO;
		if (file_nonblock(file, iter))
			return -EAGAIN;
		done = thread_wait_interruptible(&served->link.changed, seq);
		if (done == 0 && current_signalled()) /* each answer may have been a newer state */
			done = thread_mark_restart(-EINTR);
		if (done)
			return done;
	}
}

ssize_t served_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct duplex *duplex = served_duplex(file);

	(void)pos;
	if (duplex)
		return duplex_read(duplex, file, to);
	return to->left ? served_some(file, to, READS) : 0;
}

ssize_t served_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	struct duplex *duplex = served_duplex(file);
	ssize_t done = 0;

	(void)pos;
	if (duplex)
		return duplex_write(duplex, file, from);
	while (from->left) {
		int64_t n = served_some(file, from, WRITES);

		if (n < 0)
			return done ?: n;
		done += n;
		if (from->left && current_signalled())
			break;
	}
	return done;
}

int64_t served_call(struct file *file, struct ipc_words *words, struct transfer *transfer)
{
	struct user_iter none = { 0 };

	return served_ask_in_turn(file, CTLS, &none, words, transfer, INT32_MAX);
}

uint64_t served_sample(const struct file *file)
{
	return waitq_sample(&to_served(file)->link.changed);
}

int served_await(struct file *file, uint64_t seq, uint64_t deadline)
{
	int err = thread_wait_interruptible_until(&to_served(file)->link.changed, seq, deadline);

	if (err == 0 && current_signalled())
		err = thread_mark_restart(-EINTR);
	if (err == -EINTR && deadline != UINT64_MAX)
		current_thread()->restart = RESTART_NONE; /* or it would wait longer than asked */
	return err;
}

int64_t served_call_until(struct file *file, struct ipc_words *words, struct transfer *transfer,
			  uint64_t deadline)
{
	const struct ipc_words asked = *words;
	int64_t first = 0;

	for (;;) {
		uint64_t seq = served_sample(file);
		int64_t done = served_call(file, words, transfer);

		if (deadline == 0 || (done != -EAGAIN && done != -EINPROGRESS && done != -EALREADY))
			return done;
		first = first ?: done;
		done = served_await(file, seq, deadline);
		if (done)
			return done == -ETIMEDOUT ? first : done;
		*words = asked;
		transfer->received = 0;
	}
}

int served_ctl_words(struct file *file, uint64_t request, vaddr_t arg, size_t n, unsigned access,
		     struct ipc_words *words)
{
	struct user_iter iter = user_iter_one(arg, n);
	struct page *page[REQUEST_PAGES];
	struct transfer transfer;
	int64_t done;

	*words = (struct ipc_words){ { 0, request, arg } };
	if (n > (REQUEST_PAGES - 1) * PAGE_SIZE)
		return -EINVAL;
	done = transfer_begin_iter(&transfer, page, REQUEST_PAGES, &iter, access);
	if (done < 0)
		return (int)done;
	done = served_ask_in_turn(file, CTLS, &iter, words, &transfer, INT32_MAX);
	transfer_end_iter(&transfer, access);
	return (int)done;
}

int served_ctl(struct file *file, uint64_t request, vaddr_t arg, size_t n, unsigned access)
{
	struct ipc_words words;

	return served_ctl_words(file, request, arg, n, access, &words);
}

/* ---- the rest ---- */

unsigned served_mask(const struct file *file)
{
	return SERVED_MASK(atomic_load(&to_served(file)->state));
}

bool served_is_broken(const struct file *file)
{
	return endpoint_link_is_broken(&to_served(file)->link);
}

void served_wake(const struct file *file)
{
	waitq_wake_all(&to_served(file)->link.changed);
}

unsigned served_poll(struct file *file, struct poller *poller)
{
	struct served *served = to_served(file);
	struct duplex *duplex;

	poll_watch(poller, &served->link.changed);
	duplex = served_duplex(file); /* since it was joined, it may have had a newer state, too */
	if (duplex)
		return duplex_poll(duplex, poller);
	return SERVED_MASK(atomic_load(&served->state)) |
	       (endpoint_link_is_broken(&served->link) ? POLLHUP : 0);
}

/* It waits to be taken at that file from now on; NULL: not any more. */
static void served_wait_at(struct served *served, struct served_link *at)
{
	struct served_link *before;

	if (!at && !atomic_load_relaxed(&served->at))
		return;
	if (at)
		refcount_get(&at->refs);
	in_flight_wait_at(&served->mailbox,
			  at ? &container_of(at, struct served, link)->mailbox : NULL);
	before = atomic_exchange(&served->at, at);
	if (before)
		served_link_put(before);
}

void served_release(struct file *file)
{
	struct served *served = to_served(file);

	if (!served)
		return;
	/* As on Linux, a ring that is swept ends, and resets nobody. */
	served->duplex.is_lost = served->mailbox.is_lost;
	served->link.sender.closed.value = served->mailbox.is_lost;
	endpoint_unlink(&served->link);
	served_wait_at(served, NULL);
	if ((SERVED_MASK(atomic_load(&served->state)) & SERVED_RESETS) && served_duplex(file))
		duplex_reset(&served->duplex);
	duplex_end(&served->duplex);
	served_link_put(&served->link);
	in_flight_file_ended();
}

void served_link_put(struct served_link *link)
{
	struct served *served = container_of(link, struct served, link);

	if (!refcount_put(&link->refs))
		return;
	if (served->listener)
		served->listener->gone(served->listener);
	slab_free(&served_cache, served);
}

void served_holds(struct file *file)
{
	if (!to_served(file))
		return;
	counted_found(&to_served(file)->link.sender.counted);
	duplex_holds(&to_served(file)->duplex);
}

/* ---- listeners ---- */

static void tell_of_duplex(struct pipe_listener *in, unsigned event)
{
	struct served *served = container_of(in, struct served, in);

	if (event != POLLOUT) /* it is who has read */
		served->listener->tell(served->listener, event);
}

static void duplex_gone(struct pipe_listener *in)
{
	served_link_put(&container_of(in, struct served, in)->link);
}

/* Called when the file has got a listener, and when it has got a duplex. The endpoint's lock is held. */
static void listen_to_duplex(struct served *served)
{
	if (served->listener && duplex_is_open(&served->duplex) &&
	    duplex_listen(&served->duplex, &served->in))
		refcount_get(&served->link.refs);
}

static int set_listener(struct served_link *link, struct served_link *same, void *arg)
{
	struct served *served = container_of(link, struct served, link);
	struct pipe_listener **listener = arg;

	(void)same;
	if (!served->listener)
		atomic_store(&served->listener, *listener);
	*listener = served->listener;
	listen_to_duplex(served);
	return 0;
}

struct pipe_listener *served_listen(const struct file *file, struct pipe_listener *listener)
{
	struct served_link *link = &to_served(file)->link;

	(void)endpoint_join(link->sender.endpoint, link->cookie, link->cookie, set_listener,
			    &listener);
	return listener;
}

/* ---- opening ---- */

/* So few words that memcpy() would cost more. */
static void copy_open(uint64_t to[3], const uint64_t from[3])
{
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
}

static struct served *served_create(uint64_t cookie)
{
	struct served *served = slab_alloc_wait(&served_cache);

	if (!served)
		return NULL;
	memset(served, 0, offsetof(struct served, requests));
	served->link.cookie = cookie;
	served->duplex.low = 1;
	served->duplex.peek_at = -1;
	served->in = (struct pipe_listener){ .tell = tell_of_duplex, .gone = duplex_gone };
	refcount_init(&served->link.refs, 2); /* the file's, and the send end's */
	waitq_init(&served->link.changed);
	for (unsigned i = 0; i < OPS; i++) {
		turn_init(&served->requests[i].turn);
		served->requests[i].number = 0;
	}
	return served;
}

/*
 * Makes it a served file of that endpoint. There can be a post before the server has answered that it is open. If it `waits`, it is
 * to be taken by those who use the file of `at`.
 */
static int served_begin(struct file *file, struct endpoint *endpoint, uint64_t cookie,
			const uint64_t open[3], bool waits, struct served_link *at)
{
	struct served *served = served_create(cookie);
	int err;

	if (!served)
		return -ENOMEM;
	copy_open(served->open, open);
	served->ops = file->ops;
	served->link.waiting = waits ? file : NULL;
	served->signs = waits; /* it may turn out that those want it who take the file */
	served->from = at ? at->cookie : 0;
	served_wait_at(served, at);
	/* The server may guess the cookie, and have the file taken or dropped as soon as it is linked. */
	file->data = served;
	err = endpoint_link(endpoint, &served->link);
	if (err) {
		file->data = NULL;
		served_wait_at(served, NULL);
		slab_free(&served_cache, served);
	}
	return err;
}

/* The first of the files is the one that the server is asked for. */
static int open_files(struct file **file, unsigned n, struct file *send,
		      const struct served_opener *opener)
{
	struct ipc_words words = { { SERVED_WORD(n == 1 ? SERVED_OPEN : SERVED_OPEN_PAIR, 0),
				     file[0]->flags | (uint64_t)opener->pid << 32, opener->id,
				     opener->what ?: endpoint_badge_of(send) } };
	struct endpoint *endpoint = endpoint_of(send);
	struct transfer transfer;
	unsigned begun = 0;
	uint64_t cookie;
	int err = 0;

	if (endpoint_is_broken(send))
		return -ENXIO;
	if (opener->nwith) {
		transfer_init(&transfer);
		transfer.send = (struct transfer_range){ .head = opener->with,
							 .head_length = opener->nwith,
							 .length = opener->nwith };
	}
	cookie = endpoint_next_cookies(endpoint, n);
	while (begun < n && !err) {
		err = served_begin(file[begun], endpoint, cookie + begun, &words.word[1], false,
				   NULL);
		begun += err == 0;
	}
	if (err == 0)
		err = (int)served_ask(to_served(file[0]), &words, opener->nwith ? &transfer : NULL,
				      0);
	while (err && begun) {
		served_release(file[--begun]);
		file[begun]->data = NULL;
	}
	return err;
}

int served_open(struct file *file, struct file *send, const struct served_opener *opener)
{
	return open_files(&file, 1, send, opener);
}

int served_open_pair(struct file *file[2], struct file *send, const struct served_opener *opener)
{
	return open_files(file, 2, send, opener);
}

uint64_t served_longest_wait(const struct file *file, unsigned which)
{
	return atomic_load_relaxed(&to_served(file)->longest_wait[which]);
}

void served_set_longest_wait(struct file *file, unsigned which, uint64_t ns)
{
	atomic_store_relaxed(&to_served(file)->longest_wait[which], ns);
}

static void served_set_signs(struct served *served, bool signs)
{
	atomic_store(&served->signs, signs);
	if (duplex_is_open(&served->duplex))
		duplex_sign(&served->duplex, signs);
}

void served_set_signed(struct file *file, bool is_signed)
{
	served_set_signs(to_served(file), is_signed);
}

bool served_is_signed(const struct file *file)
{
	return atomic_load_relaxed(&to_served(file)->signs);
}

uint64_t *served_kept(const struct file *file)
{
	return to_served(file)->kept;
}

struct duplex *served_duplex(const struct file *file)
{
	struct duplex *duplex = &to_served(file)->duplex;

	return duplex_is_open(duplex) ? duplex : NULL;
}

struct duplex *served_side(const struct file *file)
{
	return &to_served(file)->duplex;
}

/* ---- files that the server joins, or makes ---- */

/* The endpoint's lock is held. */
static int served_join_links(struct served_link *one, struct served_link *other, void *arg)
{
	struct served *served = container_of(one, struct served, link);
	struct served *peer = container_of(other, struct served, link);
	const struct duplex *side = arg;

	if (served->ops == &parcel_ops || peer->ops == &parcel_ops)
		return -EINVAL;
	if (served->peer || peer->peer)
		return -EBUSY;
	served->peer = other->cookie;
	peer->peer = one->cookie;
	duplex_set(&served->duplex, &side[0]);
	duplex_set(&peer->duplex, &side[1]);
	duplex_sign(&served->duplex, atomic_load(&served->signs));
	duplex_sign(&peer->duplex, atomic_load(&peer->signs));
	listen_to_duplex(served);
	listen_to_duplex(peer);
	return 0;
}

static int join_files(struct file *receive, uint64_t cookie, uint64_t other, bool half_open)
{
	struct duplex side[2];
	int err = duplex_create(side, half_open);

	if (err)
		return err;
	err = endpoint_join(endpoint_of(receive), cookie, other, served_join_links, side);
	if (err) {
		duplex_end(&side[0]);
		duplex_end(&side[1]);
	}
	return err;
}

int served_join(struct file *receive, uint64_t cookie, uint64_t other)
{
	return endpoint_is_receive(receive) && cookie != other
		       ? join_files(receive, cookie, other, false)
		       : -EINVAL;
}

/* Creates an open file that waits to be taken by those who use the file of `at`. NULL: it is not known yet. */
static int open_waiting(struct endpoint *endpoint, const struct file_ops *ops, void *node,
			const uint64_t open[3], struct served_link *at, uint64_t *cookie_ret)
{
	int err = file_memory_charge(FILE_BYTES);
	struct file *file;

	if (err)
		return err;
	file = file_create(ops, O_RDWR, node);
	file_memory_add(-FILE_BYTES);
	if (!file)
		return -ENOMEM;
	*cookie_ret = endpoint_next_cookies(endpoint, 1);
	err = served_begin(file, endpoint, *cookie_ret, open, true, at);
	if (err)
		file_discard(file);
	return err == -EAGAIN ? -ENFILE : err; /* it is not for the caller to wait */
}

/* Finds the link with that cookie, with a reference. Returns 0, -ENOENT or -EINVAL. */
static int served_find_link(struct file *receive, uint64_t cookie, struct served_link **link_ret)
{
	if (!endpoint_is_receive(receive))
		return -EINVAL;
	*link_ret = endpoint_find_link(endpoint_of(receive), cookie);
	return *link_ret ? 0 : -ENOENT;
}

int64_t served_connect(struct file *receive, uint64_t cookie, uint64_t from, unsigned flags)
{
	const struct served *served;
	struct served_link *link;
	uint64_t made;
	int err = flags & ~IPC_HALF_OPEN ? -EINVAL : served_find_link(receive, from, &link);

	if (err)
		return err;
	served = container_of(link, struct served, link);
	err = served->ops->has_inode ||
			      served->ops == &parcel_ops /* these are not made without their node */
		      ? -EINVAL
		      : open_waiting(endpoint_of(receive), served->ops, NULL, served->open, link,
				     &made);
	served_link_put(link);
	if (err)
		return err;
	err = cookie ? join_files(receive, cookie, made, flags & IPC_HALF_OPEN) : 0;
	if (err)
		(void)served_drop(receive, made);
	return err ?: (int64_t)(made & ~IPC_BADGE_SERVED);
}

int served_drop(struct file *receive, uint64_t cookie)
{
	struct file *file;

	if (!endpoint_is_receive(receive))
		return -EINVAL;
	file = endpoint_take_waiting(endpoint_of(receive), cookie | IPC_BADGE_SERVED);
	if (!file)
		return -ENOENT;
	if (served_duplex(file))
		duplex_reset(served_duplex(file));
	file_put(file);
	return 0;
}

/* It was taken at `at`: who uses it wants to know what those wanted who use that. Of TCP, it is also read in the same way, as on Linux. */
static void served_taken(struct served *served, const struct served *at)
{
	served_wait_at(served, NULL);
	if (served->duplex.half_open) {
		atomic_store(&served->duplex.low, atomic_load(&at->duplex.low));
		atomic_store(&served->duplex.peek_at, atomic_load(&at->duplex.peek_at));
	}
	served_set_signs(served, atomic_load(&at->signs));
}

struct file *served_take(const struct file *file, uint64_t cookie)
{
	struct served *at = to_served(file);
	struct file *taken =
		endpoint_take_waiting(at->link.sender.endpoint, cookie | IPC_BADGE_SERVED);

	if (taken && (to_served(taken)->from != at->link.cookie || taken->ops != at->ops)) {
		file_put(taken); /* a server that says otherwise than it did before */
		return NULL;
	}
	if (taken)
		served_taken(to_served(taken), at);
	return taken;
}

/* ---- files in flight with the messages that a server has ---- */

static void parcel_release(struct file *file)
{
	struct in_flight *files = file->node;

	in_flight_land(files);
	served_release(file);
	in_flight_put(files);
}

/* They wait as one file, which nobody ever has open. */
static const struct file_ops parcel_ops = {
	.name = "files in flight",
	.release = parcel_release,
	.holds = served_holds,
	.has_mailbox = true,
};

uint64_t served_give_files(const struct file *file, struct in_flight *files)
{
	static const uint64_t open[3] = { 0, 0, SERVED_IN_FLIGHT };
	struct endpoint *endpoint = to_served(file)->link.sender.endpoint;
	struct file *parcel;
	uint64_t number;

	in_flight_get(files);
	if (open_waiting(endpoint, &parcel_ops, files, open, NULL, &number) != 0) {
		in_flight_put(files);
		return 0;
	}
	parcel = endpoint_look_waiting(endpoint, number);
	if (!parcel)
		return 0; /* a server that drops what it was not told of */
	in_flight_send(files, &to_served(parcel)->mailbox);
	file_put(parcel);
	return number;
}

void served_take_back_files(const struct file *file, uint64_t number)
{
	struct endpoint *endpoint = to_served(file)->link.sender.endpoint;
	struct file *parcel = endpoint_look_waiting(endpoint, number), *taken = NULL;

	if (!parcel)
		return;
	if (parcel->ops == &parcel_ops && !atomic_load(&to_served(parcel)->from))
		taken = endpoint_take_waiting(endpoint, number);
	if (taken)
		file_put(taken);
	file_put(parcel);
}

struct in_flight *served_take_files(const struct file *file, uint64_t number, bool keep)
{
	const struct served *at = to_served(file);
	struct endpoint *endpoint = at->link.sender.endpoint;
	struct file *parcel = endpoint_look_waiting(endpoint, number), *taken = NULL;
	struct in_flight *files = NULL;

	if (!parcel)
		return NULL;
	if (parcel->ops == &parcel_ops && to_served(parcel)->from == at->link.cookie) {
		taken = keep ? NULL : endpoint_take_waiting(endpoint, number);
		files = keep || taken ? parcel->node : NULL;
	}
	if (files)
		in_flight_get(files);
	if (taken)
		file_put(taken);
	file_put(parcel);
	return files;
}

int served_files_wait_at(struct file *receive, uint64_t number, uint64_t at)
{
	struct served_link *link;
	struct file *parcel;
	int err = served_find_link(receive, at, &link);

	if (err)
		return err;
	parcel = endpoint_look_waiting(endpoint_of(receive), number);
	if (!parcel)
		err = -ENOENT;
	else if (parcel->ops != &parcel_ops ||
		 !atomic_cas(&to_served(parcel)->from, 0, link->cookie))
		err = -EINVAL;
	else
		served_wait_at(to_served(parcel), link);
	if (parcel)
		file_put(parcel);
	served_link_put(link);
	return err;
}

int served_send_files(const struct file *file, struct in_flight *files,
		      struct served_link **link_ret)
{
	const struct served *served = to_served(file);

	*link_ret = endpoint_find_link(served->link.sender.endpoint, served->peer);
	if (!*link_ret)
		return -EPIPE;
	in_flight_send(files, &container_of(*link_ret, struct served, link)->mailbox);
	return 0;
}

static void served_tell_all(struct served *served, uint64_t state)
{
	struct pipe_listener *listener = atomic_load(&served->listener);
	unsigned can = SERVED_MASK(state);

	served_tell(served, state);
	if (unlikely(listener != NULL) && !duplex_is_open(&served->duplex))
		listener->tell(listener, can & POLLHUP ? POLLHUP : can & POLLIN ? POLLIN : POLLOUT);
}

int served_post(struct file *receive, uint64_t cookie, uint64_t state)
{
	struct served_link *link;
	int err = served_find_link(receive, cookie, &link);

	if (err)
		return err;
	served_tell_all(container_of(link, struct served, link), state);
	served_link_put(link);
	return 0;
}

static void served_tell_of(const struct served *served, struct served_file *to)
{
	to->cookie = served->link.cookie;
	to->state = atomic_load(&served->state);
	copy_open(to->open, served->open);
	to->peer = served->peer;
	to->from = served->from;
	to->waits = atomic_load_relaxed(&served->link.waiting) != NULL;
}

uint64_t served_opened_as(const struct file *file)
{
	return to_served(file)->open[2];
}

void served_look(const struct file *file, struct served_file *to)
{
	served_tell_of(to_served(file), to);
}

int served_describe(struct file *receive, uint64_t cookie, struct served_file *to)
{
	struct served_link *link;
	int err = endpoint_linked_from(receive, cookie, &link);

	if (err)
		return err;
	if (!link)
		return -ENOENT;
	served_tell_of(container_of(link, struct served, link), to);
	served_link_put(link);
	return 0;
}
