/* SPDX-License-Identifier: MIT */
/* System calls on sockets. A program serves these (linux/fs/dev/socket.h), but the bytes of a stream are the kernel's. */
#include "abi/errno.h"
#include "abi/served.h"
#include "abi/socket.h"
#include "abi/syscall.h"
#include "abi/time.h"
#include "abi/uio.h"
#include "desc/duplex.h"
#include "ipc/endpoint.h"
#include "ipc/served.h"
#include "ipc/transfer.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/dev/socket.h"
#include "linux/fs/file/pidfd.h"
#include "linux/fs/vfs/mount.h"
#include "linux/process/cred.h"
#include "linux/process/task.h"
#include "linux/sys/calls.h"
#include "linux/sys/control.h"
#include "linux/sys/segments.h"
#include "mm/fault/user_copy.h"
#include "trap/arg_file.h"
#include "trap/file_calls.h"
#include "trap/timespec.h"

#define ACCEPT_TRIES 4
#define CONTROL_MOST 131072 /* bytes of control messages; net.core.optmem_max */
#define NEW_FLAGS    (unsigned)(SOCK_NONBLOCK | SOCK_CLOEXEC)

/* ---- new sockets ---- */

static bool are_flags_wrong(unsigned type)
{
	return (type & ~(unsigned)SOCK_TYPE_MASK & ~NEW_FLAGS) != 0;
}

static int new_sockets(const struct trap_frame *frame, struct file **file, unsigned n)
{
	unsigned family = arg_uint(frame, 0), type = arg_uint(frame, 1);

	if (family >= AF_MAX)
		return -EAFNOSUPPORT;
	if ((type & SOCK_TYPE_MASK) >= SOCK_MAX)
		return -EINVAL;
	return socket_create(family, type & SOCK_TYPE_MASK, arg_uint(frame, 2), type, file, n);
}

long sys_socket(struct trap_frame *frame)
{
	unsigned type = arg_uint(frame, 1);
	struct file *file;
	int err, fd;

	if (are_flags_wrong(type))
		return -EINVAL;
	err = new_sockets(frame, &file, 1);
	if (err)
		return err;
	fd = fdtable_install(current_thread()->fdtable, file, 0, (type & SOCK_CLOEXEC) != 0);
	if (fd < 0)
		file_put(file);
	return fd;
}

/* As on Linux, both numbers are written to the program's memory before the family is looked for. */
long sys_socketpair(struct trap_frame *frame)
{
	struct fdtable *table = current_thread()->fdtable;
	unsigned type = arg_uint(frame, 1);
	struct file *file[2];
	int fds[2], err;

	if (are_flags_wrong(type))
		return -EINVAL;
	err = descriptors_reserve(arg_user(frame, 3), (type & SOCK_CLOEXEC) != 0, fds);
	if (err)
		return err;
	err = new_sockets(frame, file, 2);
	for (unsigned i = 0; i < 2; i++)
		if (err)
			fdtable_unreserve(table, fds[i]);
		else
			fdtable_fill(table, fds[i], file[i]);
	return err;
}

/* ---- what the server answers ---- */

/* A call with a small buffer: the server reads what was copied in from user memory, or its answer is copied out. */
struct request {
	struct ipc_words words;
	struct transfer transfer;
	union {
		char option[SERVED_OPTION_MOST];
		struct {
			struct served_address address;
			uint32_t groups[SERVED_GROUPS_MOST + 1];
		};
	};
};

static void request_init(struct request *request, const struct file *file, unsigned call,
			 uint64_t argument)
{
	const struct duplex *duplex = served_duplex(file);

	request->words = (struct ipc_words){ { 0, SERVED_SOCKET_CALL(call), argument,
					       duplex ? duplex_ways_shut(duplex) : 0 } };
	transfer_init(&request->transfer);
}

static void request_sends(struct request *request, size_t n)
{
	request->transfer.send =
		(struct transfer_range){ .head = request->option, .head_length = n, .length = n };
}

