#include "commands/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "commands/chart.h"
#include "commands/output.h"
#include "lib/base/strings.h"

namespace ostler {

namespace {

// Of the drawing, in units that are a pixel where the page gives it its full width.
constexpr double kWidth = 400, kHeight = 230;
constexpr double kLeft = 58, kRight = 388, kTop = 34, kBottom = 184;
// Beyond this, differences overflow.
constexpr double kLargest = 1e100;

constexpr std::size_t kMostCharts = 12;  // of one job
constexpr double kGap = std::numeric_limits<double>::quiet_NaN();

std::string coordinate(double value) { return fmt::format("{:.1f}", value); }

// 1, 2 or 5 times a power of ten: about `count` such steps make `range`.
double nice_step(double range, double count) {
  const double rough = range / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (rough <= factor * power * 1.0001) return factor * power;
  return 10 * power;
}

// What an axis reaches over, and where it is marked.
struct Scale {
  double low = 0, high = 1, step = 1;

  static Scale over(double low, double high, double count, bool whole) {
    // What differs by rounding alone is one value.
    const double largest = std::max(std::fabs(low), std::fabs(high));
    if (high - low <= 1e-9 * largest || largest < 1 / kLargest) {
      const double around = largest < 1 / kLargest ? 1 : largest * 0.1;
      low -= around;
      high += around;
    }
    Scale scale;
    scale.step = nice_step(high - low, count);
    if (whole) scale.step = std::max(1.0, scale.step);
    scale.low = low;
    scale.high = high;
    return scale;
  }
  // To the marks around it.
  void widen() {
    low = std::floor(low / step + 1e-9) * step;
    high = std::ceil(high / step - 1e-9) * step;
  }
  std::vector<double> marks() const {
    std::vector<double> found;
    for (int i = 0; i < 20; ++i) {
      const double mark = (std::ceil(low / step - 1e-9) + i) * step;
      if (mark > high + step * 1e-6) break;
      found.push_back(std::fabs(mark) < step * 1e-6 ? 0 : mark);
    }
    return found;
  }
  std::string text(double mark) const {
    const double largest = std::max(std::fabs(low), std::fabs(high));
    if (largest >= 1e6 || step < 1e-5) return fmt::format("{:.3g}", mark);
    const int decimals = step >= 1 ? 0 : static_cast<int>(std::ceil(-std::log10(step) - 1e-9));
    return fmt::format("{:.{}f}", mark, decimals);
  }
};

std::string text_at(double x, double y, const char* anchor, const std::string& css, const std::string& text) {
  return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n", coordinate(x),
                     coordinate(y), anchor, css, escape_html(text));
}

// The metric that it belongs to: "train_accuracy" to "accuracy".
std::string family_of(const std::string& name) {
  constexpr std::string_view train = "train_";
  return starts_with(name, train) && name.size() > train.size() ? name.substr(train.size()) : name;
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart) {
    double left = kLargest, right = -kLargest, low = kLargest, high = -kLargest;
    bool whole = true;
    for (const Chart::Line& line : chart.lines)
      for (const Chart::Point& point : line.points) {
        left = std::min(left, point.x);
        right = std::max(right, point.x);
        whole = whole && point.x == std::floor(point.x);
        if (std::isnan(point.y)) continue;
        low = std::min(low, point.y);
        high = std::max(high, point.y);
      }
    if (left > right) left = right = 0;
    if (low > high) low = high = 0;
    x_ = Scale::over(left, right, 6, whole);
    if (left == right) x_.low = left - 1, x_.high = left + 1, x_.step = 1;
    y_ = Scale::over(low, high, 4, false);
    y_.widen();
  }

