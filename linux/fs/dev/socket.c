/* SPDX-License-Identifier: MIT */
/* Open files of sockets. */
#include "linux/fs/dev/socket.h"

#include "abi/errno.h"
#include "abi/ioctl.h"
#include "abi/ipc.h"
#include "abi/served.h"
#include "abi/socket.h"
#include "abi/syscall.h"
#include "base/clock.h"
#include "base/os_layer.h"
#include "desc/duplex.h"
#include "desc/in_flight.h"
#include "desc/pipe.h"
#include "ipc/call.h"
#include "ipc/endpoint.h"
#include "ipc/served.h"
#include "ipc/transfer.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/dev/served.h"
#include "linux/fs/file/fifo.h"
#include "linux/fs/file/file_more.h"
#include "linux/fs/vfs/mount.h"
#include "linux/fs/vfs/namei.h"
#include "linux/fs/vfs/path.h"
#include "linux/fs/vfs/permission.h"
#include "linux/fs/vfs/process_fs.h"
#include "linux/process/cred.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"

#define OVERFLOW_ID 65534

#define SERVER "socket"

/* What there is room for at the address in the argument is a list of interfaces. */
static int list_interfaces(struct file *file, vaddr_t arg)
{
	struct abi_ifconf list;
	int n;

	if (user_copy_in(&list, arg, sizeof(list)))
		return -EFAULT;
	n = list.buf ? MIN(MAX(list.len, 0), (int)PAGE_SIZE) / SERVED_INTERFACE * SERVED_INTERFACE
		     : 0;
	list.len = served_ctl(file, SIOCGIFCONF, list.buf, (size_t)n, VM_PROT_WRITE);
	if (list.len > n && list.buf)
		return -EIO; /* a server that tells of bytes that are not there */
	return list.len < 0 ? list.len : user_copy_out(arg, &list.len, sizeof(list.len));
}

static int socket_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	const struct duplex *duplex = served_duplex(file);
	int32_t bytes;

	if (request == SIOCGIFCONF)
		return list_interfaces(file, arg);
	/* Those about an interface have a struct ifreq, which their numbers do not say. */
	if ((request >= SIOCGIFNAME && request <= SIOCGMIIREG) || request == SIOCGIFMAP)
		return served_ctl(file, request, arg, SERVED_INTERFACE,
				  VM_PROT_READ | VM_PROT_WRITE);
	if (request != FIONREAD && request != TIOCOUTQ)
		return served_ioctl(file, request, arg);
	if (!duplex)
		bytes = served_ctl(file, request, 0, 0, 0);
	else
		bytes = (int32_t)(request == FIONREAD ? duplex_unread(duplex)
						      : duplex_unsent(duplex));
	return bytes < 0 ? bytes : user_copy_out(arg, &bytes, sizeof(bytes));
}

/* ---- attributes ---- */

/* What an inode of the socket would have. served_kept() has the owner and the mode, once they were changed. */
static void socket_inode_like(const struct file *file, struct inode *inode)
{
	static const struct inode_ops no_ops;
	const uint64_t *kept = served_kept(file);
	uint64_t mode = atomic_load(&kept[1]), owner = atomic_load(&kept[0]);
	struct served_file served;

	served_look(file, &served);
	if (!mode)
		owner = served.open[1];
	*inode = (struct inode){
		.ino = served.cookie & ~IPC_BADGE_SERVED,
		.mode = (uint32_t)mode ?: S_IFSOCK | 0777,
		.uid = (uint32_t)owner,
		.gid = (uint32_t)(owner >> 32),
		.ops = &no_ops,
	};
}

static int socket_stat(struct file *file, struct abi_stat *st)
{
	struct inode inode;

	socket_inode_like(file, &inode);
	*st = (struct abi_stat){
		.dev = DEV_SOCKET,
		.ino = inode.ino,
		.mode = inode.mode,
		.nlink = 1,
		.uid = inode.uid,
		.gid = inode.gid,
		.blksize = PAGE_SIZE,
	};
	return 0;
}

