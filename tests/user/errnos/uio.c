/* SPDX-License-Identifier: MIT */
/* Calls on a device that programs drive, and on its session: their errnos are those of docs/ABI.md. */
#include "errnos.h"

#include <sys/ioctl.h>

#include "abi/uio_device.h"
#include "lib/ipc.h"

#define HIGH (1ul << 32) /* a request is an int: these bits of it are ignored */

static void put(int fd, int at)
{
	if (fd < 0 || dup2(fd, at) != at)
		exit(92);
	close(fd);
}

/* Begins the session anew, with no memory, no driver and nobody to notify. */
static void renew(void)
{
	put(ioctl(FD_DEVICE, UIO_SESSION, 0), FD_SESSION);
	fcntl(FD_SESSION, F_SETFL, O_NONBLOCK);
}

static void set_up(void)
{
	put(UIO_FIRST_FD, FD_DEVICE);
	put(ioctl(FD_DEVICE, UIO_SESSION, 0), FD_ENDED);
	renew();
	put(ipc_create(0), FD_ENDPOINT);
	put(ipc_badge(FD_ENDPOINT, 1, 0), FD_SEND);
}

static void renews(const word *arg, long result)
{
	(void)arg, (void)result;
	renew();
}

/* ---- structs, whose members are arguments, too ---- */

enum { FD, REQUEST, FIRST, SECOND };

static long or_error(long result)
{
	return result < 0 ? -(long)errno : result;
}

static long allocates(const word *arg)
{
	struct uio_dma dma = { .size = arg[FIRST] };

	return or_error(ioctl((int)arg[FD], arg[REQUEST], &dma));
}

static long notifies(const word *arg)
{
	struct uio_notify notify = { .fd = (int32_t)arg[FIRST], .zero = (uint32_t)arg[SECOND] };

	return or_error(ioctl((int)arg[FD], arg[REQUEST], &notify));
}

/* One that can be read and not be written, besides the one that is right. */
static void asks_for_page(word *arg)
{
	const struct uio_dma page = { .size = PAGE };

	(void)arg;
	*(struct uio_dma *)DATA = page;
	mprotect((void *)READONLY, PAGE, RW);
	*(struct uio_dma *)READONLY = page;
	mprotect((void *)READONLY, PAGE, PROT_READ);
}

static void notifies_nobody(word *arg)
{
	(void)arg;
	*(struct uio_notify *)DATA = (struct uio_notify){ .fd = -1 };
}

static void unmaps(const word *arg, long result)
{
	(void)arg;
	munmap((void *)result, PAGE);
}

/* ---- bad values ---- */

#define NO_FILE                                                          \
	{ "closed: EBADF", FD_CLOSED }, { "negative: EBADF", MINUS(1) }, \
		{ "above: EBADF", FD_ABOVE },                            \
	{                                                                \
		"path: EBADF", FD_PATH                                   \
	}

#define NO_DEVICE                                                      \
	NO_FILE, { "file: ENOTTY", FD_RW }, { "pipe: ENOTTY", FD_IN }, \
	{                                                              \
		"endpoint: ENOTTY", FD_ENDPOINT                        \
	}

static const struct bad devices_to_ask[] = { NO_DEVICE, { "ended: ENODEV", FD_ENDED }, NO_MORE };
static const struct bad devices[] = {
	NO_DEVICE, { "session: ENOTTY", FD_SESSION }, { "ended: ENOTTY", FD_ENDED }, NO_MORE
};
static const struct bad sessions[] = {
	NO_DEVICE, { "device: ENOTTY", FD_DEVICE }, { "ended: ENODEV", FD_ENDED }, NO_MORE
};
static const struct bad streams[] = {
	NO_FILE, { "device: EINVAL", FD_DEVICE }, { "ended: ENODEV", FD_ENDED }, NO_MORE
};
static const struct bad device_requests[] = { { "unknown: ENOTTY", 4711 },
					      { "negative: ENOTTY", MINUS(1) },
					      { "a terminal's: ENOTTY", 0x5401 },
					      NO_MORE };
