// A stage is a part of an op, often all of it, compiled: everything constant is resolved, run() does the
// step's work. All stages of a program run inside one parallel region, with barriers between them, so that a
// step forks once.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "backend/op.hpp"
#include "base/thread_pool.hpp"

namespace lamina::cpu {

// What Route decides for a step (backend/op.hpp): pairs of row and expert, sorted by expert, then by row.
struct Routing {
    std::uint32_t* first = nullptr;   // [experts + 1]: the pairs of an expert
    std::uint32_t* row = nullptr;     // [rows * used]: of a pair
    std::uint32_t* pair = nullptr;    // [rows, used]: of a row's choices, best first
    float* weight = nullptr;          // [rows, used]
    std::uint32_t* expert = nullptr;  // [rows, used]
};

// Rows of slots of one kind (backend::SlotInfo): those of threads are shared out by number.
struct RowKind {
    backend::Rows rows = backend::Rows::all;
    std::uint32_t copies = 1;

    static RowKind of(const backend::SlotInfo& slot) { return {slot.rows, slot.copies}; }
    bool operator==(const RowKind&) const = default;
};

class Stage {
  public:
    virtual ~Stage() = default;
    // Does this thread's share. Never throws: what can go wrong was checked when the program was compiled.
    virtual void run(const backend::Step& step, Worker worker) const = 0;
    // Asks memory for what run() will read first, as far as no other stage writes it: called before the
    // barrier, it comes while the thread waits.
    virtual void fetch(const backend::Step&, Worker) const {}
    // True where the stage has nothing to do in this step: run() and the barrier before it are left out.
    virtual bool idle(const backend::Step&) const { return false; }
    // What it does for its op where that is several stages; empty for the one that does the op's own work.
    virtual std::string_view part() const { return {}; }
    // Not null: see RowStage.
    virtual const RowKind* rows() const { return nullptr; }
};

// A stage whose threads read and write nothing but their own rows of a kind. Between two of one kind a thread
// goes on with its rows without waiting for the others: add, norm and quantize are one pass.
class RowStage : public Stage {
  public:
    explicit RowStage(RowKind kind) : kind_(kind) {}

    void run(const backend::Step& step, Worker worker) const final {
        const Range mine = range_of(std::uint64_t{step.rows(kind_.rows)} * kind_.copies, worker);
        if (mine.first < mine.last) run_rows(step, mine);
    }
    const RowKind* rows() const final { return &kind_; }

  private:
    virtual void run_rows(const backend::Step& step, Range rows) const = 0;

    RowKind kind_;
};

// Whether a thread may go on from `before` to `after` alone.
inline bool goes_on(const Stage& before, const Stage& after) {
    return before.rows() != nullptr && after.rows() != nullptr && *before.rows() == *after.rows();
}

using Stages = std::vector<std::unique_ptr<Stage>>;

}  // namespace lamina::cpu
