// Every allocation of every public operation fails in turn.
#include <cmath>
#include <limits>

#include "failing_model.hpp"
#include "support/fault_sweep.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

const std::string spoken = "hello w\xC3\xB6rld \xF0\x9F\x98\x80, <|im_start|> hello";
const std::vector<Message> conversation{{"system", "be \"brief\"\n"}, {"user", spoken}};

}  // namespace

TEST_CASE("failing machine: any allocation fails during load") {
    const FailingModel file;
    for (const auto& backend : backends) {
        for (const LoadMode load : {LoadMode::map, LoadMode::read}) {
            CAPTURE(backend, static_cast<int>(load));
            const auto options = FailingModel::options(backend, load);
            sweep_allocations(
                [&](AllocationFault& fault) {
                    fault.arm();
                    const auto model = Model::load(file.path, options);
                    fault.disarm();
                    REQUIRE(model.has_tokenizer());
                    REQUIRE(model.chat_template().has_value());
                    return some_logits(model);
                },
                file.path);
        }
    }
}

TEST_CASE("failing machine: any allocation fails while threads are started") {
    const FailingModel file;
    const std::vector<TokenId> tokens{1, 2, 3};
    // Of this backend the first step starts them.
    const auto options = FailingModel::options("reference", LoadMode::map, 2);
    sweep_allocations([&](AllocationFault& fault) {
        const auto model = Model::load(file.path, options);
        Session session(model);
        const SequenceTokens item{session.open(), tokens, WantedLogits::last};
        std::vector<float> out;
        out.reserve(264);
        const Session::LogitsSink keep = [&](std::size_t, std::size_t, std::span<const float> logits) {
            out.assign(logits.begin(), logits.end());
        };
        fault.arm();
        session.forward({&item, 1}, keep);
        fault.disarm();
        return out;
    });
}

TEST_CASE("failing machine: any allocation fails during load of a model in parts") {
    const FailingModel file;
    const auto paths = file.model->writer.write_parts(file.directory / "part", 3);
    sweep_allocations(
        [&](AllocationFault& fault) {
            fault.arm();
            const auto info = inspect(paths[1]);
            fault.disarm();
            return info.parameters;
        },
        paths[1]);
}

TEST_CASE("failing machine: any allocation fails while a file is looked at") {
    const FailingModel file;
    const auto options = FailingModel::options("cpu");
    SECTION("inspect") {
        sweep_allocations(
            [&](AllocationFault& fault) {
                fault.arm();
                const auto info = inspect(file.path);
                fault.disarm();
                return info.features;
            },
            file.path);
    }
    SECTION("make_plan, as table and as JSON") {
        // What is free changes from call to call.
        const auto stable = [](std::string plan) { return plan.substr(plan.find("layers")); };
        sweep_allocations(
            [&](AllocationFault& fault) {
                fault.arm();
                const auto plan = make_plan(file.path, options);
                fault.disarm();
                return plan.total_bytes();
            },
            file.path);
        const auto plan = make_plan(file.path, options);
        sweep_allocations([&](AllocationFault& fault) {
            fault.arm();
            auto out = plan.table();
            const auto json = plan.json();
            fault.disarm();
            return stable(out) + json;
        });
    }
    SECTION("load_tokenizer") {
        sweep_allocations(
            [&](AllocationFault& fault) {
                fault.arm();
                const auto tokenizer = load_tokenizer(file.path);
                fault.disarm();
                return tokenizer.encode(spoken);
            },
            file.path);
    }
    SECTION("load_chat_template") {
        sweep_allocations(
            [&](AllocationFault& fault) {
                fault.arm();
                const auto chat = load_chat_template(file.path);
                fault.disarm();
                return chat.value().render(conversation);
            },
            file.path);
    }
    SECTION("devices and architectures") {
        sweep_allocations([&](AllocationFault& fault) {
            fault.arm();
            const auto found = devices();
            const auto names = architectures();
            fault.disarm();
            return std::pair(found.size(), names);
        });
    }
}

