// One file on the whole way that a user goes with it: inspect, tokenizer, chat template, plan, load, one
// token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "support/gguf_writer.hpp"

namespace lamina::test::hostile {

// What became of the cases; `fault` of the first that broke a promise.
struct Tally {
    std::size_t cases = 0, accepted = 0, refused = 0;
    std::size_t largest_allocation = 0;          // bytes held at once beyond the file's own
    std::map<std::string, std::size_t> by_code;  // of refused files: "bad_file" -> how many
    std::size_t faults = 0;
    std::string fault;
};

// A file in memory with a path, written anew for each case.
class MemoryPath {
  public:
    MemoryPath();
    ~MemoryPath();
    MemoryPath(const MemoryPath&) = delete;
    MemoryPath& operator=(const MemoryPath&) = delete;

    const std::string& path() const { return path_; }
    void write(const Bytes& bytes);
    void resize(std::uint64_t size);  // what is added reads as zeros and takes no memory

  private:
    int fd_;
    std::string path_;
};

// Goes the whole way with the file at `path`, of `size` bytes with all its parts, and notes in `tally` what
// became of it. A promise broken: an exception other than lamina::Error, an error that does not name the file
// and the field or the offset, more memory held than 16 MiB plus the file, a loaded model that cannot
// compute.
void go(const std::string& what, const std::string& path, std::size_t size, Tally& tally);

}  // namespace lamina::test::hostile
