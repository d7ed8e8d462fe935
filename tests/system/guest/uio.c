/* SPDX-License-Identifier: MIT */
/* Devices that programs drive: registers, interrupts, memory for DMA, the driver's end, and who reaches it (R145, R146, R170). */

/*
 * uio GROUP: does the tests of one group with a virtio-rng device. It says what is wrong, and at last
 * "uio: ok" if nothing is.
 */
#define _GNU_SOURCE
#include "lib/ipc.h"
#include "asleep.h"
#include "rng.h"

#include "abi/faultline.h"
#include "expect.h"
#include "nofile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* For calls that return -1 and set errno. */
static long got(long result)
{
	return result == -1 ? -errno : result;
}

/* An address that nothing is at, unknown to the compiler. */
static void *volatile nowhere = (void *)8;

static long map(int fd, off_t offset, size_t len, int prot, int flags)
{
	void *at = mmap(NULL, len, prot, flags, fd, offset);

	if (at == MAP_FAILED)
		return -errno;
	munmap(at, len);
	return 0;
}

static int find(void)
{
	int fd = rng_find();

	if (fd < 0) {
		printf("no device: %d\n", fd);
		exit(1);
	}
	return fd;
}

static void start(struct rng *rng)
{
	if (rng_start(rng, find()))
		return;
	printf("the device does not start: %d\n", errno);
	exit(1);
}

static void stop(struct rng *rng)
{
	munmap((void *)rng->regs, PAGE);
	munmap((void *)rng->memory, rng->dma.size);
	close(rng->fd);
}

/* Runs `act` in a child. Returns the signal that ended it, or its exit status, negative. */
static int in_child(int (*act)(struct rng *rng), struct rng *rng)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(act(rng));
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/* ---- registers and interrupts ---- */

/* What /proc shows of the descriptor. */
static const char *label_of(int fd, char *text, size_t size)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void what_it_is(void)
{
	struct uio_info info = { 0 }, same = { 0 };
	char label[80], wanted[80];
	struct stat st;
	int device = rng_device(), fd = find();

	expect("UIO_INFO of the device", 0, got(ioctl(device, UIO_INFO, &info)));
	expect("UIO_INFO", 0, got(ioctl(fd, UIO_INFO, &same)));
	expect("the same", 0, memcmp(&info, &same, sizeof(info)));
	expect("the kind", 0, strcmp(info.compatible, "virtio,mmio"));
	expect("the kind's number", VIRTIO_ID_RNG, info.id);
	expect("the name", 0, strncmp(info.name, "virtio_mmio@", 12));
	expect("the size", PAGE, (long)info.size);
	expect("the address is in the name", (long)info.addr,
	       (long)strtoul(info.name + 12, NULL, 16));
	expect("there is an interrupt", 1, info.irq > 0 && info.irq < 128);
	expect("UIO_INFO to nowhere", -EFAULT, got(ioctl(fd, UIO_INFO, nowhere)));
	expect("another request", -ENOTTY, got(ioctl(fd, 0x5501, &info)));
	fstat(fd, &st);
	expect("the mode", 0600, st.st_mode);
	fstat(device, &st);
	expect("the device's mode", 0600, st.st_mode);
	expect("closed by exec", FD_CLOEXEC, fcntl(fd, F_GETFD));
	snprintf(wanted, sizeof(wanted), "session:[%s]", info.name);
	expect("the session's label", 0, strcmp(label_of(fd, label, sizeof(label)), wanted));
	snprintf(wanted, sizeof(wanted), "device:[%s]", info.name);
	expect("the device's label", 0, strcmp(label_of(device, label, sizeof(label)), wanted));
	close(fd);
}

/* A device begins sessions, and a session drives it. */
static void a_device_is_no_session(void)
{
	struct uio_dma dma = { .size = PAGE };
	struct uio_notify notify = { .fd = -1 };
	uint32_t one = 1;
	struct pollfd ask = { .fd = rng_device(), .events = POLLIN };
	int device = rng_device(), fd = find();

	expect("mapping a device", -ENODEV, map(device, 0, PAGE, PROT_READ, MAP_SHARED));
	expect("read", -EINVAL, got(read(device, &one, 4)));
	expect("write", -EINVAL, got(write(device, &one, 4)));
	expect("UIO_DMA_ALLOC", -ENOTTY, got(ioctl(device, UIO_DMA_ALLOC, &dma)));
	expect("UIO_NOTIFY", -ENOTTY, got(ioctl(device, UIO_NOTIFY, &notify)));
	expect("UIO_SESSION of a session", -ENOTTY, got(ioctl(fd, UIO_SESSION, 0)));
	expect("UIO_SESSION with an argument", -EINVAL, got(ioctl(device, UIO_SESSION, 1)));
	expect("the session goes on", 0, map(fd, 0, PAGE, PROT_READ, MAP_SHARED));
	ask.fd = fd;
	expect("no interrupt", 0, poll(&ask, 1, 0));
	close(fd);
}

/* Neither link of /proc nor anything else opens a session or a device again. */
static void neither_can_be_opened(void)
{
	int fds[] = { rng_device(), find() };
	char path[32];

	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		expect("open", -ENXIO, got(open(path, O_RDWR)));
		expect("O_PATH", -ENXIO, got(open(path, O_PATH)));
		expect("execve", -ENXIO, got(execl(path, path, NULL)));
	}
	close(fds[1]);
}

static int touch_registers(struct rng *rng)
{
	(void)rng_reg(rng, REG_MAGIC);
	return 0;
}

static int touch_memory(struct rng *rng)
{
	rng_buffer(rng)[0] = 1;
	return 0;
}

