/* SPDX-License-Identifier: MIT */
/* sockd: the server of sockets. */
/*
 * It is the control plane: what sockets there are, whose they are, what they are called and set to, who waits to be accepted. The bytes
 * of a stream never come here: the kernel has them in two pipes, and a connection that is there goes on when this program ends. One
 * that nobody has accepted yet is an open file that waits in the kernel, which the next server finds there.
 *
 * What the next server must know of a socket is in file->data, or in what the kernel tells of the file. There is one thread: no function
 * waits, and so whoever closes a socket and then calls for another one finds the first one closed.
 */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* struct ucred */
#endif
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "abi/served.h"
#include "lib/serve.h"

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

/* The other groups of who calls. Of more than there is room for, none is known. */
struct groups {
	uint32_t n;
	gid_t gid[SERVED_GROUPS_MOST];
};

struct name {
	uint64_t dev,
		ino; /* of a path; both 0: an abstract name, of which each type has its own, or no name of AF_UNIX */
	union {
		uint64_t words[14]; /* behind an abstract name they are 0 */
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_nl nl;
	} address;
	uint32_t bound_by;	 /* the number of the request; 0: it was not bound, but accepted */
	_Atomic uint32_t length; /* of the address; 0: it has none; stored last */
};

enum sock_state {
	SOCK_NEW,
	SOCK_LISTENS,
	SOCK_CONNECTED,
	SOCK_CONNECTING, /* of TCP: waits for room at one that listens at peer_name */
};

/* Options that are a number, or on or off: see options.c. */
#define NUMBERS_MOST  26
#define SWITCHES_MOST 32

#define QUESTIONS_MOST 8 /* of which one is for the next server, see netlink.c */

/* A message to the kernel of AF_NETLINK that was received. Its answer is made when somebody receives it. */
struct question {
	struct nlmsghdr head;
	int32_t error;	/* of an answer that is one, or no error: 0 */
	uint8_t answer; /* enum answer_kind */
	uint8_t family;
};

struct netlink {
	_Atomic uint64_t put, got; /* how many questions, and above it the number of the request */
	uint32_t flags;		   /* 1 << NETLINK_* of options, those that are a flag */
	uint32_t groups[2];	   /* whose messages it is to get; there are none */
	struct question questions[QUESTIONS_MOST];
};

/* file->data */
struct sock {
	uint32_t flags; /* 1 << SO_*, of those that are a flag */
	int32_t sndbuf, rcvbuf;
	struct linger linger;
	uint32_t timestamp;		  /* the one of SO_TIMESTAMP* that is set; 0: none */
	int32_t difference[NUMBERS_MOST]; /* to what is usual */
	uint32_t switched;		  /* bits of SWITCHES_MOST: not as usual */
	uint8_t congestion_control;
	enum sock_state state;
	uint32_t waiting_most;
	uint32_t shut; /* 1: nothing more comes in, 2: goes out; of one that is not connected */
	uint32_t connected_by; /* the number of the request */
	bool goes_on;	       /* of TCP: connect() has not said yet how it has ended */
	/* Of datagrams and packets: */
	uint64_t to; /* of AF_UNIX, the cookie of the socket that it is connected with; 0: none */
	uint32_t sent_by, taken_by; /* the numbers of the requests */
	uint32_t npackets;	    /* that wait here */
	int32_t peek_at; /* where peeks begin, in bytes of all that wait; negative: at the first packet */
	bool lost;	 /* some went with the last server */
	int32_t error;	   /* what SO_ERROR or the next call says */
	struct ucred who;  /* who has made it listen, or connects it */
	struct ucred peer; /* pid 0: there is none */
	bool any;	   /* UDP: it was bound to any address before it was connected */
	struct name name, peer_name;
	union {
		struct netlink netlink;
		_Atomic uint64_t marks[2]; /* of a table, see tables.c */
		struct {
			struct groups who_in, peer_in;
		}; /* of all others */
	};
};

/* What a datagram of the internet has besides its bytes and where it is from. */
struct ip_head {
	struct in6_addr to; /* an address of AF_INET as the one that stands for it */
	uint8_t hops, class;
	bool is_told; /* when it came, its receiver had asked for where it came */
};

/* How one goes: as its socket is set to, or as its control messages say. */
struct ip_way {
	struct ip_head at;
	struct in6_addr source;
	bool has_source;
	int32_t interface; /* 0: any */
	struct name from;
};

struct packet;
struct user;

/* file->own */
struct sock_own {
	struct serve_file *next_named;	 /* of those that have a name */
	struct serve_file *first, *last; /* those that wait to be accepted */
	struct serve_file *next_waiting; /* of those that wait for the same */
	uint32_t nwaiting;
	struct user
		*user; /* among whose sockets user_add_socket() has counted it; NULL: nobody's */
	struct packet *packets, *last_packet;
	size_t in_flight;     /* of what it has sent */
	uint64_t taken_files; /* those of the last message that was received */
	struct serve_file *blocked,
		*next_blocked;	       /* who waits for room to wait, or to send, at this one */
	struct serve_file *blocked_at; /* the socket that this one waits for; NULL: none */
};

