/* Checks for tests in C: each failure is printed and counted. */
#ifndef LAMINA_TESTS_CHECK_H
#define LAMINA_TESTS_CHECK_H

#include <lamina/lamina.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

void check_that(bool good, const char* what, const char* file, int line);
/* The error must be LAMINA_OK; returns whether it is, and frees it. */
bool check_ok(lamina_error error, const char* what, const char* file, int line);
/* The error must have this code, and each of the fields is sound; frees it. */
void check_fails(lamina_error error, lamina_error_code code, const char* what, const char* file, int line);
int check_failures(void);

#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)
#define OK(call) check_ok((call), #call, __FILE__, __LINE__)
#define FAILS(code, call) check_fails((call), (code), #call, __FILE__, __LINE__)

static inline bool equal(lamina_string string, const char* text) {
    return string.size == strlen(text) && memcmp(string.data, text, string.size) == 0 &&
           string.data[string.size] == '\0';
}

static inline bool contains(lamina_string string, const char* text) {
    return strstr(string.data, text) != NULL;
}

/* Takes a text, compares it and frees it. */
static inline bool is_text(lamina_text* text, const char* expected) {
    const lamina_string string = {text->data, text->size};
    const bool same = equal(string, expected);
    lamina_text_free(text);
    return same;
}

#ifdef __cplusplus
}
#endif

#endif
