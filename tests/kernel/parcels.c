/* SPDX-License-Identifier: MIT */
/* Parcels: open files in flight with a message that a server has (R157). */
#include "abi/errno.h"
#include "abi/ipc.h"
#include "abi/poll.h"
#include "base/clock.h"
#include "desc/in_flight.h"
#include "ipc/call.h"
#include "ipc/served.h"
#include "mm/check/alloc_fail.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/race.h"

#define NEVER UINT64_MAX

static const struct served_opener someone = { .pid = 7, .id = 3ull << 32 | 4, .what = 5 };
static struct file *receive_end, *send_end, *keeper;
static struct file *one, *other; /* sockets of that server */
static uint32_t nended,
	nsockets; /* files that travelled and have ended; sockets that have not; atomic */

static void socket_release(struct file *file)
{
	served_release(file);
	atomic_add(&nsockets, -1u);
}

static const struct file_ops parcel_socket_ops = {
	.name = "socket",
	.release = socket_release,
	.holds = served_holds,
	.has_mailbox = true,
};

static void traveller_release(struct file *file)
{
	(void)file;
	atomic_add(&nended, 1u);
}

static const struct file_ops traveller_ops = { .name = "traveller", .release = traveller_release };

static int answer_open(void *arg)
{
	struct ipc_words words;
	uint64_t badge;
	int64_t rcvid;

	(void)arg;
	do
		rcvid = endpoint_receive(receive_end, &words, &badge, NEVER);
	while (rcvid == 0);
	words = (struct ipc_words){ { 0, SERVED_STATE(1, POLLOUT) } };
	return endpoint_reply(receive_end, (uint64_t)rcvid, &words, false) == 0 ? 0 : 1;
}

static struct file *open_socket(int (*spawn)(int (*fn)(void *arg), void *arg), int (*reap)(int pid))
{
	struct file *file = file_create(&parcel_socket_ops, O_RDWR | O_NONBLOCK, NULL);
	int server = spawn(answer_open, NULL);

	EXPECT_EQ(0, served_open(file, send_end, &someone));
	EXPECT_EQ(0, reap(server));
	atomic_add(&nsockets, 1u);
	return file;
}

/* Of a server that is a process of the kernel's thread, or of a side of a race. */
static bool open_sockets_by(int (*spawn)(int (*fn)(void *arg), void *arg), int (*reap)(int pid))
{
	nended = nsockets = 0;
	receive_end = endpoint_create();
	if (!receive_end || endpoint_badge(receive_end, 1, false, &send_end) != 0 ||
	    endpoint_badge(receive_end, 0, false, &keeper) != 0)
		return false;
	endpoint_keep(keeper);
	one = open_socket(spawn, reap);
	other = open_socket(spawn, reap);
	return true;
}

static bool open_sockets(void)
{
	return open_sockets_by(ktest_spawn, ktest_reap);
}

static void put(struct file **file)
{
	if (*file)
		file_put(*file);
	*file = NULL;
}

static void close_sockets(void)
{
	put(&one);
	put(&other);
	put(&send_end);
	put(&receive_end);
	put(&keeper);
}

static uint64_t cookie_of(const struct file *file)
{
	struct served_file found;

	served_look(file, &found);
	return found.cookie;
}

static unsigned count_files(void)
{
	struct served_file found;
	unsigned n = 0;

	for (uint64_t at = 0; served_describe(receive_end, at, &found) == 0; at = found.cookie + 1)
		n++;
	return n;
}

/* Gives a file to the server, with a reference of its own, as a sender does. Returns its number. */
static uint64_t give(struct file *file)
{
	struct in_flight *files = in_flight_create(1);
	uint64_t number;

	if (!files)
		return 0;
	files->file[0] = file;
	files->n = 1;
	file_get(file);
	number = served_give_files(one, files);
	in_flight_put(files);
	return number;
}

static uint64_t give_traveller(void)
{
	struct file *file = file_create(&traveller_ops, O_RDWR, NULL);
	uint64_t number = file ? give(file) : 0;

	put(&file);
	return number;
}

/* It is for whom the server has named, and for that one once. */
KTEST(parcel_is_taken_once) // R157
{
	struct in_flight *files;
	uint64_t number;

	ASSERT_TRUE(open_sockets());
	number = give_traveller();
	EXPECT_TRUE(number != 0);
	EXPECT_EQ(3, count_files());
	EXPECT_TRUE(served_take_files(other, number, false) == NULL); /* nobody is named yet */
	EXPECT_EQ(0, served_files_wait_at(receive_end, number, cookie_of(other)));
	served_take_back_files(one, number); /* that is too late */
	EXPECT_TRUE(served_take_files(one, number, false) == NULL);
	EXPECT_TRUE(served_take_files(other, number + 1, false) == NULL);
	for (unsigned i = 0; i < 2; i++) {
		files = served_take_files(other, number, true);
		ASSERT_TRUE(files != NULL);
		in_flight_put(files);
	}
	EXPECT_EQ(0, nended);
	files = served_take_files(other, number, false);
	ASSERT_TRUE(files != NULL);
	EXPECT_EQ(2, count_files());
	EXPECT_TRUE(served_take_files(other, number, false) == NULL);
	EXPECT_TRUE(served_take_files(other, number, true) == NULL);
	EXPECT_EQ(0, nended);
	in_flight_put(files);
	EXPECT_EQ(1, nended);
	close_sockets();
}