static inline struct sock *to_sock(struct serve_file *file)
{
	return file->data;
}

static inline struct sock_own *to_own(struct serve_file *file)
{
	return file->own;
}

/* As on Linux, SOCK_RAW of AF_UNIX is another word for SOCK_DGRAM. */
static inline unsigned sock_type(const struct serve_file *file)
{
	unsigned type = SERVED_SOCKET_TYPE(file->badge);

	return type == SOCK_RAW ? SOCK_DGRAM : type;
}

static inline unsigned sock_domain(const struct serve_file *file)
{
	return SERVED_SOCKET_DOMAIN(file->badge);
}

static inline bool is_unix(const struct serve_file *file)
{
	return sock_domain(file) == AF_UNIX;
}

static inline bool is_inet(const struct serve_file *file)
{
	return sock_domain(file) == AF_INET || sock_domain(file) == AF_INET6;
}

static inline bool is_tcp(const struct serve_file *file)
{
	return is_inet(file) && sock_type(file) == SOCK_STREAM;
}

static inline bool is_udplite(const struct serve_file *file)
{
	return is_inet(file) && SERVED_SOCKET_PROTOCOL(file->badge) == IPPROTO_UDPLITE;
}

/* Can they be connected, and not have one port? */
static inline bool is_same_protocol(const struct serve_file *file, const struct serve_file *other)
{
	return sock_type(file) == sock_type(other) && is_udplite(file) == is_udplite(other);
}

static inline bool is_netlink(const struct serve_file *file)
{
	return sock_domain(file) == AF_NETLINK;
}

static inline bool is_table(const struct serve_file *file)
{
	return sock_domain(file) == SERVED_TABLE;
}

/* Those that return a number return 0, or what ops->ctl() returns. */

/* ---- names.c ---- */

/* Reads who calls; name_read() also the address. */
int who_read(struct serve_request *request, struct served_address *from, struct ucred *who);
/* Reads n other groups of who calls, which come next. */
void groups_read(struct serve_request *request, uint32_t n, struct groups *groups);
void groups_set(struct groups *to, const struct groups *from);
/* Most often there are none. */
static inline void groups_copy(struct groups *to, const struct groups *from)
{
	if (to->n | from->n)
		groups_set(to, from);
}
int name_read(struct serve_file *file, struct serve_request *request, struct name *name,
	      struct ucred *who);
/* The name that an address is to this socket. */
int name_from(struct serve_file *file, const struct served_address *from, struct name *name);
void name_give(struct serve_file *file, struct serve_request *request, const struct name *name);
/* The socket is bound to the name from now on; `by` is the number of the request. */
void name_set(struct serve_file *file, const struct name *name, uint32_t by);
/* The one that is bound to it; of datagrams by the internet, the one that is to get what `from` sends. NULL: none is. */
struct serve_file *name_find(struct serve_file *file, const struct name *name,
			     const struct name *from);
/* The next one after that (NULL: the first) in the list where those of this name are. */
struct serve_file *name_next(const struct name *name, struct serve_file *before);
void name_link(struct serve_file *file);
void name_unlink(struct serve_file *file);
int sock_bind(struct serve_file *file, struct serve_request *request);
/* Binds a socket without a name to one that nobody has; of the internet, to one that reaches `to`. NULL: any. */
int name_choose(struct serve_file *file, const struct name *to, uint32_t by);
/* As on Linux, a socket of AF_UNIX with SO_PASSCRED that connects or sends gets a name. */
int name_if_signed(struct serve_file *file, uint32_t by);

/* ---- inet.c: AF_INET and AF_INET6, on the loopback ---- */

int inet_name_of(struct serve_file *file, const struct served_address *from, struct name *name);
/* Can it have that name beside those that have it already? If it does, can it listen? */
bool inet_is_free(struct serve_file *file, const struct name *name, uid_t uid);
/* May it be bound? */
int inet_may_bind(struct serve_file *file, const struct name *name, const struct ucred *who);
/* May that be connected to? */
int inet_may_reach(const struct name *name);
uint16_t inet_port(const struct name *name);
/* Gives a socket an address that reaches `to` (NULL: any), with a port that nobody has. */
int inet_choose(struct serve_file *file, const struct name *to, struct name *name);
struct in6_addr inet_map(struct in_addr address);
bool inet_is_here(const struct in6_addr *address);
/* An address of AF_INET as the one of AF_INET6 that stands for it. */
struct in6_addr inet_address_of(const struct name *name);
void inet_set_address(struct name *name, const struct in6_addr *address);
/* How well a socket that is bound to `own` suits what goes to `name`. 0: not at all. */
unsigned inet_suits(struct serve_file *file, const struct name *own, const struct name *name);
bool inet_is_same(const struct name *a, const struct name *b);
/* If `name` is any address of this machine, it becomes the loopback's of the family of `like`. Was it? */
bool inet_loopback(struct name *name, const struct name *like);
/* If `to` is any address of this machine, it becomes the one that is reached from there. Was it? */
bool inet_reach(struct name *to, const struct name *from);
/* The address that what goes to `to` comes from. */
void inet_source(const struct name *to, struct name *from);
/* It becomes any address of its family, with its port. */
void inet_make_any(struct name *name);
/* The address of `name` as a socket of `domain` sees it. */
void inet_as_seen(unsigned domain, const struct name *name, struct name *to);
/* The length of an address of the domain. */
uint32_t inet_length(unsigned domain);