/* The times are not kept. */
static int socket_set_attr(struct file *file, const struct inode_attr *attr)
{
	uint64_t *kept = served_kept(file);
	struct inode inode;
	int err;

	mutex_lock(&file->lock);
	socket_inode_like(file, &inode);
	err = simple_setattr(&inode, attr);
	if (err == 0) {
		atomic_store(&kept[0], (uint64_t)inode.gid << 32 | inode.uid);
		atomic_store(&kept[1], inode.mode);
	}
	mutex_unlock(&file->lock);
	return err;
}

static ssize_t socket_label(struct file *file, char *buf, size_t size)
{
	struct served_file served;

	served_look(file, &served);
	return ksnprintf(buf, size, "socket:[%lu]",
			 (unsigned long)(served.cookie & ~IPC_BADGE_SERVED));
}

/* ---- bytes and messages ---- */

void socket_caller(struct served_address *address)
{
	const struct cred *cred = current_cred();

	*address = (struct served_address){ .pid = (uint32_t)current_process()->pid,
					    .uid = cred->euid,
					    .gid = cred->egid };
}

uint64_t socket_deadline(const struct file *file, unsigned flags, unsigned which)
{
	uint64_t ns = served_longest_wait(file, which), until;

	if ((flags & MSG_DONTWAIT) || (file->flags & O_NONBLOCK))
		return 0;
	return ns == 0 || add_overflows(clock_ns(), ns, &until) ? UINT64_MAX
								: clock_deadline(until);
}

/* What goes with a message: the address, and behind it the control messages and the bytes. Private to the call. */
struct letter {
	struct served_address address;
	uint8_t bytes[];
};

/* Sends or receives one, and does not wait. The answer may be how long a message was, if that is what is wanted. */
static ssize_t letter_post(struct file *file, struct letter *letter, size_t n, unsigned call,
			   struct socket_how *how)
{
	bool any_length = call == SYS_recvmsg && (how->flags & MSG_TRUNC);
	struct ipc_words words = { { 0, SERVED_SOCKET_CALL(call), how->flags | (uint64_t)n << 32,
				     how->controllen } };
	const size_t size = sizeof(*letter) + how->controllen + n;
	const struct transfer_range range = { .head = (char *)letter,
					      .head_length = size,
					      .length = size };
	struct transfer transfer;
	int64_t done;

	transfer_init(&transfer);
	if (call == SYS_sendmsg)
		transfer.send = range;
	else
		transfer.receive = range;
	done = served_call(file, &words, &transfer);
	if (done < 0)
		return done;
	if ((size_t)done > n && !any_length)
		return -EIO; /* a server that tells of bytes that are not there */
	if (call == SYS_recvmsg) {
		how->controllen = (uint32_t)MIN(words.word[2], (uint64_t)how->controllen);
		if (transfer.received < sizeof(*letter) + how->controllen + MIN((size_t)done, n))
			return -EIO;
	}
	how->flags = (unsigned)words.word[3];
	return done;
}

static struct letter *letter_create(size_t n)
{
	return mem_wait_kmalloc(sizeof(struct letter) + n);
}

/* The messages of a socket that is no stream, or is not connected yet. These do not wait. */
typedef ssize_t (*letter_io)(struct file *file, struct user_iter *iter,
			     struct served_address *address, struct socket_how *how);

/* As whom the running thread writes: unlike those of connect and bind, these are the real ids. */
static void sign(struct attached *attached)
{
	const struct cred *cred = current_cred();

	if (attached->writer[WRITER_PID])
		return;
	attached->writer[WRITER_PID] = (uint32_t)current_process()->pid;
	attached->writer[WRITER_UID] = cred->uid;
	attached->writer[WRITER_GID] = cred->gid;
}

