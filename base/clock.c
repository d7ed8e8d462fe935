/* SPDX-License-Identifier: MIT */
/* Converts ticks of the timebase into time. */
#include "base/clock.h"

#include "lib/assert.h"
#include "lib/bits.h"
#include "sync/atomic.h"

static uint64_t first_wall_at_boot_ns; /* atomic */
/* const after boot: */
static uint64_t *wall_at_boot_ns = &first_wall_at_boot_ns; /* what it points to is atomic */
static uint64_t hz;
static uint64_t boot_ticks;
/* Nanoseconds in a tick if that is a whole number, otherwise 0; it saves a division */
static uint64_t ns_per_tick;

void clock_init(uint64_t timebase_hz)
{
	assert(timebase_hz > 0);
	boot_ticks = arch_time();
	ns_per_tick = NSEC_PER_SEC % timebase_hz == 0 ? NSEC_PER_SEC / timebase_hz : 0;
	hz = timebase_hz;
}

uint64_t clock_timebase(void)
{
	return hz;
}

/* Returns x * to / from, rounded down or up; UINT64_MAX if the result does not fit. */
static uint64_t clock_convert(uint64_t x, uint64_t from, uint64_t to, bool up)
{
	uint64_t part = (x % from) * to;
	uint64_t whole;

	if (mul_overflows(x / from, to, &whole))
		return UINT64_MAX;
	part = part / from + (up && part % from != 0);
	return add_overflows(whole, part, &whole) ? UINT64_MAX : whole;
}

uint64_t clock_ticks_to_ns(uint64_t ticks)
{
	if (ns_per_tick != 0 && ticks < UINT64_MAX / NSEC_PER_SEC)
		return ticks * ns_per_tick;
	return hz == 0 ? 0 : clock_convert(ticks, hz, NSEC_PER_SEC, false);
}

uint64_t clock_ns_to_ticks(uint64_t ns)
{
	return clock_convert(ns, NSEC_PER_SEC, hz, true);
}

uint64_t clock_ns(void)
{
	return clock_ns_at(arch_time());
}

uint64_t clock_ns_at(uint64_t tick)
{
	return hz == 0 ? 0 : clock_ticks_to_ns(tick - boot_ticks);
}

uint64_t clock_deadline(uint64_t ns)
{
	uint64_t ticks;

	return add_overflows(boot_ticks, clock_ns_to_ticks(ns), &ticks) ? UINT64_MAX : ticks;
}

uint64_t clock_deadline_in(uint64_t ns)
{
	uint64_t ticks;

	return add_overflows(arch_time(), clock_ns_to_ticks(ns), &ticks) ? UINT64_MAX : ticks;
}

int64_t clock_later(int64_t time, uint64_t ns)
{
	int64_t later;

	return __builtin_add_overflow(time, ns, &later) ? INT64_MAX : later;
}

int64_t clock_wall_to_boot(uint64_t ns_since_1970)
{
	return (int64_t)(ns_since_1970 - atomic_load_relaxed(wall_at_boot_ns));
}

void clock_set_wall(uint64_t ns_since_1970)
{
	atomic_store_relaxed(wall_at_boot_ns, ns_since_1970 - clock_ns());
}

void clock_move_wall(uint64_t *to)
{
	atomic_store_relaxed(to, atomic_load_relaxed(wall_at_boot_ns));
	wall_at_boot_ns = to;
}

uint64_t clock_wall_ns(void)
{
	return atomic_load_relaxed(wall_at_boot_ns) + clock_ns();
}

uint64_t clock_wall_ns_at(uint64_t tick)
{
	return atomic_load_relaxed(wall_at_boot_ns) + clock_ns_at(tick);
}
