/* SPDX-License-Identifier: MIT */
/* The devices that programs drive: process 1 has a descriptor of each, and hands out sessions. */
/*
 * The kernel has given process 1 these descriptors, and nobody else can come by one: there is no name
 * of a device. They are closed by exec, so a program gets a device only if process 1 means it to.
 */
#include "init_devices.h"

#include <stdbool.h>

#include "abi/mman.h"
#include "abi/uio_device.h"
#include "lib/complain.h"
#include "lib/slurp.h"
#include "lib/strings.h"
#include "lib/sys.h"
#include "lib/text.h"
#include "lib/virtio_regs.h"

#define ORDERS	    "/run/device" /* of the runner's: the names of devices for the program */
#define PAGE	    4096
#define DEVICES_MAX 8			/* the kernel has no more */
#define NAMES_BYTES 1024		/* of the devices that are for the program */
#define TAG_AT	    (VIRTIO_CONFIG + 2) /* the tag's length of 16 bits is before it */

static bool taken[DEVICES_MAX]; /* by a server or the program */
static int of_program[DEVICES_MAX];
static int nof_program;

/* What can be a program's has a name of its kind, as QEMU's names without "-device". */
static const struct {
	uint32_t id;
	const char *name;
} kinds[] = {
	{ 1, "virtio-net" },	{ 4, "virtio-rng" },	       { 5, "virtio-balloon" },
	{ 8, "virtio-scsi" },	{ VIRTIO_ID_9P, "virtio-9p" }, { 16, "virtio-gpu" },
	{ 18, "virtio-input" }, { 19, "virtio-vsock" },	       { 20, "virtio-crypto" },
	{ 25, "virtio-sound" },
};

static bool has_tag(const volatile uint8_t *regs, const char *tag)
{
	uint16_t n = (uint16_t)(regs[VIRTIO_CONFIG] | regs[VIRTIO_CONFIG + 1] << 8), i = 0;

	while (i < n && TAG_AT + i < PAGE && tag[i] && regs[TAG_AT + i] == (uint8_t)tag[i])
		i++;
	return i == n && tag[i] == '\0';
}

/* A process that maps a device drives it. So a session is made for the look alone. */
static bool is_tagged(int device, const char *tag)
{
	long session = device_session(device), at;
	bool is;

	if (session < 0)
		return false;
	at = sys_mmap(0, PAGE, PROT_READ, MAP_SHARED, (int)session, 0);
	sys_close((int)session);
	if ((unsigned long)at >= -4095ul) /* -ERRNO */
		return false;
	is = has_tag((const volatile uint8_t *)at, tag);
	sys_munmap(at, PAGE);
	return is;
}

long device_find(uint32_t id, const char *tag)
{
	struct uio_info info;

	for (unsigned i = 0; i < DEVICES_MAX; i++) {
		int fd = UIO_FIRST_FD + (int)i;

		if (taken[i] || sys_ioctl(fd, UIO_INFO, (long)&info) != 0)
			continue;
		if (info.id == id && is_tagged(fd, tag)) {
			taken[i] = true;
			return fd;
		}
	}
	return -ENODEV;
}

static bool device_has_name(const struct uio_info *info, const char *name)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].id == info->id && text_is_same(kinds[i].name, name))
			return true;
	return text_is_same(info->name, name);
}

static long find_named(const char *name)
{
	struct uio_info info;

	for (unsigned i = 0; i < DEVICES_MAX; i++) {
		int fd = UIO_FIRST_FD + (int)i;

		if (taken[i] || sys_ioctl(fd, UIO_INFO, (long)&info) != 0 ||
		    !device_has_name(&info, name))
			continue;
		taken[i] = true;
		of_program[nof_program++] = fd;
		return 0;
	}
	return -ENODEV;
}

long devices_for_program(void)
{
	char bytes[NAMES_BYTES + 1], *names[DEVICES_MAX + 1];
	long n = slurp(ORDERS, bytes, NAMES_BYTES), err = 0;

	if (n >= 0)
		n = strings_split(bytes, n, names, DEVICES_MAX);
	if (n < 0 && n != -ENOENT) {
		complain("cannot read ", ORDERS, n);
		return n;
	}
	for (long i = 0; i < n && err == 0; i++) {
		err = find_named(names[i]);
		if (err)
			complain("cannot give the program ", names[i], err);
	}
	return err;
}

/* Two steps: a number that one of them is to get may be that of another. */
long devices_become(void)
{
	long fds[DEVICES_MAX], err = 0;
	int first_free = UIO_FIRST_FD + DEVICES_MAX;

	for (int i = 0; i < nof_program && err >= 0; i++)
		err = fds[i] = sys_fcntl(of_program[i], F_DUPFD_CLOEXEC, first_free);
	for (int i = 0; i < nof_program && err >= 0; i++)
		err = sys_dup3((int)fds[i], UIO_FIRST_FD + i, 0);
	return err < 0 ? err : 0;
}

long device_session(int device)
{
	return sys_ioctl(device, UIO_SESSION, 0);
}
