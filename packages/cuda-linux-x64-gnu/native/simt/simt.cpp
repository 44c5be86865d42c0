#include "simt.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "fiber.h"
#include "race.h"

namespace rmsnorm::simt {

thread_local const Here* here __attribute__((tls_model("initial-exec"))) = nullptr;

namespace {

constexpr int kWarp = 32;

/** Where threads meet: a warp, a block or a cluster. */
struct Meeting {
  int members = 0;
  int arrived = 0;
  /** The first thread that may wait here; its members follow it. */
  int first = 0;
  /** Whether memory that was written before is seen after: of barriers, not of exchanges. */
  bool orders = false;
  /** How often all have met; and what a race check orders by, in turns. */
  int times = 0;
  char order[2] = {};
};

struct Warp {
  Meeting meeting;
  /** What lanes give. Two turns: a lane may give again before others have taken. */
  std::uint64_t given[2][kWarp];
};

struct Block {
  Meeting meeting;
  /** Whether any thread of the block said so, in the turn that is written and in the one that is read. */
  bool any[2];
  std::unique_ptr<unsigned char[]> shared;
};

struct Thread {
  Here here;
  void* at;
  Block* block;
  Warp* warp;
  int turn;
  int blockTurn;
  /** The meeting that it waits at. */
  const Meeting* waiting;
  /** What a race check takes it for. */
  void* fiber;
};

/** A cluster of blocks in work, and the fibers of its threads. */
struct Machine {
  const Entry* entry = nullptr;
  const Args* args = nullptr;
  int blockThreads = 0;
  std::vector<Block> blocks;
  std::vector<Warp> warps;
  std::vector<Thread> threads;
  Meeting cluster;
  std::vector<std::unique_ptr<Stack>> stacks;
  /** Threads that can go on, as a ring. */
  std::vector<int> ready;
  std::size_t head = 0;
  std::size_t tail = 0;
  int finished = 0;
  Thread* current = nullptr;
  void* home = nullptr;
  void* homeFiber = nullptr;
  /** What a race check orders by: the beginning and the end of a grid. */
  char begin = 0;
  char end = 0;
  /** Shared memory and stacks of blocks that have ended, kept while races are watched: to free or reuse them would order blocks. */
  std::vector<std::unique_ptr<unsigned char[]>> ended;
  std::vector<std::unique_ptr<Stack>> endedStacks;
};

thread_local Machine* machine __attribute__((tls_model("initial-exec"))) = nullptr;

void makeReady(int thread) {
  machine->ready[machine->tail] = thread;
  machine->tail = (machine->tail + 1) % machine->ready.size();
}

/** Goes on with the next thread that can, or home where none can. */
void leave(void** from) {
  Machine& m = *machine;
  if (m.head == m.tail) {
    race::switchTo(m.homeFiber);
    rmsnorm_switch(from, m.home);
    return;
  }
  Thread& next = m.threads[m.ready[m.head]];
  m.head = (m.head + 1) % m.ready.size();
  m.current = &next;
  here = &next.here;
  race::switchTo(next.fiber);
  rmsnorm_switch(from, next.at);
}

/** Waits until all members have come. The last to come goes on at once. */
void meet(Meeting& meeting) {
  Thread& self = *machine->current;
  char* order = &meeting.order[meeting.times & 1];
  if (meeting.orders) race::release(order);
  if (++meeting.arrived < meeting.members) {
    self.waiting = &meeting;
    leave(&self.at);
    if (meeting.orders) race::acquire(order);
    return;
  }
  meeting.arrived = 0;
  meeting.times++;
  if (meeting.orders) race::acquire(order);
  for (int i = meeting.first; i < meeting.first + meeting.members; i++) {
    if (machine->threads[i].waiting != &meeting) continue;
    machine->threads[i].waiting = nullptr;
    makeReady(i);
  }
}

void threadMain() {
  race::acquire(&machine->begin);
  machine->entry->kernel(*machine->args);
  race::release(&machine->end);
  machine->finished++;
  void* nowhere;
  leave(&nowhere);
}

void setUp(Machine& m, std::int64_t firstBlock, unsigned cluster, unsigned sharedBytes) {
  const int threads = m.blockThreads;
  const int warps = threads / kWarp;
  m.blocks.resize(cluster);
  m.warps.resize(cluster * warps);
  m.threads.resize(cluster * threads);
  m.ready.resize(cluster * threads + 1);
  if (race::kWatched) {
    for (auto& stack : m.stacks) m.endedStacks.push_back(std::move(stack));
    m.stacks.clear();
  }
  while (m.stacks.size() < m.threads.size()) m.stacks.push_back(std::make_unique<Stack>());
  m.head = m.tail = 0;
  m.finished = 0;
  m.cluster = {int(cluster) * threads, 0, 0, true, 0, {}};
  for (unsigned b = 0; b < cluster; b++) {
    Block& block = m.blocks[b];
    block.meeting = {threads, 0, int(b) * threads, true, 0, {}};
    block.any[0] = block.any[1] = false;
    // Its own allocation of the very size, so that AddressSanitizer sees an access beyond it; NaNs, so that results show what was not
    // written.
    if (race::kWatched) m.ended.push_back(std::move(block.shared));
    block.shared.reset(new unsigned char[sharedBytes + 1]);
    std::memset(block.shared.get(), 0xff, sharedBytes);
    for (int w = 0; w < warps; w++) m.warps[b * warps + w].meeting = {kWarp, 0, int(b) * threads + w * kWarp, false, 0, {}};
    for (int t = 0; t < threads; t++) {
      const int id = b * threads + t;
      race::release(&m.begin);
      const Here place{t, threads, firstBlock + b, int(b), int(cluster), block.shared.get()};
      m.threads[id] = {place, m.stacks[id]->begin(threadMain), &block, &m.warps[b * warps + t / kWarp], 0, 0, nullptr, race::create()};
      makeReady(id);
    }
  }
}

const Entry*& listed() {
  static const Entry* first = nullptr;
  return first;
}

/** The machine of this host thread, whose stacks are kept from launch to launch. */
Machine& own() {
  thread_local Machine m;
  return m;
}

}  // namespace

Registration::Registration(const char* name, Kernel kernel, int mostThreads) : entry{name, kernel, mostThreads, listed()} {
  listed() = &entry;
}

const Entry* entries() { return listed(); }

const Entry* find(const char* name) {
  for (const Entry* entry = listed(); entry != nullptr; entry = entry->next) {
    if (std::strcmp(entry->name, name) == 0) return entry;
  }
  return nullptr;
}

const char* run(const Entry& entry, unsigned gridX, unsigned gridY, unsigned threads, unsigned sharedBytes, unsigned cluster,
                const Args& args) {
  if (threads == 0 || threads % kWarp != 0 || threads > unsigned(entry.mostThreads)) return "a block of a size that the kernel does not have";
  if (cluster == 0 || gridX % cluster != 0) return "a grid that is no multiple of the cluster";
  Machine& m = own();
  machine = &m;
  m.entry = &entry;
  m.args = &args;
  m.homeFiber = race::current();
  m.blockThreads = threads;
  for (unsigned y = 0; y < gridY; y++) {
    for (unsigned x = 0; x < gridX; x += cluster) {
      setUp(m, std::int64_t(y) * gridX + x, cluster, sharedBytes);
      leave(&m.home);
      for (const Thread& thread : m.threads) race::destroy(thread.fiber);
      if (m.finished < int(m.threads.size())) return "threads wait for others that do not come";
    }
  }
  race::acquire(&m.end);
  m.ended.clear();
  m.endedStacks.clear();
  return nullptr;
}

void barrier() { meet(machine->current->block->meeting); }
void clusterBarrier() { meet(machine->cluster); }

const void* remoteShared(const void* own, int rank) {
  const auto at = static_cast<const unsigned char*>(own) - sharedMemory();
  return machine->blocks[rank].shared.get() + at;
}

std::uint64_t exchangeBits(std::uint64_t bits, int from) {
  Thread& self = *machine->current;
  const int turn = self.turn ^= 1;
  Warp& warp = *self.warp;
  warp.given[turn][self.here.threadIndex % kWarp] = bits;
  meet(warp.meeting);
  return warp.given[turn][from];
}

bool anyInWarp(bool condition) {
  Thread& self = *machine->current;
  const int turn = self.turn ^= 1;
  Warp& warp = *self.warp;
  warp.given[turn][self.here.threadIndex % kWarp] = condition;
  meet(warp.meeting);
  std::uint64_t any = 0;
  for (int i = 0; i < kWarp; i++) any |= warp.given[turn][i];
  return any != 0;
}

bool anyInBlock(bool condition) {
  Thread& self = *machine->current;
  const int turn = self.blockTurn ^= 1;
  Block& block = *self.block;
  if (condition) block.any[turn] = true;
  meet(block.meeting);
  const bool any = block.any[turn];
  // Nobody asks for the turn after this one before all have read this one.
  meet(block.meeting);
  block.any[turn] = false;
  return any;
}

}  // namespace rmsnorm::simt
