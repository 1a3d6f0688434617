// Starts a process with three open files and nothing else, and takes rights away from it for good.
#ifndef DEARC_CONFINEMENT_H
#define DEARC_CONFINEMENT_H

#include <stdint.h>
#include <sys/types.h>

// A process and the pipes to it.
struct dearc_process {
  pid_t id;
  int answers;   // read what it writes to descriptor 1
  int requests;  // a socket, so that writing to a process that is gone need not raise a signal
};

// Starts `program` with `arguments`, a list that ends with NULL.
//   file   what it finds as descriptor 0
// Its standard error goes nowhere, and its environment holds nothing but what libhdf5 needs to know.
// Returns 0, or an error number.
int dearc_start_process(const char *program, char *const arguments[], int file,
                        struct dearc_process *process);

// Bounds what the process may use from now on. No core files, no new processes, no file growth.
//   memory   bytes of address space
//   seconds  processor time
// Returns 0, or -1 with errno.
int dearc_limit_resources(uint64_t memory, uint64_t seconds);

// Makes every system call fail that is not about memory, time, or files that are open already.
// No new file can be opened, no socket, no process; nothing can be signalled.
// Returns 0, or -1 with errno.
int dearc_limit_system_calls(void);

#endif