/* Are there bytes of the device in the buffer? 64 zeros by chance do not come. */
static bool is_filled(const struct rng *rng, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (rng_buffer(rng)[i] != 0)
			return true;
	return false;
}

static void wait_done(const struct rng *rng)
{
	while (!rng_is_done(rng))
		usleep(1000);
}

/* Until the device interrupts, whether or not anybody is told. */
static void wait_interrupt(const struct rng *rng)
{
	wait_done(rng);
	while (!rng_reg(rng, REG_INTERRUPT_STATUS))
		usleep(1000);
}

/* R145: what is left of the old session reaches nothing, and does not disturb the new one. */
static void a_new_session_ends_the_old_one(void)
{
	struct uio_notify notify = { .fd = -1 };
	struct uio_dma dma = { .size = PAGE };
	struct uio_info info;
	struct rng old, new;
	struct pollfd ask;
	uint32_t one = 1;
	int from;

	start(&old);
	rng_ask(&old, 64);
	wait_done(&old);
	new.fd = find();
	expect("a register", SIGBUS, in_child(touch_registers, &old));
	expect("memory", SIGBUS, in_child(touch_memory, &old));
	expect("read", -ENODEV, got(read(old.fd, &one, 4)));
	expect("write", -ENODEV, got(write(old.fd, &one, 4)));
	from = memfd_create("", 0);
	expect("bytes to send", sizeof(one), write(from, &one, sizeof(one)));
	expect("sendfile", -ENODEV, got(sendfile(old.fd, from, &(off_t){ 0 }, sizeof(one))));
	close(from);
	ask = (struct pollfd){ .fd = old.fd, .events = POLLIN };
	expect("poll", 1, poll(&ask, 1, -1));
	expect("its answer", POLLERR, ask.revents);
	expect("UIO_INFO", -ENODEV, got(ioctl(old.fd, UIO_INFO, &info)));
	expect("UIO_DMA_ALLOC", -ENODEV, got(ioctl(old.fd, UIO_DMA_ALLOC, &dma)));
	expect("UIO_NOTIFY", -ENODEV, got(ioctl(old.fd, UIO_NOTIFY, &notify)));
	expect("registers", -ENODEV, map(old.fd, 0, PAGE, PROT_READ, MAP_SHARED));
	expect("memory", -ENODEV, map(old.fd, (off_t)old.dma.offset, PAGE, PROT_READ, MAP_SHARED));
	new.regs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, new.fd, 0);
	expect("the status", 0, rng_reg(&new, REG_STATUS));
	munmap((void *)new.regs, PAGE);
	expect("the new one starts", 1, rng_start(&new, new.fd));
	stop(&old);
	rng_ask(&new, 64);
	wait_done(&new);
	expect("there are bytes", 1, is_filled(&new, 64));
	stop(&new);
}

/* Without a descriptor for the new session, the old one goes on. */
static void without_a_descriptor(void)
{
	struct rng rng;
	int fds[256];
	unsigned n = 0;

	start(&rng);
	allow_files(256);
	while (n < 256 && (fds[n] = dup(0)) >= 0)
		n++;
	expect("UIO_SESSION", -EMFILE, got(ioctl(rng_device(), UIO_SESSION, 0)));
	while (n > 0)
		close(fds[--n]);
	rng_ask(&rng, 64);
	wait_done(&rng);
	expect("there are bytes", 1, is_filled(&rng, 64));
	stop(&rng);
}

static void interrupts_by_read(void)
{
	uint32_t one = 1, first = 0, next = 0;
	struct rng rng;

	start(&rng);
	expect("unmask", 4, write(rng.fd, &one, 4));
	rng_ask(&rng, 64);
	expect("read", 4, read(rng.fd, &first, 4));
	expect("it is done", 1, rng_is_done(&rng));
	expect("the cause", 1, rng_reg(&rng, REG_INTERRUPT_STATUS));
	expect("the length", 64, rng_length(&rng));
	expect("there are bytes", 1, is_filled(&rng, 64));
	memset((void *)rng_buffer(&rng), 0, 64);
	rng_interrupt_done(&rng);
	rng_ask(&rng, 32);
	expect("read again", 4, read(rng.fd, &next, 4));
	expect("one more interrupt", first + 1, next);
	expect("the length of the second", 32, rng_length(&rng));
	expect("there are bytes again", 1, is_filled(&rng, 32));
	stop(&rng);
}

static void interrupts_by_poll(void)
{
	uint32_t one = 1, zero = 0, counts[2], count;
	struct pollfd ask;
	struct rng rng;

	start(&rng);
	ask = (struct pollfd){ .fd = rng.fd, .events = POLLIN };
	fcntl(rng.fd, F_SETFL, O_NONBLOCK);
	expect("poll before", 0, poll(&ask, 1, 0));
	expect("read before", -EAGAIN, got(read(rng.fd, &count, 4)));
	rng_ask(&rng, 64);
	wait_interrupt(&rng);
	expect("poll of a masked interrupt", 0, poll(&ask, 1, 0));
	expect("unmask", 4, write(rng.fd, &one, 4));
	expect("poll", 1, poll(&ask, 1, -1));
	expect("what can be done", POLLIN, ask.revents);
	expect("a read of 3 bytes", -EINVAL, got(read(rng.fd, &count, 3)));
	expect("a read of 8 bytes", -EINVAL, got(read(rng.fd, counts, 8)));
	expect("a read to nowhere", -EFAULT, got(read(rng.fd, nowhere, 4)));
	expect("poll after it", 1, poll(&ask, 1, 0));
	expect("read", 4, got(read(rng.fd, &count, 4)));
	expect("poll after a good one", 0, poll(&ask, 1, 0));
	rng_interrupt_done(&rng);
	expect("mask", 4, write(rng.fd, &zero, 4));
	rng_ask(&rng, 64);
	wait_interrupt(&rng);
	expect("poll when masked", 0, poll(&ask, 1, 0));
	expect("unmask again", 4, write(rng.fd, &one, 4));
	expect("poll when unmasked", 1, poll(&ask, 1, -1));
	count = 2;
	expect("write of 2", -EINVAL, got(write(rng.fd, &count, 4)));
	expect("write of 2 bytes", -EINVAL, got(write(rng.fd, &one, 2)));
	expect("write from nowhere", -EFAULT, got(write(rng.fd, nowhere, 4)));
	stop(&rng);
}

