/* SPDX-License-Identifier: MIT */
/* hostfs: serves a folder of the host's. It is the driver of QEMU's virtio-9p device, and a program. */

/*
 * usage: hostfs --device FD --endpoint FD [--setid] [--exclusive]
 *
 * The first descriptor is a session with the device, the second the receive end of an endpoint. init starts
 * hostfs for `./run.sh --share'. It needs no other descriptor but standard error. Without --setid,
 * what it serves gets no set-user-ID and set-group-ID bits. With --exclusive, the folder has no other user than the client, which
 * then keeps names and attributes.
 *
 * The client at the endpoint (the kernel, which has mounted it) and the device speak 9P2000.L with
 * each other. hostfs copies each request to memory that the device can read, and each reply from
 * where the device has written it to the client's buffer:
 *
 *   client -- call --> ipc_read() -> DMA memory -> queue -- notify --> device
 *   client <- reply -- ipc_write() <- DMA memory <- queue <- interrupt - device
 *
 * The device may have many requests at once, and answers them in any order. One thread does all of
 * it, with one ipc_receive(): the device's interrupts are pulses at the same endpoint.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostfs_device.h"
#include "lib/ipc.h"

#define DEVICE_BADGE 0

struct hostfs {
	int endpoint;
	struct device device;
	struct relay relay;
	struct {
		long rcvid; /* 0: there is no request of this number */
		size_t n;   /* its bytes */
	} request[QUEUE_REQUESTS_MAX];
	unsigned nfree;
	/* An answer that goes with the next ipc_reply_receive(): one system call instead of two. */
	long answered; /* rcvid, or 0 */
	uint64_t size;
};

static struct hostfs hostfs;

/* The client finds in the first word how many bytes are in its buffer; 0 is no reply at all. */
static void hostfs_answer(struct hostfs *h, long rcvid, uint64_t size)
{
	const struct ipc_message before = { .word = { h->size } };

	if (h->answered)
		ipc_reply(h->endpoint, h->answered, &before); /* who has gone needs no answer */
	h->answered = rcvid;
	h->size = size;
}

/* Answers with the n bytes. A client without room for them sees that by the message's own size. */
static void answer_with(struct hostfs *h, long rcvid, const void *message, size_t n)
{
	long done = ipc_write(h->endpoint, rcvid, message, n, 0);

	hostfs_answer(h, rcvid, done < 0 ? 0 : (uint64_t)done);
}

/* ---- from the client to the device ---- */

static unsigned free_number(const struct hostfs *h)
{
	unsigned number = 0;

	while (h->request[number].rcvid)
		number++;
	return number;
}

/* A call has come, whose message has n bytes. There is a free number. */
static void hostfs_send_request(struct hostfs *h, long rcvid, uint64_t n)
{
	unsigned number = free_number(h);
	uint8_t *message;
	int result;

	if (n > RELAY_MSIZE) {
		hostfs_answer(h, rcvid, 0);
		return;
	}
	message = device_request(&h->device, number, n);
	if (ipc_read(h->endpoint, rcvid, message, n, 0) != (long)n) {
		hostfs_answer(h, rcvid, 0);
		return;
	}
	result = relay_request(&h->relay, number, message, n);
	if (result) {
		answer_with(h, rcvid, message, result < 0 ? 0 : P9_HEADER_BYTES);
		return;
	}
	h->request[number].rcvid = rcvid;
	h->request[number].n = n;
	h->nfree--;
	device_send(&h->device, number, n);
}

/* ---- from the device to the client ---- */

/* The device has answered a request, with n bytes. If it lies, the client's program gets EIO. */
static void pass_reply(struct hostfs *h, unsigned number, uint32_t n)
{
	long rcvid = h->request[number].rcvid;
	size_t room;
	uint8_t *message = device_reply(&h->device, number, h->request[number].n, &room);
	ssize_t size = relay_reply(&h->relay, number, message, n);
	static bool said;

	h->request[number].rcvid = 0;
	h->nfree++;
	if (size < 0) {
		if (!said)
			fprintf(stderr, "hostfs: the device has sent a reply that is none\n");
		said = true;
		size = (ssize_t)relay_error(&h->relay, number, message, EIO);
	}
	answer_with(h, rcvid, message, (size_t)size);
}

