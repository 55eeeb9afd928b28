#include "lib/data/records.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>

#include "lib/base/error.h"
#include "lib/base/strings.h"
#include "lib/data/bytes.h"
#include "lib/data/formats.h"
#include "lib/data/json_array.h"
#include "lib/data/line_readers.h"
#include "lib/data/row_scanner.h"
#include "lib/data/rows.h"
#include "lib/data/stream.h"

namespace ostler {

namespace {

const std::vector<std::string> kFormats = {"csv", "tsv", "jsonl", "json", "text"};

struct Extension {
  std::string_view end;
  std::string_view format;
};
constexpr Extension kExtensions[] = {
    {".csv", "csv"},   {".tsv", "tsv"},  {".tab", "tsv"},   {".jsonl", "jsonl"}, {".ndjson", "jsonl"},
    {".json", "json"}, {".txt", "text"}, {".text", "text"}, {".ft", "text"},
};
constexpr std::string_view kCompressed[] = {".gz", ".zst", ".zstd", ".xz", ".bz2"};

std::string resolve_format(const RecordSource& source, const std::string& asked,
                           const std::string& fallback) {
  std::string format = asked;
  if (format.empty()) format = format_of(source.path);
  if (format.empty()) format = fallback;
  if (format.empty())
    throw invalid_argument("the name of " + source.path +
                           " does not tell its format; say which one: " + join(kFormats, ", "));
  check_format(format);
  return format;
}

// `names`: of the stream's first source, empty while this is it.
std::unique_ptr<RowReader> open_rows(const RecordSource& source, const std::string& format,
                                     std::size_t block_bytes, const std::vector<std::string>& names,
                                     const std::string& text_name,
                                     const std::shared_ptr<Interrupt>& interrupt) {
  std::unique_ptr<ByteSource> bytes = open_bytes(source, interrupt);
  if (format == "text") return open_text(std::move(bytes), source.path, text_name, block_bytes);
  if (format == "json") bytes = json_array_lines(std::move(bytes), source.path);
  if (format != "jsonl" && format != "json")
    return open_csv(std::move(bytes), source.path, format == "tsv" ? '\t' : ',', block_bytes);
  const auto open = reinterpret_cast<OpenJsonl*>(format_entry("jsonl", kJsonlEntry));
  return std::unique_ptr<RowReader>(open(std::move(bytes), source.path, block_bytes, names));
}

// What the column of a text source is called.
std::string text_name(const ReadOptions& options) {
  const bool one = options.columns.size() == 1 && options.columns[0].kind == ColumnKind::text;
  return one ? options.columns[0].name : "text";
}

template <typename T>
void keep_chosen(std::vector<T>& items, const std::vector<std::size_t>& chosen) {
  if (items.empty()) return;
  for (std::size_t i = 0; i < chosen.size(); ++i) items[i] = std::move(items[chosen[i]]);
  items.resize(chosen.size());
}

// Leaves of a batch, whose first row is `first` of its source, the rows that are chosen.
void keep_chosen_rows(RecordBatch& batch, const RowChoice& choice, std::size_t first) {
  if (choice.marks == nullptr) return;
  std::vector<std::size_t> chosen;
  for (std::size_t row = 0; row < batch.rows; ++row)
    if (choice.has(first + row)) chosen.push_back(row);
  if (chosen.size() == batch.rows) return;
  for (Column& column : batch.columns) {
    keep_chosen(column.numbers, chosen);
    keep_chosen(column.texts, chosen);
  }
  keep_chosen(batch.lines, chosen);
  std::vector<RowError> errors;
  for (RowError& error : batch.row_errors) {
    const auto place = std::lower_bound(chosen.begin(), chosen.end(), error.row);
    if (place == chosen.end() || *place != error.row) continue;
    error.row = static_cast<std::size_t>(place - chosen.begin());
    errors.push_back(std::move(error));
  }
  batch.row_errors = std::move(errors);
  batch.rows = chosen.size();
}

class Records : public RecordStream, public Interruptible {
 public:
  Records(const std::vector<RecordSource>& sources, const ReadOptions& options, std::size_t block_bytes)
      : sources_(sources),
        formats_(resolve_formats(sources, options)),
        block_bytes_(block_bytes),
        text_name_(text_name(options)),
        interrupt_(std::make_shared<Interrupt>()),
        reader_(open_rows(sources_.front(), formats_.front(), block_bytes_, {}, text_name_, interrupt_)),
        schema_(reader_->names(), sources_.front().path, options),
        uses_(schema_.uses(reader_->names(), sources_.front().path)),
        builder_(schema_, options.errors, options.batch_rows) {}

