/* SPDX-License-Identifier: MIT */
/* The names of AF_INET and AF_INET6. There is the loopback, and nothing else. */
/*
 * An address of AF_INET is looked at as the one of AF_INET6 that stands for it (::ffff:127.0.0.1), so that sockets of both families find
 * each other.
 */
#include "sockets/sockd.h"

#include <errno.h>
#include <string.h>

#define PORT_PRIVILEGED 1024 /* those below are the administrator's */
#define PORT_FIRST	32768
#define PORT_LAST	60999

struct place {
	struct in6_addr address;
	bool mapped; /* it stands for one of AF_INET */
	bool any;    /* all addresses of the machine */
};

uint32_t inet_length(unsigned domain)
{
	return domain == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

uint16_t inet_port(const struct name *name)
{
	return ntohs(name->address.any.sa_family == AF_INET ? name->address.in.sin_port
							    : name->address.in6.sin6_port);
}

static void set_port(struct name *name, uint16_t port)
{
	if (name->address.any.sa_family == AF_INET)
		name->address.in.sin_port = htons(port);
	else
		name->address.in6.sin6_port = htons(port);
}

static struct in6_addr map(struct in_addr address)
{
	struct in6_addr mapped = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	memcpy(&mapped.s6_addr[12], &address, sizeof(address));
	return mapped;
}

struct in6_addr inet_map(struct in_addr address)
{
	return map(address);
}

static struct place place_of_name(const struct name *name)
{
	struct place place;

	place.address = name->address.any.sa_family == AF_INET ? map(name->address.in.sin_addr)
							       : name->address.in6.sin6_addr;
	place.mapped = IN6_IS_ADDR_V4MAPPED(&place.address);
	place.any = IN6_IS_ADDR_UNSPECIFIED(&place.address) ||
		    (place.mapped && place.address.s6_addr32[3] == 0);
	return place;
}

struct in6_addr inet_address_of(const struct name *name)
{
	return name->address.any.sa_family == AF_INET ? map(name->address.in.sin_addr)
						      : name->address.in6.sin6_addr;
}

static bool is_here(const struct place *place)
{
	return place->any || IN6_IS_ADDR_LOOPBACK(&place->address) ||
	       (place->mapped && place->address.s6_addr[12] == 127);
}

bool inet_is_same(const struct name *a, const struct name *b)
{
	struct place one = place_of_name(a), other = place_of_name(b);

	return a->length && b->length && inet_port(a) == inet_port(b) &&
	       IN6_ARE_ADDR_EQUAL(&one.address, &other.address);
}

static void inet_make(unsigned domain, const struct in6_addr *address, uint16_t port,
		      struct name *name)
{
	*name = (struct name){ .length = inet_length(domain) };
	name->address.any.sa_family = (sa_family_t)domain;
	if (domain == AF_INET)
		memcpy(&name->address.in.sin_addr, &address->s6_addr[12],
		       sizeof(name->address.in.sin_addr));
	else
		name->address.in6.sin6_addr = *address;
	set_port(name, port);
}

void inet_set_address(struct name *name, const struct in6_addr *address)
{
	uint32_t by = name->bound_by;

	inet_make(name->address.any.sa_family, address, inet_port(name), name);
	name->bound_by = by;
}

void inet_source(const struct name *to, struct name *from)
{
	struct place place = place_of_name(to);
	struct in6_addr loopback = place.mapped ? map((struct in_addr){ htonl(INADDR_LOOPBACK) })
						: in6addr_loopback;

	inet_make(to->address.any.sa_family, &loopback, 0, from);
}

void inet_make_any(struct name *name)
{
	struct in6_addr any = name->address.any.sa_family == AF_INET ? map((struct in_addr){ 0 })
								     : in6addr_any;

	inet_set_address(name, &any);
}

void inet_as_seen(unsigned domain, const struct name *name, struct name *to)
{
	struct place place = place_of_name(name);
	uint16_t port = inet_port(name);

	inet_make(domain, &place.address, port, to);
}

bool inet_loopback(struct name *name, const struct name *like)
{
	struct place place = place_of_name(name);
	uint32_t by = name->bound_by;
	uint16_t port = inet_port(name);
	struct name source;

	if (!place.any)
		return false;
	inet_source(like, &source);
	inet_as_seen(name->address.any.sa_family, &source, name);
	set_port(name, port);
	name->bound_by = by;
	return true;
}

bool inet_reach(struct name *to, const struct name *from)
{
	struct place place = place_of_name(to), own;

	if (!place.any)
		return false;
	own = place_of_name(from);
	if (place.mapped && own.mapped && !own.any && from->length)
		inet_set_address(to, &own.address);
	else
		inet_loopback(to, to);
	return true;
}

int inet_name_of(struct serve_file *file, const struct served_address *from, struct name *name)
{
	unsigned domain = sock_domain(file);
	uint32_t least = domain == AF_INET ? sizeof(struct sockaddr_in) : 24; /* of RFC 2133 */

	if (from->length < least)
		return -EINVAL;
	*name = (struct name){ .length = inet_length(domain) };
	memcpy(&name->address, from->address, least);
	if (domain == AF_INET)
		memset(name->address.in.sin_zero, 0, sizeof(name->address.in.sin_zero));
	if (name->address.any.sa_family != domain)
		return -EAFNOSUPPORT;
	return 0;
}

/* A socket with the option IPV6_V6ONLY, or of AF_INET, has nothing to do with the other family. */
static bool families_meet(struct serve_file *file, const struct place *own,
			  const struct place *place)
{
	if (own->mapped == place->mapped)
		return true;
	return own->any && !own->mapped && !option_is_on(file, IPPROTO_IPV6, IPV6_V6ONLY);
}

unsigned inet_suits(struct serve_file *file, const struct name *own, const struct name *name)
{
	struct place mine = place_of_name(own), place = place_of_name(name);

	if (!own->length || inet_port(own) != inet_port(name))
		return 0;
	if (IN6_ARE_ADDR_EQUAL(&mine.address, &place.address))
		return 4;
	if (!mine.any || !families_meet(file, &mine, &place))
		return 0;
	return mine.mapped ? 2 : 1;
}

/* Can both have their names? */
static bool conflict(struct serve_file *file, const struct name *name, struct serve_file *other,
		     uid_t uid)
{
	const struct sock *one = to_sock(file), *two = to_sock(other);
	const uint32_t both = one->flags & two->flags;

	if (!is_inet(other) || !is_same_protocol(file, other))
		return false;
	if (!inet_suits(other, &two->name, name) && !inet_suits(file, name, &two->name))
		return false;
	if ((both & 1u << SO_REUSEPORT) && uid == other->uid)
		return false;
	return !(both & 1u << SO_REUSEADDR) ||
	       (sock_type(file) == SOCK_STREAM && two->state == SOCK_LISTENS);
}

bool inet_is_free(struct serve_file *file, const struct name *name, uid_t uid)
{
	for (struct serve_file *other = name_next(name, NULL); other;
	     other = name_next(name, other))
		if (other != file && conflict(file, name, other, uid))
			return false;
	return true;
}

int inet_may_bind(struct serve_file *file, const struct name *name, const struct ucred *who)
{
	struct place place = place_of_name(name);

	if (!is_here(&place))
		return -EADDRNOTAVAIL;
	if (inet_port(name) < PORT_PRIVILEGED && who->uid != 0)
		return -EACCES;
	return inet_is_free(file, name, who->uid) ? 0 : -EADDRINUSE;
}

int inet_may_reach(const struct name *name)
{
	struct place place = place_of_name(name);

	return is_here(&place) ? 0 : -ENETUNREACH;
}

bool inet_is_here(const struct in6_addr *address)
{
	struct name name;

	inet_make(AF_INET6, address, 0, &name);
	return inet_may_reach(&name) == 0;
}

int inet_choose(struct serve_file *file, const struct name *to, struct name *name)
{
	static uint16_t last = PORT_FIRST;
	struct place place = { .address = IN6ADDR_ANY_INIT };

	if (to)
		place = place_of_name(to);
	else if (sock_domain(file) == AF_INET)
		place.address = map((struct in_addr){ 0 });
	if (to && !is_here(&place))
		return -EADDRNOTAVAIL;
	for (unsigned tries = PORT_FIRST; tries <= PORT_LAST; tries++) {
		last = last == PORT_LAST ? PORT_FIRST : (uint16_t)(last + 1);
		inet_make(sock_domain(file), &place.address, last, name);
		if (inet_is_free(file, name, file->uid))
			return 0;
	}
	return -EADDRINUSE;
}
