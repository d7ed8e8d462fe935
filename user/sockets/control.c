/* SPDX-License-Identifier: MIT */
/* Control messages of IP and IPv6: how a datagram is to go, and how it came. */
#include "sockets/sockd.h"

#include <errno.h>
#include <string.h>

#include "sockets/interface.h"

#define IP_PROTOCOL	   52 /* of <linux/in.h> */
#define IPV6_FLOWINFO	   11 /* of <linux/in6.h> */
#define HEAD		   sizeof(struct cmsghdr)
#define INTERFACE_OF_LO(n) ((n) == 0 || (n) == LO_INDEX)

/* ---- what is sent ---- */

/* Sets *value to the int that is all of a message, or fails if there is another number of bytes or it is not in the range. */
static bool control_number(const struct cmsghdr *head, int least, int most, int *value)
{
	if (head->cmsg_len != HEAD + sizeof(*value))
		return false;
	memcpy(value, head + 1, sizeof(*value));
	return *value >= least && *value <= most;
}

static int read_tos(const struct cmsghdr *head, struct ip_way *way)
{
	uint8_t byte;
	int value;

	if (head->cmsg_len == HEAD + 1) {
		memcpy(&byte, head + 1, 1);
		value = byte;
	} else if (!control_number(head, 0, 255, &value)) {
		return -EINVAL;
	}
	way->at.class = (uint8_t)value;
	return 0;
}

static int read_pktinfo(const struct cmsghdr *head, struct ip_way *way)
{
	struct in_pktinfo info;

	if (head->cmsg_len != HEAD + sizeof(info))
		return -EINVAL;
	memcpy(&info, head + 1, sizeof(info));
	if (info.ipi_ifindex)
		way->interface = info.ipi_ifindex;
	way->source = inet_map(info.ipi_spec_dst);
	way->has_source = true;
	return 0;
}