  std::string draw() {
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
        "aria-label=\"{}\">\n",
        kWidth, kHeight, escape_html(chart_.title));
    svg += text_at(kLeft, 16, "start", "title", chart_.title);
    svg += legend() + y_axis() + x_axis();
    for (std::size_t i = 0; i < chart_.lines.size(); ++i) svg += line(chart_.lines[i], i);
    return svg + "</svg>\n";
  }

 private:
  double across(double x) const { return kLeft + (x - x_.low) / (x_.high - x_.low) * (kRight - kLeft); }
  double up(double y) const { return kBottom - (y - y_.low) / (y_.high - y_.low) * (kBottom - kTop); }

  // From the right; the first line's name is the last.
  std::string legend() const {
    if (chart_.lines.size() < 2) return "";
    std::string svg;
    double right = kRight;
    for (std::size_t i = chart_.lines.size(); i-- > 0;) {
      const std::string name = bounded(chart_.lines[i].name, 30);
      svg += text_at(right, 16, "end", "name", name);
      right -= static_cast<double>(name.size()) * 6.2 + 6;
      svg += fmt::format("<line x1=\"{0}\" y1=\"12\" x2=\"{1}\" y2=\"12\" class=\"line line{2}\"/>\n",
                         coordinate(right - 14), coordinate(right), i);
      right -= 24;
    }
    return svg;
  }

  std::string y_axis() const {
    std::string svg;
    for (const double mark : y_.marks()) {
      svg += fmt::format("<line x1=\"{0}\" y1=\"{2}\" x2=\"{1}\" y2=\"{2}\" class=\"grid\"/>\n",
                         coordinate(kLeft), coordinate(kRight), coordinate(up(mark)));
      svg += text_at(kLeft - 6, up(mark) + 4, "end", "mark", y_.text(mark));
    }
    return svg;
  }

  std::string x_axis() const {
    std::string svg = fmt::format("<line x1=\"{0}\" y1=\"{2}\" x2=\"{1}\" y2=\"{2}\" class=\"axis\"/>\n",
                                  coordinate(kLeft), coordinate(kRight), coordinate(kBottom));
    if (chart_.x_names.empty()) {
      for (const double mark : x_.marks()) svg += x_mark(mark, x_.text(mark), "middle");
    } else {
      // The first and the last, and between them what has room.
      const std::size_t last = chart_.x_names.size() - 1;
      std::vector<std::size_t> named = {0};
      if (last >= 4) named.push_back(last / 2);
      if (last > 0) named.push_back(last);
      for (const std::size_t i : named)
        svg += x_mark(static_cast<double>(i), chart_.x_names[i],
                      i == 0 && last > 0      ? "start"
                      : i == last && last > 0 ? "end"
                                              : "middle");
    }
    return svg + text_at((kLeft + kRight) / 2, kHeight - 8, "middle", "label", chart_.x_label);
  }

  std::string x_mark(double x, const std::string& text, const char* anchor) const {
    return fmt::format("<line x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\" class=\"axis\"/>\n",
                       coordinate(across(x)), coordinate(kBottom), coordinate(kBottom + 4)) +
           text_at(across(x), kBottom + 17, anchor, "mark", text);
  }

  std::string line(const Chart::Line& drawn, std::size_t number) const {
    std::string svg, joined;
    std::size_t count = 0;
    const auto end_of_joined = [&] {
      if (count > 1) svg += fmt::format("<polyline points=\"{}\" class=\"line line{}\"/>\n", joined, number);
      joined.clear();
      count = 0;
    };
    for (const Chart::Point& point : drawn.points) {
      if (std::isnan(point.y)) {
        end_of_joined();
        continue;
      }
      joined += (joined.empty() ? "" : " ") + coordinate(across(point.x)) + "," + coordinate(up(point.y));
      ++count;
    }
    end_of_joined();
    // Many would hide the line: then they are there to be pointed at.
    const char* kind = drawn.points.size() > 40 ? "point quiet" : "point";
    for (const Chart::Point& point : drawn.points) {
      if (std::isnan(point.y)) continue;
      svg += fmt::format(
          "<circle cx=\"{}\" cy=\"{}\" r=\"3\" class=\"{}{} line{}\"><title>{}</title></circle>\n",
          coordinate(across(point.x)), coordinate(up(point.y)), kind, point.hollow ? " hollow" : "", number,
          escape_html(point.tip));
    }
    return svg;
  }

  const Chart& chart_;
  Scale x_, y_;
};

}  // namespace

std::vector<Chart> metric_charts(const std::vector<Measured>& measured, const std::string& x_label,
                                 const std::vector<std::string>& x_names, std::size_t most) {
  std::vector<Chart> charts;
  const auto line_of = [&](const std::string& name) -> Chart::Line* {
    const std::string family = family_of(name);
    auto chart =
        std::find_if(charts.begin(), charts.end(), [&](const Chart& other) { return other.title == family; });
    if (chart == charts.end()) {
      if (charts.size() == kMostCharts) return nullptr;
      chart = charts.insert(charts.end(), Chart{family, x_label, {}, x_names});
    }
    for (Chart::Line& line : chart->lines)
      if (line.name == name) return &line;
    // The one that counts comes first.
    return &*chart->lines.insert(name == family ? chart->lines.begin() : chart->lines.end(), {name, {}});
  };
  const std::size_t step =
      std::max<std::size_t>(1, (measured.size() + most - 1) / std::max<std::size_t>(1, most));
  for (std::size_t i = 0; i < measured.size(); ++i) {
    if (i % step != 0 && i + 1 != measured.size()) continue;
    const Measured& one = measured[i];
    if (!one.metrics.is_object() || !std::isfinite(one.x) || std::fabs(one.x) > kLargest) continue;
    for (const auto& [name, value] : one.metrics.as_object()) {
      const bool drawn = value.is_number() && std::fabs(value.as_number()) < kLargest;
      Chart::Line* line = line_of(name);
      if (line == nullptr) continue;
      line->points.push_back(
          {one.x, drawn ? value.as_number() : kGap,
           one.tip + ": " + name + " " + (value.is_number() ? number_to_text(value.as_number()) : "?"),
           one.hollow});
    }
  }
  for (Chart& chart : charts)
    if (chart.lines.size() == 1) chart.title = chart.lines[0].name;
  // One point is no curve.
  std::erase_if(charts, [](const Chart& chart) {
    return std::all_of(chart.lines.begin(), chart.lines.end(), [](const Chart::Line& line) {
      return std::count_if(line.points.begin(), line.points.end(),
                           [](const Chart::Point& point) { return !std::isnan(point.y); }) < 2;
    });
  });
  return charts;
}

std::string to_svg(const Chart& chart) { return Drawing(chart).draw(); }

std::string sparkline(const std::vector<Chart::Point>& points, std::size_t width) {
  constexpr const char* kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double low = kLargest, high = -kLargest;
  for (const Chart::Point& point : points) {
    if (std::isnan(point.y)) continue;
    low = std::min(low, point.y);
    high = std::max(high, point.y);
  }
  std::string text;
  const std::size_t shown = std::min(width, points.size());
  for (std::size_t i = 0; i < shown; ++i) {
    // The first and the last are always there.
    const std::size_t at = shown < 2 ? 0 : i * (points.size() - 1) / (shown - 1);
    const double y = points[at].y;
    if (std::isnan(y))
      text += " ";
    else
      text += kBars[level_of(y, low, high, std::size(kBars))];
  }
  return text;
}

std::string escape_html(std::string_view text) {
  std::string valid(text);
  for (std::size_t at = 0; (at = find_invalid_utf8(valid)) != std::string::npos;)
    valid.replace(at, 1, "\uFFFD");
  std::string escaped;
  for (const char c : printable(valid)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string bounded(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace ostler
