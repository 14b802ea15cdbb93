#include <algorithm>
#include <array>
#include <cstring>

#include "base/half.hpp"
#include "cpu/ops/ops.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

class StoreKvStage final : public RowStage {
  public:
    StoreKvStage(const StoreKv& op, const CacheGeometry& geometry, const float* keys, const float* values,
                 std::byte* cache, Isa isa)
        : RowStage({}),
          op_(op),
          geometry_(geometry),
          keys_(keys),
          values_(values),
          cache_(cache),
          kernels_(float_kernels(isa)),
          quantize_(packed_kernels(isa).quantize) {}

  private:
    void run_rows(const Step& step, Range rows) const override {
        for (const SequenceRows& sequence : step.sequences) {
            const std::uint64_t first = std::max<std::uint64_t>(rows.first, sequence.first_row);
            const std::uint64_t last =
                std::min<std::uint64_t>(rows.last, std::uint64_t{sequence.first_row} + sequence.rows);
            for (std::uint64_t r = first; r < last; ++r) {
                const std::uint64_t position = sequence.first_position + (r - sequence.first_row);
                store(r, sequence.pages[op_.group][position / page_tokens], position % page_tokens);
            }
        }
    }

    void store(std::uint64_t row, std::int32_t page, std::uint64_t token) const {
        const auto& g = geometry_;
        const auto p = static_cast<std::uint32_t>(page);
        for (std::uint32_t h = 0; h < g.kv_heads; ++h) {
            write(keys_ + (row * g.kv_heads + h) * g.key_dim, g.key_dim,
                  g.keys(op_.layer, p, h) + token * g.key_stride());
            if (g.values_in_keys) continue;
            write(values_ + (row * g.kv_heads + h) * g.value_dim, g.value_dim,
                  g.values(op_.layer, p, h) + token * g.value_stride());
        }
    }
    void write(const float* in, std::uint32_t count, std::uint64_t offset) const {
        std::byte* out = cache_ + offset;
        switch (geometry_.type) {
            case DType::f16: kernels_.to_f16(in, reinterpret_cast<std::uint16_t*>(out), count); break;
            case DType::bf16: kernels_.to_bf16(in, reinterpret_cast<std::uint16_t*>(out), count); break;
            case DType::q8_0: to_q8_0(in, count, out); break;
            default: std::memcpy(out, in, count * sizeof(float)); break;
        }
    }
    // A scale of f16, then 32 codes. What is not finite ends in the scale (quant/activations.hpp).
    void to_q8_0(const float* in, std::uint64_t count, std::byte* out) const {
        constexpr std::uint64_t most = 8;  // column blocks at a time
        std::array<std::int8_t, most * block_columns> codes;
        std::array<float, most> scales;
        for (std::uint64_t at = 0; at < count; at += most * block_columns) {
            const std::uint64_t inputs = std::min(count - at, most * block_columns);
            const std::uint64_t column_blocks = div_up(inputs, block_columns);
            QuantizeTask task = {};
            task.x = in + at;
            task.count = inputs;
            task.last = column_blocks;
            task.block = 1;
            task.codes = codes.data();
            task.scales = scales.data();
            quantize_(task);
            for (std::uint64_t g = 0; g < column_blocks; ++g) {
                const std::uint16_t scale = f32_to_f16(scales[g]);
                std::memcpy(out, &scale, sizeof scale);
                std::memcpy(out + sizeof scale, codes.data() + g * block_columns, block_columns);
                out += sizeof scale + block_columns;
            }
        }
    }

    StoreKv op_;
    CacheGeometry geometry_;
    const float* keys_;
    const float* values_;
    std::byte* cache_;
    const FloatKernels& kernels_;
    QuantizeKernel quantize_;
};

}  // namespace

void build(const StoreKv& op, Builder& b) {
    const CacheGeometry& g = b.cache("store_kv", op.group, op.layer);
    const SlotInfo& keys = b.slot("store_kv", op.keys);
    const SlotInfo& values = b.slot("store_kv", op.values);
    errors.require(keys.rows == Rows::all && values.rows == Rows::all, "store_kv", "slots of all rows",
                   "output rows");
    errors.require(keys.width == std::uint64_t{g.kv_heads} * g.key_dim &&
                       (g.values_in_keys || values.width == std::uint64_t{g.kv_heads} * g.value_dim),
                   "store_kv", "slots as wide as the cache's heads",
                   std::to_string(keys.width) + " and " + std::to_string(values.width));
    b.add(std::make_unique<StoreKvStage>(op, g, b.slot_data(op.keys), b.slot_data(op.values),
                                         b.cache_data(op.group), b.isa()));
    b.report("store_kv " + std::string(info(g.type).name));
}

}  // namespace lamina::cpu
