/* SPDX-License-Identifier: MIT */
/* The ioctl requests of pseudo-terminals: job control is the kernel's, bytes and modes are the server's. */
#include "abi/errno.h"
#include "abi/ioctl.h"
#include "abi/served.h"
#include "abi/signal.h"
#include "ipc/endpoint.h"
#include "ipc/served.h"
#include "linux/fs/tty/pty.h"
#include "linux/process/cred.h"
#include "mm/fault/user_copy.h"
#include "proc/pid.h"
#include "proc/process.h"

/* The server does it, and may read or write n bytes at `arg`. */
static int pty_ask_with(struct pty *pty, enum pty_end end, unsigned long request, vaddr_t arg,
			size_t n, unsigned access)
{
	struct ipc_words words;
	int result = served_ctl_words(pty->side[end], request, arg, n, access, &words);

	if (result >= 0)
		pty_act(pty, words.word[2]);
	return result;
}

static int pty_get(struct pty *pty, enum pty_end end, unsigned long request, vaddr_t arg, size_t n)
{
	return pty_ask_with(pty, end, request, arg, n, VM_PROT_WRITE);
}

static int pty_set(struct pty *pty, enum pty_end end, unsigned long request, vaddr_t arg, size_t n)
{
	return pty_ask_with(pty, end, request, arg, n, VM_PROT_READ);
}

/* The server does it, with a number. */
static int pty_ask(struct pty *pty, enum pty_end end, unsigned long request, uint64_t arg)
{
	struct ipc_words words = { { 0, request, arg } };
	int64_t result = served_call(pty->side[end], &words, NULL);

	if (result >= 0)
		pty_act(pty, words.word[2]);
	return (int)result;
}

/* Who changes the terminal from the background stops. The master is no session's, so its users may. */
static int pty_check(struct pty *pty, enum pty_end end)
{
	return end == PTY_SLAVE ? ctty_check(&pty->jobs, SIGTTOU) : 0;
}

static int pty_give_number(int value, vaddr_t arg)
{
	int32_t number = value;

	return value < 0 ? value : user_copy_out(arg, &number, sizeof(number));
}

/* ---- who may open the slave ---- */

static int pty_set_flag(struct pty *pty, bool *flag, bool value)
{
	(void)pty;
	spin_lock(&process_tree_lock);
	*flag = value;
	spin_unlock(&process_tree_lock);
	return 0;
}

static int pty_get_flag(const bool *flag, vaddr_t arg)
{
	bool value;

	spin_lock(&process_tree_lock);
	value = *flag;
	spin_unlock(&process_tree_lock);
	return pty_give_number(value, arg);
}

static int pty_set_lock(struct pty *pty, vaddr_t arg)
{
	int32_t locked;

	if (user_copy_in(&locked, arg, sizeof(locked)))
		return -EFAULT;
	return pty_set_flag(pty, &pty->locked, locked != 0);
}

/* ---- job control ---- */

/* Of the master, whosever terminal the slave is. */
static int pty_get_group(struct pty *pty, enum pty_end end, vaddr_t arg)
{
	int group = 0, err = 0;

	if (end == PTY_MASTER)
		group = ctty_group_of(&pty->jobs);
	else
		err = ctty_group(&pty->jobs, &group);
	return err ?: pty_give_number(group, arg);
}

static int pty_get_session(struct pty *pty, enum pty_end end, vaddr_t arg)
{
	int session = 0, err = 0;

	if (end == PTY_MASTER)
		session = ctty_session_of(&pty->jobs);
	else
		err = ctty_session(&pty->jobs, &session);
	return err ?: pty_give_number(session, arg);
}

/* Who may only write to the terminal does not get it: it would read what is typed, by /dev/tty. */
static int pty_take(struct file *file, struct pty *pty, vaddr_t arg)
{
	bool is_root = capable(CAP_SYS_ADMIN);
	int session;

	if (!file_readable(file) && !is_root && ctty_session(&pty->jobs, &session) != 0)
		return -EPERM;
	return ctty_take(&pty->jobs, (int)arg == 1 && is_root);
}

static int pty_set_group(struct pty *pty, vaddr_t arg)
{
	int group;
	int err = ctty_check(&pty->jobs, SIGTTOU);

	/* In the background the process stops here. The call restarts in the foreground. */
	if (err)
		return err == -EIO ? -ENOTTY : err;
	if (user_copy_in(&group, arg, sizeof(group)) != 0)
		return -EFAULT;
	return ctty_set_group(&pty->jobs, group);
}

/* The keys of signals, without a key. */
static int pty_send_signal(struct pty *pty, vaddr_t sig)
{
	if (sig != SIGINT && sig != SIGQUIT && sig != SIGTSTP)
		return -EINVAL;
	ctty_signal(&pty->jobs, (int)sig);
	return 0;
}