TEST_CASE("failing machine: any allocation fails while an error is made") {
    const TemporaryDirectory directory;
    const auto path = directory.file("notes.txt", "nothing that a model would be\n");
    const auto code = [&](AllocationFault& fault) {
        try {
            fault.arm();
            inspect(path);
        } catch (const Error& error) {
            fault.disarm();
            if (error.code() == ErrorCode::out_of_memory) throw;
            return error.code();
        }
        return ErrorCode::cancelled;
    };
    sweep_allocations(code, path);
    AllocationFault none(~std::uint64_t{0}, false);
    CHECK(code(none) == ErrorCode::bad_file);
}

TEST_CASE("failing machine: any allocation fails in a tokenizer") {
    const FailingModel file;
    const auto tokenizer = load_tokenizer(file.path);
    const auto ids = tokenizer.encode(spoken, {.special = true});
    SECTION("encode") {
        sweep_allocations([&](AllocationFault& fault) {
            fault.arm();
            auto out = tokenizer.encode(spoken, {.special = true});
            fault.disarm();
            return out;
        });
    }
    SECTION("encode, where there was no memory for compiled patterns") {
        // Such a tokenizer matches by PCRE2's interpreter, which needs memory of its own.
        std::size_t slow = 0;
        for (std::uint64_t k = 1, more = 1; more != 0; ++k) {
            std::optional<Tokenizer> made;
            AllocationFault fault(k, false);
            try {
                fault.arm();
                made.emplace(load_tokenizer(file.path));
            } catch (const Error&) {}
            fault.disarm();
            more = fault.happened();
            if (!made || more == 0) continue;
            ++slow;
            sweep_allocations([&](AllocationFault& inner) {
                inner.arm();
                auto out = made->encode(spoken, {.special = true});
                inner.disarm();
                REQUIRE(out == ids);
                return out;
            });
        }
        CHECK(slow > 0);
    }
    SECTION("decode, piece, find") {
        sweep_allocations([&](AllocationFault& fault) {
            fault.arm();
            auto out = tokenizer.decode(ids, true);
            const auto piece = tokenizer.piece(262);
            const auto found = tokenizer.find("<|im_start|>");
            fault.disarm();
            return out + piece + std::to_string(found.value());
        });
    }
    SECTION("Detokenizer: a push that failed is made again") {
        sweep_allocations([&](AllocationFault& fault) {
            std::string out;
            out.reserve(1000);
            fault.arm();
            Detokenizer stream(tokenizer, true);
            std::exception_ptr failure;
            const auto insist = [&](auto call) {
                try {
                    out += call();
                } catch (...) {
                    failure = std::current_exception();
                    fault.disarm();
                    out += call();
                }
            };
            for (const TokenId id : ids) insist([&] { return stream.push(id); });
            insist([&] { return stream.flush(); });
            fault.disarm();
            REQUIRE(out == tokenizer.decode(ids, true));
            if (failure) std::rethrow_exception(failure);
            return out;
        });
    }
}

