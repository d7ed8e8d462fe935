/* A terminal on a device of the test's own: its input to the end, and what ioctl asks of it. */
#include "abi/signal.h"
#include "fs/tty_private.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"

#define BUFFER 0x40000ul

static const char keys[] = "ab\n";
static size_t typed, echoed;

static size_t keyboard_read(struct chardev *dev, void *to, size_t n)
{
	size_t got = MIN(n, sizeof(keys) - 1 - typed);

	memcpy(to, keys + typed, got);
	typed += got;
	return got;
}

static bool keyboard_ended(struct chardev *dev)
{
	return typed == sizeof(keys) - 1;
}

static size_t screen_write(struct chardev *dev, const void *from, size_t n)
{
	echoed += n;
	return n;
}

static const struct chardev_ops ops = {
	.read = keyboard_read,
	.ended = keyboard_ended,
	.write = screen_write,
};

static struct chardev device = { .name = "test", .ops = &ops };
static struct tty tty;

/* All keys are typed, and the device ends. */
static void type_all(void)
{
	typed = echoed = 0;
	memset(&tty, 0, sizeof(tty));
	waitq_init(&device.readable);
	waitq_init(&device.writable);
	tty.dev = &device;
	turn_init(&tty.output);
	spin_init(&tty.lock, LOCK_FS);
	ldisc_init(&tty.ldisc);
	waitq_init(&tty.readable);
	waitq_init(&tty.resumed);
	tty_input_main(&tty);
}

KTEST(terminal_hangs_up_where_its_device_ends)
{
	type_all();
	EXPECT_TRUE(tty.hung_up);
	EXPECT_EQ(sizeof("ab\r\n") - 1, echoed);
	EXPECT_EQ(3, ldisc_available(&tty.ldisc));
}

static int available(void)
{
	int32_t n = -1;

	EXPECT_EQ(0, tty_ioctl_request(&tty, FIONREAD, BUFFER));
	EXPECT_EQ(0, user_copy_in(&n, BUFFER, sizeof(n)));
	return n;
}

static int asks(void *unused)
{
	struct abi_winsize winsize = { .rows = 7, .cols = 9 };
	struct uspace *us = current_process()->uspace;
	long at;

	uspace_lock(us);
	at = space_map(us, BUFFER, PAGE_SIZE, READ_WRITE, 0);
	uspace_unlock(us);
	if (at < 0 || user_copy_out(BUFFER, &winsize, sizeof(winsize)))
		return 99;
	EXPECT_EQ(0, tty_ioctl_request(&tty, TIOCSWINSZ, BUFFER));
	EXPECT_EQ(7, tty.winsize.rows);
	EXPECT_EQ(0, tty_ioctl_request(&tty, TIOCGWINSZ, BUFFER));
	EXPECT_EQ(3, available());
	EXPECT_EQ(0, tty_ioctl_request(&tty, TCGETS, BUFFER));
	EXPECT_EQ(0, tty_ioctl_request(&tty, TCSETS, BUFFER));
	EXPECT_EQ(3, available());
	EXPECT_EQ(0, tty_ioctl_request(&tty, TCFLSH, TCIFLUSH));
	EXPECT_EQ(0, available());
	return 0;
}

KTEST(terminal_tells_what_it_is_asked)
{
	type_all();
	EXPECT_EQ(EXITED(0), ktest_run(asks, NULL));
}