/* R140: an interrupt is a pulse at the endpoint where calls are received too. */
static void interrupts_by_pulse(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 70, IPC_TELL_CLOSE);
	struct uio_notify notify = { .fd = send, .bits = 32 };
	struct ipc_message message = { { 0 }, 0 };
	uint32_t one = 1;
	struct rng rng;

	start(&rng);
	expect("unmask", 4, write(rng.fd, &one, 4));
	expect("notify", 0, ioctl(rng.fd, UIO_NOTIFY, &notify));
	close(send);
	for (unsigned i = 0; i < 3; i++) {
		rng_ask(&rng, 8);
		expect("a pulse", 0, ipc_receive(receive, &message, IPC_NEVER));
		expect("its code", IPC_PULSE_NOTIFIED, (long)message.word[0]);
		expect("its bits", 32, (long)message.word[1]);
		expect("its badge", 70, (long)message.badge);
		expect("done", 1, rng_is_done(&rng));
		rng_interrupt_done(&rng);
	}
	notify.fd = -1;
	expect("none any more", 0, ioctl(rng.fd, UIO_NOTIFY, &notify));
	expect("the send end is closed", 0, ipc_receive(receive, &message, IPC_NOW));
	expect("its code", IPC_PULSE_CLOSED, (long)message.word[0]);
	rng_ask(&rng, 8);
	wait_done(&rng);
	expect("no pulse", -ETIMEDOUT, ipc_receive(receive, &message, IPC_NOW));
	send = ipc_badge(receive, 71, IPC_TELL_CLOSE);
	notify.fd = send;
	expect("notify again", 0, ioctl(rng.fd, UIO_NOTIFY, &notify));
	close(send);
	notify.fd = 250;
	expect_error("no descriptor", EBADF, ioctl(rng.fd, UIO_NOTIFY, &notify));
	notify.fd = receive;
	expect_error("no send end", EINVAL, ioctl(rng.fd, UIO_NOTIFY, &notify));
	stop(&rng);
	expect("closed with the device", 0, ipc_receive(receive, &message, IPC_NOW));
	expect("its badge", 71, (long)message.badge);
	close(receive);
}

/* A session is there before anything is mapped. */
static void before_there_is_a_driver(void)
{
	uint32_t one = 1;
	struct pollfd ask;
	int fd = find();

	ask = (struct pollfd){ .fd = fd, .events = POLLIN };
	fcntl(fd, F_SETFL, O_NONBLOCK);
	expect("read", -EAGAIN, got(read(fd, &one, 4)));
	expect("write", 4, got(write(fd, &one, 4)));
	expect("poll", 0, poll(&ask, 1, 0));
	close(fd);
}

static void what_cannot_be_mapped(void)
{
	const int both = PROT_READ | PROT_WRITE;
	struct uio_dma dma = { .size = PAGE + 1 };
	int fd = find();
	void *at;

	expect("two pages", -EINVAL, map(fd, 0, 2 * PAGE, both, MAP_SHARED));
	expect("the page after it", -EINVAL, map(fd, PAGE, PAGE, both, MAP_SHARED));
	expect("far away", -EINVAL, map(fd, 1l << 40, PAGE, both, MAP_SHARED));
	expect("the last offset", -EINVAL, map(fd, INT64_MAX - PAGE + 1, PAGE, both, MAP_SHARED));
	expect("a negative offset", -EINVAL, map(fd, -(off_t)PAGE, PAGE, both, MAP_SHARED));
	expect("an odd offset", -EINVAL, map(fd, 4, PAGE, both, MAP_SHARED));
	expect("no bytes", -EINVAL, map(fd, 0, 0, both, MAP_SHARED));
	expect("private", -EINVAL, map(fd, 0, PAGE, both, MAP_PRIVATE));
	expect("private, to be read", -EINVAL, map(fd, 0, PAGE, PROT_READ, MAP_PRIVATE));
	expect("executable", -EPERM, map(fd, 0, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED));
	expect("a part of the page", 0, map(fd, 0, 100, both, MAP_SHARED));
	expect("validated", 0, map(fd, 0, PAGE, both, MAP_SHARED_VALIDATE));
	expect("no access", 0, map(fd, 0, PAGE, PROT_NONE, MAP_SHARED));
	expect("populated", 0, map(fd, 0, PAGE, both, MAP_SHARED | MAP_POPULATE));
	expect("locked", 0, map(fd, 0, PAGE, both, MAP_SHARED | MAP_LOCKED));
	at = mmap(NULL, PAGE, both, MAP_SHARED, fd, 0);
	expect("made executable", -EACCES, got(mprotect(at, PAGE, both | PROT_EXEC)));
	munmap(at, PAGE);

	expect("UIO_DMA_ALLOC", 0, got(ioctl(fd, UIO_DMA_ALLOC, &dma)));
	expect("its pages", 0, map(fd, (off_t)dma.offset, 2 * PAGE, both, MAP_SHARED));
	expect("its second page", 0, map(fd, (off_t)(dma.offset + PAGE), PAGE, both, MAP_SHARED));
	expect("one page more", -EINVAL, map(fd, (off_t)dma.offset, 3 * PAGE, both, MAP_SHARED));
	expect("the registers and it", -EINVAL, map(fd, 0, 2 * PAGE, both, MAP_SHARED));
	expect("a private copy of it", -EINVAL,
	       map(fd, (off_t)dma.offset, PAGE, both, MAP_PRIVATE));
	expect("executable memory", -EPERM,
	       map(fd, (off_t)dma.offset, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED));
	close(fd);
}

