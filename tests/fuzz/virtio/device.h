/* SPDX-License-Identifier: MIT */
/* A virtio-serial device that does what a script says, honest or not, and at what moment. */
#pragma once

#include "lib/types.h"

#define DEVICE_QUEUES 18

/* The script's first bytes. */
struct device_head {
	uint8_t version, id, features, flags;
	uint8_t ports, ports_high;
	uint8_t size_control_rx, size_control_tx, size_rx,
		size_tx;     /* of queues; 0: none; 255: huge */
	uint8_t allocations; /* of so many that go well the next fails; 0: none fails */
	uint8_t irq_fails;
};

#define DEVICE_REFUSES	       1u /* the features */
#define DEVICE_NO_MAGIC	       2u
#define DEVICE_NO_ROOM	       4u	      /* to map its registers */
#define DEVICE_PROMISED(flags) ((flags) >> 4) /* so many ports, to the kernel */
#define DEVICE_MULTIPORT       2u	      /* of features */
#define DEVICE_IS_MODERN       128u

/* One stream through a queue, as an honest device would know it. */
struct device_stream {
	bool text;	  /* the log goes through it, and not the pattern */
	bool dirty;	  /* it was not honest on this queue */
	bool nonsense;	  /* it gave back a buffer that can't be: the driver must see */
	bool untold;	  /* ... or may not: the ring was changed, or the entry overwritten */
	uint64_t offered; /* bytes that may have gone in at most */
	uint64_t sent;	  /* to the driver: so many bytes of the pattern */
	uint64_t taken;	  /* from the driver likewise */
};

extern struct device_head device_head;
extern struct device_stream device_streams[DEVICE_QUEUES];

/* The pattern that goes through the streams: never 0, never the poison of fresh memory. */
uint8_t device_pattern(uint64_t at);

/* What the device puts in the place of DEVICE_POISON, which it never writes. */
#define DEVICE_POISON 0xa5

/* What it can do with its queues; indexes are taken modulo what there is. */
void device_reset(const struct device_head *head);
void device_honest(unsigned index, size_t n);
void device_control(const uint8_t *message, size_t n);
void device_forge(unsigned index, unsigned id, uint32_t len);
void device_jump(unsigned index, uint16_t by);
void device_change(unsigned index, unsigned id, size_t offset, uint8_t byte);
void device_scribble(unsigned index, size_t offset, uint8_t byte);

/* The script begins. */
void device_start(const uint8_t *script, size_t size);
bool device_script_ended(void);

/* The next op that is the driver's (or none's); those of the device in front of it are done. */
uint8_t device_until_driver(void);

/* Does the next op if it is one of the device's. Call while the machine boots. */
void device_boot_step(void);

/* An argument of the op. */
uint8_t device_byte(void);

/* The driver is called; it must come back within a bounded number of looks at what is shared. */
void device_driver_runs(void);
void device_driver_done(void);