static const struct bad arguments[] = {
	{ "1: EINVAL", 1 }, { "address: EINVAL", DATA }, { "negative: EINVAL", MINUS(1) }, NO_MORE
};
static const struct bad to[] = { { "null: EFAULT", 0 },
				 { "unmapped: EFAULT", HOLE },
				 { "half: EFAULT", HALF },
				 { "readonly: EFAULT", READONLY },
				 { "noaccess: EFAULT", NOACCESS },
				 { "kernel: EFAULT", KERNEL },
				 NO_MORE };
static const struct bad from[] = { { "null: EFAULT", 0 },	 { "unmapped: EFAULT", HOLE },
				   { "half: EFAULT", HALF },	 { "noaccess: EFAULT", NOACCESS },
				   { "kernel: EFAULT", KERNEL }, NO_MORE };
static const struct bad sizes[] = { { "0: EINVAL", 0 },
				    { "more than 4 MiB: EINVAL", UIO_DMA_SIZE_MAX + 1 },
				    { "wraps: EINVAL", MINUS(1) },
				    NO_MORE };
static const struct bad notified[] = {
	{ "none: 0", MINUS(1) },	 { "closed: EBADF", FD_CLOSED },
	{ "-2: EINVAL", MINUS(2) },	 { "above: EBADF", FD_ABOVE },
	{ "path: EBADF", FD_PATH },	 { "file: EINVAL", FD_RW },
	{ "device: EINVAL", FD_DEVICE }, NO_MORE
};
static const struct bad not_zero[] = { { "1: EINVAL", 1 }, { "all: EINVAL", 0xffffffff }, NO_MORE };
/* There is no interrupt: where one would go is not looked at. */
static const struct bad counts[] = { { "unmapped: EAGAIN", HOLE },
				     { "readonly: EAGAIN", READONLY },
				     { "kernel: EFAULT", KERNEL },
				     NO_MORE };
static const struct bad lengths[] = { { "3: EINVAL", 3 }, { "8: EINVAL", 8 }, NO_MORE };
static const uint32_t two = 2, zero;
static const struct bad masks[] = { { "null: EFAULT", 0 },
				    { "unmapped: EFAULT", HOLE },
				    { "kernel: EFAULT", KERNEL },
				    { "2: EINVAL", (word)&two },
				    NO_MORE };
static const struct bad map_lengths[] = {
	{ "0: EINVAL", 0 }, { "2 pages: EINVAL", 2 * PAGE }, { "wraps: EINVAL", MINUS(1) }, NO_MORE
};
static const struct bad protections[] = { { "executable: EPERM", PROT_READ | PROT_EXEC }, NO_MORE };
static const struct bad sharing[] = { { "private: EINVAL", MAP_PRIVATE },
				      { "none: EINVAL", 0 },
				      NO_MORE };
static const struct bad to_map[] = {
	{ "closed: EBADF", FD_CLOSED }, { "negative: EBADF", MINUS(1) },
	{ "path: EBADF", FD_PATH },	{ "device: ENODEV", FD_DEVICE },
	{ "ended: ENODEV", FD_ENDED },	NO_MORE
};
static const struct bad map_offsets[] = {
	{ "odd: EINVAL", 4 }, { "next page: EINVAL", PAGE }, { "far: EINVAL", 1ul << 40 }, NO_MORE
};
static const struct bad places[] = { { "device: ESPIPE", FD_DEVICE },
				     { "ended: ESPIPE", FD_ENDED },
				     NO_MORE };
static const struct bad cut[] = { { "device: EINVAL", FD_DEVICE },
				  { "ended: EINVAL", FD_ENDED },
				  NO_MORE };
static const struct bad no_devices[] = { { "device: ENODEV", FD_DEVICE },
					 { "ended: ENODEV", FD_ENDED },
					 NO_MORE };
static const struct bad no_dirs[] = { { "device: ENOTDIR", FD_DEVICE },
				      { "ended: ENOTDIR", FD_ENDED },
				      NO_MORE };

