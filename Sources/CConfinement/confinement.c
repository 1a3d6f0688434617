#define _GNU_SOURCE
#include "confinement.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Copies `from` to a number above those that the new process uses, so that no copy overwrites another.
static int lift(int from) { return fcntl(from, F_DUPFD_CLOEXEC, 10); }

static int spawn(const char *program, char *const arguments[], int file, int answers, int requests,
                 pid_t *id) {
  // Locking a file that is only read could fail where nothing may be written.
  static char *const environment[] = {"HDF5_USE_FILE_LOCKING=FALSE", NULL};
  posix_spawn_file_actions_t actions;
  int error = posix_spawn_file_actions_init(&actions);
  if (error) return error;
  if (!error) error = posix_spawn_file_actions_adddup2(&actions, file, 0);
  if (!error) error = posix_spawn_file_actions_adddup2(&actions, answers, 1);
  if (!error) error = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  if (!error) error = posix_spawn_file_actions_adddup2(&actions, requests, 3);
  if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, 4);
  if (!error) error = posix_spawn(id, program, &actions, NULL, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

int dearc_start_process(const char *program, char *const arguments[], int file,
                        struct dearc_process *process) {
  int up[2] = {-1, -1}, down[2] = {-1, -1}, lifted[3] = {-1, -1, -1}, error = 0;
  if (pipe2(up, O_CLOEXEC) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, down)) error = errno;
  if (!error) {
    lifted[0] = lift(file), lifted[1] = lift(up[1]), lifted[2] = lift(down[0]);
    if (lifted[0] < 0 || lifted[1] < 0 || lifted[2] < 0) error = errno;
  }
  if (!error) error = spawn(program, arguments, lifted[0], lifted[1], lifted[2], &process->id);
  for (int index = 0; index < 3; index++) {
    if (lifted[index] >= 0) close(lifted[index]);
  }
  if (up[1] >= 0) close(up[1]);
  if (down[0] >= 0) close(down[0]);
  if (error) {
    if (up[0] >= 0) close(up[0]);
    if (down[1] >= 0) close(down[1]);
    return error;
  }
  process->answers = up[0];
  process->requests = down[1];
  return 0;
}

// Sets both bounds; a tighter hard bound that is in force already stays.
static int limit(int resource, rlim_t soft, rlim_t hard) {
  struct rlimit bounds;
  if (getrlimit(resource, &bounds)) return -1;
  if (bounds.rlim_max < hard) hard = bounds.rlim_max;
  if (hard < soft) soft = hard;
  bounds = (struct rlimit){soft, hard};
  return setrlimit(resource, &bounds);
}

int dearc_limit_resources(uint64_t memory, uint64_t seconds) {
  // Past the soft bound on time a signal says why the process ends; the hard one is a backstop.
  if (limit(RLIMIT_AS, memory, memory) || limit(RLIMIT_CPU, seconds, seconds + 1) ||
      limit(RLIMIT_FSIZE, 0, 0) || limit(RLIMIT_CORE, 0, 0)) {
    return -1;
  }
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

#if defined(__x86_64__)
#define DEARC_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define DEARC_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "name the audit architecture of this processor"
#endif

#define ALLOW(call)                                  \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int dearc_limit_system_calls(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DEARC_ARCHITECTURE, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      // Open files.
      ALLOW(__NR_read), ALLOW(__NR_readv), ALLOW(__NR_pread64), ALLOW(__NR_preadv),
      ALLOW(__NR_write), ALLOW(__NR_writev), ALLOW(__NR_lseek), ALLOW(__NR_fstat),
      ALLOW(__NR_close), ALLOW(__NR_fcntl), ALLOW(__NR_flock), ALLOW(__NR_fadvise64),
#ifdef __NR_newfstatat
      ALLOW(__NR_newfstatat),
#endif
      // Memory.
      ALLOW(__NR_brk), ALLOW(__NR_mmap), ALLOW(__NR_munmap), ALLOW(__NR_mremap),
      ALLOW(__NR_mprotect), ALLOW(__NR_madvise),
      // Time, locks, and the end.
      ALLOW(__NR_clock_gettime), ALLOW(__NR_gettimeofday), ALLOW(__NR_futex),
      ALLOW(__NR_getpid), ALLOW(__NR_gettid), ALLOW(__NR_getrusage), ALLOW(__NR_getrandom),
      ALLOW(__NR_rt_sigaction), ALLOW(__NR_rt_sigprocmask), ALLOW(__NR_rt_sigreturn),
      ALLOW(__NR_restart_syscall), ALLOW(__NR_exit), ALLOW(__NR_exit_group),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
