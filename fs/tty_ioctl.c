/* What ioctl does on a terminal. */
#include "abi/errno.h"
#include "fs/tty_private.h"
#include "mm/usercopy.h"

static int get_termios(struct tty *tty, vaddr_t arg)
{
	struct abi_termios termios;

	spin_lock(&tty->lock);
	termios = tty->ldisc.termios;
	spin_unlock(&tty->lock);
	return user_copy_out(arg, &termios, sizeof(termios));
}

static int set_termios(struct tty *tty, vaddr_t arg, bool flush)
{
	struct abi_termios termios;

	if (user_copy_in(&termios, arg, sizeof(termios)) != 0)
		return -EFAULT;
	spin_lock(&tty->lock);
	if (flush)
		ldisc_flush_input(&tty->ldisc);
	ldisc_set_termios(&tty->ldisc, &termios);
	spin_unlock(&tty->lock);
	/* Who waits may wait for something else now. */
	waitq_wake_all(&tty->readable);
	waitq_wake_all(&tty->resumed);
	return 0;
}

static int get_winsize(struct tty *tty, vaddr_t arg)
{
	struct abi_winsize winsize;

	spin_lock(&tty->lock);
	winsize = tty->winsize;
	spin_unlock(&tty->lock);
	return user_copy_out(arg, &winsize, sizeof(winsize));
}

static int set_winsize(struct tty *tty, vaddr_t arg)
{
	struct abi_winsize winsize;

	if (user_copy_in(&winsize, arg, sizeof(winsize)) != 0)
		return -EFAULT;
	spin_lock(&tty->lock);
	tty->winsize = winsize;
	spin_unlock(&tty->lock);
	return 0;
}

static int get_available(struct tty *tty, vaddr_t arg)
{
	int32_t n;

	spin_lock(&tty->lock);
	n = (int32_t)ldisc_available(&tty->ldisc);
	spin_unlock(&tty->lock);
	return user_copy_out(arg, &n, sizeof(n));
}

/* Output is on its way when a write returns, so that only input can be thrown away. */
static int flush(struct tty *tty, vaddr_t which)
{
	if (which > TCIOFLUSH)
		return -EINVAL;
	if (which == TCOFLUSH)
		return 0;
	spin_lock(&tty->lock);
	ldisc_flush_input(&tty->ldisc);
	spin_unlock(&tty->lock);
	return 0;
}

int tty_ioctl_request(struct tty *tty, unsigned long request, vaddr_t arg)
{
	switch (request) {
	case TCGETS:
		return get_termios(tty, arg);
	case TCSETS:
	case TCSETSW:
		return set_termios(tty, arg, false);
	case TCSETSF:
		return set_termios(tty, arg, true);
	case TIOCGWINSZ:
		return get_winsize(tty, arg);
	case TIOCSWINSZ:
		return set_winsize(tty, arg);
	case FIONREAD:
		return get_available(tty, arg);
	case TCFLSH:
		return flush(tty, arg);
	default:
		return -ENOTTY;
	}
}
