#!/usr/bin/env python3
"""Checks that the C API has everything that the C++ API has, and that its tests call all of it.

usage: coverage.py ROOT CHECK      CHECK is calls, nulls, fields, functions, enumerations or docs; prints a line a fault, status 1
"""
import glob
import os
import re
import sys

# C++ struct -> C struct. Fields have the same names, but for those in OTHER_FIELDS.
STRUCTS = {
    "DeviceInfo": "lamina_device_info", "PlanBuffer": "lamina_plan_buffer", "PlanLayers": "lamina_plan_layers",
    "Plan": "lamina_plan", "ModelOptions": "lamina_model_options", "TypeCount": "lamina_type_count",
    "ModelInfo": "lamina_model_info", "OpImplementation": "lamina_op_implementation", "OpTime": "lamina_op_time",
    "DeviceSpeed": "lamina_device_speed", "DeviceRates": "lamina_device_rates",
    "Message": "lamina_message",
    "RenderOptions": "lamina_render_options", "SamplingParams": "lamina_sampling_params",
    "SequenceTokens": "lamina_sequence_tokens", "TokenLogprob": "lamina_token_logprob", "Piece": "lamina_piece",
    "Request": "lamina_request", "Statistics": "lamina_statistics", "EngineOptions": "lamina_engine_options",
    "EmbedOptions": "lamina_embed_options",
    "ErrorDetails": "lamina_error",
}
OTHER_FIELDS = {("ModelOptions", "allocator"): ["allocate", "release", "allocator_user"]}
# C++ structs that are something else in C, and what they are.
OTHER_STRUCTS = {"EncodeOptions": "lamina_tokenizer_encode", "HostAllocator": "lamina_allocate_callback"}

CLASSES = {
    "ChatTemplate": "lamina_chat_template", "Answer": "lamina_answer", "Engine": "lamina_engine",
    "Model": "lamina_model", "Session": "lamina_session", "TensorFile": "lamina_tensor_file",
    "Tokenizer": "lamina_tokenizer", "Detokenizer": "lamina_detokenizer", "Plan": "lamina_plan",
    "Error": "lamina_error", "SamplingParams": "lamina_sampling_params", "Statistics": "lamina_statistics",
}
# (class, method) -> the C function or field, where the name is not lamina_class_method.
OTHER_METHODS = {
    ("Answer", "begin"): "lamina_answer_next", ("Answer", "end"): "lamina_answer_next",
    ("Model", "info"): "lamina_model_get_info", ("Model", "plan"): "lamina_model_get_plan",
    ("Model", "options"): "lamina_model_get_options", ("Plan", "total_bytes"): "total_bytes",
    ("Plan", "mapped_bytes"): "mapped_bytes", ("Error", "code"): "lamina_error_code",
    ("Error", "details"): "subject", ("Error", "no_memory"): "LAMINA_OUT_OF_MEMORY", ("Error", "what"): "text",
    ("SamplingParams", "greedy"): "lamina_sampling_params_init_greedy",
    ("Statistics", "tokens_per_second"): "tokens_per_second",
}
INTERNAL_METHODS = {"impl", "state"}  # for the library itself
FUNCTIONS = {
    "devices": "lamina_devices", "inspect": "lamina_inspect", "make_plan": "lamina_make_plan",
    "load_tokenizer": "lamina_tokenizer_load", "load_chat_template": "lamina_chat_template_load",
    "architectures": "lamina_architectures", "version": "lamina_version",
    "embed": "lamina_model_embed_tokens",  # and lamina_model_embed_texts
    "to_string": "lamina_error_code_name",  # and lamina_finish_reason_name
}
ENUMERATIONS = {
    "ErrorCode": "LAMINA_", "FinishReason": "LAMINA_FINISH_", "WhenFull": "LAMINA_WHEN_FULL_",
    "LogLevel": "LAMINA_LOG_", "CacheType": "LAMINA_CACHE_", "LoadMode": "LAMINA_LOAD_",
    "ComputeType": "LAMINA_COMPUTE_", "WantedLogits": "LAMINA_LOGITS_",
    "Pooling": "LAMINA_POOLING_",
}
# using NAME = ...;
TYPES = {
    "TokenId": "lamina_token", "SequenceId": "lamina_sequence_id", "LogSink": "lamina_log_callback",
    "ProgressCallback": "lamina_progress_callback", "LogitsSink": "lamina_logits_sink",
    "HostThreads": "lamina_host_threads", "Shape": "dimensions",
}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def code(paths):
    """The files' text without comments and preprocessor lines."""
    text = "\n".join(read(path) for path in sorted(paths))
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)
    return re.sub(r"^[ \t]*#.*$", "", text, flags=re.M)


