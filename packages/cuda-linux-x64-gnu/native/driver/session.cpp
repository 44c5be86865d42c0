#include "driver/session.h"

#include <cstdio>
#include <utility>

#include "driver/emulated/emulated.h"

namespace rmsnorm {

namespace {

const char* nameOfOp(double op) {
  switch (Op(int(op))) {
    case Op::forward:
      return "forward";
    case Op::addForward:
      return "addForward";
    case Op::gatedForward:
      return "gatedForward";
    case Op::backward:
      return "backward";
    case Op::sumSquares:
      return "sumSquares";
    case Op::scaleBy:
      return "scaleBy";
    case Op::forwardQuantized:
      return "forwardQuantized";
  }
  return "an unknown operation";
}

const char* nameOfDtype(double dtype) {
  switch (DType(int(dtype))) {
    case DType::float32:
      return "float32";
    case DType::float16:
      return "float16";
    case DType::bfloat16:
      return "bfloat16";
  }
  return "an unknown dtype";
}

std::string describe(const SharedDevice& device, const Device& limits) {
  const std::string name = device.name();
  if (device.cuda.emulated) return name;
  int version = 0;
  device.cuda.cuDriverGetVersion(&version);
  return name + " (sm_" + std::to_string(limits.major * 10 + limits.minor) + ", driver " + std::to_string(version / 1000) +
         "." + std::to_string(version % 1000 / 10) + ")";
}

}  // namespace

template <class Work>
auto Session::inContext(Work&& work) {
  throwIfLost();
  try {
    const Entered entered(*device);
    return work();
  } catch (Failure& failure) {
    throw noted(std::move(failure));
  }
}

Session::Session(const SessionOptions& options)
    : cuda(*options.cuda),
      device(retain(cuda, options.device)),
      ownStream(options.ownStream),
      events(cuda),
      arrivals(cuda, 4 * options.stagingBytes) {
  try {
    inContext([&] {
      limits = device->limits();
      words = describe(*device, limits);
      if (ownStream) {
        check(cuda, cuda.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "cuStreamCreate");
      } else {
        stream = options.stream;
        CUcontext its = nullptr;
        const CUresult result = cuda.cuStreamGetCtx(stream, &its);
        if (result != CUDA_SUCCESS || its != device->context)
          throw Failure{"INVALID_OPTION", "the stream is not one of device " + std::to_string(device->ordinal) +
                                              "'s primary context: cuStreamGetCtx says " + nameOf(cuda, result)};
      }
      staging = std::make_unique<WriteStaging>(cuda, stream, options.stagingBytes);
      allocator = makeAllocator(*device, stream, options.pools, options.memoryLimit);
      kernels = std::make_unique<Kernels>(*device);
      if (limits.clusterBlocks > 1 && !kernels->knowClusters()) limits.clusterBlocks = 1;
      graphs = std::make_unique<Graphs>(*device, stream);
    });
  } catch (...) {
    end();
    throw;
  }
}

Session::~Session() = default;

void Session::throwIfLost() {
  if (device->isLost()) throw Failure{"DEVICE_LOST", device->reason()};
}

std::string Session::lastLaunch() {
  const std::lock_guard<std::mutex> guard(lastMutex);
  if (!lastKernel) return "no kernel was launched before";
  char text[512];
  std::snprintf(text, sizeof text, "the last kernel was %s (%s, %s, [outer, groups, size, inner] = [%.0f, %.0f, %.0f, %.0f])",
                lastKernel, nameOfOp(lastCall.op), nameOfDtype(lastCall.dtype), lastCall.outer, lastCall.groups,
                lastCall.size, lastCall.inner);
  return text;
}

Failure Session::noted(Failure failure) {
  if (std::string(failure.code) != "DEVICE_LOST") return failure;
  const std::string said = cuda.emulated ? emulated::problemOfKernel() : "";
  device->lose(failure.message + "; " + lastLaunch() + (said.empty() ? "" : "; " + said));
  return {"DEVICE_LOST", device->reason()};
}

void Session::refuseInCapture(const char* what) const {
  if (graphs->isCapturing())
    throw Failure{"INVALID_OPTION", std::string("a capture can hold no ") + what + ": do it before or after"};
}

CUdeviceptr Session::alloc(std::size_t bytes) {
  refuseInCapture("allocation");
  const CUdeviceptr address = inContext([&] { return allocator->alloc(bytes); });
  live.emplace(address, bytes);
  bytesInUse += bytes;
  return address;
}

void Session::free(CUdeviceptr address) {
  const auto found = live.find(address);
  if (found == live.end())
    throw Failure{"INVALID_OPTION", std::to_string(address) + " is no address that alloc gave, or it is freed already"};
  const std::size_t bytes = found->second;
  live.erase(found);
  bytesInUse -= bytes;
  if (graphs->isCapturing()) freedLater.emplace_back(address, bytes);
  else freeNow(address, bytes);
}

void Session::freeNow(CUdeviceptr address, std::size_t bytes) {
  // A lost device takes its memory with it.
  if (device->isLost()) return;
  try {
    inContext([&] { allocator->free(address, bytes); });
  } catch (const Failure&) {
    // Nobody can do anything about it: the next call says what is wrong, if it still is.
    freedLater.emplace_back(address, bytes);
  }
}

void Session::write(CUdeviceptr to, const unsigned char* from, std::size_t bytes) {
  refuseInCapture("write");
  inContext([&] { staging->write(to, from, bytes); });
}

Arrival Session::read(CUdeviceptr from, std::size_t bytes) {
  refuseInCapture("read");
  return inContext([&] {
    Arrival arrival;
    arrival.event = events.take();
    try {
      if (bytes > 0) {
        arrival.block = arrivals.take(bytes);
        const CUresult result = cuda.cuMemcpyDtoHAsync(arrival.block.memory, from, bytes, stream);
        check(cuda, result, "cuMemcpyDtoHAsync");
      }
      check(cuda, cuda.cuEventRecord(arrival.event, stream), "cuEventRecord");
    } catch (...) {
      give(arrival);
      throw;
    }
    return arrival;
  });
}

void Session::launch(const Call& call) {
  const Plan plan = choose(call, limits);
  inContext([&] {
    const std::size_t bytes = plan.scratchBytes;
    const bool captured = graphs->isCapturing();
    const CUdeviceptr scratch = bytes == 0 ? 0 : captured ? graphs->scratch(bytes) : allocator->alloc(bytes);
    {
      const std::lock_guard<std::mutex> guard(lastMutex);
      lastCall = call;
      if (plan.count > 0) lastKernel = plan.launches[0].kernel;
    }
    try {
      for (int i = 0; i < plan.count; i++) {
        Launch launch = plan.launches[i];
        launch.args.scratch = reinterpret_cast<double*>(scratch);
        kernels->launch(launch, stream);
      }
    } catch (...) {
      if (scratch && !captured) allocator->free(scratch, bytes);
      throw;
    }
    if (scratch && !captured) allocator->free(scratch, bytes);
  });
}

void Session::copy(CUdeviceptr from, CUdeviceptr to, std::size_t bytes) {
  inContext([&] { check(cuda, cuda.cuMemcpyDtoDAsync(to, from, bytes, stream), "cuMemcpyDtoDAsync"); });
}

MemoryRange Session::inspect(CUdeviceptr address) {
  return inContext([&] {
    unsigned type = 0;
    unsigned managed = 0;
    MemoryRange range = {"unknown", -1, 0, 0};
    CUpointer_attribute wanted[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_IS_MANAGED,
                                    CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL, CU_POINTER_ATTRIBUTE_RANGE_START_ADDR,
                                    CU_POINTER_ATTRIBUTE_RANGE_SIZE};
    void* values[] = {&type, &managed, &range.device, &range.base, &range.bytes};
    const CUresult result = cuda.cuPointerGetAttributes(5, wanted, values, address);
    // Some drivers refuse an address that is not theirs, others answer with zeros.
    if (result == CUDA_ERROR_INVALID_VALUE) return MemoryRange{"unknown", -1, 0, 0};
    check(cuda, result, "cuPointerGetAttributes");
    if (managed) range.kind = "managed";
    else if (type == CU_MEMORYTYPE_DEVICE) range.kind = "device";
    else if (type == CU_MEMORYTYPE_HOST) range.kind = "host";
    return range;
  });
}

void Session::beginCapture() {
  inContext([&] { graphs->begin(); });
}

std::uint64_t Session::endCapture() {
  std::optional<Failure> failure;
  std::uint64_t number = 0;
  try {
    number = inContext([&] { return graphs->end(); });
  } catch (Failure& caught) {
    failure = std::move(caught);
  }
  for (const auto& [address, bytes] : std::exchange(freedLater, {})) freeNow(address, bytes);
  if (failure) throw *failure;
  return number;
}

void Session::launchGraph(std::uint64_t number) {
  refuseInCapture("launch of a graph");
  inContext([&] { graphs->launch(number); });
}

std::vector<CUdeviceptr> Session::disposeGraph(std::uint64_t number, CUevent* event) {
  if (device->isLost()) return {};
  return inContext([&] {
    std::vector<CUdeviceptr> scratch = graphs->dispose(number);
    if (scratch.empty()) return scratch;
    *event = events.take();
    check(cuda, cuda.cuEventRecord(*event, stream), "cuEventRecord");
    return scratch;
  });
}

std::uint64_t Session::mark() {
  refuseInCapture("mark");
  return inContext([&] {
    CUevent event = nullptr;
    check(cuda, cuda.cuEventCreate(&event, CU_EVENT_DEFAULT), "cuEventCreate");
    marks.emplace(nextMark, event);
    check(cuda, cuda.cuEventRecord(event, stream), "cuEventRecord");
    return nextMark++;
  });
}

CUevent Session::takeMark(std::uint64_t number) {
  const auto found = marks.find(number);
  const CUevent event = found->second;
  marks.erase(found);
  return event;
}

double Session::elapsed(std::uint64_t from, std::uint64_t to) {
  for (const std::uint64_t number : {from, to})
    if (from == to || !marks.count(number))
      throw Failure{"INVALID_OPTION", "there is no mark " + std::to_string(number) + ", or it is given twice"};
  return inContext([&] {
    const CUevent start = takeMark(from);
    const CUevent end = takeMark(to);
    float milliseconds = 0;
    CUresult result = cuda.cuEventSynchronize(end);
    if (result == CUDA_SUCCESS) result = cuda.cuEventElapsedTime(&milliseconds, start, end);
    cuda.cuEventDestroy(start);
    cuda.cuEventDestroy(end);
    check(cuda, result, "cuEventElapsedTime");
    return double(milliseconds);
  });
}

std::size_t Session::reserved() {
  return inContext([&] { return allocator->reserved(); });
}

void Session::enterThread() { cuda.cuCtxPushCurrent(device->context); }

void Session::leaveThread() {
  CUcontext left = nullptr;
  cuda.cuCtxPopCurrent(&left);
}

std::optional<Failure> Session::wait(CUevent event) {
  try {
    throwIfLost();
    check(cuda, cuda.cuEventSynchronize(event), "cuEventSynchronize");
    return std::nullopt;
  } catch (Failure& failure) {
    return noted(std::move(failure));
  }
}

bool Session::keep(PinnedBlock block) { return !block.memory || arrivals.keep(block); }

void Session::give(const Arrival& arrival) {
  if (arrival.block.memory) arrivals.give(arrival.block);
  if (arrival.event) events.give(arrival.event);
}

void Session::freeLive() {
  for (const auto& [address, bytes] : std::exchange(freedLater, {})) live.emplace(address, bytes);
  try {
    for (const auto& [address, bytes] : live) allocator->free(address, bytes);
  } catch (const Failure&) {
    // The device is lost, and its memory with it.
  }
  live.clear();
}

void Session::end() {
  enterThread();
  const bool hasStream = stream || !ownStream;
  if (graphs) graphs->abandon();
  if (hasStream) cuda.cuStreamSynchronize(stream);
  graphs.reset();
  kernels.reset();
  staging.reset();
  if (allocator) {
    freeLive();
    cuda.cuStreamSynchronize(stream);
    allocator.reset();
  }
  for (const auto& mark : marks) cuda.cuEventDestroy(mark.second);
  events.clear();
  arrivals.clear();
  if (ownStream && stream) cuda.cuStreamDestroy(stream);
  leaveThread();
  release(device);
}

}  // namespace rmsnorm
