#include "check.h"

#include <stdio.h>

static int failures = 0;

void check_that(bool good, const char* what, const char* file, int line) {
    if (good) return;
    ++failures;
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
}

int check_failures(void) { return failures; }

static bool sound(lamina_string string) { return string.data != NULL && string.data[string.size] == '\0'; }

static bool sound_error(const lamina_error* error) {
    return sound(error->area) && sound(error->file) && sound(error->subject) && sound(error->expected) &&
           sound(error->found) && sound(error->text);
}

bool check_ok(lamina_error error, const char* what, const char* file, int line) {
    const bool good = error.code == LAMINA_OK;
    if (!good) fprintf(stderr, "%s: %s\n", lamina_error_code_name(error.code), error.text.data);
    check_that(good, what, file, line);
    check_that(sound_error(&error), "a sound error", file, line);
    lamina_error_free(&error);
    return good;
}

void check_fails(lamina_error error, lamina_error_code code, const char* what, const char* file, int line) {
    if (error.code != code) {
        fprintf(stderr, "%s, not %s: %s\n", lamina_error_code_name(error.code), lamina_error_code_name(code),
                error.text.data);
    }
    check_that(error.code == code, what, file, line);
    check_that(sound_error(&error), "a sound error", file, line);
    check_that(error.text.size > 0, "an error with a text", file, line);
    lamina_error_free(&error);
    check_that(error.code == LAMINA_OK && error.text.size == 0, "nothing is left of a freed error", file,
               line);
}
