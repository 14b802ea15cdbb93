#include "reference/ops.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "quant/decode.hpp"

namespace lamina::reference {

std::vector<float> Context::vector(backend::WeightId id) const {
    const auto& info = program.weights[id];
    std::vector<float> out(info.values());
    quant::decode(info.type, weights[id].data(), out.size(), out.data());
    return out;
}

void Context::weight_row(backend::WeightId id, std::uint64_t r, float* out) const {
    const auto& info = program.weights[id];
    quant::decode(info.type, weights[id].data() + r * row_bytes(info.type, info.columns), info.columns, out);
}

void run(const backend::Embed& op, const Context& c) {
    const auto width = c.width(op.out);
    for (std::uint64_t r = 0; r < c.rows(op.out); ++r) {
        float* out = c.row(op.out, r);
        c.weight_row(op.table, static_cast<std::uint64_t>(c.step.tokens[r]), out);
        for (std::uint32_t i = 0; i < width; ++i) out[i] *= op.scale;
    }
}

void run(const backend::Norm& op, const Context& c) {
    const auto weight = c.vector(op.weight);
    const auto bias = op.bias == backend::no_weight ? std::vector<float>(weight.size()) : c.vector(op.bias);
    for (std::uint64_t r = 0; r < c.rows(op.in); ++r) {
        for (std::uint32_t start = 0; start < c.width(op.in); start += op.group) {
            const float* in = c.row(op.in, r) + start;
            float* out = c.row(op.out, r) + start;
            double mean = 0;
            for (std::uint32_t i = 0; op.centered && i < op.group; ++i) mean += in[i];
            mean /= op.group;
            double square = 0;
            for (std::uint32_t i = 0; i < op.group; ++i) square += (in[i] - mean) * (in[i] - mean);
            const double scale = 1.0 / std::sqrt(square / op.group + static_cast<double>(op.epsilon));
            for (std::uint32_t i = 0; i < op.group; ++i) {
                const std::size_t at = weight.size() > op.group ? start + i : i;
                out[i] = static_cast<float>((in[i] - mean) * scale) * weight[at] + bias[at];
            }
        }
    }
}

namespace {

// The matrix that multiplies row r of a Linear.
std::uint64_t matrix_of(const backend::Linear& op, const Context& c, std::uint64_t r) {
    if (op.routing == backend::no_routing) return r / (c.rows(op.in) / c.program.weights[op.weight].matrices);
    const auto& first = c.routings[op.routing].first;
    return static_cast<std::uint64_t>(std::upper_bound(first.begin(), first.end(), r) - first.begin() - 1);
}

}  // namespace

void run(const backend::Linear& op, const Context& c) {
    const auto outputs = c.width(op.out), columns = c.width(op.in);
    const auto rows = c.rows(op.in);
    const auto matrices = c.program.weights[op.weight].matrices;
    const auto bias =
        op.bias == backend::no_weight ? std::vector<float>(matrices * outputs) : c.vector(op.bias);
    std::vector<std::vector<std::uint64_t>> rows_of(matrices);
    for (std::uint64_t r = 0; r < rows; ++r) rows_of[matrix_of(op, c, r)].push_back(r);
    // Allocated here: work of a pool must not throw.
    std::vector<float> scratch(static_cast<std::size_t>(c.pool.threads()) * columns);
    share_out(c, rows * outputs * columns, [&](Worker worker) {
        float* const weight = scratch.data() + static_cast<std::size_t>(worker.thread) * columns;
        const Range mine = range_of(matrices * outputs, worker);
        for (std::uint64_t m = mine.first; m < mine.last; ++m) {
            if (rows_of[m / outputs].empty()) continue;
            c.weight_row(op.weight, m, weight);
            for (const std::uint64_t r : rows_of[m / outputs]) {
                const float* in = c.row(op.in, r);
                float sum = 0;
#pragma omp simd reduction(+ : sum)
                for (std::uint32_t i = 0; i < columns; ++i) sum += in[i] * weight[i];
                c.row(op.out, r)[m % outputs] = sum + bias[m];
            }
        }
    });
}

void run(const backend::Rope& op, const Context& c) {
    const auto& table = c.program.ropes[op.rope];
    const auto half = table.inverse_frequencies.size();
    const bool halves = table.pairing == backend::RopePairing::halves;
    for (std::uint64_t r = 0; r < c.rows(op.x); ++r) {
        for (std::uint32_t h = 0; h < op.heads; ++h) {
            float* x = c.row(op.x, r) + std::size_t{h} * op.head_dim + op.offset;
            for (std::size_t i = 0; i < half; ++i) {
                const double angle = static_cast<double>(c.step.positions[r]) *
                                     static_cast<double>(table.inverse_frequencies[i]);
                const auto cosine = static_cast<float>(std::cos(angle)) * table.magnitude;
                const auto sine = static_cast<float>(std::sin(angle)) * table.magnitude;
                float& a = x[halves ? i : 2 * i];
                float& b = x[halves ? i + half : 2 * i + 1];
                const float turned = a * cosine - b * sine;
                b = a * sine + b * cosine;
                a = turned;
            }
        }
    }
}

namespace {

float activate(backend::Activation kind, float x) {
    switch (kind) {
        case backend::Activation::silu: return x / (1.0f + std::exp(-x));
        case backend::Activation::gelu: return 0.5f * x * (1.0f + std::erf(x / std::numbers::sqrt2_v<float>));
        case backend::Activation::gelu_tanh:
            return 0.5f * x *
                   (1.0f +
                    std::tanh(std::sqrt(2.0f / std::numbers::pi_v<float>) * (x + 0.044715f * x * x * x)));
        case backend::Activation::relu: return std::max(x, 0.0f);
        case backend::Activation::relu_squared: return std::max(x, 0.0f) * std::max(x, 0.0f);
        case backend::Activation::clamped_swiglu: break;  // not of x alone
    }
    return 0;
}

float clamped_swiglu(float gate, float up) {
    gate = std::min(gate, 7.0f);
    return gate / (1.0f + std::exp(-1.702f * gate)) * (std::clamp(up, -7.0f, 7.0f) + 1.0f);
}

}  // namespace

void run(const backend::Activate& op, const Context& c) {
    const std::size_t count = c.rows(op.out) * c.width(op.out);
    for (std::size_t i = 0; i < count; ++i) {
        if (op.kind == backend::Activation::clamped_swiglu) {
            c.slots[op.out][i] = clamped_swiglu(c.slots[op.gate][i], c.slots[op.up][i]);
            continue;
        }
        const float gate = activate(op.kind, c.slots[op.gate][i]);
        c.slots[op.out][i] = op.gated ? gate * c.slots[op.up][i] : gate;
    }
}

void run(const backend::Add& op, const Context& c) {
    const std::size_t count = c.rows(op.out) * c.width(op.out);
    for (std::size_t i = 0; i < count; ++i)
        c.slots[op.out][i] = c.slots[op.a][i] + op.scale * c.slots[op.b][i];
}

void run(const backend::Gather& op, const Context& c) {
    for (std::uint64_t i = 0; i < c.rows(op.out); ++i) {
        std::copy_n(c.row(op.in, c.step.outputs[i]), c.width(op.out), c.row(op.out, i));
    }
}

void run(const backend::Scale& op, const Context& c) {
    for (float& x : c.slots[op.x]) {
        x *= op.scale;
        if (op.cap > 0) x = op.cap * std::tanh(x / op.cap);
    }
}

namespace {

float* head(const backend::Heads& heads, const Context& c, std::uint64_t row, std::uint32_t h) {
    const auto& slot = c.program.slots[heads.slot];
    if (slot.copies > 1)
        return c.row(heads.slot, h * std::uint64_t{c.step.rows(slot.rows)} + row) + heads.offset;
    return c.row(heads.slot, row) + std::size_t{h} * heads.stride + heads.offset;
}

}  // namespace

void run(const backend::StridedCopy& op, const Context& c) {
    for (std::uint64_t r = 0; r < c.step.tokens.size(); ++r) {
        for (std::uint32_t h = 0; h < op.heads; ++h)
            std::copy_n(head(op.in, c, r, h), op.width, head(op.out, c, r, h));
    }
}

void run(const backend::Gate& op, const Context& c) {
    for (std::uint64_t r = 0; r < c.rows(op.x); ++r) {
        const float factor = 1.0f / (1.0f + std::exp(-c.row(op.gate, r)[0]));
        for (std::uint32_t i = 0; i < c.width(op.x); ++i) c.row(op.x, r)[i] *= factor;
    }
}

}  // namespace lamina::reference
