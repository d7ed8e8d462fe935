/* SPDX-License-Identifier: MIT */
/* System V semaphores. */
#include "linux/sysv/sem.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "lib/list.h"
#include "linux/process/linux_process.h"
#include "linux/process/process_ops.h"
#include "linux/sysv/util.h"
#include "proc/process.h"

/*
 * A call whose operations cannot be carried out waits in one of its set's two queues. A thread that changes a
 * semaphore goes through both, the oldest call first, and carries out what can be carried out now. So a sleeper is woken
 * when its call is over. Everything is guarded by the one mutex of all sets.
 */

struct sem {
	int semval;
	int sempid; /* of the last operation */
};

/* Guarded by the mutex of sem_ids, as all below. */
struct sem_array {
	struct kern_ipc_perm perm; /* first */
	int64_t otime, ctime;
	struct list pending_const; /* of struct sem_queue: calls that only wait for zeros */
	struct list pending_alter; /* calls that change something */
	struct list undos;	   /* of struct sem_undo, by of_array */
	unsigned nsems;
	struct sem sems[];
};

/* A call that waits; on its thread's stack. */
struct sem_queue {
	struct ipc_waiter wait;
	const struct abi_sembuf *sops;
	unsigned nsops;
	const struct abi_sembuf *blocking; /* the operation that cannot be carried out */
	struct sem_undo *undo;		   /* NULL: nothing is to be undone */
	int pid;
	bool alter;
	bool removed; /* with its set */
	int status;   /* else: what the call returns */
};

/* What a process has to undo in one set. */
struct sem_undo {
	struct list of_array, of_process;
	struct sem_array *array;
	int16_t semadj[]; /* what to add to each semaphore */
};

/* What a process has to undo; processes share it after clone with CLONE_SYSVSEM. Guarded by the mutex. */
struct sem_undo_list {
	unsigned users;	   /* processes */
	struct list undos; /* of struct sem_undo, by of_process, the newest first */
};

static struct ipc_ids sem_ids; /* has its own lock */
static uint64_t used_sems;     /* of all sets; guarded by the mutex */

/* atomic */
uint64_t sysv_sem_limits[] = { 32000, 1024000000, 500, 32000 };

static uint64_t sem_limit_of(enum sem_limit limit)
{
	return atomic_load_relaxed(&sysv_sem_limits[limit]);
}

static struct sem_array *to_sem(struct kern_ipc_perm *perm)
{
	return container_of(perm, struct sem_array, perm);
}

static void sem_lock(void)
{
	mutex_lock(&sem_ids.mutex);
}

static void sem_unlock(void)
{
	mutex_unlock(&sem_ids.mutex);
}

/* ---- sets ---- */

static size_t array_size(unsigned nsems)
{
	return sizeof(struct sem_array) + nsems * sizeof(struct sem);
}

static size_t undo_size(unsigned nsems)
{
	return sizeof(struct sem_undo) + nsems * sizeof(int16_t);
}

static struct kern_ipc_perm *sem_getnew(const struct ipc_params *params, int *err_ret)
{
	unsigned nsems = (unsigned)params->size;
	struct sem_array *sma;

	*err_ret = -EINVAL;
	if (nsems == 0)
		return NULL;
	*err_ret = -ENOMEM;
	sma = sysv_alloc(array_size(nsems));
	if (!sma)
		return NULL;
	list_init(&sma->pending_const);
	list_init(&sma->pending_alter);
	list_init(&sma->undos);
	sma->nsems = nsems;
	sma->ctime = sysv_now();
	return &sma->perm;
}

static void sem_discard(struct kern_ipc_perm *perm)
{
	sysv_free(to_sem(perm), array_size(to_sem(perm)->nsems));
}

static int sem_admit(struct kern_ipc_perm *perm)
{
	uint64_t all = sem_limit_of(SEM_LIMIT_MNS);
	unsigned nsems = to_sem(perm)->nsems;

	if (nsems > all || used_sems > all - nsems)
		return -ENOSPC;
	used_sems += nsems;
	return 0;
}

static int sem_more_checks(const struct kern_ipc_perm *perm, const struct ipc_params *params)
{
	const struct sem_array *sma = container_of(perm, const struct sem_array, perm);

	return params->size > sma->nsems ? -EINVAL : 0;
}

static const struct ipc_ops sem_get_ops = {
	.getnew = sem_getnew,
	.discard = sem_discard,
	.admit = sem_admit,
	.more_checks = sem_more_checks,
};