TEST_CASE("failing machine: any allocation fails in a chat template") {
    const std::string source =
        "{% macro head(role) %}[{{ role | title }}]{% endmacro %}{% set ns = namespace(n=0) %}"
        "{% for m in messages if m.content %}{{ head(m.role) }}{{ m.content | trim | tojson }}"
        "{% set ns.n = ns.n + 1 %}{{ m.content.split(' ')[::-1] | join('-') }}{% endfor %}"
        "{{ '%03d' % ns.n }}{{ messages | map(attribute='role') | list }}{{ strftime_now('%Y') }}";
    SECTION("parse") {
        sweep_allocations([&](AllocationFault& fault) {
            fault.arm();
            const auto chat = ChatTemplate::parse(source);
            fault.disarm();
            return chat.render(conversation, {.now = "2024-07-26T09:05:03"});
        });
    }
    const auto chat = ChatTemplate::parse(source);
    SECTION("render") {
        const RenderOptions options{.bos_token = "<s>", .now = "2024-07-26T09:05:03"};
        sweep_allocations([&](AllocationFault& fault) {
            fault.arm();
            auto out = chat.render(conversation, options);
            fault.disarm();
            return out;
        });
    }
    SECTION("render_json") {
        const std::string json =
            R"({"messages":[{"role":"user","content":"a b","tools":[1,2.5,null,true]}]})";
        sweep_allocations([&](AllocationFault& fault) {
            fault.arm();
            auto out = chat.render_json(json, "2024-07-26T09:05:03");
            fault.disarm();
            return out;
        });
    }
    SECTION("encode, and ChatML") {
        const FailingModel file;
        const auto tokenizer = load_tokenizer(file.path);
        sweep_allocations([&](AllocationFault& fault) {
            fault.arm();
            auto out = ChatTemplate::chatml().encode(tokenizer, conversation);
            fault.disarm();
            return out;
        });
    }
}

TEST_CASE("failing machine: any allocation fails in a session") {
    const FailingModel file;
    for (const auto& backend : backends) {
        CAPTURE(backend);
        const auto model = Model::load(file.path, FailingModel::options(backend));
        std::vector<TokenId> tokens(100);  // more than a step takes
        for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<TokenId>(i * 7 % 256);
        sweep_allocations([&](AllocationFault& fault) {
            std::vector<float> out(4 * 264);
            std::size_t row = 0;
            const auto run = [&] {
                Session session(model);
                const SequenceTokens prompt{session.open(), tokens, WantedLogits::last};
                const Session::LogitsSink keep = [&](std::size_t, std::size_t,
                                                     std::span<const float> logits) {
                    std::copy(logits.begin(), logits.end(), out.begin() + 264 * static_cast<long>(row++));
                };
                session.forward({&prompt, 1}, keep);
                // More rows of logits than before: where they go is seen to before anything is appended.
                const SequenceTokens next{prompt.sequence, std::span(tokens).first(3), WantedLogits::all};
                const auto length = session.length(prompt.sequence);
                try {
                    session.forward({&next, 1}, keep);
                } catch (const Error&) {
                    REQUIRE(session.length(prompt.sequence) == length);
                    throw;
                }
                session.truncate(prompt.sequence, 0);
                session.close(session.open());
            };
            try {
                fault.arm();
                run();
            } catch (...) {
                fault.disarm();
                REQUIRE(conserves_pages(model));
                throw;
            }
            fault.disarm();
            REQUIRE(conserves_pages(model));
            return out;
        });
    }
}

TEST_CASE("failing machine: any allocation fails in a tensor file") {
    const TemporaryDirectory directory;
    const auto path = directory / "tensors.safetensors";
    TensorFile file;
    file.metadata["a \"key\""] = "and a long enough value of it\n";
    file.add_f32("a tensor with a long enough name", {2, 2}, std::vector<float>{1, 2, 3, 4});
    file.add_u8("bytes", {3}, std::vector<std::uint8_t>{1, 2, 3});
    SECTION("write and read") {
        sweep_allocations(
            [&](AllocationFault& fault) {
                fault.arm();
                file.write(path);
                const auto again = TensorFile::read(path);
                fault.disarm();
                REQUIRE(again.metadata == file.metadata);
                return again.f32("a tensor with a long enough name");
            },
            path);
    }
    SECTION("add") {
        const std::vector<float> values{5, 6};
        sweep_allocations([&](AllocationFault& fault) {
            auto copy = file;
            std::string name = "another tensor with a long enough name";
            TensorFile::Shape shape{2};
            try {
                fault.arm();
                copy.add_f32(std::move(name), std::move(shape), values);
            } catch (...) {
                fault.disarm();
                REQUIRE(copy.names().size() == 2);
                REQUIRE_FALSE(copy.has("another tensor with a long enough name"));
                throw;
            }
            fault.disarm();
            return copy.f32("another tensor with a long enough name");
        });
    }
}
