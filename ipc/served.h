/* SPDX-License-Identifier: MIT */
/* Open files that a program serves: each use of one is a call at an endpoint (abi/served.h). */
#pragma once

#include "abi/served.h"
#include "desc/file.h"

struct in_flight;
struct ipc_words;
struct pipe_listener;
struct served_link;
struct transfer;

/* For whom a file is opened, and as what: as words 1 to 3 of SERVED_OPEN. */
struct served_opener {
	uint32_t pid;
	uint64_t id;   /* effective user and, above, group */
	uint64_t what; /* SERVED_SOCKET(); 0: the badge of the send end */
	char *with;    /* bytes that go with it */
	size_t nwith;
};

/*
 * Makes file->data a served file of the endpoint of `send`, and asks the server to open it. Returns 0; what the server has
 * answered; -EIO if it answers
 * otherwise than abi/served.h says, or not at all; -ENXIO if no server can come any more; -EINTR, -EAGAIN, -ENFILE or -ENOMEM. If it fails, file->data stays NULL. Call
 * with no lock held, before anything else uses the file. served_open_pair() opens two files by one request.
 */
int served_open(struct file *file, struct file *send, const struct served_opener *opener);
int served_open_pair(struct file *file[2], struct file *send, const struct served_opener *opener);

/* Slots of struct file_ops. */
ssize_t served_read(struct file *file, struct user_iter *to, uint64_t *pos);
ssize_t served_write(struct file *file, struct user_iter *from, uint64_t *pos);
unsigned served_poll(struct file *file, struct poller *poller);
void served_release(struct file *file);
void served_holds(struct file *file);

/*
 * For a layer that waits itself: one SERVED_READ, or with `writes` one SERVED_WRITE, for bytes of `iter`. Returns how many, 0 from a read at the
 * end of the file; -EAGAIN if the server has nothing, or no room; or an errno as served_call() does. *words is the answer, if it is one.
 */
int64_t served_once(struct file *file, struct user_iter *iter, bool writes,
		    struct ipc_words *words);
/* The set of the state that is known. It is what served_poll() returns, but for POLLHUP of a file whose server never comes back. */
unsigned served_mask(const struct file *file);
/* Can no server come any more? */
bool served_is_broken(const struct file *file);
/* Wakes whoever has sampled the file, or polls it. Does not wait: it may be called with spinning locks held. */
void served_wake(const struct file *file);

/*
 * SERVED_CTL. The server may read n bytes at `arg` with VM_PROT_READ in `access`, and write them with VM_PROT_WRITE. Returns what the
 * server has answered, or an errno as served_open() does; -EFAULT.
 */
int served_ctl(struct file *file, uint64_t request, vaddr_t arg, size_t n, unsigned access);
/* served_ctl() with the words of the answer, if there is one. */
int served_ctl_words(struct file *file, uint64_t request, vaddr_t arg, size_t n, unsigned access,
		     struct ipc_words *words);

/*
 * SERVED_CTL with words 1 to 3, and buffers or NULL. Returns what the server has answered, as served_ctl() does, with all its words.
 */
int64_t served_call(struct file *file, struct ipc_words *words, struct transfer *transfer);
/*
 * What has to be sampled before a call that may answer -EAGAIN; and the wait for a newer state, up to the tick `deadline`. Returns 0,
 * -ETIMEDOUT or -EINTR.
 */
uint64_t served_sample(const struct file *file);
int served_await(struct file *file, uint64_t seq, uint64_t deadline);
/*
 * served_call() with buffers, again and again, as long as the answer is -EAGAIN, -EINPROGRESS or -EALREADY and the tick `deadline` has
 * not come: then the first answer is returned. 0: once.
 */
int64_t served_call_until(struct file *file, struct ipc_words *words, struct transfer *transfer,
			  uint64_t deadline);

/* How long who uses the file waits to read (0) or to write (1), in nanoseconds; 0, as at first: for ever. */
uint64_t served_longest_wait(const struct file *file, unsigned which);
void served_set_longest_wait(struct file *file, unsigned which, uint64_t ns);

/* Two words that the layer keeps of the file; 0 at first. Atomic. */
uint64_t *served_kept(const struct file *file);

/*
 * Tells the listener (desc/pipe.h) from now on what can be done with the file, and of the end of what it is joined with. Takes it over,
 * unless the file has one. Returns the one that the file has.
 */
struct pipe_listener *served_listen(const struct file *file, struct pipe_listener *listener);

/* The file's side, if the server has joined it with another; or NULL. Once it is there, it stays. */
struct duplex *served_duplex(const struct file *file);
/* The side that it has or will have: without pipes, before it is joined. */
struct duplex *served_side(const struct file *file);

/*
 * Joins two files of a receive end's server. Returns 0; -ENOENT if one of them is closed; -EBUSY if one is joined; -EINVAL; -ENFILE
 * or -ENOMEM.
 */
int served_join(struct file *receive, uint64_t cookie, uint64_t other);

/*
 * Creates an open file, as `from` is one, which waits to be taken by who uses that. It is joined with the file `cookie`; 0: with
 * none; with IPC_HALF_OPEN in `flags`, half-open (desc/duplex.h). Returns the new one's cookie, without IPC_BADGE_SERVED; or a negative errno as served_join() does.
 */
int64_t served_connect(struct file *receive, uint64_t cookie, uint64_t from, unsigned flags);

/* Closes a file that waits; the one that it is joined with is reset. Returns 0, -ENOENT if it does not wait, or -EINVAL. */
int served_drop(struct file *receive, uint64_t cookie);

/* Returns the file that waits with that cookie for who uses `file`, with a reference; NULL: there is none. */
struct file *served_take(const struct file *file, uint64_t cookie);

/*
 * Do those who use the file want to know who has written what they receive (SO_PASSCRED)? Then what is written at the other side of its
 * duplex is to be a struct message; see duplex_is_signed().
 */
void served_set_signed(struct file *file, bool is_signed);
bool served_is_signed(const struct file *file);

/*
 * Files that are in flight to the other side of a duplex, before they are written. Returns 0 and a link to it, for served_link_put()
 * when they are written or not; or -EPIPE.
 */
int served_send_files(const struct file *file, struct in_flight *files,
		      struct served_link **link_ret);

/*
 * Files that go with a message to the file's server. served_give_files() has them wait under a number, with a reference of its own; it
 * returns 0 if there is no room. They are closed by served_take_back_files(), unless the server has told whom they wait for:
 * served_files_wait_at(), which returns 0, -ENOENT or -EINVAL. That one gets them by served_take_files(), with a reference; with
 * `keep`, again later. NULL: there are none.
 */
uint64_t served_give_files(const struct file *file, struct in_flight *files);
void served_take_back_files(const struct file *file, uint64_t number);
int served_files_wait_at(struct file *receive, uint64_t number, uint64_t at);
struct in_flight *served_take_files(const struct file *file, uint64_t number, bool keep);

/*
 * The state of the file with that cookie is a new one. One of an older generation than is known changes nothing. `receive` is the
 * endpoint's receive end. Returns 0; -ENOENT if there is no such file; -EINVAL. Does not wait.
 */
int served_post(struct file *receive, uint64_t cookie, uint64_t state);

/* Its badge, or struct served_opener.what. */
uint64_t served_opened_as(const struct file *file);
/* What the kernel knows of an open file. */
void served_look(const struct file *file, struct served_file *to);

/* What the kernel knows of the first file whose cookie is at least that one. Returns as served_post() does. */
int served_describe(struct file *receive, uint64_t cookie, struct served_file *to);
