#pragma once
#include <oneapi/dnnl/dnnl.h>

// oneDNN's threads are OpenMP's, which has no header where clang looks.
void omp_set_num_threads(int count);
int omp_get_max_threads(void);