/* Behind the address go the caller's other groups. */
static void request_adds_groups(struct request *request)
{
	const struct group_info *groups = current_cred()->group_info;
	uint32_t n = groups ? MIN(groups->ngroups, SERVED_GROUPS_MOST + 1u) : 0;

	request->address.ngroups = n;
	if (n)
		memcpy(request->groups, groups->gid, n * sizeof(groups->gid[0]));
	request_sends(request, sizeof(request->address) + n * sizeof(request->groups[0]));
}

static void request_receives(struct request *request, size_t room)
{
	size_t n = MIN(room, (size_t)SERVED_OPTION_MOST);

	request->transfer.receive =
		(struct transfer_range){ .head = request->option, .head_length = n, .length = n };
}

static long request_make(struct file *file, struct request *request)
{
	return served_call(file, &request->words, &request->transfer);
}

/*
 * Copies what was received out to user memory at `to`, as much as there is room for at *n_at, an int. That is set to how much there
 * is; of an option, to how much was copied.
 */
static int request_copy_out(const struct request *request, vaddr_t to, vaddr_t n_at, bool option)
{
	int32_t room, n = (int32_t)MIN(request->words.word[2], request->transfer.received);

	if (user_copy_in(&room, n_at, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (option)
		n = MIN(n, room);
	return user_copy_out(to, request->option, (size_t)MIN(n, room))
		       ?: user_copy_out(n_at, &n, sizeof(n));
}

/* with_file() for sockets. */
static long with_socket(struct trap_frame *frame, file_call call)
{
	struct file *file = arg_file(frame, 0);
	long done;

	if (!file)
		return -EBADF;
	done = file_is_socket(file) ? call(frame, file) : -ENOTSOCK;
	file_put(file);
	return done;
}

/* ---- names and options ---- */

static long do_getname(struct trap_frame *frame, struct file *file, unsigned call)
{
	struct request request;
	long done;

	request_init(&request, file, call, 0);
	request_receives(&request, SERVED_OPTION_MOST);
	done = request_make(file, &request);
	return done < 0 ? done
			: request_copy_out(&request, arg_user(frame, 1), arg_user(frame, 2), false);
}

static long do_getsockname(struct trap_frame *frame, struct file *file)
{
	return do_getname(frame, file, SYS_getsockname);
}

long sys_getsockname(struct trap_frame *frame)
{
	return with_socket(frame, do_getsockname);
}

static long do_getpeername(struct trap_frame *frame, struct file *file)
{
	return do_getname(frame, file, SYS_getpeername);
}

long sys_getpeername(struct trap_frame *frame)
{
	return with_socket(frame, do_getpeername);
}

static uint64_t option_of(const struct trap_frame *frame)
{
	return arg_uint(frame, 1) | (uint64_t)arg_uint(frame, 2) << 32;
}

/* The kernel waits, so how long is its to know. Is it about that? */
static bool is_about_waits(const struct trap_frame *frame, unsigned *which_ret)
{
	unsigned name = arg_uint(frame, 2);

	*which_ret = name == SO_SNDTIMEO ? SOCKET_OUT : SOCKET_IN;
	return arg_uint(frame, 1) == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
}

static long set_longest_wait(struct file *file, unsigned which, vaddr_t from, int32_t n)
{
	struct abi_timeval time;
	uint64_t ns;

	if (n < (int32_t)sizeof(time))
		return -EINVAL;
	if (user_copy_in(&time, from, sizeof(time)))
		return -EFAULT;
	if (time.usec < 0 || time.usec >= 1000000)
		return -EDOM;
	if (time.sec < 0)
		ns = 1; /* as on Linux, no time at all */
	else if ((uint64_t)time.sec > UINT64_MAX / NSEC_PER_SEC - 1)
		ns = 0;
	else
		ns = (uint64_t)time.sec * NSEC_PER_SEC + (uint64_t)time.usec * 1000;
	served_set_longest_wait(file, which, ns);
	return 0;
}

static long get_longest_wait(struct file *file, unsigned which, vaddr_t to, vaddr_t n_at,
			     int32_t room)
{
	uint64_t ns = served_longest_wait(file, which);
	struct abi_timeval time = { (int64_t)(ns / NSEC_PER_SEC),
				    (int64_t)(ns % NSEC_PER_SEC / 1000) };
	int32_t n = MIN(room, (int32_t)sizeof(time));

	return user_copy_out(to, &time, (size_t)n) ?: user_copy_out(n_at, &n, sizeof(n));
}

/* What the server has set is also for the kernel, which has the bytes of streams. */
static void option_was_set(struct file *file, unsigned name, const struct request *request)
{
	int32_t value;

	memcpy(&value, request->option, sizeof(value));
	if (name == SO_PASSCRED && socket_is_of_unix(file))
		served_set_signed(file, value != 0);
	else if (name == SO_RCVLOWAT)
		duplex_set_low(served_side(file), (uint32_t)request->words.word[2]);
	else if (name == SO_PEEK_OFF)
		atomic_store_relaxed(&served_side(file)->peek_at, value);
}

static long do_setsockopt(struct trap_frame *frame, struct file *file)
{
	int32_t n = arg_int(frame, 4);
	struct request request;
	unsigned which;
	long done;

	if (n < 0)
		return -EINVAL;
	if (is_about_waits(frame, &which))
		return set_longest_wait(file, which, arg_user(frame, 3), n);
	request_init(&request, file, SYS_setsockopt, option_of(frame));
	request_sends(&request, MIN((size_t)n, (size_t)SERVED_OPTION_MOST));
	memset(request.option, 0, sizeof(int32_t));
	done = user_copy_in(request.option, arg_user(frame, 3), request.transfer.send.length)
		       ?: request_make(file, &request);
	if (done == 0 && arg_uint(frame, 1) == SOL_SOCKET)
		option_was_set(file, arg_uint(frame, 2), &request);
	return done;
}

long sys_setsockopt(struct trap_frame *frame)
{
	return with_socket(frame, do_setsockopt);
}

/* SO_PEERPIDFD: a descriptor of the process that SO_PEERCRED names. */
static long get_peer_pidfd(struct file *file, vaddr_t to, vaddr_t n_at, int32_t room)
{
	int32_t pid, n = MIN(room, (int32_t)sizeof(pid)), fd;
	struct request request;
	struct file *pidfd;
	long done;

	request_init(&request, file, SYS_getsockopt, SOL_SOCKET | (uint64_t)SO_PEERCRED << 32);
	request_receives(&request, SERVED_OPTION_MOST);
	done = request_make(file, &request);
	if (done < 0)
		return done;
	memcpy(&pid, request.option, sizeof(pid));
	if (request.transfer.received < sizeof(pid) || pid == 0)
		return -ENODATA;
	done = pidfd_create(pid, 0, &pidfd);
	if (done)
		return done == -ESRCH ? -EINVAL : done; /* as on Linux, if it was reaped */
	fd = user_copy_out(n_at, &n, sizeof(n)) ?: descriptor_reserve(to, (size_t)n, true);
	if (fd < 0) {
		file_put(pidfd);
		return fd;
	}
	fdtable_fill(current_thread()->fdtable, fd, pidfd);
	return 0;
}

/* The error of a stream, and where peeks begin, are the kernel's to know. */
static bool stream_option(struct duplex *duplex, unsigned name, int32_t *value)
{
	if (name == SO_ERROR)
		*value = -duplex_take_error(duplex, DUPLEX_OUT);
	else if (name == SO_PEEK_OFF)
		*value = atomic_load_relaxed(&duplex->peek_at);
	return name == SO_PEEK_OFF || (name == SO_ERROR && *value);
}

static long do_getsockopt(struct trap_frame *frame, struct file *file)
{
	struct duplex *duplex = served_duplex(file);
	vaddr_t to = arg_user(frame, 3), n_at = arg_user(frame, 4);
	struct request request;
	unsigned which;
	int32_t room, value;
	long done;

	if (user_copy_in(&room, n_at, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (is_about_waits(frame, &which))
		return get_longest_wait(file, which, to, n_at, room);
	if (arg_uint(frame, 1) == SOL_SOCKET && arg_uint(frame, 2) == SO_PEERPIDFD)
		return get_peer_pidfd(file, to, n_at, room);
	request_init(&request, file, SYS_getsockopt, option_of(frame));
	request_receives(&request, (size_t)room);
	if (duplex && arg_uint(frame, 1) == SOL_SOCKET &&
	    stream_option(duplex, arg_uint(frame, 2), &value)) {
		int32_t n = (int32_t)MIN((size_t)room, sizeof(value));

		return user_copy_out(to, &value, (size_t)n) ?: user_copy_out(n_at, &n, sizeof(n));
	}
	done = request_make(file, &request);
	if (done == 0 && arg_uint(frame, 1) == SOL_SOCKET && arg_uint(frame, 2) == SO_PEERGROUPS &&
	    request.words.word[2] > (uint64_t)room) {
		room = (int32_t)request.words.word[2]; /* so much room would do */
		return user_copy_out(n_at, &room, sizeof(room)) ?: -ERANGE;
	}
	return done < 0 ? done : request_copy_out(&request, to, n_at, true);
}

long sys_getsockopt(struct trap_frame *frame)
{
	return with_socket(frame, do_getsockopt);
}

static long do_shutdown(struct trap_frame *frame, struct file *file)
{
	struct duplex *duplex = served_duplex(file);
	unsigned how = arg_uint(frame, 1);
	struct request request;

	if (how > SHUT_RDWR)
		return -EINVAL;
	if (duplex) {
		if (duplex->half_open && duplex_ways_shut(duplex) == (DUPLEX_IN | DUPLEX_OUT))
			return -ENOTCONN;
		duplex_shut(duplex, how + 1); /* DUPLEX_IN, DUPLEX_OUT or both */
		return 0;
	}
	request_init(&request, file, SYS_shutdown, how);
	return request_make(file, &request);
}

long sys_shutdown(struct trap_frame *frame)
{
	return with_socket(frame, do_shutdown);
}

/* ---- addresses ---- */

/* Who calls; and the address, if it is not 0. */
static int address_get(struct served_address *address, vaddr_t from, int32_t n)
{
	if (n < 0 || n > SERVED_ADDRESS_MOST)
		return -EINVAL;
	socket_caller(address);
	address->length = (uint32_t)n;
	return n ? user_copy_in(address->address, from, (size_t)n) : 0;
}

/* Copies the path of an AF_UNIX address, terminated. Returns false if it has none. */
static bool address_path(const struct file *file, const struct served_address *address,
			 char path[SERVED_ADDRESS_MOST])
{
	uint16_t family;
	size_t n = address->length - MIN(address->length, sizeof(family));

	memcpy(&family, address->address, sizeof(family));
	if (n == 0 || n > UNIX_PATH_MAX || address->address[sizeof(family)] == '\0' ||
	    family != AF_UNIX || !socket_is_of_unix(file))
		return false;
	memcpy(path, address->address + sizeof(family), n);
	path[n] = '\0';
	return true;
}

static long do_bind(struct trap_frame *frame, struct file *file)
{
	char path[SERVED_ADDRESS_MOST];
	struct inode *inode = NULL;
	struct request request;
	long done;

	request_init(&request, file, SYS_bind, 0);
	request_sends(&request, sizeof(request.address));
	done = address_get(&request.address, arg_user(frame, 1), arg_int(frame, 2));
	if (done == 0 && address_path(file, &request.address, path))
		done = socket_name_make(file, path, &request.address, &inode);
	if (done)
		return done;
	done = request_make(file, &request);
	if (done == 0 && inode && !socket_keep_name(file, inode))
		done = -EIO; /* a server that binds twice */
	if (done == 0 || !inode)
		return done;
	socket_name_remove(path, inode);
	path_put(inode);
	return done;
}

long sys_bind(struct trap_frame *frame)
{
	return with_socket(frame, do_bind);
}

/* An address that is connected to, or sent to; of a path, with the name's inode. */
static int address_find(const struct file *file, struct served_address *address, vaddr_t from,
			int32_t n, struct inode **inode_ret)
{
	char path[SERVED_ADDRESS_MOST];
	int err = address_get(address, from, n);

	*inode_ret = NULL;
	return err == 0 && address_path(file, address, path)
		       ? socket_name_find(path, address, inode_ret)
		       : err;
}

static long do_connect(struct trap_frame *frame, struct file *file)
{
	uint64_t deadline = socket_deadline(file, 0, SOCKET_OUT);
	struct inode *inode;
	struct request request;
	long done;

	request_init(&request, file, SYS_connect, deadline == 0);
	done = address_find(file, &request.address, arg_user(frame, 1), arg_int(frame, 2), &inode);
	request_adds_groups(&request);
	if (done == 0)
		done = served_call_until(file, &request.words, &request.transfer, deadline);
	if (inode)
		path_put(inode);
	return done;
}

long sys_connect(struct trap_frame *frame)
{
	return with_socket(frame, do_connect);
}

static long do_listen(struct trap_frame *frame, struct file *file)
{
	struct request request;
	long done;

	request_init(&request, file, SYS_listen, arg_uint(frame, 1));
	done = address_get(&request.address, 0, 0);
	request_adds_groups(&request);
	return done ?: request_make(file, &request);
}

long sys_listen(struct trap_frame *frame)
{
	return with_socket(frame, do_listen);
}

/* Returns the file that whoever has connected waits at. */
static long accept_file(struct trap_frame *frame, struct file *file, struct file **file_ret)
{
	unsigned tries = 0;
	struct request request;
	long done;

	do { /* a server that has just begun may answer with one that was taken */
		request_init(&request, file, SYS_accept,
			     arg_user(frame, 1) != 0); /* the address? */
		request_receives(&request, SERVED_OPTION_MOST);
		done = served_call_until(file, &request.words, &request.transfer,
					 socket_deadline(file, 0, SOCKET_IN));
		if (done < 0)
			return done;
		*file_ret = served_take(file, request.words.word[3]);
	} while (!*file_ret && tries++ < ACCEPT_TRIES);
	if (!*file_ret)
		return -EIO;
	done = arg_user(frame, 1)
		       ? request_copy_out(&request, arg_user(frame, 1), arg_user(frame, 2), false)
		       : 0;
	if (done)
		file_put(*file_ret);
	return done;
}

static long accept_with(struct trap_frame *frame, struct file *file, unsigned flags)
{
	struct fdtable *table = current_thread()->fdtable;
	int fd = fdtable_reserve(table, 0, (flags & SOCK_CLOEXEC) != 0);
	struct file *accepted;
	long done;

	if (fd < 0)
		return fd;
	done = accept_file(frame, file, &accepted);
	if (done) {
		fdtable_unreserve(table, fd);
		return done;
	}
	accepted->flags |= flags & O_NONBLOCK;
	fdtable_fill(table, fd, accepted);
	return fd;
}

static long do_accept(struct trap_frame *frame, struct file *file)
{
	return accept_with(frame, file, 0);
}

long sys_accept(struct trap_frame *frame)
{
	return with_socket(frame, do_accept);
}

static long do_accept4(struct trap_frame *frame, struct file *file)
{
	return accept_with(frame, file, arg_uint(frame, 3));
}

long sys_accept4(struct trap_frame *frame)
{
	struct file *file;

	if (!(arg_uint(frame, 3) & ~NEW_FLAGS))
		return with_socket(frame, do_accept4);
	file = arg_file(frame, 0);
	if (!file)
		return -EBADF;
	file_put(file);
	return -EINVAL;
}

/* ---- messages ---- */

/* `to` and n are an address, or 0. The files that are attached are gone then. */
static ssize_t message_send(struct file *file, struct user_iter *from, struct socket_how *how,
			    vaddr_t to, int32_t n, struct attached *attached)
{
	struct served_address address;
	struct inode *inode;
	ssize_t done = address_find(file, &address, to, to ? n : 0, &inode);

	if (done == 0)
		done = socket_send(file, from, &address, attached, how);
	if (inode)
		path_put(inode);
	in_flight_put(attached->files);
	return done;
}

/* Copies the address out, if there is room for it, and sets *n to its length, as much as there is. */
static int address_put(const struct served_address *address, vaddr_t to, int32_t *n)
{
	int32_t length = (int32_t)MIN(address->length, (uint32_t)SERVED_ADDRESS_MOST);
	int32_t room = MIN(*n, length);

	if (room < 0)
		return -EINVAL;
	*n = length;
	return user_copy_out(to, address->address, (size_t)room);
}

static long do_sendto(struct trap_frame *frame, struct file *file)
{
	struct user_iter from =
		user_iter_one(arg_user(frame, 1), MIN(arg_u64(frame, 2), (uint64_t)ABI_RW_MAX));

	struct socket_how how = { .flags = arg_uint(frame, 3) };
	struct attached nothing = { 0 };

	return message_send(file, &from, &how, arg_user(frame, 4), arg_int(frame, 5), &nothing);
}

/* As on Linux, the address of the buffer is looked at before the descriptor. */
static long with_buffer(struct trap_frame *frame, file_call call)
{
	uint64_t n = MIN(arg_u64(frame, 2), (uint64_t)ABI_RW_MAX);

	return check_user_range(arg_user(frame, 1), n) ?: with_socket(frame, call);
}

long sys_sendto(struct trap_frame *frame)
{
	return with_buffer(frame, do_sendto);
}

static long do_recvfrom(struct trap_frame *frame, struct file *file)
{
	struct user_iter to =
		user_iter_one(arg_user(frame, 1), MIN(arg_u64(frame, 2), (uint64_t)ABI_RW_MAX));
	vaddr_t address_at = arg_user(frame, 4), n_at = arg_user(frame, 5);
	struct socket_how how = { .flags = arg_uint(frame, 3) };
	struct served_address address;
	struct attached attached;
	ssize_t done = socket_receive(file, &to, &address, &attached, &how);
	int32_t n;
	int err;

	in_flight_put(attached.files);
	if (done < 0 || !address_at)
		return done;
	if (user_copy_in(&n, n_at, sizeof(n)))
		return -EFAULT;
	err = address_put(&address, address_at, &n);
	return err ?: user_copy_out(n_at, &n, sizeof(n)) ?: done;
}

long sys_recvfrom(struct trap_frame *frame)
{
	return with_buffer(frame, do_recvfrom);
}

/* One message of sendmsg or recvmsg, at `at` in user memory. */
typedef long (*message_call)(struct file *file, vaddr_t at, unsigned flags);

static int message_get(vaddr_t at, struct abi_msghdr *message, struct segments *segments,
		       struct user_iter *iter)
{
	if (user_copy_in(message, at, sizeof(*message)))
		return -EFAULT;
	if (message->name && message->namelen < 0)
		return -EINVAL;
	if (message->iovlen > IOV_MAX)
		return -EMSGSIZE;
	return segments_get(segments, message->iov, message->iovlen, iter);
}

static long send_msghdr(struct file *file, vaddr_t at, unsigned flags)
{
	bool of_unix = socket_is_of_unix(file);
	struct socket_how how = { .flags = flags };
	struct attached attached = { 0 };
	struct abi_msghdr message;
	struct segments segments;
	struct user_iter iter;
	long done = message_get(at, &message, &segments, &iter);

	if (done)
		return done;
	if (message.controllen > CONTROL_MOST)
		done = -ENOBUFS;
	else if (message.controllen)
		done = control_get(message.control, message.controllen, of_unix, &attached);
	if (!of_unix) {
		how.control = message.control;
		how.controllen = (uint32_t)message.controllen;
	}
	if (done == 0)
		done = message_send(file, &iter, &how, message.namelen ? message.name : 0,
				    MIN(message.namelen, SERVED_ADDRESS_MOST), &attached);
	segments_free(&segments);
	return done;
}

static long receive_msghdr(struct file *file, vaddr_t at, unsigned flags)
{
	bool cloexec = flags & MSG_CMSG_CLOEXEC;
	struct socket_how how = { .flags = flags };
	struct served_address address;
	struct attached attached;
	struct abi_msghdr message;
	struct segments segments;
	struct user_iter iter;
	long done = message_get(at, &message, &segments, &iter);
	int err = 0;

	if (done)
		return done;
	if (message.control && !socket_is_of_unix(file)) {
		how.control = message.control;
		how.controllen = (uint32_t)MIN(message.controllen, (uint64_t)SERVED_CONTROL_MOST);
	}
	done = socket_receive(file, &iter, &address, &attached, &how);
	segments_free(&segments);
	if (done < 0) {
		in_flight_put(attached.files);
		return done;
	}
	message.flags = how.flags | (cloexec ? MSG_CMSG_CLOEXEC : 0);
	control_put(&attached, served_is_signed(file), cloexec, how.controllen, &message);
	in_flight_put(attached.files);
	if (message.name)
		err = address_put(&address, message.name, &message.namelen);
	else
		message.namelen = 0;
	return err ?: user_copy_out(at, &message, sizeof(message)) ?: done;
}

static long do_sendmsg(struct trap_frame *frame, struct file *file)
{
	return send_msghdr(file, arg_user(frame, 1), arg_uint(frame, 2));
}

long sys_sendmsg(struct trap_frame *frame)
{
	return with_socket(frame, do_sendmsg);
}

static long do_recvmsg(struct trap_frame *frame, struct file *file)
{
	return receive_msghdr(file, arg_user(frame, 1), arg_uint(frame, 2));
}

long sys_recvmsg(struct trap_frame *frame)
{
	return with_socket(frame, do_recvmsg);
}

/* An error counts only if it is the first message's. After `until_ns` of the clock no other one begins. */
static long messages(struct trap_frame *frame, struct file *file, message_call call,
		     uint64_t until_ns)
{
	unsigned n = MIN(arg_uint(frame, 2), (unsigned)IOV_MAX), flags = arg_uint(frame, 3), i = 0;
	vaddr_t at = arg_user(frame, 1);

	while (i < n) {
		long done = call(file, at, flags & ~MSG_WAITFORONE);
		uint32_t len = (uint32_t)done;

		if (done >= 0 &&
		    user_copy_out(at + offsetof(struct abi_mmsghdr, len), &len, sizeof(len)))
			done = -EFAULT;
		if (done < 0)
			return i ? i : done;
		i++;
		at += sizeof(struct abi_mmsghdr);
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (current_signalled() || (until_ns != UINT64_MAX && clock_ns() >= until_ns))
			break;
	}
	return i;
}

static long do_sendmmsg(struct trap_frame *frame, struct file *file)
{
	return messages(frame, file, send_msghdr, UINT64_MAX);
}

long sys_sendmmsg(struct trap_frame *frame)
{
	return with_socket(frame, do_sendmmsg);
}

static long do_recvmmsg(struct trap_frame *frame, struct file *file)
{
	vaddr_t time_at = arg_user(frame, 4);
	uint64_t ns, until_ns = UINT64_MAX, now;
	struct abi_timespec left;
	long n = time_at ? timespec_read(time_at, &ns) : 0;

	if (n == 0 && time_at && add_overflows(clock_ns(), ns, &until_ns))
		until_ns = UINT64_MAX;
	n = n ?: messages(frame, file, receive_msghdr, until_ns);
	if (n <= 0 || !time_at)
		return n;
	now = clock_ns();
	left = ns_to_timespec(until_ns - MIN(now, until_ns));
	return user_copy_out(time_at, &left, sizeof(left)) ?: n;
}

/* As on Linux, the time is looked for before the descriptor. */
long sys_recvmmsg(struct trap_frame *frame)
{
	vaddr_t time_at = arg_user(frame, 4);
	struct abi_timespec time;

	if (time_at && user_copy_in(&time, time_at, sizeof(time)))
		return -EFAULT;
	return with_socket(frame, do_recvmmsg);
}
