// The memory bandwidth that measured speeds are held against.
#pragma once

namespace lamina::cli {

// Bytes a second that `threads` threads read together from 1 GiB of memory, the best of five passes.
double read_bandwidth(int threads);

}  // namespace lamina::cli
