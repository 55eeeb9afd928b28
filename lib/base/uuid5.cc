#include "lib/base/uuid5.h"

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

// FIPS 180-4. What RFC 9562 asks for, and no protection against anything.
std::array<std::uint32_t, 5> sha1(std::string message) {
  const std::uint64_t bits = message.size() * 8;
  message += '\x80';
  while (message.size() % 64 != 56) message += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) message += static_cast<char>(bits >> shift);
  std::array<std::uint32_t, 5> hash = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  for (std::size_t block = 0; block < message.size(); block += 64) {
    std::uint32_t words[80];
    for (std::size_t i = 0; i < 16; ++i) {
      words[i] = 0;
      for (std::size_t byte = 0; byte < 4; ++byte)
        words[i] = words[i] << 8 | static_cast<unsigned char>(message[block + i * 4 + byte]);
    }
    for (std::size_t i = 16; i < 80; ++i)
      words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    auto [a, b, c, d, e] = hash;
    for (std::size_t i = 0; i < 80; ++i) {
      const auto [mix, key] = i < 20   ? std::pair{(b & c) | (~b & d), 0x5A827999U}
                              : i < 40 ? std::pair{b ^ c ^ d, 0x6ED9EBA1U}
                              : i < 60 ? std::pair{(b & c) | (b & d) | (c & d), 0x8F1BBCDCU}
                                       : std::pair{b ^ c ^ d, 0xCA62C1D6U};
      const std::uint32_t next = std::rotl(a, 5) + mix + e + key + words[i];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    const std::array<std::uint32_t, 5> more = {a, b, c, d, e};
    for (std::size_t i = 0; i < 5; ++i) hash[i] += more[i];
  }
  return hash;
}

int hex_digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

}  // namespace

std::string make_uuid5(const std::string& name_space, std::string_view name) {
  if (!is_uuid(name_space)) throw internal_error("no namespace for a UUID: " + name_space);
  std::string message;
  std::string digits;
  for (const char c : name_space)
    if (c != '-') digits += c;
  for (std::size_t i = 0; i < 32; i += 2)
    message += static_cast<char>(hex_digit(digits[i]) << 4 | hex_digit(digits[i + 1]));
  const auto hash = sha1(message + std::string(name));
  std::vector<unsigned char> bytes;
  for (std::size_t i = 0; i < 16; ++i)
    bytes.push_back(static_cast<unsigned char>(hash[i / 4] >> (24 - i % 4 * 8)));
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x50);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace ostler
