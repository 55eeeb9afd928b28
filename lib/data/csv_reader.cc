#include <charconv>
#include <cstring>

#include "lib/base/error.h"
#include "lib/data/line_readers.h"
#include "lib/data/row_scanner.h"

namespace ostler {

namespace {

class CsvReader : public RowReader {
 public:
  CsvReader(std::unique_ptr<ByteSource> bytes, const std::string& name, char separator,
            std::size_t block_bytes)
      : separator_(separator),
        rows_(std::move(bytes), name, {.quotes = true, .separator = separator, .block_bytes = block_bytes}) {
    read_header();
  }

  const std::vector<std::string>& names() const override { return names_; }

  bool read(RowBuilder& out, const std::vector<CellUse>& uses) override {
    while (!out.full()) {
      if (rows_.next(out.rows() == 0) != RowScanner::State::row) break;
      const std::string_view row = rows_.text();
      if (row.empty()) continue;
      out.keep_alive(rows_.block());
      out.add_row(rows_.line());
      if (rows_.has_problem())
        out.fail_row(rows_.problem());
      else if (rows_.has_quotes())
        quoted_row(out, uses, row);
      else
        plain_row(out, uses, row);
    }
    return out.rows() > 0;
  }

 private:
  // One cell of a row that has quotes: where it ends, and what is in it.
  struct Cell {
    std::string_view text;  // with quotes still doubled where `doubled`
    bool quoted = false;
    bool doubled = false;
    const char* end =
        nullptr;  // at the separator or the row's end; null: there is text after the closing quote
  };

  const char* cell_end(const char* at, const char* end) const {
    const void* found = std::memchr(at, separator_, static_cast<std::size_t>(end - at));
    return found == nullptr ? end : static_cast<const char*>(found);
  }

  Cell next_cell(const char* at, const char* end) const {
    Cell cell;
    if (at == end || *at != '"') {
      cell.end = cell_end(at, end);
      cell.text = {at, static_cast<std::size_t>(cell.end - at)};
      return cell;
    }
    cell.quoted = true;
    const char* close = at + 1;
    for (;; close += 2) {
      close = static_cast<const char*>(std::memchr(close, '"', static_cast<std::size_t>(end - close)));
      if (close == nullptr) return cell;
      if (close + 1 == end || close[1] != '"') break;
      cell.doubled = true;
    }
    cell.text = {at + 1, static_cast<std::size_t>(close - at - 1)};
    if (close + 1 == end || close[1] == separator_) cell.end = close + 1;
    return cell;
  }

  static std::string undouble(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
      plain += text[i];
      if (text[i] == '"') ++i;
    }
    return plain;
  }

  void read_header() {
    do {
      if (rows_.next(true) != RowScanner::State::row)
        throw invalid_argument(rows_.name() + " is empty; its first line must name the columns");
    } while (rows_.text().empty());
    if (rows_.has_problem()) throw invalid_argument(rows_.place() + ": " + rows_.problem());
    const char* at = rows_.text().data();
    const char* end = at + rows_.text().size();
    for (;; ++at) {
      const Cell cell = next_cell(at, end);
      if (cell.end == nullptr) throw invalid_argument(rows_.place() + ": " + after_quote(names_.size()));
      names_.push_back(cell.doubled ? undouble(cell.text) : std::string(cell.text));
      at = cell.end;
      if (at == end) break;
    }
    check_names(names_, rows_.place());
  }

  static std::string after_quote(std::size_t column) {
    return "cell " + std::to_string(column + 1) + " has text after its closing quote";
  }

  static void text_cell(RowBuilder& out, const CellUse& use, std::string_view text) {
    if (use.number >= 0) out.number_cell(use.number, text);
    if (use.text >= 0 && !text.empty() && (text != "NA" || out.is_kept(use.text))) out.text(use.text, text);
  }

  // The fast path. A number is parsed where it stands, so that its cell is walked over once.
  void plain_row(RowBuilder& out, const std::vector<CellUse>& uses, std::string_view row) const {
    const char* at = row.data();
    const char* const end = at + row.size();
    const CellUse* const last = uses.data() + uses.size();
    for (const CellUse* use = uses.data();; ++at) {
      const char* const start = at;
      double number;
      if (use->number >= 0 && use->text < 0) {
        const auto [stop, error] = std::from_chars(at, end, number);
        if (error == std::errc() && (stop == end || *stop == separator_)) {
          out.number(use->number, number);
          at = stop;
        } else {
          at = cell_end(at, end);
          out.number_cell(use->number, {start, static_cast<std::size_t>(at - start)});
        }
      } else {
        at = cell_end(at, end);
        if (use->text >= 0) text_cell(out, *use, {start, static_cast<std::size_t>(at - start)});
      }
      ++use;
      if (at == end || use == last) {
        if (at != end || use != last) ragged(out, uses.size(), row);
        return;
      }
    }
  }

  void quoted_row(RowBuilder& out, const std::vector<CellUse>& uses, std::string_view row) const {
    const char* at = row.data();
    const char* const end = at + row.size();
    for (std::size_t i = 0;; ++at) {
      const Cell cell = next_cell(at, end);
      if (cell.end == nullptr) return out.fail_row(after_quote(i));
      const CellUse& use = uses[i];
      if (!cell.quoted)
        text_cell(out, use, cell.text);
      else if (!cell.doubled)
        out.cell(use, cell.text);
      else if (use.number >= 0 || use.text >= 0)
        out.cell(use, out.store(undouble(cell.text)));
      at = cell.end;
      ++i;
      if (at == end || i == uses.size()) {
        if (at != end || i != uses.size()) ragged(out, uses.size(), row);
        return;
      }
    }
  }

  void ragged(RowBuilder& out, std::size_t expected, std::string_view row) const {
    std::size_t cells = 0;
    const char* const end = row.data() + row.size();
    for (const char* at = row.data();; ++at) {
      const Cell cell = next_cell(at, end);
      if (cell.end == nullptr) return out.fail_row(after_quote(cells));
      ++cells;
      at = cell.end;
      if (at == end) break;
    }
    out.fail_row(std::to_string(cells) + (cells == 1 ? " cell" : " cells") + ", but the header has " +
                 std::to_string(expected));
  }

  char separator_;
  RowScanner rows_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<RowReader> open_csv(std::unique_ptr<ByteSource> bytes, const std::string& name,
                                    char separator, std::size_t block_bytes) {
  return std::make_unique<CsvReader>(std::move(bytes), name, separator, block_bytes);
}

}  // namespace ostler
