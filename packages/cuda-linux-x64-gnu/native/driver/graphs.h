// Work that is recorded once and launched again: CUDA graphs, and the memory that their kernels use between themselves.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "driver/shared_device.h"

namespace rmsnorm {

class Graphs {
 public:
  Graphs(const SharedDevice& device, CUstream itsStream) : cuda(device.cuda), stream(itsStream) {}
  ~Graphs();

  bool isCapturing() const { return capturing; }
  void begin();
  /** The number of the graph. */
  std::uint64_t end();
  /** Ends a capture that is going on, if one is, and keeps nothing of it. */
  void abandon();
  void launch(std::uint64_t number);
  /** Takes a graph out of the list and returns its scratch memory, to be given to freeScratch once the stream has passed. */
  std::vector<CUdeviceptr> dispose(std::uint64_t number);
  void freeScratch(const std::vector<CUdeviceptr>& scratch);
  /** Memory of the graph being captured; the next call of this capture gets the same, where it suffices. */
  CUdeviceptr scratch(std::size_t bytes);

 private:
  struct Graph {
    CUgraphExec executable = nullptr;
    std::vector<CUdeviceptr> scratch;
    std::size_t scratchBytes = 0;
  };
  Graph& find(std::uint64_t number);

  const Table& cuda;
  const CUstream stream;
  bool capturing = false;
  Graph current;
  std::map<std::uint64_t, Graph> graphs;
  std::uint64_t next = 1;
};

}  // namespace rmsnorm
