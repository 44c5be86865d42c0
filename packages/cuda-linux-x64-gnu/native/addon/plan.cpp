#include "addon/plan.h"

#include "addon/call.h"
#include "plan/choose.h"

namespace rmsnorm {

namespace {

Device deviceOf(napi_env env, napi_value given) {
  requireObject(env, given, "device");
  const auto number = [&](const char* name) { return wholeInt(env, property(env, given, name), name); };
  Device device;
  device.major = number("major");
  device.minor = number("minor");
  device.multiprocessors = number("multiprocessors");
  device.sharedPerBlock = number("sharedPerBlock");
  device.clusterBlocks = number("clusterBlocks");
  return device;
}

napi_value toObject(napi_env env, const Launch& launch) {
  napi_value object = nullptr;
  napi_create_object(env, &object);
  set(env, object, "kernel", toText(env, launch.kernel));
  set(env, object, "gridX", toNumber(env, launch.gridX));
  set(env, object, "gridY", toNumber(env, launch.gridY));
  set(env, object, "threads", toNumber(env, launch.threads));
  set(env, object, "sharedBytes", toNumber(env, launch.sharedBytes));
  set(env, object, "cluster", toNumber(env, launch.cluster));
  set(env, object, "lanes", toNumber(env, launch.args.lanes));
  set(env, object, "aligned", toNumber(env, launch.args.aligned));
  return object;
}

}  // namespace

napi_value plan(napi_env env, const Arguments& arguments) {
  const Plan made = choose(callOf(env, arguments.values[0]), deviceOf(env, arguments.values[1]));
  napi_value launches = nullptr;
  napi_create_array_with_length(env, std::size_t(made.count), &launches);
  for (int i = 0; i < made.count; i++) napi_set_element(env, launches, std::uint32_t(i), toObject(env, made.launches[i]));
  return launches;
}

}  // namespace rmsnorm
