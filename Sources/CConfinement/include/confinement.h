// Takes rights away from the calling process that it will not need, for good.
#ifndef DEARC_CONFINEMENT_H
#define DEARC_CONFINEMENT_H

#include <stdint.h>

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
