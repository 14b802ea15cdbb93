#include "hostile/user_way.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "lamina/lamina.hpp"
#include "support/allocations.hpp"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace lamina::test::hostile {
namespace {

constexpr std::size_t memory_bound = std::size_t{16} << 20;
constexpr std::size_t rendering_bound = std::size_t{288} << 20;  // 256 MiB of values, 16 MiB of output

// For the sanitizer's report: which case it was.
std::string current;  // NOLINT: read by a callback without arguments

void say_current() { std::fprintf(stderr, "hostile files: the case was: %s\n", current.c_str()); }

}  // namespace

#ifdef __SANITIZE_ADDRESS__
// Called by the sanitizer of undefined behaviour, which does not know the other's callback.
extern "C" [[gnu::visibility("default")]] void __ubsan_on_report() { say_current(); }
#endif

namespace {

void name_case_on_death() {
#ifdef __SANITIZE_ADDRESS__
    static const bool once = (__sanitizer_set_death_callback(say_current), true);
    (void)once;
#else
    (void)say_current;
#endif
}

std::string folder(const std::string& path) { return path.substr(0, path.rfind('/')); }

// What the error lacks; empty where it says what it must.
std::string lacks(const Error& error, const std::string& path) {
    const auto& d = error.details();
    const std::string text = error.what();
    if (folder(d.file) != folder(path)) return "the file";
    // What the system says of a file (empty, a directory) is about the whole of it.
    const bool whole = error.code() == ErrorCode::io && d.area == "file";
    if (!whole && d.subject.empty() && !d.offset) return "field and offset";
    if (d.expected.empty() && d.found.empty()) return "what is wrong";
    if (text.find('\n') != std::string::npos || text.size() > 8192) return "brevity";
    return {};
}

bool is_of_files(ErrorCode code) {
    return code == ErrorCode::bad_file || code == ErrorCode::unsupported ||
           code == ErrorCode::out_of_memory || code == ErrorCode::template_failed || code == ErrorCode::io;
}

class Walk {
  public:
    Walk(const std::string& what, const std::string& path, std::size_t size, Tally& tally)
        : what_(what), path_(path), size_(size), tally_(tally) {}

    void run() {
        ++tally_.cases;
        const bool described = attempt([&] { inspect(path_); });
        if (described || !of_format_) {
            attempt([&] { use(load_tokenizer(path_)); });
            use_template();
            // Loading makes the plan too: asked for alone now and then, as it takes as long.
            if (tally_.cases % 4 == 0) attempt([&] { make_plan(path_, options()); });
            accepted_ = attempt([&] { compute(); });
            if (accepted_ && !described) fault("loaded, though it cannot be inspected");
        }
        accepted_ ? ++tally_.accepted : ++tally_.refused;
        if (!accepted_) ++tally_.by_code[refusal_];
    }

  private:
    // Holds the memory taken during its life against a bound, besides the file's own size.
    class Measured {
      public:
        Measured(Walk& walk, std::size_t bound) : walk_(walk), bound_(bound) {}
        ~Measured() {
            const auto own = peak_.bytes() - std::min(peak_.bytes(), walk_.size_);
            auto& largest = walk_.tally_.largest_allocation;
            if (bound_ == memory_bound) largest = std::max(largest, own);
            if (own > bound_) walk_.fault("held " + std::to_string(own) + " bytes beyond the file's");
        }
        Measured(const Measured&) = delete;
        Measured& operator=(const Measured&) = delete;

      private:
        Walk& walk_;
        std::size_t bound_;
        AllocationPeak peak_;
    };

    void fault(const std::string& text) {
        if (tally_.faults++ == 0) tally_.fault = what_ + ": " + text;
    }

