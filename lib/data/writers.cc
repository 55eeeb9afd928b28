#include <charconv>
#include <cmath>
#include <cstring>
#include <unordered_set>

#include "lib/base/error.h"
#include "lib/data/records.h"

namespace ostler {

namespace {

// The shortest text that reads back as the same number; integers without an exponent.
void append_number(std::string& out, double number) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  char text[32];
  std::to_chars_result end;
  if (std::fabs(number) < kExact && number == std::trunc(number))
    end = std::to_chars(text, text + sizeof text, static_cast<long long>(number));
  else
    end = std::to_chars(text, text + sizeof text, number);
  out.append(text, static_cast<std::size_t>(end.ptr - text));
}

void check_distinct(const std::vector<std::string>& names) {
  std::unordered_set<std::string_view> seen;
  for (const std::string& name : names)
    if (!seen.insert(name).second)
      throw invalid_argument("the output would have two columns named \"" + name +
                             "\"; leave one of them out, or rename it in the data");
}

class Writer : public RecordWriter {
 public:
  std::string take() override { return std::exchange(out_, {}); }

 protected:
  std::string out_;
};

class CsvWriter : public Writer {
 public:
  CsvWriter(const std::vector<Column>& columns, char separator) : separator_(separator) {
    std::vector<std::string> names;
    for (const Column& column : columns)
      names.push_back(column.role == ColumnRole::probability ? "probability_" + column.name : column.name);
    check_distinct(names);
    for (std::size_t c = 0; c < names.size(); ++c) {
      if (c > 0) out_ += separator_;
      text(names[c]);
    }
    if (!names.empty()) out_ += '\n';
  }

  void write(const RecordBatch& batch) override {
    const std::size_t columns = batch.columns.size();
    for (std::size_t row = 0; row < batch.rows; ++row) {
      const std::size_t start = out_.size();
      for (std::size_t c = 0; c < columns; ++c) {
        const Column& column = batch.columns[c];
        if (c > 0) out_ += separator_;
        if (column.kind == ColumnKind::text)
          text(column.texts[row]);
        else if (!std::isnan(column.numbers[row]))
          append_number(out_, column.numbers[row]);
      }
      if (out_.size() == start) out_ += "\"\"";  // a blank line would be no row
      out_ += '\n';
    }
  }

 private:
  // Quoted where it would not be read back as it is: an empty text is not a missing one, "NA" is not missing.
  void text(std::string_view cell) {
    if (cell.data() == nullptr) return;
    bool quote = cell.empty() || cell == "NA" || cell.front() == '\xEF';
    for (const char c : cell) quote = quote || c == separator_ || c == '"' || c == '\n' || c == '\r';
    if (!quote) {
      out_ += cell;
      return;
    }
    out_ += '"';
    for (const char c : cell) {
      if (c == '"') out_ += '"';
      out_ += c;
    }
    out_ += '"';
  }

  char separator_;
};

void append_json(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, from, i - from);
    from = i + 1;
    out += '\\';
    if (c == '"' || c == '\\')
      out += static_cast<char>(c);
    else if (c == '\n')
      out += 'n';
    else if (c == '\r')
      out += 'r';
    else if (c == '\t')
      out += 't';
    else
      ((out += "u00") += kHex[c >> 4]) += kHex[c & 15];
  }
  out.append(text, from);
  out += '"';
}

// RFC 8259: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
bool is_json_number(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto digits = [&] {
    const char* const start = at;
    while (at != end && *at >= '0' && *at <= '9') ++at;
    return at != start;
  };
  if (at != end && *at == '-') ++at;
  if (at != end && *at == '0')
    ++at;
  else if (!digits())
    return false;
  if (at != end && *at == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    if (!digits()) return false;
  }
  return at == end;
}

class JsonlWriter : public Writer {
 public:
  JsonlWriter(const std::vector<Column>& columns, bool bare_numbers) : bare_numbers_(bare_numbers) {
    std::vector<std::string> names, classes;
    for (const Column& column : columns) {
      (column.role == ColumnRole::probability ? classes : names).push_back(column.name);
      std::string& key = keys_.emplace_back();
      append_json(key, column.name);
      key += ": ";
    }
    if (!classes.empty()) names.push_back("probabilities");
    check_distinct(names);
    check_distinct(classes);
  }

  void write(const RecordBatch& batch) override {
    for (std::size_t row = 0; row < batch.rows; ++row) {
      out_ += '{';
      bool first = true, probabilities = false;
      for (std::size_t c = 0; c < batch.columns.size(); ++c) {
        probabilities = probabilities || batch.columns[c].role == ColumnRole::probability;
        if (batch.columns[c].role != ColumnRole::probability) member(batch.columns[c], c, row, first);
      }
      if (probabilities) {
        out_ += first ? "\"probabilities\": {" : ", \"probabilities\": {";
        first = true;
        for (std::size_t c = 0; c < batch.columns.size(); ++c)
          if (batch.columns[c].role == ColumnRole::probability) member(batch.columns[c], c, row, first);
        out_ += '}';
      }
      out_ += "}\n";
    }
  }

 private:
  void member(const Column& column, std::size_t index, std::size_t row, bool& first) {
    if (!first) out_ += ", ";
    first = false;
    out_ += keys_[index];
    if (column.kind == ColumnKind::text) {
      if (column.texts[row].data() == nullptr)
        out_ += "null";
      else if (bare_numbers_ && is_json_number(column.texts[row]))
        out_ += column.texts[row];
      else
        append_json(out_, column.texts[row]);
    } else if (std::isfinite(column.numbers[row])) {
      append_number(out_, column.numbers[row]);
    } else {
      out_ += "null";
    }
  }

  bool bare_numbers_;
  std::vector<std::string> keys_;  // as they are written, with the colon
};

class TextWriter : public Writer {
 public:
  explicit TextWriter(const std::vector<Column>& columns) {
    while (index_ < columns.size() && columns[index_].role != ColumnRole::prediction) ++index_;
    if (index_ == columns.size()) index_ = 0;
  }

  void write(const RecordBatch& batch) override {
    for (std::size_t row = 0; row < batch.rows; ++row) {
      const Column& column = batch.columns[index_];
      if (column.kind == ColumnKind::text) {
        for (const char c : column.texts[row]) out_ += c == '\n' || c == '\r' ? ' ' : c;  // one row, one line
      } else if (!std::isnan(column.numbers[row])) {
        append_number(out_, column.numbers[row]);
      }
      out_ += '\n';
    }
  }

 private:
  std::size_t index_ = 0;
};

}  // namespace

std::unique_ptr<RecordWriter> make_writer(const std::string& format, const std::vector<Column>& columns,
                                          bool bare_numbers) {
  check_format(format);
  if (format == "json")
    throw invalid_argument("rows are not written as one JSON array; write JSON Lines (jsonl)");
  if (format == "jsonl") return std::make_unique<JsonlWriter>(columns, bare_numbers);
  if (format == "text") return std::make_unique<TextWriter>(columns);
  return std::make_unique<CsvWriter>(columns, format == "tsv" ? '\t' : ',');
}

}  // namespace ostler
