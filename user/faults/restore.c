/* SPDX-License-Identifier: MIT */
/* A program starts from a saved image of its memory before it is read: pages come when touched. */
/*
 * The image is a search tree with its pointers, saved in a file. To restore it takes one mmap() at
 * the same address. A thread with a userfaultfd reads each page from the file when the program
 * first touches it. So the first look-up waits for the pages on its path, never for the image.
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "faults.h"

#define PAGES	256ul
#define SIZE	(PAGES * PAGE)
#define NODES	(SIZE / sizeof(struct node))
#define LOOKUPS 16ul

struct node {
	struct node *left, *right;
	uint64_t key;
	uint64_t value; /* restore_value() of the key */
};

static struct node *tree; /* the image; its first node is the root */
static int file, uffd;
static atomic_long given; /* pages */

static uint64_t restore_value(uint64_t key)
{
	return key * 0x9e3779b97f4a7c15u ^ key >> 7;
}

static const struct node *restore_find(uint64_t key)
{
	const struct node *at = tree;

	while (at && at->key != key)
		at = key < at->key ? at->left : at->right;
	return at;
}

static void restore_insert(struct node *node)
{
	struct node **at, *next;

	for (at = &tree; (next = *at);)
		at = node->key < next->key ? &next->left : &next->right;
	*at = node;
}

/* Makes the tree of the keys that come from `random`, and saves it. Then its memory is gone. */
static void restore_save(uint64_t random)
{
	struct node *nodes =
		mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (nodes == MAP_FAILED)
		faults_die("mmap");
	tree = NULL;
	for (size_t i = 0; i < NODES; i++) {
		nodes[i].key = faults_random(&random);
		nodes[i].value = restore_value(nodes[i].key);
		restore_insert(&nodes[i]);
	}
	file = memfd_create("image", 0);
	if (file < 0 || pwrite(file, nodes, SIZE, 0) != (ssize_t)SIZE)
		faults_die("pwrite");
	munmap(nodes, SIZE);
}

/* The thread: gives each page that somebody touches, until all are there. */
static void *restore_give_pages(void *unused)
{
	static char bytes[PAGE];

	while (given < (long)PAGES) {
		char *page = faults_userfault_next(uffd, -1);

		if (pread(file, bytes, PAGE, page - (char *)tree) != (ssize_t)PAGE)
			faults_die("pread");
		given++; /* before the program goes on, which reads it */
		faults_userfault_give(uffd, page, bytes);
	}
	return unused;
}

/* Returns whether all memory has the bytes of the file. Touches the pages that are left. */
static bool is_the_image(void)
{
	char *image = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, file, 0);
	bool same;

	if (image == MAP_FAILED)
		faults_die("mmap");
	same = memcmp(image, tree, SIZE) == 0;
	munmap(image, SIZE);
	return same;
}

void restore_run(struct faults_result *ret)
{
	const uint64_t seed = 5;
	uint64_t random = seed;
	pthread_t thread;

	restore_save(seed);
	if (mmap(tree, SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != tree)
		faults_die("mmap");
	uffd = faults_userfault_open(0);
	faults_userfault_register(uffd, (char *)tree, SIZE, UFFDIO_REGISTER_MODE_MISSING);
	given = 0;
	if (pthread_create(&thread, NULL, restore_give_pages, NULL) != 0)
		faults_die("pthread_create");
	ret->right = true;
	for (size_t i = 0; i < NODES; i++) {
		uint64_t key = faults_random(&random);
		const struct node *node;

		if (i % (NODES / LOOKUPS) != 0)
			continue;
		node = restore_find(key);
		ret->right &= node && node->value == restore_value(key);
	}
	ret->faults = given;
	ret->figures[0] = (long)LOOKUPS;
	ret->figures[1] = (long)PAGES;
	ret->right &= is_the_image();
	pthread_join(thread, NULL);
	munmap(tree, SIZE);
	close(uffd);
	close(file);
}
