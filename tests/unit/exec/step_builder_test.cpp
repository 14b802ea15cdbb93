// Pending work to a step, on page tables alone.
#include "exec/step_builder.hpp"

#include <catch2/catch.hpp>
#include <numeric>

#include "support/expect_error.hpp"

using namespace lamina;
using namespace lamina::exec;
using test::expect_error;

namespace {

std::string field_of_item(std::size_t index, std::string_view field) {
    return "works[" + std::to_string(index) + "]." + std::string(field);
}
constexpr Caller caller{"test", field_of_item};

struct Fixture {
    explicit Fixture(Limits limits = {.vocabulary = 100, .hidden_size = 8, .max_rows = 10, .max_outputs = 3},
                     std::uint32_t pages = 16, std::uint32_t window = 0)
        : groups(1, {.pages = pages, .window = window}),
          sequences(groups, 4, 256),
          builder(limits, groups.size(), 4, sequences),
          ids{sequences.open(), sequences.open(), sequences.open(), sequences.open()},
          tokens(300) {
        std::iota(tokens.begin(), tokens.end(), 0);
        builder.begin();
    }
    Work work(std::size_t sequence, std::size_t count, Outputs outputs = Outputs::last) const {
        return {ids[sequence], std::span(tokens).first(count), outputs, class_of(count)};
    }

    std::vector<backend::CacheGeometry> groups;
    cache::Sequences sequences;
    StepBuilder builder;
    std::vector<SequenceId> ids;
    std::vector<std::int32_t> tokens;
};

std::vector<std::uint32_t> wanted(const StepBuilder& builder) {
    const auto step = builder.step(false);
    return {step.outputs.begin(), step.outputs.end()};
}

}  // namespace

TEST_CASE("step builder: rows, positions and outputs lie one behind the other") {
    Fixture f;
    f.builder.add(f.work(2, 1));
    f.builder.commit();
    f.builder.begin();
    CHECK(f.builder.empty());
    const Part a = f.builder.add(f.work(0, 3, Outputs::all));
    const Part b = f.builder.add(f.work(1, 4, Outputs::none));
    const Part c = f.builder.add(f.work(2, 1));
    CHECK_FALSE(f.builder.empty());
    CHECK((a.tokens == 3 && a.first_row == 0 && a.outputs == 3 && a.first_output == 0));
    CHECK((b.tokens == 4 && b.first_row == 3 && b.outputs == 0));
    // No logit row is left for its only token.
    CHECK(c.tokens == 0);
    const auto step = f.builder.step(false);
    CHECK(std::vector<std::int32_t>(step.tokens.begin(), step.tokens.end()) ==
          std::vector<std::int32_t>{0, 1, 2, 0, 1, 2, 3});
    CHECK(std::vector<std::uint32_t>(step.positions.begin(), step.positions.end()) ==
          std::vector<std::uint32_t>{0, 1, 2, 0, 1, 2, 3});
    REQUIRE(step.sequences.size() == 2);
    CHECK((step.sequences[1].first_row == 3 && step.sequences[1].rows == 4));
    CHECK(step.sequences[1].pages[0].size() == 1);
    CHECK(wanted(f.builder) == std::vector<std::uint32_t>{0, 1, 2});
    CHECK_FALSE(step.hidden_only);
    CHECK(f.builder.step(true).hidden_only);
}

TEST_CASE("step builder: a step takes as many rows and logit rows as it has, for each kind of outputs") {
    SECTION("the last token waits for a logit row") {
        Fixture f;
        f.builder.add(f.work(0, 3, Outputs::all));
        CHECK(f.builder.add(f.work(1, 5)).tokens == 4);
        CHECK(f.builder.add(f.work(2, 20, Outputs::none)).tokens == 3);
        CHECK(f.builder.add(f.work(3, 1, Outputs::none)).tokens == 0);
    }
    SECTION("all outputs are cut at the logit rows") {
        Fixture f;
        const Part part = f.builder.add(f.work(0, 20, Outputs::all));
        CHECK((part.tokens == 3 && part.outputs == 3));
    }
    SECTION("a portion that is cut has no output yet") {
        Fixture f;
        const Part part = f.builder.add(f.work(0, 20));
        CHECK((part.tokens == 10 && part.outputs == 0));
    }
}

