#pragma once

// Metrics as line charts, drawn as SVG.

#include <string>
#include <vector>

#include "lib/base/value.h"

namespace ostler {

struct Chart {
  struct Point {
    double x = 0, y = 0;  // y: NaN leaves a gap
    std::string tip;      // what is shown when the pointer is over it
    bool hollow = false;
  };
  struct Line {
    std::string name;
    std::vector<Point> points;  // in the order in which they are joined
  };
  std::string title, x_label;
  std::vector<Line> lines;
  // What is written below the axis at x of 0, 1, ...; empty: x is a number, written as one.
  std::vector<std::string> x_names;
};

// What was measured at one place of the x axis: metrics is a map of name to number.
struct Measured {
  double x = 0;
  Value metrics;
  std::string tip;
  bool hollow = false;
};

// A chart for each metric, of the first twelve, in the order in which they first come up; one on training
// data (train_accuracy) is a second line in the chart of the other. What is no finite number is a gap; of
// more than `most` points some are left out, never the first and the last.
std::vector<Chart> metric_charts(const std::vector<Measured>& measured, const std::string& x_label,
                                 const std::vector<std::string>& x_names = {}, std::size_t most = 400);

// An <svg> element, well-formed as XML, whatever the texts hold. Its colours are CSS classes: line0, line1,
// ..., grid, axis (report_html.cc).
std::string to_svg(const Chart& chart);

// "▁▃▆█" of at most `width` characters; a gap is a blank.
std::string sparkline(const std::vector<Chart::Point>& points, std::size_t width = 24);

// For HTML and XML, elements' text and attributes alike. Control characters are made visible, bytes that are
// not UTF-8 replaced.
std::string escape_html(std::string_view text);

// At most so many bytes, cut between two characters and marked with "…".
std::string bounded(std::string_view text, std::size_t most);

}  // namespace ostler
