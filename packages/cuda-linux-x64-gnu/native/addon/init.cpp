// The module: what packages/cuda/src/native.ts describes.
#include <node_api.h>

#include "addon/backend.h"
#include "addon/plan.h"
#include "addon/probe.h"
#include "plan/call.h"
#include "simt/simt.h"

namespace rmsnorm {

namespace {

napi_value fieldNames(napi_env env) {
  napi_value list = nullptr;
  napi_create_array(env, &list);
  for (int i = 0; i < callFieldCount(); i++) napi_set_element(env, list, std::uint32_t(i), toText(env, callFields()[i]));
  return list;
}

/** All kernels: the host device has the same as the fat binary. */
napi_value kernelNames(napi_env env) {
  napi_value list = nullptr;
  napi_create_array(env, &list);
  std::uint32_t count = 0;
  for (const simt::Entry* entry = simt::entries(); entry; entry = entry->next)
    napi_set_element(env, list, count++, toText(env, entry->name));
  return list;
}

}  // namespace

}  // namespace rmsnorm

extern "C" __attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  using namespace rmsnorm;
  set(env, exports, "fields", fieldNames(env));
  set(env, exports, "kernels", kernelNames(env));
  setFunction<probe>(env, exports, "probe", nullptr);
  setFunction<plan>(env, exports, "plan", nullptr);
  setFunction<openBackend>(env, exports, "open", nullptr);
  return exports;
}

extern "C" __attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1() { return 8; }