TEST_CASE("step builder: the class of rows is the work's, and prefill for several rows") {
    Fixture f;
    Work last_of_a_prompt = f.work(0, 1), verified = f.work(1, 2);
    last_of_a_prompt.row_class = RowClass::prefill;
    verified.row_class = RowClass::decode;
    f.builder.add(last_of_a_prompt);
    f.builder.add(verified);
    f.builder.add(f.work(2, 1));
    const auto step = f.builder.step(false);
    CHECK(step.sequences[0].prefill);
    CHECK(step.sequences[1].prefill);
    CHECK_FALSE(step.sequences[2].prefill);
}

TEST_CASE("step builder: what is committed stays, what is given up goes back") {
    Fixture f;
    const auto free = f.sequences.free_pages(0);
    f.builder.add(f.work(0, 5));
    CHECK(f.sequences.free_pages(0) == free - 1);
    CHECK(f.sequences.length(f.ids[0]) == 0);
    f.builder.begin();  // of another step: this one was not run
    CHECK(f.sequences.free_pages(0) == free);
    f.builder.add(f.work(0, 5));
    f.builder.commit();
    f.builder.abandon();
    CHECK(f.sequences.length(f.ids[0]) == 5);
    CHECK(f.sequences.free_pages(0) == free - 1);
}

TEST_CASE("step builder: work that finds no pages leaves the step as it was") {
    Fixture f({.vocabulary = 100, .max_rows = 100, .max_outputs = 4}, 2);
    f.builder.add(f.work(0, 20));
    expect_error(ErrorCode::out_of_memory, {"page"}, [&] { f.builder.add(f.work(1, 50)); });
    CHECK(f.sequences.free_pages(0) == 1);
    CHECK(f.builder.add(f.work(2, 10)).first_row == 20);
    const auto step = f.builder.step(false);
    CHECK(step.tokens.size() == 30);
    CHECK(step.sequences.size() == 2);
    CHECK(wanted(f.builder) == std::vector<std::uint32_t>{19, 29});
}

TEST_CASE("step builder: work is checked once, and errors have the caller's names") {
    Fixture f;
    const auto refuses = [&](ErrorCode code, std::initializer_list<std::string_view> words,
                             std::vector<Work> works) {
        expect_error(code, words, [&] { f.builder.check(works, caller); });
    };
    const auto bad = ErrorCode::invalid_argument;
    f.tokens.assign(300, 99);
    f.builder.check(std::vector{f.work(0, 5), f.work(1, 256), f.work(3, 1)}, caller);
    refuses(bad, {"test", "works[1].tokens", "at least one token", "none"}, {f.work(0, 1), f.work(1, 0)});
    f.tokens[4] = 100;
    refuses(bad, {"works[0].tokens", "0..99", "100 at 4"}, {f.work(0, 5)});
    f.tokens[2] = -1;
    refuses(bad, {"works[0].tokens", "0..99", "-1 at 2"}, {f.work(0, 3)});
    f.tokens.assign(300, 99);
    refuses(bad, {"works[2].sequence", "once", "twice"}, {f.work(0, 1), f.work(1, 1), f.work(0, 1)});
    refuses(ErrorCode::context_full, {"works[0].tokens", "at most 256", "257"}, {f.work(0, 257)});
    f.sequences.close(f.ids[1]);
    refuses(bad, {"works[0].sequence", "open"}, {f.work(1, 1)});
    Work unknown = f.work(0, 1);
    unknown.sequence = 99;
    refuses(bad, {"works[0].sequence", "open", "99"}, {unknown});
    f.builder.check(std::vector{f.work(0, 5), f.work(2, 1)}, caller);  // a refusal leaves no trace
}