int sysv_sem_get(int32_t key, int nsems, int flg)
{
	const struct ipc_params params = { .key = key, .flg = flg, .size = (uint64_t)nsems };

	if (nsems < 0 || (uint64_t)nsems > sem_limit_of(SEM_LIMIT_MSL))
		return -EINVAL;
	return sysv_get(&sem_ids, &sem_get_ops, &params, (int)sem_limit_of(SEM_LIMIT_MNI));
}

/* ---- operations ---- */

/* Takes back the operations before sop, the last one first. */
static void roll_back(struct sem_array *sma, const struct sem_queue *q,
		      const struct abi_sembuf *sop)
{
	while (sop-- > q->sops) {
		sma->sems[sop->num].semval -= sop->op;
		if (sop->flg & SEM_UNDO)
			q->undo->semadj[sop->num] = (int16_t)(q->undo->semadj[sop->num] + sop->op);
	}
}

/* Returns 0, 1 if it has to wait, or a negative errno. */
static int apply_one(struct sem_array *sma, const struct sem_queue *q, const struct abi_sembuf *sop)
{
	struct sem *sem = &sma->sems[sop->num];
	int result = sem->semval + sop->op;

	if ((sop->op == 0 && sem->semval != 0) || result < 0)
		return sop->flg & IPC_NOWAIT ? -EAGAIN : 1;
	if (result > SEMVMX)
		return -ERANGE;
	if (sop->flg & SEM_UNDO) {
		int adj = q->undo->semadj[sop->num] - sop->op;

		if (adj < -SEMAEM - 1 || adj > SEMAEM)
			return -ERANGE;
		q->undo->semadj[sop->num] = (int16_t)adj;
	}
	sem->semval = result;
	return 0;
}

/* Carries out all operations or none. Returns 0, 1 if the call has to wait, or a negative errno. */
static int perform_atomic_semop(struct sem_array *sma, struct sem_queue *q)
{
	const struct abi_sembuf *sop, *end = q->sops + q->nsops;

	for (sop = q->sops; sop < end; sop++) {
		int result = apply_one(sma, q, sop);

		if (result) {
			q->blocking = sop;
			roll_back(sma, q, sop);
			return result;
		}
	}
	for (sop = q->sops; sop < end; sop++)
		sma->sems[sop->num].sempid = q->pid;
	return 0;
}

/* Ends the wait of a call. */
static void sem_finish(struct sem_queue *q, int status)
{
	q->status = status;
	sysv_waiter_finish(&q->wait);
}

/* Looks through one queue. Returns whether a semaphore has changed. */
static bool serve(struct sem_array *sma, struct list *pending)
{
	struct sem_queue *q, *next;
	bool changed = false;

	list_for_each_entry_safe(q, next, pending, wait.link) {
		int result = perform_atomic_semop(sma, q);

		if (result > 0)
			continue;
		if (result == 0) {
			sma->otime = sysv_now();
			changed |= q->alter;
		}
		sem_finish(q, result);
	}
	return changed;
}

/* Semaphores have changed: serves who waits, first those that change nothing, and again for what that has changed. */
static void do_smart_update(struct sem_array *sma)
{
	do
		(void)serve(sma, &sma->pending_const);
	while (serve(sma, &sma->pending_alter));
}

/* ---- what is to be undone ---- */

/* Returns what the running process has to undo in the set, or NULL. */
static struct sem_undo *lookup_undo(const struct sem_array *sma)
{
	const struct sem_undo_list *list = current_linux_process()->sem_undo;
	struct sem_undo *undo;

	if (!list)
		return NULL;
	list_for_each_entry(undo, &list->undos, of_process)
		if (undo->array == sma)
			return undo;
	return NULL;
}

/* Memory for what a process has to undo, which is not needed yet. */
struct undo_spare {
	struct sem_undo_list *list;
	struct sem_undo *undo;
	unsigned nsems; /* that there is room for */
};

static void undo_spare_free(struct undo_spare *spare)
{
	sysv_free(spare->list, sizeof(*spare->list));
	sysv_free(spare->undo, undo_size(spare->nsems));
	*spare = (struct undo_spare){ 0 };
}

/* Returns 0 or -ENOMEM. May wait. */
static int undo_spare_fill(struct undo_spare *spare, unsigned nsems)
{
	undo_spare_free(spare);
	spare->nsems = nsems;
	spare->list = sysv_alloc(sizeof(*spare->list));
	spare->undo = sysv_alloc(undo_size(nsems));
	if (spare->list && spare->undo)
		return 0;
	undo_spare_free(spare);
	return -ENOMEM;
}

static void use_list(struct sem_undo_list *list)
{
	list->users = 1;
	list_init(&list->undos);
	atomic_store_relaxed(&current_linux_process()->sem_undo, list);
}

