// What one rendering may use. It also knows where the evaluation stands, so that every failure names line and
// column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace lamina::text::jinja {

inline constexpr std::uint64_t max_steps = 1'000'000;
inline constexpr std::size_t max_string = std::size_t{16} << 20;  // bytes of the output and of any one string
inline constexpr std::size_t max_elements = 1'000'000;            // of one list, mapping or range
inline constexpr std::size_t max_held = std::size_t{256} << 20;   // bytes of values alive at one time
inline constexpr std::size_t max_source = std::size_t{1} << 20;   // bytes of a template
inline constexpr int max_depth = 64;  // nesting of the source, of values, of macro calls
inline constexpr int max_evaluation =
    768;  // nodes of the tree under evaluation at one time: bounds the stack
inline constexpr std::size_t bytes_a_step = 4096;  // bytes copied or compared that count as one step

// Throws template_failed: "line 3, column 7: message". `offset` is a byte of `source`.
[[noreturn]] void fail_at(std::string_view source, std::size_t offset, const std::string& message);

class Budget {
  public:
    Budget(std::string_view source, std::uint64_t steps) : source_(source), most_steps_(steps) {}
    Budget(const Budget&) = delete;
    Budget& operator=(const Budget&) = delete;

    void step(std::uint64_t count = 1) {
        steps_ += count;
        if (steps_ > most_steps_)
            fail("the template needs more than " + std::to_string(most_steps_) + " steps");
    }
    // Counts work on `bytes` bytes.
    void work(std::size_t bytes) {
        pending_ += bytes;
        step(pending_ / bytes_a_step);
        pending_ %= bytes_a_step;
    }
    void hold(std::size_t bytes) {
        held_ += bytes;
        if (held_ > max_held)
            fail("the template holds more than " + std::to_string(max_held >> 20) + " MiB of values");
    }
    void release(std::size_t bytes) noexcept { held_ -= bytes; }

    void check_string(std::size_t bytes) const {
        if (bytes > max_string) fail("a text of more than " + std::to_string(max_string >> 20) + " MiB");
    }
    void check_elements(std::size_t count) const {
        if (count > max_elements) fail("a list of more than " + std::to_string(max_elements) + " elements");
    }
    void check_depth(int depth) const {
        if (depth > max_depth) fail("values nested deeper than " + std::to_string(max_depth));
    }

    void move_to(std::size_t offset) { offset_ = offset; }
    std::size_t offset() const { return offset_; }
    [[noreturn]] void fail(const std::string& message) const { fail_at(source_, offset_, message); }

  private:
    std::string_view source_;
    std::uint64_t most_steps_;
    std::size_t offset_ = 0;
    std::uint64_t steps_ = 0;
    std::size_t pending_ = 0;
    std::size_t held_ = 0;
};

// Bytes held on a budget for as long as the object lives. Without a budget (constants of the tree) it counts
// nothing.
class Charge {
  public:
    Charge() = default;
    explicit Charge(Budget& budget, std::size_t bytes = 0) : budget_(&budget) { grow(bytes); }
    Charge(Charge&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Charge& operator=(Charge&& other) noexcept {
        std::swap(budget_, other.budget_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~Charge() {
        if (budget_) budget_->release(bytes_);
    }
    void grow(std::size_t bytes) {
        if (!budget_) return;
        bytes_ += bytes;
        budget_->hold(bytes);
    }

  private:
    Budget* budget_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace lamina::text::jinja
