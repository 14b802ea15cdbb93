#ifdef LAMINA_HAS_ONEDNN
#include "cpu/onednn/matmul.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>

#include "base/checked.hpp"

// Of the OpenMP runtime that oneDNN was built with. Declared here: a compiler's own header belongs to its own
// runtime.
extern "C" {
int omp_get_max_threads(void);
void omp_set_num_threads(int);
}

namespace lamina::cpu::onednn {
namespace {

using dnnl::memory;

// The library's name for a level; none where own kernels are as fast (f32 at AVX2: 97 Gflop/s a core both) or
// it has no kernels of its kind.
bool level_of(Isa isa, dnnl::cpu_isa& level) {
    switch (isa) {
        case Isa::avx512_vnni: level = dnnl::cpu_isa::avx512_core_vnni; return true;
        case Isa::avx512_bf16: level = dnnl::cpu_isa::avx512_core_bf16; return true;
        case Isa::amx: level = dnnl::cpu_isa::avx512_core_amx; return true;
        default: return false;
    }
}

// Binds the library to the level. It can be set once a process, so that a second device of another level goes
// without.
bool bind_level(dnnl::cpu_isa level) {
    static std::once_flag once;
    std::call_once(once, [&] { dnnl::set_max_cpu_isa(level); });
    return dnnl::get_effective_cpu_isa() == level;
}

// Row counts share a primitive, and the milliseconds that making it takes: up to 31 rows in 128 are computed
// for nothing.
std::uint64_t row_class(std::uint64_t rows, std::uint64_t max_rows) {
    const std::uint64_t step = rows <= 128 ? 32 : rows <= 512 ? 64 : 256;
    return std::min(align_up(rows, step), max_rows);
}

// While it lives, what the calling thread runs in oneDNN stays on this thread: the pool's others have shares
// of their own.
class Alone {
  public:
    Alone() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
    ~Alone() { omp_set_num_threads(before_); }
    Alone(const Alone&) = delete;
    Alone& operator=(const Alone&) = delete;

  private:
    int before_;
};

class OneDnnMatmul final : public Matmul {
  public:
    explicit OneDnnMatmul(const MatmulShape& shape)
        : shape_(shape), engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
        type_ = shape.type == DType::bf16 ? memory::data_type::bf16 : memory::data_type::f32;
        const auto columns = static_cast<memory::dim>(shape.columns),
                   outputs = static_cast<memory::dim>(shape.outputs);
        // The library only reads weights and bias, though its interface takes them as mutable.
        weights_ = memory({{columns, outputs}, type_, memory::format_tag::ba}, engine_,
                          const_cast<void*>(shape.weights));
        if (shape.bias) {
            bias_ = memory({{1, outputs}, memory::data_type::f32, memory::format_tag::ab}, engine_,
                           const_cast<float*>(shape.bias));
        }
    }

    bool run(const void* in, std::uint64_t rows, float* out) override {
        try {
            const Alone alone;
            Prepared& prepared = prepare(row_class(rows, shape_.max_rows));
            const memory input(prepared.input, engine_, const_cast<void*>(in));
            const memory output(prepared.output, engine_, out);
            std::unordered_map<int, memory> arguments = {
                {DNNL_ARG_SRC, input}, {DNNL_ARG_WEIGHTS, weights_}, {DNNL_ARG_DST, output}};
            if (shape_.bias) arguments.insert({DNNL_ARG_BIAS, bias_});
            prepared.matmul.execute(stream_, arguments);
            stream_.wait();
            return true;
        } catch (const std::exception&) {  // dnnl::error, bad_alloc
            return false;
        }
    }

    // Makes the primitive of the largest row count; what it is called. Throws dnnl::error where there is
    // none.
    std::string name() {
        const Alone alone;
        return describe(row_class(shape_.max_rows, shape_.max_rows)).impl_info_str();
    }

  private:
    struct Prepared {
        memory::desc input, output;
        dnnl::matmul matmul;
    };

    dnnl::matmul::primitive_desc describe(std::uint64_t rows) const {
        const memory::desc weights = weights_.get_desc();
        if (!shape_.bias) return {engine_, input(rows), weights, output(rows)};
        return {engine_, input(rows), weights, bias_.get_desc(), output(rows)};
    }

    memory::desc input(std::uint64_t rows) const {
        return {{static_cast<memory::dim>(rows), static_cast<memory::dim>(shape_.columns)},
                type_,
                memory::format_tag::ab};
    }
    memory::desc output(std::uint64_t rows) const {
        return {{static_cast<memory::dim>(rows), static_cast<memory::dim>(shape_.outputs)},
                memory::data_type::f32,
                {static_cast<memory::dim>(shape_.out_stride), 1}};
    }

    Prepared& prepare(std::uint64_t rows) {
        const auto found = prepared_.find(rows);
        if (found != prepared_.end()) return found->second;
        return prepared_.insert({rows, {input(rows), output(rows), dnnl::matmul(describe(rows))}})
            .first->second;
    }

    MatmulShape shape_;
    dnnl::engine engine_;
    dnnl::stream stream_;
    memory::data_type type_;
    memory weights_, bias_;
    std::map<std::uint64_t, Prepared> prepared_;  // by row class
};

}  // namespace

std::unique_ptr<Matmul> make_matmul(const MatmulShape& shape, Isa isa, std::string& refusal) {
    dnnl::cpu_isa level;
    if (!level_of(isa, level)) {
        refusal = "not faster below AVX-512";
        return nullptr;
    }
    if (!bind_level(level)) {
        refusal = "bound to another instruction set in this process";
        return nullptr;
    }
    try {
        auto matmul = std::make_unique<OneDnnMatmul>(shape);
        const std::string name = matmul->name();
        if (name.find("ref") == std::string::npos) return matmul;
        refusal = "only its reference implementation takes this";
    } catch (const std::exception& e) { refusal = e.what(); }
    return nullptr;
}

}  // namespace lamina::cpu::onednn
#endif