/* ---- memory for DMA ---- */

static void sizes_of_memory(void)
{
	struct uio_dma dma = { .size = 0 };
	unsigned n = 0;
	int fd = find();
	long err;

	expect("no bytes", -EINVAL, got(ioctl(fd, UIO_DMA_ALLOC, &dma)));
	dma.size = UIO_DMA_SIZE_MAX + 1;
	expect("too many", -EINVAL, got(ioctl(fd, UIO_DMA_ALLOC, &dma)));
	dma.size = UINT64_MAX;
	expect("far too many", -EINVAL, got(ioctl(fd, UIO_DMA_ALLOC, &dma)));
	expect("at nowhere", -EFAULT, got(ioctl(fd, UIO_DMA_ALLOC, nowhere)));
	do {
		dma.size = UIO_DMA_SIZE_MAX;
		err = got(ioctl(fd, UIO_DMA_ALLOC, &dma));
		n += err == 0;
	} while (err == 0 && n < 100);
	expect("in all", UIO_DMA_TOTAL_MAX / UIO_DMA_SIZE_MAX, n);
	expect("one more", -ENOSPC, err);
	close(fd);
	fd = find();
	for (n = 0, err = 0; err == 0 && n < 100; n += err == 0) {
		dma.size = 1;
		err = got(ioctl(fd, UIO_DMA_ALLOC, &dma));
	}
	expect("areas of a page", 32, n);
	expect("and one more", -ENOSPC, err);
	close(fd);
}

static void memory_is_zeroed(void)
{
	for (unsigned round = 0; round < 2; round++) {
		struct uio_dma dma = { .size = 300000 };
		int fd = find();
		uint64_t *words;
		unsigned bad = 0;

		expect("UIO_DMA_ALLOC", 0, got(ioctl(fd, UIO_DMA_ALLOC, &dma)));
		expect("pages", 0, (long)((dma.addr | dma.offset) % PAGE));
		words = mmap(NULL, dma.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			     (off_t)dma.offset);
		for (unsigned i = 0; i < dma.size / 8; i++) {
			bad += words[i] != 0;
			words[i] = ~0ul;
		}
		expect("words that are not zero", 0, bad);
		munmap(words, dma.size);
		close(fd);
	}
}

/* The kernel writes the tid of the child's child to that one's memory, which is not the running one. */
static int tid_in_registers(struct rng *rng)
{
	long pid = syscall(SYS_clone, SIGCHLD | CLONE_CHILD_SETTID, 0, 0, 0, rng->regs + 0x100);

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid((pid_t)pid, NULL, 0) != pid;
}

/* The kernel clears a word and walks a list when the process ends. */
static int end_in_registers(struct rng *rng)
{
	syscall(SYS_set_tid_address, rng->regs + 0x100);
	syscall(SYS_set_robust_list, rng->regs, 24);
	return 0;
}

/* System calls take it as a buffer. */
static void memory_as_a_buffer(void)
{
	unsigned char *buffer;
	struct rng rng;
	int ends[2];

	start(&rng);
	if (pipe(ends))
		exit(1);
	buffer = (unsigned char *)rng_buffer(&rng);
	memset(buffer, 'x', 100);
	expect("write from it", 100, got(write(ends[1], buffer, 100)));
	memset(buffer, 0, 100);
	expect("read to it", 100, got(read(ends[0], buffer, 100)));
	expect("the bytes", 'x', buffer[99]);
	/* Registers are read and written as the program itself would; nobody falls over it. */
	expect("write from registers", 1, got(write(ends[1], (void *)rng.regs, 4)) != 0);
	expect("read to registers", 1, got(read(ends[0], (void *)(rng.regs + 0x100), 4)) != 0);
	expect("a path in registers", 1, got(open((void *)rng.regs, O_RDONLY)) < 0);
	expect("a tid in registers, by another's hand", 0, in_child(tid_in_registers, &rng));
	expect("and at a process's end", 0, in_child(end_in_registers, &rng));
	expect("execve with it", 1, got(execl((void *)rng.regs, "x", NULL)) < 0);
	close(ends[0]);
	close(ends[1]);
	stop(&rng);
}

/* ---- what else a program does with memory ---- */

static int child_sees_it(struct rng *rng)
{
	if (rng_reg(rng, REG_MAGIC) != 0x74726976)
		return 1;
	rng_buffer(rng)[0] = 'c';
	return 0;
}

static void fork_shares_it(void)
{
	struct rng rng;

	start(&rng);
	rng_buffer(&rng)[0] = 'p';
	expect("the child", 0, in_child(child_sees_it, &rng));
	expect("what the child wrote", 'c', rng_buffer(&rng)[0]);
	rng_ask(&rng, 64);
	wait_done(&rng);
	expect("the device goes on", 1, is_filled(&rng, 64));
	stop(&rng);
}

