/* The smallest useful program in C: hello_c MODEL.gguf "Once upon a time" */
#include <lamina/lamina.h>
#include <stdio.h>

static int failed(lamina_error error) {
    if (error.code == LAMINA_OK) return 0;
    fprintf(stderr, "hello_c: %s\n", error.text.data);
    lamina_error_free(&error);
    return 1;
}

/* Prints the answer piece by piece, as the model writes it. */
static int print(lamina_answer* answer) {
    lamina_piece* piece = NULL;
    for (;;) {
        if (failed(lamina_answer_next(answer, &piece))) return 1;
        if (piece == NULL) return putchar('\n') == EOF;
        fwrite(piece->text.data, 1, piece->text.size, stdout);
        fflush(stdout);
        lamina_piece_free(piece);
    }
}

int main(int argc, char** argv) {
    if (argc != 3) return fprintf(stderr, "usage: hello_c MODEL PROMPT\n"), 2;

    lamina_model* model = NULL;
    lamina_engine* engine = NULL;
    lamina_answer* answer = NULL;
    lamina_request request;
    lamina_request_init(&request, sizeof request);
    request.prompt = lamina_string_of(argv[2]);
    request.max_tokens = 200;

    int status = failed(lamina_model_load(argv[1], NULL, &model)) ||
                 failed(lamina_engine_create(model, NULL, &engine)) ||
                 failed(lamina_engine_submit(engine, &request, &answer)) || print(answer);

    lamina_answer_free(answer);
    lamina_engine_free(engine);
    lamina_model_free(model);
    return status;
}
