#include "text/pretokenizer.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <new>
#include <string>

#include "lamina/error.hpp"

namespace lamina::text {
namespace {

// PCRE2's memory comes from where all other memory of the library does.
void* allocate(PCRE2_SIZE bytes, void*) { return ::operator new(bytes, std::nothrow); }
void release(void* data, void*) { ::operator delete(data); }

template <auto free>
struct Free {
    template <class T>
    void operator()(T* data) const {
        free(data);
    }
};
using GeneralContext = std::unique_ptr<pcre2_general_context, Free<pcre2_general_context_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Free<pcre2_compile_context_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Free<pcre2_match_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Free<pcre2_match_data_free>>;
using Code = std::unique_ptr<pcre2_code, Free<pcre2_code_free>>;

template <class Pointer>
Pointer required(Pointer pointer) {
    if (!pointer) throw std::bad_alloc();
    return pointer;
}

// PCRE2's \s holds U+180E, which is no White_Space since Unicode 6.3; the published patterns come from
// engines that go by White_Space.
constexpr std::string_view white_space = R"(\p{Z}\t-\r\x{85})";

std::string with_white_space(std::string_view pattern) {
    std::string out;
    bool in_class = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c != '\\') {
            if (c == '[') in_class = true;
            if (c == ']') in_class = false;
            out += c;
            continue;
        }
        const char escaped = pattern[++i];
        if (escaped != 's' && escaped != 'S') {
            out += c;
            out += escaped;
        } else if (in_class) {
            out += white_space;  // the table has no \S in a class
        } else {
            out += escaped == 's' ? "[" : "[^";
            out += white_space;
            out += "]";
        }
    }
    return out;
}

// What one match may cost; PCRE2's own default, stated because it is a promise here.
constexpr std::uint32_t match_limit = 10'000'000;
constexpr std::uint32_t heap_limit = 64 * 1024;  // KiB

}  // namespace

// One compiled pattern: immutable, used from many threads at once.
class Pretokenizer::Stage {
  public:
    explicit Stage(std::string_view pattern) {
        const std::string text = with_white_space(pattern);
        const auto memory =
            required(GeneralContext(pcre2_general_context_create(allocate, release, nullptr)));
        const auto context = required(CompileContext(pcre2_compile_context_create(memory.get())));
        match_ = required(MatchContext(pcre2_match_context_create(memory.get())));
        pcre2_set_match_limit(match_.get(), match_limit);
        pcre2_set_heap_limit(match_.get(), heap_limit);
        int error = 0;
        PCRE2_SIZE offset = 0;
        code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                  PCRE2_UTF | PCRE2_UCP, &error, &offset, context.get()));
        if (!code_) {
            if (error == PCRE2_ERROR_HEAP_FAILED) throw std::bad_alloc();
            throw Error(ErrorCode::unsupported, "tokenizer",
                        "pre-tokenizer pattern refused by PCRE2 at " + std::to_string(offset) + ": " + text);
        }
        pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE);  // where it is refused, the interpreter matches
    }
    // Working memory of one match at a time.
    MatchData match_data() const {
        return required(MatchData(pcre2_match_data_create_from_pattern(code_.get(), nullptr)));
    }
    // As pcre2_match: negative where nothing is found or a limit reached. Throws bad_alloc.
    int match(std::string_view text, std::size_t at, std::uint32_t options, pcre2_match_data* data) const {
        const int found = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                                      PCRE2_NO_UTF_CHECK | options, data, match_.get());
        if (found == PCRE2_ERROR_NOMEMORY) throw std::bad_alloc();
        return found;
    }

  private:
    Code code_;
    MatchContext match_;
};

// The working memory of one call: one match block a stage, as the stages are nested.
class Pretokenizer::Matches {
  public:
    explicit Matches(const std::vector<Stage>& stages) {
        for (const Stage& stage : stages) data_.push_back(stage.match_data());
    }

    // The next match at or after `at`; false where there is none or a limit was reached.
    bool next(const Stage& stage, std::size_t index, std::string_view text, std::size_t at,
              std::size_t& begin, std::size_t& end) {
        auto* data = data_[index].get();
        int found = stage.match(text, at, 0, data);
        if (found < 0 && found != PCRE2_ERROR_NOMATCH) found = stage.match(text, at, PCRE2_NO_JIT, data);
        if (found < 0) return false;
        const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data);
        begin = bounds[0];
        end = bounds[1];
        return end > begin && begin >= at;  // an empty match would never end
    }

  private:
    std::vector<MatchData> data_;
};

Pretokenizer::Pretokenizer(const Pattern& pattern) {
    for (const auto stage : pattern.stages) stages_.emplace_back(stage);
}

Pretokenizer::~Pretokenizer() = default;

void Pretokenizer::split(std::string_view text, const std::function<void(std::string_view)>& piece) const {
    Matches matches(stages_);
    split(0, text, matches, piece);
}

void Pretokenizer::split(std::size_t stage, std::string_view text, Matches& matches,
                         const std::function<void(std::string_view)>& piece) const {
    if (text.empty()) return;
    if (stage == stages_.size()) return piece(text);
    std::size_t at = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    while (at < text.size() && matches.next(stages_[stage], stage, text, at, begin, end)) {
        split(stage + 1, text.substr(at, begin - at), matches, piece);
        split(stage + 1, text.substr(begin, end - begin), matches, piece);
        at = end;
    }
    split(stage + 1, text.substr(at), matches, piece);
}

}  // namespace lamina::text
