// Ways to damage a model file, one family a function; each gives many files, one damage each.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "hostile/sources.hpp"

namespace lamina::test::hostile {

// Takes damaged files, every `stride`-th of them.
class Emit {
  public:
    using Sink = std::function<void(const std::string& what, const Bytes& file)>;
    Emit(std::size_t stride, Sink sink) : stride_(stride), sink_(std::move(sink)) {}

    // `what` was done; make() gives the file, and is called only where it is wanted.
    template <class Make>
    void operator()(const std::string& what, const Make& make) const {
        if (turn_++ % stride_ == 0) sink_(what, make());
    }

  private:
    std::size_t stride_;
    Sink sink_;
    mutable std::size_t turn_ = 0;
};

struct Family {
    const char* name;
    void (*damage)(const GgufWriter& source, const Emit& emit);
    std::size_t stride = 1;  // of how many cases one is run
};

void overwritten_fields(const GgufWriter& source,
                        const Emit& emit);  // every field of the header x extreme values
void truncations(const GgufWriter& source,
                 const Emit& emit);  // at every header byte and around every tensor's ends
void removals(const GgufWriter& source, const Emit& emit);  // each key, each tensor, each two keys
void other_types(const GgufWriter& source,
                 const Emit& emit);  // each value as every other type, well-formed or not
void hyper_parameters(const GgufWriter& source,
                      const Emit& emit);  // every key that is read x values of every size
void tensor_places(const GgufWriter& source,
                   const Emit& emit);  // on each other, at and beyond the file's end
void tensor_descriptions(const GgufWriter& source, const Emit& emit);  // shapes, types, names
void vocabularies(const GgufWriter& source, const Emit& emit);  // arrays shorter, longer, and each element
void chat_templates(const GgufWriter& source, const Emit& emit);
void bit_flips(const GgufWriter& source, const Emit& emit);  // each bit of the header; bits of the weights

}  // namespace lamina::test::hostile
