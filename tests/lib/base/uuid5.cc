#include "lib/base/uuid5.h"

#include <doctest/doctest.h>

#include <string>

using namespace ostler;

TEST_CASE("UUIDs of version 5 are those of RFC 9562's and Python's examples") {
  constexpr char kDns[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  CHECK(make_uuid5(kDns, "www.example.com") == "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  CHECK(make_uuid5(kDns, "python.org") == "886313e1-3b8a-5372-9b90-0c9aee199e5d");
  // Names whose message fills a block of the hash, and spills into the next.
  CHECK(make_uuid5(kDns, std::string(39, 'a')) == "5824f981-4282-59d4-9716-acb6d741350e");
  CHECK(make_uuid5(kDns, std::string(40, 'a')) == "39f39c20-db47-5131-8879-62f8f67f9014");
  CHECK(make_uuid5(kDns, std::string(1000, 'a')) == "062a6b1a-ddc3-5fcc-b238-790846e533d6");
}