/* ---- netlink.c: AF_NETLINK, by which programs ask about interfaces, addresses and routes ---- */

int netlink_check(struct serve_file *file, unsigned protocol);
int netlink_ctl(struct serve_file *file, struct serve_request *request);
unsigned netlink_events(struct serve_file *file);
int netlink_option_set(struct serve_file *file, unsigned name, struct serve_request *request);
int netlink_option_get(struct serve_file *file, unsigned name, struct serve_request *request);

/* ---- interface.c: requests of ioctl about the interface, see interface.h ---- */

int interface_ctl(struct serve_file *file, struct serve_request *request);

/* ---- tables.c: what /proc/net shows ---- */

int table_check(const struct serve_file *file);
int table_receive(struct serve_file *file, struct serve_request *request);

/* ---- connections.c ---- */

void waiting_add(struct serve_file *listener, struct serve_file *file, bool first);
void waiting_remove(struct serve_file *listener, struct serve_file *file);
/* A socket waits for room at another one: blocked_wake() tells all of them that there may be some. */
void blocked_add(struct serve_file *at, struct serve_file *file);
void blocked_remove(struct serve_file *file);
void blocked_wake(struct serve_file *at);
int sock_listen(struct serve_file *file, struct serve_request *request);
int sock_connect(struct serve_file *file, struct serve_request *request);
int sock_accept(struct serve_file *file, struct serve_request *request);
void sock_unheard(struct serve_file *file, const struct serve_request *request);
/* Of TCP: whoever waits to be accepted is reset, and who waits for room looks for another one that listens. */
void listen_end(struct serve_file *file);
/* A connection of TCP that is being made is not made. */
void connect_end(struct serve_file *file);
unsigned stream_events(struct serve_file *file);

/* ---- packets.c: datagrams, and packets of SOCK_SEQPACKET ---- */

/* The socket that it is connected with, for serve_put(), or NULL. */
struct serve_file *packets_peer(struct serve_file *file);
void packets_free(struct serve_file *file);
/* Whoever is connected with it by packets has ECONNRESET. */
void packets_reset(struct serve_file *file);
/* Bytes of the first datagram, or of all packets. */
int packets_unread(struct serve_file *file);
int packet_send(struct serve_file *file, struct serve_request *request);
int packet_receive(struct serve_file *file, struct serve_request *request);
int packet_connect(struct serve_file *file, struct serve_request *request);
unsigned packet_events(struct serve_file *file);

/* ---- control.c: control messages of IP and IPv6 ---- */

#define CONTROL_MADE_MOST 128

/* Reads those that come with a datagram, which goes by IP, or if it is not `mapped` by IPv6. */
int control_read(struct serve_file *file, struct serve_request *request, bool mapped,
		 struct ip_way *way);
/* Can it go so? */
int control_check(const struct ip_way *way);
/* Has it asked to be told where its datagrams have come? */
bool control_is_asked(struct serve_file *file);
/* Makes those that the socket has asked for of a datagram, at most `room` bytes. Returns how many; *cut: there are more. */
size_t control_make(struct serve_file *file, const struct ip_head *head, size_t room,
		    char bytes[CONTROL_MADE_MOST], bool *cut);

/* ---- users.c: limits of users ---- */

int user_add_socket(struct serve_file *file);
void user_remove_socket(struct serve_file *file);
int user_add_bytes(uid_t uid, size_t n);
void user_remove_bytes(uid_t uid, size_t n);

/* ---- options.c ---- */

void options_init(struct sock *sock);
/* Gives a socket that is accepted what it has of the one that listens. */
void options_inherit(struct serve_file *file, const struct sock *listener);
int option_set(struct serve_file *file, struct serve_request *request);
int option_get(struct serve_file *file, struct serve_request *request);
/* Does its close reset the other side of the connection? */
bool option_resets(struct serve_file *file);
int option_give(struct serve_request *request, const void *value, size_t n);
/* One of the internet's, by level and name. */
int32_t option_number(struct serve_file *file, int level, int name);
bool option_is_on(const struct serve_file *file, int level, int name);
/* Does a datagram of UDP-Lite cover as much as its receiver wants? */
bool option_covers(struct serve_file *file, struct serve_file *target, size_t size);
/* How many hops a datagram goes, its class, and by which interface, as the socket is set to. */
void option_way(const struct serve_file *file, bool mapped, struct ip_way *way);

/* A server's main(). `traced` is as in struct serve_ops. */
int sockd_main(int argc, char **argv, void (*traced)(bool made));