static ssize_t send_letter(struct file *file, struct user_iter *from,
			   struct served_address *address, struct socket_how *how)
{
	struct user_iter again = *from;
	size_t n = from->left, ncontrol = how->controllen;
	struct letter *letter;
	ssize_t done;

	if (n > SERVED_MESSAGE_MOST)
		return -EMSGSIZE;
	if (ncontrol > SERVED_CONTROL_MOST)
		return -ENOBUFS;
	letter = letter_create(ncontrol + n);
	if (!letter)
		return -ENOMEM;
	letter->address = *address;
	done = (ncontrol == 0 || user_copy_in(letter->bytes, how->control, ncontrol) == 0) &&
			       user_iter_copy_in(&again, letter->bytes + ncontrol, n) == n
		       ? letter_post(file, letter, n, SYS_sendmsg, how)
		       : -EFAULT;
	kfree(letter);
	return done;
}

static ssize_t receive_letter(struct file *file, struct user_iter *to,
			      struct served_address *address, struct socket_how *how)
{
	size_t n = MIN(to->left, (size_t)SERVED_MESSAGE_MOST);
	struct letter *letter = letter_create(how->controllen + n);
	ssize_t done;

	address->files = 0;
	if (!letter)
		return -ENOMEM;
	letter->address.length = 0;
	letter->address.files = 0;
	done = letter_post(file, letter, n, SYS_recvmsg, how);
	if (done >= 0) {
		n = MIN(n, (size_t)done);
		if (user_iter_copy_out(to, letter->bytes + how->controllen, n) != n)
			done = -EFAULT;
		else if (how->controllen &&
			 user_copy_out(how->control, letter->bytes, how->controllen))
			how->controllen = 0; /* as on Linux, the message counts without them */
	}
	memcpy(address, &letter->address,
	       offsetof(struct served_address, address) +
		       MIN(letter->address.length, (uint32_t)SERVED_ADDRESS_MOST));
	kfree(letter);
	return done;
}

/* Who waits has no buffer of the kernel's meanwhile. With a time that ends, no call is restarted. */
static ssize_t letter_until(struct file *file, struct user_iter *iter,
			    struct served_address *address, struct socket_how *how, letter_io io)
{
	uint64_t deadline =
		socket_deadline(file, how->flags, io == send_letter ? SOCKET_OUT : SOCKET_IN);
	bool quiet = io == receive_letter || (how->flags & MSG_NOSIGNAL);
	ssize_t done;
	int err = 0;

	do {
		uint64_t seq = served_sample(file);

		done = io(file, iter, address, how);
		if (done == -EAGAIN && deadline != 0)
			err = served_await(file, seq, deadline);
	} while (done == -EAGAIN && deadline != 0 && err == 0 && !served_duplex(file));
	if (done == -EPIPE && !quiet)
		os_layer.pipe_broken();
	return done == -EAGAIN && err == -EINTR ? err : done;
}

/* A writer who is not known counts as nobody, as on Linux. */
static void name_nobody(struct attached *attached)
{
	if (attached->writer[WRITER_PID] == 0)
		attached->writer[WRITER_UID] = attached->writer[WRITER_GID] = OVERFLOW_ID;
}

static ssize_t send_signed(struct file *file, struct user_iter *from,
			   struct served_address *address, struct attached *attached,
			   struct socket_how *how)
{
	address->says_who = attached->writer[WRITER_PID] != 0;
	sign(attached);
	address->pid = attached->writer[WRITER_PID];
	address->uid = attached->writer[WRITER_UID];
	address->gid = attached->writer[WRITER_GID];
	return letter_until(file, from, address, how, send_letter);
}

/* The other side has ended without having read all: that is said once, after the bytes that are there. */
static ssize_t end_or_reset(struct duplex *duplex, const struct user_iter *to)
{
	return to->left ? duplex_take_error(duplex, DUPLEX_IN) : 0;
}

typedef ssize_t (*bytes_io)(struct duplex *duplex, const struct file *file, struct user_iter *iter);

