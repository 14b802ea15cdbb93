/* The parts of the C test; each gets the path of a model with a vocabulary. */
#ifndef LAMINA_TESTS_CAPI_PARTS_H
#define LAMINA_TESTS_CAPI_PARTS_H

void test_basics(const char* model_path);
void test_model(const char* model_path);
void test_host(const char* model_path);
void test_tokenizer(const char* model_path);
void test_chat(const char* model_path);
void test_engine(const char* model_path);
void test_answers(const char* model_path);
void test_embeddings(const char* model_path);
void test_session(const char* model_path);
void test_tensor_file(const char* model_path);

#endif
