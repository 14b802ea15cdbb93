// Loops over registers must be unrolled whole, or the registers become memory.
#pragma once

#ifndef LAMINA_UNROLL
#ifdef __clang__
#define LAMINA_UNROLL _Pragma("unroll")
#else
#define LAMINA_UNROLL _Pragma("GCC unroll 32")
#endif
#endif
#define LAMINA_INLINE inline __attribute__((always_inline))