/* What `io` does, but it waits until the tick `deadline` only. */
static ssize_t bytes_until(struct duplex *duplex, struct file *file, struct user_iter *iter,
			   bytes_io io, uint64_t deadline)
{
	unsigned which = io == duplex_write  ? DUPLEX_OUT
			 : io == duplex_peek ? DUPLEX_PEEK
					     : DUPLEX_IN;
	ssize_t done;
	int err = 0;

	if (deadline == UINT64_MAX)
		return io(duplex, file, iter);
	iter->rwf |= RWF_NOWAIT;
	while ((done = io(duplex, file, iter)) == -EAGAIN && deadline != 0 && err == 0)
		err = duplex_await(duplex, which, deadline);
	return done == -EAGAIN && err == -EINTR ? err : done;
}

/* The next peek begins behind what was peeked at, and what was read is taken off that. */
static void move_peek(struct duplex *duplex, ssize_t n)
{
	int64_t at = atomic_load_relaxed(&duplex->peek_at);

	if (unlikely(at >= 0))
		atomic_store_relaxed(&duplex->peek_at,
				     (int32_t)MAX(MIN(at + n, (int64_t)INT32_MAX), 0));
}

/*
 * Until there is as much as SO_RCVLOWAT says, or with MSG_WAITALL all; the end, or a signal. As on Linux, of AF_UNIX nobody is told of a
 * reset that ends this.
 */
static ssize_t receive_bytes(struct duplex *duplex, struct file *file, struct user_iter *to,
			     unsigned flags)
{
	bytes_io io = flags & MSG_PEEK ? duplex_peek : duplex_read;
	uint64_t deadline = socket_deadline(file, flags, SOCKET_IN);
	size_t low = atomic_load_relaxed(&duplex->low);
	size_t least = flags & MSG_WAITALL ? to->left : MIN(low, to->left);
	ssize_t n, done = 0;

	do {
		n = bytes_until(duplex, file, to, io, deadline);
		done += MAX(n, 0);
	} while (io == duplex_read && n > 0 && (size_t)done < least &&
		 !(message_of(to) && message_of(to)->attached.files));
	move_peek(duplex, io == duplex_peek ? done : -done);
	if (n == 0 && (!done || !duplex->half_open))
		n = end_or_reset(duplex, to);
	return done ?: n;
}

static ssize_t send_bytes(struct duplex *duplex, struct file *file, struct user_iter *from,
			  unsigned flags)
{
	uint64_t deadline = socket_deadline(file, flags, SOCKET_OUT);
	ssize_t n, done = 0;

	from->rwf |= flags & MSG_NOSIGNAL ? RWF_QUIET : 0;
	do {
		n = bytes_until(duplex, file, from, duplex_write, deadline);
		done += MAX(n, 0);
	} while (deadline != 0 && deadline != UINT64_MAX && n > 0 && from->left);
	return done ?: n;
}

/* Bytes with which something goes, or whose reader wants to know who writes. */
static ssize_t send_attached(struct duplex *duplex, struct file *file, struct user_iter *from,
			     struct attached *attached, unsigned flags)
{
	struct message message = { .iter = *from, .attached = *attached };
	struct served_link *to = NULL;
	ssize_t done = 0;

	message.iter.rwf |= RWF_MESSAGE;
	if (duplex_is_signed(duplex))
		sign(&message.attached);
	if (attached->files)
		done = served_send_files(file, attached->files, &to);
	if (done == 0)
		done = send_bytes(duplex, file, &message.iter, flags);
	if (to && message.attached.files)
		in_flight_land(message.attached.files); /* not sent, and that side may be gone */
	if (to)
		served_link_put(to);
	attached->files = message.attached.files;
	return done;
}

static ssize_t receive_attached(struct duplex *duplex, struct file *file, struct user_iter *to,
				struct attached *attached, unsigned flags)
{
	struct message message = { .iter = *to, .apart = served_is_signed(file) };
	ssize_t done;

