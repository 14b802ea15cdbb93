#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "cache/sequences.hpp"
#include "lamina/error.hpp"

using namespace lamina;
using backend::CacheGeometry;
using backend::no_page;
using backend::page_tokens;
using cache::Sequences;

namespace {

CacheGeometry geometry(std::uint32_t window, std::uint32_t sequences, std::uint32_t context,
                       std::uint32_t rows) {
    CacheGeometry g{
        .type = DType::f16, .layers = 1, .kv_heads = 1, .key_dim = 8, .value_dim = 8, .window = window};
    g.pages = backend::pages_needed(window, sequences, context, rows);
    return g;
}

}  // namespace

TEST_CASE("cache: a block's heads lie one after the other and blocks do not overlap") {
    const CacheGeometry g{
        .type = DType::f16, .layers = 3, .pages = 5, .kv_heads = 2, .key_dim = 24, .value_dim = 40};
    CHECK(g.keys(0, 0, 1) - g.keys(0, 0, 0) == page_tokens * 24 * 2);
    CHECK(g.values(0, 0, 0) == g.keys(0, 0, 1) + page_tokens * 24 * 2);
    CHECK(g.values(0, 0, 1) + page_tokens * 40 * 2 <= g.keys(0, 1, 0));
    CHECK(g.values(2, 4, 1) + page_tokens * 40 * 2 <= g.bytes());
    CHECK(g.block(1, 0) % 64 == 0);
}

TEST_CASE("cache: sequences are given out up to their number and used again") {
    const auto g = geometry(0, 2, 64, 32);
    Sequences s({&g, 1}, 2, 64);
    const auto a = s.open(), b = s.open();
    CHECK(a != b);
    CHECK_THROWS_AS(s.open(), Error);
    s.close(a);
    CHECK_FALSE(s.is_open(a));
    CHECK(s.open() == a);
}

TEST_CASE("cache: every sequence can grow to the whole context, in chunks of any size") {
    constexpr std::uint32_t sequences = 3, context = 300, rows = 64;
    std::mt19937 random(1);
    for (std::uint32_t window : {0u, 1u, 5u, 32u, 33u, 100u, 1000u}) {
        const auto g = geometry(window, sequences, context, rows);
        Sequences s({&g, 1}, sequences, context);
        std::vector<SequenceId> ids{s.open(), s.open(), s.open()};
        bool growing = true;
        while (growing) {
            growing = false;
            std::uint32_t left = rows;  // one step's rows are shared by all
            std::vector<std::pair<SequenceId, std::uint32_t>> step;
            for (auto id : ids) {
                const auto n =
                    std::min({left, context - s.length(id), 1 + static_cast<std::uint32_t>(random() % rows)});
                if (n == 0) continue;
                s.reserve(id, n);
                step.emplace_back(id, n);
                left -= n;
                growing = true;
            }
            for (auto [id, n] : step) s.commit(id, n);
        }
        for (auto id : ids) CHECK(s.length(id) == context);
        for (auto id : ids) s.close(id);
        CHECK(s.free_pages(0) == g.pages);
    }
}

TEST_CASE("cache: a windowed group lets go of pages that no window reaches, and of no others") {
    const auto g = geometry(40, 1, 512, 32);
    Sequences s({&g, 1}, 1, 512);
    const auto id = s.open();
    for (int step = 0; step < 10; ++step) {
        s.reserve(id, 32);
        s.commit(id, 32);
    }
    const auto pages = s.pages(id, 0);
    const std::uint32_t oldest = s.length(id) + 1 - 40;  // what the next token reaches
    for (std::uint32_t p = 0; p < pages.size(); ++p)
        CHECK((pages[p] == no_page) == ((p + 1) * page_tokens <= oldest));
}

TEST_CASE("cache: going back works as far as the windows still reach") {
    const auto g = geometry(40, 1, 512, 32);
    Sequences s({&g, 1}, 1, 512);
    const auto id = s.open();
    for (int step = 0; step < 10; ++step) {
        s.reserve(id, 32);
        s.commit(id, 32);
    }
    CHECK(s.can_truncate(id, 320));
    CHECK(s.can_truncate(id, 319));
    CHECK(s.can_truncate(id, 0));
    CHECK_FALSE(s.can_truncate(id, 200));
    CHECK_FALSE(s.can_truncate(id, 321));
    s.truncate(id, 0);
    CHECK(s.length(id) == 0);
    CHECK(s.free_pages(0) == g.pages);
    s.reserve(id, 32);
    CHECK(s.pages(id, 0).front() != no_page);
}

TEST_CASE("cache: a reservation that does not fit changes nothing") {
    CacheGeometry g = geometry(0, 2, 64, 32);
    g.pages = 3;
    Sequences s({&g, 1}, 2, 64);
    const auto a = s.open(), b = s.open();
    s.reserve(a, 64);
    s.commit(a, 64);
    CHECK_THROWS_AS(s.reserve(b, 64), Error);
    CHECK(s.free_pages(0) == 1);
    CHECK(s.pages(b, 0).empty());
    s.reserve(b, 32);
    CHECK(s.free_pages(0) == 0);
}

TEST_CASE("cache: no page is in two tables, and all come back") {
    constexpr std::uint32_t sequences = 4, context = 256, rows = 64;
    const std::vector<CacheGeometry> groups{geometry(0, sequences, context, rows),
                                            geometry(50, sequences, context, rows)};
    Sequences s(groups, sequences, context);
    std::mt19937 random(7);
    std::vector<SequenceId> open;
    for (int event = 0; event < 20000; ++event) {
        const auto what = random() % 8;
        if (what == 0 && open.size() < sequences) open.push_back(s.open());
        if (open.empty()) continue;
        const auto at = random() % open.size();
        const auto id = open[at];
        if (what == 1) {
            s.close(id);
            open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
        } else if (what == 2) {
            const auto length = static_cast<std::uint32_t>(random() % (s.length(id) + 1));
            if (s.can_truncate(id, length)) s.truncate(id, length);
        } else {
            const auto n = std::min<std::uint32_t>(1 + random() % rows, context - s.length(id));
            if (n == 0) continue;
            s.reserve(id, n);
            s.commit(id, n);
        }
        for (std::size_t g = 0; g < groups.size(); ++g) {
            std::set<std::int32_t> used;
            std::size_t count = 0;
            for (auto other : open) {
                for (auto page : s.pages(other, g)) {
                    if (page == no_page) continue;
                    used.insert(page);
                    ++count;
                }
            }
            REQUIRE(used.size() == count);
            REQUIRE(count + s.free_pages(g) == groups[g].pages);
        }
    }
}
