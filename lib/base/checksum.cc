#include "lib/base/checksum.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/files.h"

namespace ostler {

namespace {

std::string to_hex(XXH128_hash_t hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned char byte : canonical.digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

std::string checksum(std::string_view content) {
  return to_hex(XXH3_128bits(content.data(), content.size()));
}

FileChecksum checksum_file(const std::string& path) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(),
                                                                              XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::vector<char> block(1 << 18);
  FileChecksum result;
  for (;;) {
    const ssize_t count = ::read(fd.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(errno, "cannot read " + path);
    if (count == 0) break;
    XXH3_128bits_update(state.get(), block.data(), static_cast<std::size_t>(count));
    result.size += static_cast<std::uint64_t>(count);
  }
  result.xxh3 = to_hex(XXH3_128bits_digest(state.get()));
  return result;
}

}  // namespace ostler
