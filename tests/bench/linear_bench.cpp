// Speed of the CPU backend's Linear, by type, instruction set and rows: GB/s of weights as held, what part of
// a plain read's that is, Gop/s. linear_bench [--types q4_1,q6_K] [--isa avx2,...] [--rows 1,8] [--shape
// 2048x8192] [--threads N] [--seconds S] Weights come from memory: several copies of the matrix, 256 MiB or
// more in all, are passed in turn. Products and plain reads of as many bytes alternate within milliseconds,
// and medians are printed: the speed of a shared machine's memory changes by half within seconds.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

#include "base/thread_pool.hpp"
#include "cpu/isa.hpp"
#include "cpu/speed.hpp"
#include "lamina/error.hpp"
#include "support/linear_case.hpp"

using namespace lamina;

namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, ',');) out.push_back(part);
    return out;
}

std::string option(int argc, char** argv, const std::string& name, const std::string& otherwise) {
    for (int i = 1; i + 1 < argc; ++i) {
        if (name == argv[i]) return argv[i + 1];
    }
    return otherwise;
}

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Matrix {
    DType type;
    std::uint32_t outputs, columns;
    std::uint64_t bytes() const {
        if (!is_quantized(type)) return row_bytes(type, columns) * outputs;
        return quant::PackedShape{quant::packed_kind(type), outputs, columns}.bytes();
    }
};

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                     values.end());
    return values[values.size() / 2];
}

// Reads as all threads together can, going round in 256 MiB of its own.
class PlainRead {
  public:
    explicit PlainRead(std::shared_ptr<ThreadPool> pool) : pool_(std::move(pool)) {
        std::memset(memory_.data(), 1, size);
    }

    // Seconds for so many bytes, at most half of what there is.
    double operator()(std::uint64_t bytes) {
        const std::uint64_t words = bytes / sizeof(std::uint64_t);
        if (at_ + bytes > size) at_ = 0;
        const auto* data = reinterpret_cast<const std::uint64_t*>(memory_.data() + at_);
        at_ += bytes / 64 * 64;
        const auto start = Clock::now();
        pool_->parallel([&](Worker worker) {
            const Range mine = range_of(words, worker);
            std::uint64_t sum = 0;
            for (std::uint64_t i = mine.first; i < mine.last; ++i) sum += data[i];
            total_ += sum;
        });
        return seconds_since(start);
    }

  private:
    static constexpr std::uint64_t size = 256u << 20;
    std::shared_ptr<ThreadPool> pool_;
    test::AlignedBytes memory_{size};
    std::uint64_t at_ = 0;
    std::atomic<std::uint64_t> total_ = 0;
};

void measure(const Matrix& m, cpu::Isa isa, std::uint32_t rows, const std::shared_ptr<ThreadPool>& pool,
             double seconds) {
    test::Random random(1);
    const auto one_row = random.weights(m.type, m.columns, 0.05f);
    std::vector<std::byte> file;
    for (std::uint32_t n = 0; n < m.outputs; ++n) file.insert(file.end(), one_row.begin(), one_row.end());
    const std::uint64_t copies =
        std::max<std::uint64_t>(1, (256u << 20) / std::max<std::uint64_t>(1, m.bytes()));
    std::vector<std::unique_ptr<test::LinearCase>> cases;
    for (std::uint64_t i = 0; i < copies; ++i) {
        auto c = std::make_unique<test::LinearCase>(m.columns, rows);
        c->add(m.type, m.outputs, file);
        // Small matrices would have inputs of 16 bits: models that have only such do.
        c->build(isa, pool, is_quantized(m.type) ? test::Rounding::most : test::Rounding::as_stored);
        const auto x = random.normals(m.columns);
        for (std::uint32_t r = 0; r < rows; ++r)
            std::copy(x.begin(), x.end(), c->in() + r * std::uint64_t{m.columns});
        c->run(rows, true);  // touches all memory
        cases.push_back(std::move(c));
    }
    PlainRead plain_read(pool);
    const std::uint64_t at_once = std::clamp<std::uint64_t>((32u << 20) / m.bytes(), 1, copies);
    std::vector<double> times, parts;
    std::size_t at = 0;
    for (const auto begin = Clock::now(); times.empty() || seconds_since(begin) < seconds;) {
        const auto start = Clock::now();
        for (std::uint64_t i = 0; i < at_once; ++i) cases[at++ % copies]->run(rows, true);
        const double taken = seconds_since(start);
        times.push_back(taken / static_cast<double>(at_once));
        parts.push_back(plain_read(std::min<std::uint64_t>(at_once * m.bytes(), 128u << 20)) / taken);
    }
    const double time = median(times);
    const double operations = 2.0 * m.outputs * m.columns * rows;
    std::printf("%-8s %-12s %5u x %-5u rows %4u  %9.1f us  %6.1f GB/s  %4.0f %%  %7.1f Gop/s  %s\n",
                info(m.type).name.data(), to_string(isa).data(), m.outputs, m.columns, rows, time * 1e6,
                static_cast<double>(m.bytes()) / time * 1e-9, 100 * median(parts), operations / time * 1e-9,
                cases[0]->report()[0].implementation.c_str());
    std::fflush(stdout);
}

void measure_all(int argc, char** argv) {
    const int threads = std::atoi(option(argc, argv, "--threads", "2").c_str());
    const auto pool = std::make_shared<ThreadPool>(threads, true);
    const double seconds = std::atof(option(argc, argv, "--seconds", "0.5").c_str());
    std::vector<std::string> isas;
    for (const cpu::Isa isa : cpu::detected()) isas.emplace_back(to_string(isa));
    if (const std::string wanted = option(argc, argv, "--isa", ""); !wanted.empty()) isas = split(wanted);
    const DeviceSpeed speed = cpu::measure_speed(cpu::chosen(), *pool);
    std::printf("%d threads: read bandwidth %.1f GB/s, int8 %.0f Gop/s\n", threads,
                speed.read_bytes_per_s * 1e-9, speed.int8_operations_per_s * 1e-9);
    for (const std::string& shape : split(option(argc, argv, "--shape", "1536x576,2048x8192"))) {
        unsigned outputs = 0, columns = 0;
        if (std::sscanf(shape.c_str(), "%ux%u", &outputs, &columns) != 2)
            throw Error(ErrorCode::invalid_argument, "bench", "a shape is 2048x8192");
        for (const std::string& name : split(option(argc, argv, "--types", "q4_1,q8_0"))) {
            const auto type = dtype_from_name(name);
            if (!type) throw Error(ErrorCode::invalid_argument, "bench", "unknown type " + name);
            for (const std::string& isa_name : isas) {
                for (const cpu::Isa isa : cpu::detected()) {
                    if (to_string(isa) != isa_name) continue;
                    for (const std::string& rows :
                         split(option(argc, argv, "--rows", "1,2,4,8,32,128,512"))) {
                        measure({*type, outputs, columns}, isa, static_cast<std::uint32_t>(std::stoul(rows)),
                                pool, seconds);
                    }
                }
            }
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        measure_all(argc, argv);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