static int read_ip(const struct cmsghdr *head, struct ip_way *way)
{
	int value;

	switch (head->cmsg_type) {
	case IP_PKTINFO:
		return read_pktinfo(head, way);
	case IP_TOS:
		return read_tos(head, way);
	case IP_TTL:
		if (!control_number(head, 1, 255, &value))
			return -EINVAL;
		way->at.hops = (uint8_t)value;
		return 0;
	case IP_PROTOCOL:
		return control_number(head, 1, 255, &value) ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

/* Of a datagram that goes by IP, the socket being one of AF_INET6, this counts, too. */
static int read_mapped(const struct cmsghdr *head, struct ip_way *way)
{
	struct in6_pktinfo info;

	if (head->cmsg_type != IPV6_PKTINFO)
		return 0;
	if (head->cmsg_len < HEAD + sizeof(info))
		return -EINVAL;
	memcpy(&info, head + 1, sizeof(info));
	if (!IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr))
		return -EINVAL;
	if (info.ipi6_ifindex)
		way->interface = (int32_t)info.ipi6_ifindex;
	way->source = info.ipi6_addr;
	way->has_source = true;
	return 0;
}

static int read_pktinfo6(const struct cmsghdr *head, struct ip_way *way)
{
	struct in6_pktinfo info;

	if (head->cmsg_len < HEAD + sizeof(info))
		return -EINVAL;
	memcpy(&info, head + 1, sizeof(info));
	if (info.ipi6_ifindex && way->interface && (int32_t)info.ipi6_ifindex != way->interface)
		return -EINVAL;
	if (info.ipi6_ifindex)
		way->interface = (int32_t)info.ipi6_ifindex;
	if (!INTERFACE_OF_LO(way->interface))
		return -ENODEV;
	if (IN6_IS_ADDR_UNSPECIFIED(&info.ipi6_addr))
		return 0;
	way->source = info.ipi6_addr;
	way->has_source = true;
	return IN6_IS_ADDR_LOOPBACK(&info.ipi6_addr) ? 0 : -EINVAL;
}

/* As on Linux, 16 bits of a number of hops count. */
static int read_hops(const struct cmsghdr *head, struct ip_way *way)
{
	int value;

	if (!control_number(head, INT32_MIN, INT32_MAX, &value) || (int16_t)value < -1 ||
	    (int16_t)value > 255)
		return -EINVAL;
	if ((int16_t)value != -1)
		way->at.hops = (uint8_t)value;
	return 0;
}

static int read_ipv6(const struct cmsghdr *head, struct ip_way *way)
{
	int value;

	switch (head->cmsg_type) {
	case IPV6_PKTINFO:
		return read_pktinfo6(head, way);
	case IPV6_HOPLIMIT:
		return read_hops(head, way);
	case IPV6_TCLASS:
		if (!control_number(head, -1, 255, &value))
			return -EINVAL;
		way->at.class = (uint8_t)value; /* as on Linux 6.12, -1 is 255 */
		return 0;
	case IPV6_DONTFRAG:
		return control_number(head, 0, 1, &value) ? 0 : -EINVAL;
	case IPV6_FLOWINFO:
		return head->cmsg_len >= HEAD + sizeof(uint32_t) ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int control_read_one(struct serve_file *file, const struct cmsghdr *head, bool mapped,
			    struct ip_way *way)
{
	switch (head->cmsg_level) {
	case IPPROTO_IP:
		return mapped ? read_ip(head, way) : 0;
	case IPPROTO_IPV6:
		if (!mapped)
			return read_ipv6(head, way);
		return sock_domain(file) == AF_INET6 ? read_mapped(head, way) : 0;
	case IPPROTO_UDP:
		return -EINVAL;
	default:
		return 0;
	}
}

int control_read(struct serve_file *file, struct serve_request *request, bool mapped,
		 struct ip_way *way)
{
	_Alignas(struct cmsghdr) char bytes[SERVED_CONTROL_MOST];
	size_t n = request->control, at = 0;
	int err = 0;

	if (n > sizeof(bytes) || serve_take(request, bytes, n) != n)
		return -EIO;
	while (!err && at < n && n - at >= HEAD) {
		const struct cmsghdr *head = (const void *)(bytes + at);

		if (head->cmsg_len < HEAD || head->cmsg_len > n - at)
			return -EINVAL;
		err = control_read_one(file, head, mapped, way);
		at += CMSG_ALIGN(head->cmsg_len);
	}
	return err;
}

int control_check(const struct ip_way *way)
{
	if (way->has_source && !inet_is_here(&way->source))
		return -ENETUNREACH;
	return INTERFACE_OF_LO(way->interface) ? 0 : -ENODEV;
}

/* ---- what was received ---- */

/* Where the next one goes, and how much room there is. */
struct place {
	char *at;
	size_t left;
	bool cut;
};

/* Without room for all of it, there is as much as there is room for. */
static void control_add(struct place *place, int level, int type, const void *data, size_t n)
{
	struct cmsghdr head = { .cmsg_len = HEAD + n, .cmsg_level = level, .cmsg_type = type };
	size_t taken = CMSG_SPACE(n) < place->left ? CMSG_SPACE(n) : place->left;

	place->cut |= place->left < head.cmsg_len;
	if (place->left < HEAD)
		return;
	if (head.cmsg_len > place->left)
		head.cmsg_len = place->left;
	memset(place->at, 0, taken);
	memcpy(place->at, &head, HEAD);
	memcpy(place->at + HEAD, data, head.cmsg_len - HEAD);
	place->at += taken;
	place->left -= taken;
}

static void control_add_number(struct place *place, int level, int type, int value)
{
	control_add(place, level, type, &value, sizeof(value));
}

static void put_pktinfo6(struct place *place, const struct ip_head *head)
{
	struct in6_pktinfo info = { .ipi6_addr = head->to };

	info.ipi6_ifindex = head->is_told || !IN6_IS_ADDR_V4MAPPED(&head->to) ? LO_INDEX : 0;
	control_add(place, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static void put_pktinfo(struct place *place, const struct ip_head *head)
{
	struct in_pktinfo info = { .ipi_ifindex = head->is_told ? LO_INDEX : 0 };

	memcpy(&info.ipi_addr, &head->to.s6_addr[12], sizeof(info.ipi_addr));
	if (head->is_told)
		info.ipi_spec_dst = info.ipi_addr;
	control_add(place, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void put_ip(struct serve_file *file, const struct ip_head *head, struct place *place)
{
	if (option_is_on(file, IPPROTO_IP, IP_PKTINFO))
		put_pktinfo(place, head);
	if (option_is_on(file, IPPROTO_IP, IP_RECVTTL))
		control_add_number(place, IPPROTO_IP, IP_TTL, head->hops);
	if (option_is_on(file, IPPROTO_IP, IP_RECVTOS))
		control_add(place, IPPROTO_IP, IP_TOS, &head->class, 1);
}

static void put_ipv6(struct serve_file *file, const struct ip_head *head, struct place *place)
{
	if (option_is_on(file, IPPROTO_IPV6, IPV6_RECVHOPLIMIT))
		control_add_number(place, IPPROTO_IPV6, IPV6_HOPLIMIT, head->hops);
	if (option_is_on(file, IPPROTO_IPV6, IPV6_RECVTCLASS))
		control_add_number(place, IPPROTO_IPV6, IPV6_TCLASS, head->class);
}

bool control_is_asked(struct serve_file *file)
{
	return option_is_on(file, IPPROTO_IP, IP_PKTINFO) ||
	       option_is_on(file, IPPROTO_IPV6, IPV6_RECVPKTINFO);
}

/* The order is Linux's. */
size_t control_make(struct serve_file *file, const struct ip_head *head, size_t room,
		    char bytes[CONTROL_MADE_MOST], bool *cut)
{
	struct place place = { bytes, room < CONTROL_MADE_MOST ? room : CONTROL_MADE_MOST, false };

	if (option_is_on(file, IPPROTO_IPV6, IPV6_RECVPKTINFO))
		put_pktinfo6(&place, head);
	if (IN6_IS_ADDR_V4MAPPED(&head->to))
		put_ip(file, head, &place);
	else
		put_ipv6(file, head, &place);
	*cut = place.cut;
	return (size_t)(place.at - bytes);
}
