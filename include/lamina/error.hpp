/// @file
/// Typed errors: every failure of the library is a lamina::Error that says what was wrong and where.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lamina/export.h"

namespace lamina {

/// Kinds of failure.
enum class ErrorCode {
    io,                ///< the operating system refused: open, read, map, write
    bad_file,          ///< the file breaks its format's rules
    unsupported,       ///< well formed, but of a kind that this build does not compute
    invalid_argument,  ///< a request, option or call that cannot be meant
    out_of_memory,     ///< a planned or needed allocation does not fit
    queue_full,        ///< too many requests wait; the same one may be taken later
    context_full,      ///< a sequence does not fit into its context
    template_failed,   ///< a chat template failed or ran over its budget
    numerical_fault,   ///< logits are not finite
    cancelled,         ///< the work was cancelled
    device_failed,     ///< a device stopped working; its engine is dead
};

/// "bad_file", "io", ...: stable names for logs and scripts.
LAMINA_API std::string_view to_string(ErrorCode code);

/// What an error is about. Empty fields are left out of the text.
struct ErrorDetails {
    std::string area = {};                     ///< who noticed: "gguf", "tokenizer", "linear", ...
    std::string file = {};                     ///< path of the file, if one is at fault
    std::string subject = {};                  ///< the tensor, metadata key, option or field
    std::optional<std::uint64_t> offset = {};  ///< byte offset in the file
    std::string expected = {};                 ///< what would have been right
    std::string found = {};                    ///< what was there instead
};

/// What the library throws.
class LAMINA_API Error : public std::exception {
  public:
    /// An error with its parts; the text is made from them.
    Error(ErrorCode code, ErrorDetails details);
    /// An error with no expected/found pair; `message` is one sentence without a final full stop.
    Error(ErrorCode code, std::string area, std::string message);
    /// out_of_memory for where there is no memory for words either: its text and details are always there.
    static Error no_memory() noexcept { return {}; }

    /// The kind of failure, for programs.
    ErrorCode code() const noexcept { return code_; }
    /// The parts that the text was made from.
    const ErrorDetails& details() const noexcept;
    /// One line: "[gguf] model.gguf: 'llama.block_count' at byte 312: expected 1..4096, found 0".
    const char* what() const noexcept override;

  private:
    struct Content;
    Error() noexcept = default;

    ErrorCode code_ = ErrorCode::out_of_memory;
    std::shared_ptr<const Content> content_ = {};  // shared: copying an error cannot fail; null: no memory
};

}  // namespace lamina
