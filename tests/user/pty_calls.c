/* SPDX-License-Identifier: MIT */
/* R158: pseudo-terminals: their names, who may open them, and what both ends answer to each request. */
#include "ptys.h"

static void names(void)
{
	int master, slave, n = -1, locked = 7;
	char link[64] = "", path[40];
	struct stat st;

	TRY(access("/dev/pts/1", F_OK));
	TRY(master = open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0 ? 100 : -1);
	master = open_master();
	TRY(stat("/dev/ptmx", &st));
	say("mode %o, %u:%u\n", st.st_mode, major(st.st_rdev), minor(st.st_rdev));
	TRY(fstat(master, &st));
	say("mode %o, %u:%u\n", st.st_mode, major(st.st_rdev), minor(st.st_rdev));
	TRY(stat(name_of(master), &st));
	say("mode %o, %u:%d, owner %u:%u, links %u\n", st.st_mode, major(st.st_rdev),
	    (int)minor(st.st_rdev) - number_of(master), st.st_uid, st.st_gid,
	    (unsigned)st.st_nlink);
	slave = open_slave(master);
	TRY(fstat(slave, &st));
	say("mode %o, %u\n", st.st_mode, major(st.st_rdev));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", slave);
	n = (int)readlink(path, link, sizeof(link) - 1);
	say("the link leads there: %d, %d\n", n > 0 && strcmp(link, name_of(master)) == 0,
	    isatty(slave));
	say("listed: %d\n", listed("/dev/pts", name_of(master) + strlen("/dev/pts/")));
	say("ptmx: %d\n", listed("/dev/pts", "ptmx"));
	TRY(chmod(name_of(master), 0620));
	TRY(chown(name_of(master), 5, 6));
	TRY(fstat(slave, &st));
	say("mode %o, owner %u:%u\n", st.st_mode, st.st_uid, st.st_gid);
	TRY(unlink(name_of(master)));
	TRY(rename(name_of(master), "/dev/pts/other"));
	TRY(mkdir("/dev/pts/other", 0755));
	TRY(open("/dev/pts/other", O_RDWR | O_CREAT, 0644));
	TRY(lseek(slave, 0, SEEK_SET));
	TRY(ioctl(master, TIOCGPTLCK, &locked));
	say("locked: %d\n", locked);
	close(slave);
	strcpy(path, name_of(master));
	close(master);
	TRY(access(path, F_OK));
	TRY(open("/dev/pts/4000", O_RDWR));
}

static void locks(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), locked = 7, fd;

	TRY(ioctl(master, TIOCGPTLCK, &locked));
	say("locked: %d\n", locked);
	TRY(open(name_of(master), O_RDWR | O_NOCTTY));
	TRY(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	locked = 0;
	TRY(ioctl(master, TIOCSPTLCK, &locked));
	TRY(ioctl(master, TIOCGPTLCK, &locked));
	say("locked: %d\n", locked);
	say("opened: %d\n", (fd = open(name_of(master), O_RDWR | O_NOCTTY)) >= 0);
	locked = 5;
	TRY(ioctl(master, TIOCSPTLCK, &locked));
	TRY(ioctl(master, TIOCGPTLCK, &locked));
	say("locked: %d\n", locked);
	TRY(open(name_of(master), O_RDWR | O_NOCTTY));
	TRY(ioctl(master, TIOCSPTLCK, (void *)8));
	TRY(ioctl(master, TIOCGPTLCK, (void *)8));
	TRY(ioctl(master, TIOCGPTN, (void *)8));
	locked = 0;
	TRY(ioctl(master, TIOCSPTLCK, &locked));
	close(fd);
	fd = open_slave(master); /* Linux has broken it when it refused to open it */
	TRY(write(fd, "still\n", 6));
	reads("written", master);
	close(fd);
	close(master);
}

static void peers(void)
{
	int master = open_master(), other = open_master(), peer;
	struct termios modes;
	struct stat st, like;

	peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	say("a peer: %d\n", peer >= 0);
	say("flags %#x, %d\n", fcntl(peer, F_GETFL) & (O_ACCMODE | O_NONBLOCK),
	    fcntl(peer, F_GETFD));
	fstat(peer, &st);
	stat(name_of(master), &like);
	say("the same file: %d\n", st.st_rdev == like.st_rdev && st.st_ino == like.st_ino);
	TRY(write(peer, "x", 1));
	reads("of the peer", master);
	reads_nothing("of another one", other);
	close(peer);
	peer = ioctl(other, TIOCGPTPEER, O_RDONLY | O_NOCTTY);
	TRY(write(peer, "x", 1));
	TRY(ioctl(peer, TIOCGPTPEER, O_RDWR));
	TRY(ioctl(peer, TIOCGPTN, &st));
	TRY(ioctl(peer, TIOCSPTLCK, &st));
	TRY(ioctl(peer, TIOCGPTLCK, &st));
	TRY(ioctl(peer, TIOCPKT, &st));
	TRY(ioctl(peer, TIOCGPKT, &st));
	TRY(ioctl(peer, TIOCSIG, SIGINT));
	close(peer);
	peer = ioctl(other, TIOCGPTPEER, O_PATH);
	say("flags %#x\n", fcntl(peer, F_GETFL) & (O_PATH | O_ACCMODE));
	TRY(read(peer, &st, 1));
	TRY(tcgetattr(peer, &modes));
	close(peer);
	peer = ioctl(other, TIOCGPTPEER, 1 << 31 | O_RDWR | O_NOCTTY); /* no flag of open's */
	TRY(write(peer, "y", 1));
	close(peer);
	close(other);
	close(master);
}