  const std::vector<Column>& columns() const override { return schema_.columns; }
  std::vector<std::string> source_columns() const override { return schema_.names; }

  bool next(RecordBatch& batch) override {
    try {
      while (at_ < sources_.size()) {
        if (!reader_) {
          reader_ =
              open_rows(sources_[at_], formats_[at_], block_bytes_, schema_.names, text_name_, interrupt_);
          uses_ = schema_.uses(reader_->names(), sources_[at_].path);
        }
        builder_.start(batch, sources_[at_].path);
        const bool some = reader_->read(builder_, uses_);
        builder_.finish();
        if (some) {
          const std::size_t first = rows_read_;
          rows_read_ += batch.rows;
          keep_chosen_rows(batch, sources_[at_].rows, first);
          if (batch.rows > 0) return true;
          continue;
        }
        reader_.reset();
        ++at_;
        rows_read_ = 0;
      }
    } catch (...) {
      at_ = sources_.size();  // what comes after an error is not looked at
      throw;
    }
    batch.clear();
    return false;
  }

  void interrupt() override { interrupt_->raise(); }

 private:
  // Looks at all sources before the first is read: what is absent should not be found out after an hour.
  static std::vector<std::string> resolve_formats(const std::vector<RecordSource>& sources,
                                                  const ReadOptions& options) {
    if (sources.empty()) throw invalid_argument("there is no data to read");
    std::vector<std::string> formats;
    for (const RecordSource& source : sources) {
      if (source.fd < 0 && !file_status(source.path)) throw invalid_argument("no such file: " + source.path);
      if (source.fd < 0 && is_directory(source.path))
        throw invalid_argument(source.path + " is a directory; name the data files in it");
      formats.push_back(resolve_format(source, options.format, options.fallback_format));
    }
    return formats;
  }

  std::vector<RecordSource> sources_;
  std::vector<std::string> formats_;
  std::size_t block_bytes_;
  std::string text_name_;
  std::shared_ptr<Interrupt> interrupt_;
  std::unique_ptr<RowReader> reader_;  // of sources_[at_]; null: not open yet
  std::size_t at_ = 0;
  std::size_t rows_read_ = 0;  // of that source
  Schema schema_;
  std::vector<CellUse> uses_;
  RowBuilder builder_;
};

}  // namespace

std::vector<RecordSource> record_sources(const RowFiles& files) {
  std::vector<RecordSource> sources;
  for (std::size_t i = 0; i < files.paths.size(); ++i) {
    sources.push_back({files.paths[i]});
    sources.back().rows = files.rows_of(i);
  }
  return sources;
}

std::unique_ptr<RecordStream> open_records(const std::vector<RecordSource>& sources,
                                           const ReadOptions& options, std::size_t block_bytes) {
  return std::make_unique<Records>(sources, options, block_bytes);
}

std::unique_ptr<RecordStream> open_records(const std::vector<RecordSource>& sources,
                                           const ReadOptions& options) {
  return open_records(sources, options, kBlockBytes);
}

std::vector<std::string> read_column_names(const RecordSource& source, const std::string& format) {
  const std::string resolved = resolve_format(source, format, {});
  return open_rows(source, resolved, kBlockBytes, {}, text_name({}), std::make_shared<Interrupt>())->names();
}

std::string format_of(const std::string& path) {
  std::string name = file_name(path);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  for (std::string_view end : kCompressed)
    if (ends_with(name, end)) {
      name.resize(name.size() - end.size());
      break;
    }
  for (const Extension& extension : kExtensions)
    if (ends_with(name, extension.end)) return std::string(extension.format);
  return {};
}

void check_format(const std::string& format) {
  if (std::find(kFormats.begin(), kFormats.end(), format) != kFormats.end()) return;
  std::string message = "no such data format: " + format;
  const std::string hint = did_you_mean(format, kFormats);
  throw invalid_argument(message + (hint.empty() ? "; known: " + join(kFormats, ", ") : hint));
}

}  // namespace ostler