static const struct pair_exception long_maps[] = { { "2 wraps: EINVAL", "5 device: ENODEV", ENOMEM,
						     "only a session has a range to look at" },
						   { 0 } };

static const struct row rows[] = {
	CALL_AS("ioctl(UIO_INFO)", ioctl, RIGHT(FD_DEVICE, UIO_INFO, DATA),
		BAD(devices_to_ask, device_requests, to), .answer = "0"),
	CALL_AS("ioctl(UIO_INFO) of a session", ioctl, RIGHT(FD_SESSION, HIGH | UIO_INFO, DATA),
		BAD(devices_to_ask, device_requests, to), .answer = "0"),
	CALL_AS("ioctl(UIO_DMA_ALLOC)", ioctl, RIGHT(FD_SESSION, UIO_DMA_ALLOC, DATA),
		BAD(sessions, device_requests, to), .before = asks_for_page, .after = renews,
		.answer = "0"),
	CALL_AS("ioctl(UIO_DMA_ALLOC, struct uio_dma)", ioctl,
		RIGHT(FD_SESSION, UIO_DMA_ALLOC, PAGE), BAD(sessions, NULL, sizes),
		.call = allocates, .after = renews, .answer = "0"),
	CALL_AS("ioctl(UIO_NOTIFY)", ioctl, RIGHT(FD_SESSION, UIO_NOTIFY, DATA),
		BAD(NULL, device_requests, from), .before = notifies_nobody, .answer = "0"),
	CALL_AS("ioctl(UIO_NOTIFY, struct uio_notify)", ioctl,
		RIGHT(FD_SESSION, UIO_NOTIFY, FD_SEND, 0), BAD(sessions, NULL, notified, not_zero),
		.call = notifies, .answer = "0"),
	CALL(read, RIGHT(FD_SESSION, DATA, 4), BAD(streams, counts, lengths), .answer = "EAGAIN"),
	CALL(write, RIGHT(FD_SESSION, (word)&zero, 4), BAD(streams, masks, lengths), .answer = "4"),
	CALL(mmap, RIGHT(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, FD_SESSION),
	     BAD(NULL, map_lengths, protections, sharing, to_map, map_offsets), .after = unmaps,
	     .answer = "ok", .how = HIDES, .exceptions = long_maps),
	CALL(pread64, RIGHT(FD_SESSION, DATA, 4, 0), BAD(places), .answer = "ESPIPE"),
	CALL(pwrite64, RIGHT(FD_SESSION, DATA, 4, 0), BAD(places), .answer = "ESPIPE"),
	CALL(lseek, RIGHT(FD_SESSION, 0, SEEK_SET), BAD(places), .answer = "ESPIPE"),
	CALL(ftruncate, RIGHT(FD_SESSION, 0), BAD(cut), .answer = "EINVAL"),
	CALL(fallocate, RIGHT(FD_SESSION, 0, 0, 100), BAD(no_devices), .answer = "ENODEV"),
	CALL(fsync, RIGHT(FD_SESSION), BAD(cut), .answer = "EINVAL"),
	CALL(getdents64, RIGHT(FD_SESSION, DATA, 1000), BAD(no_dirs), .answer = "ENOTDIR"),
	/* These end the session. */
	CALL_AS("ioctl(UIO_SESSION)", ioctl, RIGHT(FD_DEVICE, UIO_SESSION),
		BAD(devices, device_requests, arguments), .answer = "ok", .how = OPENS | HIDES),
	CALL_AS("ioctl(UIO_SESSION, one descriptor left)", ioctl, RIGHT(FD_DEVICE, UIO_SESSION),
		BAD(devices, device_requests, arguments), .answer = "ok",
		.how = OPENS | HIDES | CROWDED),
};

const struct group uio_group = { .name = "uio",
				 .rows = rows,
				 .count = sizeof(rows) / sizeof(rows[0]),
				 .judges = true,
				 .set_up = set_up,
				 .clear = renew };