/* Returns what the process has to undo in the set, or makes it from what is spare; NULL if nothing suits. */
static struct sem_undo *find_undo(struct sem_array *sma, struct undo_spare *spare)
{
	struct sem_undo *undo = lookup_undo(sma);

	if (undo || !spare->undo || spare->nsems != sma->nsems)
		return undo;
	if (!current_linux_process()->sem_undo) {
		use_list(spare->list);
		spare->list = NULL;
	}
	undo = spare->undo;
	spare->undo = NULL;
	undo->array = sma;
	list_add(&current_linux_process()->sem_undo->undos, &undo->of_process);
	list_add(&sma->undos, &undo->of_array);
	return undo;
}

/* A call has set semaphores: earlier changes of these have nothing to undo any more. */
static void forget_undos(struct sem_array *sma, unsigned first, unsigned n)
{
	struct sem_undo *undo;

	list_for_each_entry(undo, &sma->undos, of_array)
		for (unsigned i = first; i < first + n; i++)
			undo->semadj[i] = 0;
}

static void undo_one(struct sem *sem, int adj)
{
	if (adj == 0)
		return;
	sem->semval = MIN(MAX(sem->semval + adj, 0), SEMVMX);
	sem->sempid = current_process()->pid;
}

/* Takes an entry out of both lists, and does what it says. */
static void undo_all(struct sem_undo *undo)
{
	struct sem_array *sma = undo->array;

	list_del(&undo->of_process);
	list_del(&undo->of_array);
	for (unsigned i = 0; i < sma->nsems; i++)
		undo_one(&sma->sems[i], undo->semadj[i]);
	sma->otime = sysv_now();
	do_smart_update(sma);
	sysv_free(undo, undo_size(sma->nsems));
}

static void exit_sem(struct process *process)
{
	struct sem_undo_list *list = linux_process(process)->sem_undo;
	bool last;

	atomic_store_relaxed(&linux_process(process)->sem_undo, NULL);
	sem_lock();
	last = --list->users == 0;
	while (last && !list_empty(&list->undos))
		undo_all(list_first_entry(&list->undos, struct sem_undo, of_process));
	sem_unlock();
	if (last)
		sysv_free(list, sizeof(*list));
}

static int share_sem(struct process *child)
{
	struct undo_spare spare = { 0 };

	if (!atomic_load_relaxed(&current_linux_process()->sem_undo)) {
		spare.list = sysv_alloc(sizeof(*spare.list));
		if (!spare.list)
			return -ENOMEM;
	}
	sem_lock();
	if (!current_linux_process()->sem_undo) {
		use_list(spare.list);
		spare.list = NULL;
	}
	linux_process(child)->sem_undo = current_linux_process()->sem_undo;
	linux_process(child)->sem_undo->users++;
	sem_unlock();
	undo_spare_free(&spare);
	return 0;
}

static const struct process_sem_ops process_ops = { .share = share_sem, .exit = exit_sem };

void sysv_sem_init(void)
{
	sysv_init_ids(&sem_ids);
	process_sem = &process_ops;
}

/* ---- semop ---- */

/* What a call asks for, seen from its operations. */
struct sem_wish {
	unsigned max; /* the largest number */
	bool alter, undo;
};

static struct sem_wish wish_of(const struct abi_sembuf *sops, unsigned n)
{
	struct sem_wish wish = { 0 };

	for (unsigned i = 0; i < n; i++) {
		wish.max = MAX(wish.max, (unsigned)sops[i].num);
		wish.alter |= sops[i].op != 0;
		wish.undo |= (sops[i].flg & SEM_UNDO) != 0;
	}
	return wish;
}

static int check_wish(const struct sem_array *sma, const struct sem_wish *wish)
{
	if (wish->max >= sma->nsems)
		return -EFBIG;
	return sysv_check_perm(&sma->perm, wish->alter ? 0222 : 0444);
}

/* Carries out the call, or queues it. Returns what perform_atomic_semop() does; 1: it is in a queue. */
static int sem_begin(struct sem_array *sma, struct sem_queue *q)
{
	int result = perform_atomic_semop(sma, q);

	if (result == 0) {
		sma->otime = sysv_now();
		if (q->alter)
			do_smart_update(sma);
	} else if (result > 0) {
		list_add_tail(q->alter ? &sma->pending_alter : &sma->pending_const, &q->wait.link);
	}
	return result;
}

/*
 * Finds the set and what is to be undone there, and begins. Returns what sem_begin() does, or -ENOENT: it takes memory
 * for *nsems_ret semaphores first. Call with the mutex held.
 */
