/* SPDX-License-Identifier: MIT */
/* The requests of ioctl about interfaces: the loopback, which is the only one, and cannot be changed. */
#include "sockets/sockd.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if_arp.h>
#include <string.h>

#include "sockets/interface.h"

_Static_assert(sizeof(struct ifreq) == SERVED_INTERFACE, "as the kernel copies it");

/* Flags that Linux lets a program change. */
#define FLAGS_OF_PROGRAMS (IFF_UP | IFF_DEBUG | IFF_NOARP | IFF_PROMISC | IFF_ALLMULTI)

static void give_address(struct ifreq *to, uint32_t address)
{
	const struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(address) } };

	memcpy(&to->ifr_addr, &in, sizeof(in));
}

/* There is one record. */
static int interface_list(struct serve_file *file, struct serve_request *request)
{
	struct ifreq lo = { .ifr_name = LO_NAME };

	(void)file;
	if (!request->argument)
		return sizeof(lo);
	give_address(&lo, INADDR_LOOPBACK);
	return serve_give(request, &lo, sizeof(lo)) == sizeof(lo) ? (int)sizeof(lo) : 0;
}

/* What is asked, by a socket of AF_INET. */
static int interface_address(const struct serve_request *request, struct ifreq *lo)
{
	if (strcmp(lo->ifr_name, LO_NAME) != 0)
		return -EADDRNOTAVAIL; /* as on Linux, an address may have a name of its own, behind a colon */
	switch (request->command) {
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
		give_address(lo, INADDR_LOOPBACK);
		return 0;
	case SIOCGIFNETMASK:
		give_address(lo, LO_MASK);
		return 0;
	default:
		give_address(lo, INADDR_ANY); /* there is no broadcast */
		return 0;
	}
}

static int interface_get(const struct serve_request *request, struct ifreq *lo)
{
	switch (request->command) {
	case SIOCGIFFLAGS:
		lo->ifr_flags = LO_FLAGS;
		return 0;
	case SIOCGIFMETRIC:
		lo->ifr_metric = 0;
		return 0;
	case SIOCGIFMTU:
		lo->ifr_mtu = LO_MTU;
		return 0;
	case SIOCGIFINDEX:
		lo->ifr_ifindex = LO_INDEX;
		return 0;
	case SIOCGIFTXQLEN:
		lo->ifr_qlen = LO_QUEUE_LENGTH;
		return 0;
	case SIOCGIFHWADDR:
		lo->ifr_hwaddr = (struct sockaddr){ .sa_family = ARPHRD_LOOPBACK };
		return 0;
	case SIOCGIFMAP:
		memset(&lo->ifr_map, 0, sizeof(lo->ifr_map));
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* What it is already, it can be set to. */
static int interface_set(const struct serve_request *request, const struct ifreq *lo)
{
	if (request->command == SIOCSIFFLAGS)
		return (lo->ifr_flags ^ LO_FLAGS) & FLAGS_OF_PROGRAMS ? -EOPNOTSUPP : 0;
	return request->command == SIOCSIFMTU && lo->ifr_mtu == LO_MTU ? 0 : -EOPNOTSUPP;
}

/* What is before a colon counts. */
static bool names_interface(const struct ifreq *lo)
{
	size_t n = strcspn(lo->ifr_name, ":");

	return n == strlen(LO_NAME) && memcmp(lo->ifr_name, LO_NAME, n) == 0;
}

static int name_of_index(struct ifreq *lo)
{
	if (lo->ifr_ifindex != LO_INDEX)
		return -ENODEV;
	memcpy(lo->ifr_name, LO_NAME, sizeof(LO_NAME));
	return 0;
}

enum what { UNKNOWN, GETS_NAME, GETS, GETS_ADDRESS, SETS };

static enum what interface_what(const struct serve_file *file, unsigned long command)
{
	switch (command) {
	case SIOCGIFNAME:
		return GETS_NAME;
	case SIOCGIFFLAGS:
	case SIOCGIFMETRIC:
	case SIOCGIFMTU:
	case SIOCGIFINDEX:
	case SIOCGIFTXQLEN:
	case SIOCGIFHWADDR:
	case SIOCGIFMAP:
	case SIOCETHTOOL:
		return GETS;
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
		return sock_domain(file) == AF_INET ? GETS_ADDRESS : UNKNOWN;
	case SIOCSIFFLAGS:
	case SIOCSIFMETRIC:
	case SIOCSIFMTU:
	case SIOCSIFHWADDR:
	case SIOCSIFTXQLEN:
	case SIOCSIFNAME:
		return SETS;
	case SIOCSIFADDR:
	case SIOCSIFDSTADDR:
	case SIOCSIFBRDADDR:
	case SIOCSIFNETMASK:
		return is_inet(file) ? SETS : UNKNOWN;
	default:
		return UNKNOWN;
	}
}

static int interface_answer(const struct serve_request *request, enum what what, struct ifreq *lo)
{
	if (what == GETS_NAME)
		return name_of_index(lo);
	if (!names_interface(lo))
		return -ENODEV;
	if (what == GETS_ADDRESS)
		return interface_address(request, lo);
	return what == GETS ? interface_get(request, lo) : interface_set(request, lo);
}

/* Only who has made the socket as root may set anything. */
int interface_ctl(struct serve_file *file, struct serve_request *request)
{
	enum what what = interface_what(file, request->command);
	struct ifreq lo;
	int err;

	request->quiet = true;
	if (request->command == SIOCGIFCONF)
		return interface_list(file, request);
	if (what == UNKNOWN)
		return -ENOTTY;
	if (what == SETS && file->uid != 0)
		return -EPERM;
	if (serve_take(request, &lo, sizeof(lo)) != sizeof(lo))
		return -EIO;
	lo.ifr_name[IFNAMSIZ - 1] = '\0';
	err = interface_answer(request, what, &lo);
	if (err == 0)
		serve_give(request, &lo, sizeof(lo));
	return err;
}
