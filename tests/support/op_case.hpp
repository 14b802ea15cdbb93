// Small programs of one or a few ops, run on any backend. Inputs come in through Embed: row r of an input is
// row tokens[r] of its table.
#pragma once

#include <cmath>
#include <cstdlib>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backend/device.hpp"
#include "base/half.hpp"
#include "cpu/cpu.hpp"
#include "cpu/isa.hpp"
#include "reference/reference.hpp"
#include "support/isa.hpp"
#include "support/random.hpp"

namespace lamina::test {

// The levels that have f32 kernels of their own and that this machine has.
inline std::vector<cpu::Isa> float_isas() {
    std::vector<cpu::Isa> out;
    for (const cpu::Isa isa : cpu::detected()) {
        if (isa == cpu::Isa::scalar || isa == cpu::Isa::avx2 || isa == cpu::Isa::avx512_vnni)
            out.push_back(isa);
    }
    return out;
}

// A program and the file bytes of its weights.
struct OpCase {
    backend::Program program;
    std::deque<std::vector<float>> storage;           // aligned as files are: vectors of float are for f32
    std::vector<std::span<const std::byte>> weights;  // by WeightId

    explicit OpCase(std::uint32_t max_rows, std::uint32_t max_position = 64) {
        program.max_rows = program.max_outputs = max_rows;
        program.max_position = max_position;
    }

    backend::WeightId weight(DType type, std::uint64_t rows, std::uint64_t columns,
                             const std::vector<std::byte>& bytes) {
        auto& copy = storage.emplace_back(bytes.size() / sizeof(float) + 1);
        std::memcpy(copy.data(), bytes.data(), bytes.size());
        weights.push_back(std::as_bytes(std::span(copy)).first(bytes.size()));
        const auto id = static_cast<backend::WeightId>(program.weights.size());
        program.weights.push_back(
            {.name = "weight " + std::to_string(id), .type = type, .rows = rows, .columns = columns});
        return id;
    }
    backend::WeightId matrix(std::uint64_t columns, const std::vector<float>& values) {
        const auto bytes = std::as_bytes(std::span(values));
        return weight(DType::f32, values.size() / columns, columns, {bytes.begin(), bytes.end()});
    }
    backend::WeightId vector(const std::vector<float>& values) { return matrix(values.size(), values); }

    backend::Slot slot(std::uint32_t width, backend::Rows rows = backend::Rows::all) {
        program.slots.push_back({width, rows});
        return static_cast<backend::Slot>(program.slots.size() - 1);
    }
    // A slot that holds the table's rows; `table` is [any, width].
    backend::Slot input(std::uint32_t width, const std::vector<float>& table) {
        const backend::Slot out = slot(width);
        program.ops.push_back(backend::Embed{.table = matrix(width, table), .out = out});
        return out;
    }
};

// Tokens that follow each other in one sequence. The page tables of a sequence belong to its caller.
struct Piece {
    std::vector<std::int32_t> tokens;
    std::uint32_t first_position = 0;
    std::vector<std::vector<std::int32_t>> pages = {};  // by cache group
    bool prefill = false;                               // one token too
};

// A program bound to a device.
class Bound {
  public:
    Bound(const backend::Backend& backend, const OpCase& c, int threads = 1)
        : Bound(backend, c, backend::DeviceOptions{.threads = threads}) {}
    Bound(const backend::Backend& backend, const OpCase& c, const backend::DeviceOptions& options) {
        const DeviceInfo info = backend.devices().front();
        device_ = backend.open(info, options);
        auto program = c.program;
        std::vector<std::shared_ptr<const backend::Weight>> weights;
        for (std::size_t i = 0; i < program.weights.size(); ++i) {
            program.weights[i].layout = backend.choose_layout(info, options, program.weights[i]);
            weights.push_back(device_->upload({.info = program.weights[i], .bytes = c.weights[i]}));
        }
        for (auto& cache : program.caches) {
            if (backend.cache_type) cache.type = backend.cache_type(cache.type);
            caches_.push_back(device_->allocate(cache.bytes()));
        }
        const auto workspace = device_->allocate(backend.workspace_bytes(info, options, program));
        executable_ = device_->compile(program, std::move(weights), caches_, workspace);
    }

    // Runs one step; `wanted` counts rows of the step.
    void run(const std::vector<Piece>& pieces, const std::vector<std::uint32_t>& wanted = {}) {
        std::vector<std::int32_t> tokens;
        std::vector<std::uint32_t> positions;
        std::vector<backend::SequenceRows> sequences;
        for (const Piece& piece : pieces) {
            backend::SequenceRows rows{.first_row = static_cast<std::uint32_t>(tokens.size()),
                                       .rows = static_cast<std::uint32_t>(piece.tokens.size()),
                                       .first_position = piece.first_position,
                                       .prefill = piece.prefill || piece.tokens.size() > 1};
            rows.pages.assign(piece.pages.begin(), piece.pages.end());
            for (std::uint32_t i = 0; i < rows.rows; ++i) positions.push_back(rows.first_position + i);
            tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
            sequences.push_back(std::move(rows));
        }
        executable_->run({tokens, positions, sequences, wanted});
    }
    std::vector<float> read(backend::Slot slot) const { return executable_->read(slot); }
    backend::Executable& executable() { return *executable_; }
    backend::Buffer& cache(std::size_t group) { return *caches_[group]; }
    backend::Device& device() { return *device_; }

  private:
    std::unique_ptr<backend::Device> device_;
    std::vector<std::shared_ptr<backend::Buffer>> caches_;
    std::unique_ptr<backend::Executable> executable_;
};

// Tokens first, first + 1, ...
inline std::vector<std::int32_t> tokens_from(std::int32_t first, std::uint32_t count) {
    std::vector<std::int32_t> out(count);
    for (std::uint32_t i = 0; i < count; ++i) out[i] = first + static_cast<std::int32_t>(i);
    return out;
}

// ||a - b|| / ||b||; infinite where a value is not finite or the sizes differ.
inline double relative_error(const std::vector<float>& a, const std::vector<float>& b) {
    if (a.size() != b.size() || b.empty()) return INFINITY;
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        if (!std::isfinite(a[i]) || !std::isfinite(b[i])) return INFINITY;
        difference += (double{a[i]} - double{b[i]}) * (double{a[i]} - double{b[i]});
        size += double{b[i]} * double{b[i]};
    }
    return size > 0 ? std::sqrt(difference / size) : difference;
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Runs one step of a program without caches on `reference` and, for every instruction set with one thread and
// with two, on `cpu`: the slot's relative error is at most `tolerance` and threads change no bit.
// check(error, same, isa) judges.
template <class Check>
void for_each_isa(const OpCase& c, const std::vector<Piece>& pieces, const std::vector<std::uint32_t>& wanted,
                  backend::Slot slot, Check check) {
    Bound reference(reference::record(), c);
    reference.run(pieces, wanted);
    const auto expected = reference.read(slot);
    for (const cpu::Isa isa : float_isas()) {
        const ForcedIsa forced(to_string(isa));
        std::vector<std::vector<float>> got;
        for (const int threads : {1, 2}) {
            Bound bound(cpu::record(), c, threads);
            bound.run(pieces, wanted);
            got.push_back(bound.read(slot));
        }
        check(relative_error(got[0], expected), same_bits(got[0], got[1]), isa);
    }
}

}  // namespace lamina::test
