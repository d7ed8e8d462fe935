/* SPDX-License-Identifier: MIT */
/* What each user has here: none may have so much that there is nothing left for others. */
/*
 * Memory is short where it is kept for others: the OOM killer sees it at this program, and would kill those that have no part in it. So
 * messages that wait have a limit for all users together, and for root too. It is for root alone to have all sockets.
 */
#include "sockets/sockd.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/sysinfo.h>

#define USER_SHARE 4 /* of the sockets that there can be */

/* Of memory, for messages that wait: of a user, of root, of all. */
#define MEMORY_SHARE	  64
#define MEMORY_SHARE_ROOT 16
#define MEMORY_SHARE_ALL  8

#define MEMORY_SHARE_KEPT 128 /* so much may stay with the C library when it is free */

#define PLACES 64

struct user {
	struct user *next;
	uid_t uid;
	size_t nsockets, bytes; /* with neither it may become another user's */
};

static struct user *users[PLACES];

/* Makes one, if there is none: of a user who has nothing any more, or a new one. Returns NULL without memory. */
static struct user *usage_of(uid_t uid)
{
	struct user **place = &users[uid % PLACES], *user, *idle = NULL;

	for (user = *place; user; user = user->next) {
		if (user->uid == uid)
			return user;
		if (!user->nsockets && !user->bytes)
			idle = user;
	}
	user = idle ? idle : calloc(1, sizeof(*user));
	if (user && !idle) {
		user->next = *place;
		*place = user;
	}
	if (user)
		user->uid = uid;
	return user;
}

int user_add_socket(struct serve_file *file)
{
	struct user *user = usage_of(file->uid);

	if (!user)
		return -ENOBUFS;
	if (file->uid != 0 && user->nsockets >= serve_files_most() / USER_SHARE)
		return -ENFILE;
	user->nsockets++;
	to_own(file)->user = user;
	return 0;
}

void user_remove_socket(struct serve_file *file)
{
	if (!to_own(file)->user)
		return;
	to_own(file)->user->nsockets--;
	to_own(file)->user = NULL;
}

static size_t all_bytes;
static size_t bytes_of_user, bytes_of_root, bytes_of_all, bytes_kept; /* limits; 0 at first */

static void bytes_limits_init(void)
{
	struct sysinfo info;
	size_t size = sysinfo(&info) == 0 ? info.totalram * info.mem_unit : 64 << 20;

	bytes_of_user = size / MEMORY_SHARE;
	bytes_of_root = size / MEMORY_SHARE_ROOT;
	bytes_of_all = size / MEMORY_SHARE_ALL;
	bytes_kept = size / MEMORY_SHARE_KEPT;
}

int user_add_bytes(uid_t uid, size_t n)
{
	struct user *user = usage_of(uid);

	if (!user)
		return -ENOBUFS;
	if (!bytes_of_all)
		bytes_limits_init();
	/* None is near SIZE_MAX: a message has at most 64 KiB. */
	if (user->bytes + n > (uid ? bytes_of_user : bytes_of_root) || all_bytes + n > bytes_of_all)
		return -ENOBUFS;
	user->bytes += n;
	all_bytes += n;
	return 0;
}

/* The C library keeps what is free: gives it back to the kernel when half of the messages have gone. */
static void bytes_trim(void)
{
	static size_t most; /* since then */

	if (all_bytes > most / 2) {
		most = all_bytes > most ? all_bytes : most;
		return;
	}
	most = all_bytes;
	malloc_trim(0);
}

void user_remove_bytes(uid_t uid, size_t n)
{
	struct user *user = usage_of(uid);

	if (!user)
		return;
	user->bytes -= n;
	all_bytes -= n;
	if (all_bytes + n > bytes_kept)
		bytes_trim();
}