static void verbs(void)
{
	static const int advices[] = { MADV_NORMAL,	   MADV_RANDOM,	       MADV_WILLNEED,
				       MADV_DONTNEED,	   MADV_COLD,	       MADV_PAGEOUT,
				       MADV_POPULATE_READ, MADV_POPULATE_WRITE };
	unsigned char there[3], *at, *moved;
	struct rng rng;

	start(&rng);
	at = (unsigned char *)rng.memory;
	memset(at + 2 * PAGE, 'm', PAGE);
	for (unsigned i = 0; i < sizeof(advices) / sizeof(*advices); i++) {
		char what[32];

		snprintf(what, sizeof(what), "madvise %d", advices[i]);
		expect(what, 0, got(madvise(at, 3 * PAGE, advices[i])));
		expect(what, 0, got(madvise((void *)rng.regs, PAGE, advices[i])));
		expect("a byte of it", 'm', at[3 * PAGE - 1]);
		expect("a register", 0x74726976, rng_reg(&rng, REG_MAGIC));
	}
	expect("MADV_REMOVE", -ENODEV, got(madvise(at, PAGE, MADV_REMOVE)));
	expect("MADV_REMOVE of registers", -ENODEV,
	       got(madvise((void *)rng.regs, PAGE, MADV_REMOVE)));
	expect("MADV_FREE", -EINVAL, got(madvise(at, PAGE, MADV_FREE)));
	expect("mlock", 0, got(mlock(at, 3 * PAGE)));
	expect("mlock of registers", 0, got(mlock((void *)rng.regs, PAGE)));
	expect("munlock", 0, got(munlock(at, 3 * PAGE)));
	expect("msync", 0, got(msync(at, 3 * PAGE, MS_SYNC)));
	expect("msync of registers", 0, got(msync((void *)rng.regs, PAGE, MS_SYNC)));
	expect("mincore", 0, got(mincore(at, 3 * PAGE, there)));
	expect("it is there", 3, (there[0] & 1) + (there[1] & 1) + (there[2] & 1));
	expect("mincore of registers", 0, got(mincore((void *)rng.regs, PAGE, there)));
	expect("growing", -EFAULT, got((long)mremap(at, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE)));
	expect("growing registers", -EFAULT,
	       got((long)mremap((void *)rng.regs, PAGE, 2 * PAGE, MREMAP_MAYMOVE)));
	expect("mapping it twice", -EFAULT, got((long)mremap(at, 0, 3 * PAGE, MREMAP_MAYMOVE)));
	expect("PROT_NONE", 0, got(mprotect((void *)rng.regs, PAGE, PROT_NONE)));
	expect("and back", 0, got(mprotect((void *)rng.regs, PAGE, PROT_READ | PROT_WRITE)));
	moved = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	expect("moving", (long)moved,
	       (long)mremap(at, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, moved));
	expect("moving registers", (long)(moved + 3 * PAGE),
	       (long)mremap((void *)rng.regs, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			    moved + 3 * PAGE));
	rng.memory = moved;
	rng.regs = moved + 3 * PAGE;
	expect("a byte after the move", 'm', moved[3 * PAGE - 1]);
	expect("unmapping the middle", 0, got(munmap(moved + PAGE, PAGE)));
	expect("a byte after that", 'm', moved[3 * PAGE - 1]);
	expect("a register after that", 0x74726976, rng_reg(&rng, REG_MAGIC));
	expect("what else is unmapped", 0, got(munmap(moved, PAGE)));
	rng_set(&rng, REG_STATUS, 1);
	close(rng.fd);
	expect("the device goes on", 1, rng_reg(&rng, REG_STATUS));
	munmap(moved, 4 * PAGE);
}

static int odd_widths(struct rng *rng)
{
	volatile unsigned char *regs = rng->regs;

	(void)*(volatile uint8_t *)(regs + 1);
	(void)*(volatile uint16_t *)(regs + 2);
	(void)*(volatile uint64_t *)regs;
	*(volatile uint8_t *)(regs + 0x100) = 1;
	*(volatile uint64_t *)(regs + 0x100) = 1;
	return 0;
}

static int misaligned(struct rng *rng)
{
	uint64_t value;

	asm volatile("ld %0, 0(%1)" : "=r"(value) : "r"(rng->regs + 3) : "memory");
	return 0;
}

static int atomic(struct rng *rng)
{
	uint32_t value;

	asm volatile("amoadd.w %0, zero, (%1)" : "=r"(value) : "r"(rng->regs) : "memory");
	return 0;
}

static int reserved(struct rng *rng)
{
	uint32_t value;

	asm volatile("lr.w %0, (%1)\n sc.w %0, zero, (%1)"
		     : "=&r"(value)
		     : "r"(rng->regs + REG_STATUS)
		     : "memory");
	return 0;
}

static int execute(struct rng *rng)
{
	((void (*)(void))(uintptr_t)rng->regs)();
	return 0;
}

static int futex_on(struct rng *rng)
{
	struct timespec soon = { 0, 1000000 };

	syscall(SYS_futex, rng->regs, 0, 0x74726976, &soon, NULL, 0);
	syscall(SYS_futex, rng->regs, 128, 0x74726976, &soon, NULL, 0);
	syscall(SYS_futex, rng->regs, 1, 1, NULL, NULL, 0);
	syscall(SYS_futex, rng->memory, 1, 1, NULL, NULL, 0);
	return 0;
}

/* Whatever the machine makes of it, it is the program's affair. */
static void odd_accesses(void)
{
	static int (*const acts[])(struct rng *) = { odd_widths, misaligned, atomic, reserved,
						     futex_on };
	struct rng rng;

	start(&rng);
	for (unsigned i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
		int end = in_child(acts[i], &rng);

		printf("act %u: %d\n", i, end);
		expect("an end that may be", 1, end == 0 || end == SIGSEGV || end == SIGBUS);
	}
	expect("execution", SIGSEGV, in_child(execute, &rng));
	expect("a register", 0x74726976, rng_reg(&rng, REG_MAGIC));
	stop(&rng);
}