/* As of the console: who could put commands into another's terminal is root. */
static int pty_type_byte(struct pty *pty, enum pty_end end, vaddr_t arg)
{
	uint8_t byte;

	if (!capable(CAP_SYS_ADMIN))
		return -EIO;
	if (user_copy_in(&byte, arg, sizeof(byte)))
		return -EFAULT;
	return pty_ask(pty, end, TIOCSTI, byte);
}

static int pty_set_ldisc(struct pty *pty, enum pty_end end, vaddr_t arg)
{
	int32_t ldisc;
	int err = pty_check(pty, end);

	if (err)
		return err;
	if (user_copy_in(&ldisc, arg, sizeof(ldisc)))
		return -EFAULT;
	return ldisc == N_TTY ? 0 : -EINVAL;
}

/* TCSETSW and TCSETSF wait for who is writing. The modes are the slave's: as on Linux, the background stops here at either end. */
static int pty_set_modes(struct pty *pty, enum pty_end end, unsigned long request, vaddr_t arg,
			 size_t n)
{
	bool waits = request != TCSETS && request != TCSETS2;
	int err = ctty_check(&pty->jobs, SIGTTOU);

	if (err == 0 && waits)
		err = turn_take(&pty->output[PTY_SLAVE], false);
	if (err)
		return err;
	err = pty_set(pty, end, request, arg, n);
	if (waits)
		turn_give(&pty->output[PTY_SLAVE]);
	return err;
}

/* ---- the tables ---- */

static int master_request(struct pty *pty, unsigned long request, vaddr_t arg)
{
	switch (request) {
	case TIOCGPTN:
		return pty_give_number((int)pty->index, arg);
	case TIOCSPTLCK:
		return pty_set_lock(pty, arg);
	case TIOCGPTLCK:
		return pty_get_flag(&pty->locked, arg);
	case TIOCPKT:
		return pty_set(pty, PTY_MASTER, request, arg, sizeof(int32_t));
	case TIOCGPKT:
		return pty_get(pty, PTY_MASTER, request, arg, sizeof(int32_t));
	case TIOCSIG:
		return pty_send_signal(pty, arg);
	default:
		return -ENOTTY;
	}
}

/* Those of job control, and the others that ask nobody. */
static int own_request(struct file *file, struct pty *pty, enum pty_end end, unsigned long request,
		       vaddr_t arg)
{
	switch (request) {
	case TIOCSCTTY:
		return pty_take(file, pty, arg);
	case TIOCNOTTY:
		return end == PTY_SLAVE ? ctty_leave(&pty->jobs) : -ENOTTY;
	case TIOCGPGRP:
		return pty_get_group(pty, end, arg);
	case TIOCSPGRP:
		return pty_set_group(pty, arg);
	case TIOCGSID:
		return pty_get_session(pty, end, arg);
	case TCSBRK:
	case TCSBRKP:
	case TIOCSBRK:
	case TIOCCBRK:
		return pty_check(
			pty, end); /* no write leaves anything to wait for, and no break is sent */
	case TIOCOUTQ:
		return pty_give_number(0, arg);
	case TIOCEXCL:
	case TIOCNXCL:
		return pty_set_flag(pty, &pty->exclusive[end], request == TIOCEXCL);
	case TIOCGEXCL:
		return pty_get_flag(&pty->exclusive[end], arg);
	case TIOCGETD:
		return pty_give_number(N_TTY, arg);
	case TIOCSETD:
		return pty_set_ldisc(pty, end, arg);
	case TIOCGPTPEER:
		return end == PTY_MASTER ? pty_open_peer(pty, (unsigned)arg) : -EIO;
	default:
		return end == PTY_MASTER ? master_request(pty, request, arg) : -ENOTTY;
	}
}

int pty_ioctl_request(struct file *file, struct pty *pty, enum pty_end end, unsigned long request,
		      vaddr_t arg)
{
	switch (request) {
	case TCGETS:
		return pty_get(pty, end, request, arg, sizeof(struct abi_termios));
	case TCGETS2:
		return pty_get(pty, end, request, arg, sizeof(struct abi_termios2));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return pty_set_modes(pty, end, request, arg, sizeof(struct abi_termios));
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
		return pty_set_modes(pty, end, request, arg, sizeof(struct abi_termios2));
	case TIOCGWINSZ:
		return pty_get(pty, end, request, arg, sizeof(struct abi_winsize));
	case TIOCSWINSZ:
		return pty_set(pty, end, request, arg, sizeof(struct abi_winsize));
	case FIONREAD:
		return pty_give_number(pty_ask(pty, end, request, 0), arg);
	case TCFLSH:
	case TCXONC:
		return pty_check(pty, end) ?: pty_ask(pty, end, request, arg);
	case TIOCSTI:
		return pty_type_byte(pty, end, arg);
	default:
		return own_request(file, pty, end, request, arg);
	}
}
