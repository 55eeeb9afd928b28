#include "lib/core/record_batch.h"

#include <doctest/doctest.h>

#include "tests/support/message_of.h"

using namespace ostler;

TEST_CASE("a batch's copies keep its text alive, and store what they are given on their own") {
  auto first = std::make_unique<RecordBatch>();
  first->rows = 1;
  Column& column = first->add_texts("text");
  column.texts[0] = first->store("hay");
  RecordBatch copy = *first;
  RecordBatch assigned;
  assigned = copy;
  const std::string_view in_first = first->store("oats");
  const std::string_view in_copy = copy.store("bran");
  const std::string_view in_assigned = assigned.store("corn");
  CHECK(in_first == "oats");
  CHECK(in_copy == "bran");
  CHECK(in_assigned == "corn");
  first.reset();
  CHECK(copy.columns[0].texts[0] == "hay");
  CHECK(in_copy == "bran");

  RecordBatch moved = std::move(copy);
  const std::string_view after = moved.store("rye");
  copy.clear();
  CHECK(copy.store("flax") == "flax");
  CHECK(after == "rye");
  CHECK(moved.store(std::string(100000, 'x')).size() == 100000);
  CHECK(moved.store("").data() != nullptr);  // empty, not missing
}

TEST_CASE("a batch whose columns have not a cell for each row is told of") {
  RecordBatch batch;
  batch.rows = 2;
  batch.add_numbers("a");
  CHECK(message_of([&] { batch.check_shape(); }) == "(no error)");
  batch.add_texts("b").texts.pop_back();
  CHECK(message_of([&] { batch.check_shape(); }) == "the column \"b\" has 1 cells, but the batch has 2 rows");
}
