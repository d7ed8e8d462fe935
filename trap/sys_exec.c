/* SPDX-License-Identifier: MIT */
/* execve: path, strings and image gathered, then the change. */
#include "abi/resource.h"
#include "fs/open.h"
#include "mm/object.h"
#include "mm/phys/kmalloc.h"
#include "proc/exec.h"
#include "proc/process.h"
#include "trap/syscall.h"

static int run(const struct trap_frame *frame, const char *filename, struct object *image,
	       const char *path)
{
	struct exec_args args;
	int err;

	exec_args_init(&args, filename, process_limit(current_process(), RLIMIT_STACK));
	err = exec_args_copy_argv(&args, arg_user(frame, 1));
	if (!err)
		err = exec_args_copy_envp(&args, arg_user(frame, 2));
	if (!err)
		err = exec_image(image, path, &args);
	exec_args_destroy(&args);
	return err;
}

long sys_execve(struct trap_frame *frame)
{
	struct object *image;
	char *filename, *path;
	int err = arg_path(frame, 0, &filename);

	if (err)
		return err;
	err = fs_open_exec(current_process()->cwd, filename, &image, &path);
	if (!err) {
		err = run(frame, filename, image, path);
		object_put(image);
		kfree(path);
	}
	kfree(filename);
	return err;
}
