#include "commands/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "commands/output.h"
#include "lib/base/strings.h"
#include "lib/core/metrics.h"

namespace ostler {

namespace {

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;  // done, value; done ascends
};

std::vector<Series> series_of(const Value& curve) {
  std::vector<Series> all;
  for (const Value& point : curve.as_array()) {
    const double done = point.get_number("done");
    for (const auto& [name, value] : point.at("metrics").as_object()) {
      if (!value.is_number() || !std::isfinite(value.as_number())) continue;
      auto found = std::find_if(all.begin(), all.end(),
                                [&name = name](const Series& one) { return one.name == name; });
      if (found == all.end()) found = all.insert(all.end(), Series{name, {}});
      // A later attempt begins anew.
      while (!found->points.empty() && found->points.back().first >= done) found->points.pop_back();
      found->points.emplace_back(done, value.as_number());
    }
  }
  all.erase(std::remove_if(all.begin(), all.end(), [](const Series& one) { return one.points.size() < 2; }),
            all.end());
  return all;
}

bool is_of_training(const Series& series) { return starts_with(series.name, "train_"); }

bool is_loss(const Series& series) {
  const std::string name = is_of_training(series) ? series.name.substr(6) : series.name;
  const MetricSpec* known = find_metric(name);
  return known != nullptr ? !known->larger_is_better : name.find("loss") != std::string::npos;
}

// The value at each of `count` evenly spaced places, between points on the line from one to the next.
std::vector<double> sampled(const Series& series, std::size_t count) {
  const auto& points = series.points;
  const double first = points.front().first, last = points.back().first;
  std::vector<double> values;
  std::size_t next = 1;
  for (std::size_t i = 0; i < count; ++i) {
    const double part = count > 1 ? static_cast<double>(i) / static_cast<double>(count - 1) : 0.0;
    const double at = first + (last - first) * part;
    while (next + 1 < points.size() && points[next].first < at) ++next;
    const auto& [x0, y0] = points[next - 1];
    const auto& [x1, y1] = points[next];
    // Not y1 - y0, which may overflow.
    const double way = std::clamp((at - x0) / (x1 - x0), 0.0, 1.0);
    values.push_back(y0 * (1 - way) + y1 * way);
  }
  return values;
}

std::string utf8(char32_t point) {  // of three bytes
  return {static_cast<char>(0xE0U | point >> 12U), static_cast<char>(0x80U | (point >> 6U & 0x3FU)),
          static_cast<char>(0x80U | (point & 0x3FU))};
}

// Rows from the top, of `width` characters: a dot for each value, and dots between it and the one before.
std::vector<std::string> line_drawing(const Series& series, std::size_t width, std::size_t height,
                                      bool unicode) {
  const std::size_t across = unicode ? 2 : 1, down = unicode ? 4 : 1;  // dots of a character
  const std::vector<double> values = sampled(series, width * across);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  // A braille character's dots by column and row, from the top.
  constexpr unsigned kDots[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};
  std::vector<std::vector<unsigned>> cells(height, std::vector<unsigned>(width, 0));
  std::size_t before = 0;
  for (std::size_t x = 0; x < values.size(); ++x) {
    const std::size_t y = height * down - 1 - level_of(values[x], *low, *high, height * down);
    if (x == 0) before = y;
    // The way from the one before is this column's, without the other's own dot.
    const std::size_t from = y > before ? before + 1 : y,
                      to = y > before ? y : std::max(y, before) - (before > y);
    for (std::size_t dot = from; dot <= to; ++dot)
      cells[dot / down][x / across] |= unicode ? kDots[x % 2][dot % 4] : 1U;
    before = y;
  }
  std::vector<std::string> rows;
  for (const auto& row : cells) {
    std::string& text = rows.emplace_back();
    for (const unsigned dots : row)
      text += dots == 0 ? std::string(" ") : unicode ? utf8(0x2800 + dots) : std::string("*");
    while (!text.empty() && text.back() == ' ') text.pop_back();
  }
  return rows;
}

std::string blocks(const Series& series, std::size_t width) {
  const std::vector<double> values = sampled(series, width);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::string text;
  for (const double value : values)
    text += utf8(0x2581 + static_cast<char32_t>(level_of(value, *low, *high, 8)));
  return text;
}

std::string summary(const Series& series, const std::string& unit) {
  const bool loss = is_loss(series);
  const auto best = loss ? std::min_element(series.points.begin(), series.points.end(),
                                            [](const auto& a, const auto& b) { return a.second < b.second; })
                         : std::max_element(series.points.begin(), series.points.end(),
                                            [](const auto& a, const auto& b) { return a.second < b.second; });
  return fmt::format("{}, now {}, {} {} at {} {}", in_one_line(series.name),
                     shown_number(series.points.back().second), loss ? "least" : "most",
                     shown_number(best->second), shown_number(best->first), in_one_line(unit));
}

}  // namespace

std::size_t level_of(double value, double low, double high, std::size_t levels) {
  // Halves, whose difference cannot overflow; what differs by rounding alone is one value.
  const double range = high / 2 - low / 2;
  if (!(range > 1e-9 * std::max(std::fabs(low), std::fabs(high)))) return levels / 2;
  const double part = std::clamp((value / 2 - low / 2) / range, 0.0, 1.0);
  return static_cast<std::size_t>(std::lround(part * static_cast<double>(levels - 1)));
}

std::string draw_curve(const Value& curve, const std::string& unit, std::size_t columns) {
  std::vector<Series> all = series_of(curve);
  if (all.empty()) return "";
  const auto rank = [](const Series& series) {
    return (is_of_training(series) ? 2 : 0) + (is_loss(series) ? 0 : 1);
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const Series& a, const Series& b) { return rank(a) < rank(b); });
  const Series& main = all[0];
  const bool unicode = unicode_is_shown();
  const auto by_value = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto [low, high] = std::minmax_element(main.points.begin(), main.points.end(), by_value);
  const std::string top = shown_number(high->second), bottom = shown_number(low->second);
  constexpr std::size_t kHeight = 8, kWidest = 72, kNarrowest = 8;
  const std::size_t margin = std::max(top.size(), bottom.size()) + 1;
  const std::size_t width = std::clamp(columns > margin + 1 ? columns - margin - 1 : 0, kNarrowest, kWidest);
  std::string text = summary(main, unit) + "\n";
  const std::vector<std::string> rows = line_drawing(main, width, kHeight, unicode);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string& label = row == 0 ? top : row + 1 == rows.size() ? bottom : std::string();
    text += std::string(margin - 1 - label.size(), ' ') + label + " " + rows[row] + "\n";
  }
  const std::string from = shown_number(main.points.front().first),
                    to = shown_number(main.points.back().first) +
                         (unit.empty() ? "" : " " + in_one_line(unit));
  const std::size_t gap = width > from.size() + columns_of(to) ? width - from.size() - columns_of(to) : 1;
  text += std::string(margin, ' ') + from + std::string(gap, ' ') + to + "\n";

  std::vector<std::vector<std::string>> others;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const std::string first = shown_number(all[i].points.front().second),
                      last = shown_number(all[i].points.back().second);
    if (unicode)
      others.push_back({in_one_line(all[i].name), first, blocks(all[i], 16), last});
    else
      others.push_back({in_one_line(all[i].name), first, "to", last});
  }
  std::string table = format_table(std::move(others));
  for (const std::string& line : split(table, '\n'))
    if (!line.empty()) text += cut_to(line, columns) + "\n";
  return text;
}

}  // namespace ostler
