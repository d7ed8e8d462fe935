/* SPDX-License-Identifier: MIT */
/* Control messages of sockets: from a program's memory to what travels, and back. */
#include "linux/sys/control.h"

#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/resource.h"
#include "abi/socket.h"
#include "desc/fdtable.h"
#include "linux/fs/dev/socket.h"
#include "linux/process/cred.h"
#include "linux/process/limits.h"
#include "linux/process/user.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "trap/file_calls.h"

/* Space of them is counted in so many bytes. */
#define ALIGNED(n) ALIGN_UP(n, sizeof(uint64_t))

/* ---- sending ---- */

static int take_file(int fd, struct file **file_ret)
{
	struct file *file = fdtable_get_any(current_thread()->fdtable, fd);

	if (!file)
		return -EBADF;
	if (file->ops->role || file->ops->stays) {
		file_put(file);
		return -EPERM;
	}
	*file_ret = file;
	return 0;
}

/* n descriptors. There is room for those that all of the control messages can have. */
static int take_rights(const int32_t *fd, uint64_t n, uint64_t room, struct attached *attached)
{
	int err = 0;

	if (n == 0)
		return 0;
	if (!attached->files)
		attached->files = in_flight_create((uint32_t)MIN(room, (uint64_t)SCM_MAX_FD));
	if (!attached->files)
		return -ENOBUFS;
	if (n > SCM_MAX_FD - attached->files->n)
		return -EINVAL;
	for (uint64_t i = 0; i < n && !err; i++) {
		struct in_flight *files = attached->files;

		err = take_file(fd[i], &files->file[files->n]);
		files->n += err == 0;
	}
	return err;
}

