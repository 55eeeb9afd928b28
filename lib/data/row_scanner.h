#pragma once

// Internal to lib/data: cuts a source's bytes into rows, without a copy.
//
// Bytes are read into shared blocks; a row is a view into the current one, which whoever keeps the view keeps
// alive. A block that nobody else holds is used again. The last, incomplete row of a block is carried into
// the next.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/data/bytes.h"

namespace ostler {

inline constexpr std::size_t kBlockBytes = 1 << 20;
inline constexpr std::size_t kBlockPadding = 128;  // readable bytes after every row: simdjson looks ahead

class RowScanner {
 public:
  struct Options {
    bool quotes = false;  // line ends within quotes belong to the row
    char separator = ',';
    bool check_bytes = true;  // look for NUL and for what is not UTF-8
    std::size_t block_bytes = kBlockBytes;
    // A quote that is never closed makes the rest of the file one row: memory must not follow.
    std::size_t longest_row = std::size_t{64} << 20;
  };
  enum class State { row, none_yet, end };

  RowScanner(std::unique_ptr<ByteSource> bytes, std::string name, Options options);

  // The next row; a BOM is skipped. none_yet, when it would have to be waited for, comes only without
  // `may_wait`.
  State next(bool may_wait);

  // The row as of the last next(): its text without the line end, its first line, from 1.
  std::string_view text() const { return text_; }
  std::uint64_t line() const { return line_; }
  bool has_quotes() const { return in_quotes_; }
  // Why it cannot be taken whatever its cells are; empty when it can.
  std::string problem() const;
  bool has_problem() const { return bad_ != nullptr || unclosed_; }
  const std::shared_ptr<const char[]>& block() const { return shared_; }
  const std::string& name() const { return name_; }
  // "x.csv:17"
  std::string place() const { return name_ + ":" + std::to_string(line_); }

 private:
  bool find_end();
  bool find_quoted_end();
  bool quote_before(const char* limit);
  void fill();
  void skip_bom();
  void take(const char* end, const char* next);
  void check(const char* end);

  std::unique_ptr<ByteSource> bytes_;
  std::string name_;
  Options options_;
  std::shared_ptr<char[]> block_;
  std::shared_ptr<const char[]> shared_;  // the same
  std::size_t capacity_ = 0;
  bool started_ = false, at_end_ = false;

  // Within the block: the current row's start, the end of what was read, how far the search for the row's end
  // came, the first quote at or after the row's start (end_: none), the end of what is known to be clean
  // text.
  char* begin_ = nullptr;
  char* end_ = nullptr;
  const char* scan_ = nullptr;
  const char* quote_ = nullptr;
  const char* clean_ = nullptr;
  const char* row_end_ = nullptr;  // found by find_end: the line end

  enum class Cell { start, plain, quoted, closed };
  bool in_quotes_ = false;  // the row has quotes: cells matter to where it ends
  Cell cell_ = Cell::start;
  std::uint64_t breaks_ = 0;  // line ends within quotes

  std::string_view text_;
  std::uint64_t line_ = 1, next_line_ = 1;
  const char* bad_ = nullptr;
  bool unclosed_ = false;
};

}  // namespace ostler
