/* SPDX-License-Identifier: MIT */
/* A driver's end that is preempted, while its device has a request under way (R145). */
#include "preempt_sweep.h"
#include "preempt_sweep_ipc.h"
#include "rng.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

/* The device gives some bytes a second: the first request gets them, and the second stays. */
static void leave_request(int fd)
{
	struct rng rng;

	if (!rng_start(&rng, fd))
		_exit(2);
	rng_ask(&rng, 64);
	rng_ask(&rng, (uint32_t)PAGE);
}

static void be_driver(void)
{
	int fd = rng_find();

	if (fd < 0)
		_exit(1);
	leave_request(fd);
	arm();
	CALL(exit_group, 7);
}

static void call_end(void)
{
	fork_child(be_driver);
}

/* Another session begins, whether the old one has ended or not. */
static void compete_open(void)
{
	long opened = CALL(ioctl, UIO_FIRST_FD, UIO_SESSION, 0);

	expect(opened >= 0, "a session", opened);
	if (opened >= 0)
		CALL(close, (uint64_t)opened);
	churn();
}

/* The next driver finds it as it was. */
static void use_again(void)
{
	int fd = rng_find(), status;
	long pid;

	expect(fd >= 0, "a session again", fd);
	close(fd);
	pid = CALL(clone, SIGCHLD);
	if (pid == 0) {
		leave_request(rng_find());
		CALL(exit_group, 9);
	}
	status = reap(pid);
	expect(status == 9 << 8, "the next driver", status);
}

static void check_end(void)
{
	expect(child_status == 7 << 8, "the driver's status", child_status);
	use_again();
}

static void be_killed(void)
{
	int fd = rng_find();

	if (fd < 0)
		_exit(1);
	arm();
	leave_request(fd);
	CALL(exit_group, 7);
}

static void call_killed(void)
{
	fork_child(be_killed);
}

static void compete_kill_driver(void)
{
	CALL(kill, (uint64_t)child, SIGKILL);
	compete_open();
}

static void check_killed(void)
{
	expect(child_status == 7 << 8 || (child_status == SIGKILL && common->competed),
	       "the driver's status", child_status);
	use_again();
}

/* ---- memory that is asked for while the driver ends ---- */

static int device;
static long driver, allocated;

static void be_first_to_map(void)
{
	void *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, device, 0);

	if (at == MAP_FAILED)
		_exit(1);
	for (;;)
		pause();
}

static void prepare_alloc(void)
{
	device = rng_find();
	expect(device >= 0, "a session", device);
	driver = CALL(clone, SIGCHLD);
	if (driver == 0)
		be_first_to_map();
	wait_asleep(driver);
}

static void call_alloc(void)
{
	struct uio_dma dma = { .size = 3 * PAGE };

	arm();
	allocated = CALL(ioctl, (uint64_t)device, UIO_DMA_ALLOC, (uint64_t)&dma);
}

static void compete_end_driver(void)
{
	CALL(kill, (uint64_t)driver, SIGKILL);
	while (is_alive(driver))
		yield();
	churn();
}

/* It was the old driver's, or there is none. */
static void check_alloc(void)
{
	int status;

	expect(allocated == 0 || (allocated == -ENODEV && common->competed), "the memory",
	       allocated);
	CALL(kill, (uint64_t)driver, SIGKILL);
	status = reap(driver);
	expect(status == SIGKILL, "the driver's status", status);
	CALL(close, (uint64_t)device);
	use_again();
}

const struct sweep uio_sweeps[] = {
	{ .name = "uio_exit",
	  .call = call_end,
	  .compete = compete_open,
	  .check = check_end,
	  .by_child = 1,
	  .timed = 1,
	  .length = 92000 },
	{ .name = "uio_kill",
	  .call = call_killed,
	  .compete = compete_kill_driver,
	  .check = check_killed,
	  .by_child = 1,
	  .timed = 1,
	  .length = 115000 },
	{ .name = "uio_alloc",
	  .prepare = prepare_alloc,
	  .call = call_alloc,
	  .compete = compete_end_driver,
	  .check = check_alloc,
	  .timed = 1 },
	{ .name = NULL },
};
