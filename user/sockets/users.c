/* SPDX-License-Identifier: MIT */
/* What each user has here: none may have so much that there is nothing left for others. Root may. */
#include "sockets/sockd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/sysinfo.h>

#define USER_SHARE   4	/* of the sockets that there can be */
#define MEMORY_SHARE 64 /* of memory, for datagrams that wait */
#define PLACES	     64

struct user {
	struct user *next;
	uid_t uid;
	size_t nsockets, bytes;
};

static struct user *users[PLACES];

/* Makes one, if there is none. Returns NULL without memory. */
static struct user *usage_of(uid_t uid)
{
	struct user **place = &users[uid % PLACES], *user;

	for (user = *place; user; user = user->next)
		if (user->uid == uid)
			return user;
	user = calloc(1, sizeof(*user));
	if (user) {
		user->uid = uid;
		user->next = *place;
		*place = user;
	}
	return user;
}

/* Who has nothing is forgotten. */
static void usage_put(struct user *user)
{
	struct user **link = &users[user->uid % PLACES];

	if (user->nsockets || user->bytes)
		return;
	while (*link != user)
		link = &(*link)->next;
	*link = user->next;
	free(user);
}

int user_add_socket(struct serve_file *file)
{
	struct user *user = usage_of(file->uid);

	if (!user)
		return -ENOBUFS;
	if (file->uid != 0 && user->nsockets >= serve_files_most() / USER_SHARE) {
		usage_put(user);
		return -ENFILE;
	}
	user->nsockets++;
	to_own(file)->counted = true;
	return 0;
}

void user_remove_socket(struct serve_file *file)
{
	struct user *user = to_own(file)->counted ? usage_of(file->uid) : NULL;

	if (!user)
		return;
	user->nsockets--;
	to_own(file)->counted = false;
	usage_put(user);
}

static size_t bytes_most(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 ? info.totalram / MEMORY_SHARE * info.mem_unit : 1 << 20;
}

int user_add_bytes(uid_t uid, size_t n)
{
	static size_t most;
	struct user *user = usage_of(uid);

	if (!user)
		return -ENOBUFS;
	if (!most)
		most = bytes_most();
	if (uid != 0 && (n > most || user->bytes > most - n)) {
		usage_put(user);
		return -ENOBUFS;
	}
	user->bytes += n;
	return 0;
}

void user_remove_bytes(uid_t uid, size_t n)
{
	struct user *user = usage_of(uid);

	if (!user)
		return;
	user->bytes -= n;
	usage_put(user);
}
