/* SPDX-License-Identifier: MIT */
/* Faults on a page of a served file that are preempted, also when the server or the reader ends (R142). */
#include "preempt_sweep.h"
#include "preempt_sweep_ipc.h"
#include "one_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static struct file_server file_server;
static volatile char *page;
static volatile int signal_seen;
static sigjmp_buf after_fault;
static int their_byte;

static int serve_file(void)
{
	file_server_init(&file_server, &one_file, NULL);
	return file_server_endpoint(&file_server, receive_end) == 0 ? 0 : 1;
}

static void on_bus(int sig)
{
	siglongjmp(after_fault, sig);
}

static void prepare_file(void)
{
	char options[32];
	int fd;

	signal(SIGBUS, on_bus);
	mkdir("/served", 0755);
	start_server(serve_file);
	snprintf(options, sizeof(options), "fd=%d", send_end);
	expect(mount("sweep", "/served", "9p", 0, options) == 0, "mount", 0);
	fd = open("/served/file", O_RDONLY);
	expect(fd >= 0, "open", fd);
	page = mmap(NULL, (size_t)ONE_FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	expect(page != MAP_FAILED, "mmap", 0);
	close(fd);
	wait_asleep(server);
}

static void end_file(int status)
{
	int got;

	munmap((void *)(uintptr_t)page, (size_t)ONE_FILE_SIZE);
	expect(umount("/served") == 0, "umount", 0);
	got = stop_server();
	expect(got == status, "the server's status", got);
}

static void call_fault_served(void)
{
	signal_seen = sigsetjmp(after_fault, 1);
	if (signal_seen)
		return;
	arm();
	expect(*page == ONE_FILE_BYTE, "the file's byte", *page);
}

static void compete_kill_server(void)
{
	CALL(kill, (uint64_t)server, SIGKILL);
	churn();
	CALL(umount2, (uintptr_t) "/served",
	     MNT_FORCE); /* which is busy: who waits for another server gives up */
}

static void check_fault_served(void)
{
	expect(signal_seen == 0 || (signal_seen == SIGBUS && common->competed), "the fault",
	       signal_seen);
	end_file(common->competed ? SIGKILL : 0);
}

static void read_page(void)
{
	arm();
	CALL(exit_group, *page == ONE_FILE_BYTE ? 1 : 2);
}

static void call_reader(void)
{
	their_byte = ONE_FILE_BYTE;
	fork_child(read_page);
}

/* Waits for the page that the killed one has asked for, in its own way. */
static void compete_kill_reader(void)
{
	CALL(kill, (uint64_t)child, SIGKILL);
	their_byte = *page;
	churn();
}

static void check_reader(void)
{
	expect(child_status == 1 << 8 || (child_status == SIGKILL && common->competed),
	       "the reader's status", child_status);
	expect(their_byte == ONE_FILE_BYTE, "the other's byte", their_byte);
	expect(*page == ONE_FILE_BYTE, "the file's byte", *page);
	end_file(0);
}

const struct sweep p9_sweeps[] = {
	{ .name = "p9_kill_server",
	  .prepare = prepare_file,
	  .call = call_fault_served,
	  .compete = compete_kill_server,
	  .check = check_fault_served,
	  .timed = 1,
	  .length = 31000 },
	{ .name = "p9_kill_reader",
	  .prepare = prepare_file,
	  .call = call_reader,
	  .compete = compete_kill_reader,
	  .check = check_reader,
	  .by_child = 1,
	  .timed = 1,
	  .length = 45000 },
	{ .name = NULL },
};
