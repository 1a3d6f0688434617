#pragma once
#include <oneapi/dnnl/dnnl.h>

// oneDNN's threads are OpenMP's, which has no header where clang looks.
void omp_set_num_threads(int count);
int omp_get_max_threads(void);
int omp_get_num_threads(void);
int omp_get_thread_num(void);

// What GCC makes of `#pragma omp parallel`: runs `body` on `count` threads of the team, 0 for as many as are set.
void GOMP_parallel(void (*body)(void *), void *data, unsigned count, unsigned flags);
