/**
 * @file
 * The version of lamina, for C and C++: semantic (https://semver.org). While the major version is 0, a new
 * minor version may change the API; a new patch version never does.
 */
#ifndef LAMINA_VERSION_H
#define LAMINA_VERSION_H

#define LAMINA_VERSION_MAJOR 0 /**< grows with incompatible changes, from 1.0.0 on */
#define LAMINA_VERSION_MINOR 1 /**< grows with features; while major is 0, with incompatible ones too */
#define LAMINA_VERSION_PATCH 0 /**< grows with corrections */
#define LAMINA_VERSION_STRING "0.1.0" /**< all three */

#endif
