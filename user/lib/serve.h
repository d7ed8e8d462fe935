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
	uint64_t badge; /* of the name that was opened */
	uint32_t flags; /* O_* */
	pid_t pid;	/* who has opened it */
	uid_t uid;
	gid_t gid;
	void *data; /* ops->data_size bytes of the file's own */
};

struct serve_request {
	uint32_t
		number; /* of one file and function they count up; the same one again is the same request */
	size_t size; /* bytes that are wanted, or that there are */
	/* Of ctl: the request of ioctl, and its argument. If that is a pointer, the bytes are what serve_take() and serve_give() copy. */
	unsigned long command, argument;
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
	size_t data_size;
	unsigned threads; /* how many there are; 0: one */
	/*
	 * A file is opened: file->data is 0. Or a server has taken the place of one that had the file open, but not in the memory
	 * that outlives it. NULL: all may.
	 */
	int (*open)(struct serve_file *file);
	ssize_t (*read)(struct serve_file *file, struct serve_request *request);  /* [EINVAL] */
	ssize_t (*write)(struct serve_file *file, struct serve_request *request); /* [EINVAL] */
	int (*ctl)(struct serve_file *file, struct serve_request *request);	  /* [ENOTTY] */
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
