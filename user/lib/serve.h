/* SPDX-License-Identifier: MIT */
/* A library for programs that serve open files: devices, and whatever else is read and written by a descriptor. */
/*
 * The program gives a table of functions to serve_main(). The library receives requests, finds the file, copies, and tells the
 * kernel what can be read and written. docs/servers.md has a whole program.
 *
 * A server that is killed can be replaced, and its files stay open. What is in file->data outlives the server, if whoever
 * starts it gave it memory for that (--recovery), the same for each server of one endpoint and for no other. A request that the last server has not answered comes again,
 * with the number that it had: so a function makes its effect by one store that also notes the number. A struct serve_queue does.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct serve_file {
	uint64_t cookie;
	uint64_t badge; /* of the name that was opened; or SERVED_SOCKET() */
	uint32_t flags; /* O_* */
	pid_t pid;	/* who has opened it */
	uid_t uid;
	gid_t gid;
	void *data; /* ops->data_size bytes of the file's own */
	void *own;  /* ops->own_size bytes, which are 0 in the next server */
	/* As in struct served_file: */
	uint64_t peer, from;
	bool waits; /* when the server began, or serve_connect() made it */
	bool lost;  /* it is closed as part of a ring of files that nobody could receive any more */
};

struct serve_request {
	uint32_t
		number; /* of one file and function they count up; the same one again is the same request */
	size_t size; /* bytes that are wanted, or that there are */
	/* Of ctl: the request of ioctl, and its argument. If that is a pointer, the bytes are what serve_take() and serve_give() copy. */
	unsigned long command, argument;
	/*
	 * Of a call on a socket, whose `command` is SERVED_SOCKET_CALL(): how long the answer is, and the file that it gives. Of other requests of
	 * ctl(), and of write(): words 2 and 3 of the answer.
	 */
	unsigned long length;
	uint64_t file;
	union {
		unsigned shut; /* SERVED_SHUT_* */
		unsigned
			control; /* of sendmsg and recvmsg: bytes of control messages, or room for them */
	};
	bool quiet; /* set by ctl(): nothing has happened that somebody may wait for */
	/* the library's: */
	long rcvid;
	uint64_t *words; /* where few bytes travel; NULL: in the caller's buffer */
	size_t taken, given;
};

/*
 * Those that return a number return a negative errno if they fail. None may wait for long: -EAGAIN, and serve_changed() later, is for
 * a reader or writer that has to wait. With more than one thread, two functions may run at once, but not two for one file.
 */
struct serve_ops {
	size_t data_size, own_size;
	size_t cleared_size; /* of data_size, what is 0 when a file is opened; 0: all */
	unsigned threads; /* how many of them call this library, but for serve_changed(); 0: one */
	/*
	 * A file is opened: file->data is 0, or what of it is to be. Or a server has taken the place of one that had the file open, but not in the memory
	 * that outlives it. NULL: all may.
	 */
	int (*open)(struct serve_file *file);
	/* Two files of socketpair are opened, one after the other: joins them. The next server may do it once more. [EOPNOTSUPP] */
	int (*pair)(struct serve_file *file, struct serve_file *other,
		    struct serve_request *request);
	ssize_t (*read)(struct serve_file *file, struct serve_request *request);  /* [EINVAL] */
	ssize_t (*write)(struct serve_file *file, struct serve_request *request); /* [EINVAL] */
	int (*ctl)(struct serve_file *file, struct serve_request *request);	  /* [ENOTTY] */
	/* Whoever has made this request of ctl() is gone, and has not got the answer. NULL: nothing to do. */
	void (*unheard)(struct serve_file *file, const struct serve_request *request);
	/* The file was open when this server began. Called for the oldest first, before any other function. NULL: nothing to do. */
	void (*attached)(struct serve_file *file);
	/* Returns what can be done now (POLL*). */
	unsigned (*events)(struct serve_file *file);
	void (*close)(
		struct serve_file
			*file); /* NULL: nothing to do; may be called again by the next server */
	/* For tests: called for each message, when it was received, and once more when its effect is made. */
	void (*traced)(bool made);
};

/*
 * A server's main(). Its arguments are what whoever starts servers gives to them: --endpoint FD, the receive end, and --recovery FD,
 * memory that outlives the server. Instead it may be a path: then the server makes an endpoint of its own, and gives it that name.
 * Returns an exit status if nothing works; it has said why.
 */
int serve_main(int argc, char **argv, const struct serve_ops *ops);

/* Copy from the caller (write, ctl) or to it (read, ctl), from where the last one has ended. Return how many bytes were copied. */
size_t serve_take(struct serve_request *request, void *to, size_t n);
size_t serve_give(struct serve_request *request, const void *from, size_t n);

/*
 * From now on each of the two files reads what the other writes, in the kernel, which does not ask for that any more. Returns 0, also
 * if they were joined before; or a negative errno.
 */
int serve_join(struct serve_file *one, struct serve_file *other);

enum serve_how {
	SERVE_APART,
	SERVE_JOIN,
	SERVE_JOIN_HALF_OPEN, /* each way is shut by its own writer only, as of TCP */
};

/*
 * Makes a file, which waits until a request for the file `from` is answered with its cookie. open() is called for it. It
 * is joined with `file`, or not. Returns 0 and the file, for serve_put(), or a negative errno.
 */
int serve_connect(struct serve_file *file, struct serve_file *from, enum serve_how how,
		  struct serve_file **made_ret);
/* Closes a file that waits. Whoever it is joined with gets ECONNRESET. */
void serve_drop(struct serve_file *file);

/*
 * The open files that come with a message, by the number that it has: they wait for whoever receives at `at`, or are closed. A server
 * that begins closes those that have waited for the last one's answers. serve_files_wait() returns 0, or -ENOENT if they are gone.
 */
int serve_files_wait(uint64_t number, struct serve_file *at);
void serve_files_close(uint64_t number);

/* Returns the file with that cookie, which stays until serve_put(); NULL: there is none. */
struct serve_file *serve_find(uint64_t cookie);
void serve_put(struct serve_file *file);

/*
 * Returns the next file, for serve_put(), in the order in which they are in memory, from *i on, and sets that to where it goes on;
 * NULL: there are no more.
 */
struct serve_file *serve_next(size_t *i);

/* How many files there is memory for. */
size_t serve_files_most(void);

/* What the file's events() returns is another one now, or somebody who waits for it should look again. Any thread may call this. */
void serve_changed(struct serve_file *file);

/*
 * A queue of bytes in file->data: write() puts them there, and read() gets them. A position counts bytes, and has the number of the
 * request that has come to it, which is one store. The position before it stays, so that the same request gets the same bytes.
 */
#define SERVE_QUEUE_BYTES 4096

struct serve_queue {
	_Atomic uint64_t put, got; /* position, and number of the request above it */
	uint32_t before_put, before_got;
	char bytes[2 * SERVE_QUEUE_BYTES]; /* those that wait, and those of the last read */
};

/* For a write: adds n bytes that serve_take() has brought. Returns how many there was room for, or -EAGAIN. */
ssize_t serve_queue_put(struct serve_queue *queue, const struct serve_request *request,
			const void *from, size_t n);
/* For a read: gives it the first bytes. Returns how many, or -EAGAIN. */
ssize_t serve_queue_get(struct serve_queue *queue, struct serve_request *request);
/* POLLIN, POLLOUT */
unsigned serve_queue_events(const struct serve_queue *queue);
