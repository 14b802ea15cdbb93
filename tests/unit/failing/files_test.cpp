// Every system call of loading fails in turn, is interrupted, gives less than asked, or finds the file cut
// off.
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "failing_model.hpp"
#include "support/expect_error.hpp"
#include "support/system_faults.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

struct Fault {
    SystemCall call;
    int error;
    ErrorCode code;
    const char* words;
};

const std::vector<Fault> faults{
    {SystemCall::open, EIO, ErrorCode::io, "read error"},
    {SystemCall::open, EMFILE, ErrorCode::io, "too many files are open"},
    {SystemCall::open, ENFILE, ErrorCode::io, "too many files are open"},
    {SystemCall::open, EACCES, ErrorCode::io, "no permission"},
    {SystemCall::open, ENOENT, ErrorCode::io, "no such file"},
    {SystemCall::open, ENOMEM, ErrorCode::out_of_memory, "no memory left"},
    {SystemCall::fstat, EIO, ErrorCode::io, "read error"},
    {SystemCall::pread, EIO, ErrorCode::io, "read error"},
    {SystemCall::pread, ENOMEM, ErrorCode::out_of_memory, "no memory left"},
    {SystemCall::mmap, ENOMEM, ErrorCode::out_of_memory, "memory"},
    {SystemCall::mmap, EAGAIN, ErrorCode::io, "cannot read this file"},
    {SystemCall::madvise_populate, EFAULT, ErrorCode::io, "read error"},
    {SystemCall::madvise_populate, EIO, ErrorCode::io, "read error"},
    {SystemCall::madvise_populate, ENOMEM, ErrorCode::out_of_memory, "no memory left"},
};

struct Held {
    std::int64_t descriptors = open_descriptors(), pages = mapped_pages();
    friend bool operator==(const Held& a, const Held& b) {
        return a.descriptors == b.descriptors && a.pages == b.pages;
    }
};

// Whether it could be loaded; what it throws else must be of one of the codes, say the words and name a file
// of the folder.
bool loads(const std::string& path, const ModelOptions& options, std::vector<ErrorCode> codes,
           const std::string& words, const std::string& folder, std::vector<float>* logits = nullptr) {
    try {
        const auto model = Model::load(path, options);
        if (logits != nullptr) *logits = some_logits(model);
        return true;
    } catch (const Error& error) {
        INFO(error.what());
        CHECK(std::count(codes.begin(), codes.end(), error.code()) == 1);
        CHECK(std::string(error.what()).find(words) != std::string::npos);
        CHECK(error.details().file.rfind(folder, 0) == 0);
        return false;
    }
}

// Weights of every form: packed or widened by the device, and read in place; a cache that is mapped too.
ModelOptions with_large_cache(const std::string& backend, LoadMode load) {
    auto options = FailingModel::options(backend, load);
    options.context = 0;
    options.sequences = 256;
    return options;
}

void sweep(const std::string& path, const std::string& folder, const ModelOptions& options,
           const Fault& fault) {
    const auto expected = some_logits(Model::load(path, options));
    std::uint64_t failures = 0;
    for (std::uint64_t nth = 1;; ++nth) {
        CAPTURE(nth, fault.error, static_cast<int>(fault.call));
        const Held before;
        bool happened = false;
        {
            const SystemFault plan({.call = fault.call, .nth = nth, .error = fault.error});
            const bool loaded = loads(path, options, {fault.code}, fault.words, folder);
            happened = plan.happened();
            REQUIRE(loaded != happened);
        }
        REQUIRE(Held() == before);
        if (!happened) break;
        ++failures;
    }
    CHECK(some_logits(Model::load(path, options)) == expected);
    const bool used = fault.call != SystemCall::pread || options.load == LoadMode::read;
    CHECK((failures > 0 || !used));
}

}  // namespace

TEST_CASE("failing machine: any system call fails during load") {
    const FailingModel file;
    for (const auto& backend : backends) {
        for (const LoadMode load : {LoadMode::map, LoadMode::read}) {
            for (const auto& fault : faults) {
                // A device's memory is mapped too, and says so in other words.
                if (fault.error == EAGAIN && backend == "cpu") continue;
                CAPTURE(backend, static_cast<int>(load));
                sweep(file.path, file.directory / "", with_large_cache(backend, load), fault);
            }
        }
    }
}