static void tell_modes(int fd)
{
	struct termios modes;

	TRY(tcgetattr(fd, &modes));
	say("%o %o %o %o, %d %d\n", modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag,
	    modes.c_cc[VMIN], modes.c_cc[VTIME]);
}

/* Both ends have one set of modes and one size. */
static void modes(void)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 }, got;
	int master = open_master(), slave = open_slave(master);
	struct termios raw;

	tell_modes(slave);
	TRY(tcgetattr(slave, &raw)); /* as `stty sane` does */
	raw.c_iflag |= BRKINT | IGNPAR | IMAXBEL;
	TRY(tcsetattr(slave, TCSANOW, &raw));
	tell_modes(master);
	tell_modes(master);
	tcgetattr(master, &raw);
	cfmakeraw(&raw);
	TRY(tcsetattr(master, TCSANOW, &raw));
	tell_modes(slave);
	TRY(ioctl(slave, TIOCGWINSZ, &got));
	say("%d %d\n", got.ws_row, got.ws_col);
	TRY(ioctl(master, TIOCSWINSZ, &size));
	TRY(ioctl(slave, TIOCGWINSZ, &got));
	say("%d %d\n", got.ws_row, got.ws_col);
	size.ws_row = 30;
	TRY(ioctl(slave, TIOCSWINSZ, &size));
	TRY(ioctl(master, TIOCGWINSZ, &got));
	say("%d %d\n", got.ws_row, got.ws_col);
	close(slave);
	slave = open_slave(master);
	say("closed and opened again\n");
	tell_modes(slave);
	close(slave);
	close(master);
	master = open_master();
	slave = open_slave(master);
	say("a new one\n");
	tell_modes(slave);
	TRY(ioctl(slave, TIOCGWINSZ, &got));
	say("%d %d\n", got.ws_row, got.ws_col);
	close(slave);
	close(master);
}

/* What an address that cannot be used does to each request, at either end. */
static void bad_addresses(void)
{
	static const unsigned long requests[] = {
		TCGETS,	  TCSETS,   TCSETSW,	TCSETSF,   TIOCGWINSZ, TIOCSWINSZ, FIONREAD,
		TIOCOUTQ, TIOCGPTN, TIOCSPTLCK, TIOCPKT,   TIOCGPKT,   TIOCGPTLCK, TIOCGEXCL,
		TIOCGETD, TIOCSETD, TIOCGPGRP,	TIOCSPGRP, TIOCGSID,   0x12345678,
	};
	int master = open_master(), slave = open_slave(master);

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		say("%#lx\n", requests[i]);
		result("master", ioctl(master, requests[i], 8));
		result("slave", ioctl(slave, requests[i], 8));
	}
	close(slave);
	close(master);
}

static void counts(void)
{
	int master = open_master(), slave = open_slave(master), n = -1;

	set_raw(slave);
	TRY(write(master, "abcde", 5));
	settle();
	TRY(ioctl(slave, FIONREAD, &n));
	say("%d\n", n);
	TRY(ioctl(master, FIONREAD, &n));
	say("%d\n", n);
	TRY(write(slave, "xyz", 3));
	settle();
	TRY(ioctl(master, FIONREAD, &n));
	say("%d\n", n);
	TRY(ioctl(slave, TIOCOUTQ, &n));
	say("%d\n", n);
	TRY(ioctl(master, TIOCOUTQ, &n));
	say("%d\n", n);
	TRY(ioctl(slave, TCFLSH, 3));
	TRY(ioctl(master, TCFLSH, 3));
	TRY(ioctl(slave, TCXONC, 4));
	TRY(ioctl(master, TIOCSIG, SIGHUP));
	TRY(ioctl(master, TIOCSIG, 0));
	TRY(ioctl(master, TIOCSIG, SIGINT));
	TRY(ioctl(master, TCSBRK, 1));
	TRY(ioctl(master, TIOCNOTTY, 0));
	TRY(ioctl(slave, TIOCNOTTY, 0));
	close(slave);
	close(master);
}

int main(void)
{
	mount_names();
	setsid();
	names();
	locks();
	peers();
	modes();
	bad_addresses();
	counts();
	return 0;
}
