/* Every function of lamina.h, called from C11. */
#include <stdio.h>

#include "check.h"
#include "fixture.h"
#include "parts.h"

int main(void) {
    make_directory();
    const char* path = write_text_model();
    test_basics(path);
    test_model(path);
    test_host(path);
    test_tokenizer(path);
    test_chat(path);
    test_engine(path);
    test_answers(path);
    test_embeddings(path);
    test_session(path);
    test_tensor_file(path);
    remove_directory();
    if (check_failures() == 0) puts("all checks of the C API passed");
    return check_failures() == 0 ? 0 : 1;
}