def body(text, at):
    """What the braces that open at or after `at` hold."""
    start = text.index("{", at)
    depth = 0
    for i in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return text[start + 1:i]
    raise SystemExit("braces do not match")


def shallow(text):
    """The text outside of all braces, parentheses and templates' angle brackets; `{}`, `()` and `<>` are left of them."""
    text = text.replace("operator<", "operator").replace("->", "  ").replace(">=", "  ").replace("<=", "  ")
    for opening, closing in ("{}", "()", "<>"):
        pattern = re.compile("[" + opening + "][^" + opening + closing + "]*[" + closing + "]")
        while pattern.search(text):
            text = pattern.sub("\1", text)
        text = text.replace("\1", opening + closing)
    return text


def cpp_types(text):
    """(struct or class, name, body) of every one that is defined."""
    for found in re.finditer(r"\b(struct|class)\s+(?:LAMINA_API\s+)?(\w+)(?:\s*:\s*[\w:\s]+)?\s*\{", text):
        if not text[:found.start()].rstrip().endswith("enum"):
            yield found[1], found[2], body(text, found.start())


def public(kind, text):
    parts = re.split(r"\b(public|private|protected)\s*:", text)
    chosen = [parts[0]] if kind == "struct" else []
    return " ".join(chosen + [part for label, part in zip(parts[1::2], parts[2::2]) if label == "public"])


def members(kind, text):
    """(names of fields, names of methods) that are public."""
    fields, methods = set(), set()
    flat = re.sub(r"\(\)\s*(?:const)?\s*(?:noexcept)?\s*(?:override)?\s*(?::[^;{]*)?\{\}", "();", public(kind, shallow(text)))
    flat = re.sub(r"\b(?:struct|class)\s+\w+\s*(?:\{\})?\s*;", " ", flat)
    for statement in flat.split(";"):
        statement = statement.split("=")[0].strip()
        if not statement or statement.startswith(("using", "friend", "template")) or "operator" in statement:
            continue
        if "()" in statement.replace("<>", ""):
            methods.add(re.search(r"([~\w]+)\s*\(\)", statement)[1])
        else:
            fields.update(name.strip().split()[-1] for name in statement.split(","))
    return fields, methods


def c_struct(text, name):
    found = re.search(r"typedef struct " + name + r"\s*\{", text)
    return body(text, found.start()) if found else None


OPTIONS = ["lamina_model_options", "lamina_render_options", "lamina_sampling_params", "lamina_request",
           "lamina_engine_options", "lamina_embed_options"]
FIELD = re.compile(r"(/\*\*(?!<)(?:(?!\*/).)*\*/)?\s*([\w*\s]+?)\b(\w+);(?:\s*(/\*\*<(?:(?!\*/).)*\*/))?", re.S)
NUMBER = re.compile(r"^(u?int\d+_t|float|double)$")
RANGE = re.compile(r"\.\.|[<>]|\bat least \d|\bany \d|\b0 = |\bfinite\b")


class Api:
    def __init__(self, root):
        include = os.path.join(root, "include", "lamina")
        self.raw = "\n".join(read(path) for path in glob.glob(os.path.join(include, "c", "*.h")))
        self.cpp = code(glob.glob(os.path.join(include, "*.hpp")))
        self.c = code(glob.glob(os.path.join(include, "c", "*.h")))
        self.functions = re.findall(r"LAMINA_API\s+[\w\s*]+?\b(lamina_\w+)\(", self.c)
        self.tests = os.path.join(root, "tests", "unit", "capi")
        self.codes = read(os.path.join(root, "lib", "api", "c", "codes.cpp"))

    def has(self, word):
        return re.search(r"\b" + word + r"\b", self.c) is not None


def check_calls(api):
    """Every C function is called by the test in C."""
    called = code(glob.glob(os.path.join(api.tests, "*.c")))
    for name in api.functions + ["lamina_string_of"]:
        if not re.search(r"\b" + name + r"\(", called):
            yield f"{name} is called by no test in C"


