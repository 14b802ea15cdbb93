// UTF-8: well-formed characters (Unicode 15.0, table 3-7) and repair of what is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lamina::text {

inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";  // U+FFFD
inline constexpr std::string_view lower_block = "\xE2\x96\x81";            // U+2581, SentencePiece's space

struct Character {
    std::uint32_t code = 0;
    std::size_t size = 0;  // bytes, 1 to 4; 0 where the bytes are no well-formed character
};

// The character that begins at byte `at`, which is less than text.size().
Character character_at(std::string_view text, std::size_t at);
// The end of the well-formed text that begins at `at` (possibly `at` itself).
std::size_t well_formed_end(std::string_view text, std::size_t at);
void append_utf8(std::string& out, std::uint32_t code);

// Passes well-formed characters on and puts one U+FFFD for each longest beginning of a character that is not
// continued ("substitution of maximal subparts", Unicode 15.0 chapter 3.9), as soon as that is known.
class Utf8Repair {
  public:
    void push(std::string_view bytes, std::string& out);
    void flush(std::string& out);

  private:
    void push(unsigned char byte, std::string& out);
    bool begin(unsigned char byte);

    std::string pending_;       // the character begun, at most 3 bytes
    int missing_ = 0;           // bytes still to come
    unsigned char low_ = 0x80;  // the range in which the next byte must lie
    unsigned char high_ = 0xBF;
};

}  // namespace lamina::text