static int find_and_begin(int id, const struct sem_wish *wish, struct undo_spare *spare,
			  struct sem_queue *q, unsigned *nsems_ret)
{
	struct kern_ipc_perm *perm = sysv_obtain(&sem_ids, id);
	int err;

	if (!perm)
		return -EINVAL;
	q->undo = wish->undo ? find_undo(to_sem(perm), spare) : NULL;
	*nsems_ret = to_sem(perm)->nsems;
	if (wish->undo && !q->undo)
		return -ENOENT;
	err = check_wish(to_sem(perm), wish);
	return err ? err : sem_begin(to_sem(perm), q);
}

/* Waits until another thread has carried out the call. It is in a queue. */
static int await(struct sem_queue *q, uint64_t deadline)
{
	const struct deadline until = { .at = deadline };
	int err = sysv_waiter_sleep(&q->wait, &sem_ids.mutex, &until);

	current_thread()->restart = RESTART_NONE; /* as on Linux, whatever SA_RESTART says */
	if (err == 0)
		err = q->removed ? -EIDRM : q->status;
	else if (err == -ETIMEDOUT)
		err = -EAGAIN;
	sem_unlock();
	return err;
}

int sysv_sem_operate(int id, const struct abi_sembuf *sops, unsigned n, uint64_t deadline)
{
	const struct sem_wish wish = wish_of(sops, n);
	struct undo_spare spare = { 0 };
	struct sem_queue q = {
		.wait.thread = current_thread(),
		.sops = sops,
		.nsops = n,
		.pid = current_process()->pid,
		.alter = wish.alter,
	};
	unsigned nsems = 0;
	int result;

	for (;;) {
		sem_lock();
		result = find_and_begin(id, &wish, &spare, &q, &nsems);
		sem_unlock();
		if (result != -ENOENT)
			break;
		if (undo_spare_fill(&spare, nsems))
			return -ENOMEM;
	}
	undo_spare_free(&spare);
	return result > 0 ? await(&q, deadline) : result;
}

/* ---- semctl ---- */

static void sem_fill_ds(const struct sem_array *sma, struct abi_semid_ds *ds)
{
	*ds = (struct abi_semid_ds){
		.otime = sma->otime,
		.ctime = sma->ctime,
		.nsems = sma->nsems,
	};
	sysv_perm_out(&sma->perm, &ds->perm);
}

int sysv_sem_stat(int id, int cmd, struct abi_semid_ds *ret)
{
	struct kern_ipc_perm *perm;
	int result;

	sem_lock();
	perm = sysv_obtain_stat(&sem_ids, id, cmd != IPC_STAT, cmd == SEM_STAT_ANY, &result);
	if (perm)
		sem_fill_ds(to_sem(perm), ret);
	sem_unlock();
	return result;
}

int sysv_sem_set(int id, const struct abi_semid_ds *from)
{
	struct kern_ipc_perm *perm;
	int err;

	sem_lock();
	perm = sysv_obtain_own(&sem_ids, id, &err);
	if (perm)
		err = sysv_update_perm(perm, &from->perm);
	if (!err)
		to_sem(perm)->ctime = sysv_now();
	sem_unlock();
	return err;
}

static void finish_removed(struct list *pending)
{
	while (!list_empty(pending)) {
		struct sem_queue *q = list_first_entry(pending, struct sem_queue, wait.link);

		q->removed = true;
		sem_finish(q, 0);
	}
}

/* No thread waits for it any more, and no process has anything to undo. */
static void freeary(struct sem_array *sma)
{
	finish_removed(&sma->pending_const);
	finish_removed(&sma->pending_alter);
	while (!list_empty(&sma->undos)) {
		struct sem_undo *undo = list_first_entry(&sma->undos, struct sem_undo, of_array);

		list_del(&undo->of_array);
		list_del(&undo->of_process);
		sysv_free(undo, undo_size(sma->nsems));
	}
	sysv_rmid(&sem_ids, &sma->perm);
	used_sems -= sma->nsems;
	sem_discard(&sma->perm);
}

int sysv_sem_remove(int id)
{
	struct kern_ipc_perm *perm;
	int err;

	sem_lock();
	perm = sysv_obtain_own(&sem_ids, id, &err);
	if (perm)
		freeary(to_sem(perm));
	sem_unlock();
	return err;
}