def check_nulls(api):
    """Every C function that can fail is called with NULL, every other one frees or names."""
    tests = code([os.path.join(api.tests, "nulls_test.cpp")])
    for name in re.findall(r"LAMINA_API lamina_error (lamina_\w+)\(", api.c):
        if not re.search(r"NULLS\(" + name + r",", tests):
            yield f"{name} is not called with NULL"
    for name in re.findall(r"LAMINA_API (?!lamina_error )[^;()]*?(lamina_\w+)\(", api.c):
        if not name.endswith(("_free", "_name", "_version")):
            yield f"{name} cannot say what went wrong"


def check_fields(api):
    """Every field of a C++ struct is one of the C struct."""
    for kind, name, text in cpp_types(api.cpp):
        fields, _ = members(kind, text)
        if kind == "class" or name in ("State", "Entry") or name in OTHER_STRUCTS:
            continue
        if name not in STRUCTS:
            yield f"{name} has no C struct"
            continue
        inside = c_struct(api.c, STRUCTS[name])
        if inside is None:
            yield f"{STRUCTS[name]} is missing"
            continue
        for field in sorted(fields):
            for wanted in OTHER_FIELDS.get((name, field), [field]):
                if not re.search(r"\b" + wanted + r"\b", inside):
                    yield f"{name}::{field} is no field of {STRUCTS[name]}"
    yield from (f"{word} is missing" for word in OTHER_STRUCTS.values() if not api.has(word))


def check_functions(api):
    """Every public function and method of C++ has its function in C."""
    for kind, name, text in cpp_types(api.cpp):
        if name in ("Iterator", "State", "Entry"):
            continue
        for method in sorted(members(kind, text)[1]):
            if method.strip("~") == name or method in INTERNAL_METHODS:
                continue
            wanted = OTHER_METHODS.get((name, method), f"{CLASSES.get(name, name)}_{method}")
            if not api.has(wanted):
                yield f"{name}::{method} has no {wanted}"
    for name in re.findall(r"^LAMINA_API [^;=]*?\b(\w+)\([^;]*\)[^;]*;", api.cpp, re.M):
        if name not in FUNCTIONS or not api.has(FUNCTIONS[name]):
            yield f"{name}() has no C function"
    for name in re.findall(r"\busing (\w+)\s*=", api.cpp.replace("Iterator", "")):
        if name not in ("value_type", "difference_type", "iterator_category") and not api.has(TYPES.get(name, name)):
            yield f"{name} has no C type"


def check_enumerations(api):
    """Every enumerator of C++ has its constant in C, and the library asserts that they are the same number."""
    for found in re.finditer(r"\benum class (\w+)", api.cpp):
        if found[1] not in ENUMERATIONS:
            yield f"enum {found[1]} has no C enumeration"
            continue
        for name in re.findall(r"\w+", body(api.cpp, found.start())):
            constant = ENUMERATIONS[found[1]] + name.upper()
            if not api.has(constant):
                yield f"{found[1]}::{name} has no {constant}"
            if not re.search(rf"static_assert\(.*\b{found[1]}::{name}\b.*\b{constant}\b", api.codes):
                yield f"{found[1]}::{name} is not asserted to be {constant}"
    mirrored = len(re.findall(r"\bstatic_assert\(", api.codes))
    constants = len(re.findall(r"\bLAMINA_[A-Z0-9_]+\s*=", api.c))
    if constants != mirrored + 2:  # LAMINA_OK and LAMINA_UNEXPECTED are of C alone
        yield f"{constants} constants in C, {mirrored} asserted"


def check_docs(api):
    """Every field of the structs that a host fills says its default, and every number its range."""
    for struct in OPTIONS:
        fields = FIELD.findall(body(api.raw, api.raw.index("typedef struct " + struct)))
        if len(fields) < 3:
            yield f"{struct} has {len(fields)} fields"
        for before, kind, name, after in fields:
            text = (before + after).replace("/**<", "")
            if name in ("struct_size", "reserved"):
                continue
            if not re.search(r"\b[dD]efault: \S", text.replace("\n     *", "")):
                yield f"{struct}.{name} does not say its default"
            if NUMBER.match(kind.strip()) and not RANGE.search(text):
                yield f"{struct}.{name} does not say its range"


CHECKS = {name[len("check_"):]: check for name, check in list(globals().items()) if name.startswith("check_")}


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in CHECKS:
        print("usage: coverage.py ROOT " + "|".join(CHECKS), file=sys.stderr)
        return 2
    faults = list(CHECKS[sys.argv[2]](Api(sys.argv[1])))
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