	message.iter.rwf |= RWF_MESSAGE;
	done = receive_bytes(duplex, file, &message.iter, flags);
	*attached = message.attached;
	if (message.is_met)
		name_nobody(attached);
	return done;
}

/* Of one of TCP that was connected meanwhile, it is bytes. */
static inline __attribute__((always_inline)) ssize_t send_message(struct file *file,
								  struct user_iter *from,
								  struct served_address *address,
								  struct attached *attached,
								  struct socket_how *how)
{
	struct duplex *duplex;
	ssize_t done = 0;

	if (attached->files)
		address->files = served_give_files(file, attached->files);
	if (attached->files && !address->files)
		done = -ENOBUFS;
	if (done == 0)
		done = send_signed(file, from, address, attached, how);
	if (address->files)
		served_take_back_files(file, address->files);
	duplex = unlikely(done == -EAGAIN) ? served_duplex(file) : NULL;
	return unlikely(duplex != NULL) ? send_bytes(duplex, file, from, how->flags) : done;
}

static inline __attribute__((always_inline)) ssize_t receive_message(struct file *file,
								     struct user_iter *to,
								     struct served_address *address,
								     struct attached *attached,
								     struct socket_how *how)
{
	bool keep = how->flags & MSG_PEEK;
	struct duplex *duplex;
	ssize_t done = letter_until(file, to, address, how, receive_letter);

	*attached = (struct attached){ .writer = { address->pid, address->uid, address->gid } };
	if (done > 0)
		name_nobody(attached);
	/* The server has given them away, even if the bytes could not be copied. */
	if (address->files && (done >= 0 || !keep))
		attached->files = served_take_files(file, address->files, keep);
	duplex = unlikely(done == -EAGAIN) ? served_duplex(file) : NULL;
	if (likely(!duplex))
		return done;
	how->controllen = 0;
	return receive_bytes(duplex, file, to, how->flags);
}

bool socket_is_of_unix(const struct file *file)
{
	return SERVED_SOCKET_DOMAIN(served_opened_as(file)) == AF_UNIX;
}

/* socket_send() of what is not refused. */
static inline __attribute__((always_inline)) ssize_t send_some(struct file *file,
							       struct user_iter *from,
							       struct served_address *address,
							       struct attached *attached,
							       struct socket_how *how)
{
	struct duplex *duplex = served_duplex(file);

	if (!duplex)
		return send_message(file, from, address, attached, how);
	if (from->left == 0 && !duplex->half_open)
		return 0;
	if (attached->files || attached->writer[WRITER_PID] || duplex_is_signed(duplex))
		return send_attached(duplex, file, from, attached, how->flags);
	return send_bytes(duplex, file, from, how->flags);
}

ssize_t socket_send(struct file *file, struct user_iter *from, struct served_address *address,
		    struct attached *attached, struct socket_how *how)
{
	if (how->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (address->length && served_duplex(file) && socket_is_of_unix(file))
		return -EISCONN;
	return send_some(file, from, address, attached, how);
}

/* socket_receive() of what is not refused. */
static inline __attribute__((always_inline)) ssize_t receive_some(struct file *file,
								  struct user_iter *to,
								  struct served_address *address,
								  struct attached *attached,
								  struct socket_how *how)
{
	struct duplex *duplex = served_duplex(file);
	ssize_t done;

	address->length = 0;
	if (!duplex)
		return receive_message(file, to, address, attached, how);
	done = receive_attached(duplex, file, to, attached, how->flags);
	how->flags = how->controllen = 0;
	return done;
}

ssize_t socket_receive(struct file *file, struct user_iter *to, struct served_address *address,
		       struct attached *attached, struct socket_how *how)
{
	*attached = (struct attached){ 0 };
	return how->flags & MSG_OOB ? -EOPNOTSUPP : receive_some(file, to, address, attached, how);
}

static unsigned flags_of(const struct user_iter *iter)
{
	return iter->rwf & RWF_NOWAIT ? MSG_DONTWAIT : 0;
}

static __attribute__((noinline)) ssize_t read_otherwise(struct file *file, struct user_iter *to)
{
	struct served_address nowhere;
	struct attached attached;
	struct socket_how how = { .flags = flags_of(to) };
	ssize_t done;

	if (to->left == 0)
		return 0;
	done = receive_some(file, to, &nowhere, &attached, &how);
	in_flight_put(attached.files);
	return done;
}

static ssize_t socket_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct duplex *duplex = served_duplex(file);

