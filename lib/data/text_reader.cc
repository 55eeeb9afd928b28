#include "lib/base/error.h"
#include "lib/data/line_readers.h"
#include "lib/data/row_scanner.h"

namespace ostler {

namespace {

class TextReader : public RowReader {
 public:
  TextReader(std::unique_ptr<ByteSource> bytes, const std::string& name, const std::string& column,
             std::size_t block_bytes)
      : rows_(std::move(bytes), name, {.block_bytes = block_bytes}), names_{column} {
    pending_ = rows_.next(true) == RowScanner::State::row;
    if (!pending_) throw invalid_argument(name + " is empty");
  }

  const std::vector<std::string>& names() const override { return names_; }

  bool read(RowBuilder& out, const std::vector<CellUse>& uses) override {
    while (!out.full()) {
      if (!pending_ && rows_.next(out.rows() == 0) != RowScanner::State::row) break;
      pending_ = false;
      out.keep_alive(rows_.block());
      out.add_row(rows_.line());
      if (rows_.has_problem())
        out.fail_row(rows_.problem());
      else
        out.cell(uses[0], rows_.text());
    }
    return out.rows() > 0;
  }

 private:
  RowScanner rows_;
  bool pending_ = false;  // the row that told that the source is not empty
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<RowReader> open_text(std::unique_ptr<ByteSource> bytes, const std::string& name,
                                     const std::string& column, std::size_t block_bytes) {
  return std::make_unique<TextReader>(std::move(bytes), name, column, block_bytes);
}

}  // namespace ostler
