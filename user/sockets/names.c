/* SPDX-License-Identifier: MIT */
/* The names that sockets are bound to. */
#include "sockets/sockd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PLACES 1024

static struct serve_file *named[PLACES];

static bool name_is_unix(const struct name *name)
{
	return name->address.any.sa_family == AF_UNIX;
}

/* How many words an abstract name has, the last of them with 0 behind it. */
static size_t name_nwords(const struct name *name)
{
	return (name->length + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

static uint64_t words_hash(const uint64_t *word, size_t n)
{
	uint64_t hash = 0;

	for (const uint64_t *end = word + n; word != end; word++)
		hash = (hash ^ *word) * 0x9e3779b97f4a7c15;
	return hash >> 32;
}

/* Of the internet, all with one port are in one place; of AF_NETLINK, the one with a number. */
static struct serve_file **name_place(const struct name *name)
{
	uint64_t hash = name->ino * 31 + name->dev;

	if (name->address.any.sa_family == AF_NETLINK)
		hash = name->address.nl.nl_pid;
	else if (!name_is_unix(name))
		hash = inet_port(name);
	else if (name->ino == 0)
		hash = words_hash(name->address.words, name_nwords(name));
	return &named[hash % PLACES];
}

static bool is_same_name(const struct name *a, const struct name *b)
{
	const uint64_t *word = a->address.words, *other = b->address.words;

	if (a->ino || b->ino)
		return a->ino == b->ino && a->dev == b->dev;
	if (a->length != b->length)
		return false;
	for (const uint64_t *end = word + name_nwords(a); word != end; word++, other++)
		if (*word != *other)
			return false;
	return true;
}

struct serve_file *name_next(const struct name *name, struct serve_file *before)
{
	return before ? to_own(before)->next_named : *name_place(name);
}

/* What comes from elsewhere is not for a socket that is connected. */
static unsigned suits(struct serve_file *file, struct serve_file *other, const struct name *name,
		      const struct name *from)
{
	const struct sock *sock = to_sock(other);
	bool connected = sock->state == SOCK_CONNECTED;
	unsigned how;

	if (is_unix(other) != name_is_unix(name) || is_netlink(other))
		return 0;
	if (name_is_unix(name))
		return is_same_name(&sock->name, name) &&
		       (name->ino || sock_type(file) == sock_type(other));
	how = is_same_protocol(file, other) ? inet_suits(other, &sock->name, name) : 0;
	if (how == 0 || sock_type(other) != SOCK_DGRAM || !connected)
		return how;
	return from && inet_is_same(&sock->peer_name, from) ? how + 8 : 0;
}

struct serve_file *name_find(struct serve_file *file, const struct name *name,
			     const struct name *from)
{
	struct serve_file *other, *best = NULL;
	unsigned most = 0;

	for (other = name_next(name, NULL); other; other = name_next(name, other)) {
		unsigned how = suits(file, other, name, from);

		if (how > most) {
			most = how;
			best = other;
		}
	}
	return best;
}

void name_link(struct serve_file *file)
{
	struct serve_file **place = name_place(&to_sock(file)->name);

	to_own(file)->next_named = *place;
	*place = file;
}

void name_unlink(struct serve_file *file)
{
	struct serve_file **link = name_place(&to_sock(file)->name);

	while (*link && *link != file)
		link = &to_own(*link)->next_named;
	if (*link)
		*link = to_own(file)->next_named;
}

/* ---- addresses ---- */

int who_read(struct serve_request *request, struct served_address *from, struct ucred *who)
{
	if (serve_take(request, from, sizeof(*from)) != sizeof(*from))
		return -EIO;
	*who = (struct ucred){ (pid_t)from->pid, from->uid, from->gid };
	return 0;
}

/* As on Linux, a path's length is with one NUL. */
int name_from(struct serve_file *file, const struct served_address *from, struct name *name)
{
	struct sockaddr_un *address = &name->address.un;

	if (!is_unix(file))
		return inet_name_of(file, from, name);
	if (from->length < sizeof(sa_family_t) || from->length > sizeof(*address))
		return -EINVAL;
	name->dev = from->dev;
	name->ino = from->ino;
	name->bound_by = 0;
	name->length = from->length;
	memcpy(name->address.words, from->address, sizeof(name->address.words));
	if (address->sun_family != AF_UNIX)
		return -EINVAL;
	if (name->ino)
		name->length = (uint32_t)(PATH_AT + 1 +
					  strnlen(address->sun_path, name->length - PATH_AT));
	return 0;
}

void groups_read(struct serve_request *request, uint32_t n, struct groups *groups)
{
	size_t size = n * sizeof(groups->gid[0]);

	groups->n = n;
	if (n && n <= SERVED_GROUPS_MOST && serve_take(request, groups->gid, size) != size)
		groups->n = SERVED_GROUPS_MOST + 1;
}

void groups_set(struct groups *to, const struct groups *from)
{
	to->n = from->n;
	if (from->n && from->n <= SERVED_GROUPS_MOST)
		memcpy(to->gid, from->gid, from->n * sizeof(from->gid[0]));
}

int name_read(struct serve_file *file, struct serve_request *request, struct name *name,
	      struct ucred *who)
{
	struct served_address from;
	int err = who_read(request, &from, who);

	return err ? err : name_from(file, &from, name);
}

void name_give(struct serve_file *file, struct serve_request *request, const struct name *name)
{
	struct name none;

	if (!name->length) {
		none = (struct name){ .address.any.sa_family = (sa_family_t)sock_domain(file) };
		none.length = is_unix(file) ? (uint32_t)sizeof(sa_family_t)
					    : inet_length(sock_domain(file));
		name = &none;
	}
	request->length = name->length;
	serve_give(request, &name->address, name->length);
}

/* ---- bind ---- */

/* An abstract name that nobody has. */
static int choose_abstract(struct serve_file *file, struct name *name)
{
	static uint32_t last;
	struct sockaddr_un *address = &name->address.un;

	for (uint32_t tries = 0; tries <= 0xfffff; tries++) {
		last = (last + 1) & 0xfffff;
		address->sun_family = AF_UNIX;
		snprintf(address->sun_path, sizeof(address->sun_path), "%c%05x", '\0', last);
		name->length = PATH_AT + 6;
		if (!name_find(file, name, NULL))
			return 0;
	}
	return -ENOSPC;
}

void name_set(struct serve_file *file, const struct name *name, uint32_t by)
{
	struct name *own = &to_sock(file)->name;

	own->dev = name->dev;
	own->ino = name->ino;
	own->address = name->address;
	own->bound_by = by;
	own->length = name->length;
	name_link(file);
}

int name_choose(struct serve_file *file, const struct name *to, uint32_t by)
{
	struct name name = { .length = 0 };
	int err = is_unix(file) ? choose_abstract(file, &name) : inet_choose(file, to, &name);

	if (err == 0)
		name_set(file, &name, by);
	return err;
}

int name_if_signed(struct serve_file *file, uint32_t by)
{
	const struct sock *sock = to_sock(file);

	return is_unix(file) && !sock->name.length && sock->flags & 1u << SO_PASSCRED
		       ? name_choose(file, NULL, by)
		       : 0;
}

int sock_bind(struct serve_file *file, struct serve_request *request)
{
	struct name name, *own = &to_sock(file)->name;
	struct ucred who;
	int err = name_read(file, request, &name, &who);

	if (err)
		return err;
	if (own->length)
		return own->bound_by == request->number ? 0 : -EINVAL;
	if (is_unix(file) && name.length == PATH_AT)
		err = choose_abstract(file, &name);
	else if (is_unix(file))
		err = name_find(file, &name, NULL) ? -EADDRINUSE : 0;
	else if (inet_port(&name) == 0)
		err = inet_choose(file, &name, &name);
	else
		err = inet_may_bind(file, &name, &who);
	if (err == 0)
		name_set(file, &name, request->number);
	return err;
}
