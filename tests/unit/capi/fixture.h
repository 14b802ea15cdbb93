/* Files for the C tests, written by C++ helpers of the other tests. */
#ifndef LAMINA_TESTS_CAPI_FIXTURE_H
#define LAMINA_TESTS_CAPI_FIXTURE_H

#ifdef __cplusplus
extern "C" {
#endif

/* A directory that remove_directory removes; the path is the fixture's. */
const char* make_directory(void);
void remove_directory(void);

/* A random model of 264 tokens in the directory: the 256 bytes, a few merges, ChatML's control tokens (262,
   263) and a chat template that is ChatML with a line in front. */
const char* write_text_model(void);
/* A path in the directory. */
const char* path_of(const char* name);

#ifdef __cplusplus
}
#endif

#endif