/* Passes on all that the device has answered. Returns 0, or a negative errno if it is of no more use. */
static int pass_replies(struct hostfs *h)
{
	int number, err = device_seen(&h->device);
	uint32_t n;

	if (err)
		return err;
	while ((number = queue_take(&h->device.queue, &n)) >= 0)
		pass_reply(h, (unsigned)number, n);
	return number == -EAGAIN ? device_unmask(&h->device) : number;
}

/* The device has as many requests as it may: calls have to wait until it has answered one. */
static int wait_for_free(struct hostfs *h)
{
	int err = 0;

	while (h->nfree == 0 && err == 0) {
		err = device_wait(&h->device);
		if (err == 0)
			err = pass_replies(h);
	}
	return err;
}

/* ---- the loop ---- */

/*
 * Returns 0 when the mount has gone, or a negative errno. A caller that has gone (-ESRCH) is not
 * answered. IPC_PULSE_UNBLOCK needs nothing: the device answers when it can.
 */
static int hostfs_serve(struct hostfs *h)
{
	int err = 0;

	while (err == 0) {
		struct ipc_message m = { .word = { h->size } };
		long rcvid = ipc_reply_receive(h->endpoint, h->answered, &m, IPC_NEVER);

		h->answered = 0;
		if (rcvid > 0)
			hostfs_send_request(h, rcvid, m.word[0]);
		else if (rcvid == 0 && m.word[0] == IPC_PULSE_CLOSED)
			return 0;
		else if (rcvid == 0 && m.word[0] == IPC_PULSE_NOTIFIED)
			err = pass_replies(h);
		else if (rcvid < 0 && rcvid != -ESRCH && rcvid != -EINTR)
			err = (int)rcvid;
		if (err == 0)
			err = wait_for_free(h);
	}
	return err;
}

/*
 * A thread that waits for a page may be the reason why memory is short, so no page of hostfs may be missing later.
 * The device's pulses come by a send end that no other process has.
 */
static int hostfs_start(struct hostfs *h, int device, int endpoint)
{
	int send, err;

	*h = (struct hostfs){ .endpoint = endpoint };
	err = device_start(&h->device, device);
	if (err)
		return err;
	h->nfree = h->device.nrequests;
	for (unsigned i = h->nfree; i < QUEUE_REQUESTS_MAX; i++)
		h->request[i].rcvid = -1;
	if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
		return -errno;
	send = ipc_badge(endpoint, DEVICE_BADGE, IPC_CLOEXEC);
	if (send < 0)
		return send;
	err = device_set_pulse(&h->device, send);
	close(send);
	return err;
}

static int descriptor(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);

	return *end || end == text || fd < 0 || fd > 1000000 ? -1 : (int)fd;
}

int main(int argc, char **argv)
{
	int setid = argc > 5 && strcmp(argv[5], "--setid") == 0;
	int exclusive = argc > 5 + setid && strcmp(argv[5 + setid], "--exclusive") == 0;
	int device, endpoint, err;

	if (argc != 5 + setid + exclusive || strcmp(argv[1], "--device") != 0 ||
	    strcmp(argv[3], "--endpoint") != 0) {
		fprintf(stderr,
			"usage: hostfs --device FD --endpoint FD [--setid] [--exclusive]\n");
		return 2;
	}
	device = descriptor(argv[2]);
	endpoint = descriptor(argv[4]);
	signal(SIGPIPE, SIG_IGN);
	err = hostfs_start(&hostfs, device, endpoint);
	hostfs.relay.setid = setid;
	hostfs.relay.exclusive = exclusive;
	if (err)
		fprintf(stderr, "hostfs: cannot start the device: %s\n", strerror(-err));
	else if ((err = hostfs_serve(&hostfs)) != 0)
		fprintf(stderr, "hostfs: the device has failed: %s\n", strerror(-err));
	return err != 0;
}