/* ---- the end ---- */

static void mappings_keep_it(void)
{
	struct rng rng;

	start(&rng);
	close(rng.fd);
	rng_ask(&rng, 64);
	wait_done(&rng);
	expect("the device works", 1, is_filled(&rng, 64));
	munmap((void *)rng.memory, PAGE);
	munmap((void *)(rng.memory + 2 * PAGE), PAGE);
	expect("its status", 1, rng_reg(&rng, REG_STATUS) != 0);
	munmap((void *)rng.regs, PAGE);
	rng.memory[PAGE] = 1;
	munmap((void *)(rng.memory + PAGE), PAGE);
	rng.fd = find();
	rng.regs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, rng.fd, 0);
	expect("the status", 0, rng_reg(&rng, REG_STATUS));
	munmap((void *)rng.regs, PAGE);
	close(rng.fd);
}

static void session_survives_without_mappings(void)
{
	struct rng rng;

	start(&rng);
	munmap((void *)rng.regs, PAGE);
	munmap((void *)rng.memory, rng.dma.size);
	expect("mapping it again", 1, rng_map(&rng));
	expect("the status", 1, rng_reg(&rng, REG_STATUS) != 0);
	rng_ask(&rng, 64);
	wait_done(&rng);
	expect("there are bytes", 1, is_filled(&rng, 64));
	stop(&rng);
}

static struct {
	volatile int step;
	volatile pid_t survivor;
	volatile int result[8];
	struct rng rng;
} * common;

static void wait_step(int step)
{
	while (common->step < step)
		usleep(1000);
}

static int touch_unmapped_entry(struct rng *rng)
{
	rng->memory[0] = 1;
	return 0;
}

/* The child of a driver, which outlives it with all that it has inherited. */
static void survive(void)
{
	struct rng *rng = &common->rng;
	uint32_t word = 1;

	(void)rng_reg(rng, REG_MAGIC);
	rng_buffer(rng)[0] = 1;
	common->survivor = getpid();
	common->step = 1;
	common->result[4] = got(read(rng->fd, &word, 4)); /* blocks until the driver's end */
	wait_step(2);
	common->result[0] = in_child(touch_registers, rng);
	common->result[1] = in_child(touch_memory, rng);
	common->result[2] = in_child(touch_unmapped_entry, rng);
	word = 1;
	common->result[3] = got(write(rng->fd, &word, 4));
	common->result[5] = map(rng->fd, (off_t)rng->dma.offset, PAGE, PROT_READ, MAP_SHARED);
	common->step = 3;
	wait_step(4);
	_exit(0);
}

/* R145: who inherited the registers does not have them any longer than the driver. */
static void the_drivers_end_is_everybodys(bool killed)
{
	pid_t driver, survivor;
	struct rng after;

	common->step = 0;
	driver = fork();
	if (driver == 0) {
		start(&common->rng);
		rng_ask(&common->rng, 64);
		wait_done(&common->rng);
		if (fork() == 0)
			survive();
		wait_step(1);
		if (!killed)
			_exit(0);
		for (;;)
			pause();
	}
	wait_step(1);
	survivor = common->survivor;
	until_asleep(&survivor, 1); /* in read() */
	if (killed)
		kill(driver, SIGKILL);
	waitpid(driver, NULL, 0);
	common->step = 2;
	wait_step(3);
	expect("a register", SIGBUS, common->result[0]);
	expect("memory", SIGBUS, common->result[1]);
	expect("memory not touched before", SIGBUS, common->result[2]);
	expect("unmasking", -ENODEV, common->result[3]);
	expect("the read", -ENODEV, common->result[4]);
	expect("its memory", -ENODEV, common->result[5]);
	after.fd = find(); /* the survivor has its descriptor and its mappings still */
	after.regs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, after.fd, 0);
	expect("the status", 0, rng_reg(&after, REG_STATUS));
	rng_set(&after, REG_STATUS, 1);
	common->step = 4;
	while (kill(common->survivor, 0) == 0) /* process 1 reaps it when all of it has gone */
		usleep(1000);
	expect("the survivor's end changes nothing", 1, rng_reg(&after, REG_STATUS));
	munmap((void *)after.regs, PAGE);
	close(after.fd);
}

/* As a supervisor does it: the device is kept, drivers come and go. */
static void a_device_outlives_its_drivers(void)
{
	for (unsigned i = 0; i < 3; i++) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0) {
			struct rng rng;

			if (!rng_start(&rng, rng_find()))
				_exit(2);
			rng_ask(&rng, 64);
			wait_done(&rng);
			if (!is_filled(&rng, 64))
				_exit(3);
			raise(SIGKILL);
		}
		waitpid(pid, &status, 0);
		expect("how the driver ended", SIGKILL, status);
	}
}

/*
 * R145: the driver is killed while the device still has buffers, and its frames become others'. The
 * device gives 64 bytes in a period: the first question uses that up, and the answers to the others
 * come later. They must not come at all. The queue is in memory that stays, so that a device that
 * was not reset goes on with it.
 */
#define PATTERN	  0x5a5a5a5a5a5a5a5aul
#define PERIOD_MS 1000

/* The physical address of a page that is mapped, as the kernel shows its page tables. */
static uint64_t physical_address(volatile void *at)
{
	char text[512] = { 0 };
	const char *frame;

	syscall(SYS_faultline, FAULTLINE_WALK, 0, text, sizeof(text) - 1, at);
	frame = strstr(text, "frame ");
	if (!frame) {
		printf("no frame: %s\n", text);
		exit(1);
	}
	return strtoul(frame + 6, NULL, 0);
}

