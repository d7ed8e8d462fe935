/* SPDX-License-Identifier: MIT */
/* Sockets: open files without a name that the server of /srv/socket serves. */
#pragma once

#include "desc/file.h"

struct attached;
struct inode;
struct served_address;

/*
 * Has the server open a socket, or with n = 2 a pair of them. `type` is without flags; of `flags`, O_NONBLOCK counts. Returns 0;
 * what the server answers; -EAFNOSUPPORT if there is none; -ENOBUFS, -ENFILE, -ENOMEM or -EINTR.
 */
int socket_create(unsigned domain, unsigned type, unsigned protocol, unsigned flags,
		  struct file **file, unsigned n);

/*
 * Has the server open a table of sockets, SERVED_TABLE_*, which is no socket: an open file of a name, whose other slots are
 * socket_table_read(), served_name_release() and served_holds(). Returns as socket_create() does, but -ENOENT if nobody has the table.
 */
int socket_table_open(struct file *file, unsigned table);
ssize_t socket_table_read(struct file *file, struct user_iter *to, uint64_t *pos);

bool file_is_socket(const struct file *file);
bool socket_is_of_unix(const struct file *file);

/*
 * A path of an AF_UNIX address. socket_name_make() makes it a name of a socket, with its mode, and socket_name_find() finds one that the running
 * thread may connect to. Both set dev and ino of the address, and *inode_ret, as by path_get(). Return 0; or an errno of mknod, with
 * -EADDRINUSE for -EEXIST, or -ECONNREFUSED if the path is no name of a socket, and then there is no inode.
 */
int socket_name_make(const struct file *file, const char *path, struct served_address *address,
		     struct inode **inode_ret);
int socket_name_find(const char *path, struct served_address *address, struct inode **inode_ret);
/* Removes what was made, unless another name is there now. */
void socket_name_remove(const char *path, struct inode *inode);
/*
 * The socket has the name's inode until its end, as no other name may look the same. Takes over the reference. Returns false if it has one
 * already.
 */
bool socket_keep_name(struct file *file, struct inode *inode);

/* The address that a call has, and who calls. */
void socket_caller(struct served_address *address);

/* In `writer` of struct attached. */
enum { WRITER_PID, WRITER_UID, WRITER_GID };

/*
 * How a message goes: with which MSG_*, and which control messages that the server reads or writes, in user memory. There are so
 * many bytes of these, or of room for them, which is at most SERVED_CONTROL_MOST.
 */
struct socket_how {
	unsigned flags;
	uint32_t controllen;
	vaddr_t control;
};

/*
 * Send or receive bytes of a stream, or a message, with the MSG_* that they know in *how. Whoever receives finds there those of the
 * message, and how long its control messages are.
 * `address` is where it goes, or comes from: of no length, if nobody has said. `attached` goes with it: the files that have been sent are not
 * in it any more; those that have come have a reference.
 * -ECONNRESET once if a stream's other side has ended
 * without having read all. -EPIPE has sent SIGPIPE, unless MSG_NOSIGNAL.
 */
ssize_t socket_send(struct file *file, struct user_iter *from, struct served_address *address,
		    struct attached *attached, struct socket_how *how);
ssize_t socket_receive(struct file *file, struct user_iter *to, struct served_address *address,
		       struct attached *attached, struct socket_how *how);

/* How long a call on the socket waits that gets something, or sends it, as the tick when that ends. 0: it does not wait. */
enum { SOCKET_IN, SOCKET_OUT };
uint64_t socket_deadline(const struct file *file, unsigned flags, unsigned which);
