#include "driver/graphs.h"

namespace rmsnorm {

Graphs::~Graphs() {
  for (auto& [number, graph] : graphs) {
    cuda.cuGraphExecDestroy(graph.executable);
    freeScratch(graph.scratch);
  }
  freeScratch(current.scratch);
}

void Graphs::begin() {
  if (capturing) throw Failure{"INVALID_OPTION", "a capture has begun already"};
  // Relaxed: scratch memory is allocated meanwhile, and other threads go on.
  check(cuda, cuda.cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED), "cuStreamBeginCapture");
  capturing = true;
}

std::uint64_t Graphs::end() {
  if (!capturing) throw Failure{"INVALID_OPTION", "no capture has begun"};
  capturing = false;
  Graph made = std::move(current);
  current = Graph();
  CUgraph graph = nullptr;
  CUresult result = cuda.cuStreamEndCapture(stream, &graph);
  const char* function = "cuStreamEndCapture";
  if (result == CUDA_SUCCESS) {
    function = "cuGraphInstantiate";
    result = cuda.cuGraphInstantiate(&made.executable, graph, 0);
    cuda.cuGraphDestroy(graph);
  }
  if (result != CUDA_SUCCESS) {
    freeScratch(made.scratch);
    fail(cuda, result, function);
  }
  graphs.emplace(next, std::move(made));
  return next++;
}

void Graphs::abandon() {
  if (!capturing) return;
  capturing = false;
  CUgraph graph = nullptr;
  if (cuda.cuStreamEndCapture(stream, &graph) == CUDA_SUCCESS) cuda.cuGraphDestroy(graph);
}

Graphs::Graph& Graphs::find(std::uint64_t number) {
  const auto found = graphs.find(number);
  if (found == graphs.end())
    throw Failure{"INVALID_OPTION", "there is no graph " + std::to_string(number) + ": was it disposed of?"};
  return found->second;
}

void Graphs::launch(std::uint64_t number) {
  const CUresult result = cuda.cuGraphLaunch(find(number).executable, stream);
  check(cuda, result, "cuGraphLaunch");
}

std::vector<CUdeviceptr> Graphs::dispose(std::uint64_t number) {
  Graph disposed = std::move(find(number));
  graphs.erase(number);
  cuda.cuGraphExecDestroy(disposed.executable);
  return std::move(disposed.scratch);
}

void Graphs::freeScratch(const std::vector<CUdeviceptr>& scratch) {
  for (const CUdeviceptr address : scratch) cuda.cuMemFree(address);
}

CUdeviceptr Graphs::scratch(std::size_t bytes) {
  if (bytes > current.scratchBytes) {
    CUdeviceptr address = 0;
    const CUresult result = cuda.cuMemAlloc(&address, bytes);
    if (result != CUDA_SUCCESS) fail(cuda, result, "cuMemAlloc", std::to_string(bytes) + " bytes");
    current.scratch.push_back(address);
    current.scratchBytes = bytes;
  }
  return current.scratch.back();
}

}  // namespace rmsnorm
