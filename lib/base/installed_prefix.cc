// A source of its own: `cmake --install --prefix` elsewhere than was configured puts this one object anew
// into the installed libostler.a.

namespace ostler {

extern const char kInstalledPrefix[];
const char kInstalledPrefix[] = OSTLER_PREFIX;

}  // namespace ostler
