#include "driver/libcuda.h"

#include <dlfcn.h>

namespace rmsnorm {

namespace {

#define TEXT_OF(name) #name
#define VERSIONED(name) TEXT_OF(name)

void fill(Libcuda& found, Table& table, void* library) {
#define FUNCTION(name)                                                                      \
  table.name = reinterpret_cast<decltype(table.name)>(dlsym(library, VERSIONED(name)));     \
  if (!table.name && !found.lacking) found.lacking = VERSIONED(name);
#include "driver/functions.def"
#undef FUNCTION
}

Libcuda open() {
  Libcuda found;
  void* library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* said = dlerror();
    found.problem = said ? said : "libcuda.so.1 cannot be loaded";
    return found;
  }
  Table* table = new Table;
  fill(found, *table, library);
  found.table = table;
  return found;
}

}  // namespace

const Libcuda& libcuda() {
  // Never destroyed: other threads may still use it while the process exits.
  static const Libcuda& found = *new Libcuda(open());
  return found;
}

}  // namespace rmsnorm