int sysv_sem_info(bool usage, struct abi_seminfo *ret)
{
	int max;

	sem_lock();
	*ret = (struct abi_seminfo){
		.semmap = (int32_t)sem_limit_of(SEM_LIMIT_MNS),
		.semmni = (int32_t)sem_limit_of(SEM_LIMIT_MNI),
		.semmns = (int32_t)sem_limit_of(SEM_LIMIT_MNS),
		.semmnu = (int32_t)sem_limit_of(SEM_LIMIT_MNS),
		.semmsl = (int32_t)sem_limit_of(SEM_LIMIT_MSL),
		.semopm = (int32_t)sem_limit_of(SEM_LIMIT_OPM),
		.semume = (int32_t)sem_limit_of(SEM_LIMIT_OPM),
		.semusz = usage ? sem_ids.in_use : 20,
		.semvmx = SEMVMX,
		.semaem = usage ? (int32_t)used_sems : SEMAEM,
	};
	max = sysv_max_index(&sem_ids);
	sem_unlock();
	return max;
}

/* Finds a set for which the caller has such a permission. Returns NULL with *err_ret set. Call with the mutex held. */
static struct sem_array *obtain_for(int id, int flag, int *err_ret)
{
	struct kern_ipc_perm *perm = sysv_obtain(&sem_ids, id);

	*err_ret = perm ? sysv_check_perm(perm, flag) : -EINVAL;
	return *err_ret ? NULL : to_sem(perm);
}

static int count_in(const struct list *pending, int num, bool zero)
{
	const struct sem_queue *q;
	int n = 0;

	list_for_each_entry(q, pending, wait.link)
		n += q->blocking->num == num && (q->blocking->op == 0) == zero;
	return n;
}

static int sem_read_one(const struct sem_array *sma, int cmd, int num)
{
	bool zero = cmd == GETZCNT;

	if (cmd == GETVAL)
		return sma->sems[num].semval;
	if (cmd == GETPID)
		return sma->sems[num].sempid;
	return count_in(&sma->pending_const, num, zero) + count_in(&sma->pending_alter, num, zero);
}

int sysv_sem_read(int id, int cmd, int num)
{
	const struct sem_array *sma;
	int result;

	sem_lock();
	sma = obtain_for(id, 0444, &result);
	if (sma)
		result = num >= 0 && (unsigned)num < sma->nsems ? sem_read_one(sma, cmd, num)
								: -EINVAL;
	sem_unlock();
	return result;
}

/* Gives the n semaphores from `first` on these values. */
static void set_values(struct sem_array *sma, unsigned first, const uint16_t *values, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sma->sems[first + i] = (struct sem){ values[i], current_process()->pid };
	forget_undos(sma, first, n);
	sma->ctime = sysv_now();
	do_smart_update(sma);
}

int sysv_sem_set_value(int id, int num, int value)
{
	const uint16_t values[] = { (uint16_t)value };
	struct kern_ipc_perm *perm;
	int err = -EINVAL;

	if (value < 0 || value > SEMVMX)
		return -ERANGE;
	sem_lock();
	perm = sysv_obtain(&sem_ids, id);
	if (perm && num >= 0 && (unsigned)num < to_sem(perm)->nsems)
		err = sysv_check_perm(perm, 0222);
	if (!err)
		set_values(to_sem(perm), (unsigned)num, values, 1);
	sem_unlock();
	return err;
}

int sysv_sem_count(int id, bool alter)
{
	const struct sem_array *sma;
	int result;

	sem_lock();
	sma = obtain_for(id, alter ? 0222 : 0444, &result);
	if (sma)
		result = (int)sma->nsems;
	sem_unlock();
	return result;
}

int sysv_sem_read_all(int id, uint16_t *values, unsigned n)
{
	struct kern_ipc_perm *perm;

	sem_lock();
	perm = sysv_obtain(&sem_ids, id);
	for (unsigned i = 0; perm && i < n; i++)
		values[i] = (uint16_t)to_sem(perm)->sems[i].semval;
	sem_unlock();
	return perm ? 0 : -EIDRM;
}

int sysv_sem_set_all(int id, const uint16_t *values, unsigned n)
{
	struct kern_ipc_perm *perm;

	for (unsigned i = 0; i < n; i++)
		if (values[i] > SEMVMX)
			return -ERANGE;
	sem_lock();
	perm = sysv_obtain(&sem_ids, id);
	if (perm)
		set_values(to_sem(perm), 0, values, n);
	sem_unlock();
	return perm ? 0 : -EIDRM;
}

int sysv_sem_inspect(int index, struct sem_facts *ret)
{
	struct kern_ipc_perm *perm;
	int next = -ENODATA;

	*ret = (struct sem_facts){ 0 };
	sem_lock();
	perm = sysv_next(&sem_ids, index);
	if (perm) {
		sem_fill_ds(to_sem(perm), &ret->ds);
		ret->id = perm->id;
		next = sysv_index(perm->id) + 1;
	}
	sem_unlock();
	return next;
}