static void no_late_write(void)
{
	size_t size = 24ul << 20;
	unsigned bad = 0;
	unsigned char *ring;
	uint64_t *words, at;
	pid_t driver;

	ring = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(ring, 0, PAGE);
	at = physical_address(ring); /* the driver does not map it before it touches it */

	words = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	common->step = 0;
	driver = fork();
	if (driver == 0) {
		if (!rng_start_elsewhere(&common->rng, find(), ring, at))
			_exit(1);
		rng_ask(&common->rng, 64);
		wait_done(&common->rng);
		for (unsigned i = 0; i < 3; i++)
			rng_ask(&common->rng, PAGE);
		common->result[0] = rng_is_done(&common->rng);
		common->step = 1;
		for (;;)
			pause();
	}
	wait_step(1);
	kill(driver, SIGKILL);
	waitpid(driver, NULL, 0);
	for (size_t i = 0; i < size / 8; i++)
		words[i] = PATTERN;
	usleep(3 * PERIOD_MS * 1000); /* what the device still writes comes in one period */
	for (size_t i = 0; i < size / 8; i++)
		bad += words[i] != PATTERN;
	expect("words that were overwritten", 0, bad);
	expect("the device was at work", 0, common->result[0]);
	munmap(words, size);
}

/* R145: memory for DMA is neither moved nor sent to swap when all else is. The device has its address. */
static void swap_passes_it(void)
{
	size_t size = 128ul << 20;
	struct rng rng;
	char *much;

	start(&rng);
	for (unsigned i = 0; i < PAGE; i++)
		rng_buffer(&rng)[i] = (unsigned char)(i * 7);
	much = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (unsigned round = 0; round < 2; round++)
		for (size_t at = 0; at < size; at += PAGE)
			much[at] = 1;
	for (unsigned i = 0, bad = 0; i < PAGE; i++) {
		bad += rng_buffer(&rng)[i] != (unsigned char)(i * 7);
		if (i == PAGE - 1)
			expect("bytes that have changed", 0, bad);
	}
	memset((void *)rng_buffer(&rng), 0, 64);
	rng_ask(&rng, 64);
	wait_done(&rng);
	expect("the device writes to the same place", 1, is_filled(&rng, 64));
	munmap(much, size);
	stop(&rng);
}

/* R44: with the least memory of a machine. What there is not is refused; what there is comes back. */
static void little_memory(void)
{
	for (unsigned round = 0; round < 3; round++) {
		struct uio_dma dma;
		int fd = find(), ends[2];
		struct rng rng;
		pid_t hog;
		long err;

		do {
			dma.size = UIO_DMA_SIZE_MAX;
			err = got(ioctl(fd, UIO_DMA_ALLOC, &dma));
		} while (err == 0);
		expect("4 MiB more", -ENOMEM, err);
		do {
			dma.size = 100000;
			err = got(ioctl(fd, UIO_DMA_ALLOC, &dma));
		} while (err == 0);
		expect("100 KB more", 1, err == -ENOMEM || err == -ENOSPC);
		close(fd);

		/* A process has all the memory there is: it is not killed for contiguous frames. */
		if (pipe(ends))
			exit(1);
		hog = fork();
		if (hog == 0) {
			size_t size = 4ul << 20;
			char *much = mmap(NULL, size, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			memset(much, 1, size);
			if (write(ends[1], much, 1) == 1)
				pause();
			_exit(1);
		}
		expect("the hog has it", 1, read(ends[0], &dma, 1));
		fd = find();
		do {
			dma.size = UIO_DMA_SIZE_MAX / 4;
			err = got(ioctl(fd, UIO_DMA_ALLOC, &dma));
		} while (err == 0);
		expect("1 MiB more", -ENOMEM, err);
		expect("the hog lives", 0, waitpid(hog, NULL, WNOHANG));
		close(fd);
		kill(hog, SIGKILL);
		waitpid(hog, NULL, 0);
		close(ends[0]);
		close(ends[1]);
		start(&rng);
		rng_ask(&rng, 64);
		wait_done(&rng);
		expect("the device works", 1, is_filled(&rng, 64));
		stop(&rng);
	}
}

/* R146: the program has the devices that it was given, and there is no name of any. */
static void nothing_else_is_there(void)
{
	unsigned n = 0;
	char path[24];

	for (int fd = 3; fd < 16; fd++) {
		struct uio_info info;

		if (ioctl(fd, UIO_INFO, &info) != 0) {
			expect("no descriptor", EBADF, errno);
			continue;
		}
		n++;
		expect("a slot of virtio", 0, strcmp(info.compatible, "virtio,mmio"));
		expect("the device", VIRTIO_ID_RNG, info.id);
	}
	printf("devices: %u\n", n);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/dev/uio%u", i);
		expect("a name", -ENOENT, got(open(path, O_RDWR)));
	}
	expect("a node of one's own making", -EPERM,
	       got(mknod("/uio", S_IFCHR | 0600, makedev(241, 0))));
}

/* ---- who reaches a driver ---- */

#define CALLS_AT 20 /* the send end of the program that calls */

/* Runs this program, with the device or with no descriptor of one: it calls, and offers room for a descriptor. */
static pid_t execute_caller(int send, bool with_device)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(send, CALLS_AT);
	for (int fd = 3; fd < CALLS_AT; fd++)
		if (!with_device || fd != rng_device())
			close(fd);
	execl("/proc/self/exe", "uio", "calls", NULL);
	_exit(1);
}