/* Who has peeked keeps the files, also if they are closed meanwhile. */
KTEST(parcel_that_was_peeked_at_is_closed_later) // R157
{
	struct in_flight *files;
	uint64_t number;

	ASSERT_TRUE(open_sockets());
	number = give_traveller();
	EXPECT_EQ(0, served_files_wait_at(receive_end, number, cookie_of(other)));
	files = served_take_files(other, number, true);
	ASSERT_TRUE(files != NULL);
	EXPECT_EQ(0, served_drop(receive_end, number));
	EXPECT_EQ(0, nended);
	EXPECT_EQ(1, files->n);
	in_flight_put(files);
	EXPECT_EQ(1, nended);
	close_sockets();
}

/* The sender takes it back if the server has not named anybody; the server drops it; or it ends with the endpoint. */
KTEST(parcel_is_closed_if_nobody_gets_it) // R157
{
	uint64_t number;

	ASSERT_TRUE(open_sockets());
	number = give_traveller();
	served_take_back_files(one, number);
	EXPECT_EQ(1, nended);
	served_take_back_files(one, number);
	EXPECT_EQ(2, count_files());
	number = give_traveller();
	EXPECT_EQ(0, served_drop(receive_end, number));
	EXPECT_EQ(2, nended);
	EXPECT_EQ(-ENOENT, served_files_wait_at(receive_end, number, cookie_of(other)));
	number = give_traveller();
	EXPECT_EQ(0, served_files_wait_at(receive_end, number, cookie_of(other)));
	(void)give_traveller();
	put(&receive_end); /* the next server finds them */
	EXPECT_EQ(2, nended);
	EXPECT_EQ(0, endpoint_reopen(keeper, &receive_end));
	EXPECT_EQ(4, count_files());
	put(&other); /* who was to get it; the server learns that */
	EXPECT_EQ(2, nended);
	put(&receive_end);
	put(&keeper);
	EXPECT_EQ(4, nended);
	close_sockets();
}

/* What a server says that is not so changes nothing (R157). */
KTEST(parcel_numbers_are_not_believed)
{
	uint64_t number;
	int64_t made;

	ASSERT_TRUE(open_sockets());
	number = give_traveller();
	made = served_connect(receive_end, 0, cookie_of(one), 0);
	ASSERT_TRUE(made > 0);
	EXPECT_EQ(-EINVAL, served_files_wait_at(send_end, number, cookie_of(other)));
	EXPECT_EQ(-ENOENT, served_files_wait_at(receive_end, number, 99));
	EXPECT_EQ(-ENOENT, served_files_wait_at(receive_end, number + 9, cookie_of(other)));
	EXPECT_EQ(-ENOENT, served_files_wait_at(receive_end, cookie_of(one), cookie_of(other)));
	EXPECT_EQ(-EINVAL, served_files_wait_at(receive_end, (uint64_t)made | IPC_BADGE_SERVED,
						cookie_of(other)));
	EXPECT_TRUE(served_take_files(one, (uint64_t)made | IPC_BADGE_SERVED, false) == NULL);
	EXPECT_EQ(-EINVAL, served_connect(receive_end, 0, number, 0));
	EXPECT_EQ(-EINVAL, served_connect(receive_end, cookie_of(one), number, 0));
	EXPECT_EQ(-EINVAL, served_connect(receive_end, number, cookie_of(one), 0));
	EXPECT_EQ(-EINVAL, served_join(receive_end, number, cookie_of(one)));
	EXPECT_EQ(-EINVAL, served_join(receive_end, cookie_of(one), number));
	EXPECT_TRUE(served_duplex(one) == NULL);
	EXPECT_EQ(4, count_files());
	EXPECT_EQ(0, served_files_wait_at(receive_end, number, cookie_of(other)));
	EXPECT_EQ(-EINVAL, served_files_wait_at(receive_end, number, cookie_of(one)));
	EXPECT_EQ(-EINVAL, served_files_wait_at(receive_end, number, cookie_of(other)));
	EXPECT_EQ(0, nended);
	EXPECT_TRUE(served_take(other, number & ~IPC_BADGE_SERVED) == NULL); /* as of accept */
	EXPECT_EQ(1, nended);
	EXPECT_TRUE(served_take_files(other, number, false) == NULL);
	close_sockets();
}