	(void)pos;
	if (likely(duplex && served_longest_wait(file, SOCKET_IN) == 0 &&
		   atomic_load_relaxed(&duplex->low) <= 1 &&
		   atomic_load_relaxed(&duplex->peek_at) < 0))
		return duplex_read(duplex, file, to) ?: end_or_reset(duplex, to);
	return read_otherwise(file, to);
}

static __attribute__((noinline)) ssize_t write_otherwise(struct file *file, struct user_iter *from)
{
	struct attached attached = { 0 };
	struct served_address nowhere;
	struct socket_how how = { .flags = flags_of(from) };

	socket_caller(&nowhere);
	return send_some(file, from, &nowhere, &attached, &how);
}

static ssize_t socket_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	struct duplex *duplex = served_duplex(file);

	(void)pos;
	if (likely(duplex && served_longest_wait(file, SOCKET_OUT) == 0 &&
		   !duplex_is_signed(duplex)))
		return duplex_write(duplex, file, from);
	return write_otherwise(file, from);
}

static void socket_file_release(struct file *file)
{
	served_release(file);
	if (file->node)
		path_put(file->node);
}

static void socket_file_holds(struct file *file)
{
	served_holds(file);
	if (file->node)
		path_found(file->node);
}

/* Its own, and that of its side of a stream, which it may have later. */
static struct async_queue *socket_async(struct file *file)
{
	struct pipe_listener *fresh = async_listener_create(), *listener;

	if (!fresh)
		return NULL;
	listener = served_listen(file, fresh);
	if (listener != fresh)
		fresh->gone(fresh);
	return async_queue_of(listener);
}

static const struct file_more socket_more = {
	.async = socket_async,
	.set_attr = socket_set_attr,
	.magic = ABI_SOCKFS_MAGIC,
	.splices = true,
};

static const struct file_ops socket_ops = {
	.name = "socket",
	.read = socket_read,
	.write = socket_write,
	.empty_writes = true,
	.nowait = true,
	.has_mailbox = true,
	.poll = served_poll,
	.ioctl = socket_ioctl,
	.stat = socket_stat,
	.label = socket_label,
	.release = socket_file_release,
	.holds = socket_file_holds,
	.more = &socket_more,
};

bool file_is_socket(const struct file *file)
{
	return file->ops == &socket_ops;
}

/* ---- names ---- */

/* Where a relative path starts. */
static struct file *start_of(const char *path)
{
	return path[0] == '/' ? NULL : process_cwd();
}

static void start_put(struct file *start)
{
	if (start)
		file_put(start);
}

static int find_name(struct file *start, const char *path, bool follow,
		     struct served_address *address, struct inode **inode_ret)
{
	struct abi_stat st;
	int err = path_lookup(path_start(start), path, follow, inode_ret);

	if (err) {
		*inode_ret = NULL;
		return err;
	}
	inode_fill_stat(*inode_ret, &st);
	address->dev = st.dev;
	address->ino = st.ino;
	return 0;
}

int socket_name_make(const struct file *file, const char *path, struct served_address *address,
		     struct inode **inode_ret)
{
	struct file *start = start_of(path);
	struct inode like;
	int err;

	socket_inode_like(file, &like);
	err = fs_mknod(start, path, like.mode & ~process_umask(), 0);
	if (err == 0)
		err = find_name(start, path, false, address, inode_ret);
	if (err == 0 && ((*inode_ret)->mode & S_IFMT) != S_IFSOCK) { /* somebody was faster */
		path_put(*inode_ret);
		*inode_ret = NULL;
		err = -EEXIST;
	}
	start_put(start);
	return err == -EEXIST ? -EADDRINUSE : err;
}

