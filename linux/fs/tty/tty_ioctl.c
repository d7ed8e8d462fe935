/* SPDX-License-Identifier: MIT */
/* The ioctl requests of a terminal. */
#include "abi/errno.h"
#include "abi/signal.h"
#include "lib/string.h"
#include "linux/fs/tty/tty_private.h"
#include "linux/job/ctty.h"
#include "linux/process/cred.h"
#include "mm/fault/user_copy.h"

static int get_termios(struct tty *tty, vaddr_t arg)
{
	struct abi_termios termios;

	spin_lock(&tty->lock);
	termios = tty->ldisc.termios;
	spin_unlock(&tty->lock);
	return user_copy_out(arg, &termios, sizeof(termios));
}

/* Discards all input that has not been read. Called with tty->lock held. */
static void flush_input(struct tty *tty)
{
	assert_hardened(spin_lock_held(&tty->lock));
	ldisc_flush_input(&tty->ldisc);
	tty->held.n = 0;
}

/* A terminal has the one speed of its c_cflag, which cannot be changed and means nothing. */
static int get_termios2(struct tty *tty, vaddr_t arg)
{
	struct abi_termios2 termios2 = { .c_ispeed = 38400, .c_ospeed = 38400 };

	spin_lock(&tty->lock);
	termios2.termios = tty->ldisc.termios;
	spin_unlock(&tty->lock);
	return user_copy_out(arg, &termios2, sizeof(termios2));
}

/* When the modes are set. */
enum when { AT_ONCE, AFTER_OUTPUT, AFTER_OUTPUT_WITHOUT_INPUT };

/*
 * Of `size` bytes only the first are used: the speeds of a struct termios2 are not. What a write has
 * left to do is the only output to wait for.
 */
