#include "addon/backend.h"

#include "addon/call.h"
#include "addon/completion.h"
#include "addon/driver_of.h"
#include "driver/emulated/emulated.h"

namespace rmsnorm {

namespace {

/** Held by each of its functions: once the last is forgotten, the session ends without a word. */
struct Backend {
  Backend(std::shared_ptr<Completion> its, bool isEmulated) : completion(std::move(its)), emulated(isEmulated) {}
  ~Backend() {
    if (completion->session() && !kept) completion->close(nullptr);
  }

  const std::shared_ptr<Completion> completion;
  const bool emulated;
  std::uint64_t nextTicket = 1;
  /** Somebody has its stream or an address as a number, which no collector sees. */
  bool kept = false;
};

Backend& backendOf(const Arguments& arguments) { return *static_cast<Backend*>(arguments.data); }

Session& sessionOf(const Arguments& arguments) {
  Session* session = backendOf(arguments).completion->session();
  if (!session) throw Failure{"DISPOSED", "the backend is closed"};
  return *session;
}

napi_value alloc(napi_env env, const Arguments& arguments) {
  const std::uint64_t bytes = wholeNumber(env, arguments.values[0], "bytes");
  if (bytes == 0) refuse("bytes must be positive");
  return toNumber(env, double(sessionOf(arguments).alloc(bytes)));
}

napi_value freeMemory(napi_env env, const Arguments& arguments) {
  const CUdeviceptr address = wholeNumber(env, arguments.values[0], "address");
  // A closed backend has freed everything.
  if (Session* session = backendOf(arguments).completion->session()) session->free(address);
  return nullptr;
}

napi_value write(napi_env env, const Arguments& arguments) {
  const CUdeviceptr to = wholeNumber(env, arguments.values[0], "address");
  const Bytes bytes = bytesOf(env, arguments.values[1], "bytes");
  sessionOf(arguments).write(to, bytes.data, bytes.size);
  return nullptr;
}

napi_value read(napi_env env, const Arguments& arguments) {
  Backend& backend = backendOf(arguments);
  const CUdeviceptr from = wholeNumber(env, arguments.values[0], "address");
  const Bytes into = bytesOf(env, arguments.values[1], "into");
  requireFunction(env, arguments.values[2], "done");
  Session& session = sessionOf(arguments);
  const auto read = std::make_shared<Read>();
  read->arrival = session.read(from, into.size);
  read->ticket = backend.nextTicket++;
  read->bytes = into.size;
  napi_create_reference(env, arguments.values[1], 1, &read->array);
  napi_create_reference(env, arguments.values[2], 1, &read->done);
  backend.completion->add(read);
  return toNumber(env, double(read->ticket));
}

napi_value cancel(napi_env env, const Arguments& arguments) {
  backendOf(arguments).completion->cancel(wholeNumber(env, arguments.values[0], "ticket"));
  return nullptr;
}

napi_value launch(napi_env env, const Arguments& arguments) {
  sessionOf(arguments).launch(callOf(env, arguments.values[0]));
  return nullptr;
}

napi_value copy(napi_env env, const Arguments& arguments) {
  const CUdeviceptr from = wholeNumber(env, arguments.values[0], "from");
  const CUdeviceptr to = wholeNumber(env, arguments.values[1], "to");
  const std::uint64_t bytes = wholeNumber(env, arguments.values[2], "bytes");
  sessionOf(arguments).copy(from, to, bytes);
  return nullptr;
}

napi_value keep(napi_env, const Arguments& arguments) {
  backendOf(arguments).kept = true;
  return nullptr;
}

napi_value inspect(napi_env env, const Arguments& arguments) {
  const MemoryRange range = sessionOf(arguments).inspect(bigint(env, arguments.values[0], "address"));
  napi_value result = nullptr;
  napi_create_object(env, &result);
  set(env, result, "kind", toText(env, range.kind));
  set(env, result, "device", toNumber(env, range.device));
  set(env, result, "base", toBigint(env, range.base));
  set(env, result, "bytes", toNumber(env, double(range.bytes)));
  return result;
}

napi_value beginCapture(napi_env, const Arguments& arguments) {
  sessionOf(arguments).beginCapture();
  return nullptr;
}

napi_value endCapture(napi_env env, const Arguments& arguments) {
  return toBigint(env, sessionOf(arguments).endCapture());
}

napi_value launchGraph(napi_env env, const Arguments& arguments) {
  sessionOf(arguments).launchGraph(bigint(env, arguments.values[0], "graph"));
  return nullptr;
}

napi_value disposeGraph(napi_env env, const Arguments& arguments) {
  const std::uint64_t number = bigint(env, arguments.values[0], "graph");
  Completion& completion = *backendOf(arguments).completion;
  Session* session = completion.session();
  if (!session) return nullptr;
  CUevent event = nullptr;
  std::vector<CUdeviceptr> scratch = session->disposeGraph(number, &event);
  if (event) completion.addScratch(event, std::move(scratch));
  return nullptr;
}

napi_value mark(napi_env env, const Arguments& arguments) {
  return toNumber(env, double(sessionOf(arguments).mark()));
}

napi_value elapsed(napi_env env, const Arguments& arguments) {
  const std::uint64_t from = wholeNumber(env, arguments.values[0], "from");
  const std::uint64_t to = wholeNumber(env, arguments.values[1], "to");
  return toNumber(env, sessionOf(arguments).elapsed(from, to));
}

napi_value memory(napi_env env, const Arguments& arguments) {
  Session& session = sessionOf(arguments);
  napi_value result = nullptr;
  napi_create_object(env, &result);
  set(env, result, "reserved", toNumber(env, double(session.reserved())));
  set(env, result, "used", toNumber(env, double(session.used())));
  return result;
}

napi_value inject(napi_env env, const Arguments& arguments) {
  if (!backendOf(arguments).emulated) refuse("faults can be injected into an emulated device alone");
  const std::string function = text(env, arguments.values[0], "function");
  const auto afterCalls = unsigned(wholeInt(env, arguments.values[1], "afterCalls"));
  const auto result = CUresult(wholeInt(env, arguments.values[2], "result"));
  if (!emulated::inject(function, afterCalls, result)) refuse("the driver's function " + function + " is never called");
  return nullptr;
}

napi_value close(napi_env env, const Arguments& arguments) {
  requireFunction(env, arguments.values[0], "done");
  sessionOf(arguments);
  backendOf(arguments).completion->close(arguments.values[0]);
  return nullptr;
}

std::uint64_t optionalNumber(napi_env env, napi_value options, const char* name, std::uint64_t otherwise) {
  const napi_value value = property(env, options, name);
  return isNothing(env, value) ? otherwise : wholeNumber(env, value, name);
}

bool isFalse(napi_env env, napi_value value) {
  bool truth = true;
  return napi_get_value_bool(env, value, &truth) == napi_ok && !truth;
}

SessionOptions optionsOf(napi_env env, napi_value given) {
  requireObject(env, given, "options");
  SessionOptions options;
  options.cuda = &driverOf(env, property(env, given, "emulated"));
  const napi_value device = property(env, given, "device");
  if (!isNothing(env, device)) options.device = wholeInt(env, device, "device");
  options.stagingBytes = optionalNumber(env, given, "stagingBytes", options.stagingBytes);
  options.memoryLimit = optionalNumber(env, given, "memoryLimit", 0);
  options.pools = !isFalse(env, property(env, given, "pools"));
  const napi_value stream = property(env, given, "stream");
  options.ownStream = isNothing(env, stream);
  if (!options.ownStream) options.stream = reinterpret_cast<CUstream>(bigint(env, stream, "stream"));
  return options;
}

void forget(napi_env, void* held, void*) { delete static_cast<std::shared_ptr<Backend>*>(held); }

template <napi_value (*body)(napi_env, const Arguments&)>
void add(napi_env env, napi_value object, const char* name, const std::shared_ptr<Backend>& backend) {
  const napi_value function = setFunction<body>(env, object, name, backend.get());
  napi_add_finalizer(env, function, new std::shared_ptr<Backend>(backend), forget, nullptr, nullptr);
}

void addFunctions(napi_env env, napi_value object, const std::shared_ptr<Backend>& backend) {
  add<alloc>(env, object, "alloc", backend);
  add<freeMemory>(env, object, "free", backend);
  add<write>(env, object, "write", backend);
  add<read>(env, object, "read", backend);
  add<cancel>(env, object, "cancel", backend);
  add<launch>(env, object, "launch", backend);
  add<copy>(env, object, "copy", backend);
  add<keep>(env, object, "keep", backend);
  add<inspect>(env, object, "inspect", backend);
  add<beginCapture>(env, object, "beginCapture", backend);
  add<endCapture>(env, object, "endCapture", backend);
  add<launchGraph>(env, object, "launchGraph", backend);
  add<disposeGraph>(env, object, "disposeGraph", backend);
  add<mark>(env, object, "mark", backend);
  add<elapsed>(env, object, "elapsed", backend);
  add<memory>(env, object, "memory", backend);
  add<inject>(env, object, "inject", backend);
  add<close>(env, object, "close", backend);
}

}  // namespace

napi_value openBackend(napi_env env, const Arguments& arguments) {
  const SessionOptions options = optionsOf(env, arguments.values[0]);
  auto session = std::make_unique<Session>(options);
  const std::string device = session->description();
  const auto stream = reinterpret_cast<std::uint64_t>(session->streamHandle());
  const int clusterBlocks = session->deviceLimits().clusterBlocks;
  const auto completion = Completion::start(env, std::move(session));
  const auto backend = std::make_shared<Backend>(completion, options.cuda->emulated);
  napi_value object = nullptr;
  napi_create_object(env, &object);
  set(env, object, "device", toText(env, device));
  set(env, object, "stream", toBigint(env, stream));
  set(env, object, "clusterBlocks", toNumber(env, clusterBlocks));
  addFunctions(env, object, backend);
  return object;
}

}  // namespace rmsnorm
