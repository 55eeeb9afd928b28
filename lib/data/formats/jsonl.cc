// jsonl.so: JSON Lines through simdjson's on-demand parser. See lib/data/formats.h.
//
// The parser checks UTF-8 and the outline of every line; of the values only those that are read. Texts
// without escapes and numbers are views into the block.

#include <simdjson.h>

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/data/formats.h"
#include "lib/data/row_scanner.h"

namespace ostler {

namespace {

namespace json = simdjson::ondemand;
static_assert(simdjson::SIMDJSON_PADDING <= kBlockPadding);

class JsonlReader : public RowReader {
 public:
  JsonlReader(std::unique_ptr<ByteSource> bytes, const std::string& name, std::size_t block_bytes,
              const std::vector<std::string>& names)
      : lines_(std::move(bytes), name, {.check_bytes = false, .block_bytes = block_bytes}) {
    read_names(names);
    seen_.assign(names_.size(), 0);
  }

  const std::vector<std::string>& names() const override { return names_; }

  bool read(RowBuilder& out, const std::vector<CellUse>& uses) override {
    while (!out.full()) {
      if (!pending_ && !next_line(out.rows() == 0)) break;
      pending_ = false;
      out.keep_alive(lines_.block());
      out.add_row(lines_.line());
      ++row_;
      const std::string problem = read_row(out, uses);
      if (!problem.empty()) out.fail_row(problem);
    }
    return out.rows() > 0;
  }

 private:
  // False: there is none, or none yet. Blank lines are skipped.
  bool next_line(bool may_wait) {
    do {
      if (lines_.next(may_wait) != RowScanner::State::row) return false;
    } while (trim(lines_.text()).empty());
    return true;
  }

  static std::string not_json(simdjson::error_code error) {
    if (error == simdjson::UTF8_ERROR) return "this line is not UTF-8; convert the data with iconv";
    if (error == simdjson::INCORRECT_TYPE) return "this line is not a JSON object";
    std::string_view text = simdjson::error_message(error);
    const std::size_t colon = text.find(": ");  // "TAPE_ERROR: The JSON ..."
    if (colon != std::string_view::npos) text.remove_prefix(colon + 2);
    return "this line is not valid JSON: " + std::string(text);
  }

  // Calls `member(key, value)` for each, until it gives a problem. The problem, or nothing.
  template <typename Member>
  std::string each_member(Member member) {
    const std::string_view line = lines_.text();
    json::document document;
    json::object object;
    auto error = parser_.iterate(line.data(), line.size(), line.size() + kBlockPadding).get(document);
    if (!error) error = document.get_object().get(object);
    if (error) return not_json(error);
    for (auto item : object) {
      json::field field;
      std::string_view key;
      if ((error = std::move(item).get(field))) return not_json(error);
      if ((error = field.unescaped_key().get(key))) return not_json(error);
      std::string problem = member(key, field.value());
      if (!problem.empty()) return problem;
    }
    const char* rest = nullptr;
    if (document.current_location().get(rest) != simdjson::OUT_OF_BOUNDS)
      return "there is something after the object on this line";
    return {};
  }

  void read_names(const std::vector<std::string>& names) {
    pending_ = next_line(true);
    if (!pending_) throw invalid_argument(lines_.name() + " is empty; it must have an object a line");
    const std::string problem = each_member([&](std::string_view key, json::value) -> std::string {
      names_.emplace_back(key);
      return key.find('\0') == std::string_view::npos ? "" : "there is a NUL byte in a key";
    });
    if (!problem.empty()) throw invalid_argument(lines_.place() + ": " + problem);
    check_names(names_, lines_.place());
    if (names.empty()) return;
    const auto known = [&](const std::string& name) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (std::none_of(names_.begin(), names_.end(), known))
      throw invalid_argument(lines_.place() + ": none of the keys is a column of the data before");
    names_ = names;
  }

  // The column of a key; names_.size() for none. Objects have mostly the same keys in the same order.
  std::size_t find(std::string_view key, std::size_t expected) const {
    if (expected < names_.size() && names_[expected] == key) return expected;
    return static_cast<std::size_t>(std::find(names_.begin(), names_.end(), key) - names_.begin());
  }

  std::string read_row(RowBuilder& out, const std::vector<CellUse>& uses) {
    std::size_t expected = 0;
    return each_member([&](std::string_view key, json::value value) -> std::string {
      const std::size_t column = find(key, expected);
      if (column == names_.size()) return {};
      expected = column + 1;
      if (seen_[column] == row_) return "the key \"" + names_[column] + "\" is there twice";
      seen_[column] = row_;
      const CellUse& use = uses[column];
      if (use.number < 0 && use.text < 0) return {};
      return read_cell(out, use, names_[column], value);
    });
  }

  std::string read_cell(RowBuilder& out, const CellUse& use, const std::string& name, json::value value) {
    json::json_type type;
    if (const auto error = value.type().get(type)) return not_json(error);
    if (type == json::json_type::number) {
      const std::string_view token = trim(value.raw_json_token());
      double number = 0;
      if (const auto error = value.get_double().get(number)) return not_json(error);
      if (use.number >= 0) out.number(use.number, number);
      if (use.text >= 0) out.text(use.text, token);
      return {};
    }
    if (type == json::json_type::string) {
      std::string_view text = value.raw_json_token();
      const std::size_t close = text.find('"', 1);
      if (text.find('\\') < close) {
        if (const auto error = value.get_string().get(text)) return not_json(error);
        if (text.find('\0') != std::string_view::npos) return "there is a NUL byte in \"" + name + "\"";
        text = out.store(text);
      } else {
        text = text.substr(1, close - 1);
      }
      out.cell(use, text);
      return {};
    }
    if (type == json::json_type::null) {
      bool is_null = false;
      if (const auto error = value.is_null().get(is_null)) return not_json(error);
      return is_null ? std::string() : not_json(simdjson::N_ATOM_ERROR);
    }
    if (type == json::json_type::boolean) {
      bool yes = false;
      if (const auto error = value.get_bool().get(yes)) return not_json(error);
      out.cell(use, yes ? "true" : "false");
      return {};
    }
    out.fail_cell("\"" + name + "\" is " + (type == json::json_type::array ? "a list" : "an object") +
                  ", which cannot be a cell");
    return {};
  }

  RowScanner lines_;
  json::parser parser_;
  bool pending_ = false;  // the first object's line, which is a row too
  std::vector<std::string> names_;
  std::vector<std::uint64_t> seen_;  // the last row that had this column
  std::uint64_t row_ = 0;
};

}  // namespace

extern "C" RowReader* ostler_open_jsonl(std::unique_ptr<ByteSource> bytes, const std::string& name,
                                        std::size_t block_bytes, const std::vector<std::string>& names) {
  return new JsonlReader(std::move(bytes), name, block_bytes, names);
}
static_assert(std::is_same_v<decltype(ostler_open_jsonl), OpenJsonl>);

}  // namespace ostler