static int set_termios(struct tty *tty, vaddr_t arg, size_t size, enum when when)
{
	struct abi_termios2 termios2;
	int err = ctty_check(&tty->jobs, SIGTTOU);

	if (err)
		return err;
	if (user_copy_in(&termios2, arg, size) != 0)
		return -EFAULT;
	if (when != AT_ONCE)
		err = turn_take(&tty->output, false);
	if (err)
		return err;
	spin_lock(&tty->lock);
	if (when == AFTER_OUTPUT_WITHOUT_INPUT)
		flush_input(tty);
	ldisc_set_termios(&tty->ldisc, &termios2.termios);
	spin_unlock(&tty->lock);
	if (when != AT_ONCE)
		turn_give(&tty->output);
	/* The new settings may change what the waiting threads wait for. */
	waitq_wake_all(&tty->readable);
	waitq_wake_all(&tty->resumed);
	tty_input_resume(tty);
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
	bool changed;

	if (user_copy_in(&winsize, arg, sizeof(winsize)) != 0)
		return -EFAULT;
	spin_lock(&tty->lock);
	changed = memcmp(&tty->winsize, &winsize, sizeof(winsize)) != 0;
	tty->winsize = winsize;
	spin_unlock(&tty->lock);
	if (changed)
		ctty_signal(&tty->jobs, SIGWINCH);
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

/* A write returns only after the device has taken its bytes, so there is only input to discard. */
static int tty_flush(struct tty *tty, vaddr_t which)
{
	int err = ctty_check(&tty->jobs, SIGTTOU);

	if (err)
		return err;
	if (which > TCIOFLUSH)
		return -EINVAL;
	if (which == TCOFLUSH)
		return 0;
	spin_lock(&tty->lock);
	flush_input(tty);
	spin_unlock(&tty->lock);
	tty_input_resume(tty);
	return 0;
}

/* tcdrain(3), which never has to wait, and tcsendbreak(3), which sends no break. */
static int send_break(struct tty *tty)
{
	return ctty_check(&tty->jobs, SIGTTOU);
}

/* ---- flow, input, exclusive use, line discipline ---- */

/* As on Linux, what resumes resumes what ^S has stopped, too, but only if this has been stopped. */
static void set_held_off(struct tty *tty, bool off)
{
	bool resumes;

	spin_lock(&tty->lock);
	resumes = tty->held_off && !off;
	tty->held_off = off;
	if (resumes)
		tty->ldisc.stopped = false;
	spin_unlock(&tty->lock);
	if (resumes)
		tty_resumed(tty);
}

/* Has the other end stop, or go on, by the character that does so here. */
static void send_flow(struct tty *tty, unsigned index)
{
	uint8_t byte;

	spin_lock(&tty->lock);
	byte = tty->ldisc.termios.c_cc[index];
	spin_unlock(&tty->lock);
	if (byte != 0) /* 0: the character is disabled */
		tty_send_byte(tty, byte);
}

/* tcflow(3) */
static int tty_flow(struct tty *tty, vaddr_t what)
{
	int err = ctty_check(&tty->jobs, SIGTTOU);

	if (err)
		return err;
	switch (what) {
	case TCOOFF:
	case TCOON:
		set_held_off(tty, what == TCOOFF);
		return 0;
	case TCIOFF:
	case TCION:
		send_flow(tty, what == TCIOFF ? VSTOP : VSTART);
		return 0;
	default:
		return -EINVAL;
	}
}

/* As on a Linux without dev.tty.legacy_tiocsti: who could put commands into another's terminal is root. */
static int type_byte(struct tty *tty, vaddr_t arg)
{
	uint8_t byte;

	if (!capable(CAP_SYS_ADMIN))
		return -EIO;
	if (user_copy_in(&byte, arg, sizeof(byte)))
		return -EFAULT;
	tty_type(tty, byte);
	return 0;
}

static int set_exclusive(struct tty *tty, bool exclusive)
{
	spin_lock(&tty->lock);
	tty->exclusive = exclusive;
	spin_unlock(&tty->lock);
	return 0;
}

static int get_exclusive(struct tty *tty, vaddr_t arg)
{
	int32_t exclusive;

	spin_lock(&tty->lock);
	exclusive = tty->exclusive;
	spin_unlock(&tty->lock);
	return user_copy_out(arg, &exclusive, sizeof(exclusive));
}

static int get_ldisc(vaddr_t arg)
{
	static const int32_t ldisc = N_TTY;

	return user_copy_out(arg, &ldisc, sizeof(ldisc));
}

static int set_ldisc(struct tty *tty, vaddr_t arg)
{
	int32_t ldisc;
	int err = ctty_check(&tty->jobs, SIGTTOU);

	if (err)
		return err;
	if (user_copy_in(&ldisc, arg, sizeof(ldisc)))
		return -EFAULT;
	return ldisc == N_TTY ? 0 : -EINVAL;
}

/* A write returns only after the device has taken its bytes, so none are unsent. */
static int get_unsent(vaddr_t arg)
{
	static const int32_t none;

	return user_copy_out(arg, &none, sizeof(none));
}

/* ---- job control ---- */

static int get_group(struct tty *tty, vaddr_t arg)
{
	int group;
	int err = ctty_group(&tty->jobs, &group);

	return err ? err : user_copy_out(arg, &group, sizeof(group));
}

static int get_session(struct tty *tty, vaddr_t arg)
{
	int session;
	int err = ctty_session(&tty->jobs, &session);

	return err ? err : user_copy_out(arg, &session, sizeof(session));
}

static int tty_set_group(struct tty *tty, vaddr_t arg)
{
	int group;
	int err = ctty_check(&tty->jobs, SIGTTOU);

	/* In the background the process stops here. The call restarts in the foreground. */
	if (err)
		return err == -EIO ? -ENOTTY : err;
	if (user_copy_in(&group, arg, sizeof(group)) != 0)
		return -EFAULT;
	return ctty_set_group(&tty->jobs, group);
}

int tty_ioctl_request(struct tty *tty, unsigned long request, vaddr_t arg)
{
	if (tty->plain && request != FIONREAD)
		return -ENOTTY;
	switch (request) {
	case TCGETS:
		return get_termios(tty, arg);
	case TCSETS:
		return set_termios(tty, arg, sizeof(struct abi_termios), AT_ONCE);
	case TCSETSW:
		return set_termios(tty, arg, sizeof(struct abi_termios), AFTER_OUTPUT);
	case TCSETSF:
		return set_termios(tty, arg, sizeof(struct abi_termios),
				   AFTER_OUTPUT_WITHOUT_INPUT);
	case TCGETS2:
		return get_termios2(tty, arg);
	case TCSETS2:
		return set_termios(tty, arg, sizeof(struct abi_termios2), AT_ONCE);
	case TCSETSW2:
		return set_termios(tty, arg, sizeof(struct abi_termios2), AFTER_OUTPUT);
	case TCSETSF2:
		return set_termios(tty, arg, sizeof(struct abi_termios2),
				   AFTER_OUTPUT_WITHOUT_INPUT);
	case TIOCGWINSZ:
		return get_winsize(tty, arg);
	case TIOCSWINSZ:
		return set_winsize(tty, arg);
	case FIONREAD:
		return get_available(tty, arg);
	case TIOCOUTQ:
		return get_unsent(arg);
	case TCSBRK:
	case TCSBRKP:
	case TIOCSBRK:
	case TIOCCBRK:
		return send_break(tty);
	case TCFLSH:
		return tty_flush(tty, arg);
	case TCXONC:
		return tty_flow(tty, arg);
	case TIOCSTI:
		return type_byte(tty, arg);
	case TIOCEXCL:
	case TIOCNXCL:
		return set_exclusive(tty, request == TIOCEXCL);
	case TIOCGEXCL:
		return get_exclusive(tty, arg);
	case TIOCGETD:
		return get_ldisc(arg);
	case TIOCSETD:
		return set_ldisc(tty, arg);
	case TIOCSCTTY:
		return ctty_take(&tty->jobs, (int)arg == 1 && capable(CAP_SYS_ADMIN));
	case TIOCNOTTY:
		return ctty_leave(&tty->jobs);
	case TIOCGPGRP:
		return get_group(tty, arg);
	case TIOCSPGRP:
		return tty_set_group(tty, arg);
	case TIOCGSID:
		return get_session(tty, arg);
	default:
		return -ENOTTY;
	}
}
