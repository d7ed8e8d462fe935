/* SPDX-License-Identifier: MIT */
/* R154: requests of ioctl about the loopback. Linux may have more interfaces, which are left out. */
#include "t.h"

#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define USER 1000

static const struct {
	const char *name;
	unsigned long number;
} gets[] = {
	{ "SIOCGIFFLAGS", SIOCGIFFLAGS },     { "SIOCGIFADDR", SIOCGIFADDR },
	{ "SIOCGIFDSTADDR", SIOCGIFDSTADDR }, { "SIOCGIFBRDADDR", SIOCGIFBRDADDR },
	{ "SIOCGIFNETMASK", SIOCGIFNETMASK }, { "SIOCGIFMETRIC", SIOCGIFMETRIC },
	{ "SIOCGIFMTU", SIOCGIFMTU },	      { "SIOCGIFHWADDR", SIOCGIFHWADDR },
	{ "SIOCGIFINDEX", SIOCGIFINDEX },     { "SIOCGIFTXQLEN", SIOCGIFTXQLEN },
	{ "SIOCGIFMAP", SIOCGIFMAP },	      { "SIOCGIFMEM", SIOCGIFMEM },
	{ "SIOCGIFENCAP", SIOCGIFENCAP },     { "SIOCGIFCOUNT", SIOCGIFCOUNT },
}, sets[] = {
	{ "SIOCSIFFLAGS", SIOCSIFFLAGS },     { "SIOCSIFMTU", SIOCSIFMTU },
	{ "SIOCSIFADDR", SIOCSIFADDR },	      { "SIOCSIFNETMASK", SIOCSIFNETMASK },
	{ "SIOCSIFBRDADDR", SIOCSIFBRDADDR }, { "SIOCSIFNAME", SIOCSIFNAME },
	{ "SIOCSIFHWADDR", SIOCSIFHWADDR },   { "SIOCSIFTXQLEN", SIOCSIFTXQLEN },
	{ "SIOCSIFMETRIC", SIOCSIFMETRIC },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* On Linux the loopback may be off. */
static void bring_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq lo = { .ifr_name = "lo" };

	TRY(ioctl(fd, SIOCGIFFLAGS, &lo));
	lo.ifr_flags |= IFF_UP;
	TRY(ioctl(fd, SIOCSIFFLAGS, &lo));
	lo.ifr_mtu = 65536;
	TRY(ioctl(fd, SIOCSIFMTU, &lo));
	close(fd);
}

static void say_bytes(const void *from, size_t n)
{
	char text[200] = "";

	for (size_t i = 0; i < n; i++)
		sprintf(text + 3 * i, " %02x", ((const unsigned char *)from)[i]);
	say(" %s\n", text);
}

static void ask(int fd)
{
	for (unsigned i = 0; i < COUNT(gets); i++) {
		struct ifreq lo = { .ifr_name = "lo" };

		if (result(gets[i].name, ioctl(fd, gets[i].number, &lo)) == 0)
			say_bytes((char *)&lo + IFNAMSIZ, sizeof(lo) - IFNAMSIZ);
		strcpy(lo.ifr_name, "nothing");
		result("  of nothing", ioctl(fd, gets[i].number, &lo));
	}
}

static void names(int fd)
{
	struct ifreq lo = { .ifr_ifindex = 1 };
	char name[IF_NAMESIZE];

	TRY(ioctl(fd, SIOCGIFNAME, &lo));
	say("%s\n", lo.ifr_name);
	lo.ifr_ifindex = 99;
	TRY(ioctl(fd, SIOCGIFNAME, &lo));
	say("%u %u\n", if_nametoindex("lo"), if_nametoindex("nothing"));
	say("%s\n", if_indextoname(1, name) ?: "none");
	say("%s\n", if_indextoname(99, name) ?: strerrorname_np(errno));
	strcpy(lo.ifr_name, "lo:1");
	TRY(ioctl(fd, SIOCGIFFLAGS, &lo));
	say("%s\n", lo.ifr_name);
	TRY(ioctl(fd, SIOCGIFADDR, &lo));
	memset(lo.ifr_name, 'l', IFNAMSIZ);
	TRY(ioctl(fd, SIOCGIFFLAGS, &lo));
	lo.ifr_name[0] = '\0';
	TRY(ioctl(fd, SIOCGIFFLAGS, &lo));
	TRY(ioctl(fd, SIOCGIFFLAGS, 8));
}

static void list(int fd)
{
	struct ifreq found[100];
	struct ifconf conf = { .ifc_len = 0 };

	TRY(ioctl(fd, SIOCGIFCONF, &conf));
	say("some: %d\n", conf.ifc_len >= (int)sizeof(found[0]));
	conf.ifc_len = sizeof(found); /* but no buffer */
	TRY(ioctl(fd, SIOCGIFCONF, &conf));
	say("some: %d\n", conf.ifc_len >= (int)sizeof(found[0]));
	memset(found, 0x55, sizeof(found));
	conf.ifc_len = sizeof(found);
	conf.ifc_req = found;
	TRY(ioctl(fd, SIOCGIFCONF, &conf));
	for (size_t i = 0; i < (size_t)conf.ifc_len / sizeof(found[0]); i++)
		if (strcmp(found[i].ifr_name, "lo") == 0)
			say_bytes(&found[i], sizeof(found[i]));
	conf.ifc_len = sizeof(found[0]) - 1;
	memset(found, 0x55, sizeof(found));
	TRY(ioctl(fd, SIOCGIFCONF, &conf));
	say("%d bytes, %zu changed\n", conf.ifc_len, not_all((char *)found, sizeof(found), 0x55));
	conf.ifc_len = -1;
	TRY(ioctl(fd, SIOCGIFCONF, &conf));
	say("%d bytes\n", conf.ifc_len);
	conf.ifc_len = sizeof(found[0]);
	conf.ifc_buf = (char *)8;
	TRY(ioctl(fd, SIOCGIFCONF, &conf));
	TRY(ioctl(fd, SIOCGIFCONF, 8));
}

static int as_a_user(void *arg)
{
	int fd;

	(void)arg;
	if (setresuid(USER, USER, USER) != 0)
		return 1;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	for (unsigned i = 0; i < COUNT(sets); i++) {
		struct ifreq lo = { .ifr_name = "lo" };

		result(sets[i].name, ioctl(fd, sets[i].number, &lo));
		strcpy(lo.ifr_name, "nothing");
		result("  of nothing", ioctl(fd, sets[i].number, &lo));
	}
	return 0;
}

static void of_nothing(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq nothing = { .ifr_name = "nothing" };

	TRY(ioctl(fd, SIOCSIFFLAGS, &nothing));
	TRY(ioctl(fd, SIOCSIFMTU, &nothing));
	TRY(ioctl(fd, SIOCSIFTXQLEN, &nothing));
	close(fd);
}

int main(void)
{
	int pair[2];

	bring_up();
	say("AF_INET\n");
	ask(socket(AF_INET, SOCK_DGRAM, 0));
	names(socket(AF_INET, SOCK_STREAM, 0));
	list(socket(AF_INET, SOCK_DGRAM, 0));
	say("AF_INET6\n");
	ask(socket(AF_INET6, SOCK_STREAM, 0));
	say("AF_UNIX\n");
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	ask(pair[0]);
	names(pair[0]);
	list(pair[1]);
	say("AF_NETLINK\n");
	ask(socket(AF_NETLINK, SOCK_RAW, 0));
	of_nothing();
	in_child("as a user", as_a_user, NULL);
	return 0;
}