/* May the running thread say that it is that one? */
static int check_credentials(const struct abi_ucred *said)
{
	const struct cred *cred = current_cred();
	bool exists;

	if (said->uid == UINT32_MAX || said->gid == UINT32_MAX)
		return -EINVAL;
	if (said->pid != current_process()->pid && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (said->uid != cred->uid && said->uid != cred->euid && said->uid != cred->suid &&
	    !capable(CAP_SETUID))
		return -EPERM;
	if (said->gid != cred->gid && said->gid != cred->egid && said->gid != cred->sgid &&
	    !capable(CAP_SETGID))
		return -EPERM;
	spin_lock(&process_tree_lock);
	exists = process_find(said->pid) != NULL;
	spin_unlock(&process_tree_lock);
	return exists ? 0 : -ESRCH;
}

static int take_credentials(const struct abi_ucred *said, uint64_t n, struct attached *attached)
{
	int err = n == sizeof(*said) ? check_credentials(said) : -EINVAL;

	if (err)
		return err;
	attached->writer[WRITER_PID] = (uint32_t)said->pid;
	attached->writer[WRITER_UID] = said->uid;
	attached->writer[WRITER_GID] = said->gid;
	return 0;
}

static void files_landed(void *owner, uint32_t n)
{
	user_drop_in_flight(owner, n);
}

/* As on Linux, who has not more than the limit in flight may send all of one message. Rings do not count. */
static int count_files(struct in_flight *files)
{
	struct user *user = current_cred()->user;
	uint64_t limit = process_own_limit(RLIMIT_NOFILE);
	bool is_free = capable(CAP_SYS_RESOURCE) || capable(CAP_SYS_ADMIN);

	if (!is_free && user_in_flight(user) > limit)
		in_flight_sweep();
	if (!is_free && user_in_flight(user) > limit)
		return -ETOOMANYREFS;
	files->owner = user;
	files->counted = files->n;
	files->landed = files_landed;
	user_add_in_flight(user, files->n);
	return 0;
}

/* They were copied from the program. */
static int read_controls(const char *from, uint64_t n, bool of_unix, struct attached *attached)
{
	uint64_t at = 0;
	int err = 0;

	while (!err && at < n && n - at >= sizeof(struct abi_cmsghdr)) {
		const struct abi_cmsghdr *header = (const void *)(from + at);
		uint64_t size = header->len - sizeof(*header), left = n - at - sizeof(*header);

		if (header->len < sizeof(*header) || size > left)
			return -EINVAL;
		at += ALIGNED(header->len);
		if (header->level != SOL_SOCKET)
			continue;
		if (header->type != SCM_RIGHTS && header->type != SCM_CREDENTIALS)
			return -EINVAL;
		if (!of_unix)
			continue;
		if (header->type == SCM_RIGHTS)
			err = take_rights((const void *)(header + 1), size / sizeof(int32_t),
					  left / sizeof(int32_t), attached);
		else
			err = take_credentials((const void *)(header + 1), size, attached);
	}
	return err;
}

int control_get(vaddr_t from, uint64_t n, bool of_unix, struct attached *attached)
{
	char *copy = mem_wait_kmalloc(n);
	int err;

	*attached = (struct attached){ 0 };
	if (!copy)
		return -ENOBUFS;
	err = user_copy_in(copy, from, n) ?: read_controls(copy, n, of_unix, attached);
	kfree(copy);
	if (err == 0 && attached->files)
		err = count_files(attached->files);
	if (err == 0)
		return 0;
	in_flight_put(attached->files);
	attached->files = NULL;
	return err;
}

/* ---- receiving ---- */

/* Where the next control message goes. */
struct place {
	vaddr_t at;
	uint64_t left;
	bool truncated;
};

/* Writes the header of one with n bytes, which are there, and goes on behind it. */
static void place_end(struct place *place, int type, uint64_t n)
{
	struct abi_cmsghdr header = { sizeof(header) + n, SOL_SOCKET, type };
	uint64_t taken = MIN(ALIGNED(header.len), place->left);

	if (user_copy_out(place->at, &header, sizeof(header)))
		return;
	place->at += taken;
	place->left -= taken;
}

/* Without room for all of it, there is as much as there is room for. */
static void put_credentials(struct place *place, const struct attached *attached)
{
	struct abi_ucred who = { (int32_t)attached->writer[WRITER_PID],
				 attached->writer[WRITER_UID], attached->writer[WRITER_GID] };
	uint64_t n;

	if (place->left < sizeof(struct abi_cmsghdr)) {
		place->truncated = true;
		return;
	}
	n = MIN(sizeof(who), place->left - sizeof(struct abi_cmsghdr));
	place->truncated |= n < sizeof(who);
	if (user_copy_out(place->at + sizeof(struct abi_cmsghdr), &who, n) == 0)
		place_end(place, SCM_CREDENTIALS, n);
}

static bool put_file(vaddr_t to, struct file *file, bool cloexec)
{
	int fd = descriptor_reserve(to, sizeof(fd), cloexec);

	if (fd < 0)
		return false;
	file_get(file);
	fdtable_fill(current_thread()->fdtable, fd, file);
	return true;
}

static void put_rights(struct place *place, const struct in_flight *files, bool cloexec)
{
	uint64_t room = place->left - MIN(place->left, sizeof(struct abi_cmsghdr));
	uint64_t most = MIN(room / sizeof(int32_t), (uint64_t)files->n), n = 0;
	vaddr_t data = place->at + sizeof(struct abi_cmsghdr);

	while (n < most && put_file(data + n * sizeof(int32_t), files->file[n], cloexec))
		n++;
	place->truncated |= n < files->n;
	if (n)
		place_end(place, SCM_RIGHTS, n * sizeof(int32_t));
}

void control_put(const struct attached *attached, bool is_signed, bool cloexec, uint32_t n,
		 struct abi_msghdr *message)
{
	struct place place = { .at = message->control + n,
			       .left = message->control ? message->controllen - n : 0 };

	if (is_signed)
		put_credentials(&place, attached);
	if (attached->files)
		put_rights(&place, attached->files, cloexec);
	message->controllen = message->control ? place.at - message->control : 0;
	message->flags |= place.truncated ? MSG_CTRUNC : 0;
}