/* At itself, or at each other: they are closed all the same. */
KTEST(parcels_may_wait_at_parcels) // R157
{
	uint64_t number[3];

	ASSERT_TRUE(open_sockets());
	for (unsigned i = 0; i < 3; i++)
		number[i] = give_traveller();
	EXPECT_EQ(0, served_files_wait_at(receive_end, number[0], number[0]));
	EXPECT_EQ(0, served_files_wait_at(receive_end, number[1], number[2]));
	EXPECT_EQ(0, served_files_wait_at(receive_end, number[2], number[1]));
	in_flight_sweep();
	EXPECT_EQ(0, nended);
	EXPECT_EQ(0, served_drop(receive_end, number[1]));
	EXPECT_EQ(0, served_drop(receive_end, number[0]));
	EXPECT_EQ(2, nended);
	put(&receive_end);
	put(&keeper);
	EXPECT_EQ(3, nended);
	close_sockets();
}

/* A ring through a server: one socket waits in a message at the other one, and the other way round. */
KTEST(parcel_rings_end) // R157
{
	uint64_t number[2];

	ASSERT_TRUE(open_sockets());
	number[0] = give(one);
	number[1] = give(other);
	EXPECT_EQ(0, served_files_wait_at(receive_end, number[0], cookie_of(other)));
	EXPECT_EQ(0, served_files_wait_at(receive_end, number[1], cookie_of(one)));
	in_flight_sweep();
	put(&one);
	in_flight_sweep();
	EXPECT_EQ(2, nsockets);
	put(&other);
	EXPECT_EQ(2, nsockets);
	in_flight_sweep();
	EXPECT_EQ(0, nsockets);
	EXPECT_EQ(2, count_files()); /* until the server drops the messages */
	close_sockets();
}

/* As long as nobody is named for a message, its sender has what is in it. */
KTEST(parcel_of_nobody_is_kept) // R157
{
	uint64_t number;

	ASSERT_TRUE(open_sockets());
	number = give(other);
	put(&other);
	in_flight_sweep();
	EXPECT_EQ(2, nsockets);
	served_take_back_files(one, number);
	EXPECT_EQ(1, nsockets);
	close_sockets();
}

#ifdef FAULTLINE_HARDENED

/* R45: without memory nothing waits, and the sender still has the file. */
KTEST(parcel_without_memory)
{
	uint64_t number = 0;
	unsigned at;

	ASSERT_TRUE(open_sockets());
	for (at = 1; number == 0 && at < 100; at++) {
		alloc_fail_at = at;
		number = give(other);
		alloc_fail_at = 0;
		if (number == 0)
			EXPECT_EQ(2, count_files());
	}
	EXPECT_TRUE(at > 2 && number != 0);
	served_take_back_files(one, number);
	EXPECT_EQ(2, nsockets);
	close_sockets();
	EXPECT_EQ(0, nsockets);
}

#endif

/* ---- races ---- */

static uint64_t last_number; /* atomic */
static uint32_t ngiven;	     /* atomic */

static void begin_parcel_race(void)
{
	EXPECT_TRUE(open_sockets_by(race_spawn, race_reap));
	ngiven = 0;
	last_number = 0;
}

/* Sends travellers, and a socket now and then, and takes back what the server did not see. */
static void give_by_lot(void)
{
	for (unsigned i = 0; i < 12; i++) {
		bool ring = race_lot(3) == 0;
		uint64_t number = ring ? give(race_lot(2) ? one : other) : give_traveller();

		if (number && !ring)
			atomic_add(&ngiven, 1u);
		atomic_store(&last_number, number);
		if (race_lot(2))
			(void)served_files_wait_at(receive_end, number,
						   cookie_of(race_lot(2) ? one : other));
		served_take_back_files(one, number);
		if (race_lot(4) == 0)
			in_flight_sweep();
	}
}

/* Takes what is for either socket, or drops it. */
static void take_by_lot(void)
{
	for (unsigned i = 0; i < 24; i++) {
		struct file *socket = race_lot(2) ? one : other;
		uint64_t number = atomic_load(&last_number);
		struct in_flight *files;

		switch (race_lot(6)) {
		case 0:
			(void)served_drop(receive_end, number);
			break;
		case 1:
			(void)served_files_wait_at(receive_end, number, cookie_of(socket));
			break;
		case 2:
			in_flight_sweep();
			break;
		default:
			files = served_take_files(socket, number, race_lot(2));
			if (files)
				EXPECT_EQ(1, files->n);
			in_flight_put(files);
		}
	}
}

static void end_parcel_race(void)
{
	close_sockets();
	in_flight_sweep();
	EXPECT_EQ(0, nsockets);
	EXPECT_EQ(ngiven, nended);
}

/* Two that take, one that sends: each file is closed once (R157). */
RACE(race_parcels, .rounds = 10, .begin = begin_parcel_race,
     .sides = { give_by_lot, take_by_lot, take_by_lot }, .end = end_parcel_race);
