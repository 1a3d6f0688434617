#include "confinement.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static int limit(int resource, uint64_t soft, uint64_t hard) {
  struct rlimit bound = {soft, hard};
  return setrlimit(resource, &bound);
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