TEST_CASE("failing machine: any system call fails during load of a model in parts") {
    const FailingModel file;
    const auto paths = file.model->writer.write_parts(file.directory / "part", 3);
    for (const LoadMode load : {LoadMode::map, LoadMode::read}) {
        for (const auto& fault : faults) {
            CAPTURE(static_cast<int>(load));
            sweep(paths[1], file.directory / "", FailingModel::options("reference", load), fault);
        }
    }
}

TEST_CASE("failing machine: hints that the system refuses change nothing") {
    const FailingModel file;
    for (const auto& backend : backends) {
        const auto options = with_large_cache(backend, LoadMode::map);
        const auto expected = some_logits(Model::load(file.path, options));
        for (std::uint64_t nth = 1;; ++nth) {
            const SystemFault plan({.call = SystemCall::madvise_other, .nth = nth, .error = EINVAL});
            CHECK(some_logits(Model::load(file.path, options)) == expected);
            if (!plan.happened()) break;
        }
    }
}

TEST_CASE("failing machine: short reads and interrupted calls during load go on") {
    const FailingModel file;
    for (const auto& backend : backends) {
        for (const LoadMode load : {LoadMode::map, LoadMode::read}) {
            const auto options = FailingModel::options(backend, load);
            const auto expected = some_logits(Model::load(file.path, options));
            for (const std::size_t longest : {1u, 7u, 4096u}) {
                CAPTURE(backend, static_cast<int>(load), longest);
                const SystemFault plan({.longest_read = longest, .interrupts = longest == 1 ? 0 : 5});
                CHECK(some_logits(Model::load(file.path, options)) == expected);
            }
        }
    }
}

TEST_CASE("failing machine: the file is cut off at any moment of a load") {
    const FailingModel file;
    const auto size = std::filesystem::file_size(file.path);
    const auto victim = file.directory / "victim.gguf";
    for (const auto& backend : backends) {
        for (const LoadMode load : {LoadMode::map, LoadMode::read}) {
            const auto options = FailingModel::options(backend, load);
            const auto expected = some_logits(Model::load(file.path, options));
            for (const auto left : {std::uintmax_t{0}, std::uintmax_t{100}, size / 2, size - 1}) {
                std::uint64_t failures = 0, at = 1;
                for (bool more = true; more; ++at) {
                    std::filesystem::copy_file(file.path, victim,
                                               std::filesystem::copy_options::overwrite_existing);
                    CAPTURE(backend, static_cast<int>(load), left, at);
                    const Held before;
                    {
                        const SystemFault plan({.before = [&](std::uint64_t number) {
                            if (number == at) std::filesystem::resize_file(victim, left);
                        }});
                        // What was cut off before it was opened is a broken file.
                        // Mapped weights that a device reads in place may be gone after the load.
                        std::vector<float> logits;
                        const bool reads = load == LoadMode::read;
                        if (!loads(victim, options, {ErrorCode::io, ErrorCode::bad_file}, "", victim,
                                   reads ? &logits : nullptr))
                            ++failures;
                        else if (reads)
                            CHECK(logits == expected);
                        more = plan.calls() >= at;
                    }
                    REQUIRE(Held() == before);
                }
                CHECK(failures > 0);
                CHECK(failures < at);  // some moments are too late
            }
        }
    }
}

TEST_CASE("failing machine: any system call fails while a file is looked at") {
    const FailingModel file;
    for (const auto& fault : faults) {
        for (std::uint64_t nth = 1, more = 1; more != 0; ++nth) {
            const Held before;
            {
                const SystemFault plan({.call = fault.call, .nth = nth, .error = fault.error});
                try {
                    const auto info = inspect(file.path);
                    CHECK(info.layers == 2);
                    more = 0;
                } catch (const Error& error) {
                    CHECK(to_string(error.code()) == to_string(fault.code));
                    CHECK(error.details().file == file.path);
                }
                CHECK((more != 0) == plan.happened());
            }
            REQUIRE(Held() == before);
        }
    }
    CHECK(inspect(file.path).layers == 2);
}