    template <class Step>
    bool attempt(const Step& step) {
        try {
            const Measured memory(*this, memory_bound);
            step();
            return true;
        } catch (const Error& error) {
            refusal_ = to_string(error.code());
            of_format_ = error.details().area == "gguf" || error.details().area == "file";
            const auto missing = lacks(error, path_);
            if (!missing.empty()) fault("the error lacks " + missing + ": " + error.what());
            if (!is_of_files(error.code())) fault(refusal_ + ": " + error.what());
        } catch (const std::exception& error) {
            refusal_ = "exception";
            fault(std::string("an exception that is no lamina::Error: ") + error.what());
        }
        return false;
    }

    // Whatever the file's numbers ask for must fit into 12 MiB: more is refused before it is allocated.
    ModelOptions options() const {
        return {.context = 16,
                .sequences = 1,
                .batch_tokens = 4,
                .logit_rows = 1,
                .devices = {tally_.cases % 8 == 0 ? "reference,mem=12MiB" : "cpu,mem=12MiB"},
                .threads = 1,
                .pin_threads = false,
                .load = tally_.cases % 2 == 0 ? LoadMode::map : LoadMode::read};
    }

    static void use(const Tokenizer& tokenizer) {
        tokenizer.encode("ab abcd<s>tool \xFF\xE4\xB8\xAD</s>", {.special = true});
        std::vector<TokenId> all(tokenizer.size());
        std::iota(all.begin(), all.end(), 0);
        tokenizer.decode(all, true);
        for (const TokenId id : all) tokenizer.piece(id);
    }

    void use_template() {
        std::optional<ChatTemplate> chat;
        if (attempt([&] { chat = load_chat_template(path_); }) && chat) render(*chat);
    }

    // Rendering has budgets of its own. It fails with line and column, and knows no file.
    void render(const ChatTemplate& chat) {
        const Measured memory(*this, rendering_bound);
        try {
            chat.render({{"user", "ab"}, {"assistant", "cd"}}, {.bos_token = "<s>", .eos_token = "</s>"});
        } catch (const Error& error) {
            if (error.code() != ErrorCode::template_failed) fault(std::string("rendering: ") + error.what());
        } catch (const std::exception& error) {
            fault(std::string("rendering: an exception that is no lamina::Error: ") + error.what());
        }
    }

    // One token of a loaded model. Weights of any bits may give logits that are not finite.
    void compute() {
        const auto model = Model::load(path_, options());
        Engine engine(model);
        try {
            auto answer = engine.submit({.tokens = {0}, .max_tokens = 1});
            answer.wait();
            if (const auto error = answer.error()) std::rethrow_exception(error);
        } catch (const Error& error) {
            const bool short_context = error.code() == ErrorCode::context_full && model.options().context < 2;
            if (error.code() != ErrorCode::numerical_fault && !short_context)
                fault(std::string("a loaded model does not compute: ") + error.what());
        }
    }

    const std::string& what_;
    const std::string& path_;
    std::size_t size_;
    Tally& tally_;
    std::string refusal_;
    bool of_format_ = false;  // the header itself is refused: every way to open the file ends alike
    bool accepted_ = false;
};

}  // namespace

MemoryPath::MemoryPath() : fd_(::memfd_create("hostile", MFD_CLOEXEC)) {
    if (fd_ < 0) throw std::runtime_error("no file in memory");
    path_ = "/proc/self/fd/" + std::to_string(fd_);
}

MemoryPath::~MemoryPath() { ::close(fd_); }

void MemoryPath::resize(std::uint64_t size) {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0)
        throw std::runtime_error("no size for the file in memory");
}

void MemoryPath::write(const Bytes& bytes) {
    resize(bytes.size());
    const auto written = bytes.empty() ? 0 : ::pwrite(fd_, bytes.data(), bytes.size(), 0);
    if (written != static_cast<ssize_t>(bytes.size()))
        throw std::runtime_error("cannot write the file in memory");
}

void go(const std::string& what, const std::string& path, std::size_t size, Tally& tally) {
    name_case_on_death();
    current = what;
    Walk(what, path, size, tally).run();
}

}  // namespace lamina::test::hostile