int socket_name_find(const char *path, struct served_address *address, struct inode **inode_ret)
{
	struct file *start = start_of(path);
	int err = find_name(start, path, true, address, inode_ret);

	start_put(start);
	if (err)
		return err;
	err = inode_permission(*inode_ret, MAY_WRITE);
	if (err == 0 && ((*inode_ret)->mode & S_IFMT) != S_IFSOCK)
		err = -ECONNREFUSED;
	if (err) {
		path_put(*inode_ret);
		*inode_ret = NULL;
	}
	return err;
}

void socket_name_remove(const char *path, struct inode *inode)
{
	struct file *start = start_of(path);
	struct served_address address;
	struct inode *found;

	if (find_name(start, path, false, &address, &found) == 0) {
		if (found == inode)
			(void)fs_unlink(start, path);
		path_put(found);
	}
	start_put(start);
}

bool socket_keep_name(struct file *file, struct inode *inode)
{
	return atomic_cas(&file->node, NULL, inode);
}

/* ---- new sockets ---- */

static int open_sockets(struct file **file, unsigned n, struct file *server, uint64_t what)
{
	const struct cred *cred = current_cred();
	struct group_info *groups = n == 2 ? cred->group_info : NULL;
	uint64_t ngroups = groups ? MIN(groups->ngroups, SERVED_GROUPS_MOST + 1u) : 0;
	struct served_opener opener = {
		.pid = (uint32_t)current_process()->pid,
		.id = (uint64_t)cred->egid << 32 | cred->euid,
		.what = what | ngroups << 48,
		.with = groups ? (char *)groups->gid : NULL,
		.nwith = ngroups * sizeof(groups->gid[0]),
	};
	int err = n == 1 ? served_open(file[0], server, &opener)
			 : served_open_pair(file, server, &opener);

	if (err == -ENXIO)
		return -EAFNOSUPPORT;
	return err == -EAGAIN ? -ENOBUFS : err;
}

int socket_create(unsigned domain, unsigned type, unsigned protocol, unsigned flags,
		  struct file **file, unsigned n)
{
	struct file *server = served_in_srv(SERVER, sizeof(SERVER) - 1);
	int err = server ? file_memory_charge(n * FILE_BYTES) : -EAFNOSUPPORT;
	unsigned made = 0;

	if (err == 0) {
		while (made < n &&
		       (file[made] = file_create(&socket_ops, O_RDWR | (flags & O_NONBLOCK), NULL)))
			made++;
		file_memory_add(-(ssize_t)(n * FILE_BYTES));
		err = made == n ? open_sockets(file, n, server,
					       SERVED_SOCKET(domain, type, MIN(protocol, 0xffffu)))
				: -ENOMEM;
	}
	while (err && made)
		file_put(file[--made]);
	if (server)
		file_put(server);
	return err;
}

/* ---- tables of sockets ---- */

int socket_table_open(struct file *file, unsigned table)
{
	struct file *server = served_in_srv(SERVER, sizeof(SERVER) - 1);
	int err = server ? open_sockets(&file, 1, server, SERVED_SOCKET(SERVED_TABLE, table, 0))
			 : -ENOENT;

	if (server)
		file_put(server);
	return err == -EAFNOSUPPORT || err == -ESTALE ? -ENOENT : err;
}

ssize_t socket_table_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct socket_how from = { .flags = (unsigned)MIN(*pos, (uint64_t)UINT32_MAX) };
	struct served_address nowhere;
	size_t left = to->left;
	ssize_t done = receive_letter(file, to, &nowhere, &from);

	if (done <= 0)
		return done;
	*pos += left - to->left; /* whatever the server has said */
	return (ssize_t)(left - to->left);
}
