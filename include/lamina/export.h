/**
 * @file
 * What a shared library of lamina shows to its hosts: all that LAMINA_API marks, nothing else. For C and C++.
 */
#ifndef LAMINA_EXPORT_H
#define LAMINA_EXPORT_H

/** Marks what is hidden although it is part of something public. */
#define LAMINA_LOCAL __attribute__((visibility("hidden")))

/**
 * Marks what is public. The CMake and pkg-config packages of a static lamina define LAMINA_STATIC, so that a
 * shared library that links it does not export it in its turn.
 */
#ifdef LAMINA_STATIC
#define LAMINA_API
#else
#define LAMINA_API __attribute__((visibility("default")))
#endif

#endif
