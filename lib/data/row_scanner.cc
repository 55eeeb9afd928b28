#include "lib/data/row_scanner.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>

#include "lib/base/error.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

const char* find_byte(const char* begin, const char* end, char byte) {
  if (begin == end) return end;
  const void* found = std::memchr(begin, byte, static_cast<std::size_t>(end - begin));
  return found == nullptr ? end : static_cast<const char*>(found);
}

}  // namespace

RowScanner::RowScanner(std::unique_ptr<ByteSource> bytes, std::string name, Options options)
    : bytes_(std::move(bytes)), name_(std::move(name)), options_(options) {}

RowScanner::State RowScanner::next(bool may_wait) {
  if (!started_) skip_bom();
  line_ = next_line_;
  for (;;) {
    if (find_end()) {
      take(row_end_, row_end_ + 1);
      return State::row;
    }
    if (at_end_) {
      if (begin_ == end_) return State::end;
      unclosed_ = in_quotes_ && cell_ == Cell::quoted;
      take(end_, end_);
      return State::row;
    }
    if (!may_wait && !bytes_->ready()) return State::none_yet;
    fill();
  }
}

// The row ends before `end`, the next one begins at `next`.
void RowScanner::take(const char* end, const char* next) {
  bad_ = nullptr;
  if (options_.check_bytes && end > clean_) check(end);
  next_line_ = line_ + breaks_ + 1;
  const char* last = end > begin_ && end[-1] == '\r' ? end - 1 : end;
  text_ = {begin_, static_cast<std::size_t>(last - begin_)};
  begin_ += next - begin_;
  scan_ = begin_;
}

bool RowScanner::find_end() {
  if (scan_ == begin_) {
    in_quotes_ = false;
    breaks_ = 0;
  }
  if (in_quotes_) return find_quoted_end();
  row_end_ = find_byte(scan_, end_, '\n');
  if (options_.quotes && quote_before(row_end_)) {
    in_quotes_ = true;
    cell_ = Cell::start;
    scan_ = begin_;
    return find_quoted_end();
  }
  scan_ = row_end_;
  return row_end_ != end_;
}

bool RowScanner::quote_before(const char* limit) {
  if (quote_ < begin_) quote_ = find_byte(begin_, end_, '"');
  return quote_ < limit;
}

// A quote opens a quoted cell only at the cell's start; the splitter complains about the others or takes them
// as they are.
bool RowScanner::find_quoted_end() {
  const char* at = scan_;
  for (; at != end_; ++at) {
    if (cell_ == Cell::quoted) {
      const char* close = find_byte(at, end_, '"');
      breaks_ += static_cast<std::uint64_t>(std::count(at, close, '\n'));
      at = close;
      if (at == end_) break;
      cell_ = Cell::closed;
      continue;
    }
    const char c = *at;
    if (c == '\n') break;
    if (c == options_.separator)
      cell_ = Cell::start;
    else if (c == '"' && cell_ != Cell::plain)
      cell_ = Cell::quoted;
    else
      cell_ = Cell::plain;
  }
  row_end_ = scan_ = at;
  return at != end_;
}

// Looks at all complete rows that are here at once; row by row only around what is not clean.
void RowScanner::check(const char* end) {
  const char* last = end_;
  while (last > end && last[-1] != '\n') --last;
  const std::string_view text(begin_, static_cast<std::size_t>(last - begin_));
  const std::string_view valid = text.substr(0, find_invalid_utf8(text));
  const char* bad = find_byte(valid.data(), valid.data() + valid.size(), '\0');
  clean_ = bad;
  if (bad < end) {
    bad_ = bad;
    clean_ = end;
  }
}

std::string RowScanner::problem() const {
  if (unclosed_) return "a quote is opened in this row and never closed";
  if (bad_ == nullptr) return {};
  if (*bad_ == '\0') return "there is a NUL byte in this row";
  char byte[8];
  std::snprintf(byte, sizeof byte, "0x%02X", static_cast<unsigned char>(*bad_));
  return "byte " + std::string(byte) + " at position " + std::to_string(bad_ - text_.data() + 1) +
         " of this row is not UTF-8; convert the data with iconv";
}

void RowScanner::fill() {
  const std::size_t unread = static_cast<std::size_t>(end_ - begin_);
  if (unread > options_.longest_row)
    throw invalid_argument(place() + ": a row of more than " + std::to_string(options_.longest_row >> 20) +
                           " MiB" + (options_.quotes ? "; is a quote never closed?" : ""));
  if (end_ == block_.get() + capacity_) {
    const char* old = begin_;
    // shared_ and block_ are ours. The fence: what another thread did with the block is done.
    const bool ours = block_.use_count() == 2;
    std::atomic_thread_fence(std::memory_order_acquire);
    if (ours && unread <= capacity_ / 2) {
      std::memmove(block_.get(), begin_, unread);
      begin_ = block_.get();
    } else {
      capacity_ = std::max(options_.block_bytes, unread * 2);
      auto block = std::make_shared_for_overwrite<char[]>(capacity_ + kBlockPadding);
      if (unread > 0) std::memcpy(block.get(), begin_, unread);
      block_ = std::move(block);
      shared_ = block_;
      begin_ = block_.get();
    }
    end_ = begin_ + unread;
    if (old != nullptr) {
      scan_ = begin_ + (scan_ - old);
      quote_ = quote_ < old ? nullptr : begin_ + (quote_ - old);
      clean_ = clean_ < old ? nullptr : begin_ + (clean_ - old);
    } else {
      scan_ = begin_;
    }
  }
  const char* old_end = end_;
  const std::size_t got = bytes_->read(end_, static_cast<std::size_t>(block_.get() + capacity_ - end_));
  if (got == 0) at_end_ = true;
  end_ += got;
  if (options_.quotes && quote_ == old_end) quote_ = find_byte(old_end, end_, '"');
}

void RowScanner::skip_bom() {
  constexpr std::string_view kBom = "\xEF\xBB\xBF";
  started_ = true;
  for (;;) {
    const std::string_view start(begin_, static_cast<std::size_t>(end_ - begin_));
    if (start.substr(0, 3) == kBom) {
      begin_ += kBom.size();
      scan_ = begin_;
      return;
    }
    if (at_end_ || (!start.empty() && !starts_with(kBom, start))) return;
    fill();
  }
}

}  // namespace ostler