static void call_with_room(void)
{
	struct ipc_transfer with = { .nroom = 1 };
	struct ipc_message message = { { 0 }, 0 };

	_exit(ipc_call_with(CALLS_AT, &message, &with, IPC_NEVER) != 0);
}

/* What is asked of a process by another one. */
static void try_to_reach(const char *who, pid_t pid, long error)
{
	char word[8], path[32];
	struct iovec here = { word, sizeof(word) }, there = { common, sizeof(word) };
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDWR);
	expect(who, error ? -EACCES : 0, mem < 0 ? -errno : 0);
	expect(who, error, got(ptrace(PTRACE_SEIZE, pid, 0, 0)));
	if (!error)
		return;
	expect(who, error, got(ptrace(PTRACE_ATTACH, pid, 0, 0)));
	expect(who, error, got(process_vm_readv(pid, &here, 1, &there, 1, 0)));
	expect(who, error, got(process_vm_writev(pid, &here, 1, &there, 1, 0)));
}

static void end_process(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
}

/* R170: a program has its device from its begin on. One that others may trace is not given one later. */
static void a_device_goes_to_children_alone(void)
{
	int receive = ipc_create(0), send = ipc_badge(receive, 1, 0), session = find(), plain;
	struct ipc_transfer with = { .nfds = 3,
				     .fd = { rng_device(), session, STDOUT_FILENO },
				     .nroom = 1 };
	struct ipc_message message = { { 0 }, 0 };
	pid_t pid = fork();
	int status = 0;
	long rcvid;

	if (pid == 0) {
		close(receive);
		_exit(ipc_call_with(send, &message, &with, IPC_NEVER) != 1);
	}
	rcvid = ipc_receive(receive, &message, IPC_NEVER);
	expect("taking a device", -EPERM, ipc_take(receive, rcvid, 0, 0));
	expect("taking a session", -EPERM, ipc_take(receive, rcvid, 1, 0));
	plain = ipc_take(receive, rcvid, 2, 0);
	expect("taking something else", 1, plain > 2);
	close(plain);
	expect("giving a device", -EPERM, ipc_give(receive, rcvid, rng_device()));
	expect("giving a session", -EPERM, ipc_give(receive, rcvid, session));
	expect("giving something else", 0, ipc_give(receive, rcvid, STDOUT_FILENO));
	ipc_reply(receive, rcvid, &message);
	waitpid(pid, &status, 0);
	expect("what the caller got", 0, status);

	pid = execute_caller(send, false);
	rcvid = ipc_receive(receive, &message, IPC_NEVER);
	try_to_reach("a program without a device", pid, 0);
	expect("giving a session to one that is traced", -EPERM, ipc_give(receive, rcvid, session));
	end_process(pid);
	pid = execute_caller(send, true);
	ipc_receive(receive, &message, IPC_NEVER);
	try_to_reach("a program with a device", pid, -EPERM);
	end_process(pid);
	close(send);
	close(receive);
	close(session);
}

static void pause_for_ever(void)
{
	common->step = 1;
	for (;;)
		pause();
}

static int share_memory_only(void *unused)
{
	(void)unused;
	for (int fd = 3; fd < 16; fd++)
		close(fd);
	pause_for_ever();
	return 0;
}

static int ask_to_be_traced(struct rng *rng)
{
	(void)rng;
	return ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 ? 1 : errno != EPERM;
}

/* R170: whose memory has a device is reached by nobody, whether or not it has a descriptor left. */
static void nobody_reaches_a_driver(void)
{
	static char stack[2 * PAGE] __attribute__((aligned(16)));
	struct rng rng;
	pid_t pid;

	start(&rng);
	for (unsigned mappings_only = 0; mappings_only < 2; mappings_only++) {
		common->step = 0;
		pid = fork();
		if (pid == 0 && mappings_only)
			share_memory_only(NULL);
		else if (pid == 0)
			pause_for_ever();
		wait_step(1);
		try_to_reach(mappings_only ? "one with mappings" : "one with descriptors", pid,
			     -EPERM);
		end_process(pid);
	}
	common->step = 0;
	pid = clone(share_memory_only, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	wait_step(1);
	try_to_reach("one that shares a driver's memory", pid, -EPERM);
	end_process(pid);
	expect("one that wants to be traced", 0, in_child(ask_to_be_traced, &rng));
	stop(&rng);
}

static void registers_group(void)
{
	what_it_is();
	a_device_is_no_session();
	neither_can_be_opened();
	interrupts_by_read();
	interrupts_by_poll();
	interrupts_by_pulse();
	before_there_is_a_driver();
	what_cannot_be_mapped();
	a_device_goes_to_children_alone();
	nobody_reaches_a_driver();
}

static void memory_group(void)
{
	sizes_of_memory();
	memory_is_zeroed();
	memory_as_a_buffer();
	fork_shares_it();
	verbs();
	odd_accesses();
}

static void end_group(void)
{
	mappings_keep_it();
	session_survives_without_mappings();
	the_drivers_end_is_everybodys(true);
	the_drivers_end_is_everybodys(false);
	a_device_outlives_its_drivers();
	a_new_session_ends_the_old_one();
	without_a_descriptor();
}

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "registers", registers_group },
	{ "memory", memory_group },
	{ "end", end_group },
	{ "late", no_late_write },
	{ "only", nothing_else_is_there },
	{ "swap", swap_passes_it },
	{ "little", little_memory },
	{ "calls", call_with_room },
};

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	common = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (argc == 2 && strcmp(argv[1], groups[i].name) == 0) {
			groups[i].run();
			if (nwrong == 0)
				puts("uio: ok");
			return nwrong != 0;
		}
	return 2;
}
